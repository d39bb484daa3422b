"""How a volunteer's phone behaves, as a script. The same scripts drive the fake's phones and, in the contract tests, a
rig's real ones. Lengths are seconds."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Sends(StrEnum):
    """What becomes of the sound of a phone that was picked up."""

    SOUND = "sound"
    """Heard at the other end, silence included."""
    NOTHING = "nothing"
    """Not one packet comes: muted, no microphone."""
    ASTRAY = "astray"
    """From another port than was said: thrown away before it is counted, so that it looks as if nothing came."""
    FOREIGN = "foreign"
    """In a codec that nobody agreed on: packets come and none is passed on."""
    HOLDS = "holds"
    """The other side is on hold."""


@dataclass(frozen=True, slots=True)
class Answers:
    """Rings, is picked up after `after_s`; so long after that hangs up, or dies: no more sound, and no goodbye."""

    after_s: float = 1.0
    hangs_up_after_s: float | None = None
    dies_after_s: float | None = None
    presses: tuple[tuple[float, str], ...] = ()
    """Keys, each so long after picking up."""
    sends: tuple[tuple[float, Sends], ...] = ()
    """What it sends, each from so long after picking up on; before that, sound."""
    mends: bool = False
    """What goes astray, or is foreign, is heard again after a re-INVITE."""


@dataclass(frozen=True, slots=True)
class NeverAnswers:
    """Rings for as long as it is allowed to."""


@dataclass(frozen=True, slots=True)
class Declines:
    """Rings, then the volunteer presses the red button."""

    after_s: float = 0.5


@dataclass(frozen=True, slots=True)
class Busy:
    """In a talk of its own: busy at once, never rings."""


@dataclass(frozen=True, slots=True)
class Unregistered:
    """Not there: the exchange does not even try."""


@dataclass(frozen=True, slots=True)
class Vanished:
    """Registered, but nobody is behind that address any more; the exchange finds out after `after_s`."""

    after_s: float = 0.2


@dataclass(frozen=True, slots=True)
class AnswersAsLetGo:
    """Rings, and is picked up at the very moment it is let go: answered first, gone right after."""


Behaviour = Answers | NeverAnswers | Declines | Busy | Unregistered | Vanished | AnswersAsLetGo
