"""What may be recorded: nothing, and every line says so."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ivr.core.ids import LineId
from ivr.policy import Policy, PolicyError, Record, Rule, check_policy, load_policy

SHIPPED = Path(__file__).parents[2]
BORNE, FORAELDRE = LineId("bornetelefonen"), LineId("foraeldretelefonen")
LINES = (BORNE, FORAELDRE)


def findings(tmp_path: Path, text: str) -> list[str]:
    path = tmp_path / "policy.yaml"
    path.write_text(text, encoding="utf-8")
    return [str(finding).removeprefix(str(path)) for finding in check_policy(path, LINES)]


GOOD = """lines:
  bornetelefonen:
    record: never
    why: they are anonymous
  foraeldretelefonen:
    record: never
    why: they are anonymous
"""


def test_the_shipped_policy_says_never_for_every_shipped_line() -> None:
    lines = [LineId(path.stem) for path in (SHIPPED / "callflows").glob("*.yaml") if path.stem != "groups"]
    policy = load_policy(SHIPPED / "recordings-policy" / "policy.yaml", lines)
    assert {line: rule.record for line, rule in policy.lines.items()} == dict.fromkeys(LINES, Record.NEVER)


def test_a_good_policy_is_read(tmp_path: Path) -> None:
    assert findings(tmp_path, GOOD) == []
    rule = Rule(Record.NEVER, "they are anonymous")
    assert load_policy(tmp_path / "policy.yaml", LINES) == Policy({BORNE: rule, FORAELDRE: rule})


@pytest.mark.parametrize("word", ["always", "Never", "no", "false", "ask", "quality"])
def test_anything_but_never_is_refused_at_its_place(tmp_path: Path, word: str) -> None:
    assert findings(tmp_path, GOOD.replace("never", word, 1)) == [
        f":3:13: error: `{word}` is not allowed: calls are never recorded; "
        "write `record: never`; anything else takes a change of the program"
    ]


def test_a_line_without_a_rule_is_an_error(tmp_path: Path) -> None:
    (found,) = findings(tmp_path, GOOD[: GOOD.index("  foraeldre")])
    assert found.startswith(":2:3: error: the line `foraeldretelefonen` has no rule; write")


def test_a_rule_for_a_line_that_does_not_exist_is_an_error(tmp_path: Path) -> None:
    found = findings(tmp_path, GOOD + "  fagtelefonen:\n    record: never\n    why: x\n")
    assert found == [":8:3: error: there is no line `fagtelefonen`; did you mean `foraeldretelefonen`?"]


def test_unknown_and_missing_keys_are_errors(tmp_path: Path) -> None:
    found = findings(tmp_path, GOOD.replace("    why: they are anonymous\n", "    wy: x\n", 1) + "keep: 30d\n")
    assert [text.split("; ")[0] for text in found] == [
        ":3:5: error: the rule for `bornetelefonen` has no `why`",
        ":4:5: error: the rule for `bornetelefonen` has no `wy`",
        ":8:1: error: the policy has no `keep`",
    ]


def test_a_policy_that_is_missing_or_broken_cannot_be_loaded(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="there is no such file"):
        load_policy(tmp_path / "policy.yaml", LINES)
    (tmp_path / "policy.yaml").write_text("lines: never\n", encoding="utf-8")
    with pytest.raises(PolicyError, match="not written like this"):
        load_policy(tmp_path / "policy.yaml", LINES)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_give_findings(content: bytes) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "policy.yaml"
        path.write_bytes(content)
        assert check_policy(path, LINES)
