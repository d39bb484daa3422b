"""Bad input and trouble at the start: one clear sentence each, never a traceback, and nothing is left running."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner

from ivr.cli import COMMANDS, ivr
from tests.rigs.ordinary import ordinary_user
from tests.rigs.ports import free_base

CHECKOUT = Path(__file__).resolve().parents[2]


@dataclass
class House:
    """A state directory, a copy of the callflows, a settings file and ports of one's own."""

    home: Path
    base: int

    @property
    def callflows(self) -> Path:
        return self.home / "callflows"

    @property
    def state(self) -> Path:
        return self.home / "state"

    def configure(self, text: str = "") -> None:
        (self.home / "voiceline.toml").write_text(f'callflows = "{self.callflows}"\n{text}\n', encoding="utf-8")

    def ivr(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "ivr", *words, "--state", str(self.state)],
            capture_output=True,
            text=True,
            timeout=60,
            cwd=CHECKOUT,
            check=False,
        )

    def up(self, *more: str) -> subprocess.CompletedProcess[str]:
        config = str(self.home / "voiceline.toml")
        return self.ivr("up", "--config", config, "--port-base", str(self.base), *more)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    callflows = tmp_path / "callflows"
    shutil.copytree(CHECKOUT / "callflows", callflows, ignore=shutil.ignore_patterns("prompts", "music"))
    for name in ("prompts", "music"):  # hundreds of files, which nothing here writes
        (callflows / name).symlink_to(CHECKOUT / "callflows" / name)
    with free_base() as base:
        made = House(tmp_path, base)
        made.configure()
        yield made
        left = subprocess.run(["pgrep", "-f", f"{tmp_path}/"], capture_output=True, text=True, check=False).stdout
        assert not left.strip(), "something was left running"


def sentence(done: subprocess.CompletedProcess[str], code: int = 1) -> str:
    """What was said about the trouble; it is short, ends like a sentence, and is no traceback."""
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    said = [line for line in done.stderr.splitlines() if line.strip()]
    assert len(said) <= 6, done.stderr
    return done.stderr


@pytest.mark.asterisk  # laid out before the ports are looked at, and not started
@pytest.mark.parametrize(("offset", "kind"), [(0, socket.SOCK_DGRAM), (1, socket.SOCK_STREAM), (2, socket.SOCK_STREAM)])
def test_a_port_that_is_taken_is_named(house: House, offset: int, kind: socket.SocketKind) -> None:
    with socket.socket(socket.AF_INET, kind) as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # connections of earlier tests may linger there
        other.bind(("127.0.0.1", house.base + offset))
        if kind is socket.SOCK_STREAM:
            other.listen()
        said = sentence(house.up())
    assert str(house.base + offset) in said
    assert "--port-base" in said


def test_an_asterisk_that_is_not_there_is_said(house: House) -> None:
    house.configure('asterisk = "/nowhere/asterisk"')
    assert "/nowhere/asterisk" in sentence(house.up())


def test_a_program_that_is_no_asterisk_is_said(house: House) -> None:
    house.configure('asterisk = "/bin/true"')
    assert "/bin/true" in sentence(house.up())


def test_broken_yaml_is_named_with_file_line_and_column(house: House) -> None:
    flow = house.callflows / "bornetelefonen.yaml"
    flow.write_text(flow.read_text(encoding="utf-8").replace("then: aabent", "then: [aabent", 1), encoding="utf-8")
    said = sentence(house.up())
    assert f"{flow}:" in said


def test_a_prompt_without_a_sound_is_found_before_a_child_hears_nothing(house: House) -> None:
    prompts = house.callflows / "prompts"
    prompts.unlink()
    shutil.copytree(CHECKOUT / "callflows" / "prompts", prompts, ignore=shutil.ignore_patterns("velkommen.*wav"))
    said = sentence(house.up())
    assert "velkommen" in said
    assert "bornetelefonen.yaml" in said


def test_a_carrier_whose_address_is_unknown_is_named(house: House) -> None:
    house.configure('[trunks]\ncarrier = ["no-such-host.invalid"]')
    assert "no-such-host.invalid" in sentence(house.up())


def test_a_setting_that_is_none_is_named_with_a_guess(house: House) -> None:
    house.configure('sip_bnd = "127.0.0.1"')
    assert "did you mean sip_bind?" in sentence(house.up())


def test_a_settings_file_that_is_no_toml_is_said_with_its_place(house: House) -> None:
    (house.home / "voiceline.toml").write_text("callflows = \n", encoding="utf-8")
    said = sentence(house.up())
    assert "voiceline.toml" in said
    assert "line 1" in said


def test_the_clock_is_not_moved_where_children_may_be_on_the_line(house: House) -> None:
    house.configure('[trunks]\ncarrier = ["192.0.2.10"]')
    assert "--clock" in sentence(house.up("--clock", "2026-03-02T12:00"))


def test_a_moment_that_is_none_is_wrong_use(house: House) -> None:
    assert "2026-13" in sentence(house.up("--clock", "2026-13-02"), code=2)


def test_a_port_base_that_does_not_do_is_said(house: House) -> None:
    house.base = 70000
    assert "70000" in sentence(house.up())


def test_a_state_directory_that_cannot_be_written_is_said() -> None:
    with ordinary_user() as user:
        done = user.run([*user.python, "-m", "ivr", "up", "--state", "/proc/nowhere"])
    assert "/proc/nowhere" in sentence(done)


@pytest.mark.parametrize(
    "words",
    [
        ("status",),
        ("call", "116111"),
        ("softphone", "anna"),
        ("handover", "nattelinjen", "night"),
        ("volunteer", "pause", "nobody"),
        ("override", "nattelinjen", "closed", "--reason", "x"),
        ("asterisk", "shell", "core show version"),
    ],
    ids=" ".join,
)
def test_a_command_about_what_is_not_there_says_so(house: House, words: tuple[str, ...]) -> None:
    assert sentence(house.ivr(*words)).startswith("ivr: ")


@pytest.mark.parametrize(
    "words",
    [("volunteer", "add", "Å na"), ("handover", "bornetelefonen", "noon"), ("report", "missed"), ("nothing",)],
    ids=" ".join,
)
def test_wrong_use_is_exit_code_two(house: House, words: tuple[str, ...]) -> None:
    sentence(house.ivr(*words), code=2)


def test_every_command_shows_an_example_in_its_help() -> None:
    for name in COMMANDS:
        assert "Example: ivr " in CliRunner().invoke(ivr, [name, "--help"]).stdout, name
