"""What happened. Rules: stamped once (`at`, aware UTC) where it was read; nothing in here is written anywhere, which is
why a digit may be in here; who phones is unknown already here."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, StrEnum

from ivr.core.change import quicken
from ivr.core.commands import Command
from ivr.core.feature import Feature
from ivr.core.flow import Plan
from ivr.core.hours import Service, Timetable
from ivr.core.ids import CallId, DialId, GroupId, LineId, PlayId, RingId, TalkId, VolunteerId
from ivr.core.reasons import Loss, Outcome, PauseKind, Side


class Cause(StrEnum):
    """Why a caller or a ring is gone, in the field's words."""

    NORMAL = "normal"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    DECLINED = "declined"
    UNREACHABLE = "unreachable"
    ELSEWHERE = "elsewhere"
    MEDIA_LOST = "media_lost"
    FAILED = "failed"


class Result(StrEnum):
    """How a command went, as far as the exchange says. No outcome is an exception."""

    DONE = "done"
    ALREADY = "already"
    """Asked before (a repeat): as good as done."""
    GONE = "gone"
    """What it was about is no more."""
    NOT_NOW = "not_now"
    """It is there, but not in a state for this."""
    REFUSED = "refused"
    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"


NETWORK_CAUSES = frozenset({Cause.MEDIA_LOST, Cause.NO_ANSWER, Cause.UNREACHABLE, Cause.FAILED})
"""A caller who is gone for one of these has not hung up: their network or carrier no longer answers."""


@dataclass(frozen=True, slots=True)
class CallArrived:
    call: CallId
    line: LineId
    at: datetime


@dataclass(frozen=True, slots=True)
class CallGone:
    call: CallId
    cause: Cause
    at: datetime


@dataclass(frozen=True, slots=True)
class CallLeft:
    """Fell out of our hands, or was handed over, into the exchange's last resort, which serves it without us."""

    call: CallId
    at: datetime


class Reached(IntEnum):
    """How far a caller came without us."""

    NEW = 0
    GREETED = 1
    LET_IN = 2
    """The line was open when they were let in to wait."""


@dataclass(frozen=True, slots=True)
class CallBack:
    """The last resort has given a caller (back) to us; the call may be one that we never heard of."""

    call: CallId
    line: LineId
    came_at: datetime
    """When they called (the line's time)."""
    reached: Reached
    at: datetime


@dataclass(frozen=True, slots=True)
class Witnessed:
    """How a call ended that the last resort had to the end, from its own record."""

    call: CallId
    line: LineId
    came_at: datetime
    outcome: Outcome
    waited_s: float | None
    talk_s: float | None
    volunteer: VolunteerId | None
    ended_at: datetime
    at: datetime


@dataclass(frozen=True, slots=True)
class DigitPressed:
    call: CallId
    digit: str
    at: datetime


@dataclass(frozen=True, slots=True)
class PlayEnded:
    """All prompts of one playing are over; `heard` is False when a sound was missing or could not be played."""

    call: CallId
    play: PlayId
    heard: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class RingAlerting:
    """The volunteer's phone says that it rings."""

    ring: RingId
    at: datetime


@dataclass(frozen=True, slots=True)
class RingAnswered:
    ring: RingId
    at: datetime


@dataclass(frozen=True, slots=True)
class RingGone:
    """The volunteer's side ended, before or after it was answered."""

    ring: RingId
    cause: Cause
    at: datetime


@dataclass(frozen=True, slots=True)
class PhoneDead:
    """The phone that picked up has fallen silent, and does not answer signalling either: two signs, not one."""

    ring: RingId
    at: datetime


@dataclass(frozen=True, slots=True)
class RingPressed:
    """A volunteer who has picked up has pressed a key."""

    ring: RingId
    digit: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Joined:
    """Caller and volunteer hear each other."""

    talk: TalkId
    at: datetime


@dataclass(frozen=True, slots=True)
class CommandFailed:
    command: Command
    result: Result
    at: datetime


@dataclass(frozen=True, slots=True)
class CallerTalking:
    """In a talk: something is heard from the caller, or nothing any more. Nobody listens to what."""

    call: CallId
    talking: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class VolunteerHeard:
    """In this talk the volunteer's sound has gone out to the caller for 1.5 s in sum. `known` False: nobody watched,
    and both were together for so long."""

    talk: TalkId
    at: datetime
    known: bool = True


@dataclass(frozen=True, slots=True)
class SoundLost:
    """In this talk nothing of one side has gone out to the other for a while (about 2 s), though it is not on hold.
    Counted is time in which exchange and controller were awake. Told again when the kind of loss changes."""

    talk: TalkId
    side: Side
    """Whose sound is not heard."""
    loss: Loss
    at: datetime


@dataclass(frozen=True, slots=True)
class SoundBack:
    """After `SoundLost`: sound of that side comes again and is passed on, or could be."""

    talk: TalkId
    side: Side
    at: datetime


@dataclass(frozen=True, slots=True)
class SideHeld:
    """One side's phone has put the other on hold, or has taken it back. The other hears music of the exchange's own."""

    call: CallId
    side: Side
    held: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class CallDue:
    """A moment kept in this call's state has come."""

    call: CallId
    at: datetime


