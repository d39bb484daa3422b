"""kill -9 in the middle of the work: what was acknowledged is on disk, whole, and in order."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from ivr.store.journal import SqliteJournal
from ivr.store.reader import Reader
from tests.store.entries import call, number_of
from tests.store.victim import APART, SIDE_BY_SIDE

HOME = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("acknowledged", [1, 150, 700])
def test_a_writer_killed_in_mid_load_has_lost_nothing_that_was_acknowledged(tmp_path: Path, acknowledged: int) -> None:
    path = tmp_path / "voiceline.db"
    heard = _write_and_kill(path, acknowledged)
    assert len(heard) >= acknowledged
    reader = Reader(path)
    in_log = [number_of(row.call) for row in reader.after(0, 1_000_000)]
    reader.close()
    assert heard.keys() <= set(in_log)
    for lane in range(SIDE_BY_SIDE):
        mine = [number for number in in_log if number // APART == lane]
        assert mine == list(range(lane * APART + 1, lane * APART + 1 + len(mine))), "in order, none twice, no gap"
    journal = SqliteJournal(path)
    kept = journal.load()
    journal.close()
    assert {each.id for each in kept.calls} == {call(number).id for number in in_log}, (
        "facts and state are of one piece"
    )
    unticked = {number for number, _ in kept.commands}
    assert set(heard.values()) <= unticked


def _write_and_kill(path: Path, after: int) -> dict[int, int]:
    """What the victim said was kept, up to its last whole line."""
    victim = subprocess.Popen(
        [sys.executable, "-m", "tests.store.victim", str(path)], cwd=HOME, stdout=subprocess.PIPE, text=True
    )
    assert victim.stdout is not None
    stuck = threading.Timer(30, victim.kill)
    stuck.start()
    try:
        lines = [victim.stdout.readline() for _ in range(after)]
        os.kill(victim.pid, signal.SIGKILL)
        lines += victim.stdout.readlines()
    finally:
        stuck.cancel()
        victim.kill()
        victim.wait()
        victim.stdout.close()
    assert victim.returncode == -signal.SIGKILL
    return dict(map(_pair, (line for line in lines if line.endswith("\n"))))


def _pair(line: str) -> tuple[int, int]:
    number, command = line.split()
    return int(number), int(command)
