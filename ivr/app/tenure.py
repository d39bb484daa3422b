"""In office or not: the lease proved every second, and a freeze noticed before anything else is done.

Rules: when our own clock says that we were silent for too long, everything is held at once, and it is looked up,
without waiting, whether somebody else decides by now. If so we stop for good (`Deposed`); if not we prove our lease
anew, and ask the exchange again what lives, for the world has moved on.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from ivr.app.engine import Engine
from ivr.app.ports import Clock, Deposed, Lease

log = logging.getLogger("voiceline")
RENEW_S = 1.0
LOOK_S = 0.25
"""How often our own clock is looked at. After a freeze this comes before any answer from the network is worked on."""
PATIENCE_S = 5.0
"""How long commands are held when nobody can say whether we are still in office."""


class Tenure:
    """`is_connected`: whether the exchange is there and was surveyed. `beat` is called when the lease was proved."""

    def __init__(
        self,
        engine: Engine,
        lease: Lease,
        clock: Clock,
        is_connected: Callable[[], bool],
        beat: Callable[[], None] = lambda: None,
    ) -> None:
        self._engine, self._lease, self._clock = engine, lease, clock
        self._is_connected, self._beat = is_connected, beat
        self._due = 0.0

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
        try:
            await self._lease.renew()
        except OSError:
            return  # the disk's trouble is told elsewhere; the lease itself knows what that means
        self._beat()

    async def _doubt(self) -> None:
        """First of all, and without waiting: hold everything, and see who is in office."""
        self._engine.disconnected()
        log.warning("we were silent for too long and look whether we are still in office", extra={"keys": {}})
        deadline = self._clock.monotonic() + PATIENCE_S
        while not self._lease.may_i():
            if self._lease.ours() is False or self._clock.monotonic() > deadline:
                raise Deposed
            await self._renew()
            if not self._lease.may_i():
                await asyncio.sleep(LOOK_S)
        while self._is_connected():
            try:
                await self._engine.connected()
            except ConnectionError:
                await asyncio.sleep(LOOK_S)  # it will be connected anew, and surveyed then
            else:
                break
        log.warning("still in office: what lives was asked again", extra={"keys": {}})
