"""How long to wait before the next try to connect."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from itertools import chain, repeat

STEADY_S = 5.0


class Backoff:
    """First retry at once, then slower up to a second; from the beginning again after a connection that held."""

    def __init__(self) -> None:
        self._pauses = self._fresh()
        self._since: float | None = None

    def connected(self) -> None:
        self._since = time.monotonic()

    async def pause(self) -> None:
        """Before the next try. Also where a connection that failed in the very moment in which we are told to stop does
        stop: until Python 3.13 a task group whose own task fails just before it is cancelled from outside tells of the
        failure alone (python/cpython#116720), and we would try again for ever.
        """
        here = asyncio.current_task()
        if here is not None and here.cancelling():
            raise asyncio.CancelledError
        await asyncio.sleep(self._pause_s())

    def _pause_s(self) -> float:
        if self._since is not None and time.monotonic() - self._since > STEADY_S:
            self._pauses = self._fresh()
        self._since = None
        return next(self._pauses)

    @staticmethod
    def _fresh() -> Iterator[float]:
        return chain((0.0, 0.05, 0.1, 0.2, 0.5), repeat(1.0))
