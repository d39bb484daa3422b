"""Who is on the phone with the fake exchange: callers and volunteers' legs, as they are at the moment."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from ivr.core.ids import CallId, LineId, PlayId, PromptId, RingId, TalkId, VolunteerId
from ivr.core.news import Reached
from tests.fakes.clock import Alarm
from tests.fakes.hearing import Kind, Sound, Track
from tests.fakes.phones import Behaviour, Sends


@dataclass(slots=True)
class Playing:
    """Prompts of one playing: `left` are still to come; `missing` is set when one of them had no sound."""

    id: PlayId | None
    """None: a word that the exchange says by itself; its end is told to nobody."""
    left: deque[PromptId]
    now: PromptId | None = None
    missing: bool = False
    alarm: Alarm | None = None


@dataclass(slots=True)
class Later:
    """What the exchange took on, or holds back, until a playing ends. `drop`: the caller is gone instead."""

    do: Callable[[], None]
    drop: Callable[[], None] | None = None
    play: PlayId | None = None


@dataclass(slots=True)
class Caller:
    id: CallId
    line: LineId
    track: Track
    arrived_s: float
    came_at: datetime
    here: bool = True
    answered: bool = False
    music: bool = False
    playing: Playing | None = None
    later: deque[Later] = field(default_factory=deque)
    talk: TalkId | None = None
    native: bool = False
    """Looked after by the exchange's own last resort, not by the controller."""
    yes_no: str | None = None
    """The language in which the volunteer hears this caller's keys; None: they are keys and no more."""
    keys_through: bool = False
    """What one side of this caller's talk presses is sounded on the other's."""
    keyed: int = 0
    """How many keys of the other side were sounded here."""
    returned: Reached | None = None
    """Given to the controller by the last resort; None: came to it by themselves."""
    sends: Sends = Sends.SOUND
    mends: bool = False
    """What goes astray, or is foreign, is heard again after a re-INVITE."""
    covered: bool = False
    """Hears music within the talk."""

    def sound(self, other: Leg | None) -> Sound | None:
        if not self.here:
            return None
        if self.native:
            return Sound(Kind.LAST_RESORT)
        words = self.playing is not None and self.playing.now is not None
        if self.talk is not None and self.covered and not words:
            return Sound(Kind.MUSIC)
        if self.talk is not None and other is not None and not words:
            if not other.alive:
                return Sound(Kind.DEAD_PHONE, other.volunteer)
            return _person(other.volunteer, self.sends, other.sends)
        if self.playing is not None and self.playing.now is not None:
            return Sound(Kind.PROMPT, self.playing.now)
        if self.music:
            return Sound(Kind.MUSIC)
        return Sound(Kind.SILENCE) if self.answered else Sound(Kind.RING_TONE)


def _person(name: str, own: Sends, other: Sends) -> Sound:
    """What is heard of the other end of a talk."""
    if own is Sends.HOLDS:
        return Sound(Kind.HOLDING)
    match other:
        case Sends.HOLDS:
            return Sound(Kind.MUSIC)
        case Sends.NOTHING | Sends.ASTRAY | Sends.FOREIGN:
            return Sound(Kind.UNHEARD, name)
        case _:
            return Sound(Kind.PERSON, name)


class LegPhase(StrEnum):
    ASKED = "asked"
    RINGING = "ringing"
    UP = "up"
    GONE = "gone"


@dataclass(slots=True)
class Leg:
    id: RingId
    volunteer: VolunteerId
    behaviour: Behaviour
    track: Track
    phase: LegPhase = LegPhase.ASKED
    alive: bool = True
    """False: it sends no sound any more, and nobody knows yet."""
    talk: TalkId | None = None
    alarms: list[Alarm] = field(default_factory=list)
    words: deque[Playing] = field(default_factory=deque)
    """What the volunteer is told, the first at present."""
    told: set[PlayId] = field(default_factory=set)
    keyed: int = 0
    """How many keys of the caller's were sounded here."""
    sends: Sends = Sends.SOUND
    covered: bool = False
    """Hears a soft noise within the talk."""
    leaves: bool = False
    """Let go: hears their last words, and is out of the talk."""

    @property
    def here(self) -> bool:
        return self.phase is not LegPhase.GONE

    def sound(self, other: Caller | None) -> Sound | None:
        """What the volunteer hears; a dead phone's owner hears nothing that matters any more."""
        if self.phase is LegPhase.RINGING:
            return Sound(Kind.RING_TONE)
        if self.phase is not LegPhase.UP or not self.alive:
            return None
        if self.words and self.words[0].now is not None:
            return Sound(Kind.PROMPT, self.words[0].now)
        if other is not None and self.covered:
            return Sound(Kind.MUSIC)
        return Sound(Kind.SILENCE) if other is None else _person(other.id, self.sends, other.sends)
