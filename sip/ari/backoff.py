"""How long to wait before the next try to connect."""

from __future__ import annotations

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

    def pause_s(self) -> float:
        """Seconds to wait now."""
        if self._since is not None and time.monotonic() - self._since > STEADY_S:
            self._pauses = self._fresh()
        self._since = None
        return next(self._pauses)

    @staticmethod
    def _fresh() -> Iterator[float]:
        return chain((0.0, 0.05, 0.1, 0.2, 0.5), repeat(1.0))
