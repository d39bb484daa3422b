"""How long a caller may be left to us before the exchange's last resort takes over by itself.

Rules: a lease is short where silence would follow when nothing comes from us, long while music plays, and absent where
falling out would do harm: in a talk, and where the call ends anyway. Whoever is being joined is left alone here: the
exchange takes the lease off itself, right before the two meet.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import assert_never

from ivr.core.ids import CallId
from ivr.core.news import Reached
from ivr.core.state import (
    Call,
    CallPhase,
    Choosing,
    Hearing,
    Holding,
    Joining,
    Leaving,
    Over,
    Sheltered,
    Talking,
    Waiting,
)


@dataclass(frozen=True, slots=True)
class Lease:
    lasts_s: int
    """0: for ever."""
    every_s: float
    """How often it is renewed."""


BRIEF = Lease(3, 1.0)
"""A greeting, a menu or an announcement: when it ends, silence follows."""
LONG = Lease(12, 3.0)
"""Music goes on without us."""

NEVER = Lease(0, 60.0)
"""A talk goes on without us for as long as the two like. It was free of leases before it began; this is said again."""


@dataclass(frozen=True, slots=True)
class Renewal:
    """Told to the exchange; `lasts_s` None: the lease stays as it is."""

    call: CallId
    lasts_s: int | None
    reached: Reached
    """So that the last resort greets nobody twice."""


def lease(phase: CallPhase) -> Lease | None:
    match phase:
        case Hearing() | Choosing():
            return BRIEF
        case Waiting():
            return LONG if phase.speaking is None else BRIEF
        case Holding():
            return LONG
        case Talking():
            return NEVER
        case Joining() | Leaving() | Sheltered() | Over():
            return None
        case _:
            assert_never(phase)


def reached(call: Call) -> Reached:
    if call.queued_at is not None:
        return Reached.LET_IN
    return Reached.GREETED if call.counter > 1 or not isinstance(call.phase, Hearing) else Reached.NEW
