"""Who falls out of the queue into the last resort for a moment has not lost their turn."""

from __future__ import annotations

import pytest

from ivr.core.flow import Strategy
from ivr.core.ids import CallId, VolunteerId
from ivr.core.news import CallBack, CallGone, CallLeft, Cause, Reached, WrapUpDone
from ivr.core.shelter import BACK_S
from tests.core.small_house import LINE, Small, small


def fallen(strategy: Strategy) -> tuple[Small, VolunteerId, CallId, CallId]:
    """The first of two who wait has fallen, and anna is free."""
    house = small(strategy)
    anna = house.volunteer("anna")
    talk = house.waiting_caller()
    house.talking(talk, anna)
    first = house.waiting_caller()
    house.later(1.0)
    second = house.waiting_caller()
    house.tell(CallLeft(first, house.at))
    house.hangs_up(talk)
    house.ring_gone(house.ring_of(anna))
    asked = len(house.asked())
    house.later(BACK_S - 0.5)
    house.tell(WrapUpDone(anna, house.at))
    assert len(house.asked()) == asked, "nobody is rung for the second meanwhile"
    return house, anna, first, second


def rung_for(house: Small) -> list[CallId]:
    return [call.id for call in house.house.calls.values() if call.rings]


@pytest.fixture(params=[Strategy.LONGEST_IDLE, Strategy.RING_ALL])
def strategy(request: pytest.FixtureRequest) -> Strategy:
    found: Strategy = request.param
    return found


def test_it_is_still_the_turn_of_who_comes_back(strategy: Strategy) -> None:
    house, _anna, first, _second = fallen(strategy)
    house.tell(CallBack(first, LINE, house.call(first).arrived_at, Reached.LET_IN, house.at))
    assert rung_for(house) == [first]


def test_who_stays_there_holds_up_nobody_for_long(strategy: Strategy) -> None:
    house, _anna, _first, second = fallen(strategy)
    house.later(0.6)
    assert rung_for(house) == [second]


def test_who_hangs_up_there_holds_up_nobody(strategy: Strategy) -> None:
    house, _anna, first, second = fallen(strategy)
    house.tell(CallGone(first, Cause.NORMAL, house.at))
    assert rung_for(house) == [second]
