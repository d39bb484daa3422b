"""Each way of choosing whose phone is rung next, what it remembers, and which line's callers come first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest

from ivr.core.facts import CallAnswered
from ivr.core.flow import Group, Plan, Strategy
from ivr.core.hours import Service
from ivr.core.ids import CallId, GroupId, LineId, VolunteerId
from ivr.core.news import (
    CallArrived,
    Cause,
    Published,
    VolunteerPaused,
    VolunteerResumed,
)
from ivr.core.state import Volunteer
from ivr.store.codec import decode, encode
from tests.core.small_house import DAY, LINE, NIGHT, NOON, Small, open_by_day, plan, small

HOME = GroupId("hjemme")
PARENTS = LineId("foraeldretelefonen")
WEIGHTS = {VolunteerId("dora"): 2, VolunteerId("anna"): 1, VolunteerId("bo"): 1}


def house_of(strategy: Strategy, members: dict[VolunteerId, int] | None = None) -> Small:
    made = plan(strategy)
    groups = {each.id: replace(each, members=members or {}, wrap_up_s=0.0) for each in made.groups.values()}
    house = Small()
    house.tell(Published(replace(made, groups=groups), {LINE: open_by_day()}, NOON))
    return house


def one_call(house: Small) -> VolunteerId:
    """A caller is answered by whoever is rung, and hangs up; who it was."""
    call = house.waiting_caller()
    who = house.asked()[-1]
    house.talking(call, who)
    house.hangs_up(call)
    house.ring_gone(house.ring_of(who))
    house.later(1.0)
    return who


def asked_in_turn(house: Small, times: int) -> list[VolunteerId]:
    """Nobody picks up: who is asked, one after the other."""
    house.waiting_caller()
    for _ in range(times - 1):
        house.ring_gone(house.ring_of(house.asked()[-1]), Cause.NO_ANSWER)
    return house.asked()


def people(house: Small, *names: str) -> list[VolunteerId]:
    found = []
    for name in names:
        found.append(house.volunteer(name))
        house.later(1.0)
    return found


ONE_BY_ONE = [each for each in Strategy if each is not Strategy.RING_ALL]


@pytest.mark.parametrize("strategy", ONE_BY_ONE)
def test_one_phone_rings_at_a_time_and_everybody_is_asked_once_before_anybody_is_asked_again(
    strategy: Strategy,
) -> None:
    house = house_of(strategy)
    everybody = people(house, "anna", "bo", "carl", "dora")
    assert sorted(asked_in_turn(house, 4)) == everybody


def test_linear_asks_the_named_ones_in_their_order_and_the_others_after_them_by_name() -> None:
    house = house_of(Strategy.LINEAR, WEIGHTS)
    people(house, "anna", "carl", "bo", "dora", "berit")
    assert asked_in_turn(house, 5) == ["dora", "anna", "bo", "berit", "carl"]


def test_linear_begins_with_the_first_again_for_every_caller() -> None:
    house = house_of(Strategy.LINEAR, WEIGHTS)
    people(house, "anna", "bo", "dora")
    assert [one_call(house) for _ in range(3)] == ["dora", "dora", "dora"]


def test_round_robin_goes_on_where_it_left_off_whether_the_last_one_answered_or_not() -> None:
    house = house_of(Strategy.ROUND_ROBIN_MEMORY)
    people(house, "anna", "bo", "carl")
    assert one_call(house) == "anna"
    call = house.waiting_caller()
    assert house.asked()[-1] == "bo"
    house.hangs_up(call)
    house.ring_gone(house.ring_of(VolunteerId("bo")))
    assert [one_call(house) for _ in range(4)] == ["carl", "anna", "bo", "carl"]


def test_longest_idle_asks_who_has_not_talked_for_longest() -> None:
    house = house_of(Strategy.LONGEST_IDLE)
    people(house, "anna", "bo")
    assert [one_call(house) for _ in range(4)] == ["anna", "bo", "anna", "bo"]


def test_fewest_calls_lets_somebody_who_comes_late_catch_up() -> None:
    house = house_of(Strategy.FEWEST_CALLS)
    people(house, "anna")
    assert [one_call(house) for _ in range(3)] == ["anna"] * 3
    people(house, "bo")
    assert [one_call(house) for _ in range(3)] == ["bo"] * 3
    assert sorted(one_call(house) for _ in range(2)) == ["anna", "bo"]


def test_the_count_of_todays_calls_begins_anew_in_the_early_morning_and_not_at_midnight() -> None:
    house = house_of(Strategy.FEWEST_CALLS)
    people(house, "anna", "bo")
    house.tell(VolunteerPaused(VolunteerId("bo"), None, house.at))
    assert [one_call(house) for _ in range(2)] == ["anna", "anna"]
    house.tell(VolunteerResumed(VolunteerId("bo"), house.at))
    house.later((NOON + timedelta(hours=18, minutes=5) - house.at).total_seconds())  # 06:05: it turned at 04:00
    assert sorted(one_call(house) for _ in range(2)) == ["anna", "bo"], "yesterday's calls do not count"


def test_a_call_is_counted_once_for_whoever_answered_it_and_an_unanswered_ring_never() -> None:
    house = house_of(Strategy.FEWEST_CALLS)
    anna, bo = people(house, "anna", "bo")
    call = house.waiting_caller()
    house.ring_gone(house.ring_of(anna), Cause.DECLINED)
    house.talking(call, bo)
    assert (house.person(anna).answered, house.person(bo).answered) == (0, 1)
    house.later(60.0)
    house.hangs_up(call)
    house.ring_gone(house.ring_of(bo))
    assert (house.person(anna).answered, house.person(bo).answered) == (0, 1)
    assert len(house.said(CallAnswered)) == 1


def test_a_talk_that_never_stood_is_not_counted() -> None:
    house = house_of(Strategy.FEWEST_CALLS)
    (anna,) = people(house, "anna")
    call = house.waiting_caller()
    house.answers(house.ring_of(anna))
    house.joined(call)
    house.later(0.5)
    house.hangs_up(call)
    assert house.person(anna).answered == 0


def test_weighted_gives_calls_in_proportion_to_the_weights() -> None:
    house = house_of(Strategy.WEIGHTED, {VolunteerId("anna"): 3, VolunteerId("bo"): 1})
    people(house, "anna", "bo", "carl")
    shares = Counter(one_call(house) for _ in range(20))
    assert shares == {"anna": 12, "bo": 4, "carl": 4}


def test_random_reaches_everybody_about_alike_and_decides_the_same_for_the_same_calls() -> None:
    def an_evening() -> list[VolunteerId]:
        house = house_of(Strategy.RANDOM)
        people(house, "anna", "bo", "carl")
        return [one_call(house) for _ in range(60)]

    once = an_evening()
    assert once == an_evening()
    assert min(Counter(once).values()) >= 10
    assert len(set(pairwise(once))) >= 8, "who follows whom is no pattern"


def test_what_a_strategy_remembers_is_kept_in_the_volunteers_row_and_old_rows_are_read() -> None:
    house = house_of(Strategy.ROUND_ROBIN_MEMORY)
    people(house, "anna")
    one_call(house)
    anna = house.person(VolunteerId("anna"))
    assert decode(Volunteer, encode(anna)) == anna
    assert anna.answered == 1
    assert anna.asked_at is not None
    old = '{"id":"anna","group":"dag","line":null,"phase":{"is":"free","since":"2026-03-02T12:00:00.000000Z"}}'
    assert decode(Volunteer, old).answered == 0


# ---------------------------------------------------------------- two lines


def two_lines(house: Small, head_start_s: float) -> None:
    both = plan(Strategy.LONGEST_IDLE)
    children = replace(both.lines[LINE], head_start_s=head_start_s)
    parents = replace(both.lines[LINE], id=PARENTS, number="35555557")
    lines = {LINE: children, PARENTS: parents}
    house.tell(Published(replace(both, lines=lines), dict.fromkeys(lines, open_by_day()), house.at))


def waiting(house: Small, name: str, line: LineId) -> CallId:
    call = CallId(name)
    house.tell(CallArrived(call, line, house.at))
    house.heard(call)
    house.heard(call)
    return call


def served_first(house: Small, who: VolunteerId) -> CallId:
    return CallId(house.ring_of(who).rpartition("-")[0])


@pytest.mark.parametrize(("late_s", "first"), [(179.0, "child"), (181.0, "parent")])
def test_a_child_is_served_before_a_parent_who_came_up_to_the_head_start_earlier(late_s: float, first: str) -> None:
    house = small(Strategy.LONGEST_IDLE)
    two_lines(house, 180.0)
    busy = house.volunteer("anna")
    talker = house.waiting_caller()
    house.talking(talker, busy)
    waiting(house, "parent", PARENTS)
    house.later(late_s)
    waiting(house, "child", LINE)
    house.hangs_up(talker)
    house.ring_gone(house.ring_of(busy))
    house.later(10.5)
    assert served_first(house, busy) == first


def test_without_a_head_start_lines_that_share_volunteers_are_served_by_who_came_first() -> None:
    house = small(Strategy.LONGEST_IDLE)
    two_lines(house, 0.0)
    waiting_first = [("p1", PARENTS), ("k1", LINE), ("p2", PARENTS), ("k2", LINE)]
    away = house.volunteer("anna", NIGHT)  # somebody is on duty, but not for these callers
    for name in ("bo", "carl", "dora", "eva"):
        house.tell(VolunteerPaused(house.volunteer(name), None, house.at))
    keeper = house.volunteer("frida")
    house.talking(house.waiting_caller(), keeper)
    for name, line in waiting_first:
        waiting(house, name, line)
        house.later(1.0)
    for name in ("bo", "carl", "dora", "eva"):
        house.tell(VolunteerResumed(VolunteerId(name), house.at))
    order = [house.ring_of(VolunteerId(name)).rpartition("-")[0] for name in ("bo", "carl", "dora", "eva")]
    assert order == ["p1", "k1", "p2", "k2"]
    assert away not in house.asked()


# ---------------------------------------------------------------- tiers over time


def tiered(made: Plan, groups: Sequence[GroupId], late: dict[GroupId, float]) -> Plan:
    more = {each: Group(each, Strategy.LONGEST_IDLE, 20.0, 2, 5.0, 0.0) for each in groups}
    line = replace(made.lines[LINE], tiers={Service.DAY: tuple(groups)}, late={Service.DAY: late})
    return replace(made, groups={**made.groups, **more}, lines={LINE: line})


def test_a_later_tier_is_asked_after_its_time_though_everybody_before_it_is_only_busy() -> None:
    house = small()
    boss = GroupId("leder")
    made = tiered(plan(Strategy.LONGEST_IDLE), (DAY, HOME, boss), {HOME: 60.0, boss: 180.0})
    house.tell(Published(made, {LINE: open_by_day()}, house.at))
    anna, helle, lene = house.volunteer("anna"), house.volunteer("helle", HOME), house.volunteer("lene", boss)
    house.talking(house.waiting_caller(), anna)
    house.waiting_caller()
    house.later(59.0)
    assert house.asked() == [anna]
    house.later(1.5)
    assert house.asked() == [anna, helle]
    house.ring_gone(house.ring_of(helle), Cause.DECLINED)
    house.tell(VolunteerPaused(helle, None, house.at))
    house.later(118.0)
    assert lene not in house.asked()
    house.later(2.0)
    assert house.asked() == [anna, helle, lene]


def test_a_later_tier_does_not_wait_for_its_time_when_nobody_before_it_is_there() -> None:
    house = small()
    made = tiered(plan(Strategy.LONGEST_IDLE), (DAY, HOME), {HOME: 60.0})
    house.tell(Published(made, {LINE: open_by_day()}, house.at))
    helle = house.volunteer("helle", HOME)
    house.waiting_caller()
    assert house.asked() == [helle]
