"""The line's time and the machine's."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta


class SystemClock:
    """`now` is aware UTC, moved by `shift_s` seconds when the line is tried at another hour (`--clock`)."""

    def __init__(self, shift_s: float = 0.0) -> None:
        self.shift_s = shift_s
        self._shift = timedelta(seconds=shift_s)

    def now(self) -> datetime:
        return datetime.now(UTC) + self._shift

    def monotonic(self) -> float:
        return time.monotonic()
