"""The answer of `ivr hours`: open? since when, until when, when next, and why."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from ivr.callflow import load_plan
from ivr.callflow.standing import Standing, coming_spans, moment_of, standing
from ivr.core.hours import DayPlan, Hours, Opening, Regime, Service
from ivr.core.ids import LineId
from ivr.core.state import Override
from tests.callflow.conftest import SHIPPED

TZ = "Europe/Copenhagen"
HOURS = load_plan(SHIPPED).lines[LineId("bornetelefonen")].hours
RULE = "every day 06:00-02:00 (from 2019-02-01)"


def at(text: str) -> datetime:
    return moment_of(text, TZ)


def test_an_open_line_says_since_when_and_until_when_across_the_night() -> None:
    assert standing(HOURS, at("2026-06-01T23:30")) == Standing(
        True, at("2026-06-01T06:00"), at("2026-06-02T02:00"), at("2026-06-02T06:00"), Service.NIGHT, RULE
    )


def test_a_closed_line_says_when_it_opens_and_by_which_rule() -> None:
    assert standing(HOURS, at("2026-06-01T03:00")) == Standing(False, None, None, at("2026-06-01T06:00"), None, RULE)


def test_the_rule_of_a_closed_sunday_is_the_sundays() -> None:
    answer = standing(HOURS, at("2012-04-15T14:00"))
    assert (answer.open, answer.rule) == (False, "Sunday closed (from 2012-04-14)")
    assert answer.next_opening == at("2012-04-16T11:00")


def test_a_line_round_the_clock_has_no_end() -> None:
    always = Hours(TZ, (Regime(date(2021, 11, 1), (DayPlan((Opening(0, 1440),)),) * 7),))
    answer = standing(always, at("2026-06-01T03:00"))
    assert (answer.open, answer.opens, answer.closes, answer.next_opening) == (True, None, None, None)
    assert standing(always, at("2021-11-01T03:00")).opens == at("2021-11-01T00:00")


def test_a_line_closed_by_hand_opens_by_the_hours_when_that_ends() -> None:
    until_noon = Override(open=False, until=at("2026-06-01T12:00"), reason="strømsvigt")
    assert standing(HOURS, at("2026-06-01T10:00"), until_noon) == Standing(
        False, None, None, at("2026-06-01T12:00"), None, "closed by hand: strømsvigt"
    )
    until_night = Override(open=False, until=at("2026-06-02T03:00"), reason="strømsvigt")
    assert standing(HOURS, at("2026-06-01T10:00"), until_night).next_opening == at("2026-06-02T06:00")
    for_good = Override(open=False, until=None, reason="strømsvigt")
    assert standing(HOURS, at("2026-06-01T10:00"), for_good).next_opening is None


def test_a_line_opened_by_hand_closes_by_the_hours_or_at_its_end() -> None:
    until_four = Override(open=True, until=at("2026-06-01T04:00"), reason="storm")
    answer = standing(HOURS, at("2026-06-01T03:00"), until_four)
    assert (answer.open, answer.closes, answer.next_opening) == (
        True,
        at("2026-06-01T04:00"),
        at("2026-06-01T06:00"),
    )
    until_seven = Override(open=True, until=at("2026-06-01T07:00"), reason="storm")
    assert standing(HOURS, at("2026-06-01T03:00"), until_seven).closes == at("2026-06-02T02:00")


def test_an_override_that_has_ended_says_nothing() -> None:
    ended = Override(open=False, until=at("2026-06-01T09:00"), reason="strømsvigt")
    assert standing(HOURS, at("2026-06-01T09:00"), ended).open


def test_the_coming_spans_begin_with_the_one_that_is_on() -> None:
    spans = coming_spans(HOURS, at("2026-06-01T23:30"), 1)
    assert [(span.start, span.service) for span in spans] == [
        (at("2026-06-01T23:00"), Service.NIGHT),
        (at("2026-06-02T06:00"), Service.DAY),
        (at("2026-06-02T23:00"), Service.NIGHT),
    ]


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2026-06-01T12:00", datetime(2026, 6, 1, 10, tzinfo=UTC)),
        ("2026-06-01T12:00Z", datetime(2026, 6, 1, 12, tzinfo=UTC)),
        ("2026-06-01T12:00+09:00", datetime(2026, 6, 1, 3, tzinfo=UTC)),
        ("2026-06-01", datetime(2026, 5, 31, 22, tzinfo=UTC)),
        ("2024-10-27T02:30:15", datetime(2024, 10, 27, 0, 30, 15, tzinfo=UTC)),
        ("2024-10-27T02:30+01:00", datetime(2024, 10, 27, 1, 30, tzinfo=UTC)),
        ("2024-03-31T02:30:15", datetime(2024, 3, 31, 1, tzinfo=UTC)),
    ],
)
def test_a_moment_without_offset_is_local_and_the_first_of_two(text: str, utc: datetime) -> None:
    assert moment_of(text, TZ) == utc


@pytest.mark.parametrize(
    "text", ["", "now", "2026-13-01", "24/12/2026", "0001-01-01", "9999-12-31T23:59", "2026-06-01T25:00"]
)
def test_what_is_no_moment_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(ValueError, match=r"write it as 2026|only the years"):
        moment_of(text, TZ)
