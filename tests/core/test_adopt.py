"""What we remember against what the exchange has, after we were away."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ivr.core.commands import Answer, EndTalk, HangUp, Join, LetGo, LetGoReason, Play, Ring, StartMusic, Uncover
from ivr.core.facts import CallEnded, CallQueued, CallStarted, RingEnded, VolunteerWentDown
from ivr.core.ids import CallId, LineId, RingId, TalkId, VolunteerId
from ivr.core.news import CallBack, Reached, RingAlerting, Surveyed, VolunteerPaused
from ivr.core.reasons import EndedBy, Outcome, Side
from ivr.core.state import Joining, Talking, Waiting
from tests.core.small_house import LINE, Small, small


def survey(
    house: Small,
    calls: set[CallId],
    rings: set[RingId] | None = None,
    talks: dict[TalkId, frozenset[CallId | RingId]] | None = None,
    reachable: set[VolunteerId] | None = None,
) -> None:
    there = reachable if reachable is not None else set(house.house.volunteers)
    lines: dict[CallId, LineId] = dict.fromkeys(calls, LINE)
    house.commands.clear()
    house.tell(Surveyed(lines, frozenset(rings or set()), talks or {}, frozenset(there), house.at))


def test_a_caller_who_is_gone_is_lost_and_nothing_is_guessed() -> None:
    house = small()
    anna = house.volunteer("anna")
    call = house.waiting_caller()
    ring = house.ring_of(anna)
    house.later(30.0)
    survey(house, set(), {ring})
    (ended,) = house.said(CallEnded)
    assert (ended.outcome, ended.ended_by) == (Outcome.LOST, EndedBy.UNKNOWN)
    assert any(isinstance(each, LetGo) and each.ring == ring for each in house.commands)
    assert call not in house.house.lines[LINE].queue


def test_a_phone_that_was_let_go_while_we_ended_is_told_again_and_for_the_same_reason() -> None:
    """Else a volunteer who took a pause would have missed a call."""
    house = small()
    anna = house.volunteer("anna")
    call = house.waiting_caller()
    ring = house.ring_of(anna)
    house.tell(VolunteerPaused(anna, None, house.at))
    survey(house, {call}, {ring})
    assert [each for each in house.commands if isinstance(each, LetGo)] == [LetGo(ring, LetGoReason.ELSEWHERE)]


def test_an_answered_call_that_is_gone_stays_answered() -> None:
    house = small()
    anna = house.volunteer("anna")
    call = house.waiting_caller()
    house.talking(call, anna)
    survey(house, set())
    (ended,) = house.said(CallEnded)
    assert (ended.outcome, ended.ended_by) == (Outcome.ANSWERED, EndedBy.UNKNOWN)


def test_a_waiting_caller_keeps_the_place_and_hears_music_again() -> None:
    house = small()
    house.volunteer("anna")
    first, second = house.waiting_caller(), house.waiting_caller()
    survey(house, {first, second}, {house.house.calls[first].rings[0].id})
    assert house.house.lines[LINE].queue == (first, second)
    assert [each for each in house.commands if isinstance(each, StartMusic)] == [
        StartMusic(first),
        StartMusic(second),
    ]
    assert isinstance(house.call(first).phase, Waiting)


def test_words_that_were_being_heard_are_begun_again_under_the_same_name() -> None:
    house = small()
    call = house.caller()
    play = house.play_of(call)
    survey(house, {call})
    (again,) = [each for each in house.commands if isinstance(each, Play)]
    assert again.play == play


def test_a_talk_goes_on_untouched() -> None:
    house = small()
    anna = house.volunteer("anna")
    call = house.waiting_caller()
    house.talking(call, anna)
    ring, talk = house.ring_of(anna), house.talk_of(call)
    survey(house, {call}, {ring}, {talk: frozenset({call, ring})})
    # what we may have begun before we died, and nothing else
    assert house.commands == [Uncover(call, ring, side) for side in Side]
    assert isinstance(house.call(call).phase, Talking)


def test_two_who_should_be_talking_and_are_not_joined_are_joined_anew() -> None:
    house = small()
    anna = house.volunteer("anna")
    call = house.waiting_caller()
    house.talking(call, anna)
    ring, talk = house.ring_of(anna), house.talk_of(call)
    survey(house, {call}, {ring}, {talk: frozenset({call})})
    (join,) = [each for each in house.commands if isinstance(each, Join)]
    assert join.talk != talk
    assert isinstance(house.call(call).phase, Joining)


def test_a_volunteer_who_is_gone_from_a_talk_ends_the_call_as_if_we_had_seen_it() -> None:
    house = small()
    anna = house.volunteer("anna")
    call = house.waiting_caller()
    house.talking(call, anna)
    survey(house, {call}, set(), {house.talk_of(call): frozenset({call})})
    assert any(isinstance(each, HangUp) and each.call == call for each in house.commands)


def test_rings_and_talks_nobody_remembers_are_let_go() -> None:
    house = small()
    survey(house, set(), {RingId("x-r1")}, {TalkId("x-t2"): frozenset()})
    assert {type(each) for each in house.commands} == {LetGo, EndTalk}


def test_two_who_met_while_nobody_listened_are_in_their_talk_and_are_not_parted() -> None:
    house = small()
    anna = house.volunteer("anna")
    call = house.waiting_caller()
    ring = house.ring_of(anna)
    house.answers(ring)
    talk = house.talk_of(call)
    survey(house, {call}, {ring}, {talk: frozenset({call, ring})})
    assert isinstance(house.call(call).phase, Talking)
    house.later(20.0)
    assert house.call(call).fate is Outcome.ANSWERED
    assert not any(isinstance(each, LetGo) for each in house.commands)


def test_who_sits_alone_in_a_room_that_was_left_is_let_out_of_it_before_music_is_asked_for() -> None:
    """We ended between writing that the volunteer has gone and taking the room down."""
    house = small()
    anna = house.volunteer("anna")
    call = house.waiting_caller()
    house.answers(house.ring_of(anna))
    house.joined(call)
    talk = house.talk_of(call)
    house.ring_gone(house.ring_of(anna))
    assert isinstance(house.call(call).phase, Waiting)
    survey(house, {call}, talks={talk: frozenset({call})})
    ours = [each for each in house.commands if isinstance(each, EndTalk | StartMusic)]
    assert ours == [EndTalk(talk), StartMusic(call)]


def test_who_had_not_been_answered_when_we_ended_is_answered_before_the_greeting_is_begun_again() -> None:
    house = small()
    call = house.caller()
    lines: dict[CallId, LineId] = {call: LINE}
    house.commands.clear()
    house.tell(Surveyed(lines, frozenset(), {}, frozenset(), house.at, unanswered=frozenset({call})))
    assert [type(each) for each in house.commands] == [Answer, Play]


def test_a_ring_that_may_never_have_been_asked_for_is_asked_for_again() -> None:
    house = small()
    anna = house.volunteer("anna")
    call = house.waiting_caller()
    ring = house.ring_of(anna)
    survey(house, {call})
    assert not house.said(RingEnded)
    assert [each.ring for each in house.commands if isinstance(each, Ring)] == [ring]


def test_a_ring_that_is_gone_is_no_longer_waited_for_and_the_phone_is_rung_anew_at_once() -> None:
    house = small()
    anna = house.volunteer("anna")
    call = house.waiting_caller()
    ring = house.ring_of(anna)
    house.tell(RingAlerting(ring, house.at))
    survey(house, {call})
    assert [each.ring for each in house.said(RingEnded)] == [ring]
    assert house.asked() == [anna]


def test_a_caller_nobody_remembers_is_taken_in_and_greeted() -> None:
    house = small()
    survey(house, {CallId("new")})
    assert house.said(CallStarted)[0].call == "new"
    assert any(isinstance(each, Play) for each in house.commands)


def test_a_volunteer_whose_phone_went_away_meanwhile_is_no_longer_rung() -> None:
    house = small()
    anna = house.volunteer("anna")
    survey(house, set(), reachable=set())
    assert not house.person(anna).reachable
    assert house.said(VolunteerWentDown)


@pytest.mark.parametrize("waiting", range(7))
def test_strangers_from_the_last_resort_stand_where_they_came_among_any_number_who_wait(waiting: int) -> None:
    """They have come while nobody of us was there, before those who wait, between them, or behind them."""
    house = small()
    house.volunteer("anna")
    house.talking(house.waiting_caller(), VolunteerId("anna"))
    came = {}
    for _ in range(waiting):
        house.later(10.0)
        came[house.waiting_caller()] = house.at
    for number, before_s in enumerate((200.0, 45.0, 25.0, 15.0, 0.0)):
        stranger = CallId(f"stranger-{number}")
        came[stranger] = house.at - timedelta(seconds=before_s)
        house.tell(CallBack(stranger, LINE, came[stranger], Reached.LET_IN, house.at))
        assert house.said(CallQueued)[-1].call == stranger
        line = house.house.lines[LINE].queue
        assert line == tuple(sorted(line, key=lambda call: came[call]))
        assert house.said(CallQueued)[-1].position == line.index(stranger) + 1
