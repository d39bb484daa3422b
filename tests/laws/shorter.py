"""A day that breaks a law, made as short as it can be while it still breaks one; and told."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TypeVar

from tests.laws.days import LongDay, live, long_day
from tests.laws.generators import NOON
from tests.laws.trace import LawBroken, Step

T = TypeVar("T")

MOST_TRIES = 400
"""A day takes some hundredths of a second: nobody waits long for the short one."""


def broken_by(step: Step, day: LongDay) -> LawBroken | None:
    try:
        live(step, day)
    except LawBroken as broken:
        return broken
    return None


def shortened(step: Step, number: int) -> tuple[LongDay, LawBroken]:
    """The shortest day found that breaks a law as day `number` does. Raises ValueError when that one breaks none."""
    day = long_day(number)
    broken = broken_by(step, day)
    if broken is None:
        raise ValueError(f"day {number} breaks no law")
    tries = 0
    while tries < MOST_TRIES:
        for shorter in simpler(day):
            tries += 1
            found = broken_by(step, shorter)
            if found is not None:
                day, broken = shorter, found
                break
            if tries == MOST_TRIES:
                break
        else:
            break
    return day, broken


def simpler(day: LongDay) -> Iterator[LongDay]:
    """Days with a little less in them, those with much less first."""
    for fewer in without_some(day.visits):
        yield replace(day, visits=fewer)
    for fewer_news in without_some(day.news):
        yield replace(day, news=fewer_news)
    if day.rough is not None:
        yield replace(day, rough=None)
    for who, scripts in sorted(day.phones.items()):
        for fewer_scripts in without_some(scripts):
            if fewer_scripts:
                yield replace(day, phones={**day.phones, who: fewer_scripts})
    for place, visit in enumerate(day.visits):
        if visit.presses:
            calmer = replace(visit, presses=())
            yield replace(day, visits=(*day.visits[:place], calmer, *day.visits[place + 1 :]))
    for seat in day.setting.seats:
        left = tuple(other for other in day.setting.seats if other is not seat)
        phones = {who: scripts for who, scripts in day.phones.items() if who != seat.who}
        if left:
            yield replace(day, setting=replace(day.setting, seats=left), phones=phones)


def without_some(things: Sequence[T]) -> Iterator[tuple[T, ...]]:
    """Without a half, a quarter, .. and in the end without one."""
    size = len(things)
    while size > 1:
        size = -(-size // 2)
        for start in range(0, len(things), size):
            yield (*things[:start], *things[start + size :])
    if len(things) == 1:
        yield ()


def story(number: int, day: LongDay, broken: LawBroken, most: int) -> str:
    """What was wrong, who came, and the last `most` characters of how it came to it."""
    visits = [f"  {visit.at_s:7.1f} s  {visit}" for visit in day.visits]
    news = [f"  {at_s:7.1f} s  {news}" for at_s, news in day.news]
    phones = [f"  {who}: {', '.join(map(str, scripts))}" for who, scripts in sorted(day.phones.items())]
    told = str(broken)
    told = told if len(told) <= most else "  ..\n" + told[-most:].partition("\n")[2]
    return "\n".join(
        (
            f"day {number}: {broken.what}",
            f"again, and shortened: python -m tests.laws days --first {number} --count 1",
            f"seconds from {NOON:%H:%M} UTC; weather {day.rough}",
            *visits,
            *news,
            *phones,
            told,
        )
    )
