"""The hours engine against a scan that was written without it: minute after minute, with nothing but a wall clock."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ivr.core.hours import OWN_GROUPS, DayException, DayPlan, Holiday, Hours, Opening, Regime, Service, compile_hours
from tests.rigs.share import whole_or

pytestmark = pytest.mark.scan

MINUTE = timedelta(minutes=1)
ZONES = ("Europe/Copenhagen", "America/New_York", "Australia/Lord_Howe", "America/Santiago", "UTC")


def _plan_of(hours: Hours, day: date) -> DayPlan:
    """Exception, holiday, week; written the long way round."""
    for exception in hours.exceptions:
        if exception.day == day:
            return exception.plan
    for holiday in hours.holidays:
        if holiday.day == day:
            return holiday.plan
    best: Regime | None = None
    for regime in hours.regimes:
        if regime.valid_from is not None and regime.valid_from > day:
            continue
        if best is None or best.valid_from is None or (regime.valid_from and regime.valid_from > best.valid_from):
            best = regime
    return best.week[day.weekday()] if best else DayPlan()


def _shown(day: date, minutes: int) -> datetime:
    """The naive wall-clock time that is `minutes` past 00:00 of the day."""
    return datetime(day.year, day.month, day.day) + timedelta(minutes=minutes)  # noqa: DTZ001 - a clock face


def scan(hours: Hours, first: date, last: date) -> list[tuple[datetime, Service | None]]:
    """For every minute of the local days [first, last): who serves. An opening runs from the first minute at which the
    clock shows its start or later to the first at which it shows its end or later."""
    zone = ZoneInfo(hours.tz)
    begin = datetime(first.year, first.month, first.day, tzinfo=UTC) - timedelta(days=3)
    minutes = [begin + n * MINUTE for n in range(((last - first).days + 6) * 1440)]
    faces = [minute.astimezone(zone).replace(tzinfo=None) for minute in minutes]
    opened, nightly = [False] * len(minutes), [False] * len(minutes)
    day = first - timedelta(days=1)
    while day < last:
        plan = _plan_of(hours, day)
        for opening, marks in [(o, opened) for o in plan.openings] + ([(plan.night, nightly)] if plan.night else []):
            start, end = _shown(day, opening.start), _shown(day, opening.end)
            begun = False
            for place in range(max(0, (day - begin.date()).days - 1) * 1440, len(faces)):  # no clock is a day ahead
                face = faces[place]
                if face >= end:
                    break
                begun = begun or face >= start
                if begun:
                    marks[place] = True
        day += timedelta(days=1)
    inside = [first <= face.date() < last for face in faces]
    return [
        (minute, (Service.NIGHT if night else Service.DAY) if is_open else None)
        for minute, is_open, night, ours in zip(minutes, opened, nightly, inside, strict=True)
        if ours
    ]


def openings() -> st.SearchStrategy[Opening]:
    around_the_jump = st.sampled_from([105, 120, 135, 150, 165, 180])
    quarter = around_the_jump | st.integers(0, 95).map(lambda n: n * 15)
    length = st.one_of(st.integers(1, 1440), st.sampled_from([15, 60, 1200, 1440]))
    return st.builds(lambda start, size: Opening(start, start + size), quarter, length)


def plans() -> st.SearchStrategy[DayPlan]:
    def apart(found: list[Opening]) -> tuple[Opening, ...]:
        kept: list[Opening] = []
        for opening in sorted(found):
            if not kept or opening.start >= kept[-1].end:
                kept.append(opening)
        return tuple(kept)

    return st.builds(DayPlan, st.lists(openings(), max_size=3).map(apart), st.none() | openings())


NIGHTS = st.sampled_from(
    [date(2024, 3, 31), date(2024, 10, 27), date(2019, 2, 1), date(2025, 4, 6), date(2025, 11, 2), date(2024, 9, 8)]
) | st.dates(date(1990, 1, 1), date(2037, 12, 1))


@st.composite
def cases(draw: st.DrawFn) -> tuple[Hours, date]:
    middle = draw(NIGHTS)
    near = st.integers(-3, 3).map(lambda n: middle + timedelta(days=n))
    week = st.one_of(plans().map(lambda plan: (plan,) * 7), st.tuples(*[plans()] * 7))
    regimes = draw(st.lists(st.builds(Regime, near, week), max_size=2, unique_by=lambda regime: regime.valid_from))
    always = draw(st.none() | st.builds(Regime, st.none(), week))
    special = draw(st.lists(st.tuples(near, plans()), max_size=3, unique_by=lambda pair: pair[0]))
    holidays = draw(st.lists(st.tuples(near, plans()), max_size=2, unique_by=lambda pair: pair[0]))
    return (
        Hours(
            draw(st.sampled_from(ZONES)),
            tuple(([always] if always else []) + regimes),
            tuple(DayException(day, plan, "reason") for day, plan in special),
            tuple(Holiday(day, plan, "name") for day, plan in holidays),
        ),
        middle,
    )


ROUND_THE_CLOCK = DayPlan((Opening(0, 1440),), Opening(1380, 1440 + 360))
IN_THE_GAP = DayPlan((Opening(100, 150), Opening(165, 200)), Opening(135, 170))
LINE = DayPlan((Opening(360, 1560),), Opening(1380, 1560))


@settings(max_examples=whole_or(15, 50), deadline=None)
@given(cases())
@example((Hours("Europe/Copenhagen", (Regime(None, (IN_THE_GAP,) * 7),)), date(2024, 3, 31)))
@example((Hours("Europe/Copenhagen", (Regime(None, (IN_THE_GAP,) * 7),)), date(2024, 10, 27)))
@example((Hours("Europe/Copenhagen", (Regime(None, (LINE,) * 7),)), date(2024, 3, 31)))
@example((Hours("Europe/Copenhagen", (Regime(None, (LINE,) * 7),)), date(2024, 10, 27)))
@example((Hours("Europe/Copenhagen", (Regime(None, (ROUND_THE_CLOCK,) * 7),)), date(2024, 3, 31)))
@example((Hours("Europe/Copenhagen", (Regime(None, (ROUND_THE_CLOCK,) * 7),)), date(2024, 10, 27)))
def test_every_minute_is_served_as_the_scan_says(case: tuple[Hours, date]) -> None:
    hours, middle = case
    first, last = middle - timedelta(days=2), middle + timedelta(days=2)
    table = compile_hours(hours, first, last)
    for minute, service in scan(hours, first, last):
        span = table.at(minute)
        assert (span.service if span else None) == service, minute


@settings(max_examples=whole_or(15, 40), deadline=None)
@given(cases())
def test_a_table_is_in_order_without_overlaps_and_its_edges_agree_with_its_answers(case: tuple[Hours, date]) -> None:
    hours, middle = case
    table = compile_hours(hours, middle - timedelta(days=5), middle + timedelta(days=5))
    nights = [span for span in table.spans if span.service is Service.NIGHT]
    for edge in (table.first, *(moment for span in table.spans for moment in (span.start, span.end))):
        for moment in (edge - MINUTE, edge, edge + MINUTE):
            found = next((span.by for span in nights if span.end > moment), OWN_GROUPS)
            assert table.by_night(moment) == found, moment
    previous = table.first
    for span in table.spans:
        assert previous <= span.start < span.end <= table.last
        assert table.at(span.start) is span
        assert table.at(span.end) is not span
        assert table.next_change(span.start) == span.end
        closes = table.closes(span.start)
        assert closes is None or table.at(closes) is None
        opened = table.opened(span.start)
        assert opened is None or table.at(opened - MINUTE / 60) is None
        opening = table.next_opening(span.start)
        assert opening is None or (table.at(opening - MINUTE / 60) is None and table.at(opening) is not None)
        previous = span.end


def test_the_shipped_kind_of_hours_agree_with_the_scan_in_both_clock_change_nights_for_many_years() -> None:
    for plan in (LINE, ROUND_THE_CLOCK):
        hours = Hours("Europe/Copenhagen", (Regime(None, (plan,) * 7),))
        for year in range(2012, 2037, 6):
            for month in (3, 10):
                sunday = max(date(year, month, day) for day in range(25, 32) if date(year, month, day).weekday() == 6)
                table = compile_hours(hours, sunday - timedelta(days=1), sunday + timedelta(days=1))
                for minute, service in scan(hours, sunday - timedelta(days=1), sunday + timedelta(days=1)):
                    span = table.at(minute)
                    assert (span.service if span else None) == service, minute
