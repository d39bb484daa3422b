"""The contract of `Exchange`: caller and volunteer are joined, and every way in which that ends."""

from __future__ import annotations

import pytest

from ivr.core.commands import EndTalk, Join, LetGo, LetGoReason
from ivr.core.ids import talk_id
from ivr.core.news import CallGone, Cause, DigitPressed, Joined, PlayEnded, Result, RingAlerting, RingGone, RingPressed
from tests.contract.rigs import Rig
from tests.contract.scenes import (
    OVER,
    SOON_S,
    alerting,
    ends,
    in_talk,
    in_words,
    marker,
    picked_up,
    playing,
    with_music,
)
from tests.fakes.phones import Answers, NeverAnswers

pytestmark = pytest.mark.anyio


async def test_who_is_joined_is_told_and_both_are_in_the_talk(rig: Rig) -> None:
    talk = await in_talk(rig)
    survey = await rig.exchange.survey()
    assert survey.talks == {talk.talk: {talk.caller.id, talk.ring}}
    assert set(survey.calls) == {talk.caller.id}
    assert survey.rings == {talk.ring}


async def test_joining_twice_changes_nothing(rig: Rig) -> None:
    talk = await in_talk(rig)
    assert await rig.exchange.perform(Join(talk.talk, talk.caller.id, talk.ring)) is Result.ALREADY
    assert (await rig.exchange.survey()).talks == {talk.talk: {talk.caller.id, talk.ring}}


async def test_a_caller_who_is_joined_in_the_middle_of_words_need_not_hear_their_end(rig: Rig) -> None:
    caller, play = await in_words(rig)
    ring = await picked_up(rig, caller, 2, Answers(0.1))
    talk = talk_id(caller.id, 3)
    assert not rig.log.about(PlayEnded, play=play), "the phone was picked up in time"
    assert await rig.exchange.perform(Join(talk, caller.id, ring)) is Result.DONE
    await rig.log.until(Joined, talk=talk, within_s=SOON_S)
    await rig.log.until(PlayEnded, play=play, within_s=SOON_S)


async def test_nobody_can_be_joined_with_a_caller_who_is_gone(rig: Rig) -> None:
    caller = await with_music(rig)
    ring = await picked_up(rig, caller, 1)
    await caller.hangs_up()
    await rig.log.until(CallGone, call=caller.id)
    talk = talk_id(caller.id, 2)
    assert await rig.exchange.perform(Join(talk, caller.id, ring)) is Result.GONE
    assert not rig.log.about(Joined, talk=talk)
    assert ring in (await rig.exchange.survey()).rings


async def test_nobody_can_be_joined_with_a_volunteer_who_is_gone(rig: Rig) -> None:
    caller = await with_music(rig)
    ring = await picked_up(rig, caller, 1, Answers(0.1, hangs_up_after_s=0.3))
    await rig.log.until(RingGone, ring=ring)
    talk = talk_id(caller.id, 2)
    assert await rig.exchange.perform(Join(talk, caller.id, ring)) is Result.GONE
    await marker(rig, caller, 3)
    assert not rig.log.about(Joined, talk=talk)


async def test_nobody_can_be_joined_with_a_phone_that_still_rings(rig: Rig) -> None:
    caller = await with_music(rig)
    ring = await alerting(rig, caller, 1, NeverAnswers())
    result = await rig.exchange.perform(Join(talk_id(caller.id, 2), caller.id, ring))
    assert result in (Result.NOT_NOW, Result.REFUSED, Result.GONE)
    assert await rig.exchange.perform(LetGo(ring, LetGoReason.OVER)) is Result.DONE
    await marker(rig, caller, 3)


async def test_a_talk_whose_room_is_taken_down_leaves_both_on_the_line(rig: Rig) -> None:
    talk = await in_talk(rig)
    assert await rig.exchange.perform(EndTalk(talk.talk)) is Result.DONE
    survey = await rig.exchange.survey()
    assert survey.talks == {}
    assert set(survey.calls) == {talk.caller.id}
    assert survey.rings == {talk.ring}
    assert await rig.exchange.perform(EndTalk(talk.talk)) in OVER
    await marker(rig, talk.caller, 3)
    assert await rig.exchange.perform(LetGo(talk.ring, LetGoReason.OVER)) is Result.DONE


async def test_what_is_said_right_after_a_talk_has_ended_is_heard_to_its_end(rig: Rig) -> None:
    talk = await in_talk(rig)
    for number in range(3, 18, 3):
        assert await rig.exchange.perform(EndTalk(talk_id(talk.caller.id, number - 1))) is Result.DONE
        play = playing(rig, talk.caller.id, number, rig.prompts[0][0])
        assert await rig.exchange.perform(play) is Result.DONE
        await rig.log.until(PlayEnded, play=play.play, within_s=15)
        again = talk_id(talk.caller.id, number + 2)
        assert await rig.exchange.perform(Join(again, talk.caller.id, talk.ring)) is Result.DONE
        await rig.log.until(Joined, talk=again)


