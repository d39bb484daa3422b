"""In office or not: the lease proved every second, and a freeze noticed before anything else is done.

Rules: when our own clock says that we were silent for too long, everything is held at once, and it is looked up,
without waiting, whether somebody else decides by now. If so we stop for good (`Deposed`); if not we prove our lease
anew, and ask the exchange again what lives, for the world has moved on.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress

from ivr.app.ports import Clock, Deposed, Lease, NotKept

log = logging.getLogger("voiceline")
RENEW_S = 1.0
LOOK_S = 0.25
"""How often our own clock is looked at. After a freeze this comes before any answer from the network is worked on."""
PATIENCE_S = 5.0
"""How long commands are held when nobody can say whether we are still in office."""


class Tenure:
    """`hold`: command nothing until the next survey. `resume`: have the exchange surveyed again. `tick` is called
    every second while we are in office."""

    def __init__(
        self,
        lease: Lease,
        clock: Clock,
        hold: Callable[[], None],
        resume: Callable[[], Awaitable[None]],
        tick: Callable[[], None] = lambda: None,
    ) -> None:
        self._lease, self._clock = lease, clock
        self._hold, self._resume, self._tick = hold, resume, tick
        self._due = 0.0

    async def begin(self) -> None:
        """After a start, which may take longer than a proof lasts: nothing is under way yet that would have to be held.
        Raises `Deposed`."""
        if not self._lease.may_i():
            self._lease.noticed()
        with suppress(NotKept):
            await self._lease.renew()

    async def run(self) -> None:
        """Until cancelled. Raises `Deposed`."""
        while True:
            if not self._lease.may_i():
                await self._doubt()
            elif self._clock.monotonic() >= self._due:
                await self._renew()
            await asyncio.sleep(LOOK_S)

    async def _renew(self) -> None:
        self._due = self._clock.monotonic() + RENEW_S
        with suppress(NotKept):  # the disk's trouble is told elsewhere; the lease itself knows what that means
            await self._lease.renew()
        if self._lease.may_i():
            self._tick()

    async def _doubt(self) -> None:
        """First of all, and without waiting: hold everything, and see who is in office."""
        self._hold()
        log.warning("we were silent for too long and look whether we are still in office", extra={"keys": {}})
        deadline = self._clock.monotonic() + PATIENCE_S
        while True:
            self._lease.noticed()
            if self._lease.ours() is False or self._clock.monotonic() > deadline:
                raise Deposed
            await self._renew()
            if self._lease.may_i():
                break
            await asyncio.sleep(LOOK_S)
        log.warning("still in office: what lives is asked again", extra={"keys": {}})
        await self._resume()
