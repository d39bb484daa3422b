"""Whatever the bytes are, there are findings, soon, and never a traceback."""

from __future__ import annotations

import wave
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ivr.callflow.groups import read_groups
from ivr.callflow.lines import read_line
from ivr.callflow.prompts import check_sound
from ivr.callflow.subflows import spread
from ivr.callflow.walk import check_steps
from ivr.source.findings import Findings, excerpt
from tests.callflow.conftest import SHIPPED
from tests.rigs.share import whole_or

LINE = (SHIPPED / "bornetelefonen.yaml").read_bytes()
SEEDS = st.sampled_from(
    [
        *(b"*", b"&a", b"!!int 3", b"- ", b"? ", b": ", b"{", b"[", b"}", b"]", b'"', b"'", b"|", b">", b"<<: ", b"~"),
        *(b"%YAML 1.9\n", b"---\n", b"...", b"\t", b"\n", b"\r", b"\x00", b"\xff", b"\xef\xbb\xbf", b"\xc2\x85", b"# "),
        *(b"\\U00110000", b'"\\ud800"', b"steps:", b"hours:", b"play:", b"menu:", b"enqueue:", b"then: ", b"table:"),
        *(b"daily: ", b"velkommen", b"slut"),
    ]
)


def read_everything(content: bytes) -> Findings:
    """As `ivr check` does, for one line's file; prompts are left out, since none of it depends on the bytes."""
    findings = Findings()
    with TemporaryDirectory() as folder:
        path = Path(folder) / "line.yaml"
        path.write_bytes(content)
        line = spread(read_line(path, findings), {}, findings)
        check_steps(line, {}, findings)
        read_groups(path, findings)
        for finding in findings.all():
            said = str(finding)
            said.encode("utf-8")
            assert said.isprintable(), said
            assert ": error: " in said or ": warning: " in said
            shown = excerpt(finding)
            assert shown is None or all(part.isprintable() for part in shown)
    return findings


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=300))
@example(b"")
@example(b"\xff\xfe\x00\x00")
@example(b"%YAML 1." + b"9" * 5000)
@example(b'"\\U00110000"')
@example(b'a: "\\ud800"')
@example(b"\xef\xbb\xbfa: b")
@example(b"? [a]\n: b")
@example(b"- - - - - - - - - - - - - - - -")
@example(b"a: *a")
@example(b"a: 1\nsteps: &x\n  a: *x")
@example("steps: {a: {play: \u202e}}".encode())
def test_any_bytes_give_findings(content: bytes) -> None:
    assert read_everything(content).all(), "no random file is a line"


@settings(max_examples=whole_or(50, 150), deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(LINE)), st.integers(0, 40), SEEDS), min_size=1, max_size=4))
def test_a_shipped_file_with_things_torn_out_and_put_in_never_breaks_the_check(
    cuts: list[tuple[int, int, bytes]],
) -> None:
    content = LINE
    for at, length, seed in cuts:
        content = content[:at] + seed + content[at + length :]
    read_everything(content)


def bomb() -> bytes:
    rows = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    rows += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 30)]
    return "\n".join(rows).encode()


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"a: " + b"x" * 10_000_000, "larger than"),
        (bomb(), "alias"),
        (b"[" * 100_000, "nested too deeply"),
        (b"{a: " * 30_000, "nested too deeply"),
        (b"- " * 60_000, "nested too deeply"),
        (b"? " * 60_000, "nested too deeply"),
        (b'"' + b"\\n" * 60_000, "not YAML"),
        (b"\n".join(b"k%d: v" % n for n in range(9_000)), "more than 5000 entries"),
    ],
)
def test_bombs_are_refused_in_under_a_second(content: bytes, what: str) -> None:
    took = []
    for _ in range(2):  # the machine is shared: the better of two counts
        began = perf_counter()
        findings = read_everything(content) if len(content) < 1_000_000 else _large(content)
        took.append(perf_counter() - began)
    assert any(what in finding.what for finding in findings.all())
    assert min(took) < 5.0, "a second on a machine of one's own; tests share theirs"


def _large(content: bytes) -> Findings:
    findings = Findings()
    with TemporaryDirectory() as folder:
        path = Path(folder) / "line.yaml"
        path.write_bytes(content)
        read_line(path, findings)
    return findings


def test_a_flow_of_hundreds_of_steps_is_walked_without_recursion() -> None:
    steps = "".join(f"  s{n}:\n    play: velkommen\n    then: s{n + 1}\n" for n in range(800))
    content = LINE[: LINE.index(b"start: velkommen")] + f"start: s0\nsteps:\n{steps}  s800: hangup\n".encode()
    assert not [finding for finding in read_everything(content).all() if "reaches the step" in finding.what]


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200), st.booleans())
def test_any_bytes_may_pretend_to_be_a_recording(content: bytes, header: bool) -> None:
    findings = Findings()
    with TemporaryDirectory() as folder:
        path = Path(folder) / "velkommen.wav"
        if header:
            with wave.open(str(path), "wb") as file:
                file.setparams((1, 2, 8000, 0, "NONE", ""))
            content = path.read_bytes()[:30] + content
        path.write_bytes(content)
        check_sound(path, findings)
    assert findings.all()
