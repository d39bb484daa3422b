"""A small controller for the lease's tests, in a process of its own: real engine and journal, an exchange that prints.

It says on its standard output what it commands and how it ends; `test_lease` freezes it and starts a second one.
"""

from __future__ import annotations

import asyncio
import sys
from itertools import count
from pathlib import Path

from ivr.app.clock import SystemClock
from ivr.app.engine import Engine
from ivr.app.ports import Deposed
from ivr.app.tenure import Tenure
from ivr.core.commands import Command
from ivr.core.ids import CallId
from ivr.core.news import CallArrived, CallGone, Cause, Result, Surveyed
from ivr.store.journal import SqliteJournal
from tests.fakes.vigil import no_leases
from tests.laws.generators import CHILDREN, setting


def tell(*words: object) -> None:
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


class Printing:
    """An exchange where every command is done at once, and said."""

    def __init__(self, clock: SystemClock) -> None:
        self._clock = clock

    async def perform(self, command: Command) -> Result:
        tell("command", type(command).__name__)
        return Result.DONE

    async def survey(self) -> Surveyed:
        tell("survey")
        return Surveyed({}, frozenset(), {}, frozenset(), self._clock.now(), frozenset())


async def come_and_go(engine: Engine, clock: SystemClock, name: str) -> None:
    """Callers, one after the other, twenty a second."""
    for number in count(1):
        call = CallId(f"{name}{number}")
        engine.take(CallArrived(call, CHILDREN, clock.now()))
        await asyncio.sleep(0.03)
        engine.take(CallGone(call, Cause.NORMAL, clock.now()))
        await asyncio.sleep(0.02)


async def main(path: Path, name: str) -> None:
    clock = SystemClock()
    journal = SqliteJournal(path)
    while (wait_s := journal.lease.waits_for_s()) > 0:
        await asyncio.sleep(min(0.05, wait_s))
    made = setting()
    engine = Engine(journal, Printing(clock), clock, no_leases, journal)
    tenure = Tenure(journal, clock, engine.disconnected, engine.connected)
    try:
        engine.recall(made.plan, dict(made.timetables))
        async with asyncio.TaskGroup() as group:
            group.create_task(engine.run())
            group.create_task(tenure.run())
            await engine.connected()
            tell("ready", journal.lease.epoch)
            group.create_task(come_and_go(engine, clock, name))
    except* Deposed:
        tell("deposed")
    finally:
        await engine.stop()
        journal.close()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
