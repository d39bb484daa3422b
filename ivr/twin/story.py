"""What one caller meets, told from their side: steps, words, music, phones, people, and the end."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from ivr.core.ids import LineId, PromptId, StepName, VolunteerId
from ivr.core.reasons import EndedBy, Outcome


@dataclass(frozen=True, slots=True)
class Entered:
    at: datetime
    line: LineId
    step: StepName


@dataclass(frozen=True, slots=True)
class Words:
    at: datetime
    language: str
    prompts: tuple[PromptId, ...]
    heard: bool
    """False: a sound is missing, so the caller hears nothing."""


@dataclass(frozen=True, slots=True)
class Music:
    at: datetime


@dataclass(frozen=True, slots=True)
class Pressed:
    at: datetime
    digit: str


@dataclass(frozen=True, slots=True)
class Rang:
    at: datetime
    volunteer: VolunteerId


@dataclass(frozen=True, slots=True)
class Spoke:
    """Caller and volunteer hear each other."""

    at: datetime
    volunteer: VolunteerId


@dataclass(frozen=True, slots=True)
class Gone:
    """The caller had waited as long as they were willing to, and hung up."""

    at: datetime


@dataclass(frozen=True, slots=True)
class Ended:
    at: datetime
    outcome: Outcome
    by: EndedBy


Event = Entered | Words | Music | Pressed | Rang | Spoke | Gone | Ended


class Ending(StrEnum):
    """How it ends for the caller, as they feel it."""

    PERSON = "person"
    QUEUE = "queue"
    """Still waiting, with music, when we stopped looking."""
    WORDS = "words"
    """Hung up on after words."""
    LEFT = "left"
    """The caller hung up."""
    SILENCE = "silence"
    APOLOGY = "apology"
    """Our own side failed and said so."""
    LAST_RESORT = "last_resort"


@dataclass(frozen=True, slots=True)
class Story:
    """`silent_s`: the longest time without words or music, but for the time that a menu gives for a key."""

    line: LineId
    at: datetime
    events: tuple[Event, ...]
    ending: Ending
    silent_s: float
    asked: tuple[tuple[StepName, int, str], ...]
    """Every menu at which the caller could choose: the step, which try it was, and the language."""

    @property
    def steps(self) -> tuple[StepName, ...]:
        return tuple(event.step for event in self.events if isinstance(event, Entered))

    @property
    def took(self) -> timedelta:
        return self.events[-1].at - self.at if self.events else timedelta()