async def test_a_caller_who_hangs_up_in_a_talk_leaves_the_volunteer_on_the_line(rig: Rig) -> None:
    talk = await in_talk(rig)
    await talk.caller.hangs_up()
    assert (await rig.log.until(CallGone, call=talk.caller.id)).cause is Cause.NORMAL
    survey = await rig.exchange.survey()
    assert survey.rings == {talk.ring}
    assert survey.talks.get(talk.talk, frozenset()) <= {talk.ring}
    assert await rig.exchange.perform(EndTalk(talk.talk)) in (Result.DONE, Result.GONE)
    assert await rig.exchange.perform(LetGo(talk.ring, LetGoReason.OVER)) is Result.DONE
    await rig.log.until(RingGone, ring=talk.ring, within_s=SOON_S)
    survey = await rig.exchange.survey()
    assert (survey.calls, survey.rings, survey.talks) == ({}, frozenset(), {})


async def test_a_volunteer_who_hangs_up_leaves_the_caller_who_can_be_spoken_to_again(rig: Rig) -> None:
    talk = await in_talk(rig, Answers(0.2, hangs_up_after_s=1.0))
    assert (await rig.log.until(RingGone, ring=talk.ring)).cause is Cause.NORMAL
    assert set((await rig.exchange.survey()).calls) == {talk.caller.id}
    assert await rig.exchange.perform(EndTalk(talk.talk)) in (Result.DONE, Result.GONE)
    await marker(rig, talk.caller, 3)
    assert (await rig.exchange.survey()).talks == {}


async def test_a_caller_can_be_joined_with_another_volunteer_in_a_new_talk(rig: Rig) -> None:
    talk = await in_talk(rig, Answers(0.2, hangs_up_after_s=0.8))
    await rig.log.until(RingGone, ring=talk.ring)
    assert await rig.exchange.perform(EndTalk(talk.talk)) in (Result.DONE, Result.GONE)
    ring = await picked_up(rig, talk.caller, 3, who=1)
    again = talk_id(talk.caller.id, 4)
    assert await rig.exchange.perform(Join(again, talk.caller.id, ring)) is Result.DONE
    await rig.log.until(Joined, talk=again)
    assert (await rig.exchange.survey()).talks == {again: {talk.caller.id, ring}}


async def test_a_second_phone_that_was_picked_up_too_is_let_go_without_harm_to_the_talk(rig: Rig) -> None:
    caller = await with_music(rig)
    first = await picked_up(rig, caller, 1, who=0)
    second = await picked_up(rig, caller, 2, who=1)
    talk = talk_id(caller.id, 3)
    assert await rig.exchange.perform(Join(talk, caller.id, first)) is Result.DONE
    await rig.log.until(Joined, talk=talk)
    assert await rig.exchange.perform(LetGo(second, LetGoReason.ELSEWHERE)) is Result.DONE
    await rig.log.until(RingGone, ring=second, within_s=SOON_S)
    assert (await rig.exchange.survey()).talks == {talk: {caller.id, first}}
    assert ends(rig, first) == []


async def test_two_pairs_talk_at_once_each_in_their_own_room(rig: Rig) -> None:
    one = await in_talk(rig)
    caller = await with_music(rig)
    ring = await picked_up(rig, caller, 1, who=1)
    other = talk_id(caller.id, 2)
    assert await rig.exchange.perform(Join(other, caller.id, ring)) is Result.DONE
    await rig.log.until(Joined, talk=other)
    assert (await rig.exchange.survey()).talks == {
        one.talk: {one.caller.id, one.ring},
        other: {caller.id, ring},
    }
    assert len(rig.log.about(RingAlerting)) <= 2


@pytest.mark.parametrize("through", [False, True])
async def test_keys_are_news_and_are_sounded_on_the_other_side_only_if_asked_for(rig: Rig, *, through: bool) -> None:
    """While a key is sounded to somebody they hear no words: a child's 1 would keep the volunteer from hearing yes."""
    talk = await in_talk(rig, Answers(0.2, presses=((0.5, "*"), (0.8, "1"))), keys_through=through)
    await talk.caller.presses("5")
    await rig.log.until(DigitPressed, call=talk.caller.id)
    await rig.log.until_several(2, RingPressed, ring=talk.ring)
    assert await rig.exchange.perform(EndTalk(talk.talk)) is Result.DONE
    await marker(rig, talk.caller, 3)
    assert (rig.keys_heard(talk.ring), rig.keys_heard(talk.caller.id)) == ((1, 2) if through else (0, 0))
