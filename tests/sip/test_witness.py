"""The last resort's own records, read without a telephone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from ivr.core.ids import CallId
from ivr.core.reasons import Outcome
from sip.ari.witness import listed, read

CALL, NOW = CallId("c"), datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "outcome", "waited_s", "talk_s", "volunteer"),
    [
        ("line/100//110//", Outcome.ENDED_IN_MENU, None, None, None),
        ("line/100//110/closed/", Outcome.OUTSIDE_HOURS, None, None, None),
        ("line/100/109/130//", Outcome.ABANDONED, 21.0, None, None),
        ("line/100//101/unseen/", Outcome.UNSEEN, None, None, None),
    ],
)
def test_a_record_says_how_a_call_ended(
    text: str, outcome: Outcome, waited_s: float | None, talk_s: float | None, volunteer: str | None
) -> None:
    found = read(CALL, f"{text}//", timedelta(0), NOW)
    assert found is not None
    assert (found.outcome, found.waited_s, found.talk_s, found.volunteer) == (outcome, waited_s, talk_s, volunteer)


def test_a_record_of_a_talk_says_who_answered_after_how_long_and_how_long_it_was() -> None:
    found = read(CALL, "line/100/109/180//anna/120/5", timedelta(hours=1), NOW)
    assert found is not None
    assert (found.outcome, found.volunteer, found.waited_s, found.talk_s) == (Outcome.ANSWERED, "anna", 16.0, 55.0)
    assert found.came_at == datetime.fromtimestamp(100, UTC) + timedelta(hours=1)


@pytest.mark.parametrize("text", ["", "x", "line/1", "line/a//b////", "line/1//2//An na//", "LINE/1//2////"])
def test_what_is_no_record_is_none(text: str) -> None:
    assert read(CALL, text, timedelta(0), NOW) is None


def test_records_are_found_among_all_global_variables_in_the_order_of_their_ends() -> None:
    text = "   VL_BEAT=5\n   VL_W_10.2=line/1//9////\n   VL_W_10.3=\n   VL_W_10.1=line/1//4////\n\n    -- 4 variables\n"
    assert list(listed(text)) == ["10.1", "10.2"]
