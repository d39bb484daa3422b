"""`ivr asterisk` as a user types it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from ivr.cli import ivr
from sip.asterisk.process import start, stop
from tests.rigs.asterisk import lay_out


def typed(*words: str) -> Result:
    return CliRunner().invoke(ivr, ["asterisk", *words])


def test_the_configuration_for_somebody_elses_asterisk_is_written_without_getting_one(tmp_path: Path) -> None:
    state, out = tmp_path / "state", tmp_path / "out"
    words = ("render", "--state", str(state), "-o", str(out), "--port-base", "20000", "--json")
    first = json.loads(typed(*words).stdout)
    assert first["directory"] == str(out)
    assert {"pjsip.conf", "extensions.conf", "modules.conf"} <= set(first["changed"])
    assert json.loads(typed(*words).stdout)["changed"] == []
    assert re.search(r"exten => 116111,1,Set\(CALLERID\(all\)", (out / "extensions.conf").read_text())
    assert "bind = 127.0.0.1:20000" in (out / "pjsip_transports.conf").read_text()
    assert f"astetcdir => {out}" in (out / "asterisk.conf").read_text()
    assert not (state / "asterisk" / "tree").exists()


def test_without_an_asterisk_the_shell_says_how_to_start_one(tmp_path: Path) -> None:
    done = typed("shell", "--state", str(tmp_path))
    assert done.exit_code == 1
    assert "no Asterisk runs from this state directory: start one with ivr up" in done.stderr


def test_wrong_use_and_wrong_ports_are_told_apart(tmp_path: Path) -> None:
    assert typed("render", "--port-base", "x").exit_code == 2
    wrong = typed("render", "--state", str(tmp_path), "-o", str(tmp_path / "o"), "--port-base", "65000")
    assert wrong.exit_code == 1
    assert "--port-base 65000 does not do" in wrong.stderr


@pytest.mark.asterisk
def test_what_runs_answers_at_the_shell_and_install_says_what_it_is(tmp_path: Path) -> None:
    machine = lay_out(tmp_path)
    told = json.loads(typed("install", "--state", str(tmp_path), "--json").stdout)
    assert (told["version"], told["source"]) == (machine.asterisk.version, machine.asterisk.source)
    start(machine.asterisk, machine.settings)
    try:
        assert typed("shell", "--state", str(tmp_path), "core", "show", "version").stdout.startswith("Asterisk 22")
    finally:
        stop(machine.settings.places)
