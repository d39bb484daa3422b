"""What a step of the switchboard yields; and what rows of the tables are made of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from ivr.core.change import quicken
from ivr.core.commands import Command
from ivr.core.facts import Fact
from ivr.core.ids import CallId, LineId, VolunteerId
from ivr.core.state import House

MILLISECOND = timedelta(milliseconds=1)
HALF = MILLISECOND / 2


@dataclass(frozen=True, slots=True)
class Nothing:
    """An empty cell of a table, with the reason why nothing is to be done there."""

    why: str


@dataclass(frozen=True, slots=True)
class Decision:
    house: House
    commands: tuple[Command, ...]
    facts: tuple[Fact, ...]
    calls: frozenset[CallId]
    """Which calls were touched (changed, new or forgotten); likewise the next two."""
    volunteers: frozenset[VolunteerId]
    lines: frozenset[LineId]


@lru_cache(1024)
def length(seconds: float) -> timedelta:
    """Made once for each of the few lengths that a house goes by: making one costs ten times as much as adding it."""
    return timedelta(seconds=seconds)


def after(moment: datetime, seconds: float) -> datetime:
    return moment + length(seconds)


def seconds(start: datetime, end: datetime) -> float:
    """How long it took, to the millisecond, never negative (a clock may be set back)."""
    return max(0, (end - start + HALF) // MILLISECOND) / 1000  # half the time that `round` takes


quicken(__name__)
