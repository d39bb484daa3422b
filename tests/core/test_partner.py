"""A partner's places: rung as phones are, and a call that one takes has left our house."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ivr.cli import status
from ivr.core.commands import Join, Play
from ivr.core.facts import (
    CallAnswered,
    CallEnded,
    CallHandedOver,
    PartnerFailing,
    PartnerTriedAgain,
    RingEnded,
    VolunteerNotAnswering,
)
from ivr.core.flow import Handover
from ivr.core.hours import NightBy, OtherGroups, Service, Span
from ivr.core.ids import CallId, GroupId, PromptId, VolunteerId, partner_of, place_id
from ivr.core.news import Cause, HandoverAsked, Published, Surveyed
from ivr.core.partner import DOUBT_S, FAILURES, TRIES
from ivr.core.reasons import EndedBy, Outcome
from tests.core.small_house import DAY, LINE, NIGHT, Small, open_by_day, plan, small

WORDS = PromptId("nat-optaget")
PARTNER = GroupId("natlinje")
BY_PARTNER = OtherGroups((PARTNER,))


def house_at_night(night_by: NightBy = BY_PARTNER, auto_pause: int = 0) -> Small:
    """By table the night is the partner's; it is handed over by hand at noon."""
    house, made = small(), plan()
    groups = {**made.groups, PARTNER: replace(made.groups[NIGHT], id=PARTNER, auto_pause=auto_pause)}
    line = replace(made.lines[LINE], handover=Handover(not_taken=(WORDS,)))
    hours = open_by_day()
    spans = tuple(replace(span, by=night_by) if span.service is Service.NIGHT else span for span in hours.spans)
    whole = Span(spans[0].start, spans[-1].end, Service.NIGHT, "test", night_by)
    hours = replace(hours, spans=(whole,))
    house.tell(Published(replace(made, version="2", lines={LINE: line}, groups=groups), {LINE: hours}, house.at))
    house.tell(HandoverAsked(LINE, Service.NIGHT, house.at))
    return house


def place(house: Small, number: int = 1) -> VolunteerId:
    return house.volunteer(place_id("natlinje", number), PARTNER)


def words(house: Small, call: CallId) -> list[tuple[PromptId, ...]]:
    return [each.prompts for each in house.commands if isinstance(each, Play) and each.call == call]


def test_a_place_says_whose_it_is_and_a_volunteer_is_nobodys() -> None:
    assert partner_of(place_id("natlinje", 12)) == "natlinje"
    assert partner_of(VolunteerId("anna")) is None


def test_a_call_that_a_partner_takes_is_handed_over_and_not_answered_by_us() -> None:
    house = house_at_night()
    anna, bo, theirs = house.volunteer("anna", DAY), house.volunteer("bo", NIGHT), place(house)
    call = house.waiting_caller()
    assert house.asked() == [theirs], f"neither {anna} nor {bo}"
    house.talking(call, theirs)
    (said,) = house.said(CallHandedOver)
    assert (said.call, said.partner) == (call, "natlinje")
    assert not house.said(CallAnswered)
    house.hangs_up(call)
    (ended,) = house.said(CallEnded)
    assert (ended.outcome, ended.answered_by, ended.ended_by) == (Outcome.HANDED_OVER, theirs, EndedBy.CALLER)


def test_only_at_a_partners_keys_pass_to_the_other_side() -> None:
    """Its exchange may ask for them. Of our own talks they are told to us alone."""
    house = house_at_night()
    theirs = place(house)
    house.talking(house.waiting_caller(), theirs)
    by_day = small()
    anna = by_day.volunteer("anna", DAY)
    by_day.talking(by_day.waiting_caller(), anna)
    joins = [each for each in (*house.commands, *by_day.commands) if isinstance(each, Join)]
    assert [join.keys_through for join in joins] == [True, False]


def test_as_many_callers_at_once_as_there_are_places_first_come_first() -> None:
    house = house_at_night()
    theirs = {place(house, number) for number in (1, 2)}
    first, second, third = house.waiting_caller(), house.waiting_caller(), house.waiting_caller()
    assert {ring.volunteer for ring in house.call(first).rings} == theirs
    house.talking(first, house.call(first).rings[0].volunteer)
    assert [len(house.call(call).rings) for call in (second, third)] == [1, 0]


@pytest.mark.parametrize("cause", [Cause.BUSY, Cause.FAILED, Cause.NO_ANSWER, Cause.UNREACHABLE, Cause.DECLINED])
def test_whom_a_partner_does_not_take_hears_so_once_and_keeps_the_place(cause: Cause) -> None:
    house = house_at_night()
    theirs = place(house)
    first, second = house.waiting_caller(), house.waiting_caller()
    for _ in range(2):
        house.ring_gone(house.ring_of(theirs), cause)
        house.later(11.0)
    assert words(house, first).count((WORDS,)) == 1
    assert (WORDS,) not in words(house, second)
    assert house.house.lines[LINE].queue == (first, second)
    assert len(house.said(RingEnded)) == 2
    assert house.asked().count(theirs) == 3, "asked again after each rest"


def not_taken(house: Small, times: int, theirs: VolunteerId) -> None:
    for _ in range(times):
        house.ring_gone(house.ring_of(theirs), Cause.BUSY)
        house.later(11.0)


def test_who_is_not_taken_again_and_again_goes_the_way_of_a_queue_with_nobody_there() -> None:
    house = house_at_night()
    theirs = place(house)
    call, second = house.waiting_caller(), house.waiting_caller()
    not_taken(house, TRIES, theirs)
    assert words(house, call)[-1] == (PromptId("ingen"),)
    assert house.house.lines[LINE].queue == (second,)


