"""Volunteers' states by command, while nothing runs: the same journal, and it remembers."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from ivr.cli import ivr
from ivr.cli.common import HOME


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """A state directory beside callflows of its own, with anna in it."""
    callflows = tmp_path / "callflows"
    callflows.mkdir()
    for name in ("bornetelefonen.yaml", "foraeldretelefonen.yaml", "groups.yaml"):
        shutil.copy(HOME / "callflows" / name, callflows / name)
    for name in ("prompts", "music", "shared"):
        (callflows / name).symlink_to(HOME / "callflows" / name)
    state = tmp_path / "state"
    state.mkdir(mode=0o700)
    config = tmp_path / "voiceline.toml"
    config.write_text(f'callflows = "{callflows}"\n', encoding="utf-8")
    (state / "config.path").write_text(str(config), encoding="utf-8")
    run(state, "volunteer", "add", "anna")
    return state


def run(state: Path, *words: str) -> str:
    done = CliRunner().invoke(ivr, [*words, "--state", str(state)], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def anna(state: Path) -> dict[str, Any]:
    (found,) = json.loads(run(state, "volunteer", "list", "--json"))
    assert found["name"] == "anna"
    return dict(found)


def test_without_a_group_a_volunteer_is_put_into_the_one_that_is_marked_as_default(state: Path) -> None:
    assert anna(state)["group"] == "dag"
    groups = state.parent / "callflows" / "groups.yaml"
    groups.write_text(groups.read_text(encoding="utf-8").replace("default: dag", "default: nat"), encoding="utf-8")
    run(state, "publish", "--note", "by night")
    run(state, "volunteer", "add", "bo")
    told = {who["name"]: who["group"] for who in json.loads(run(state, "volunteer", "list", "--json"))}
    assert told == {"anna": "dag", "bo": "nat"}


def test_a_pause_keeps_its_reason(state: Path) -> None:
    run(state, "volunteer", "pause", "anna", "--reason", "frokost")
    assert "anna" in run(state, "volunteer", "list")
    assert "paused (frokost)" in run(state, "volunteer", "list")
    assert anna(state)["since"]
    run(state, "volunteer", "resume", "anna")
    assert anna(state)["reason"] is None


def test_a_break_is_shown_as_a_break_and_asks_to_look_after_them(state: Path) -> None:
    run(state, "volunteer", "break", "anna")
    assert anna(state)["state"] == "break"
    assert "look after them" in run(state, "volunteer", "list")
    kinds = [event["type"] for event in json.loads(run(state, "events", "--json"))]
    assert "voiceline.volunteer_took_break" in kinds
    assert "voiceline.volunteer_took_pause" not in kinds


def test_off_duty_is_another_thing_than_unreachable(state: Path) -> None:
    assert (anna(state)["state"], anna(state)["on_duty"]) == ("unreachable", True)
    run(state, "volunteer", "off", "anna")
    assert (anna(state)["state"], anna(state)["on_duty"]) == ("off_duty", False)
    run(state, "volunteer", "on", "anna")
    assert anna(state)["on_duty"]


def test_a_wrap_up_can_be_prolonged_shown_and_ended(state: Path) -> None:
    run(state, "volunteer", "longer", "anna", "--seconds", "300")
    assert anna(state)["state"] == "wrap_up"
    assert "(until " in run(state, "volunteer", "list")
    run(state, "volunteer", "ready", "anna")
    assert anna(state)["until"] is None


@pytest.mark.parametrize("word", ["on", "off", "break", "ready", "longer"])
def test_who_is_not_there_is_told_in_a_sentence(state: Path, word: str) -> None:
    done = CliRunner().invoke(ivr, ["volunteer", word, "nobody", "--state", str(state)])
    assert done.exit_code == 1
    assert "there is no volunteer nobody" in done.output


def test_a_further_device_has_a_login_of_its_own_that_is_shown_once(state: Path) -> None:
    added = json.loads(run(state, "volunteer", "device", "add", "anna", "hjem", "--json"))
    assert (added["name"], added["device"], added["sip"]["username"]) == ("anna", "hjem", "anna~hjem")
    assert len(added["sip"]["password"]) >= 20
    assert added["sip"]["password"] not in run(state, "volunteer", "device", "list", "anna")
    assert (state / "devices.json").stat().st_mode & 0o777 == 0o600
    told = [(each["device"], each["username"], each["registered"]) for each in anna(state)["devices"]]
    assert told == [(None, "anna", False), ("hjem", "anna~hjem", False)]
    assert "anna~hjem (not registered)" in run(state, "volunteer", "list")
    assert json.loads(run(state, "volunteer", "device", "list", "anna", "--json")) == anna(state)["devices"]


def test_a_device_goes_by_itself_and_all_go_with_their_volunteer(state: Path) -> None:
    for device in ("hjem", "mobil"):
        run(state, "volunteer", "device", "add", "anna", device)
    run(state, "volunteer", "device", "remove", "anna", "hjem")
    assert [each["username"] for each in anna(state)["devices"]] == ["anna", "anna~mobil"]
    run(state, "volunteer", "remove", "anna")
    assert json.loads((state / "devices.json").read_text()) == {}


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("add", "nobody", "hjem"), "there is no volunteer nobody"),
        (("add", "anna", "Mit hjem"), "cannot be a device's name"),
        (("add", "anna", "a" * 17), "cannot be a device's name"),
        (("remove", "anna", "hjem"), "anna has no device hjem"),
        (("list", "anna~hjem"), "cannot be a volunteer's name"),
    ],
)
def test_a_device_that_cannot_be_is_told_in_a_sentence(state: Path, words: tuple[str, ...], told: str) -> None:
    done = CliRunner().invoke(ivr, ["volunteer", "device", *words, "--state", str(state)])
    assert done.exit_code != 0
    assert told in done.output


def test_a_volunteer_has_eight_devices_at_most(state: Path) -> None:
    for number in range(7):
        run(state, "volunteer", "device", "add", "anna", f"d{number}")
    done = CliRunner().invoke(ivr, ["volunteer", "device", "add", "anna", "d7", "--state", str(state)])
    assert done.exit_code == 1
    assert "8 devices, which is the most" in done.output
