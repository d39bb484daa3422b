"""Who must know of a changed call before anything is done about it is told first."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from ivr.app.engine import Engine
from ivr.core.commands import Command
from ivr.core.ids import CallId
from ivr.core.news import CallArrived, Result
from ivr.core.state import Call, Hearing
from tests.core.small_house import LINE, NOON, open_by_day, plan
from tests.fakes.clock import VirtualClock
from tests.fakes.exchange import FakeExchange
from tests.fakes.journal import FakeJournal
from tests.fakes.loop import run


def test_a_changed_call_is_told_of_before_its_commands_are_given_out() -> None:
    clock = VirtualClock(NOON)
    happened: list[str] = []

    class Watched(FakeExchange):
        async def perform(self, command: Command) -> Result:
            happened.append(type(command).__name__)
            return await super().perform(command)

    async def main() -> None:
        def told(calls: Iterable[Call]) -> None:
            happened.extend(f"{call.id} {type(call.phase).__name__}" for call in calls)

        engine = Engine(FakeJournal(clock=clock), Watched(clock, lambda _news: None), clock, told)
        engine.recall(plan(), {LINE: open_by_day()})
        running = asyncio.ensure_future(engine.run())
        await engine.connected()
        engine.take(CallArrived(CallId("c1"), LINE, NOON))
        await engine.settle(1.0)
        running.cancel()

    run(main(), clock)
    assert happened[0] == f"c1 {Hearing.__name__}"
    assert {"Answer", "Play"} <= set(happened[1:])
