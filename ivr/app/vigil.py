"""The sign of life and the callers' leases: what tells the exchange that somebody looks after everybody.

Rules: silent until a survey has succeeded, and whenever the exchange is away; one loop for both, so that a controller
that hangs stops them together; what is renewed follows from the house alone, nothing is kept but when.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import NoReturn

from ivr.core.ids import CallId
from ivr.core.lease import Lease, Renewal, lease, reached
from ivr.core.news import Reached
from ivr.core.state import Call

TICK_S = 0.25
BEAT_S = 1.0


@dataclass(frozen=True, slots=True)
class _Told:
    lease: Lease | None
    reached: Reached
    at: float


class Vigil:
    """`beat` and `renew` must not wait; `monotonic` is in seconds."""

    def __init__(
        self,
        calls: Callable[[], Iterable[Call]],
        beat: Callable[[], None],
        renew: Callable[[Sequence[Renewal]], None],
        monotonic: Callable[[], float],
    ) -> None:
        self._calls, self._beat, self._renew, self._monotonic = calls, beat, renew, monotonic
        self._told: dict[CallId, _Told] = {}
        self._beaten_at = float("-inf")
        self._there = asyncio.Event()

    def begin(self) -> None:
        """The exchange was surveyed: from now on we look after everybody. Everything is told anew."""
        self._told.clear()
        self._beaten_at = float("-inf")
        self._there.set()
        self.tick()

    def end(self) -> None:
        """The exchange is away."""
        self._there.clear()

    async def run(self) -> NoReturn:
        while True:
            await self._there.wait()
            self.tick()
            await asyncio.sleep(TICK_S)

    def tick(self) -> None:
        now = self._monotonic()
        renewals = self.due(now)
        if renewals:
            self._renew(renewals)
        if now - self._beaten_at >= BEAT_S:
            self._beaten_at = now
            self._beat()

    def changed(self, calls: Iterable[Call]) -> None:
        """Whose lease is shorter from now on hears so before what it is shorter for begins: were we to freeze between
        the two, words would be followed by silence for as long as music may go on without us."""
        now, shorter = self._monotonic(), list[Renewal]()
        for call in calls if self._there.is_set() else ():
            told, wanted = self._told.get(call.id), lease(call.phase)
            if told is not None and wanted is not None and is_shorter(wanted, told.lease):
                far = reached(call)
                shorter.append(Renewal(call.id, wanted.lasts_s, far))
                self._told[call.id] = _Told(wanted, far, now)
        if shorter:
            self._renew(shorter)

    def due(self, now: float) -> list[Renewal]:
        """Which callers' leases are to be told now."""
        found: list[Renewal] = []
        told: dict[CallId, _Told] = {}
        for call in self._calls():
            before = self._told.get(call.id)
            wanted, far = lease(call.phase), reached(call)
            if before is not None and before.lease == wanted and before.reached == far:
                fresh = wanted is None or now - before.at < wanted.every_s
                if fresh:
                    told[call.id] = before
                    continue
            found.append(Renewal(call.id, None if wanted is None else wanted.lasts_s, far))
            told[call.id] = _Told(wanted, far, now)
        self._told = told
        return found


def is_shorter(now: Lease, before: Lease | None) -> bool:
    """`before`: None or for ever, since a talk or a joining has none."""
    return now.lasts_s > 0 and (before is None or before.lasts_s == 0 or now.lasts_s < before.lasts_s)
