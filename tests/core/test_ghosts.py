"""A phone that dies in a talk: the caller is told, is first again, and gets the same volunteer if they come back."""

from __future__ import annotations

from dataclasses import replace

from ivr.core.commands import Play, StartMusic
from ivr.core.facts import CallRequeued
from ivr.core.flow import Enqueue, Flow, Strategy
from ivr.core.ids import CallId, PromptId, StepName, VolunteerId
from ivr.core.news import Cause, Published, VolunteerReachable, VolunteerUnreachable
from ivr.core.reasons import RequeueReason
from ivr.core.state import Waiting
from tests.core.small_house import LINE, Small, open_by_day, plan, small

QUEUE = StepName("queue")
BACK = PromptId("afbrudt")


def house_with(strategy: Strategy = Strategy.LONGEST_IDLE) -> Small:
    house = small(strategy)
    made = plan(strategy)
    line = made.lines[LINE]
    queue = line.flow.steps[QUEUE]
    assert isinstance(queue, Enqueue)
    flow = Flow(line.flow.start, {**line.flow.steps, QUEUE: replace(queue, back=(BACK,))})
    house.tell(
        Published(replace(made, version="2", lines={LINE: replace(line, flow=flow)}), {LINE: open_by_day()}, house.at)
    )
    return house


def dies(house: Small, who: VolunteerId) -> None:
    house.ring_gone(house.ring_of(who), Cause.MEDIA_LOST)


def cut_off() -> tuple[Small, VolunteerId, VolunteerId, CallId]:
    """anna talks to the caller when her phone dies; bo waits."""
    house = house_with()
    anna = house.volunteer("anna")
    call = house.waiting_caller()
    house.talking(call, anna)
    bo = house.volunteer("bo")
    dies(house, anna)
    return house, anna, bo, call


def test_who_lost_their_volunteer_is_told_so_and_is_first_while_phones_ring_already() -> None:
    house, anna, bo, call = cut_off()
    assert house.said(CallRequeued)[0].reason is RequeueReason.PHONE_DEAD
    assert [each.prompts for each in house.commands if isinstance(each, Play)][-1] == (BACK,)
    assert house.house.lines[LINE].queue[0] == call
    assert house.asked() == [anna, bo]


def test_after_the_sentence_there_is_music() -> None:
    house, _anna, _bo, call = cut_off()
    before = sum(isinstance(each, StartMusic) for each in house.commands)
    house.heard(call)
    assert sum(isinstance(each, StartMusic) for each in house.commands) == before + 1


def test_a_dead_phone_is_not_rung_until_it_is_known_whether_it_is_there() -> None:
    house = house_with()
    anna = house.volunteer("anna")
    house.talking(house.waiting_caller(), anna)
    dies(house, anna)
    assert house.asked() == [anna]
    house.later(7.9)
    assert house.asked() == [anna]
    house.later(0.2)
    assert house.asked() == [anna, anna]


def test_a_phone_that_comes_back_is_rung_the_moment_it_does() -> None:
    house = house_with()
    anna = house.volunteer("anna")
    house.talking(house.waiting_caller(), anna)
    dies(house, anna)
    house.tell(VolunteerUnreachable(anna, house.at))
    house.later(3.0)
    house.tell(VolunteerReachable(anna, house.at))
    assert house.asked() == [anna, anna]


def test_the_same_volunteer_is_asked_before_others_who_have_been_free_for_longer() -> None:
    house, anna, bo, call = cut_off()
    house.ring_gone(house.ring_of(bo), Cause.DECLINED)
    carl = house.volunteer("carl")
    assert house.asked() == [anna, bo, carl]
    house.later(10.0)
    house.ring_gone(house.ring_of(carl), Cause.NO_ANSWER)
    assert house.asked() == [anna, bo, carl, anna]
    assert house.call(call).prefer == anna


def test_a_volunteer_whose_phone_died_need_not_wrap_up_a_talk_that_goes_on() -> None:
    house, anna, _bo, _call = cut_off()
    assert type(house.person(anna).phase).__name__ == "Free"


def test_who_was_never_joined_hears_no_sentence_about_it() -> None:
    house = house_with()
    anna = house.volunteer("anna")
    call = house.waiting_caller()
    house.answers(house.ring_of(anna))
    house.ring_gone(house.ring_of(anna))
    assert isinstance(house.call(call).phase, Waiting)
    assert not any(isinstance(each, Play) and each.prompts == (BACK,) for each in house.commands)
