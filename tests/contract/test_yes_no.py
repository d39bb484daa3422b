"""The contract of `Exchange`: a caller's keys become words for the volunteer, and news for nobody."""

from __future__ import annotations

import asyncio

import pytest

from ivr.core.commands import EndTalk, YesNo, YesNoOver
from ivr.core.feature import KEY_HEARD, NO, YES, YES_NO_BEGINS, YES_NO_ENDS
from ivr.core.ids import CallId, PlayId, PromptId, RingId, play_id, ring_id
from ivr.core.news import CallGone, DigitPressed, PlayEnded, Result, RingPressed
from tests.contract.rigs import Rig
from tests.contract.scenes import FINE, SOON_S, Talk, in_talk, marker
from tests.fakes.phones import Answers

pytestmark = pytest.mark.anyio


def answers(rig: Rig, talk: Talk, number: int | None, which: int = 0) -> YesNo:
    play: PlayId | None = None if number is None else play_id(talk.caller.id, number)
    return YesNo(talk.caller.id, talk.ring, play, rig.language, (rig.prompts[which][0],), rig.language)


async def begun(rig: Rig) -> Talk:
    """A talk in which keys are answers, and both know it already."""
    talk = await in_talk(rig)
    assert await rig.exchange.perform(answers(rig, talk, None)) is Result.DONE
    return talk


async def until_heard(rig: Rig, who: CallId | RingId, prompt: PromptId, times: int = 1) -> None:
    async with asyncio.timeout(8.0):
        while rig.times_heard(who, prompt) < times:
            await asyncio.sleep(0.1)


async def test_one_is_yes_and_two_is_no_to_the_volunteer_and_news_to_nobody(rig: Rig) -> None:
    talk = await begun(rig)
    await talk.caller.presses("1")
    await until_heard(rig, talk.ring, YES)
    await talk.caller.presses("2")
    await until_heard(rig, talk.ring, NO)
    assert rig.times_heard(talk.ring, YES) == 1
    await talk.caller.presses("1")
    await until_heard(rig, talk.ring, YES, times=2)
    assert rig.log.about(DigitPressed) == []
    assert rig.log.about(PlayEnded, call=talk.caller.id) == []


async def test_the_caller_hears_that_a_key_has_come_through(rig: Rig) -> None:
    talk = await begun(rig)
    await talk.caller.presses("2")
    await until_heard(rig, talk.caller.id, KEY_HEARD)
    assert rig.times_heard(talk.caller.id, NO) == 0


async def test_other_keys_are_neither_heard_nor_told(rig: Rig) -> None:
    talk = await begun(rig)
    for key in "305#*":
        await talk.caller.presses(key)
    await talk.caller.presses("1")
    await until_heard(rig, talk.ring, YES)
    assert rig.times_heard(talk.ring, NO) == 0
    assert rig.log.about(DigitPressed) == []


async def test_the_caller_hears_the_words_and_the_volunteer_that_it_begins(rig: Rig) -> None:
    talk = await in_talk(rig)
    command = answers(rig, talk, 3)
    assert await rig.exchange.perform(command) is Result.DONE
    assert await rig.exchange.perform(command) in FINE
    ended = await rig.log.until(PlayEnded, play=play_id(talk.caller.id, 3), within_s=10)
    assert ended.heard
    await until_heard(rig, talk.caller.id, rig.prompts[0][0])
    await until_heard(rig, talk.ring, YES_NO_BEGINS)
    assert rig.times_heard(talk.ring, YES_NO_BEGINS) == 1
    assert rig.times_heard(talk.caller.id, rig.prompts[0][0]) == 1


async def test_keys_are_answers_while_the_words_are_still_heard(rig: Rig) -> None:
    talk = await in_talk(rig)
    assert await rig.exchange.perform(answers(rig, talk, 3, which=1)) is Result.DONE
    await talk.caller.presses("1")
    await until_heard(rig, talk.ring, YES)
    assert rig.log.about(PlayEnded, play=play_id(talk.caller.id, 3)) == []


async def test_when_it_is_over_keys_are_told_again_and_the_volunteer_hears_so(rig: Rig) -> None:
    talk = await begun(rig)
    over = YesNoOver(talk.caller.id, talk.ring, rig.language)
    assert await rig.exchange.perform(over) is Result.DONE
    await until_heard(rig, talk.ring, YES_NO_ENDS)
    await talk.caller.presses("1")
    await rig.log.until(DigitPressed, call=talk.caller.id)
    assert rig.times_heard(talk.ring, YES) == 0


async def test_it_ends_with_the_talk_and_words_for_the_caller_do_not_keep_them(rig: Rig) -> None:
    talk = await in_talk(rig)
    assert await rig.exchange.perform(answers(rig, talk, 3, which=1)) is Result.DONE
    assert await rig.exchange.perform(EndTalk(talk.talk)) is Result.DONE
    await rig.log.until(PlayEnded, play=play_id(talk.caller.id, 3), within_s=SOON_S)
    await talk.caller.presses("1")
    await rig.log.until(DigitPressed, call=talk.caller.id)
    await marker(rig, talk.caller, 4)


async def test_a_volunteers_keys_are_told_as_before(rig: Rig) -> None:
    talk = await in_talk(rig, Answers(0.2, presses=((1.0, "*"), (1.5, "1"), (2.0, "7"))))
    assert await rig.exchange.perform(answers(rig, talk, None)) is Result.DONE
    pressed = await rig.log.until_several(3, RingPressed, ring=talk.ring)
    assert [news.digit for news in pressed] == ["*", "1", "7"]


async def test_who_is_gone_cannot_answer_with_keys(rig: Rig) -> None:
    talk = await begun(rig)
    await talk.caller.hangs_up()
    await rig.log.until(CallGone, call=talk.caller.id)
    assert await rig.exchange.perform(answers(rig, talk, 3)) is Result.GONE
    nobody = YesNo(CallId("0" * 20), ring_id(CallId("0" * 20), 1), None, rig.language, (), rig.language)
    assert await rig.exchange.perform(nobody) is Result.GONE
