"""For an engine whose callers have no leases: the fake exchange lets nobody fall out by itself."""

from __future__ import annotations

from collections.abc import Iterable

from ivr.core.state import Call


def no_leases(_changed: Iterable[Call]) -> None:
    """Nothing is told to the exchange."""
