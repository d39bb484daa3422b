"""Public holidays by their Danish names: the right days, and only the ones that are named."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from ivr.callflow import load_plan
from ivr.callflow.holidays import days_of
from ivr.core.hours import compile_hours, rule_on
from ivr.core.ids import LineId
from tests.callflow.conftest import Change

FT = "foraeldretelefonen.yaml"


def on(year: int, name: str) -> list[date]:
    return [day for day in days_of(name) if day.year == year]


@pytest.mark.parametrize(
    ("day", "name"),
    [  # of 2024, the first year without Store bededag, from Easter Sunday on 31 March
        (date(2024, 1, 1), "Nytårsdag"),
        (date(2024, 3, 28), "Skærtorsdag"),
        (date(2024, 3, 29), "Langfredag"),
        (date(2024, 3, 31), "Påskedag"),
        (date(2024, 4, 1), "Anden påskedag"),
        (date(2024, 5, 9), "Kristi himmelfartsdag"),
        (date(2024, 5, 19), "Pinsedag"),
        (date(2024, 5, 20), "2. pinsedag"),
        (date(2024, 12, 25), "Juledag"),
        (date(2024, 12, 26), "2. juledag"),
    ],
)
def test_each_statutory_holiday_falls_on_its_day(day: date, name: str) -> None:
    assert on(2024, name) == [day]
    assert day in on(2024, "all")


def test_all_are_the_ten_statutory_ones_and_store_bededag_until_2023() -> None:
    assert len(on(2024, "all")) == 10
    assert len(on(2023, "all")) == 11
    assert on(2023, "Store bededag") == [date(2023, 5, 5)]
    assert on(2024, "Store bededag") == []


@pytest.mark.parametrize(
    ("day", "names"),
    [
        (date(2026, 12, 24), ("Juleaftensdag", "Juleaften", "24. december")),
        (date(2026, 12, 31), ("Nytårsaften", "Nytårsaftensdag", "31. december")),
        (date(2026, 5, 1), ("Arbejdernes kampdag", "1. maj")),
        (date(2026, 6, 5), ("Grundlovsdag", "5. juni")),
    ],
)
def test_the_four_that_are_not_statutory_are_choices_of_their_own(day: date, names: tuple[str, ...]) -> None:
    assert day not in on(2026, "all")
    for name in names:
        assert on(2026, name) == [day]


def test_a_line_that_closes_on_holidays_does_and_the_other_line_does_not(folder: Path, change: Change) -> None:
    rows = "  holidays:\n    - days: all\n      hours: closed\n    - days: [1. maj]\n      hours: 10:00-12:00\n"
    change(FT, "\nstart:", f"{rows}\nstart:")
    plan = load_plan(folder)
    zone = ZoneInfo("Europe/Copenhagen")
    noon, may = (datetime(2026, *day, 11, 59, tzinfo=zone).astimezone(UTC) for day in ((12, 25), (5, 1)))
    tables = {line.id: compile_hours(line.hours, date(2026, 1, 1), date(2027, 1, 1)) for line in plan.lines.values()}
    foraeldre, borne = tables[LineId("foraeldretelefonen")], tables[LineId("bornetelefonen")]
    assert foraeldre.at(noon) is None
    assert borne.at(noon) is not None
    span = foraeldre.at(may)
    assert span is not None
    assert span.end == datetime(2026, 5, 1, 12, tzinfo=zone)
    hours = plan.lines[LineId("foraeldretelefonen")].hours
    assert rule_on(hours, date(2026, 12, 25)) == "holiday 2026-12-25 closed: Juledag"


def test_an_exception_goes_before_a_holiday_and_the_night_before_spills_into_it(folder: Path, change: Change) -> None:
    rows = "  holidays:\n    - days: all\n      hours: closed\n"
    rows += "  exceptions:\n    - date: 2026-12-26\n      hours: 08:00-09:00\n      reason: prøve\n"
    change(FT, "\nstart:", f"{rows}\nstart:")
    line = load_plan(folder).lines[LineId("foraeldretelefonen")]
    table = compile_hours(line.hours, date(2026, 12, 20), date(2026, 12, 30))
    zone = ZoneInfo("Europe/Copenhagen")
    assert table.at(datetime(2026, 12, 26, 8, 30, tzinfo=zone)) is not None
    assert table.at(datetime(2026, 12, 26, 10, tzinfo=zone)) is None
    assert table.at(datetime(2026, 12, 25, 1, tzinfo=zone)) is not None, "the night of the 24th ends at 02:00"
    assert table.at(datetime(2026, 12, 25, 2, tzinfo=zone)) is None


def test_of_two_holidays_on_one_day_the_one_written_first_holds(folder: Path, change: Change) -> None:
    rows = "    - days: 1. maj\n      hours: 10:00-12:00\n    - days: Kristi himmelfartsdag\n      hours: closed\n"
    change(FT, "\nstart:", f"  holidays:\n{rows}\nstart:")
    hours = load_plan(folder).lines[LineId("foraeldretelefonen")].hours
    assert rule_on(hours, date(2008, 5, 1)).endswith("10:00-12:00: Arbejdernes kampdag"), "both fall on 1 May 2008"
