"""The hours engine against an evaluator that others wrote for another purpose: OpenStreetMap's opening hours.

It reads a wall clock and nothing else, so what is compared is the week and its spill past midnight. Where its
meaning rightly differs from ours, the difference is stated and held below:

1. The hour that comes twice: a closing time in it is its first occurrence for us; by the wall clock alone the line
   would open a second time.
2. A dated rule is a calendar day there, and a service day here: `24 Dec off` takes the night before away from 00:00
   on and leaves its own night standing.
3. Weekday rules after `;` replace each other there (`Tu off` ends Monday's night at midnight); ours never do, so they
   are written with `,` here.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st
from opening_hours import OpeningHours

from ivr.core.hours import DayException, DayPlan, Hours, Opening, Regime, Timetable, compile_hours

ZONE = ZoneInfo("Europe/Copenhagen")
DAYS = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")
STEP = timedelta(minutes=15)
SPRING, AUTUMN = date(2026, 3, 29), date(2026, 10, 25)
Week = tuple[DayPlan, ...]


def quarters(least: int, most: int) -> st.SearchStrategy[int]:
    return st.integers(least // 15, most // 15).map(lambda n: n * 15)


@st.composite
def plans(draw: st.DrawFn) -> DayPlan:
    """Up to two openings, the last may run into the next day; often to two o'clock, where the clock changes."""
    edges = draw(st.lists(quarters(0, 1425), min_size=0, max_size=3, unique=True).map(sorted))
    if len(edges) < 2:
        start = edges[0] if edges else None
        length = draw(quarters(15, 1440))
        end = draw(st.sampled_from([1560, 1590, 1620, (start or 0) + length]))
        usable = start is not None and start < end <= start + 1440
        return DayPlan((Opening(start, end),)) if usable and start is not None else DayPlan()
    openings = [Opening(edges[0], edges[1])]
    if len(edges) == 3:
        openings.append(Opening(edges[2], edges[2] + draw(quarters(15, 1440 - edges[2] + edges[0] + 15))))
    return DayPlan(tuple(openings))


def written(week: Week) -> str:
    """As OpenStreetMap writes it: 22:00-26:00 ends on the next day; rules add up."""
    rules = [
        f"{name} {clock(opening.start)}-{clock(opening.end)}"
        for name, plan in zip(DAYS, week, strict=True)
        for opening in plan.openings
    ]
    return " , ".join(rules) if rules else "off"


def clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def table_of(week: Week, around: date, exceptions: tuple[DayException, ...] = ()) -> Timetable:
    hours = Hours(ZONE.key, (Regime(None, week),), exceptions)
    return compile_hours(hours, around - timedelta(days=9), around + timedelta(days=9))


def moments(around: date) -> list[tuple[datetime, datetime, bool]]:
    """Quarters of an hour from four days before: aware UTC, what the wall shows, whether it shows it a second time."""
    begin = datetime(around.year, around.month, around.day, tzinfo=UTC) - timedelta(days=4)
    found = []
    for number in range(9 * 96):
        at = begin + number * STEP
        local = at.astimezone(ZONE)
        found.append((at, local.replace(tzinfo=None, fold=0), local.fold == 1))
    return found


@settings(max_examples=60, deadline=None)
@given(st.tuples(*[plans()] * 7), st.sampled_from([SPRING, AUTUMN, date(2026, 6, 3)]))
def test_a_week_and_its_spill_past_midnight_are_as_openstreetmap_reads_them(week: Week, around: date) -> None:
    table, oracle = table_of(week, around), OpeningHours(written(week))
    for at, face, second in moments(around):
        if not second:
            assert (table.at(at) is not None) == oracle.is_open(face), (face, written(week))


def test_a_closing_time_in_the_hour_that_comes_twice_does_not_open_the_line_again() -> None:
    week = (DayPlan((Opening(360, 1590),)),) * 7  # 06:00-02:30
    table, oracle = table_of(week, AUTUMN), OpeningHours(written(week))
    second = [(at, face) for at, face, again in moments(AUTUMN) if again]
    assert [oracle.is_open(face) for _, face in second] == [True, True, False, False], "02:00, 02:15, 02:30, 02:45"
    assert [table.at(at) is not None for at, _ in second] == [False] * 4


def test_an_exception_is_a_service_day_here_and_a_calendar_day_there() -> None:
    week = (DayPlan((Opening(1320, 1560),)),) * 7  # 22:00-02:00
    away = DayException(date(2026, 3, 4), DayPlan(), "test")
    table = table_of(week, date(2026, 3, 4), (away,))
    oracle = OpeningHours("Mo-Su 22:00-26:00; 2026 Mar 4 off")
    nights = [datetime(2026, 3, day, 1) for day in (3, 4, 5, 6)]  # noqa: DTZ001 - a clock face
    assert [oracle.is_open(face) for face in nights] == [True, False, True, True]
    ours = [table.at(face.replace(tzinfo=ZONE).astimezone(UTC)) is not None for face in nights]
    assert ours == [True, True, False, True], "the night that began on the 3rd stays, the one of the 4th is gone"


def test_a_closed_weekday_does_not_cut_the_night_before_it() -> None:
    week = (DayPlan((Opening(1320, 1560),)), *[DayPlan()] * 6)
    tuesday = datetime(2026, 3, 3, 1)  # noqa: DTZ001 - a clock face
    assert not OpeningHours("Mo 22:00-26:00; Tu off").is_open(tuesday)
    assert table_of(week, date(2026, 3, 3)).at(tuesday.replace(tzinfo=ZONE).astimezone(UTC)) is not None
