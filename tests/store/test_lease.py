"""Never two deciders: two controllers on one state directory, one of them frozen, dead, slow or polite."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ivr.app.ports import Deposed
from ivr.store.database import open_again, transaction
from ivr.store.journal import SqliteJournal
from ivr.store.lease import LEASE_S, Lease, look
from ivr.store.process import myself, read
from ivr.store.reader import Reader
from tests.store.entries import entry

HOME = Path(__file__).resolve().parents[2]
DEADLINE_S = 20.0


class Heir:
    """One small controller in a process of its own (`tests.store.heir`), and all it has said so far."""

    def __init__(self, path: Path, name: str) -> None:
        self.said: list[str] = []
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.store.heir", str(path), name], cwd=HOME, stdout=subprocess.PIPE, text=True
        )
        self._listening = threading.Thread(target=self._listen)
        self._listening.start()

    def _listen(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said.append(line.strip())

    def freeze(self) -> None:
        os.kill(self.process.pid, signal.SIGSTOP)
        while "\nState:\tT" not in Path(f"/proc/{self.process.pid}/status").read_text():
            time.sleep(0.005)

    def go_on(self) -> None:
        os.kill(self.process.pid, signal.SIGCONT)

    def commands(self) -> int:
        return sum(line.startswith("command") for line in self.said)

    def until(self, true: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + DEADLINE_S
        while not true():
            assert time.monotonic() < deadline, f"{what}: {self.said[-5:]}"
            time.sleep(0.01)

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        self._listening.join()
        assert self.process.stdout is not None
        self.process.stdout.close()


@contextmanager
def heir(path: Path, name: str) -> Iterator[Heir]:
    made = Heir(path, name)
    try:
        made.until(lambda: any(line.startswith("ready") for line in made.said), "it is ready")
        made.until(lambda: made.commands() > 20, "it works")
        yield made
    finally:
        made.close()


def calls_of(path: Path, name: str) -> int:
    reader = Reader(path)
    try:
        return sum(str(row.call).startswith(name) for row in reader.after(0, 1_000_000))
    finally:
        reader.close()


def test_a_frozen_controller_that_is_continued_writes_and_commands_nothing_once_another_has_taken_over(
    tmp_path: Path,
) -> None:
    path = tmp_path / "voiceline.db"
    with heir(path, "first") as first:
        first.freeze()
        began = time.monotonic()
        with heir(path, "second") as second:
            assert time.monotonic() - began > LEASE_S, "who cannot see the first one end must outwait its lease"
            commanded = first.commands()  # only now: what it said last was still to be read when it froze
            written = calls_of(path, "first")
            first.go_on()
            first.until(lambda: first.said[-1] == "deposed", "the first one knows that it is deposed")
            first.process.wait(10)
            assert first.commands() == commanded
            assert calls_of(path, "first") == written
            more = second.commands()
            second.until(lambda: second.commands() > more + 20, "the second one works on")
            assert "deposed" not in second.said


def test_a_frozen_controller_to_whom_nobody_succeeded_surveys_before_its_next_command(tmp_path: Path) -> None:
    with heir(tmp_path / "voiceline.db", "only") as only:
        only.freeze()
        time.sleep(LEASE_S + 0.5)
        said = len(only.said)
        only.go_on()
        only.until(lambda: len(only.said) > said + 20, "it works on")
        assert only.said[said] == "survey", only.said[said : said + 5]
        assert "deposed" not in only.said


def test_a_short_freeze_costs_nothing(tmp_path: Path) -> None:
    with heir(tmp_path / "voiceline.db", "only") as only:
        only.freeze()
        time.sleep(LEASE_S / 3)
        said = len(only.said)
        only.go_on()
        only.until(lambda: len(only.said) > said + 20, "it works on")
        assert only.said[said] != "survey"


def test_after_a_death_nobody_has_to_wait(tmp_path: Path) -> None:
    path = tmp_path / "voiceline.db"
    with heir(path, "first") as first:
        first.process.kill()
        first.process.wait()
    journal = SqliteJournal(path)
    assert journal.lease.before is not None
    assert journal.lease.before.epoch == 1
    assert journal.lease.waits_for_s() == 0.0
    journal.close()


def test_a_lively_controller_that_is_not_asked_stops_within_a_second_or_so(tmp_path: Path) -> None:
    path = tmp_path / "voiceline.db"
    with heir(path, "first") as first, heir(path, "second") as second:
        first.until(lambda: first.said[-1] == "deposed", "the first one knows")
        assert "ready 2" in second.said
        reader = Reader(path)
        outcomes = [row.call for row in reader.after(0, 1_000_000) if row.kind == "call_ended"]
        reader.close()
        assert len(outcomes) == len(set(outcomes)), "one outcome for each call"


# ---------------------------------------------------------------- within one process


def test_an_entry_of_an_older_epoch_is_refused_and_not_written(tmp_path: Path) -> None:
    path = tmp_path / "voiceline.db"

    async def one_after_the_other() -> None:
        first = SqliteJournal(path)
        await first.keep(entry(1))
        second = SqliteJournal(path)
        with pytest.raises(Deposed):
            await first.keep(entry(2))
        assert not first.may_i()
        assert first.ours() is False
        await second.keep(entry(3))
        assert second.may_i()
        assert second.ours() is True
        first.close()
        second.close()

    asyncio.run(one_after_the_other())
    reader = Reader(path)
    assert [row.call for row in reader.after(0, 10)] == [f"{1:020x}", f"{3:020x}"]
    reader.close()


def test_who_lets_the_lease_go_need_not_be_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "voiceline.db"
    SqliteJournal(path).close()
    holder = look(path)
    assert holder is not None
    assert holder.released
    assert holder.gone
    journal = SqliteJournal(path)
    assert journal.lease.waits_for_s() == 0.0
    journal.close()


def test_a_proof_lasts_as_long_as_it_says_and_no_longer() -> None:
    now = [100.0]
    lease = Lease(lambda: now[0])
    assert not lease.may_i()
    lease.proved(100.0)
    now[0] += LEASE_S - 0.001
    assert lease.may_i()
    now[0] += 0.001
    assert not lease.may_i()
    lease.proved(99.0)
    assert not lease.may_i(), "an older proof takes nothing away and gives nothing"


def test_a_proof_after_a_lapse_counts_only_once_the_lapse_was_noticed() -> None:
    """Continued after a freeze, the writer's thread may be quicker than the event loop."""
    now = [100.0]
    lease = Lease(lambda: now[0])
    lease.proved(now[0])
    now[0] += LEASE_S + 0.5
    lease.proved(now[0])
    assert not lease.may_i(), "somebody else has looked after everything meanwhile"
    lease.proved(now[0])
    assert not lease.may_i()
    lease.noticed()
    assert not lease.may_i(), "what was proved before counts no longer"
    lease.proved(now[0])
    assert lease.may_i()


