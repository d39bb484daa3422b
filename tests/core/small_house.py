"""A small house to try things in: one line, one or two groups, and words for what happens in it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from immutables import Map

from ivr.core import switchboard
from ivr.core.commands import Command, Join, Play, Ring
from ivr.core.facts import Fact
from ivr.core.flow import (
    Announcement,
    Enqueue,
    Flow,
    Group,
    Handover,
    Hangup,
    HoursBranch,
    Line,
    Menu,
    Plan,
    Say,
    Spoken,
    Step,
    Strategy,
)
from ivr.core.flow import Play as PlayStep
from ivr.core.hours import Hours, Service, Span, Timetable
from ivr.core.ids import CallId, GroupId, LineId, PlayId, PromptId, RingId, StepName, TalkId, VolunteerId
from ivr.core.news import (
    CallArrived,
    CallDue,
    CallGone,
    Cause,
    DigitPressed,
    Joined,
    LineDue,
    News,
    PlayEnded,
    Published,
    RingAlerting,
    RingAnswered,
    RingGone,
    VolunteerAdded,
    VolunteerDue,
    VolunteerHeard,
    VolunteerReachable,
)
from ivr.core.state import Call, House, Leaving, Talking, Volunteer

F = TypeVar("F")
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
LINE = LineId("bornetelefonen")
DAY, NIGHT = GroupId("dag"), GroupId("nat")
TO_NIGHT, TO_DAY = PromptId("skift-nat"), PromptId("skift-dag")
MENU_KEYS = {"1": StepName("queue"), "2": StepName("greeting")}


def steps(menu: bool = False, max_wait_s: float | None = 600.0) -> dict[StepName, Step]:
    name, prompt = StepName, PromptId
    every: tuple[Step, ...] = (
        PlayStep(name("greeting"), (prompt("velkommen"), prompt("fare")), name("hours")),
        HoursBranch(name("hours"), name("menu") if menu else name("queue"), name("closed")),
        Menu(name("menu"), (prompt("valg"),), MENU_KEYS, 5.0, name("queue"), name("queue"), 2),
        Enqueue(
            name("queue"),
            (prompt("koe"),),
            (Announcement((prompt("stadig"), prompt("skriv")), 30.0, 40.0),),
            max_wait_s,
            name("busy"),
            name("nobody"),
        ),
        PlayStep(name("busy"), (prompt("travlt"),), name("bye")),
        PlayStep(name("nobody"), (prompt("ingen"),), name("bye")),
        PlayStep(name("closed"), (prompt("lukket"),), name("opening")),
        Say(name("opening"), Spoken.NEXT_OPENING, name("bye")),
        Hangup(name("bye")),
    )
    return {step.name: step for step in every}


def plan(strategy: Strategy = Strategy.RING_ALL, *, menu: bool = False, max_wait_s: float | None = 600.0) -> Plan:
    line = Line(
        LINE,
        "116111",
        "BørneTelefonen",
        "da",
        Flow(StepName("greeting"), steps(menu, max_wait_s)),
        Hours("Europe/Copenhagen"),
        {Service.DAY: (DAY,), Service.NIGHT: (NIGHT,)},
        (PromptId("teknisk"),),
        handover=Handover({Service.NIGHT: (TO_NIGHT,), Service.DAY: (TO_DAY,)}),
    )
    groups = {each: Group(each, strategy, ring_s=20.0, rounds=2, rest_s=5.0, wrap_up_s=10.0) for each in (DAY, NIGHT)}
    return Plan("1", {LINE: line}, groups, DAY)


def table(*spans: tuple[datetime, datetime, Service]) -> Timetable:
    first, last = NOON - timedelta(days=30), NOON + timedelta(days=30)
    return Timetable(first, last, tuple(Span(*each, rule="test") for each in spans))


def open_by_day() -> Timetable:
    """06:00-22:00 day, 22:00-01:00 night, in UTC, every day around `NOON`."""
    spans: list[tuple[datetime, datetime, Service]] = []
    for day in range(-3, 4):
        midnight = NOON.replace(hour=0) + timedelta(days=day)
        evening = midnight + timedelta(hours=22)
        spans.append((midnight + timedelta(hours=6), evening, Service.DAY))
        spans.append((evening, midnight + timedelta(hours=25), Service.NIGHT))
    return table(*spans)


@dataclass
class Small:
    """A house that is told things, with everything that followed so far."""

    at: datetime = NOON
    house: House = field(default_factory=lambda: House(Plan("0", {}, {}, DAY), Map()))
    commands: list[Command] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)
    arrived: int = 0
    unheard: set[VolunteerId] = field(default_factory=set)
    """Whose phone sends nothing that a caller hears."""

    def tell(self, news: News) -> tuple[Command, ...]:
        decision = switchboard.step(self.house, news)
        self.house = decision.house
        self.commands.extend(decision.commands)
        self.facts.extend(decision.facts)
        return decision.commands

    def later(self, seconds: float) -> None:
        """Time passes; every deadline on the way is told, in order."""
        end = self.at + timedelta(seconds=seconds)
        for _ in range(10_000):
            due = [(moment, news) for moment, news in self.deadlines() if moment <= end]
            if not due:
                break
            moment, news = min(due, key=lambda each: each[0])
            self.at = max(self.at, moment)
            self.tell(news)
        else:
            raise AssertionError("the deadlines never came to an end")
        self.at = end

    def deadlines(self) -> list[tuple[datetime, News]]:
        found: list[tuple[datetime, News]] = []
        for call in self.house.calls.values():
            phase = call.phase
            if isinstance(phase, Talking) and phase.stands_at is not None and phase.volunteer not in self.unheard:
                found.append((phase.stands_at, VolunteerHeard(phase.talk, phase.stands_at)))
            if (moment := switchboard.call_due(call)) is not None:
                hangs_up = isinstance(call.phase, Leaving)  # the exchange does what it was asked for
                news = CallGone(call.id, Cause.NORMAL, moment) if hangs_up else CallDue(call.id, max(moment, self.at))
                found.append((moment, news))
        for line in self.house.lines:
            if (moment := switchboard.line_due(self.house, line, self.at)) is not None:
                found.append((moment, LineDue(line, max(moment, self.at))))
        for who in self.house.volunteers.values():
            if (moment := switchboard.volunteer_due(who)) is not None:
                found.append((moment, VolunteerDue(who.id, max(moment, self.at))))
        return found

    # -------------------------------------------------------- people

    def volunteer(self, name: str, group: GroupId = DAY, reachable: bool = True) -> VolunteerId:
        who = VolunteerId(name)
        self.tell(VolunteerAdded(who, group, None, self.at))
        if reachable:
            self.tell(VolunteerReachable(who, self.at))
        return who

    def caller(self) -> CallId:
        self.arrived += 1
        call = CallId(f"c{self.arrived}")
        self.tell(CallArrived(call, LINE, self.at))
        return call

    def waiting_caller(self) -> CallId:
        """A caller who has heard the greeting and the queue's welcome."""
        call = self.caller()
        self.heard(call)
        self.heard(call)
        return call

    def heard(self, call: CallId) -> None:
        """What is being played to the caller ends."""
        play = self.play_of(call)
        self.tell(PlayEnded(call, play, True, self.at))

    def hangs_up(self, call: CallId) -> None:
        self.tell(CallGone(call, Cause.NORMAL, self.at))

    def presses(self, call: CallId, digit: str) -> None:
        self.tell(DigitPressed(call, digit, self.at))

    def rings(self, ring: RingId) -> None:
        self.tell(RingAlerting(ring, self.at))

    def answers(self, ring: RingId) -> None:
        self.tell(RingAnswered(ring, self.at))

    def ring_gone(self, ring: RingId, cause: Cause = Cause.NORMAL) -> None:
        self.tell(RingGone(ring, cause, self.at))

    def joined(self, call: CallId) -> None:
        self.tell(Joined(self.talk_of(call), self.at))

    def talking(self, call: CallId, who: VolunteerId) -> None:
        """From waiting to a talk that stands."""
        self.answers(self.ring_of(who))
        self.joined(call)
        self.later(2.0)

    # -------------------------------------------------------- looking

    def call(self, call: CallId) -> Call:
        return self.house.calls[call]

    def person(self, who: VolunteerId) -> Volunteer:
        return self.house.volunteers[who]

    def play_of(self, call: CallId) -> PlayId:
        return [each.play for each in self.commands if isinstance(each, Play) and each.call == call][-1]

    def talk_of(self, call: CallId) -> TalkId:
        return [each.talk for each in self.commands if isinstance(each, Join) and each.call == call][-1]

    def ring_of(self, who: VolunteerId) -> RingId:
        """The last ring of this volunteer's phone."""
        return [each.ring for each in self.commands if isinstance(each, Ring) and each.volunteer == who][-1]

    def asked(self) -> list[VolunteerId]:
        return [each.volunteer for each in self.commands if isinstance(each, Ring)]

    def said(self, kind: type[F]) -> list[F]:
        return [fact for fact in self.facts if isinstance(fact, kind)]


def small(strategy: Strategy = Strategy.RING_ALL, *, menu: bool = False, max_wait_s: float | None = 600.0) -> Small:
    """An open house at noon, without anybody in it."""
    made = Small()
    made.tell(Published(plan(strategy, menu=menu, max_wait_s=max_wait_s), {LINE: open_by_day()}, NOON))
    return made
