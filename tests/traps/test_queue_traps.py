"""What queues of other systems get wrong (Q1-Q18 of the table in this room's README), tried on ours."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from ivr.core.commands import Join, LetGo, Play, StartMusic, StopPlay
from ivr.core.facts import CallAnswered, CallEnded, CallJoined, RingEnded
from ivr.core.flow import Announcement, Enqueue, Menu, Plan, Strategy
from ivr.core.ids import CallId, PromptId, StepName, VolunteerId
from ivr.core.news import (
    Cause,
    Joined,
    Published,
    RingAnswered,
    RingGone,
    VolunteerPaused,
    VolunteerReachable,
    VolunteerResumed,
    VolunteerUnreachable,
)
from ivr.core.reasons import Outcome, RingResult
from ivr.core.state import Free, Joining, Talking, Volunteer, Waiting, WrappingUp
from ivr.store.codec import decode, encode
from sip.asterisk.render import rendered
from tests.core.small_house import LINE, Small, open_by_day, plan, small
from tests.sip.test_render import settings


def announced(house: Small, call: CallId) -> Waiting:
    """The call, which waits and at present hears an announcement."""
    phase = house.call(call).phase
    assert isinstance(phase, Waiting)
    assert phase.speaking is not None
    return phase


def busy_house() -> tuple[Small, VolunteerId, CallId]:
    """anna talks with somebody; a second caller waits and hears an announcement."""
    house = small()
    anna = house.volunteer("anna")
    house.talking(house.waiting_caller(), anna)
    call = house.waiting_caller()
    house.later(31.0)
    announced(house, call)
    return house, anna, call


def test_q2_a_volunteer_who_answers_and_hangs_up_before_the_two_are_joined_stops_no_other_phone() -> None:
    """https://github.com/asterisk/asterisk/issues/1557"""
    house = small(Strategy.RING_ALL)
    anna, bo = house.volunteer("anna"), house.volunteer("bo")
    call = house.waiting_caller()
    house.answers(house.ring_of(anna))
    house.ring_gone(house.ring_of(anna))
    assert isinstance(house.call(call).phase, Waiting)
    assert not [each for each in house.commands if isinstance(each, LetGo)]
    assert house.asked().count(bo) == 1, "bo's phone rings on, it was not stopped and begun again"
    house.answers(house.ring_of(bo))
    house.joined(call)
    assert isinstance(house.call(call).phase, Talking)


def test_q3_phones_ring_while_the_first_caller_hears_an_announcement() -> None:
    """https://github.com/asterisk/asterisk/issues/1568"""
    house = small()
    anna = house.volunteer("anna")
    first = house.waiting_caller()
    house.talking(first, anna)
    call = house.waiting_caller()
    house.later(25.0)
    house.hangs_up(first)
    house.ring_gone(house.ring_of(anna))
    house.later(9.9)
    announced(house, call)
    assert isinstance(house.person(anna).phase, WrappingUp)
    house.later(0.1)
    announced(house, call)
    assert house.ring_of(anna).startswith(f"{call}-"), "the phone rings in the middle of the words"


def test_q4_an_answer_cuts_the_announcement_and_the_two_are_joined_at_once() -> None:
    """https://github.com/signalwire/freeswitch/issues/1148"""
    house = small()
    anna = house.volunteer("anna")
    call = house.waiting_caller()
    house.later(29.0)
    house.later(2.0)
    play = announced(house, call).speaking
    ring = next(each.id for each in house.call(call).rings)
    assert ring == house.ring_of(anna)
    did = house.tell(RingAnswered(ring, house.at))
    assert [type(each) for each in did] == [StopPlay, Join]
    assert isinstance(did[0], StopPlay)
    assert did[0].play == play


def test_q5_announcements_are_heard_whatever_the_place_in_the_queue_does() -> None:
    """https://github.com/asterisk/asterisk/issues/1386"""
    house = small()
    house.volunteer("anna")
    in_front = [house.waiting_caller() for _ in range(3)]
    call = house.waiting_caller()
    before = heard_words(house, call)
    for other in in_front:
        house.later(45.0)
        if isinstance(phase := house.call(call).phase, Waiting) and phase.speaking is not None:
            house.heard(call)
        house.hangs_up(other)
    assert heard_words(house, call) - before == 3


