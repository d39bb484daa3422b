"""The missed-call report against a count that knows nothing of it, and on the night with two hours from 2 to 3."""

from __future__ import annotations

import asyncio
import csv
import io
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ivr.app.ports import Entry
from ivr.core.facts import CallEnded
from ivr.core.ids import CallId, LineId
from ivr.core.reasons import EndedBy, Outcome
from ivr.reports.missed import Days, Missed, missed
from ivr.reports.show_missed import DANISH, as_csv, as_json, as_table
from ivr.store.journal import SqliteJournal
from ivr.store.reader import Reader

COPENHAGEN = ZoneInfo("Europe/Copenhagen")
CHILDREN, PARENTS = LineId("bornetelefonen"), LineId("foraeldretelefonen")
AUTUMN = date(2026, 10, 25)
SPRING = date(2026, 3, 29)


@dataclass(frozen=True, slots=True)
class Tally:
    line: LineId
    hour: datetime
    outcome: Outcome
    queued: bool
    calls: int


def tally(line: LineId, hour: datetime, outcome: Outcome, calls: int = 1, queued: bool = False) -> Tally:
    return Tally(line, hour, outcome, queued, calls)


def autumn(utc_hour: int) -> datetime:
    return datetime(2026, 10, 25, utc_hour, tzinfo=UTC)


def report(*tallies: Tally, line: LineId | None = None, day: date = AUTUMN) -> Missed:
    return missed(Days(day, day), line, [CHILDREN], tallies)


# ---------------------------------------------------------------- the numbers


def test_every_reason_is_counted_and_the_rates_are_those_of_the_field() -> None:
    many = [
        tally(CHILDREN, autumn(10), outcome, calls)
        for calls, outcome in enumerate(sorted(Outcome, key=lambda outcome: outcome.value), start=1)
    ]
    total = report(*many).total
    numbers = {each.outcome: each.calls for each in many}
    assert {outcome: total.of(outcome) for outcome in Outcome} == numbers
    assert total.offered == sum(numbers.values()) == 66
    assert total.missed == 66 - numbers[Outcome.ANSWERED] - numbers[Outcome.HANDED_OVER]
    assert total.in_hours == 66 - numbers[Outcome.OUTSIDE_HOURS]
    assert total.answer_rate == numbers[Outcome.ANSWERED] / total.in_hours
    assert total.total_reach == numbers[Outcome.ANSWERED] / 66


def test_no_calls_is_no_calls_and_never_a_hundred_per_cent() -> None:
    nothing = report()
    assert (nothing.total.answer_rate, nothing.total.total_reach) == (None, None)
    assert "ingen opkald" in as_table(nothing)
    assert "%" not in as_table(nothing)
    told = as_json(nothing)
    assert isinstance(told["total"], dict)
    assert (told["total"]["answer_rate"], told["total"]["offered"]) == (None, 0)
    assert all(row["answer_rate"] == row["total_reach"] == "" for row in csv.DictReader(io.StringIO(as_csv(nothing))))


def test_with_calls_outside_hours_only_there_is_a_reach_and_no_answer_rate() -> None:
    total = report(tally(CHILDREN, autumn(2), Outcome.OUTSIDE_HOURS, 3)).total
    assert (total.answer_rate, total.total_reach) == (None, 0.0)


def test_the_hour_that_comes_twice_in_october_is_two_rows() -> None:
    found = report(tally(CHILDREN, autumn(0), Outcome.ABANDONED, 2), tally(CHILDREN, autumn(1), Outcome.ANSWERED, 5))
    assert len(found.hours) == 25
    twice = [row for row in found.hours if row.start.hour == 2]
    assert [(row.start.isoformat(), row.counts.offered) for row in twice] == [
        ("2026-10-25T02:00:00+02:00", 2),
        ("2026-10-25T02:00:00+01:00", 5),
    ]
    table = as_table(found)
    assert "25.10.2026 kl. 02-03 (+0200)" in table
    assert "25.10.2026 kl. 02-03 (+0100)" in table
    ends = [row["end"] for row in csv.DictReader(io.StringIO(as_csv(found))) if row["start"][11:13] == "02"]
    assert ends == ["2026-10-25T02:00:00+01:00", "2026-10-25T03:00:00+01:00"]


def test_the_hour_that_march_skips_is_no_row() -> None:
    found = report(day=SPRING)
    assert [row.start.hour for row in found.hours] == [0, 1, *range(3, 24)]


def test_days_are_danish_and_both_are_included() -> None:
    days = Days(date(2026, 3, 28), date(2026, 3, 29))
    assert days.start == datetime(2026, 3, 27, 23, tzinfo=UTC)
    assert days.end == datetime(2026, 3, 29, 22, tzinfo=UTC)
    before, last = datetime(2026, 3, 27, 22, tzinfo=UTC), datetime(2026, 3, 29, 21, tzinfo=UTC)
    found = missed(
        days, None, [], [tally(CHILDREN, hour, Outcome.LOST) for hour in (before, days.start, last, days.end)]
    )
    assert found.total.offered == 2


def test_a_line_without_calls_is_named_and_another_line_is_left_out_when_one_is_asked_for() -> None:
    both = missed(Days(AUTUMN, AUTUMN), None, [CHILDREN, PARENTS], [tally(PARENTS, autumn(5), Outcome.FAILED)])
    assert [(row.line, row.counts.offered) for row in both.lines] == [(CHILDREN, 0), (PARENTS, 1)]
    assert "Alle linjer" in as_table(both)
    one = report(tally(PARENTS, autumn(5), Outcome.FAILED), tally(CHILDREN, autumn(5), Outcome.LOST), line=PARENTS)
    assert [(row.line, row.counts.offered) for row in one.lines] == [(PARENTS, 1)]
    assert one.total.lost == 0


