"""What a call can hear of: news about the caller, and what its own rings tell it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ivr.core.ids import RingId
from ivr.core.news import (
    CallDue,
    CallerTalking,
    CallGone,
    CallLeft,
    Cause,
    CommandFailed,
    DigitPressed,
    Joined,
    PlayEnded,
    SideHeld,
    SoundBack,
    SoundLost,
    VolunteerHeard,
)
from ivr.core.reasons import SwitchedBy


@dataclass(frozen=True, slots=True)
class VolunteerPickedUp:
    ring: RingId
    at: datetime


@dataclass(frozen=True, slots=True)
class VolunteerGone:
    """The volunteer who had picked up is gone."""

    ring: RingId
    cause: Cause
    at: datetime


@dataclass(frozen=True, slots=True)
class YesNoWanted:
    """Answers by key are to begin, or to end, in the talk with who picked up this ring."""

    ring: RingId
    on: bool
    by: SwitchedBy
    at: datetime


CallEvent = (
    CallGone
    | CallLeft
    | DigitPressed
    | PlayEnded
    | Joined
    | CallerTalking
    | VolunteerHeard
    | SoundLost
    | SoundBack
    | SideHeld
    | CallDue
    | VolunteerPickedUp
    | VolunteerGone
    | YesNoWanted
    | CommandFailed
)