def heard_words(house: Small, call: CallId) -> int:
    return sum(isinstance(each, Play) and each.call == call for each in house.commands)


def test_q6_a_wrap_up_lasts_as_long_as_it_should_whatever_happens_meanwhile() -> None:
    """https://github.com/asterisk/asterisk/issues/1006 and /issues/607"""
    house = small()
    anna = house.volunteer("anna")
    call = house.waiting_caller()
    house.talking(call, anna)
    house.hangs_up(call)
    ring = house.ring_of(anna)
    house.ring_gone(ring)
    began = house.at
    house.waiting_caller()
    for _ in range(9):
        house.later(1.0)
        house.tell(VolunteerUnreachable(anna, house.at))
        house.tell(VolunteerPaused(anna, None, house.at))
        house.tell(VolunteerResumed(anna, house.at))
        house.tell(VolunteerReachable(anna, house.at))
        house.tell(RingGone(ring, Cause.NORMAL, house.at))
        phase = house.person(anna).phase
        assert isinstance(phase, WrappingUp)
        assert (phase.until - began).total_seconds() == 10.0
        assert house.ring_of(anna) == ring
    house.later(1.0)
    assert house.ring_of(anna) != ring


def test_q7_what_is_told_twice_is_counted_once() -> None:
    """https://github.com/asterisk/asterisk/pull/1737"""
    house = small(Strategy.FEWEST_CALLS)
    anna = house.volunteer("anna")
    call = house.waiting_caller()
    ring = house.ring_of(anna)
    for _ in range(3):
        house.tell(RingAnswered(ring, house.at))
    for _ in range(3):
        house.tell(Joined(house.talk_of(call), house.at))
    house.later(2.0)
    house.hangs_up(call)
    for _ in range(3):
        house.ring_gone(ring)
    counts = [len(house.said(kind)) for kind in (CallJoined, CallAnswered, CallEnded, RingEnded)]
    assert counts == [1, 1, 1, 1]
    assert house.person(anna).answered == 1


def test_q8_a_talk_is_as_long_as_the_two_were_joined_and_no_phone_can_transfer_a_caller() -> None:
    """https://github.com/FreePBX/issue-tracker/issues/124"""
    house = small()
    anna = house.volunteer("anna")
    call = house.waiting_caller()
    house.answers(house.ring_of(anna))
    house.joined(call)
    house.later(20.0)
    house.ring_gone(house.ring_of(anna))
    house.later(3600.0)
    house.hangs_up(call)
    (ended,) = house.said(CallEnded)
    assert (ended.talk_s, ended.answered_by) == (20.0, anna)
    assert "allow_transfer = no" in rendered(settings())["pjsip.conf"]


def test_q11_a_caller_who_hung_up_is_in_no_list_any_more_whatever_became_of_the_volunteer() -> None:
    """https://github.com/signalwire/freeswitch/issues/1973"""
    for moment in range(4):
        house = small()
        anna = house.volunteer("anna")
        call = house.waiting_caller()
        if moment >= 1:
            house.answers(house.ring_of(anna))
        if moment >= 2:
            house.joined(call)
        if moment >= 3:
            house.tell(VolunteerUnreachable(anna, house.at))
        house.hangs_up(call)
        assert house.house.lines[LINE].queue == ()
        house.later(5.0)  # nobody confirms that the phone is down: it is not waited for
        assert not house.house.calls, moment
        assert len(house.said(CallEnded)) == 1


def test_q12_whoever_declines_is_not_asked_again_before_everybody_else_was() -> None:
    """https://github.com/FreePBX/issue-tracker/issues/40"""
    for strategy in Strategy:
        house = small(strategy)
        everybody = {house.volunteer(name) for name in ("anna", "bo", "carl")}
        house.waiting_caller()
        for _ in range(3):
            house.ring_gone(house.ring_of(house.asked()[-1]), Cause.DECLINED)
        assert set(house.asked()[:3]) == everybody, strategy