def test_a_lapse_that_was_seen_is_not_forgotten() -> None:
    """Whoever has seen it holds what there is to do, and waits for the survey."""
    now = [100.0]
    lease = Lease(lambda: now[0])
    lease.proved(now[0])
    now[0] += LEASE_S
    assert not lease.may_i()
    lease.proved(now[0] - 0.2)
    assert not lease.may_i()
    lease.noticed()
    lease.proved(now[0])
    assert lease.may_i()


def test_the_lease_is_proved_while_nothing_happens(tmp_path: Path) -> None:
    async def stay() -> None:
        journal = SqliteJournal(tmp_path / "voiceline.db")
        until = asyncio.get_running_loop().time() + LEASE_S + 1.0
        while asyncio.get_running_loop().time() < until:
            await journal.renew()
            assert journal.may_i()
            await asyncio.sleep(0.5)
        journal.close()

    asyncio.run(stay())


def test_while_the_database_is_locked_who_is_in_office_stays_in_office(tmp_path: Path) -> None:
    path = tmp_path / "voiceline.db"

    async def through_it() -> None:
        journal = SqliteJournal(path)
        thief = open_again(path)
        with transaction(thief):
            began = asyncio.get_running_loop().time()
            while asyncio.get_running_loop().time() < began + LEASE_S + 1.0:
                with pytest.raises(OSError, match="locked"):
                    await journal.renew()
                assert journal.may_i()
                await asyncio.sleep(0.5)
        thief.close()
        await journal.renew()
        journal.close()

    asyncio.run(through_it())


def test_a_process_is_told_from_a_later_one_with_its_number() -> None:
    me = myself()
    assert read(str(me)) == me
    assert me.lives() is True
    assert read(f"{me.world}/{me.pid}/1") is not None
    assert read(f"{me.world}/{me.pid}/1").lives() is False  # type: ignore[union-attr]
    assert read(f"another-boot/1/{me.pid}/{me.started}").lives() is None  # type: ignore[union-attr]
    assert read("") is None
    assert read("no process") is None
