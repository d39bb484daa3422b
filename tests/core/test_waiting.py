"""Waiting: who is let into the queue, what is heard there, and every way out of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from ivr.core.chain import Chain
from ivr.core.commands import Play, StartMusic, StopPlay
from ivr.core.facts import CallEnded, CallQueued, StepEntered
from ivr.core.flow import Announcement, Closing, Enqueue, Flow, Line, Menu, Plan, Told, ToLine, Transfer
from ivr.core.flow import Play as PlayStep
from ivr.core.ids import CallId, LineId, PromptId, StepName, VolunteerId
from ivr.core.news import (
    LineDue,
    OverrideGiven,
    Published,
    VolunteerPaused,
    VolunteerReachable,
    VolunteerResumed,
    VolunteerUnreachable,
)
from ivr.core.queue import LEAST_TALKS
from ivr.core.reasons import Outcome
from ivr.core.state import Waiting
from ivr.core.switchboard import line_due
from tests.core.small_house import LINE, NOON, Small, open_by_day, plan

NAME = StepName
OTHER = LineId("foraeldretelefonen")
WRITE = PlayStep(NAME("write"), (PromptId("skriv"),), NAME("queue"))
BYE = PlayStep(NAME("missed"), (PromptId("naede-ikke"),), NAME("bye"))
CLOSING = Closing((PromptId("lukker"),), 1200.0, NAME("missed"))


def queue_of(made: Plan) -> Enqueue:
    step = made.lines[LINE].flow.steps[NAME("queue")]
    assert isinstance(step, Enqueue)
    return step


def with_queue(queue: Enqueue, *more: PlayStep | Transfer | Menu, made: Plan | None = None) -> Plan:
    made = made or plan()
    steps = {**made.lines[LINE].flow.steps, queue.name: queue, **{each.name: each for each in (WRITE, BYE, *more)}}
    line: Line = replace(made.lines[LINE], flow=Flow(NAME("greeting"), steps))
    return replace(made, lines={**made.lines, LINE: line})


def house_with(*more: PlayStep | Transfer | Menu, **changes: object) -> Small:
    """An open house whose queue is as said, without announcements unless they are."""
    queue = replace(queue_of(plan()), **{"announcements": (), **changes})  # type: ignore[arg-type]
    house = Small()
    house.tell(Published(with_queue(queue, *more), {LINE: open_by_day()}, NOON))
    return house


def busy(house: Small, name: str = "anna") -> CallId:
    """Somebody is on duty and talks; the call."""
    who = house.volunteer(name)
    call = house.waiting_caller()
    house.talking(call, who)
    return call


def words(house: Small, call: CallId) -> list[tuple[PromptId, ...]]:
    return [each.prompts for each in house.commands if isinstance(each, Play) and each.call == call]


def line_dues(house: Small, seconds: float) -> None:
    """Time passes for the line as well."""
    end = house.at + timedelta(seconds=seconds)
    while (due := line_due(house.house, LINE, house.at)) is not None and due <= end:
        house.later(max(0.0, (due - house.at).total_seconds()))
        house.tell(LineDue(LINE, house.at))
    house.later((end - house.at).total_seconds())


def queue(house: Small) -> tuple[CallId, ...]:
    return tuple(house.house.lines[LINE].queue)


def outcome(house: Small, call: CallId) -> Outcome:
    house.hangs_up(call)
    return next(fact.outcome for fact in house.said(CallEnded) if fact.call == call)


# ---------------------------------------------------------------- admission


def test_a_full_queue_lets_nobody_in_and_says_so() -> None:
    house = house_with(max_length=2, on_full=NAME("busy"))
    busy(house)
    first, second = house.waiting_caller(), house.waiting_caller()
    third = house.caller()
    house.heard(third)
    assert queue(house) == (first, second)
    assert words(house, third)[-1] == ("travlt",)
    assert outcome(house, third) is Outcome.FORCED_OUT


def test_a_place_that_becomes_free_is_given_to_who_comes_next() -> None:
    house = house_with(max_length=1, on_full=NAME("busy"))
    busy(house)
    house.hangs_up(house.waiting_caller())
    later = house.waiting_caller()
    assert queue(house) == (later,)


def test_who_comes_when_nobody_is_reachable_is_not_admitted_and_told_so_at_once() -> None:
    house = house_with()
    call = house.caller()
    house.heard(call)
    assert words(house, call)[-1] == ("ingen",)
    assert outcome(house, call) is Outcome.NOT_ADMITTED


def test_those_who_wait_are_told_when_nobody_has_been_there_for_too_long() -> None:
    house = house_with(nobody_left_s=120.0, on_nobody_left=NAME("nobody"))
    busy(house)
    waits = house.waiting_caller()
    anna = VolunteerId("anna")
    house.tell(VolunteerPaused(anna, None, house.at))
    line_dues(house, 119.0)
    assert queue(house) == (waits,)
    line_dues(house, 2.0)
    assert queue(house) == ()
    assert words(house, waits)[-1] == ("ingen",)
    assert outcome(house, waits) is Outcome.FORCED_OUT


def test_a_phone_that_registers_anew_drops_nobody_who_waits() -> None:
    house = house_with(nobody_left_s=120.0, on_nobody_left=NAME("nobody"))
    busy(house)
    waits = house.waiting_caller()
    anna = VolunteerId("anna")
    for _ in range(3):
        house.tell(VolunteerUnreachable(anna, house.at))
        line_dues(house, 100.0)
        house.tell(VolunteerReachable(anna, house.at))
        line_dues(house, 30.0)
    assert queue(house) == (waits,)


# ---------------------------------------------------------------- leaving by a key


def test_a_key_leads_out_of_the_queue_and_back_to_the_same_place() -> None:
    """Complaint Q17: an overflow to a menu and back loses the place in the queue."""
    house = house_with(keys={"*": NAME("write")})
    busy(house)
    first, second, third = (house.waiting_caller() for _ in range(3))
    house.later(30.0)
    house.presses(second, "*")
    assert queue(house) == (first, third)
    assert words(house, second)[-1] == ("skriv",)
    house.later(1.0)
    late = house.waiting_caller()
    house.heard(second)
    assert queue(house) == (first, second, third, late)
    assert [fact.position for fact in house.said(CallQueued) if fact.call == second] == [2, 2]


def test_the_time_of_who_left_for_some_words_counts_from_when_they_came() -> None:
    house = house_with(keys={"*": NAME("write")}, max_wait_s=100.0)
    talk = busy(house)
    waits = house.waiting_caller()
    house.later(60.0)
    house.presses(waits, "*")
    house.later(20.0)
    house.heard(waits)
    house.heard(waits)
    house.hangs_up(talk)
    assert house.call(waits).queued_at is not None
    house.later(19.0)
    assert isinstance(house.call(waits).phase, Waiting)
    house.later(2.0)
    assert not isinstance(house.call(waits).phase, Waiting), "100 s after they came, wherever they spent them"


def test_the_first_one_who_comes_back_is_served_first() -> None:
    house = house_with(keys={"*": NAME("write")})
    talk = busy(house)
    first, _second = house.waiting_caller(), house.waiting_caller()
    house.presses(first, "*")
    house.later(2.0)
    house.heard(first)
    anna = VolunteerId("anna")
    house.hangs_up(talk)
    house.ring_gone(house.ring_of(anna))
    house.later(10.1)
    assert house.ring_of(anna).startswith(first)


def test_a_key_that_the_queue_does_not_know_changes_nothing() -> None:
    house = house_with(keys={"*": NAME("write")})
    busy(house)
    waits = house.waiting_caller()
    before = house.call(waits)
    house.presses(waits, "5")
    assert house.call(waits) == before


def test_a_phone_that_rings_for_who_leaves_by_a_key_stops_and_the_words_being_said_are_cut() -> None:
    house = house_with(keys={"*": NAME("write")})
    anna = house.volunteer("anna")
    call = house.caller()
    house.heard(call)
    assert house.asked() == [anna]
    house.presses(call, "*")
    assert any(isinstance(each, StopPlay) for each in house.commands)
    assert queue(house) == ()
    house.ring_gone(house.ring_of(anna))
    house.heard(call)
    assert house.asked() == [anna, anna], "back in the queue the phone rings again"


def test_who_hangs_up_while_they_hear_how_to_write_has_abandoned() -> None:
    house = house_with(keys={"*": NAME("write")})
    busy(house)
    waits = house.waiting_caller()
    house.later(20.0)
    house.presses(waits, "*")
    assert outcome(house, waits) is Outcome.ABANDONED


# ---------------------------------------------------------------- overflow


def test_an_overflow_to_words_and_back_keeps_the_place() -> None:
    house = house_with(max_wait_s=60.0, on_timeout=NAME("write"))
    busy(house)
    first = house.waiting_caller()
    house.later(30.0)
    second = house.waiting_caller()
    house.later(31.0)
    assert words(house, first)[-1] == ("skriv",)
    house.heard(first)
    assert queue(house) == (first, second)
    house.later(20.0)
    assert isinstance(house.call(first).phase, Waiting), "and may wait as long again"


def test_an_overflow_to_another_line_stands_there_by_when_they_came() -> None:
    there = Transfer(NAME("over"), ToLine(OTHER))
    both = plan()
    queued = replace(queue_of(both), announcements=(), max_wait_s=60.0, on_timeout=NAME("over"))
    made = with_queue(queued, there)
    other = replace(both.lines[LINE], id=OTHER, number="35555557")
    lines = {**made.lines, OTHER: other}
    house = Small()
    house.tell(Published(replace(made, lines=lines), dict.fromkeys(lines, open_by_day()), NOON))
    busy(house)
    waits = house.waiting_caller()
    house.later(61.0)
    house.heard(waits)  # the other line's greeting
    assert house.house.lines[LINE].queue == ()
    assert house.house.lines[OTHER].queue == (waits,)
    assert outcome(house, waits) is Outcome.ABANDONED


# ---------------------------------------------------------------- closing time


def closed(house: Small) -> None:
    house.tell(OverrideGiven(LINE, False, None, "test", house.at))


def test_those_who_wait_when_the_line_closes_are_told_once_and_served() -> None:
    house = house_with(closing=CLOSING, max_wait_s=None)
    talk = busy(house)
    waits = house.waiting_caller()
    closed(house)
    assert words(house, waits)[-1] == ("lukker",)
    house.heard(waits)
    assert isinstance(house.commands[-1], StartMusic)
    house.later(600.0)
    assert words(house, waits).count((PromptId("lukker"),)) == 1
    anna = VolunteerId("anna")
    house.hangs_up(talk)
    house.ring_gone(house.ring_of(anna))
    house.later(10.1)
    house.talking(waits, anna)
    assert outcome(house, waits) is Outcome.ANSWERED


def test_words_that_are_being_said_at_closing_time_are_heard_out_first() -> None:
    house = house_with(closing=CLOSING)
    busy(house)
    call = house.caller()
    house.heard(call)
    assert words(house, call)[-1] == ("koe",)
    closed(house)
    assert words(house, call)[-1] == ("koe",)
    house.heard(call)
    assert words(house, call)[-1] == ("lukker",)


def test_so_long_after_closing_time_they_are_led_on_with_kind_words() -> None:
    house = house_with(closing=CLOSING, max_wait_s=None)
    busy(house)
    waits = house.waiting_caller()
    closed(house)
    house.later(1199.0)
    assert queue(house) == (waits,)
    house.later(2.0)
    assert words(house, waits)[-1] == ("naede-ikke",)
    assert outcome(house, waits) is Outcome.FORCED_OUT


def test_a_line_that_opens_again_lets_them_wait_on() -> None:
    house = house_with(closing=CLOSING, max_wait_s=None)
    busy(house)
    waits = house.waiting_caller()
    closed(house)
    house.later(600.0)
    house.tell(OverrideGiven(LINE, None, None, "test", house.at))
    house.later(3600.0)
    assert queue(house) == (waits,)


# ---------------------------------------------------------------- announcements

PLACE = Announcement((), 20.0, 60.0, Told.POSITION)
WAIT = Announcement((), 30.0, 60.0, Told.WAIT)


def test_the_place_in_the_queue_is_told_at_every_turn_and_never_a_worse_one() -> None:
    """Complaint Q5: a rule that only better places are told must not silence them all."""
    house = house_with(announcements=(PLACE,), keys={"*": NAME("write")}, max_wait_s=None)
    talk = busy(house)
    gone, waits = house.waiting_caller(), house.waiting_caller()
    house.later(20.5)
    assert words(house, waits)[-1] == ("plads-2",)
    house.heard(waits)
    house.hangs_up(gone)
    house.later(60.0)
    assert words(house, waits)[-1] == ("plads-1",)
    house.heard(waits)
    house.later(60.0)
    assert [each for each in words(house, waits) if each[0].startswith("plads")] == [
        ("plads-2",),
        ("plads-1",),
        ("plads-1",),
    ]
    house.hangs_up(talk)


def test_somebody_who_is_put_before_them_does_not_make_their_place_worse() -> None:
    house = house_with(announcements=(PLACE,), max_wait_s=None)
    talk = busy(house)
    waits = house.waiting_caller()
    house.later(20.5)
    assert words(house, waits)[-1] == ("plads-1",)
    house.heard(waits)
    anna = VolunteerId("anna")
    house.hangs_up(talk)
    house.ring_gone(house.ring_of(anna))
    changed = replace(house.house.lines[LINE], queue=Chain((CallId("x"), waits)))
    house.house = replace(
        house.house,
        lines=house.house.lines.set(LINE, changed),
        calls=house.house.calls.set(CallId("x"), replace(house.call(waits), id=CallId("x"), rings=())),
    )
    house.later(60.0)
    assert words(house, waits)[-1] == ("plads-1",)


@pytest.mark.parametrize("talks", [LEAST_TALKS - 1, LEAST_TALKS])
def test_the_wait_is_told_rounded_up_and_never_from_too_few_talks(talks: int) -> None:
    house = house_with(announcements=(WAIT,), max_wait_s=None)
    anna = house.volunteer("anna")
    for _ in range(talks):
        call = house.waiting_caller()
        house.talking(call, anna)
        house.later(358.0)
        house.hangs_up(call)
        house.ring_gone(house.ring_of(anna))
        house.later(11.0)
    house.talking(house.waiting_caller(), anna)
    first, second = house.waiting_caller(), house.waiting_caller()
    house.later(31.0)
    said = [words(house, call)[-1] for call in (first, second)]
    if talks < LEAST_TALKS:
        assert said == [("koe",), ("koe",)]
    else:
        assert said == [("ventetid-10",), ("ventetid-15",)], "six minutes a talk, one volunteer"


def test_the_estimate_goes_by_who_is_on_duty_now() -> None:
    house = house_with(announcements=(WAIT,), max_wait_s=None)
    line = replace(house.house.lines[LINE], talks_s=(600.0,) * LEAST_TALKS)
    house.house = replace(house.house, lines=house.house.lines.set(LINE, line))
    for name in ("anna", "bo"):
        busy(house, name)
    away = house.volunteer("carl", reachable=False)
    waits = house.waiting_caller()
    house.later(31.0)
    assert words(house, waits)[-1] == ("ventetid-5",), "two on duty, ten minutes a talk"
    house.heard(waits)
    house.tell(VolunteerPaused(VolunteerId("bo"), None, house.at))
    house.later(60.0)
    assert words(house, waits)[-1] == ("ventetid-10",)
    assert away not in house.asked()
    house.tell(VolunteerResumed(VolunteerId("bo"), house.at))


def test_each_way_out_is_a_step_in_the_log() -> None:
    house = house_with(keys={"*": NAME("write")})
    busy(house)
    waits = house.waiting_caller()
    house.presses(waits, "*")
    assert [fact.step for fact in house.said(StepEntered) if fact.call == waits][-2:] == ["queue", "write"]
