"""A record of the last resort that comes after a call's end is no second outcome."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from ivr.app.ended import Ended
from ivr.app.engine import Engine
from ivr.core.facts import CallEnded
from ivr.core.ids import CallId
from ivr.core.news import CallArrived, CallGone, Cause, News, Surveyed, Witnessed
from ivr.core.reasons import EndedBy, Outcome
from tests.core.small_house import LINE, NOON, open_by_day, plan
from tests.fakes.clock import VirtualClock
from tests.fakes.exchange import FakeExchange
from tests.fakes.journal import FakeJournal
from tests.fakes.loop import run
from tests.fakes.vigil import no_leases

CALL, OTHER = CallId("c1"), CallId("c2")
ABANDONED = Outcome.ABANDONED


def record(call: CallId) -> Witnessed:
    end = NOON + timedelta(seconds=65)
    return Witnessed(call, LINE, NOON, Outcome.ABANDONED, 65.0, None, None, end, end)


def survey(*records: Witnessed) -> Surveyed:
    return Surveyed({}, frozenset(), {}, frozenset(), NOON, witnessed=records)


def outcomes(*late: News) -> list[tuple[CallId, Outcome]]:
    """What the log says of a caller who came and hung up, and then this was heard."""
    clock = VirtualClock(NOON)
    journal = FakeJournal(clock=clock)

    async def main() -> None:
        engine = Engine(journal, FakeExchange(clock, lambda _news: None), clock, no_leases)
        engine.recall(plan(), {LINE: open_by_day()})
        for news in (CallArrived(CALL, LINE, NOON), CallGone(CALL, Cause.NORMAL, NOON), *late):
            engine.take(news)

    run(main(), clock)
    return [(fact.call, fact.outcome) for fact in journal.disk.facts if isinstance(fact, CallEnded)]


@pytest.mark.parametrize("late", [record(CALL), survey(record(CALL))], ids=["by itself", "in a survey"])
def test_a_record_that_comes_after_the_end_ends_nothing(late: News) -> None:
    assert outcomes(late) == [(CALL, Outcome.ENDED_IN_MENU)]


@pytest.mark.parametrize("late", [record(OTHER), survey(record(CALL), record(OTHER))], ids=["by itself", "in a survey"])
def test_a_record_of_another_call_is_its_end(late: News) -> None:
    assert outcomes(late) == [(CALL, Outcome.ENDED_IN_MENU), (OTHER, Outcome.ABANDONED)]


def test_a_record_is_told_once_however_often_it_is_heard() -> None:
    assert outcomes(record(OTHER), record(OTHER), survey(record(OTHER))).count((OTHER, Outcome.ABANDONED)) == 1


def test_who_was_taken_for_gone_and_is_there_has_an_end_to_come() -> None:
    back = CallArrived(CALL, LINE, NOON)
    assert outcomes(back, replace(record(CALL), outcome=Outcome.OUTSIDE_HOURS))[-1] == (CALL, Outcome.OUTSIDE_HOURS)


def test_no_more_are_remembered_than_there_is_room_for() -> None:
    known = Ended(most=1)
    known.note(CallEnded(call, LINE, NOON, ABANDONED, EndedBy.CALLER, 1.0, None, None, NOON) for call in (CALL, OTHER))
    assert known.without(record(OTHER)) is None
    assert known.without(record(CALL)) == record(CALL), "by now the log knows"
