"""Where the fake journal dies, and what is left then. (What any journal does is in `tests/contract`.)"""

from __future__ import annotations

import asyncio

import pytest

from ivr.app.ports import Entry
from ivr.core.commands import Answer, Command
from ivr.core.facts import LineUp
from ivr.core.ids import CallId
from tests.fakes.clock import MONDAY_NOON, VirtualClock
from tests.fakes.journal import Crash, DiskFull, FakeJournal, Killed
from tests.fakes.loop import run

ANSWER: Command = Answer(CallId("c"))


def an_entry() -> Entry:
    return Entry({}, {}, {}, (LineUp(MONDAY_NOON),), (ANSWER,))


def keep(journal: FakeJournal) -> tuple[int, ...]:
    async def main() -> tuple[int, ...]:
        return await journal.keep(an_entry())

    return asyncio.run(main())


@pytest.mark.parametrize(("how", "left"), [(Crash.BEFORE, 1), (Crash.AFTER, 2)])
def test_it_dies_before_or_after_the_entry_is_on_disk_and_is_dead_then(how: Crash, left: int) -> None:
    journal = FakeJournal()
    journal.crash(2, how)
    keep(journal)
    for _ in range(2):
        with pytest.raises(Killed):
            journal.keep(an_entry())
    assert len(journal.reload().load().commands) == left
    assert keep(journal.reload()) == (left + 1,)


def test_what_was_only_ticked_is_forgotten_by_a_death() -> None:
    journal = FakeJournal()
    (number,) = keep(journal)
    journal.tick(number)
    assert journal.reload().load().commands == ((number, ANSWER),)


def test_a_full_disk_is_told_and_survived() -> None:
    journal = FakeJournal()
    journal.crash(1, Crash.REFUSE)
    with pytest.raises(DiskFull):
        keep(journal)
    assert keep(journal) == (1,)


def test_with_a_clock_an_entry_takes_its_time() -> None:
    clock = VirtualClock()
    journal = FakeJournal(clock=clock, commit_s=0.01)

    async def main() -> tuple[int, ...]:
        return await journal.keep(an_entry())

    assert run(main(), clock) == (1,)
    assert clock.monotonic() == pytest.approx(0.01)
