"""Twenty phones for one caller, and hundreds of callers for one phone: nothing is rare enough not to happen."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace

import pytest

from ivr.core import switchboard
from ivr.core.commands import Join, LetGo, LetGoReason, Ring
from ivr.core.facts import CallEnded, CallJoined, CallQueued, RingEnded
from ivr.core.flow import Strategy
from ivr.core.ids import RingId, VolunteerId
from ivr.core.news import Cause, Joined, News, RingAnswered, RingGone, VolunteerReachable, VolunteerUnreachable
from ivr.core.reasons import EndedBy, Outcome, RingResult
from ivr.core.state import Free, InTalk, Joining
from tests.core.small_house import Small, small
from tests.fakes.phones import Answers
from tests.fakes.weather import Weather
from tests.laws.evening import Evening, Visit
from tests.laws.generators import CHILDREN, DAY, Seat, Setting, setting

CROWD = tuple(VolunteerId(f"f{number:02}") for number in range(20))


# ---------------------------------------------------------------- twenty answers


def crowded() -> tuple[Small, list[RingId]]:
    """One caller, and twenty phones that ring."""
    house = small(Strategy.RING_ALL)
    for name in CROWD:
        house.volunteer(name)
    call = house.waiting_caller()
    rings = [house.ring_of(name) for name in CROWD]
    assert len(house.call(call).rings) == len(CROWD)
    return house, rings


def in_some_order(house: Small, rings: list[RingId], chance: random.Random) -> None:
    """Everybody has picked up; which word of it is read when, and how soon the two are joined and the others gone, is
    chance. Nobody hangs up."""
    start = len(house.commands)
    coming: list[News] = [RingAnswered(ring, house.at) for ring in rings]
    chance.shuffle(coming)
    while coming:
        house.tell(coming.pop(0))
        for command in house.commands[start:]:
            match command:
                case Join():
                    coming.insert(chance.randint(0, len(coming)), Joined(command.talk, house.at))
                case LetGo():
                    said = next((place for place, news in enumerate(coming) if answers(news, command.ring)), -1)
                    coming.insert(
                        chance.randint(said + 1, len(coming)), RingGone(command.ring, Cause.ELSEWHERE, house.at)
                    )
                case _:
                    pass
        start = len(house.commands)


def answers(news: News, ring: RingId) -> bool:
    return isinstance(news, RingAnswered) and news.ring == ring


def test_twenty_who_pick_up_in_one_millisecond_give_one_talk_and_one_outcome_a_thousand_times_over() -> None:
    fresh, rings = crowded()
    winners: set[VolunteerId] = set()
    for seed in range(1000):
        house = replace(fresh, commands=[], facts=[])
        in_some_order(house, rings, random.Random(seed))
        (call,) = house.house.calls
        assert len([each for each in house.commands if isinstance(each, Join)]) == 1, seed
        let_go = {each.ring: each.reason for each in house.commands if isinstance(each, LetGo)}
        (winner,) = set(rings) - let_go.keys()
        assert set(let_go.values()) == {LetGoReason.ELSEWHERE}, seed
        house.later(2.0)
        results = Counter(fact.result for fact in house.said(RingEnded))
        assert results == {RingResult.ANSWERED: 1, RingResult.WON_BY_OTHER: len(CROWD) - 1}, seed
        phases = {name: house.person(name).phase for name in CROWD}
        talking = [name for name, phase in phases.items() if isinstance(phase, InTalk)]
        assert [fresh.ring_of(name) for name in talking] == [winner], seed
        assert all(
            isinstance(phase, Free) and phase.since == fresh.at for name, phase in phases.items() if name not in talking
        ), seed
        house.hangs_up(call)
        (ended,) = house.said(CallEnded)
        assert (ended.outcome, ended.answered_by, ended.ended_by) == (Outcome.ANSWERED, talking[0], EndedBy.CALLER)
        winners.update(talking)
    assert len(winners) == len(CROWD), "the orders were not all sorts of orders"


def full_house(volunteers: int, *, strategy: Strategy = Strategy.RING_ALL) -> Setting:
    """An open line with so many volunteers, on which nobody is sent away for having waited."""
    return replace(setting(strategy, 1, max_wait_s=None), seats=tuple(Seat(who, DAY) for who in CROWD[:volunteers]))


SEEDS = (*range(5), *(pytest.param(seed, marks=pytest.mark.trouble) for seed in range(5, 50)))


@pytest.mark.parametrize("seed", SEEDS)
def test_twenty_phones_that_are_picked_up_at_once_leave_nobody_in_silence(seed: int) -> None:
    evening = Evening(switchboard.step, full_house(20), Weather(seed))
    evening.let([Visit(0.0, CHILDREN, 60.0)], {who: (Answers(8.0),) for who in CROWD})
    evening.judge()
    (call,) = evening.exchange.floor.callers
    assert sum(sound.startswith("person") for sound in evening.exchange.told(call)) == 1


# ---------------------------------------------------------------- five hundred callers


def served(evening: Evening) -> list[str]:
    """In the order in which they met a volunteer."""
    return [fact.call for moment in evening.trace for fact in moment.facts if isinstance(fact, CallJoined)]


def came(evening: Evening) -> list[str]:
    """In the order in which they joined the queue."""
    return [fact.call for moment in evening.trace for fact in moment.facts if isinstance(fact, CallQueued)]


MANY = (
    (30, Strategy.RING_ALL),
    (30, Strategy.LONGEST_IDLE),
    *(pytest.param(60, strategy, marks=pytest.mark.trouble) for strategy in Strategy),
    pytest.param(200, Strategy.LONGEST_IDLE, marks=pytest.mark.trouble),
)


@pytest.mark.parametrize(("how_many", "strategy"), MANY)
def test_many_callers_and_one_volunteer_are_served_in_the_order_in_which_they_came(
    how_many: int, strategy: Strategy
) -> None:
    evening = Evening(switchboard.step, full_house(1, strategy=strategy), Weather(7))
    visits = [Visit(number * 0.05, CHILDREN, 3500.0) for number in range(how_many)]
    evening.let(visits, {CROWD[0]: (Answers(0.2, hangs_up_after_s=4.0),)})
    evening.judge()
    order = came(evening)
    assert len(order) == how_many
    assert served(evening) == order, "somebody was served before their turn"


def test_five_hundred_wait_and_one_volunteer_s_phone_rings_for_the_first_of_them_alone() -> None:
    house = small(Strategy.LONGEST_IDLE)
    anna = house.volunteer("anna")
    calls = [house.waiting_caller() for _ in range(500)]
    for call in calls[:2]:
        assert house.asked()[-1] == anna
        ring = house.ring_of(anna)
        assert ring.startswith(f"{call}-"), "the phone rings for who came first"
        house.answers(ring)
        assert isinstance(house.call(call).phase, Joining)
        house.joined(call)
        house.hangs_up(call)
        house.ring_gone(ring)
        house.later(10.0)
    assert len([each for each in house.commands if isinstance(each, Ring)]) == 3


# ---------------------------------------------------------------- nobody


def test_a_group_with_nobody_in_it_sends_callers_on_with_words_and_rings_nobody() -> None:
    evening = Evening(switchboard.step, full_house(0))
    evening.let([Visit(number * 1.0, CHILDREN, 600.0) for number in range(10)], {})
    evening.judge()
    outcomes = [fact.outcome for moment in evening.trace for fact in moment.facts if isinstance(fact, CallEnded)]
    assert outcomes == [Outcome.NOT_ADMITTED] * 10
    assert not any(isinstance(command, Ring) for moment in evening.trace for command in moment.commands)
    for call in evening.exchange.floor.callers:
        assert "prompt travlt" in evening.exchange.told(call)


def test_a_group_everybody_has_left_while_children_wait_rings_whoever_comes_back_for_the_first_of_them() -> None:
    house = small(Strategy.LONGEST_IDLE)
    anna = house.volunteer("anna")
    first, _second = house.waiting_caller(), house.waiting_caller()
    house.tell(VolunteerUnreachable(anna, house.at))
    house.ring_gone(house.ring_of(anna), Cause.UNREACHABLE)
    house.later(60.0)
    asked = len(house.asked())
    house.tell(VolunteerReachable(anna, house.at))
    assert len(house.asked()) == asked + 1
    assert house.ring_of(anna).startswith(f"{first}-")
