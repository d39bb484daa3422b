"""A line's callflow, groups and hours as plain data, as published by an admin.

Rules: whatever is in here has been checked (every step that is named exists, every prompt has a sound); the core may
rely on that. Lengths are seconds unless the name says otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from ivr.core.hours import Hours, Service
from ivr.core.ids import GroupId, LineId, PromptId, StepName, VolunteerId


class Strategy(StrEnum):
    """All but the first ask one phone at a time; where two stand alike, it is who has been free for longer."""

    RING_ALL = "ring_all"
    LINEAR = "linear"
    """In the order in which the group names its members, the others after them by name."""
    ROUND_ROBIN_MEMORY = "round_robin_memory"
    """In turn: whoever was asked the longest ago."""
    LONGEST_IDLE = "longest_idle"
    FEWEST_CALLS = "fewest_calls"
    """Whoever answered the fewest calls today (see `roster`)."""
    RANDOM = "random"
    """By lot, which is drawn from the call's id: the same house decides the same."""
    WEIGHTED = "weighted"
    """Calls in proportion to the members' weights."""


class Spoken(StrEnum):
    """What a `say` step computes at the moment it is reached."""

    NEXT_OPENING = "next_opening"


@dataclass(frozen=True, slots=True)
class Play:
    name: StepName
    prompts: tuple[PromptId, ...]
    then: StepName


@dataclass(frozen=True, slots=True)
class Say:
    name: StepName
    what: Spoken
    then: StepName


@dataclass(frozen=True, slots=True)
class HoursBranch:
    name: StepName
    open: StepName
    closed: StepName
    soon: StepName | None = None
    """Instead of `closed` when the line opens within `soon_s`; None: no such way."""
    soon_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Menu:
    """Digits barge in on the prompts. `options` are single keys (0-9 * #)."""

    name: StepName
    prompts: tuple[PromptId, ...]
    options: Mapping[str, StepName]
    timeout_s: float
    no_input: StepName
    no_match: StepName
    max_tries: int


class Told(StrEnum):
    """What an announcement computes at the moment it is heard."""

    POSITION = "position"
    WAIT = "wait"


@dataclass(frozen=True, slots=True)
class Announcement:
    """Words to those who wait: first after `first_s`, then every `every_s` (None: once). Prompts take turns; or the
    words are computed (`told`), and there is nothing to be heard when nothing can be said truthfully."""

    prompts: tuple[PromptId, ...]
    first_s: float
    every_s: float | None
    told: Told | None = None


@dataclass(frozen=True, slots=True)
class Closing:
    """For those who wait when the line closes: told so once, looked after for `serve_s` more, and then led on."""

    prompts: tuple[PromptId, ...]
    serve_s: float
    then: StepName


@dataclass(frozen=True, slots=True)
class Enqueue:
    """The queue: `welcome` is heard on joining (phones ring meanwhile), then music and announcements."""

    name: StepName
    welcome: tuple[PromptId, ...]
    announcements: tuple[Announcement, ...]
    max_wait_s: float | None
    on_timeout: StepName
    on_nobody: StepName
    """Where a caller goes who comes when nobody is reachable: told so at once instead of hope."""
    max_length: int | None = None
    """When so many wait on the line already, who comes goes to `on_full`; who has a place comes back to it always."""
    on_full: StepName | None = None
    nobody_left_s: float | None = None
    """When nobody has been on duty for so long, those who wait go to `on_nobody_left`."""
    on_nobody_left: StepName | None = None
    keys: Mapping[str, StepName] = field(default_factory=dict)
    """A key leads out of the queue; the place is kept for who comes back."""
    closing: Closing | None = None
    """None: whoever waits when the line closes waits on as before."""
    back: tuple[PromptId, ...] = ()
    """What a caller hears who had been given to a volunteer and is at the head of the queue again; phones ring on."""


@dataclass(frozen=True, slots=True)
class WaitForOpening:
    """Music for a caller to a closed line who wants to wait until it opens."""

    name: StepName
    max_wait_s: float
    on_open: StepName
    on_timeout: StepName


