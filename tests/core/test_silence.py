"""A caller who says nothing: the volunteer's page says so after twenty seconds, and no sooner."""

from __future__ import annotations

from ivr.core.facts import CallAnswered, CallerHeard, CallerSilent
from ivr.core.ids import CallId
from ivr.core.news import CallerTalking, RingAnswered
from ivr.core.state import Joining
from tests.core.small_house import Small, small


def talk() -> tuple[Small, CallId]:
    """Two seconds into a talk in which the caller has said nothing yet."""
    house = small()
    anna = house.volunteer("anna")
    call = house.waiting_caller()
    house.talking(call, anna)
    return house, call


def voice(house: Small, call: CallId, talking: bool) -> None:
    house.tell(CallerTalking(call, talking, house.at))


def test_a_caller_who_never_says_anything_is_silent_after_twenty_seconds_of_talk() -> None:
    house, _call = talk()
    house.later(17.9)
    assert house.said(CallerSilent) == []
    house.later(0.2)
    assert [fact.silent_s for fact in house.said(CallerSilent)] == [20.0]
    house.later(300.0)
    assert len(house.said(CallerSilent)) == 1
    assert len(house.said(CallAnswered)) == 1


def test_who_speaks_as_the_two_are_joined_is_told_once_and_is_not_silent() -> None:
    house = small()
    anna = house.volunteer("anna")
    call = house.waiting_caller()
    ring = house.ring_of(anna)
    house.tell(RingAnswered(ring, house.at))
    assert isinstance(house.call(call).phase, Joining)
    voice(house, call, True)
    house.joined(call)
    house.later(60.0)
    assert house.said(CallerSilent) == []
    voice(house, call, False)
    house.later(20.1)
    assert len(house.said(CallerSilent)) == 1


def test_a_caller_who_speaks_is_not_silent_and_one_who_stops_is_counted_from_then() -> None:
    house, call = talk()
    voice(house, call, True)
    house.later(100.0)
    voice(house, call, False)
    house.later(19.0)
    voice(house, call, False)
    assert house.said(CallerSilent) == []
    house.later(1.1)
    assert len(house.said(CallerSilent)) == 1


def test_a_silence_that_ends_is_said_once_and_may_begin_again() -> None:
    house, call = talk()
    house.later(30.0)
    for _ in range(2):
        voice(house, call, True)
    assert len(house.said(CallerHeard)) == 1
    voice(house, call, False)
    house.later(20.1)
    assert len(house.said(CallerSilent)) == 2


def test_who_was_not_said_to_be_silent_is_not_said_to_be_heard() -> None:
    house, call = talk()
    voice(house, call, True)
    assert house.said(CallerHeard) == []


def test_in_the_queue_nobody_listens_for_a_caller() -> None:
    house = small()
    house.volunteer("anna")
    call = house.waiting_caller()
    before = house.house
    voice(house, call, False)
    assert house.house is before
