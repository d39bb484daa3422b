"""Facts folded into call records, as scripts rely on them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from ivr.core.facts import (
    CallAnswered,
    CallEnded,
    CallJoined,
    CallQueued,
    CallStarted,
    Fact,
    LineUp,
    RingEnded,
    RingStarted,
    StepEntered,
)
from ivr.core.ids import CallId, LineId, RingId, StepName, VolunteerId
from ivr.core.reasons import EndedBy, Heard, Outcome, RingResult
from ivr.reports.calls import as_json, call_records

LINE, ANNA, BO = LineId("bornetelefonen"), VolunteerId("anna"), VolunteerId("bo")
AT = datetime(2026, 3, 1, 18, 0, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return AT + timedelta(seconds=seconds)


def answered(call: CallId, since: float = 0) -> list[Fact]:
    """Anna does not pick up, Bo does; they talk for a minute."""
    rings = RingId(f"{call}-r1"), RingId(f"{call}-r2")
    return [
        CallStarted(call, LINE, at(since)),
        StepEntered(call, LINE, StepName("velkommen"), at(since)),
        StepEntered(call, LINE, StepName("ko"), at(since + 5)),
        CallQueued(call, LINE, 1, at(since + 5)),
        RingStarted(call, LINE, rings[0], ANNA, at(since + 5)),
        RingEnded(call, LINE, rings[0], ANNA, RingResult.NO_ANSWER, 20.00049, at(since + 25)),
        RingStarted(call, LINE, rings[1], BO, at(since + 25)),
        RingEnded(call, LINE, rings[1], BO, RingResult.ANSWERED, 3.5, at(since + 28.5)),
        CallJoined(call, LINE, BO, 23.5, at(since + 28.5)),
        CallAnswered(call, LINE, BO, 23.5, at(since + 30)),
        CallEnded(
            call, LINE, at(since), Outcome.ANSWERED, EndedBy.CALLER, 23.5, 60.0, BO, at(since + 88.5), heard=Heard.YES
        ),
    ]


def in_menu(call: CallId, since: float) -> list[Fact]:
    return [
        CallStarted(call, LINE, at(since)),
        CallEnded(call, LINE, at(since), Outcome.ENDED_IN_MENU, EndedBy.CALLER, None, None, None, at(since + 1)),
    ]


def test_an_answered_call_tells_its_steps_rings_wait_and_talk() -> None:
    (record,) = call_records(answered(CallId("c1")))
    assert as_json(record) == {
        "call": "c1",
        "line": "bornetelefonen",
        "arrived_at": "2026-03-01T18:00:00.000Z",
        "outcome": "answered",
        "waited_s": 23.5,
        "steps": ["velkommen", "ko"],
        "rings": [
            {"volunteer": "anna", "result": "no_answer", "rang_s": 20.0},
            {"volunteer": "bo", "result": "answered", "rang_s": 3.5},
        ],
        "answered_by": "bo",
        "talk_s": 60.0,
        "ended_by": "caller",
        "by": "us",
        "heard": "yes",
    }


def test_who_never_queued_waited_nothing_rather_than_nought_seconds() -> None:
    (record,) = call_records(in_menu(CallId("c1"), 0))
    told = as_json(record)
    assert (told["waited_s"], told["talk_s"], told["answered_by"]) == (None, None, None)
    assert (told["steps"], told["rings"]) == ([], [])


def test_a_call_that_goes_on_is_not_in_the_log_yet() -> None:
    assert call_records(answered(CallId("c1"))[:-1]) == []


def test_calls_are_told_in_the_order_they_came_however_their_facts_are_mixed() -> None:
    long, short = answered(CallId("long")), in_menu(CallId("short"), 10)
    mixed = [*long[:3], LineUp(AT), *short, *long[3:]]
    assert [record.call for record in call_records(mixed)] == ["long", "short"]
    assert call_records(mixed) == call_records([*short, *long])


def test_a_ring_whose_end_is_written_after_the_calls_is_still_the_calls() -> None:
    facts = answered(CallId("c1"))
    late = [fact for fact in facts if not isinstance(fact, RingEnded)] + [f for f in facts if isinstance(f, RingEnded)]
    assert call_records(late) == call_records(facts)


def test_of_two_endings_of_one_call_the_first_stands() -> None:
    facts = [*in_menu(CallId("c1"), 0), *answered(CallId("c1"))[-1:]]
    assert [record.outcome for record in call_records(facts)] == [Outcome.ENDED_IN_MENU]