@dataclass(frozen=True, slots=True)
class SetLanguage:
    """From here on the call hears this language instead of its line's."""

    name: StepName
    language: str
    then: StepName


@dataclass(frozen=True, slots=True)
class ToLine:
    line: LineId


@dataclass(frozen=True, slots=True)
class ToPartner:
    """A partner that the house has an agreement with, by name. A number never stands in a flow."""

    partner: str


@dataclass(frozen=True, slots=True)
class Transfer:
    """To the beginning of another of our lines, or to a partner."""

    name: StepName
    to: ToLine | ToPartner
    on_failed: StepName | None = None
    """Where a caller goes whom the partner does not take; None for our own lines, which are always there."""


@dataclass(frozen=True, slots=True)
class Hangup:
    name: StepName


Step = Play | Say | HoursBranch | Menu | Enqueue | WaitForOpening | SetLanguage | Transfer | Hangup


@dataclass(frozen=True, slots=True)
class Flow:
    start: StepName
    steps: Mapping[StepName, Step]


REFUSALS = 3
"""So many rings in a row a phone may refuse where its group says nothing else."""


@dataclass(frozen=True, slots=True)
class Group:
    """A hunt group. After `rounds` fruitless rounds the next tier is asked; the last tier is followed by the first."""

    id: GroupId
    strategy: Strategy
    ring_s: float
    rounds: int
    rest_s: float
    """How long a phone is left alone after it was not answered, declined or busy."""
    wrap_up_s: float
    auto_pause: int = 0
    """After so many unanswered rings in a row a volunteer is paused; 0: never."""
    accept_s: float = 0.0
    """Who picks up must press 1 within so many seconds, or it counts as not answered (a phone that answers by itself, a
    voice mail); 0: picking up is enough."""
    members: Mapping[VolunteerId, int] = field(default_factory=dict)
    """Those named, in order, with their weights; who is not named weighs 1. Who belongs to a group is not said here."""
    refusals: int = REFUSALS
    """After so many refused rings in a row a volunteer is paused; 0: never."""


@dataclass(frozen=True, slots=True)
class Handover:
    """How a line is handed over between its day and its night side."""

    words: Mapping[Service, tuple[PromptId, ...]] = field(default_factory=dict)
    """What those who wait hear, once, by who takes over."""
    not_taken: tuple[PromptId, ...] = ()
    """What a caller hears, once, whom a partner did not take: busy, not answering, or out of reach."""
    look_s: float = 900.0
    """So long before it is looked whether anybody is there."""
    early_s: float = 3600.0
    """At most so long before it is it made early, because everybody of the side that serves has gone."""
    stay_on_s: float = 3600.0
    """At most so long after it the side that serves is asked for the other's sake."""


@dataclass(frozen=True, slots=True)
class Line:
    id: LineId
    number: str
    name: str
    """As people read it, e.g. on a volunteer's phone."""
    language: str
    flow: Flow
    hours: Hours
    tiers: Mapping[Service, tuple[GroupId, ...]]
    technical: tuple[PromptId, ...]
    """What a caller hears when our own side fails: words, never silence."""
    whisper: tuple[PromptId, ...] = ()
    """What a volunteer who has picked up hears before the two are joined; the caller hears on what they heard."""
    yes_no: tuple[PromptId, ...] = ()
    """What a caller hears when the volunteer lets them answer with keys; nothing: it cannot be begun on this line."""
    short_abandon_s: float = 10.0
    head_start_s: float = 0.0
    """Callers are looked after as if they had come so much earlier, where lines share volunteers: so nobody of another
    line is overtaken by anybody who came later than this."""
    hold_alarm_s: float = 180.0
    """Somebody on hold, or a volunteer who is not heard, for so long: the coordinator is told."""
    late: Mapping[Service, Mapping[GroupId, float]] = field(default_factory=dict)
    """Groups that are asked after so many seconds of waiting at the latest, whatever the groups before them do."""
    handover: Handover = field(default_factory=Handover)


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything an admin publishes, of one version."""

    version: str
    lines: Mapping[LineId, Line]
    groups: Mapping[GroupId, Group]
    default_group: GroupId
