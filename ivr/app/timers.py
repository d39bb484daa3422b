"""One loop for all deadlines. The moments are in the state; this only wakes the engine when the next one has come."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable
from datetime import datetime
from typing import Literal

from ivr.app.ports import Clock

Kind = Literal["call", "volunteer", "line"]
LONGEST_S = 1.0
"""The wall clock may be set: look again at least this often."""


class Timers:
    """`wake(kind, id)` is called when a watched moment has come; the newest moment given for an entity counts."""

    def __init__(self, clock: Clock, wake: Callable[[Kind, str], None]) -> None:
        self._clock = clock
        self._wake = wake
        self._heap: list[tuple[datetime, Kind, str]] = []
        self._current: dict[tuple[Kind, str], datetime] = {}
        self._changed = asyncio.Event()

    def watch(self, kind: Kind, entity: str, moment: datetime | None) -> None:
        """The entity's next moment; None: it has none."""
        key = (kind, entity)
        if self._current.get(key) == moment:
            return
        if moment is None:
            self._current.pop(key, None)
            return
        self._current[key] = moment
        heapq.heappush(self._heap, (moment, kind, entity))
        if self._heap[0][0] == moment:
            self._changed.set()

    def due(self) -> list[tuple[Kind, str]]:
        """Those whose moment has come; each is told once."""
        now, ready = self._clock.now(), []
        while self._heap and self._heap[0][0] <= now:
            moment, kind, entity = heapq.heappop(self._heap)
            if self._current.get((kind, entity)) == moment:
                del self._current[kind, entity]
                ready.append((kind, entity))
        return ready

    async def run(self) -> None:
        while True:
            for kind, entity in self.due():
                self._wake(kind, entity)
            self._changed.clear()
            pause = LONGEST_S
            if self._heap:
                pause = min(pause, max(0.0, (self._heap[0][0] - self._clock.now()).total_seconds()))
            try:
                async with asyncio.timeout(pause):
                    await self._changed.wait()
            except TimeoutError:
                continue
