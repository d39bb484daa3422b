"""What the opening hours mean, case by case. The law over all cases is in `test_hours_scan.py`."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from ivr.core.hours import (
    DayException,
    DayPlan,
    Holiday,
    Hours,
    Opening,
    Regime,
    Service,
    Timetable,
    compile_hours,
    rule_on,
    wall_to_utc,
)

TZ = "Europe/Copenhagen"
COPENHAGEN = ZoneInfo(TZ)


def opening(text: str) -> Opening:
    start, end = (int(part[:2]) * 60 + int(part[3:]) for part in text.split("-"))
    return Opening(start, end if end > start else end + 24 * 60)


def plan(*openings: str, night: str | None = None) -> DayPlan:
    return DayPlan(tuple(opening(text) for text in openings), opening(night) if night else None)


def weekly(*days: DayPlan, valid_from: date | None = None) -> Regime:
    return Regime(valid_from, days * 7 if len(days) == 1 else days)


LINE = Hours(TZ, (weekly(plan("06:00-02:00", night="23:00-02:00"), valid_from=date(2019, 2, 1)),))
ALWAYS_LINE = replace(LINE, regimes=(replace(LINE.regimes[0], valid_from=None),))


def local(text: str, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=COPENHAGEN, fold=fold).astimezone(UTC)


def around(hours: Hours, text: str) -> Timetable:
    day = date.fromisoformat(text[:10])
    return compile_hours(hours, day - timedelta(days=3), day + timedelta(days=20))


def is_open(hours: Hours, text: str, fold: int = 0) -> bool:
    return around(hours, text).at(local(text, fold)) is not None


def test_a_service_day_owns_what_it_spills_past_midnight() -> None:
    friday_only = Hours(TZ, (weekly(*[plan()] * 4, plan("11:00-02:00"), plan(), plan()),))
    assert is_open(friday_only, "2024-05-03T11:00")
    assert is_open(friday_only, "2024-05-04T01:59:59")
    assert not is_open(friday_only, "2024-05-04T02:00")
    assert not is_open(friday_only, "2024-05-03T01:00"), "Thursday is closed, so nothing spills into Friday"


def test_openings_are_half_open() -> None:
    assert not is_open(LINE, "2024-05-03T05:59:59.999999")
    assert is_open(LINE, "2024-05-03T06:00")
    assert not is_open(LINE, "2024-05-03T02:00")


def test_the_night_line_answers_from_23_and_the_day_service_before() -> None:
    table = around(LINE, "2024-05-03")
    services = [(table.at(local(f"2024-05-0{text}")) or pytest.fail(text)).service for text in ("3T22:59", "3T23:00")]
    assert services == [Service.DAY, Service.NIGHT]
    after_midnight = table.at(local("2024-05-04T01:59"))
    assert after_midnight is not None
    assert after_midnight.service is Service.NIGHT


def test_the_night_is_cut_out_of_a_line_that_never_closes() -> None:
    always = Hours(TZ, (weekly(plan("00:00-24:00", night="23:00-06:00")),))
    table = around(always, "2024-05-03")
    spans = [(span.start, span.end, span.service) for span in table.spans if span.start.date() == date(2024, 5, 3)]
    assert spans == [
        (local("2024-05-03T06:00"), local("2024-05-03T23:00"), Service.DAY),
        (local("2024-05-03T23:00"), local("2024-05-04T06:00"), Service.NIGHT),
    ]
    assert table.closes(local("2024-05-03T12:00")) is None
    assert table.next_opening(local("2024-05-03T12:00")) is None


def test_a_line_that_never_closes_by_one_rule_is_one_span() -> None:
    always = Hours(TZ, (weekly(plan("00:00-24:00")),))
    table = compile_hours(always, date(2024, 1, 1), date(2026, 1, 1))
    assert [(span.start, span.end) for span in table.spans] == [(table.first, table.last)]
    assert table.opened(local("2025-01-01T00:00")) is None, "since before the table begins"


def test_services_that_follow_each_other_are_one_opening() -> None:
    table = around(LINE, "2024-05-03")
    for text in ("2024-05-03T06:00", "2024-05-03T23:00", "2024-05-04T01:30"):
        assert table.opened(local(text)) == local("2024-05-03T06:00")
        assert table.closes(local(text)) == local("2024-05-04T02:00")
        assert table.next_opening(local(text)) == local("2024-05-04T06:00")
    assert table.next_change(local("2024-05-03T12:00")) == local("2024-05-03T23:00")
    assert table.opened(local("2024-05-04T02:00")) is None
    assert table.closes(local("2024-05-04T02:00")) is None
    assert table.next_opening(local("2024-05-04T02:00")) == local("2024-05-04T06:00")
    assert table.next_opening(local("2024-05-04T06:00")) == local("2024-05-05T06:00")


def test_the_latest_regime_not_after_the_service_day_wins() -> None:
    hours = Hours(
        TZ,
        (  # not in order: the order of writing says nothing
            weekly(plan("09:00-02:00"), valid_from=date(2018, 9, 1)),
            weekly(plan("06:00-02:00"), valid_from=date(2019, 2, 1)),
            weekly(plan("12:00-21:00")),
        ),
    )
    assert is_open(hours, "2019-02-01T01:59"), "Thursday 31 January still ends at 02:00"
    assert not is_open(hours, "2019-02-01T02:00")
    assert is_open(hours, "2019-02-01T06:00"), "Friday opens by the new rule"
    assert not is_open(hours, "2019-01-31T08:59")
    assert not is_open(hours, "2018-09-01T01:00"), "before, the evening ended at 21:00"
    assert rule_on(hours, date(2018, 8, 31)) == "every day 12:00-21:00 (before 2018-09-01)"
    assert rule_on(hours, date(2019, 1, 31)) == "every day 09:00-02:00 (from 2018-09-01)"


def test_an_exception_replaces_its_own_service_day_and_no_other() -> None:
    hours = replace(LINE, exceptions=(DayException(date(2026, 12, 24), plan("10:00-14:00"), "Juleaften"),))
    assert is_open(hours, "2026-12-24T01:59"), "the 23rd owns its spill"
    assert not is_open(hours, "2026-12-24T09:59")
    assert is_open(hours, "2026-12-24T10:00")
    assert not is_open(hours, "2026-12-24T14:00")
    assert not is_open(hours, "2026-12-25T01:00"), "the 24th no longer spills"
    assert is_open(hours, "2026-12-25T06:00")
    span = around(hours, "2026-12-24").at(local("2026-12-24T12:00"))
    assert span is not None
    assert span.rule == "exception 2026-12-24 10:00-14:00: Juleaften"


def test_an_exception_goes_before_a_holiday_and_a_holiday_before_the_week() -> None:
    day = date(2026, 4, 3)
    holiday = replace(LINE, holidays=(Holiday(day, plan(), "Langfredag"),))
    assert rule_on(holiday, day) == "holiday 2026-04-03 closed: Langfredag"
    assert not is_open(holiday, "2026-04-03T12:00")
    both = replace(holiday, exceptions=(DayException(day, plan("12:00-13:00"), "vi holder vagt"),))
    assert rule_on(both, day) == "exception 2026-04-03 12:00-13:00: vi holder vagt"
    assert is_open(both, "2026-04-03T12:00")


@pytest.mark.parametrize("year", range(1996, 2038))
def test_in_spring_the_line_closes_at_the_jump(year: int) -> None:
    sunday = max(date(year, 3, day) for day in range(25, 32) if date(year, 3, day).weekday() == 6)
    table = compile_hours(
        ALWAYS_LINE,
        sunday - timedelta(2),
        sunday + timedelta(2),
    )
    jump = datetime(year, 3, sunday.day, 1, tzinfo=UTC)
    assert table.at(jump - timedelta(seconds=1)) is not None
    assert table.at(jump) is None
    assert table.next_opening(jump) == jump + timedelta(hours=3), "02 to 06 is three hours in that night"


@pytest.mark.parametrize("year", range(1996, 2038))
def test_in_autumn_the_line_closes_at_the_first_02_00(year: int) -> None:
    sunday = max(date(year, 10, day) for day in range(25, 32) if date(year, 10, day).weekday() == 6)
    table = compile_hours(
        ALWAYS_LINE,
        sunday - timedelta(2),
        sunday + timedelta(2),
    )
    first_two = datetime(year, 10, sunday.day, 0, tzinfo=UTC)
    assert table.at(first_two - timedelta(seconds=1)) is not None
    assert table.at(first_two) is None
    assert table.next_opening(first_two) == first_two + timedelta(hours=5), "02 to 06 is five hours in that night"


def test_easter_sunday_and_the_clock_change_on_one_day() -> None:
    closed = replace(LINE, exceptions=(DayException(date(2024, 3, 31), plan("02:30-12:00"), "Påskedag"),))
    jump = datetime(2024, 3, 31, 1, tzinfo=UTC)
    table = around(closed, "2024-03-31")
    assert table.closes(jump - timedelta(minutes=1)) == local("2024-03-31T12:00"), "Saturday ends where Sunday begins"
    span = table.at(jump)
    assert span is not None
    assert span.start == jump, "02:30 does not exist that night: the jump"


def test_a_day_that_opens_in_the_hour_that_comes_twice_opens_the_first_time() -> None:
    hours = Hours(TZ, (weekly(plan("02:15-02:45")),))
    assert is_open(hours, "2024-10-27T02:15", fold=0)
    assert not is_open(hours, "2024-10-27T02:15", fold=1)
    assert not is_open(hours, "2024-10-27T02:45", fold=0)


def test_overlapping_service_days_are_open_once_and_the_earlier_owns_its_spill() -> None:
    hours = Hours(TZ, (weekly(*[plan("20:00-10:00"), plan("08:00-12:00")] * 3, plan()),))
    table = around(hours, "2024-05-06")
    tuesday = [span for span in table.spans if local("2024-05-06T20:00") <= span.start < local("2024-05-07T13:00")]
    assert [(span.start, span.end) for span in tuesday] == [
        (local("2024-05-06T20:00"), local("2024-05-07T10:00")),
        (local("2024-05-07T10:00"), local("2024-05-07T12:00")),
    ]
    assert tuesday[1].rule == "Tuesday 08:00-12:00"


def test_hours_nobody_wrote_never_open() -> None:
    table = compile_hours(Hours(TZ), date(2024, 1, 1), date(2024, 2, 1))
    assert table.spans == ()
    assert table.at(table.first) is None
    assert table.next_opening(table.first) is None
    assert rule_on(Hours(TZ), date(2024, 1, 1)) == "closed: no opening hours are known for this day"


def test_the_rule_names_the_run_of_days_that_share_it() -> None:
    week = weekly(*[plan("12:00-21:00")] * 4, plan("12:00-19:00"), plan(), plan("08:00-12:00", "14:00-18:00"))
    words = [rule_on(Hours(TZ, (week,)), date(2024, 5, day)) for day in (6, 10, 11, 12)]
    assert words == [
        "Monday to Thursday 12:00-21:00",
        "Friday 12:00-19:00",
        "Saturday closed",
        "Sunday 08:00-12:00 and 14:00-18:00",
    ]


def test_wall_clock_times_outside_the_clock_changes_are_themselves() -> None:
    assert wall_to_utc(date(2024, 1, 1), 60, COPENHAGEN) == datetime(2024, 1, 1, 0, tzinfo=UTC)
    assert wall_to_utc(date(2024, 7, 1), 24 * 60, COPENHAGEN) == datetime(2024, 7, 1, 22, tzinfo=UTC)
