"""What the controller's log says of a call is what is remembered of it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from ivr.app.engine import Engine
from ivr.core.ids import GroupId, VolunteerId
from ivr.core.news import DutyChanged, VolunteerAdded
from tests.app.test_slept import Office
from tests.fakes.clock import VirtualClock
from tests.fakes.exchange import FakeExchange
from tests.fakes.journal import Disk, FakeJournal
from tests.fakes.loop import run
from tests.fakes.vigil import no_leases

ANNA = VolunteerId("anna")


@pytest.mark.parametrize("killed_s", [0.004, 0.006])
def test_nothing_is_told_of_what_a_death_would_make_undone(killed_s: float, caplog: pytest.LogCaptureFixture) -> None:
    """Five thousandths of a second after a decision it is on disk."""
    clock, disk = VirtualClock(), Disk()
    heard: list[str] = []

    async def main() -> None:
        def nothing(_news: Any) -> None: ...

        journal = FakeJournal(disk, clock, commit_s=0.005, late=True)
        engine = Engine(journal, FakeExchange(clock, nothing), clock, no_leases, Office())
        engine.listen(lambda facts: heard.extend(type(fact).__name__ for fact in facts))
        running = asyncio.create_task(engine.run())
        engine.take(VolunteerAdded(ANNA, GroupId("dag"), None, clock.now()))
        engine.take(DutyChanged(ANNA, False, clock.now()))
        await asyncio.sleep(killed_s)
        journal.dead = True
        await asyncio.sleep(1.0)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    with caplog.at_level("INFO"):
        run(main(), clock)
    kept = [type(fact).__name__ for fact in disk.facts]
    said = [record.getMessage() for record in caplog.records]
    assert said == ["volunteer_joined_house", "volunteer_went_off_duty"][: len(kept)]
    assert heard == kept
    assert len(kept) == (0 if killed_s < 0.005 else 2)
