"""Nights that differ: by day of the week, on holidays and single days, and in who answers them."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from ivr.callflow import CallflowError, load_plan
from ivr.callflow.standing import standing
from ivr.cli.prepare import lines_of
from ivr.core.hours import OtherGroups, OtherLine, OwnGroups, Service, Span, Timetable, compile_hours
from ivr.core.ids import GroupId, LineId
from tests.callflow.conftest import Change

BT, FT = LineId("bornetelefonen"), LineId("foraeldretelefonen")
ZONE = ZoneInfo("Europe/Copenhagen")
MONDAY = date(2026, 6, 1)
NIGHT = "  night: 23:00-02:00\n  # Who that is"
BY = "\n  night_by: groups\n"


def table(folder: Path, line: LineId = BT) -> Timetable:
    hours = load_plan(folder).lines[line].hours
    return compile_hours(hours, MONDAY - timedelta(days=2), MONDAY + timedelta(days=300))


def at(times: Timetable, weekday: int, hour: int, minute: int = 30) -> Span | None:
    """An hour over 24 is the next day's."""
    moment = datetime(MONDAY.year, MONDAY.month, MONDAY.day, hour % 24, minute, tzinfo=ZONE)
    return times.at(moment + timedelta(days=weekday + hour // 24))


def test_a_night_begins_when_its_day_says(folder: Path, change: Change) -> None:
    change("bornetelefonen.yaml", NIGHT, "  night: {mon-thu: 23:00-02:00, fri-sun: 22:00-02:00}\n  # Who")
    times = table(folder)
    for weekday in range(7):
        late = at(times, weekday, 22)
        assert late is not None
        assert late.service is (Service.NIGHT if weekday >= 4 else Service.DAY)
        assert (night := at(times, weekday, 25)) is not None
        assert night.service is Service.NIGHT


def test_a_night_may_be_closed_or_answered_by_another_line(folder: Path, change: Change) -> None:
    change("bornetelefonen.yaml", BY, "\n  night_by: {mon: closed, tue: {line: foraeldretelefonen}, wed-sun: groups}\n")
    times = table(folder)
    assert at(times, 0, 23) is None
    assert at(times, 0, 25) is None
    assert at(times, 0, 22) is not None
    tuesday, wednesday = at(times, 1, 25), at(times, 2, 23)
    assert tuesday is not None
    assert tuesday.by == OtherLine(FT)
    assert wednesday is not None
    assert wednesday.by == OwnGroups()


def test_an_exception_and_a_row_of_the_table_have_nights_of_their_own(folder: Path, change: Change) -> None:
    exception = (
        "  exceptions:\n    - date: 2026-06-03\n      hours: 06:00-02:00\n      night_by: closed\n      reason: test\n"
    )
    change("bornetelefonen.yaml", "    - valid_from: 2019-02-01\n", "    - valid_from: 2019-02-01\n      night: none\n")
    change("bornetelefonen.yaml", "\n  # Public holidays.", f"\n{exception}\n  # Public holidays.")
    times = table(folder)
    assert (monday := at(times, 0, 25)) is not None
    assert monday.service is Service.DAY
    assert at(times, 2, 25) is None, "the exception's night is that of the hours, and closed"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (BY, "\n  night_by: {line: foraeldretelefone}\n", "no line `foraeldretelefone`"),
        (BY, "\n  night_by: {line: bornetelefonen}\n", "does not answer its own nights"),
        (BY, "\n  night_by: {groups: [natlinje]}\n", "no group `natlinje`"),
        (BY, "\n  night_by: group\n", "`groups`"),
        (BY, "\n  night_by: {monday: closed}\n", "no day of the week"),
        (NIGHT, "  night: {mon-thu: 23:00-02:00, thu: none}\n  # Who", "thu is named a second time"),
    ],
)
def test_mistakes_have_their_place(folder: Path, change: Change, old: str, new: str, said: str) -> None:
    change("bornetelefonen.yaml", old, new)
    with pytest.raises(CallflowError, match=said) as found:
        load_plan(folder)
    assert "bornetelefonen.yaml:" in str(found.value)


def test_single_nights_are_answered_by_other_groups_such_as_a_partners(folder: Path, change: Change) -> None:
    change("bornetelefonen.yaml", BY, "\n  night_by: {mon: {groups: [dag, nat]}, tue-sun: groups}\n")
    times = table(folder)
    assert (monday := at(times, 0, 23)) is not None
    assert monday.by == OtherGroups((GroupId("dag"), GroupId("nat")))
    assert (tuesday := at(times, 1, 23)) is not None
    assert tuesday.by == OwnGroups()
    assert lines_of(load_plan(folder), GroupId("dag"), None) == (BT, FT)


def test_hours_and_the_last_resort_know_whose_night_it_is(folder: Path, change: Change) -> None:
    change("bornetelefonen.yaml", BY, "\n  night_by: {line: foraeldretelefonen}\n")
    change("bornetelefonen.yaml", "  day: [dag]\n  night: [nat]\n", "  day: [dag]\n")
    plan = load_plan(folder)
    answer = standing(plan.lines[BT].hours, datetime(2026, 6, 1, 23, 30, tzinfo=ZONE))
    assert (answer.service, answer.by_line) == (Service.NIGHT, FT)
    assert lines_of(plan, GroupId("nat"), None) == (BT, FT)
