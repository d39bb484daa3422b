"""The real engine on the fake exchange and the fake journal, in virtual time: it lives, dies where the journal says so,
and is started again on what was kept."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from typing import Any

from ivr.app.engine import Engine
from ivr.core.ids import VolunteerId
from ivr.core.news import News, VolunteerAdded
from tests.fakes.clock import VirtualClock
from tests.fakes.exchange import FakeExchange
from tests.fakes.journal import FakeJournal, Killed
from tests.fakes.loop import run
from tests.fakes.phones import Behaviour
from tests.fakes.vigil import no_leases
from tests.fakes.weather import Weather
from tests.laws.evening import Visit
from tests.laws.generators import NOON, Setting


class Lives:
    """One evening in as many lives as it takes. `outage_s`: how long nobody is there after a death."""

    def __init__(self, setting: Setting, outage_s: float = 0.5, weather: Weather | None = None) -> None:
        self.clock = VirtualClock(NOON)
        self.journal = FakeJournal(clock=self.clock)
        self.exchange = FakeExchange(self.clock, self._take, weather=weather)
        self.deaths = 0
        self._setting = setting
        self._outage_s = outage_s
        self._engine: Engine | None = None
        self._died = asyncio.Event()

    def let(self, visits: Sequence[Visit], phones: Mapping[VolunteerId, Sequence[Behaviour]], lasts_s: float) -> None:
        """Let it all happen, for that long."""
        for volunteer, behaviours in phones.items():
            self.exchange.phone(volunteer, *behaviours)
        for visit in visits:
            self.clock.after(visit.at_s, lambda visit=visit: self._call(visit))  # type: ignore[misc]
        self._run(self._lives(lasts_s))

    def _run(self, main: Coroutine[Any, Any, None]) -> None:
        run(main, self.clock)

    def _make_engine(self) -> tuple[Engine, list[Coroutine[Any, Any, None]]]:
        """One life's engine, and everything that runs as long as it does."""
        engine = Engine(self.journal, self.exchange, self.clock, no_leases)
        return engine, [engine.run()]

    def _call(self, visit: Visit) -> None:
        self.exchange.caller(visit.line, presses=visit.presses, hangs_up_after_s=visit.stays_s)

    def _take(self, news: News) -> None:
        """From the exchange: a dead engine hears nothing."""
        if self._engine is None or self.journal.dead:
            return
        try:
            self._engine.take(news)
        except Killed:
            self._died.set()

    async def _lives(self, lasts_s: float) -> None:
        self._died = asyncio.Event()
        end_s = self.clock.monotonic() + lasts_s
        first = True
        while self.clock.monotonic() < end_s:
            await self._one_life(end_s, first)
            first = False
            if not self.journal.dead:
                return
            self.deaths += 1
            self.exchange.away()
            await asyncio.sleep(self._outage_s)
            self.journal = self.journal.reload()
            self.exchange.back(hold=True)

    async def _one_life(self, end_s: float, first: bool) -> None:
        self._died.clear()
        engine, coroutines = self._make_engine()
        running = [asyncio.create_task(each) for each in coroutines]
        try:
            engine.recall(self._setting.plan, dict(self._setting.timetables))
            self._engine = engine
            if first:
                for seat in self._setting.seats:
                    engine.take(VolunteerAdded(seat.who, seat.group, seat.line, self.clock.now()))
            await engine.connected()
            self._bring_back()
            while self.clock.monotonic() < end_s and not self.journal.dead:
                try:
                    async with asyncio.timeout(min(1.0, end_s - self.clock.monotonic())):
                        await self._died.wait()
                except TimeoutError:
                    continue
        except Killed:
            pass
        finally:
            self._engine = None
            await self._end(engine, running)

    def _bring_back(self) -> None:
        """Who called while nobody was there is handed back by the last resort, in order."""
        for caller in self.exchange.floor.callers.values():
            if caller.here and caller.native:
                self.exchange.hand_back(caller.id)

    async def _end(self, engine: Engine, running: Sequence[asyncio.Task[None]]) -> None:
        for each in running:
            each.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        await engine.stop()
