"""A volunteer whose phone refuses, and one whose phone carries no sound: left alone after a few times, told so, and not
counted on any more."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from ivr.cli import status
from ivr.core import feature
from ivr.core import volunteer as volunteer_machine
from ivr.core.commands import Confirm
from ivr.core.facts import CallEnded, HandoverEndangered, VolunteerBack, VolunteerNotHeard, VolunteerRefusing
from ivr.core.feature import Feature
from ivr.core.ids import DialId, PromptId, RingId, VolunteerId
from ivr.core.news import (
    Cause,
    CommandFailed,
    DutyChanged,
    FeatureDialled,
    Published,
    Result,
    Surveyed,
    VolunteerPaused,
    VolunteerReachable,
    VolunteerReleased,
    VolunteerResumed,
    VolunteerUnreachable,
)
from ivr.core.reasons import Outcome, PauseKind, RingResult
from ivr.core.state import Free, InTalk, Pause, Volunteer
from ivr.core.volunteer import SOUNDLESS_REST_S, PhoneDown
from tests.core.small_house import DAY, LINE, NIGHT, NOON, Small, open_by_day, plan, small

EVERY_NO = (Cause.DECLINED, Cause.BUSY, Cause.UNREACHABLE, Cause.FAILED, Cause.NO_ANSWER, Cause.NORMAL)


def lenient(refusals: int, auto_pause: int = 0) -> Small:
    """A house in which so many refusals in a row pause a volunteer."""
    house, made = small(), plan()
    groups = {each.id: replace(each, refusals=refusals, auto_pause=auto_pause) for each in made.groups.values()}
    house.tell(Published(replace(made, version="2", groups=groups), {LINE: open_by_day()}, house.at))
    return house


def refuse(
    house: Small, who: VolunteerId, cause: Cause = Cause.BUSY, rings: bool = False, after_s: float = 0.1
) -> None:
    """The phone says no, and the rest after it passes."""
    if rings:
        house.rings(house.ring_of(who))
    house.later(after_s)
    house.ring_gone(house.ring_of(who), cause)
    house.later(6.0)


def kind(house: Small, who: VolunteerId) -> PauseKind | None:
    pause = house.person(who).pause
    return pause.kind if pause is not None else None


# ---------------------------------------------------------------- refusals


@pytest.mark.parametrize("cause", EVERY_NO)
def test_after_three_refusals_of_whatever_kind_a_phone_is_left_alone_and_the_next_one_rings_on(cause: Cause) -> None:
    house = small()
    anna, call = house.volunteer("anna"), house.waiting_caller()
    for times in (1, 2, 3):
        assert house.asked() == [anna] * times
        assert kind(house, anna) is None
        refuse(house, anna, cause)
    assert kind(house, anna) is PauseKind.REFUSING
    assert [fact.volunteer for fact in house.said(VolunteerRefusing)] == [anna]
    house.later(120.0)
    assert house.asked() == [anna] * 3
    bo = house.volunteer("bo")
    assert house.asked()[3:] == [bo]
    assert not house.said(CallEnded), "the child waits on"
    house.talking(call, bo)


def test_refusals_of_different_kinds_are_counted_together() -> None:
    house = small()
    anna = house.volunteer("anna")
    house.waiting_caller()
    for cause in (Cause.FAILED, Cause.DECLINED, Cause.NO_ANSWER):
        refuse(house, anna, cause)
    assert kind(house, anna) is PauseKind.REFUSING


def test_a_phone_that_rings_shortly_and_then_says_that_nobody_answers_has_refused() -> None:
    house = lenient(3, auto_pause=3)
    anna = house.volunteer("anna")
    house.waiting_caller()
    for _ in range(3):
        refuse(house, anna, Cause.NO_ANSWER, rings=True, after_s=4.0)
    assert kind(house, anna) is PauseKind.REFUSING


def test_a_phone_that_rang_most_of_its_time_was_not_answered_and_has_not_refused() -> None:
    house = lenient(1)
    anna = house.volunteer("anna")
    house.waiting_caller()
    for _ in range(3):
        refuse(house, anna, Cause.NO_ANSWER, rings=True, after_s=12.0)
    assert kind(house, anna) is None


def test_a_phone_that_says_nothing_at_all_until_its_time_is_over_has_not_refused() -> None:
    house = lenient(1)
    anna = house.volunteer("anna")
    house.waiting_caller()
    for _ in range(3):
        refuse(house, anna, Cause.NO_ANSWER, after_s=19.7)
    assert kind(house, anna) is None


def test_a_phone_that_rings_to_its_end_in_between_refuses_no_more() -> None:
    house = small()
    anna = house.volunteer("anna")
    house.waiting_caller()
    refuse(house, anna)
    refuse(house, anna)
    refuse(house, anna, Cause.NO_ANSWER, rings=True, after_s=19.7)
    refuse(house, anna)
    refuse(house, anna)
    assert (kind(house, anna), house.person(anna).refused) == (None, 2)


def test_a_group_that_wants_it_so_is_never_paused_for_refusals() -> None:
    house = lenient(0)
    anna = house.volunteer("anna")
    house.waiting_caller()
    for _ in range(12):
        refuse(house, anna, Cause.DECLINED)
    assert (kind(house, anna), len(house.asked())) == (None, 13)


def test_a_talk_that_stood_is_a_new_beginning_and_one_that_did_not_is_none() -> None:
    house = small()
    anna = house.volunteer("anna")
    call = house.waiting_caller()
    refuse(house, anna)
    refuse(house, anna)
    house.answers(house.ring_of(anna))
    house.joined(call)
    house.later(1.0)
    assert house.person(anna).refused == 2
    house.later(1.0)
    assert house.person(anna).refused == 0


@pytest.mark.parametrize("how", ["resumed", "back on duty", "its phone was gone and is back"])
def test_who_is_said_to_be_there_begins_anew(how: str) -> None:
    house = small()
    anna = house.volunteer("anna")
    house.waiting_caller()
    refuse(house, anna)
    refuse(house, anna)
    match how:
        case "resumed":
            house.tell(VolunteerResumed(anna, house.at))
        case "back on duty":
            house.tell(DutyChanged(anna, True, house.at))
        case _:
            house.tell(VolunteerUnreachable(anna, house.at))
            house.tell(VolunteerReachable(anna, house.at))
    refuse(house, anna)
    assert (kind(house, anna), house.person(anna).refused) == (None, 1)


def test_a_phone_that_registers_anew_does_not_end_the_pause_by_itself() -> None:
    house = small()
    anna = house.volunteer("anna")
    house.waiting_caller()
    for _ in range(3):
        refuse(house, anna)
    house.tell(VolunteerUnreachable(anna, house.at))
    house.tell(VolunteerReachable(anna, house.at))
    house.later(30.0)
    assert (kind(house, anna), len(house.asked())) == (PauseKind.REFUSING, 3)
    house.tell(VolunteerResumed(anna, house.at))
    assert len(house.asked()) == 4
    assert len(house.said(VolunteerBack)) == 1


def test_a_phone_that_is_gone_refuses_nothing() -> None:
    house = lenient(1)
    anna = house.volunteer("anna")
    house.waiting_caller()
    house.tell(VolunteerUnreachable(anna, house.at))
    house.ring_gone(house.ring_of(anna), Cause.UNREACHABLE)
    assert kind(house, anna) is None


def test_what_was_our_own_doing_is_no_refusal() -> None:
    house = lenient(1)
    anna, bo = house.volunteer("anna"), house.volunteer("bo")
    call = house.waiting_caller()
    house.talking(call, bo)
    house.ring_gone(house.ring_of(anna), Cause.ELSEWHERE)  # won by another
    other = house.waiting_caller()
    house.hangs_up(other)
    house.ring_gone(house.ring_of(anna), Cause.NORMAL)  # the caller had gone
    house.waiting_caller()
    ring = next(command for command in reversed(house.commands) if getattr(command, "volunteer", None) == anna)
    house.tell(CommandFailed(ring, Result.TIMEOUT, house.at))
    house.later(2.0)
    assert kind(house, anna) is None
    house.later(10.0)
    house.tell(VolunteerPaused(anna, None, house.at))  # withdrawn while it rang, and back before that was confirmed
    house.tell(VolunteerResumed(anna, house.at))
    house.ring_gone(house.ring_of(anna), Cause.DECLINED)
    assert kind(house, anna) is None


def test_rings_of_which_nobody_knows_how_they_ended_are_no_refusals() -> None:
    house = lenient(1)
    anna, call = house.volunteer("anna"), house.waiting_caller()
    house.rings(house.ring_of(anna))
    house.tell(Surveyed({call: LINE}, frozenset(), {}, frozenset({anna}), house.at))
    assert kind(house, anna) is None


def test_what_the_exchange_refuses_for_a_phone_is_the_phone_s_refusal() -> None:
    house = small()
    anna = house.volunteer("anna")
    house.waiting_caller()
    for _ in range(3):
        ring = next(command for command in reversed(house.commands) if getattr(command, "volunteer", None) == anna)
        house.tell(CommandFailed(ring, Result.REFUSED, house.at))
        house.later(6.0)
    assert kind(house, anna) is PauseKind.REFUSING


def test_a_partner_s_place_is_never_paused_for_refusing() -> None:
    house = lenient(1)
    place = house.volunteer("natlinje.1")
    house.waiting_caller()
    refuse(house, place)
    assert (kind(house, place), house.person(place).refused) == (None, 0)


def test_who_refused_too_often_counts_as_not_there() -> None:
    house = lenient(1)
    anna = house.volunteer("anna")
    call = house.waiting_caller()
    assert volunteer_machine.on_duty(house.person(anna))
    refuse(house, anna)
    assert not volunteer_machine.on_duty(house.person(anna))
    assert house.house.lines[LINE].unattended_at is not None, "who waits has nobody"
    assert any("no volunteer is reachable" in each for each in status.wrong_things(house.house, connected=True))
    house.hangs_up(call)
    late = house.caller()
    house.heard(late)  # the greeting; who comes now goes the way of a queue with nobody there
    assert house.call(late).fate is not Outcome.ABANDONED or house.call(late).queued_at is None


def test_a_hand_over_to_somebody_whose_phone_refuses_is_told_to_be_in_danger() -> None:
    house = lenient(1)
    nora = house.volunteer("nora", NIGHT)
    house.volunteer("anna", DAY)
    house.later((NOON.replace(hour=21, minute=50) - house.at).total_seconds())
    assert not house.said(HandoverEndangered)
    who = replace(house.person(nora), phase=Free(house.at))
    house.tell(VolunteerPaused(who.id, None, house.at, PauseKind.REFUSING))
    house.later(60.0)
    assert house.said(HandoverEndangered)


# ---------------------------------------------------------------- no sound


def picked_up(name: str = "anna") -> Volunteer:
    return Volunteer(VolunteerId(name), DAY, None, InTalk(RingId("r1")), reachable=True)


def not_heard(who: Volunteer, at_s: float = 0.0, rest_s: float = 5.0, died: bool = False) -> Volunteer:
    """They picked up, nothing was heard, and they were let go."""
    group = replace(plan().groups[DAY], rest_s=rest_s)
    down = PhoneDown(RingId("r1"), RingResult.FAILED, talked=False, at=NOON + timedelta(seconds=at_s), died=died)
    return volunteer_machine.step(replace(who, phase=InTalk(RingId("r1")), rest_until=None), down, group)


def rested_s(who: Volunteer) -> float:
    assert who.rest_until is not None
    return (who.rest_until - NOON).total_seconds()


def test_who_is_not_heard_may_be_asked_once_more_then_rests_and_then_is_paused() -> None:
    first = not_heard(picked_up())
    assert (first.pause, rested_s(first), isinstance(first.phase, Free)) == (None, SOUNDLESS_REST_S[0], True)
    second = not_heard(first)
    assert (second.pause, rested_s(second)) == (None, SOUNDLESS_REST_S[1])
    third = not_heard(second)
    assert third.pause is not None
    assert third.pause.kind is PauseKind.NO_SOUND
    assert not volunteer_machine.on_duty(third)
    assert volunteer_machine.said(second, third, NOON) == (VolunteerNotHeard(third.id, NOON),)


def test_who_is_not_heard_rests_no_shorter_than_their_group_does() -> None:
    assert rested_s(not_heard(picked_up(), rest_s=120.0)) == 120.0
    assert rested_s(not_heard(picked_up(), rest_s=0.0, died=True)) >= 8.0


def test_who_has_paused_in_a_soundless_talk_keeps_their_own_pause() -> None:
    who = replace(picked_up(), soundless=2, pause=Pause("frokost", NOON))
    after = not_heard(who)
    assert after.pause == who.pause


def test_a_talk_that_stood_makes_up_for_those_that_were_not_heard() -> None:
    house = small()
    anna = house.volunteer("anna")
    house.house = replace(
        house.house, volunteers=house.house.volunteers.set(anna, replace(house.person(anna), soundless=2))
    )
    house.talking(house.waiting_caller(), anna)
    assert house.person(anna).soundless == 0


def test_a_partner_s_place_is_never_paused_for_having_no_sound() -> None:
    place = picked_up("natlinje.1")
    for _ in range(4):
        place = not_heard(place)
    assert (place.pause, place.soundless) == (None, 0)


# ---------------------------------------------------------------- told


def back(house: Small, who: VolunteerId) -> PromptId:
    """What they hear who dial that they are back."""
    told = house.tell(FeatureDialled(DialId("1.1"), who, Feature.ON_DUTY, house.at))
    house.tell(VolunteerReleased(who, house.at))
    return next(command.prompt for command in told if isinstance(command, Confirm))


@pytest.mark.parametrize("why", [PauseKind.UNANSWERED, PauseKind.REFUSING, PauseKind.NO_SOUND])
def test_who_was_paused_by_us_hears_why_and_is_back_and_the_coordinator_sees_it(why: PauseKind) -> None:
    house = small()
    anna = house.volunteer("anna")
    house.tell(VolunteerPaused(anna, None, house.at, why))
    assert any(each.startswith("anna is not rung any more") for each in status.wrong_things(house.house, True))
    shown = status.volunteer_json(house.person(anna))
    assert (shown["state"], shown["pause"]) == ("paused", why)
    assert shown["reason"] == status.REASONS[why]
    assert back(house, anna) == feature.WHY_PAUSED[why]
    assert back(house, anna) == feature.ON_DUTY
    assert house.person(anna).pause is None
    assert not any(each.startswith("anna") for each in status.wrong_things(house.house, True))


def test_who_has_gone_home_paused_by_us_troubles_no_coordinator() -> None:
    house = small()
    anna = house.volunteer("anna")
    house.tell(VolunteerPaused(anna, None, house.at, PauseKind.REFUSING))
    house.tell(DutyChanged(anna, False, house.at))
    assert not any(each.startswith("anna") for each in status.wrong_things(house.house, True))


def test_every_sentence_for_a_pause_of_ours_is_among_those_that_the_exchange_can_play() -> None:
    ours = set(PauseKind) - {PauseKind.OWN, PauseKind.BREAK}
    assert set(feature.WHY_PAUSED) == ours == set(status.PAUSED_BY_US)
    assert {*feature.WHY_PAUSED.values(), feature.NOT_HEARD} <= set(feature.SENTENCES)
