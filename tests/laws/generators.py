"""Houses to try laws on: plans, timetables, and who is in them; drawn by hypothesis or listed one by one.

Rules: plans are as checked plans are (every step that is named exists), timetables lie around `NOON`; values that the
core compares are hashable, so that two ways to the same house can be seen to be the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import TypedDict

from hypothesis import strategies as st
from immutables import Map

from ivr.core.flow import (
    Announcement,
    Closing,
    Enqueue,
    Flow,
    Group,
    Handover,
    Hangup,
    HoursBranch,
    Line,
    Menu,
    Plan,
    Play,
    Say,
    Spoken,
    Step,
    Strategy,
    Told,
)
from ivr.core.hours import Hours, Service, Span, Timetable
from ivr.core.ids import CallId, GroupId, LineId, PromptId, StepName, VolunteerId
from ivr.core.news import News, Published, VolunteerAdded, VolunteerPaused, VolunteerReachable
from ivr.core.state import House

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
CHILDREN, PARENTS = LineId("bornetelefonen"), LineId("foraeldretelefonen")
DAY, NIGHT, RESERVE = GroupId("day"), GroupId("night"), GroupId("reserve")
NIGHT_SEAT = VolunteerId("natlinje.1")
"""The night is a partner's: its place is rung as a volunteer's phone is."""
NAMES = tuple(VolunteerId(name) for name in ("anna", "bo", "cleo", "dan"))

OPEN = ((-600, 600, Service.DAY),)
CLOSED = ((-900, -600, Service.DAY), (600, 900, Service.DAY))
NIGHT_SOON = ((-600, 1, Service.DAY), (1, 300, Service.NIGHT))
NIGHT_NOW = ((-600, 0.05, Service.DAY), (0.05, 300, Service.NIGHT))
"""In three seconds: before anything else is due."""
CLOSES_SOON = ((-600, 1, Service.DAY), (600, 900, Service.DAY))
HOURS = {"open": OPEN, "closed": CLOSED, "night soon": NIGHT_SOON, "night now": NIGHT_NOW, "closes soon": CLOSES_SOON}
"""Spans in minutes from `NOON`, with who serves."""


@dataclass(frozen=True, slots=True)
class Seat:
    """A volunteer as a house begins."""

    who: VolunteerId
    group: GroupId
    line: LineId | None = None
    reachable: bool = True
    paused: bool = False


@dataclass(frozen=True, slots=True)
class Setting:
    """Everything a house is begun from."""

    plan: Plan
    timetables: Map[LineId, Timetable]
    seats: tuple[Seat, ...]

    def opening(self) -> tuple[News, ...]:
        """The news that makes this house out of an empty one."""
        news: list[News] = [Published(self.plan, dict(self.timetables), NOON)]
        for seat in self.seats:
            news.append(VolunteerAdded(seat.who, seat.group, seat.line, NOON))
            if seat.reachable:
                news.append(VolunteerReachable(seat.who, NOON))
            if seat.paused:
                news.append(VolunteerPaused(seat.who, None, NOON))
        return tuple(news)

    @staticmethod
    def nobody() -> House:
        return House(Plan("", Map(), Map(), GroupId("")), Map())


class Rich(TypedDict, total=False):
    """What a queue may have and need not."""

    max_length: int
    on_full: StepName
    nobody_left_s: float
    on_nobody_left: StepName
    keys: Map[str, StepName]
    closing: Closing


RICH = Rich(
    max_length=2,
    on_full=StepName("busy"),
    nobody_left_s=20.0,
    on_nobody_left=StepName("busy"),
    keys=Map({"*": StepName("write"), "1": StepName("busy")}),
    closing=Closing((PromptId("lukket"),), 60.0, StepName("busy")),
)


def flow(
    *, menu: bool = False, max_wait_s: float | None = 120.0, announcements: bool = True, rich: bool = False
) -> Flow:
    """Greeting, hours, perhaps a menu, queue; and words for every other end."""
    queue = StepName("queue")
    words = Announcement((PromptId("stadig"), PromptId("i-ko")), 20.0, 30.0)
    place = Announcement((), 7.0, 15.0, Told.POSITION)
    steps: tuple[Step, ...] = (
        Play(StepName("greeting"), (PromptId("velkommen"),), StepName("hours")),
        HoursBranch(StepName("hours"), StepName("menu") if menu else queue, StepName("closed")),
        Menu(
            StepName("menu"),
            (PromptId("valg"),),
            Map({"1": queue, "*": StepName("greeting")}),
            5.0,
            queue,
            StepName("busy"),
            2,
        ),
        Enqueue(
            queue,
            (PromptId("i-ko"),) if announcements else (),
            (words, *((place,) if rich else ())) if announcements else (),
            max_wait_s,
            StepName("busy"),
            StepName("busy"),
            **(RICH if rich else {}),
        ),
        Play(StepName("write"), (PromptId("stadig"),), queue),
        Play(StepName("busy"), (PromptId("travlt"),), StepName("bye")),
        Play(StepName("closed"), (PromptId("lukket"),), StepName("when")),
        Say(StepName("when"), Spoken.NEXT_OPENING, StepName("bye")),
        Hangup(StepName("bye")),
    )
    return Flow(StepName("greeting"), Map({step.name: step for step in steps}))


def a_line(id_: LineId, line_flow: Flow, tiers: tuple[GroupId, ...] = (DAY,)) -> Line:
    by_service = Map({Service.DAY: tiers, Service.NIGHT: (NIGHT,)})
    hours = Hours("Europe/Copenhagen")
    words = Map({Service.DAY: (PromptId("skift-dag"),), Service.NIGHT: (PromptId("skift-nat"),)})
    changes = Handover(words, stay_on_s=120.0)
    technical = (PromptId("teknisk"),)
    by_key = (PromptId("ja-nej"),)
    return Line(id_, "116111", "Line", "da", line_flow, hours, by_service, technical, handover=changes, yes_no=by_key)


MEMBERS = Map({NAMES[1]: 2, NAMES[0]: 1})


def a_group(
    id_: GroupId, strategy: Strategy, wrap_up_s: float = 0.0, auto_pause: int = 0, accept_s: float = 0.0
) -> Group:
    return Group(id_, strategy, 15.0, 1, 5.0, wrap_up_s, auto_pause, accept_s, MEMBERS)


def a_plan(strategy: Strategy, lines: tuple[Line, ...], wrap_up_s: float = 0.0) -> Plan:
    groups = Map({id_: a_group(id_, strategy, wrap_up_s) for id_ in (DAY, NIGHT, RESERVE)})
    return Plan("1", Map({line.id: line for line in lines}), groups, DAY)


def a_timetable(spans: tuple[tuple[float, float, Service], ...]) -> Timetable:
    def at(minutes: float) -> datetime:
        return NOON + timedelta(minutes=minutes)

    made = tuple(Span(at(start), at(end), service, "made up") for start, end, service in spans)
    return Timetable(at(-10_000), at(10_000), made)


# ---------------------------------------------------------------- one by one


def small_settings() -> Iterator[tuple[str, Setting]]:
    """A few small houses that differ in what matters, each with its name."""
    for strategy, (hours, spans), volunteers in product(Strategy, HOURS.items(), (1, 2)):
        if strategy not in (Strategy.RING_ALL, Strategy.LONGEST_IDLE) and (hours, volunteers) != ("open", 2):
            continue  # they differ in whom of several they choose, and in nothing else
        seats = tuple(Seat(who, DAY) for who in NAMES[:volunteers])
        night = (Seat(NIGHT_SEAT, NIGHT),) if spans in (NIGHT_SOON, NIGHT_NOW) else ()
        line = a_line(CHILDREN, flow(menu=False))
        made = Setting(a_plan(strategy, (line,)), Map({CHILDREN: a_timetable(spans)}), (*seats, *night))
        yield f"{strategy.value}, {hours}, {volunteers}", made


def setting(
    strategy: Strategy = Strategy.RING_ALL,
    volunteers: int = 2,
    hours: str = "open",
    *,
    menu: bool = False,
    max_wait_s: float | None = 120.0,
    lines: int = 1,
) -> Setting:
    """One small house, mostly as one expects it."""
    ids = (CHILDREN, PARENTS)[:lines]
    made = tuple(a_line(id_, flow(menu=menu, max_wait_s=max_wait_s)) for id_ in ids)
    seats = (*(Seat(who, DAY) for who in NAMES[:volunteers]), Seat(NIGHT_SEAT, NIGHT))
    tables = Map({id_: a_timetable(HOURS[hours]) for id_ in ids})
    return Setting(a_plan(strategy, made), tables, seats)


def callers(how_many: int, setting_: Setting) -> tuple[tuple[CallId, LineId], ...]:
    """Who will call, on each line in turn."""
    lines = sorted(setting_.plan.lines)
    return tuple((CallId(f"c{number + 1}"), lines[number % len(lines)]) for number in range(how_many))


# ---------------------------------------------------------------- drawn


@st.composite
def settings_(draw: st.DrawFn) -> Setting:
    """1-2 lines, 1-4 volunteers in 1-3 groups, both strategies, every kind of hours; checked like a real plan."""
    ids = draw(st.sampled_from(((CHILDREN,), (CHILDREN, PARENTS))))
    tiers = draw(st.sampled_from(((DAY,), (DAY, RESERVE), (RESERVE, DAY))))
    made_flow = flow(
        menu=draw(st.booleans()),
        max_wait_s=draw(st.sampled_from((None, 60.0, 120.0))),
        announcements=draw(st.booleans()),
        rich=draw(st.booleans()),
    )
    late = Map({Service.DAY: Map({tiers[-1]: 10.0})}) if len(tiers) > 1 and draw(st.booleans()) else Map()
    ahead = {CHILDREN: draw(st.sampled_from((0.0, 8.0)))}
    whisper = draw(st.sampled_from(((), (PromptId("hvisk"),))))
    lines = tuple(
        replace(a_line(id_, made_flow, tiers), late=late, head_start_s=ahead.get(id_, 0.0), whisper=whisper)
        for id_ in ids
    )
    groups = Map(
        {
            id_: a_group(
                id_,
                draw(st.sampled_from(Strategy)),
                draw(st.sampled_from((0.0, 10.0))),
                draw(st.sampled_from((0, 0, 1, 2))),
                draw(st.sampled_from((0.0, 0.0, 6.0))),
            )
            for id_ in (DAY, NIGHT, RESERVE)
        }
    )
    plan = Plan("1", Map({line.id: line for line in lines}), groups, DAY)
    tables = Map({id_: a_timetable(draw(st.sampled_from(list(HOURS.values())))) for id_ in ids})
    seats = tuple(
        Seat(
            who,
            draw(st.sampled_from((DAY, DAY, RESERVE, NIGHT))),
            draw(st.sampled_from((None, None, *ids))),
            draw(st.sampled_from((True, True, False))),
            draw(st.sampled_from((False, False, True))),
        )
        for who in NAMES[: draw(st.integers(1, 4))]
    )
    return Setting(plan, tables, seats)
