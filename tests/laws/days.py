"""Long days: hours of callers, volunteers who come and go, lines that open and close; each made from its number alone.

A day lives on the fake exchange (`evening`), so that it is known what people heard. The same number is the same day:
what breaks a law is shown again by `python -m tests.laws days --first NUMBER --count 1`, as short as it can be made.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from random import Random

from immutables import Map

from ivr.core.flow import Group, Plan, Strategy
from ivr.core.hours import Service
from ivr.core.ids import LineId, VolunteerId
from ivr.core.news import (
    HandoverAsked,
    News,
    OverrideGiven,
    VolunteerPaused,
    VolunteerResumed,
)
from tests.fakes.phones import Answers, AnswersAsLetGo, Behaviour, Busy, Declines, NeverAnswers
from tests.fakes.weather import Weather
from tests.laws.evening import Evening, Visit
from tests.laws.generators import (
    CHILDREN,
    DAY,
    NIGHT,
    NOON,
    OPEN,
    PARENTS,
    RESERVE,
    Seat,
    Setting,
    a_group,
    a_line,
    a_timetable,
    flow,
)
from tests.laws.trace import Step

STAFF = tuple(VolunteerId(name) for name in ("anna", "bo", "cleo", "dan", "eva", "hjaelp.1"))
CLOSES = ((-600, 30, Service.DAY), (90, 300, Service.DAY))
NIGHT_FALLS = ((-600, 25, Service.DAY), (25, 300, Service.NIGHT))
LASTS_S = 3000.0


@dataclass(frozen=True, slots=True)
class LongDay:
    setting: Setting
    visits: tuple[Visit, ...]
    phones: dict[VolunteerId, tuple[Behaviour, ...]]
    news: tuple[tuple[float, News], ...]
    """Who pauses, and what is done with the lines by hand: when, seconds from noon."""
    rough: int | None
    """The number of the weather (`Weather`), which is made anew for every life; None: calm."""


def long_day(number: int) -> LongDay:
    chance = Random(number)
    setting = a_setting(chance)
    moments = sorted(chance.uniform(0.0, LASTS_S) for _ in range(chance.randint(8, 30)))
    lines = sorted(setting.plan.lines)
    visits = tuple(a_visit(chance, moment, chance.choice(lines)) for moment in moments)
    phones = {
        seat.who: tuple(a_behaviour(chance) for _ in range(chance.randint(1, 4)))
        for seat in setting.seats
        if seat.reachable
    }
    news = tuple(a_change(chance, setting) for _ in range(chance.randint(0, 12)))
    rough = chance.randint(0, 1000) if chance.random() < 0.5 else None
    return LongDay(setting, visits, phones, news, rough)


def a_setting(chance: Random) -> Setting:
    ids = chance.choice(((CHILDREN,), (CHILDREN, PARENTS), (CHILDREN, PARENTS)))
    tiers = chance.choice(((DAY,), (DAY, RESERVE), (DAY, RESERVE)))
    made_flow = flow(
        menu=chance.random() < 0.2, max_wait_s=chance.choice((None, 120.0, 600.0)), rich=chance.random() < 0.7
    )
    late = Map({Service.DAY: Map({RESERVE: chance.choice((15.0, 60.0))})}) if RESERVE in tiers else Map()
    head = {CHILDREN: chance.choice((0.0, 60.0, 180.0))}
    lines = tuple(
        replace(
            a_line(line, made_flow, tiers),
            head_start_s=head.get(line, 0.0),
            late=late if chance.random() < 0.6 else Map(),
        )
        for line in ids
    )
    strategies = tuple(Strategy)
    groups = {
        group: replace(
            left_alone(
                a_group(group, chance.choice(strategies), chance.choice((0.0, 0.0, 20.0)), chance.choice((0, 0, 3)))
            ),
            rounds=chance.randint(1, 3),
            members={who: chance.randint(1, 3) for who in chance.sample(STAFF, 3)},
        )
        for group in (DAY, NIGHT, RESERVE)
    }
    plan = Plan("1", Map({line.id: line for line in lines}), Map(groups), DAY)
    tables = Map({line: a_timetable(chance.choice((OPEN, OPEN, CLOSES, NIGHT_FALLS))) for line in ids})
    seats = tuple(
        Seat(
            who,
            chance.choice((DAY, DAY, DAY, RESERVE, NIGHT)),
            chance.choice((None, None, None, *ids)),
            chance.random() < 0.9,
            chance.random() < 0.1,
        )
        for who in STAFF[: chance.choice((1, 1, 2, 2, 3, 4, 6))]
    )
    return Setting(plan, tables, seats)


def left_alone(group: Group) -> Group:
    """Where nobody is paused by us people are asked all day, however their phones behave: more happens there."""
    return replace(group, refusals=group.auto_pause)


def a_visit(chance: Random, at_s: float, line: LineId) -> Visit:
    keys = tuple((chance.uniform(1.0, 200.0), chance.choice("12**")) for _ in range(chance.choice((0, 0, 1, 3))))
    return Visit(at_s, line, chance.choice((1.0, 7.0, 30.0, 120.0, 400.0, 1500.0, 1500.0)), keys)


def a_behaviour(chance: Random) -> Behaviour:
    kind = chance.random()
    if kind < 0.6:
        return Answers(
            chance.choice((0.0, 0.5, 4.0, 14.0)),
            hangs_up_after_s=chance.choice((None, 0.5, 20.0, 90.0, 300.0)),
            dies_after_s=chance.choice((None, None, None, 10.0)),
        )
    if kind < 0.75:
        return NeverAnswers()
    if kind < 0.9:
        return Declines(chance.choice((0.1, 3.0)))
    return Busy() if kind < 0.96 else AnswersAsLetGo()


def a_change(chance: Random, setting: Setting) -> tuple[float, News]:
    at_s = chance.uniform(0.0, LASTS_S)
    at = NOON + timedelta(seconds=at_s)
    who, line = chance.choice(setting.seats).who, chance.choice(sorted(setting.plan.lines))
    news: tuple[News, ...] = (
        VolunteerPaused(who, None, at),
        VolunteerPaused(who, None, at),
        VolunteerResumed(who, at),
        VolunteerResumed(who, at),
        VolunteerResumed(who, at),
        HandoverAsked(line, chance.choice(tuple(Service)), at),
        OverrideGiven(line, chance.choice((True, False, None)), None, "test", at),
    )
    return at_s, chance.choice(news)


def live_through(step: Step, number: int) -> int:
    """How many moments the day had. Raises `LawBroken`."""
    return live(step, long_day(number))


def live(step: Step, day: LongDay) -> int:
    evening = Evening(step, day.setting, Weather(day.rough))
    for at_s, news in day.news:
        evening.clock.after(at_s, lambda news=news: evening.take(replace(news, at=evening.clock.now())))  # type: ignore[misc]
    evening.let(day.visits, day.phones)
    evening.clock.advance(LASTS_S)  # until the last one has gone
    evening.judge()
    return len(evening.trace)