@dataclass(frozen=True, slots=True)
class VolunteerDue:
    volunteer: VolunteerId
    at: datetime


@dataclass(frozen=True, slots=True)
class LineDue:
    line: LineId
    at: datetime


@dataclass(frozen=True, slots=True)
class VolunteerAdded:
    volunteer: VolunteerId
    group: GroupId
    line: LineId | None
    """Only calls of this line; None: of every line the group serves."""
    at: datetime


@dataclass(frozen=True, slots=True)
class VolunteerRemoved:
    volunteer: VolunteerId
    at: datetime


@dataclass(frozen=True, slots=True)
class VolunteerReachable:
    """At least one device of this volunteer is registered."""

    volunteer: VolunteerId
    at: datetime


@dataclass(frozen=True, slots=True)
class VolunteerUnreachable:
    volunteer: VolunteerId
    at: datetime


@dataclass(frozen=True, slots=True)
class VolunteerEngaged:
    """The phone rings or talks without our doing: the last resort has asked it."""

    volunteer: VolunteerId
    at: datetime


@dataclass(frozen=True, slots=True)
class VolunteerReleased:
    """That phone is down again."""

    volunteer: VolunteerId
    at: datetime


@dataclass(frozen=True, slots=True)
class VolunteerPaused:
    volunteer: VolunteerId
    reason: str | None
    at: datetime
    kind: PauseKind = PauseKind.OWN


@dataclass(frozen=True, slots=True)
class VolunteerResumed:
    volunteer: VolunteerId
    at: datetime


@dataclass(frozen=True, slots=True)
class DutyChanged:
    """The volunteer begins or ends a shift: whether their phone is registered is another matter."""

    volunteer: VolunteerId
    on: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class WrapUpDone:
    """Ready for the next call before the time is over."""

    volunteer: VolunteerId
    at: datetime


@dataclass(frozen=True, slots=True)
class WrapUpProlonged:
    """So many seconds more; for who has just become free again as well."""

    volunteer: VolunteerId
    seconds: float
    at: datetime


@dataclass(frozen=True, slots=True)
class YesNoAsked:
    """Answers by key are to begin, or to end, in the talk that this volunteer is in."""

    volunteer: VolunteerId
    on: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class FeatureDialled:
    """A volunteer's phone has dialled one of our codes, and waits for a sentence."""

    dial: DialId
    volunteer: VolunteerId
    feature: Feature
    at: datetime


@dataclass(frozen=True, slots=True)
class OverrideGiven:
    """Opened or closed by hand; `open` None takes an override back."""

    line: LineId
    open: bool | None
    until: datetime | None
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class HandoverAsked:
    line: LineId
    service: Service
    at: datetime


@dataclass(frozen=True, slots=True)
class Published:
    """A checked plan takes effect: new callers meet it, callers who are here keep the steps they know by name."""

    plan: Plan
    timetables: dict[LineId, Timetable]
    at: datetime


@dataclass(frozen=True, slots=True)
class Surveyed:
    """What the exchange has, asked right after connecting: the truth about what lives."""

    calls: dict[CallId, LineId]
    rings: frozenset[RingId]
    talks: dict[TalkId, frozenset[CallId | RingId]]
    """Who is in which talk."""
    reachable: frozenset[VolunteerId]
    at: datetime
    answered: frozenset[RingId] = frozenset()
    """Those of `rings` whose phone has been picked up."""
    sheltered: frozenset[CallId] = frozenset()
    """Callers whom the last resort serves at present; they are not among `calls`."""
    returned: dict[CallId, CallBack] = field(default_factory=dict)
    """Those of `calls` whom the last resort has given to us."""
    witnessed: tuple[Witnessed, ...] = ()
    """Calls that ended without us, in the order in which they ended."""
    engaged: frozenset[VolunteerId] = frozenset()
    """Whose phone rings or talks without our doing."""
    unanswered: frozenset[CallId] = frozenset()
    """Those of `calls` whose call has not been answered yet: to them it still rings."""


CallNews = (
    CallArrived
    | CallLeft
    | CallBack
    | Witnessed
    | CallGone
    | DigitPressed
    | PlayEnded
    | Joined
    | CallerTalking
    | VolunteerHeard
    | SoundLost
    | SoundBack
    | SideHeld
    | CallDue
)
RingNews = RingAlerting | RingAnswered | RingPressed | PhoneDead | RingGone
VolunteerNews = (
    VolunteerAdded
    | VolunteerRemoved
    | VolunteerReachable
    | VolunteerUnreachable
    | VolunteerEngaged
    | VolunteerReleased
    | VolunteerPaused
    | VolunteerResumed
    | DutyChanged
    | WrapUpDone
    | WrapUpProlonged
    | YesNoAsked
    | FeatureDialled
    | VolunteerDue
)
LineNews = OverrideGiven | HandoverAsked | LineDue
News = CallNews | RingNews | VolunteerNews | LineNews | CommandFailed | Published | Surveyed


quicken(__name__)
