"""Partners by command, while nothing runs: what is wrong is said in one sentence, and nothing of it is kept."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from ivr.cli import ivr
from ivr.cli.config import LAST
from sip.partners import partners

ADDRESS = "sip:45112233@192.0.2.20"


def run(state: Path, *words: str, said: str | None = None) -> Result:
    return CliRunner().invoke(ivr, [*words, "--state", str(state)], input=said, catch_exceptions=False)


def test_a_partner_is_named_listed_changed_and_removed(tmp_path: Path) -> None:
    state = tmp_path / "state"
    added = run(state, "partner", "add", "natlinje", ADDRESS, "--group", "nat", "--places", "3")
    assert (added.exit_code, added.output) == (0, "natlinje takes 3 callers at once, and is asked as group nat.\n")
    run(state, "partner", "add", "natlinje", f"{ADDRESS}:5070", "--group", "nat", "--places", "2")
    (listed,) = json.loads(run(state, "partner", "list", "--json").output)
    assert (listed["address"], [each["name"] for each in listed["places"]]) == (
        f"{ADDRESS}:5070",
        ["natlinje.1", "natlinje.2"],
    )
    people = json.loads(run(state, "volunteer", "list", "--json").output)
    assert [who["name"] for who in people if who["group"] == "nat"] == ["natlinje.1", "natlinje.2"]
    assert run(state, "partner", "remove", "natlinje").output == "natlinje is removed.\n"
    assert json.loads(run(state, "partner", "list", "--json").output) == []
    assert not any("natlinje" in who["name"] for who in json.loads(run(state, "volunteer", "list", "--json").output))
    assert run(state, "partner", "remove", "natlinje").exit_code == 1


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("Nat", ADDRESS, "--group", "nat"), "cannot be a partner's name"),
        (("nat.1", ADDRESS, "--group", "nat"), "cannot be a partner's name"),
        (("natlinje", "45112233", "--group", "nat"), "write it like sip:45112233@192.0.2.20:5060"),
        (("natlinje", "sip:4511@host\ncontact=x", "--group", "nat"), "write it like sip:"),
        (("natlinje", "sip:4511;x=1@192.0.2.20", "--group", "nat"), "write it like sip:"),
        (("natlinje", f"{ADDRESS}:0", "--group", "nat"), "from 1 to 65535"),
        (("natlinje", f"{ADDRESS}:65536", "--group", "nat"), "from 1 to 65535"),
        (("natlinje", "sip:4511@169.254.1.1", "--group", "nat"), "where no exchange can be"),
        (("natlinje", "sip:4511@224.0.0.5", "--group", "nat"), "where no exchange can be"),
        (("natlinje", "sip:4511@0.0.0.0", "--group", "nat"), "where no exchange can be"),
        (("natlinje", "sip:4511@0.0.0.1:5060", "--group", "nat"), "where no exchange can be"),
        (("natlinje", "sip:4511@255.255.255.255", "--group", "nat"), "where no exchange can be"),
        (("natlinje", "sip:4511@127.1", "--group", "nat"), "which is no address"),
        (("natlinje", "sip:4511@2130706433", "--group", "nat"), "which is no address"),
        (("natlinje", "sip:4511@0x7f.1", "--group", "nat"), "which is no address"),
        (("natlinje", "sip:4511@192.0.2.256", "--group", "nat"), "which is no address"),
        (("natlinje", ADDRESS, "--group", "natten"), "there is no group natten"),
        (("natlinje", ADDRESS, "--group", "nat", "--login", "a b"), "has a login that does not do"),
    ],
)
def test_a_mistake_is_one_sentence_and_nothing_is_kept(tmp_path: Path, words: tuple[str, ...], sentence: str) -> None:
    state = tmp_path / "state"
    told = run(state, "partner", "add", *words, said="secret\n")
    assert told.exit_code == 1
    assert sentence in told.output
    assert not partners(state)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9:5060", "localhost", "LocalHost:5060", "natten.localhost"])
def test_this_machine_is_a_partner_only_while_no_carrier_is_there(tmp_path: Path, host: str) -> None:
    state, config = tmp_path / "state", tmp_path / "voiceline.toml"
    words = ("partner", "add", "natlinje", f"sip:4511@{host}", "--group", "nat")
    assert run(state, *words).exit_code == 0
    config.write_text('[trunks]\ncarrier = ["192.0.2.7"]\n', encoding="utf-8")
    (state / LAST).write_text(str(config), encoding="utf-8")
    told = run(state, *words)
    assert told.exit_code == 1
    assert "is this machine itself" in told.output


def test_a_password_comes_by_a_pipe_is_kept_closed_and_shown_nowhere(tmp_path: Path) -> None:
    state = tmp_path / "state"
    told = run(state, "partner", "add", "natlinje", ADDRESS, "--group", "nat", "--login", "us", said="s3cret\n")
    assert told.exit_code == 0
    kept = partners(state)["natlinje"]
    assert (kept.login, kept.password) == ("us", "s3cret")
    assert "s3cret" not in repr(kept)
    assert "s3cret" not in told.output + run(state, "partner", "list", "--json").output
    assert (state / "partners.json").stat().st_mode & 0o077 == 0
