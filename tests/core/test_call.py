"""One call, from the first word to its one outcome."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ivr.core.commands import Answer, EndTalk, HangUp, Join, LetGo, LetGoReason, Play, Ring, StartMusic, StopPlay
from ivr.core.facts import (
    Alarm,
    CallAnswered,
    CallEnded,
    CallQueued,
    CallRequeued,
    CallStarted,
    PromptFailed,
    RingEnded,
    StepEntered,
)
from ivr.core.flow import Strategy
from ivr.core.ids import CallId, PromptId, RingId, TalkId
from ivr.core.news import (
    CallArrived,
    CallDue,
    CallGone,
    CallLeft,
    Cause,
    CommandFailed,
    Joined,
    OverrideGiven,
    PlayEnded,
    Result,
    RingAnswered,
    VolunteerPaused,
)
from ivr.core.reasons import EndedBy, Outcome, RequeueReason, RingResult
from ivr.core.state import Free, Joining, Sheltered, Talking, Waiting, WrappingUp
from ivr.core.walk import HANGUP_S
from tests.core.small_house import LINE, NIGHT, Small, small


def ended(house: Small) -> CallEnded:
    (only,) = house.said(CallEnded)
    return only


def test_a_caller_is_answered_and_greeted_at_once() -> None:
    house = small()
    call = house.caller()
    answer, play = house.commands[-2:]
    assert answer == Answer(call)
    assert isinstance(play, Play)
    assert play.prompts == ("velkommen", "fare")
    assert [fact.step for fact in house.said(StepEntered)] == ["greeting"]


def test_after_the_greeting_an_open_line_leads_to_the_queue_and_phones_ring_during_its_first_words() -> None:
    house = small()
    anna = house.volunteer("anna")
    call = house.caller()
    house.heard(call)
    assert house.asked() == [anna]
    (queued,) = house.said(CallQueued)
    assert queued.position == 1
    assert [each.prompts for each in house.commands if isinstance(each, Play)][-1] == ("koe",)


def test_music_follows_the_words_in_the_queue() -> None:
    house = small()
    house.volunteer("anna")
    call = house.waiting_caller()
    assert house.commands[-1] == StartMusic(call)


def test_the_first_to_pick_up_is_joined_and_the_others_stop_once_the_two_hear_each_other() -> None:
    house = small()
    anna, bo = house.volunteer("anna"), house.volunteer("bo")
    call = house.waiting_caller()
    house.answers(house.ring_of(bo))
    assert Join(TalkId(house.talk_of(call)), call, house.ring_of(bo)) in house.commands[-1:]
    assert not any(isinstance(each, LetGo) for each in house.commands)
    house.joined(call)
    assert house.commands[-1] == LetGo(house.ring_of(anna), LetGoReason.ELSEWHERE)
    house.later(2.0)
    results = {fact.volunteer: fact.result for fact in house.said(RingEnded)}
    assert results == {anna: RingResult.WON_BY_OTHER, bo: RingResult.ANSWERED}


def test_an_answer_cuts_the_words_that_are_being_played() -> None:
    house = small()
    anna = house.volunteer("anna")
    call = house.caller()
    house.heard(call)
    house.answers(house.ring_of(anna))
    stop, join = house.commands[-2:]
    assert isinstance(stop, StopPlay)
    assert isinstance(join, Join)


def test_two_who_pick_up_in_the_same_instant_do_not_both_get_the_caller() -> None:
    house = small()
    anna, bo = house.volunteer("anna"), house.volunteer("bo")
    call = house.waiting_caller()
    house.answers(house.ring_of(anna))
    house.answers(house.ring_of(bo))
    assert house.commands[-1] == LetGo(house.ring_of(bo), LetGoReason.ELSEWHERE)
    assert sum(isinstance(each, Join) for each in house.commands) == 1
    assert isinstance(house.call(call).phase, Joining)


def test_a_talk_stands_after_a_second_and_a_half_and_the_call_is_answered_whatever_follows() -> None:
    house = small()
    anna = house.volunteer("anna")
    call = house.waiting_caller()
    house.later(4.0)
    house.answers(house.ring_of(anna))
    house.joined(call)
    house.later(1.4)
    assert not house.said(CallAnswered)
    house.later(0.2)
    (answered,) = house.said(CallAnswered)
    assert answered.waited_s == 4.0
    house.later(60.0)
    house.hangs_up(call)
    assert ended(house).outcome is Outcome.ANSWERED
    assert ended(house).ended_by is EndedBy.CALLER
    assert ended(house).talk_s == pytest.approx(61.6)
    assert ended(house).answered_by == anna
    assert LetGo(house.ring_of(anna), LetGoReason.OVER) in house.commands
    assert EndTalk(house.talk_of(call)) in house.commands


def test_a_volunteer_who_hangs_up_ends_the_call_and_wraps_up() -> None:
    house = small()
    anna = house.volunteer("anna")
    call = house.waiting_caller()
    house.talking(call, anna)
    house.ring_gone(house.ring_of(anna))
    assert house.commands[-1] == HangUp(call)
    house.hangs_up(call)
    assert ended(house).ended_by is EndedBy.VOLUNTEER
    assert isinstance(house.person(anna).phase, WrappingUp)
    house.later(10.0)
    assert isinstance(house.person(anna).phase, Free)
    assert not house.house.calls


def test_a_volunteer_who_is_gone_within_a_second_and_a_half_costs_the_caller_nothing() -> None:
    house = small()
    anna, bo = house.volunteer("anna"), house.volunteer("bo")
    call, second = house.waiting_caller(), house.waiting_caller()
    house.answers(house.ring_of(anna))
    house.joined(call)
    house.ring_gone(house.ring_of(bo), Cause.ELSEWHERE)
    house.later(1.0)
    house.ring_gone(house.ring_of(anna))
    assert house.said(CallRequeued)[0].reason is RequeueReason.VOLUNTEER_GONE
    assert house.house.lines[LINE].queue == (call, second)
    assert isinstance(house.call(call).phase, Waiting)


def test_a_phone_that_dies_in_a_talk_gives_the_caller_the_head_of_the_queue_again() -> None:
    house = small()
    anna = house.volunteer("anna")
    call, second = house.waiting_caller(), house.waiting_caller()
    house.talking(call, anna)
    house.ring_gone(house.ring_of(anna), Cause.MEDIA_LOST)
    assert house.said(CallRequeued)[0].reason is RequeueReason.PHONE_DEAD
    assert house.house.lines[LINE].queue == (call, second)
    house.hangs_up(call)
    assert house.said(CallEnded)[0].outcome is Outcome.ANSWERED


def test_a_caller_who_hangs_up_in_the_queue_is_abandoned_and_the_phones_stop() -> None:
    house = small()
    anna = house.volunteer("anna")
    call = house.waiting_caller()
    house.later(12.0)
    house.hangs_up(call)
    assert ended(house).outcome is Outcome.ABANDONED
    assert ended(house).waited_s == 12.0
    assert house.commands[-1] == LetGo(house.ring_of(anna), LetGoReason.OVER)
    assert house.said(RingEnded)[0].result is RingResult.CALLER_GONE
    house.ring_gone(house.ring_of(anna))
    assert isinstance(house.person(anna).phase, Free)
    assert not house.house.calls


def test_a_caller_who_hangs_up_after_seconds_is_a_short_abandon() -> None:
    house = small()
    house.volunteer("anna")
    call = house.waiting_caller()
    house.later(9.9)
    house.hangs_up(call)
    assert ended(house).outcome is Outcome.SHORT_ABANDON


def test_a_caller_who_hangs_up_before_the_queue_ended_in_the_menu() -> None:
    house = small()
    call = house.caller()
    house.hangs_up(call)
    assert ended(house).outcome is Outcome.ENDED_IN_MENU
    assert ended(house).waited_s is None


def test_a_closed_line_says_when_it_opens_and_hangs_up() -> None:
    house = small()
    house.tell(OverrideGiven(LINE, False, None, "sick day", house.at))
    call = house.caller()
    house.heard(call)
    assert [fact.step for fact in house.said(StepEntered)] == ["greeting", "hours", "closed"]
    house.heard(call)
    said = [each for each in house.commands if isinstance(each, Play)][-1].prompts
    assert said, "the next opening, or that it is not known"
    house.heard(call)
    assert house.commands[-1] == HangUp(call)
    house.hangs_up(call)
    assert ended(house).outcome is Outcome.OUTSIDE_HOURS
    assert ended(house).ended_by is EndedBy.SYSTEM


def test_a_caller_who_comes_when_nobody_is_on_duty_is_told_so() -> None:
    house = small()
    anna = house.volunteer("anna")
    house.volunteer("nora", NIGHT)
    house.tell(VolunteerPaused(anna, "lunch", house.at))
    call = house.caller()
    house.heard(call)
    assert [fact.step for fact in house.said(StepEntered)][-1] == "nobody"
    house.heard(call)
    house.hangs_up(call)
    assert ended(house).outcome is Outcome.NOT_ADMITTED


def test_a_caller_who_waited_too_long_hears_why_and_is_let_go() -> None:
    house = small(max_wait_s=60.0)
    anna = house.volunteer("anna")
    call = house.waiting_caller()
    house.later(60.0)
    assert [fact.step for fact in house.said(StepEntered)][-1] == "busy"
    assert LetGo(house.ring_of(anna), LetGoReason.OVER) in house.commands or house.said(RingEnded)
    house.heard(call)
    house.hangs_up(call)
    assert ended(house).outcome is Outcome.FORCED_OUT
    assert ended(house).waited_s == 60.0


def test_announcements_come_when_they_are_due_in_turns_and_music_follows_each() -> None:
    house = small()
    house.volunteer("anna")
    call = house.waiting_caller()
    heard: list[tuple[PromptId, ...]] = []
    for _ in range(3):
        before = len(house.commands)
        house.later(40.0)
        heard += [each.prompts for each in house.commands[before:] if isinstance(each, Play)]
        house.heard(call)
        assert house.commands[-1] == StartMusic(call)
    assert heard == [("stadig",), ("skriv",), ("stadig",)]


def test_words_that_cannot_be_played_do_not_stop_a_call() -> None:
    house = small()
    house.volunteer("anna")
    call = house.caller()
    house.tell(PlayEnded(call, house.play_of(call), False, house.at))
    assert house.said(PromptFailed)
    assert isinstance(house.call(call).phase, Waiting)


def test_words_whose_end_is_never_told_do_not_hold_a_caller() -> None:
    house = small()
    house.volunteer("anna")
    call = house.caller()
    house.later(61.0)
    assert isinstance(house.call(call).phase, Waiting)


def test_a_command_on_a_caller_who_is_gone_ends_the_call() -> None:
    house = small()
    call = house.caller()
    play = house.commands[-1]
    house.tell(CommandFailed(play, Result.GONE, house.at))
    assert ended(house).outcome is Outcome.ENDED_IN_MENU
    assert call not in house.house.calls


def test_a_joining_that_fails_puts_the_caller_back_at_the_head_and_lets_the_volunteer_go() -> None:
    house = small()
    anna = house.volunteer("anna")
    call = house.waiting_caller()
    house.answers(house.ring_of(anna))
    join = house.commands[-1]
    house.tell(CommandFailed(join, Result.REFUSED, house.at))
    assert house.said(CallRequeued)[0].reason is RequeueReason.NOT_JOINED
    assert LetGo(house.ring_of(anna), LetGoReason.OVER) in house.commands
    assert isinstance(house.call(call).phase, Waiting)


def test_a_joining_that_fails_after_the_volunteer_was_gone_does_not_end_the_callers_call() -> None:
    house = small()
    anna = house.volunteer("anna")
    call = house.waiting_caller()
    house.answers(house.ring_of(anna))
    join = house.commands[-1]
    house.ring_gone(house.ring_of(anna))
    house.tell(CommandFailed(join, Result.GONE, house.at))
    assert not house.said(CallEnded)
    assert isinstance(house.call(call).phase, Waiting)


def test_a_joining_that_nobody_confirms_is_given_up() -> None:
    house = small()
    anna = house.volunteer("anna")
    call = house.waiting_caller()
    house.answers(house.ring_of(anna))
    house.later(5.0)
    assert house.said(CallRequeued)
    assert isinstance(house.call(call).phase, Waiting)


def test_a_key_in_a_menu_barges_in_and_leads_on() -> None:
    house = small(menu=True)
    house.volunteer("anna")
    call = house.caller()
    house.heard(call)
    house.presses(call, "1")
    assert StopPlay(call, house.play_of(call)) not in house.commands[:-3]
    assert isinstance(house.call(call).phase, Waiting)


def test_a_wrong_key_is_asked_again_and_then_leads_where_the_flow_says() -> None:
    house = small(menu=True)
    house.volunteer("anna")
    call = house.caller()
    house.heard(call)
    house.presses(call, "9")
    assert not isinstance(house.call(call).phase, Waiting)
    house.presses(call, "9")
    assert isinstance(house.call(call).phase, Waiting)


def test_no_key_in_time_is_asked_again_and_then_leads_on() -> None:
    house = small(menu=True)
    house.volunteer("anna")
    call = house.caller()
    house.heard(call)
    house.heard(call)
    house.later(5.0)
    house.heard(call)
    house.later(5.0)
    assert isinstance(house.call(call).phase, Waiting)


def test_news_told_twice_changes_nothing() -> None:
    house = small()
    anna = house.volunteer("anna")
    call = house.waiting_caller()
    house.answers(house.ring_of(anna))
    house.joined(call)
    seen = len(house.commands), len(house.facts)
    house.answers(house.ring_of(anna))
    house.joined(call)
    house.tell(CallArrived(call, LINE, house.at))
    assert (len(house.commands), len(house.facts)) == seen
    assert isinstance(house.call(call).phase, Talking)


def test_news_about_what_nobody_knows_is_harmless_and_a_stranger_who_answers_is_let_go() -> None:
    house = small()
    stranger = CallId("nobody")
    house.tell(CallGone(stranger, Cause.NORMAL, house.at))
    house.tell(Joined(TalkId("nobody-t1"), house.at))
    assert not house.facts[len(house.said(CallStarted)) :] or not house.said(CallEnded)
    house.tell(RingAnswered(RingId("nobody-r1"), house.at))
    assert house.commands[-1] == LetGo(RingId("nobody-r1"), LetGoReason.OVER)


def test_a_phone_that_cannot_be_rung_is_unreachable_and_rests() -> None:
    house = small(Strategy.LONGEST_IDLE)
    anna, bo = house.volunteer("anna"), house.volunteer("bo")
    house.waiting_caller()
    ring = next(each for each in house.commands if isinstance(each, Ring))
    assert ring.volunteer == anna
    house.tell(CommandFailed(ring, Result.REFUSED, house.at))
    assert house.said(RingEnded)[0].result is RingResult.UNREACHABLE
    assert house.asked() == [anna, bo]


def test_what_a_phone_shows_is_the_line_and_never_a_caller() -> None:
    house = small()
    house.volunteer("anna")
    house.waiting_caller()
    (ring,) = [each for each in house.commands if isinstance(each, Ring)]
    assert (ring.shows_name, ring.shows_number) == ("BørneTelefonen", "116111")


def test_who_cannot_be_answered_because_they_fell_a_moment_ago_is_not_hung_up_on() -> None:
    """The last resort has answered them, and may give them back."""
    house = small()
    house.volunteer("anna")
    call = house.caller()
    house.tell(CommandFailed(Answer(call), Result.NOT_NOW, house.at))
    assert not any(isinstance(each, HangUp) for each in house.commands)
    house.tell(CallLeft(call, house.at))
    assert isinstance(house.call(call).phase, Sheltered)


def test_who_cannot_be_answered_at_all_has_failed() -> None:
    house = small()
    house.volunteer("anna")
    call = house.caller()
    house.tell(CommandFailed(Answer(call), Result.REFUSED, house.at))
    assert house.commands[-1] == HangUp(call)


def test_who_is_not_hung_up_on_in_time_is_asked_for_again_and_not_written_down_as_gone() -> None:
    house = small()
    anna = house.volunteer("anna")
    call = house.waiting_caller()
    house.talking(call, anna)
    house.ring_gone(house.ring_of(anna))
    for times in (1, 2, 3):
        assert [each for each in house.commands if isinstance(each, HangUp)] == [HangUp(call)] * times
        house.at += timedelta(seconds=HANGUP_S)
        house.tell(CallDue(call, house.at))
        assert [each.what for each in house.said(Alarm)] == ["hangup_not_confirmed"] * times
    assert house.said(CallEnded) == []
    house.tell(CommandFailed(HangUp(call), Result.GONE, house.at))
    (end,) = house.said(CallEnded)
    assert (end.outcome, end.ended_by) == (Outcome.ANSWERED, EndedBy.VOLUNTEER)
