"""What is remembered: calls, volunteers, lines. Kept per entity, so that one news item changes few small rows.

Rules: frozen values; a phase holds only what exists in that phase; every deadline is a moment (aware UTC) in here,
never a sleeping task. Which phase meets which news is in the tables of `call`, `ring`, `volunteer` and `line`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime

from immutables import Map

from ivr.core.chain import Chain
from ivr.core.change import quicken
from ivr.core.commands import LetGoReason
from ivr.core.facts import Carried
from ivr.core.flow import Plan
from ivr.core.hours import OWN_GROUPS, NightBy, Service, Timetable
from ivr.core.ids import CallId, GroupId, LineId, PlayId, PromptId, RingId, StepName, TalkId, VolunteerId
from ivr.core.reasons import EndedBy, HandoverWhy, Heard, Loss, Outcome, PauseKind, RingResult, Side

# ---------------------------------------------------------------- ring


@dataclass(frozen=True, slots=True)
class Asked:
    """The phone was asked to ring and has not said so yet."""


@dataclass(frozen=True, slots=True)
class Alerting:
    """The phone rings."""


@dataclass(frozen=True, slots=True)
class Accepting:
    """Picked up by somebody or something; it counts once 1 is pressed. To the caller it still rings."""


@dataclass(frozen=True, slots=True)
class Keyed:
    """How far a volunteer has come with a code: `keys` of it have been pressed, the last one at `at`. The first keys of
    all codes are the same, so that no key is remembered."""

    keys: int
    at: datetime


@dataclass(frozen=True, slots=True)
class PickedUp:
    """The volunteer is on the line: being joined with the caller, or talking."""

    keyed: Keyed | None = None
    since: datetime | None = None
    """When it was picked up; None: by an older version."""
    owed: bool = False
    """Its result is not written yet: whether they were heard is not known. An older version wrote it at once."""


@dataclass(frozen=True, slots=True)
class Ending:
    """Let go and its result written; it is still here until the exchange says that it is gone."""

    result: RingResult
    talked: bool
    """Whether the volunteer had been joined with the caller (and gets time to wrap up)."""
    reason: LetGoReason = LetGoReason.OVER
    """What the phone is told, once more where it may not have heard it."""
    died: bool = False
    """The phone answers nothing any more: it was not the volunteer who ended it."""
    ours: bool = False
    """It failed because of us: nothing is held against the phone."""


RingPhase = Asked | Alerting | Accepting | PickedUp | Ending


@dataclass(frozen=True, slots=True)
class Ring:
    id: RingId
    volunteer: VolunteerId
    asked_at: datetime
    gives_up_at: datetime
    """By then it has ended, whatever the exchange says; moved on when it is let go, far off when it was picked up."""
    phase: RingPhase
    accept_s: float = 0.0
    """So long who picks up may take to press 1; 0: need not."""


# ---------------------------------------------------------------- call


@dataclass(frozen=True, slots=True)
class Hearing:
    """Words are played; when they end the flow goes on at the step's `then`."""

    step: StepName
    play: PlayId
    due: datetime
    """By then it is over, whether the exchange said so or not: nobody waits for ever for a prompt's end."""


@dataclass(frozen=True, slots=True)
class Choosing:
    """In a menu. `play` while its words are heard; `due` is the time for a key (or the backstop of the words)."""

    step: StepName
    tries: int
    play: PlayId | None
    due: datetime


@dataclass(frozen=True, slots=True)
class Waiting:
    """In the queue, with music or words, and possibly phones ringing."""

    step: StepName
    tier: int
    round: int
    tried: frozenset[VolunteerId]
    """Whose phone was asked in this round."""
    speaking: PlayId | None
    speaking_due: datetime | None
    announce_at: tuple[datetime | None, ...]
    """Per announcement of the step: when it is due next."""
    turns: tuple[int, ...]
    """Per announcement: how often it was heard, so that its prompts take turns."""
    give_up_at: datetime | None
    widen_at: datetime | None = None
    """When the next tier is asked as well, whatever became of those before it."""
    then_told: tuple[PromptId, ...] = ()
    """Words about a hand-over that are heard when those being spoken have ended."""
    then_not_taken: tuple[PromptId, ...] = ()
    """The same for words about a partner who did not take them."""
    served_until: datetime | None = None
    """The line has closed: until then they are looked after all the same."""


@dataclass(frozen=True, slots=True)
class Holding:
    """The line is closed and opens soon; the caller waits with music until it does."""

    step: StepName
    give_up_at: datetime
    due: datetime
    """When to look next whether the line is open."""


@dataclass(frozen=True, slots=True)
class Hold:
    """One side's phone holds the other."""

    side: Side
    since: datetime
    alarm_at: datetime | None
    """When the coordinator is told that it takes long; None: has been."""