def test_q13_two_announcements_of_the_same_rhythm_are_both_heard_and_one_that_comes_once_is_not_lost() -> None:
    """https://github.com/FreePBX/issue-tracker/issues/323"""
    made = plan()
    line = made.lines[LINE]
    several = (
        Announcement((PromptId("stadig"),), 30.0, 60.0),
        Announcement((PromptId("skriv"),), 30.0, 60.0),
        Announcement((PromptId("travlt"),), 30.0, None),
    )
    queue = line.flow.steps[StepName("queue")]
    assert isinstance(queue, Enqueue)
    steps = {**line.flow.steps, queue.name: replace(queue, announcements=several)}
    line = replace(line, flow=replace(line.flow, steps=steps))
    house = small()
    house.tell(Published(replace(made, version="2", lines={LINE: line}), {LINE: open_by_day()}, house.at))
    house.volunteer("anna")
    call = house.waiting_caller()
    before = len(house.commands)
    for _ in range(300):
        house.later(1.0)
        if isinstance(phase := house.call(call).phase, Waiting) and phase.speaking is not None:
            house.later(4.0)
            house.heard(call)
    words = Counter(
        str(prompt) for each in house.commands[before:] if isinstance(each, Play) for prompt in each.prompts
    )
    assert words["travlt"] == 1
    assert min(words["stadig"], words["skriv"]) >= 4


def test_q16_a_caller_whom_nobody_answers_is_one_missed_call_however_often_phones_rang() -> None:
    """https://pbxtools.ro/en/smart-missed-calls"""
    house = small(Strategy.RING_ALL)
    names = [house.volunteer(name) for name in ("anna", "bo", "carl")]
    call = house.waiting_caller()
    for _ in range(3):
        for name in names:
            house.ring_gone(house.ring_of(name), Cause.NO_ANSWER)
        house.later(6.0)
    house.hangs_up(call)
    for name in names:
        if not isinstance(house.person(name).phase, Free):
            house.ring_gone(house.ring_of(name))
    (ended,) = house.said(CallEnded)
    assert ended.outcome is Outcome.ABANDONED
    told = [fact.result for fact in house.said(RingEnded)]
    assert told.count(RingResult.NO_ANSWER) == 9
    assert {fact.call for fact in house.said(RingEnded)} == {call}


def with_a_way_out() -> Plan:
    """After its longest wait a caller is asked whether to go on waiting."""
    made = plan(max_wait_s=60.0)
    line = made.lines[LINE]
    ask = Menu(StepName("busy"), (), {"1": StepName("queue")}, 5.0, StepName("queue"), StepName("queue"), 1)
    steps = {**line.flow.steps, ask.name: ask}
    return replace(made, lines={LINE: replace(line, flow=replace(line.flow, steps=steps))})


def test_q17_who_leaves_the_queue_for_a_menu_and_comes_back_has_kept_the_place() -> None:
    """https://github.com/MicrosoftDocs/OfficeDocs-SkypeForBusiness/issues/9902"""
    house = small()
    house.tell(Published(with_a_way_out(), {LINE: open_by_day()}, house.at))
    house.volunteer("anna")
    first = house.waiting_caller()
    house.later(30.0)
    second = house.waiting_caller()
    house.later(31.0)
    assert house.house.lines[LINE].queue == (second,)
    house.presses(first, "1")
    assert house.house.lines[LINE].queue == (first, second)


def test_q18_a_pause_and_its_reason_are_remembered() -> None:
    """https://github.com/asterisk/asterisk/issues/66"""
    house = small()
    anna = house.volunteer("anna")
    house.tell(VolunteerPaused(anna, "frokost", house.at))
    known = house.person(anna)
    assert decode(Volunteer, encode(known)) == known
    assert known.pause is not None
    assert known.pause.reason == "frokost"


def test_a6_music_is_each_callers_own_and_goes_on_when_another_leaves() -> None:
    """https://github.com/asterisk/node-ari-client/issues/116"""
    house = small()
    house.volunteer("anna")
    first, second = house.waiting_caller(), house.waiting_caller()
    music = [each.call for each in house.commands if isinstance(each, StartMusic)]
    assert music == [first, second]
    before = len(house.commands)
    house.hangs_up(second)
    assert not [each for each in house.commands[before:] if getattr(each, "call", None) == first]


def test_a7_music_follows_every_announcement() -> None:
    """https://github.com/CyCoreSystems/ari/issues/170"""
    house, _anna, call = busy_house()
    before = len(house.commands)
    house.heard(call)
    assert house.commands[before:] == [StartMusic(call)]
    assert not isinstance(house.call(call).phase, Joining)