@pytest.mark.parametrize(
    ("first", "last", "sentence"),
    [
        (date(2026, 3, 2), date(2026, 3, 1), "before the first"),
        (date(2020, 1, 1), date(2026, 1, 1), "more than 400 days"),
        (date(1, 1, 1), date(1, 1, 2), "between 1990"),
        (date.max, date.max, "between 1990"),
    ],
)
def test_days_that_cannot_be_are_refused_with_a_sentence(first: date, last: date, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        Days(first, last)


# ---------------------------------------------------------------- how it is shown


def test_the_report_states_its_interval_rule_in_every_form() -> None:
    found = report(tally(CHILDREN, autumn(10), Outcome.ANSWERED))
    assert "half-open" in str(as_json(found)["interval_rule"])
    assert "til men ikke med slut" in as_table(found)
    assert {row["counted_by"] for row in csv.DictReader(io.StringIO(as_csv(found)))} == {"arrival"}


def test_the_table_is_danish_and_names_each_reason_that_occurred() -> None:
    found = report(tally(CHILDREN, autumn(10), Outcome.ANSWERED, 3), tally(CHILDREN, autumn(11), Outcome.ABANDONED, 1))
    table = as_table(found)
    assert DANISH[Outcome.ABANDONED] in table
    assert DANISH[Outcome.LOST] not in table
    assert "Svarprocent i åbningstiden: 75,0 %" in table
    assert "Timer uden opkald er udeladt." in table
    assert set(DANISH) == set(Outcome)
    assert max(map(len, table.splitlines())) <= 110


def test_the_rows_of_the_csv_add_up_to_its_sums() -> None:
    found = missed(
        Days(AUTUMN, AUTUMN),
        None,
        [],
        [
            tally(CHILDREN, autumn(10), Outcome.ANSWERED, 3, queued=True),
            tally(PARENTS, autumn(11), Outcome.ABANDONED, 2, queued=True),
            tally(PARENTS, autumn(12), Outcome.OUTSIDE_HOURS, 4),
        ],
    )
    rows = list(csv.DictReader(io.StringIO(as_csv(found))))
    for number in ("offered", "queued", "answered", "outside_hours", "missed"):
        sums = {kind: sum(int(row[number]) for row in rows if row["row"] == kind) for kind in ("total", "line", "hour")}
        assert len(set(sums.values())) == 1, (number, sums)
    assert rows[0]["offered"] == "9"


def test_the_json_is_json_and_defines_what_it_counts() -> None:
    told = json.loads(json.dumps(as_json(report(tally(CHILDREN, autumn(10), Outcome.ANSWERED)))))
    numbers = told["total"].keys()
    assert numbers <= told["definitions"].keys()
    assert told["lines"][0].keys() == {"line", *numbers}
    assert told["hours"][0].keys() == {"line", "start", "end", *numbers}
    assert (told["start"], told["end"]) == ("2026-10-25T00:00:00+02:00", "2026-10-26T00:00:00+01:00")


# ---------------------------------------------------------------- against a count of its own

MOMENTS = st.datetimes(datetime(2026, 10, 24, 20), datetime(2026, 10, 26, 3), timezones=st.just(UTC))  # noqa: DTZ001
CALLS = st.lists(
    st.tuples(MOMENTS, st.sampled_from([CHILDREN, PARENTS]), st.sampled_from(list(Outcome)), st.booleans()), max_size=60
)


@settings(max_examples=25, deadline=None)
@given(CALLS)
def test_the_numbers_are_those_of_an_independent_count(
    calls: Sequence[tuple[datetime, LineId, Outcome, bool]],
) -> None:
    with TemporaryDirectory() as folder:
        found = _through_the_store(Path(folder), calls)
    expected: Counter[tuple[str, str, str]] = Counter()
    for arrived, line, outcome, queued in calls:
        local = arrived.astimezone(COPENHAGEN)
        if local.date() == AUTUMN:
            hour = local.replace(minute=0, second=0, microsecond=0).isoformat()
            for number in (outcome.value, "offered", *(["queued"] if queued else [])):
                expected[line, hour, number] += 1
    counted = {
        (row.line, row.start.isoformat(), number): getattr(row.counts, number)
        for row in found.hours
        for number in ("offered", "queued", *Outcome)
        if getattr(row.counts, number)
    }
    assert counted == dict(expected)
    assert found.total.offered == sum(n for (_, _, number), n in expected.items() if number == "offered")
    for row in found.lines:
        mine = {number: n for (line, _, number), n in expected.items() if line == row.line and number == "answered"}
        assert (row.counts.answered > 0) == bool(mine)


def _through_the_store(folder: Path, calls: Sequence[tuple[datetime, LineId, Outcome, bool]]) -> Missed:
    facts = tuple(
        CallEnded(
            CallId(f"{number:020x}"),
            line,
            arrived,
            outcome,
            EndedBy.CALLER,
            1.5 if queued else None,
            None,
            None,
            arrived + timedelta(hours=5),
        )
        for number, (arrived, line, outcome, queued) in enumerate(calls)
    )

    async def keep() -> None:
        await journal.keep(Entry({}, {}, {}, facts, ()))

    journal = SqliteJournal(folder / "voiceline.db")
    try:
        asyncio.run(keep())
    finally:
        journal.close()
    reader = Reader(folder / "voiceline.db")
    try:
        days = Days(AUTUMN, AUTUMN)
        return missed(days, None, reader.lines(), reader.tallies(days.start, days.end))
    finally:
        reader.close()
