"""Waiting for something to become true, with a deadline, without a task."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class Changes:
    """Whoever waits is woken at every change and looks for themselves."""

    def __init__(self) -> None:
        self._waiting: set[asyncio.Future[None]] = set()

    def tell(self) -> None:
        for one in self._waiting:
            _wake(one)
        self._waiting.clear()

    async def until(self, seen: Callable[[], bool], deadline: float, what: str) -> None:
        """Returns once `seen()` holds; raises TimeoutError naming `what` after `deadline` seconds."""
        loop = asyncio.get_running_loop()
        end = loop.time() + deadline
        while not seen():
            if loop.time() >= end:
                raise TimeoutError(f"no {what} within {deadline:g} s")
            change: asyncio.Future[None] = loop.create_future()
            self._waiting.add(change)
            timer = loop.call_at(end, _wake, change)
            try:
                await change
            finally:
                timer.cancel()
                self._waiting.discard(change)


def _wake(one: asyncio.Future[None]) -> None:
    if not one.done():
        one.set_result(None)