def test_as_long_as_somebody_of_ours_is_on_duty_too_nobody_is_led_away() -> None:
    house = house_at_night(OtherGroups((PARTNER, NIGHT)))
    theirs, bo = place(house), house.volunteer("bo", NIGHT)
    call = house.waiting_caller()
    not_taken(house, 2, theirs)
    assert house.ring_of(bo) in [ring.id for ring in house.call(call).rings], "asked as well by now"
    house.ring_gone(house.ring_of(bo), Cause.DECLINED)
    not_taken(house, 1, theirs)
    assert house.call(call).refused == TRIES
    assert house.house.lines[LINE].queue == (call,)


def test_a_partner_that_takes_nobody_again_and_again_counts_as_not_there_for_a_while() -> None:
    house = house_at_night()
    theirs = place(house)
    house.waiting_caller()
    not_taken(house, FAILURES, theirs)
    (failing,) = house.said(PartnerFailing)
    assert (failing.partner, failing.failed) == ("natlinje", FAILURES)
    assert any("natlinje did not take our callers" in each for each in status.wrong_things(house.house, True))
    late = house.caller()
    house.heard(late)
    assert words(house, late)[-1] == (PromptId("ingen"),), "who comes now is told at once"
    house.later(DOUBT_S)
    assert len(house.said(PartnerTriedAgain)) == 1
    house.waiting_caller()
    not_taken(house, 1, theirs)
    assert len(house.said(PartnerFailing)) == 2, "one more failure is enough"


def test_one_caller_taken_makes_up_for_all() -> None:
    house = house_at_night()
    theirs = place(house)
    call = house.waiting_caller()
    not_taken(house, 2, theirs)
    house.talking(call, theirs)
    assert house.person(theirs).doubt is None


def test_places_that_ring_side_by_side_are_one_try_and_one_failure() -> None:
    house = house_at_night()
    both = [place(house, number) for number in (1, 2)]
    call = house.waiting_caller()
    for theirs in both:
        house.ring_gone(house.ring_of(theirs), Cause.BUSY)
    assert house.call(call).refused == 1
    doubt = house.person(both[0]).doubt
    assert doubt is not None
    assert (doubt.failed, house.person(both[1]).doubt) == (1, doubt)


def test_a_partner_that_talks_with_another_of_our_callers_has_only_no_more_room() -> None:
    house = house_at_night()
    both = [place(house, number) for number in (1, 2)]
    first = house.waiting_caller()
    house.talking(first, both[0])
    second = house.waiting_caller()
    not_taken(house, 5, both[1])
    assert house.said(PartnerFailing) == []
    assert house.house.lines[LINE].queue == (second,)


def test_gone_in_the_very_second_is_not_taken() -> None:
    house = house_at_night()
    theirs = place(house)
    call, behind = house.waiting_caller(), house.waiting_caller()
    house.answers(house.ring_of(theirs))
    house.joined(call)
    house.later(1.0)
    house.ring_gone(house.ring_of(theirs))
    assert house.house.lines[LINE].queue == (call, behind)
    assert words(house, call)[-1] == (WORDS,)
    assert house.call(call).refused == 1


def test_a_ring_that_our_own_death_cost_is_held_against_nobody() -> None:
    house = house_at_night()
    theirs = place(house)
    call = house.waiting_caller()
    house.rings(house.ring_of(theirs))
    house.tell(Surveyed({call: LINE}, frozenset(), {}, frozenset({theirs}), house.at))
    assert house.call(call).refused == 0
    assert house.person(theirs).doubt is None
    assert house.asked().count(theirs) == 2, "and it is rung again at once"


def test_words_about_a_hand_over_are_not_lost_by_words_about_a_partner() -> None:
    house = house_at_night()
    theirs = place(house)
    call = house.caller()
    house.heard(call)  # now the queue's welcome is heard
    house.ring_gone(house.ring_of(theirs), Cause.BUSY)
    assert words(house, call)[-1] == (PromptId("koe"),), "words are not cut by it"
    house.heard(call)
    assert words(house, call)[-1] == (WORDS,)


def test_of_a_volunteers_phone_nobody_is_told() -> None:
    house = house_at_night(OtherGroups((NIGHT,)))
    bo = house.volunteer("bo", NIGHT)
    call = house.waiting_caller()
    house.ring_gone(house.ring_of(bo), Cause.BUSY)
    assert (WORDS,) not in words(house, call)


def test_a_partner_who_does_not_answer_is_not_paused_for_nobody_could_end_that() -> None:
    house = house_at_night(auto_pause=1)
    theirs = place(house)
    house.waiting_caller()
    house.ring_gone(house.ring_of(theirs), Cause.NO_ANSWER)
    assert not house.said(VolunteerNotAnswering)
    assert house.person(theirs).pause is None


def test_a_partner_whose_line_goes_dead_in_a_talk_gives_the_caller_back_to_the_head_of_the_queue() -> None:
    house = house_at_night()
    theirs = place(house)
    call = house.waiting_caller()
    house.talking(call, theirs)
    other = house.waiting_caller()
    house.ring_gone(house.ring_of(theirs), Cause.MEDIA_LOST)
    assert house.house.lines[LINE].queue == (call, other)
    house.hangs_up(call)
    assert house.said(CallEnded)[0].outcome is Outcome.HANDED_OVER, "they had talked, and that stands"