@dataclass(frozen=True, slots=True)
class Unheard:
    """Nothing of one side reaches the other. The caller hears music instead."""

    loss: Loss
    since: datetime
    due: datetime
    """When it is decided what follows, or asked once more."""
    alarm_at: datetime | None
    """When the coordinator is told that it takes long; None: has been, or need not be."""


@dataclass(frozen=True, slots=True)
class Joining:
    """A volunteer picked up; the two are being connected."""

    step: StepName
    ring: RingId
    volunteer: VolunteerId
    talk: TalkId
    deadline: datetime
    whisper: PlayId | None = None
    """What the volunteer hears first; the two are joined when it has ended, or at the deadline."""
    holds: tuple[Hold, ...] = ()
    speaks: bool = False
    """Something is heard from the caller, told just before the joining was."""


@dataclass(frozen=True, slots=True)
class YesNo:
    """The caller may answer with keys. `play`: what tells them so, until it has ended."""

    play: PlayId | None


@dataclass(frozen=True, slots=True)
class Talking:
    """Caller and volunteer hear each other. `stands_at`: when it would count as answered if nobody watched; None once
    it does count."""

    step: StepName
    ring: RingId
    volunteer: VolunteerId
    talk: TalkId
    joined_at: datetime
    stands_at: datetime | None
    silent_since: datetime | None = None
    """Since when nothing is heard from the caller; None: something is, or nobody knows."""
    silence_said: bool = False
    yes_no: YesNo | None = None
    """None: the caller's keys mean nothing."""
    holds: tuple[Hold, ...] = ()
    unheard: Unheard | None = None
    """The volunteer is not heard."""
    caller_unheard: Unheard | None = None
    """What the caller sends is not passed on. (A caller who sends nothing is a silent one.)"""
    caller_asked_at: datetime | None = None
    """When the caller's side was last asked anew where and how sound is sent, because nothing came any more."""


@dataclass(frozen=True, slots=True)
class Leaving:
    """We have hung up; the exchange has not confirmed it yet."""

    ended_by: EndedBy
    deadline: datetime


@dataclass(frozen=True, slots=True)
class Sheltered:
    """The exchange's last resort serves them without us, until it gives them back or they are gone."""

    step: StepName | None
    """The queue they stood in; None: they had not come to one."""
    back_by: datetime | None = None
    """By then they have come back by themselves, if they do, and it is still their turn; None: that is over."""


@dataclass(frozen=True, slots=True)
class Over:
    """The caller is gone and the outcome written; rings that were let go are still dying away."""


CallPhase = Hearing | Choosing | Waiting | Holding | Joining | Talking | Leaving | Sheltered | Over


@dataclass(frozen=True, slots=True)
class Call:
    id: CallId
    line: LineId
    arrived_at: datetime
    phase: CallPhase
    fate: Outcome
    """The outcome that stands if the call ended now."""
    counter: int = 0
    """How many rings, talks and playings were named so far: none is ever named twice."""
    rings: tuple[Ring, ...] = ()
    """Those that are not gone yet."""
    queued_at: datetime | None = None
    rank: datetime | None = None
    """By when they are looked after: grows along the queue, and keeps the place of one who left it for some words."""
    told_place: int | None = None
    """The best place in the queue that the caller was told: no worse one is ever told."""
    waited_s: float | None = None
    """Fixed when joined with a volunteer."""
    talk_s: float | None = None
    answered_by: VolunteerId | None = None
    requeues: int = 0
    heard: Heard = Heard.NO
    """Whether any volunteer's sound went out to the caller long enough to count."""
    language: str = ""
    """What the caller chose; empty: the line's."""
    prefer: VolunteerId | None = None
    """Whose phone died in a talk with this caller: asked first, once they can be asked again."""
    refused: int = 0
    """How often a partner did not take them."""
    told_not_taken: bool = False
    """The caller has heard that a partner did not take them; what follows is heard as waiting."""
    version: str = ""
    """Which plan's steps the call goes by to its end; empty or unknown: the one in force."""


# ---------------------------------------------------------------- volunteer


@dataclass(frozen=True, slots=True)
class Free:
    since: datetime


@dataclass(frozen=True, slots=True)
class BeingRung:
    ring: RingId
    since: datetime
    """Free since then: a ring that comes to nothing does not cost the volunteer their place in the order."""


@dataclass(frozen=True, slots=True)
class InTalk:
    ring: RingId


@dataclass(frozen=True, slots=True)
class WrappingUp:
    until: datetime


VolunteerPhase = Free | BeingRung | InTalk | WrappingUp


@dataclass(frozen=True, slots=True)
class Pause:
    reason: str | None
    since: datetime
    kind: PauseKind = PauseKind.OWN


