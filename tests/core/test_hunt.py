"""Whose phone is rung, in which order, and what happens when nobody picks up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

import pytest

from ivr.core.commands import LetGo, LetGoReason, Ring
from ivr.core.facts import RingEnded
from ivr.core.feature import Feature
from ivr.core.flow import Group, Strategy
from ivr.core.hours import Service
from ivr.core.ids import DialId, GroupId, VolunteerId
from ivr.core.news import (
    Cause,
    DutyChanged,
    FeatureDialled,
    News,
    Published,
    VolunteerPaused,
    VolunteerReachable,
    VolunteerRemoved,
    VolunteerResumed,
    VolunteerUnreachable,
)
from ivr.core.reasons import PauseKind, RingResult
from ivr.core.state import BeingRung, Free, InTalk, WrappingUp
from tests.core.small_house import DAY, LINE, NIGHT, open_by_day, plan, small


def test_ring_all_rings_everybody_who_is_free_at_once() -> None:
    house = small()
    everybody = [house.volunteer(name) for name in ("anna", "bo", "carl")]
    house.waiting_caller()
    assert house.asked() == everybody


def test_longest_idle_rings_one_at_a_time_beginning_with_who_rested_longest() -> None:
    house = small(Strategy.LONGEST_IDLE)
    anna = house.volunteer("anna")
    house.later(5.0)
    bo = house.volunteer("bo")
    house.waiting_caller()
    assert house.asked() == [anna]
    house.later(20.0)
    house.ring_gone(house.ring_of(anna), Cause.NO_ANSWER)
    assert house.asked() == [anna, bo]


def test_two_callers_are_looked_after_side_by_side_the_first_one_first() -> None:
    house = small(Strategy.LONGEST_IDLE)
    house.volunteer("anna")
    house.later(1.0)
    house.volunteer("bo")
    first, second = house.waiting_caller(), house.waiting_caller()
    rings = [(each.volunteer, each.ring.rpartition("-")[0]) for each in house.commands if isinstance(each, Ring)]
    assert rings == [("anna", first), ("bo", second)]


def test_a_volunteer_who_becomes_free_is_rung_in_the_same_decision() -> None:
    house = small()
    anna = house.volunteer("anna")
    first = house.waiting_caller()
    house.talking(first, anna)
    second = house.waiting_caller()
    house.hangs_up(first)
    house.ring_gone(house.ring_of(anna))
    assert isinstance(house.person(anna).phase, WrappingUp)
    house.later(10.0)
    assert house.ring_of(anna).startswith(second)


def test_somebody_who_comes_on_duty_is_rung_at_once_for_who_waits() -> None:
    house = small()
    house.volunteer("anna")
    late = house.volunteer("bo", reachable=False)
    house.waiting_caller()
    house.tell(VolunteerReachable(late, house.at))
    assert house.asked()[-1] == late


def test_a_phone_that_was_not_answered_is_left_alone_for_a_while_and_then_rung_again() -> None:
    house = small()
    anna = house.volunteer("anna")
    house.waiting_caller()
    house.later(20.0)
    house.ring_gone(house.ring_of(anna), Cause.NO_ANSWER)
    assert house.asked() == [anna]
    house.later(4.9)
    assert house.asked() == [anna]
    house.later(0.2)
    assert house.asked() == [anna, anna]


def test_a_phone_that_refuses_at_once_is_not_rung_without_end_where_the_group_rests_for_nothing() -> None:
    house = small()
    restless = replace(house.house.plan, groups={DAY: replace(house.house.plan.groups[DAY], rest_s=0.0)})
    house.tell(Published(restless, {LINE: open_by_day()}, house.at))
    anna = house.volunteer("anna")
    house.waiting_caller()
    for _ in range(10):
        if isinstance(house.person(anna).phase, BeingRung):
            house.ring_gone(house.ring_of(anna), Cause.UNREACHABLE)
    assert house.asked() == [anna]
    house.later(1.0)
    assert house.asked() == [anna, anna]


def test_a_ring_the_exchange_does_not_end_is_ended_by_us_and_the_phone_is_not_rung_before_it_is_quiet() -> None:
    house = small()
    anna = house.volunteer("anna")
    house.waiting_caller()
    house.later(22.5)
    assert house.said(RingEnded)[0].result is RingResult.NO_ANSWER
    assert isinstance(house.commands[-1], LetGo)
    assert house.asked() == [anna]
    house.ring_gone(house.ring_of(anna))
    house.later(6.0)
    assert house.asked() == [anna, anna]


def test_who_is_paused_unreachable_resting_or_of_the_other_group_is_not_rung() -> None:
    house = small()
    anna, bo = house.volunteer("anna"), house.volunteer("bo")
    house.volunteer("nora", NIGHT)
    eva = house.volunteer("eva")
    house.tell(VolunteerPaused(anna, None, house.at))
    house.tell(VolunteerUnreachable(bo, house.at))
    house.waiting_caller()
    assert house.asked() == [eva]
    house.tell(VolunteerResumed(anna, house.at))
    assert house.asked() == [eva, anna]


def test_a_ring_that_came_to_nothing_does_not_cost_the_place_in_the_order() -> None:
    house = small(Strategy.LONGEST_IDLE)
    anna = house.volunteer("anna")
    since = house.person(anna).phase
    call = house.waiting_caller()
    house.later(3.0)
    house.hangs_up(call)
    house.ring_gone(house.ring_of(anna))
    assert isinstance(since, Free)
    assert house.person(anna).phase == since


def test_after_a_tiers_rounds_the_next_tier_is_asked_as_well() -> None:
    house = small()
    tiered = plan()
    home = GroupId("hjemme")
    groups = {**tiered.groups, home: Group(home, Strategy.RING_ALL, 20.0, 1, 5.0, 0.0)}
    line = replace(tiered.lines[LINE], tiers={Service.DAY: (DAY, home), Service.NIGHT: (NIGHT,)})
    house.tell(Published(replace(tiered, groups=groups, lines={LINE: line}), {LINE: open_by_day()}, house.at))
    anna, helle = house.volunteer("anna"), house.volunteer("helle", home)
    house.waiting_caller()
    for _ in range(2):
        assert helle not in house.asked()
        house.ring_gone(house.ring_of(anna), Cause.DECLINED)
        house.later(5.1)
    assert house.asked() == [anna, anna, helle, anna]


def test_a_tier_nobody_is_on_duty_in_is_passed_over_at_once() -> None:
    house = small()
    tiered = plan()
    line = replace(tiered.lines[LINE], tiers={Service.DAY: (DAY, NIGHT), Service.NIGHT: (NIGHT,)})
    house.tell(Published(replace(tiered, lines={LINE: line}), {LINE: open_by_day()}, house.at))
    nora = house.volunteer("nora", NIGHT)
    house.waiting_caller()
    assert house.asked() == [nora]


WENT: dict[str, Callable[[VolunteerId, datetime], News]] = {
    "pauses": lambda who, at: VolunteerPaused(who, None, at),
    "takes a break": lambda who, at: VolunteerPaused(who, None, at, PauseKind.BREAK),
    "goes off duty": lambda who, at: DutyChanged(who, False, at),
    "is removed": VolunteerRemoved,
    "dials the code": lambda who, at: FeatureDialled(DialId("d1"), who, Feature.PAUSE, at),
}


@pytest.mark.parametrize("went", WENT.values(), ids=WENT)
def test_the_phone_of_who_goes_while_it_rings_is_let_go_and_the_next_is_asked_at_once(
    went: Callable[[VolunteerId, datetime], News],
) -> None:
    house = small(Strategy.LONGEST_IDLE)
    anna = house.volunteer("anna")
    house.later(1.0)
    bo = house.volunteer("bo")
    house.waiting_caller()
    assert house.asked() == [anna]
    ring = house.ring_of(anna)
    house.tell(went(anna, house.at))
    assert [command for command in house.commands if isinstance(command, LetGo)] == [
        LetGo(ring, LetGoReason.ELSEWHERE)
    ], "no missed call is left on the phone of somebody who took a break"
    assert house.asked() == [anna, bo]
    house.ring_gone(ring, Cause.ELSEWHERE)
    assert [fact.result for fact in house.said(RingEnded)] == [RingResult.DECLINED]


def test_who_comes_back_from_a_pause_taken_while_the_phone_rang_is_rung_at_once_and_has_missed_nothing() -> None:
    house = small(Strategy.LONGEST_IDLE)
    anna = house.volunteer("anna")
    house.waiting_caller()
    ring = house.ring_of(anna)
    house.tell(VolunteerPaused(anna, None, house.at))
    house.ring_gone(ring, Cause.ELSEWHERE)
    assert (house.person(anna).unanswered, house.asked()) == (0, [anna])
    house.tell(VolunteerResumed(anna, house.at))
    assert house.asked() == [anna, anna]


def test_who_has_picked_up_and_takes_a_pause_talks_on() -> None:
    house = small(Strategy.LONGEST_IDLE)
    anna = house.volunteer("anna")
    house.talking(house.waiting_caller(), anna)
    house.tell(VolunteerPaused(anna, None, house.at))
    assert not [command for command in house.commands if isinstance(command, LetGo)]
    assert isinstance(house.person(anna).phase, InTalk)


@pytest.mark.parametrize("strategy", [Strategy.LONGEST_IDLE, Strategy.RING_ALL])
def test_a_phone_that_rings_while_its_owner_takes_a_pause_does_not_hold_up_the_next_tier(strategy: Strategy) -> None:
    house = small(strategy)
    tiered = plan(strategy)
    groups = {**tiered.groups, NIGHT: replace(tiered.groups[NIGHT], strategy=strategy)}
    line = replace(tiered.lines[LINE], tiers={Service.DAY: (DAY, NIGHT), Service.NIGHT: (NIGHT,)})
    house.tell(Published(replace(tiered, groups=groups, lines={LINE: line}), {LINE: open_by_day()}, house.at))
    anna, nora = house.volunteer("anna"), house.volunteer("nora", NIGHT)
    house.waiting_caller()
    assert house.asked() == [anna]
    house.tell(VolunteerPaused(anna, None, house.at))
    assert house.asked() == [anna, nora]


@pytest.mark.parametrize("strategy", [Strategy.LONGEST_IDLE, Strategy.RING_ALL])
def test_a_phone_that_rings_and_is_not_registered_any_more_does_not_hold_up_a_tier_that_rings_all(
    strategy: Strategy,
) -> None:
    """Whether it still rings nobody knows: those that are asked one by one wait for it, the others need not."""
    house = small(strategy)
    tiered = plan(strategy)
    groups = {**tiered.groups, NIGHT: replace(tiered.groups[NIGHT], strategy=Strategy.RING_ALL)}
    line = replace(tiered.lines[LINE], tiers={Service.DAY: (DAY, NIGHT), Service.NIGHT: (NIGHT,)})
    house.tell(Published(replace(tiered, groups=groups, lines={LINE: line}), {LINE: open_by_day()}, house.at))
    anna, nora = house.volunteer("anna"), house.volunteer("nora", NIGHT)
    house.waiting_caller()
    house.tell(VolunteerUnreachable(anna, house.at))
    assert house.asked() == [anna, nora]


def test_a_volunteer_who_is_removed_in_a_talk_talks_on_and_is_forgotten_afterwards() -> None:
    house = small()
    anna = house.volunteer("anna")
    call = house.waiting_caller()
    house.talking(call, anna)
    house.tell(VolunteerRemoved(anna, house.at))
    assert anna in house.house.volunteers
    house.hangs_up(call)
    house.ring_gone(house.ring_of(anna))
    house.later(10.0)
    assert anna not in house.house.volunteers


def test_no_phone_is_rung_twice_at_once_whoever_waits() -> None:
    house = small()
    anna = house.volunteer("anna")
    first = house.waiting_caller()
    house.waiting_caller()
    assert house.asked() == [anna]
    house.hangs_up(first)
    assert house.asked() == [anna], "the phone still rings: the exchange has not confirmed its end"
    house.ring_gone(house.ring_of(anna))
    assert house.asked() == [anna, anna]
