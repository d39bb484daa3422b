"""What we will say happened: the log, the events and every report are made of these and of nothing else.

Rules: one sentence per fact, true when written and never changed; no number, no digit, no text from outside (a reason
typed by staff is staff's own). Names of the classes are the names of the events (`CallEnded` -> `call_ended`)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ivr.core.change import quicken
from ivr.core.hours import Service
from ivr.core.ids import CallId, GroupId, LineId, RingId, StepName, VolunteerId
from ivr.core.reasons import (
    EndedBy,
    HandoverWhy,
    Heard,
    Loss,
    Outcome,
    RequeueReason,
    RingResult,
    ServedBy,
    Side,
    SwitchedBy,
)


@dataclass(frozen=True, slots=True)
class CallStarted:
    call: CallId
    line: LineId
    at: datetime


@dataclass(frozen=True, slots=True)
class StepEntered:
    call: CallId
    line: LineId
    step: StepName
    at: datetime


@dataclass(frozen=True, slots=True)
class CallMoved:
    """To another of our lines; it goes on there, and its outcome is counted there."""

    call: CallId
    line: LineId
    to: LineId
    at: datetime


@dataclass(frozen=True, slots=True)
class CallSheltered:
    """The exchange's last resort serves this caller from now on, without us."""

    call: CallId
    line: LineId
    at: datetime


@dataclass(frozen=True, slots=True)
class CallTakenBack:
    """From the last resort, in the order in which they came; a place in the queue follows from that."""

    call: CallId
    line: LineId
    at: datetime


@dataclass(frozen=True, slots=True)
class CallQueued:
    call: CallId
    line: LineId
    position: int
    at: datetime


@dataclass(frozen=True, slots=True)
class RingStarted:
    call: CallId
    line: LineId
    ring: RingId
    volunteer: VolunteerId
    at: datetime


@dataclass(frozen=True, slots=True)
class RingEnded:
    call: CallId
    line: LineId
    ring: RingId
    volunteer: VolunteerId
    result: RingResult
    rang_s: float
    """From asking the phone until it was picked up or the ring ended, seconds. Of a phone that was picked up it is said
    once it is known whether the volunteer was heard."""
    at: datetime


@dataclass(frozen=True, slots=True)
class CallJoined:
    call: CallId
    line: LineId
    volunteer: VolunteerId
    waited_s: float
    at: datetime


@dataclass(frozen=True, slots=True)
class CallAnswered:
    """The volunteer's sound has gone out to the caller for 1.5 s in sum: this is an answered call whatever follows."""

    call: CallId
    line: LineId
    volunteer: VolunteerId
    waited_s: float
    at: datetime


@dataclass(frozen=True, slots=True)
class CallHandedOver:
    """A partner's sound has gone out to the caller for 1.5 s in sum: the call has left our house whatever follows."""

    call: CallId
    line: LineId
    partner: str
    waited_s: float
    at: datetime


@dataclass(frozen=True, slots=True)
class CallerSilent:
    """In a talk nothing has been heard from the caller for `silent_s` seconds."""

    call: CallId
    line: LineId
    volunteer: VolunteerId
    silent_s: float
    at: datetime


@dataclass(frozen=True, slots=True)
class CallerHeard:
    """Something is heard again from a caller who was said to be silent."""

    call: CallId
    line: LineId
    volunteer: VolunteerId
    at: datetime


@dataclass(frozen=True, slots=True)
class YesNoBegan:
    """In a talk the caller may answer with keys from now on. What they answer is written nowhere."""

    call: CallId
    line: LineId
    volunteer: VolunteerId
    by: SwitchedBy
    at: datetime


@dataclass(frozen=True, slots=True)
class YesNoEnded:
    call: CallId
    line: LineId
    volunteer: VolunteerId
    by: SwitchedBy
    at: datetime


@dataclass(frozen=True, slots=True)
class TalkHeld:
    """One side's phone has put the other on hold, who hears music or a tone meanwhile."""

    call: CallId
    line: LineId
    volunteer: VolunteerId
    side: Side
    at: datetime


@dataclass(frozen=True, slots=True)
class TalkResumed:
    call: CallId
    line: LineId
    volunteer: VolunteerId
    side: Side
    held_s: float
    at: datetime


@dataclass(frozen=True, slots=True)
class SoundMissing:
    """In a talk nothing of this side has reached the other for some two seconds. When it is the volunteer who is not
    heard, the caller hears music from now on."""

    call: CallId
    line: LineId
    volunteer: VolunteerId
    side: Side
    loss: Loss
    at: datetime


@dataclass(frozen=True, slots=True)
class SoundReturned:
    call: CallId
    line: LineId
    volunteer: VolunteerId
    side: Side
    missing_s: float
    at: datetime


@dataclass(frozen=True, slots=True)
class TalkHeldTooLong:
    """For the coordinator: one side on hold, or the volunteer unheard, for longer than the line's `hold_alarm`."""

    call: CallId
    line: LineId
    volunteer: VolunteerId
    side: Side
    """Who holds, or is not heard."""
    held_s: float
    at: datetime


@dataclass(frozen=True, slots=True)
class CallRequeued:
    call: CallId
    line: LineId
    reason: RequeueReason
    at: datetime


@dataclass(frozen=True, slots=True)
class PromptFailed:
    call: CallId
    line: LineId
    step: StepName
    at: datetime


@dataclass(frozen=True, slots=True)
class CallEnded:
    """`waited_s` counts from joining the queue to being joined with a volunteer, or to the end; None: never queued."""

    call: CallId
    line: LineId
    arrived_at: datetime
    outcome: Outcome
    ended_by: EndedBy
    waited_s: float | None
    talk_s: float | None
    answered_by: VolunteerId | None
    at: datetime
    by: ServedBy = ServedBy.US
    heard: Heard = Heard.UNKNOWN
    """Whether a volunteer's sound went out to the caller."""