@dataclass(frozen=True, slots=True)
class Doubt:
    """A partner's last rings came to nothing."""

    failed: int
    """How often in a row."""
    at: datetime
    """When the last of them did."""
    until: datetime | None = None
    """Until then it counts as not there."""


@dataclass(frozen=True, slots=True)
class Volunteer:
    """Can be counted on: reachable, not off duty, not paused."""

    id: VolunteerId
    group: GroupId
    line: LineId | None
    phase: VolunteerPhase
    reachable: bool = False
    pause: Pause | None = None
    rest_until: datetime | None = None
    """Left alone until then, after a ring that was not answered."""
    leaving: bool = False
    """Removed by an admin while on the phone: forgotten as soon as that has ended."""
    elsewhere: bool = False
    """On the phone without our doing: rung by the last resort, or talking to one of its callers."""
    off_duty: bool = False
    """Has said that their shift is over, whether the phone is still registered or not."""
    unanswered: int = 0
    """How often in a row their phone rang without being picked up."""
    refused: int = 0
    """How often in a row their phone refused a ring."""
    soundless: int = 0
    """How often in a row they picked up without being heard."""
    asked_at: datetime | None = None
    """When the phone was asked to ring last."""
    answered: int = 0
    """How many calls were answered on the day `answered_on` (a day of `roster.day_of`)."""
    answered_on: date | None = None
    doubt: Doubt | None = None
    """Of a partner's places, all alike."""


# ---------------------------------------------------------------- line


@dataclass(frozen=True, slots=True)
class Override:
    open: bool
    until: datetime | None
    reason: str


@dataclass(frozen=True, slots=True)
class Handed:
    """Handed over by hand, or because one side went off duty early; ends by itself at the next change in the hours
    table."""

    service: Service
    until: datetime | None
    why: HandoverWhy = HandoverWhy.HAND


@dataclass(frozen=True, slots=True)
class Steady:
    """Nobody is to take over before long."""


@dataclass(frozen=True, slots=True)
class Looking:
    """Soon the other side is to take over: is anybody there?"""

    to: Service
    due_at: datetime
    alarm_at: datetime | None
    """When to say again that nobody is there; None: somebody is."""


@dataclass(frozen=True, slots=True)
class Overdue:
    """The moment has come and nobody is there to take over: the side that serves stays on."""

    to: Service
    due_at: datetime
    until: datetime
    """The limit of staying on."""
    alarm_at: datetime


HandoverPhase = Steady | Looking | Overdue


@dataclass(frozen=True, slots=True)
class Passage:
    """A hand-over that was made: who waited when it was, and what it cost them. Until `fallback_until` the side that
    gave over is asked as long as nobody of the other is there."""

    to: Service
    why: HandoverWhy
    at: datetime
    fallback_until: datetime
    waiting: tuple[CallId, ...]
    """Those of them who wait still."""
    carried: tuple[Carried, ...] = ()
    """Those who do no longer."""
    done: bool = False
    """It was said how it went."""


NOBODY: Chain[CallId] = Chain()


@dataclass(frozen=True, slots=True)
class LineState:
    id: LineId
    service: Service | None
    """Who serves the line now; None: closed."""
    serving: Service
    """Who looks after those who wait: the last service that was open, so that closing time drops nobody."""
    override: Override | None = None
    handed: Handed | None = None
    queue: Chain[CallId] = NOBODY
    """Who waits, first come first."""
    night_by: NightBy = OWN_GROUPS
    """Who answers while `serving` is the night's."""
    handover: HandoverPhase = Steady()
    deserted_at: datetime | None = None
    """Since when nobody of the side that serves is there, though it is to serve a while yet, and the other side is."""
    passage: Passage | None = None
    """The last hand-over, as long as it still concerns somebody."""
    unattended_at: datetime | None = None
    """Since when somebody has been waiting while nobody was on duty; None: somebody is, or nobody waits."""
    talks_s: tuple[float, ...] = ()
    """How long the last talks took, the newest last."""


# ---------------------------------------------------------------- all of it


@dataclass(frozen=True, slots=True)
class House:
    plan: Plan
    timetables: Map[LineId, Timetable]
    calls: Map[CallId, Call] = field(default_factory=Map)
    volunteers: Map[VolunteerId, Volunteer] = field(default_factory=Map)
    lines: Map[LineId, LineState] = field(default_factory=Map)
    older: Map[str, Plan] = field(default_factory=Map)
    """Plans no longer in force, by version, as long as calls go by them."""
    sorted: object = field(default=None, init=False, compare=False, repr=False)
    """No state: the same volunteers and calls in the order in which the hunt needs them (`draft.Sorted`)."""


quicken(__name__)
