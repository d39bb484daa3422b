"""What a start may take over from the last one, and what makes it work everything out anew."""

from __future__ import annotations

import os
import shutil
from datetime import date
from pathlib import Path

import pytest

from ivr.callflow import load_plan
from ivr.cli import warm
from ivr.cli.common import HOME

KEY, TODAY = bytes(32), date(2026, 3, 2)


@pytest.fixture
def callflows(tmp_path: Path) -> Path:
    return Path(shutil.copytree(HOME / "callflows", tmp_path / "callflows"))


@pytest.fixture
def state(tmp_path: Path, callflows: Path) -> Path:
    """The last start has kept its plan."""
    (tmp_path / "state").mkdir()
    warm.keep(tmp_path / "state", KEY, warm.stamp(callflows, tmp_path / "state", TODAY), (load_plan(callflows), {}))
    return tmp_path / "state"


def test_what_was_worked_out_is_taken_over_while_nothing_has_changed(state: Path, callflows: Path) -> None:
    kept = warm.recall(state, KEY, warm.stamp(callflows, state, TODAY))
    assert kept is not None
    assert kept[0] == load_plan(callflows)


@pytest.mark.parametrize(
    "name", ["bornetelefonen.yaml", "groups.yaml", "prompts/da/velkommen.txt", "prompts/da/velkommen.placeholder.wav"]
)
def test_a_file_that_an_admin_has_changed_makes_it_work_anew(state: Path, callflows: Path, name: str) -> None:
    path = callflows / name
    was = path.stat()
    text = path.read_bytes()
    path.write_bytes(text[:-1] + bytes([text[-1] ^ 1]))  # of the same length
    os.utime(path, ns=(was.st_atime_ns, was.st_mtime_ns + 1_000_000))
    assert warm.recall(state, KEY, warm.stamp(callflows, state, TODAY)) is None


def test_another_day_a_new_file_or_a_published_version_makes_it_work_anew(state: Path, callflows: Path) -> None:
    assert warm.recall(state, KEY, warm.stamp(callflows, state, date(2026, 3, 3))) is None
    new = callflows / "prompts" / "da" / "velkommen.wav"
    new.write_bytes(b"RIFF")
    assert warm.recall(state, KEY, warm.stamp(callflows, state, TODAY)) is None
    new.unlink()
    (state / "versions").mkdir()
    (state / "versions" / "log.jsonl").write_text("{}\n")
    assert warm.recall(state, KEY, warm.stamp(callflows, state, TODAY)) is None


def test_a_file_that_somebody_else_has_written_or_cut_is_not_read(state: Path, callflows: Path) -> None:
    wanted = warm.stamp(callflows, state, TODAY)
    path = state / warm.FILE
    whole = path.read_bytes()
    assert warm.recall(state, bytes([1]) * 32, wanted) is None
    for spoilt in (whole[:-1], whole[:40], b"", whole[:-1] + bytes([whole[-1] ^ 1])):
        path.write_bytes(spoilt)
        assert warm.recall(state, KEY, wanted) is None
    assert path.stat().st_mode & 0o077 == 0
