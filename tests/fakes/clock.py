"""Time that only moves when a test says so.

Rules: whole microseconds inside, so that the same test always sees the same moments; what is due at one moment runs in
the order it was asked for; nothing here ever waits for real.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

MONDAY_NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
"""Where tests start unless they say otherwise: an ordinary Monday, 13:00 in Copenhagen."""


@dataclass(eq=False, slots=True)
class Alarm:
    """Something that happens at a moment. `cancel()` takes it back."""

    do: Callable[[], None] | None

    def cancel(self) -> None:
        self.do = None


class VirtualClock:
    """Satisfies `ivr.app.ports.Clock`. `now` is aware UTC; `monotonic` counts seconds from 0.0."""

    def __init__(self, start: datetime = MONDAY_NOON) -> None:
        if start.tzinfo is None:
            raise ValueError("a clock starts at a moment with a time zone")
        self._start = start
        self._us = 0
        self._asked = 0
        self._alarms: list[tuple[int, int, Alarm]] = []
        """When, in which order they were asked for, and what."""

    def now(self) -> datetime:
        return self._start + timedelta(microseconds=self._us)

    def monotonic(self) -> float:
        return self._us / 1_000_000

    def after(self, seconds: float, do: Callable[[], None]) -> Alarm:
        """Do something once that many seconds (0 or more) have gone by."""
        if seconds < 0:
            raise ValueError("what is past cannot be asked for")
        self._asked += 1
        alarm = Alarm(do)
        heapq.heappush(self._alarms, (self._us + _us(seconds), self._asked, alarm))
        return alarm

    def next_at(self) -> float | None:
        """When (monotonic seconds) the next thing is due; None: nothing is."""
        due_us = self._next_us()
        return None if due_us is None else due_us / 1_000_000

    def _next_us(self) -> int | None:
        while self._alarms and self._alarms[0][2].do is None:
            heapq.heappop(self._alarms)
        return self._alarms[0][0] if self._alarms else None

    def step(self) -> bool:
        """Go to the next thing that is due and do it, alone; False when there is none."""
        if self._next_us() is None:
            return False
        due_us, _number, alarm = heapq.heappop(self._alarms)
        do, alarm.do = alarm.do, None
        self._us = max(self._us, due_us)
        assert do is not None
        do()
        return True

    def advance(self, seconds: float) -> None:
        """Let that many seconds go by, doing on the way whatever falls due, new things included."""
        self.advance_to(self.monotonic() + seconds)

    def advance_to(self, monotonic_s: float) -> None:
        target = _us(monotonic_s)
        while (due_us := self._next_us()) is not None and due_us <= target:
            self.step()
        self._us = max(self._us, target)

    def jump(self, monotonic_s: float) -> None:
        """Set time forward to a moment before which nothing is due (for the loop)."""
        self._us = max(self._us, math.ceil(round(monotonic_s * 1_000_000, 3)))


def _us(seconds: float) -> int:
    return round(seconds * 1_000_000)