@dataclass(frozen=True, slots=True)
class VolunteerJoinedHouse:
    volunteer: VolunteerId
    group: GroupId
    at: datetime


@dataclass(frozen=True, slots=True)
class VolunteerLeftHouse:
    volunteer: VolunteerId
    at: datetime


@dataclass(frozen=True, slots=True)
class VolunteerCameUp:
    volunteer: VolunteerId
    at: datetime


@dataclass(frozen=True, slots=True)
class VolunteerWentDown:
    volunteer: VolunteerId
    at: datetime


@dataclass(frozen=True, slots=True)
class VolunteerTookPause:
    volunteer: VolunteerId
    reason: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class VolunteerTookBreak:
    """For the coordinator, who looks after them; no report reads this."""

    volunteer: VolunteerId
    at: datetime


@dataclass(frozen=True, slots=True)
class VolunteerNotAnswering:
    """Their phone rang in vain too often in a row, so it is left alone until they say that they are back."""

    volunteer: VolunteerId
    at: datetime


@dataclass(frozen=True, slots=True)
class VolunteerRefusing:
    """Their phone refused too many rings in a row, so it is left alone until they say that they are back."""

    volunteer: VolunteerId
    at: datetime


@dataclass(frozen=True, slots=True)
class VolunteerNotHeard:
    """They picked up too often in a row and no sound came from their phone, which is left alone until they are back."""

    volunteer: VolunteerId
    at: datetime


@dataclass(frozen=True, slots=True)
class VolunteerBack:
    """No longer paused."""

    volunteer: VolunteerId
    at: datetime


@dataclass(frozen=True, slots=True)
class VolunteerCameOnDuty:
    volunteer: VolunteerId
    at: datetime


@dataclass(frozen=True, slots=True)
class VolunteerWentOffDuty:
    volunteer: VolunteerId
    at: datetime


@dataclass(frozen=True, slots=True)
class PartnerFailing:
    """It did not take our callers `failed` times in a row, and counts as not there until `until`."""

    partner: str
    failed: int
    until: datetime
    at: datetime


@dataclass(frozen=True, slots=True)
class PartnerTriedAgain:
    """It counts as there again."""

    partner: str
    at: datetime


@dataclass(frozen=True, slots=True)
class WrapUpStarted:
    """After a talk, or prolonged; it ends by itself at `until`."""

    volunteer: VolunteerId
    until: datetime
    at: datetime


@dataclass(frozen=True, slots=True)
class WrapUpEnded:
    volunteer: VolunteerId
    at: datetime


@dataclass(frozen=True, slots=True)
class ServiceChanged:
    """Who serves the line from now on; None: the line is closed. `by_hand`: not by the hours table."""

    line: LineId
    service: Service | None
    by_hand: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class HandoverBegan:
    """The other side answers from now on. `waiting`: how many callers wait through it."""

    line: LineId
    service: Service
    why: HandoverWhy
    due_at: datetime
    """When it was to be; earlier than `at` when nobody was there then."""
    waiting: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Carried:
    """A caller who waited through a hand-over, and for how many seconds more after it."""

    call: CallId
    waited_on_s: float


@dataclass(frozen=True, slots=True)
class HandoverDone:
    """All who waited through it are with somebody, or gone."""

    line: LineId
    service: Service
    why: HandoverWhy
    began_at: datetime
    carried: tuple[Carried, ...]
    longest_s: float
    at: datetime


@dataclass(frozen=True, slots=True)
class HandoverEndangered:
    """Nobody is there of the side that is to take over at `due_at`; said again and again until somebody is."""

    line: LineId
    service: Service
    due_at: datetime
    at: datetime


@dataclass(frozen=True, slots=True)
class HandoverSafe:
    """Somebody is there after all, or nobody is needed any more."""

    line: LineId
    service: Service
    at: datetime


@dataclass(frozen=True, slots=True)
class OverrideChanged:
    line: LineId
    open: bool | None
    until: datetime | None
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class PlanPublished:
    version: str
    at: datetime


@dataclass(frozen=True, slots=True)
class LineUp:
    """The controller is connected and looks after every caller."""

    at: datetime


@dataclass(frozen=True, slots=True)
class Alarm:
    """Something a person must look at; `what` is one of a few fixed words."""

    what: str
    at: datetime


Fact = (
    CallStarted
    | StepEntered
    | CallMoved
    | CallSheltered
    | CallTakenBack
    | CallQueued
    | RingStarted
    | RingEnded
    | CallJoined
    | CallAnswered
    | CallHandedOver
    | CallerSilent
    | CallerHeard
    | YesNoBegan
    | YesNoEnded
    | TalkHeld
    | TalkResumed
    | SoundMissing
    | SoundReturned
    | TalkHeldTooLong
    | CallRequeued
    | PromptFailed
    | CallEnded
    | VolunteerJoinedHouse
    | VolunteerLeftHouse
    | VolunteerCameUp
    | VolunteerWentDown
    | VolunteerTookPause
    | VolunteerTookBreak
    | VolunteerNotAnswering
    | VolunteerRefusing
    | VolunteerNotHeard
    | VolunteerBack
    | VolunteerCameOnDuty
    | VolunteerWentOffDuty
    | PartnerFailing
    | PartnerTriedAgain
    | WrapUpStarted
    | WrapUpEnded
    | ServiceChanged
    | HandoverBegan
    | HandoverDone
    | HandoverEndangered
    | HandoverSafe
    | OverrideChanged
    | PlanPublished
    | LineUp
    | Alarm
)


quicken(__name__)
