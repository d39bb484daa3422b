"""The lanes in which commands are done: in order within a lane, lanes side by side.

Rules: a command starts only when it is in the journal, and only while we are in office; what fails comes back as news;
while the exchange is away everything waits, and when it is back, what was waiting is dropped: the survey asks for all
that is still needed.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from ivr.app.ports import Exchange
from ivr.core.commands import Command, EndTalk, StopPlay
from ivr.core.news import Result

FINE = frozenset({Result.DONE, Result.ALREADY})


class Workers:
    def __init__(
        self,
        exchange: Exchange,
        done: Callable[[int], None],
        failed: Callable[[Command, Result], None],
        may_i: Callable[[], bool] = lambda: True,
    ) -> None:
        self._exchange = exchange
        self._may_i = may_i
        self._done = done
        self._failed = failed
        self._lanes: dict[str, deque[tuple[int, Command]]] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._there = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()

    def give(self, number: int, command: Command) -> None:
        """Do it as soon as everything given earlier for the same lane is done."""
        lane = command.lane
        self._lanes.setdefault(lane, deque()).append((number, command))
        if lane not in self._tasks:
            self._idle.clear()
            self._tasks[lane] = asyncio.get_running_loop().create_task(self._work(lane), name=f"lane {lane}")

    def hold(self) -> None:
        """The exchange is away."""
        self._there.clear()

    def release(self) -> None:
        """The exchange is back and was asked what it has: what waited is settled by the answer."""
        for waiting in self._lanes.values():
            while waiting:
                self._done(waiting.popleft()[0])
        self._there.set()

    async def drained(self) -> None:
        """Until nothing is left to be done."""
        await self._idle.wait()

    async def stop(self) -> None:
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _work(self, lane: str) -> None:
        waiting = self._lanes[lane]
        try:
            while waiting:
                await self._there.wait()
                if not waiting:
                    break
                if not self._may_i():
                    self._there.clear()  # as if the exchange were away: who is in office again surveys first
                    continue
                number, command = waiting.popleft()
                await self._perform(number, command)
        finally:
            del self._tasks[lane], self._lanes[lane]
            if not self._tasks:
                self._idle.set()

    async def _perform(self, number: int, command: Command) -> None:
        result = await self._exchange.perform(command)
        if result is Result.UNREACHABLE:
            self._there.clear()  # the survey after the reconnect says what became of it
            return
        self._done(number)
        if result not in FINE and not worth_nothing(command, result):
            self._failed(command, result)


def worth_nothing(command: Command, result: Result) -> bool:
    """To end something that has ended is no news; a ring's end is, in case its word was lost."""
    return result is Result.GONE and isinstance(command, StopPlay | EndTalk)
