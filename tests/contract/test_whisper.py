"""The contract of `Exchange`: words for a volunteer who has picked up, and the keys they press."""

from __future__ import annotations

import pytest

from ivr.core.commands import Join, StopPlay, Tell
from ivr.core.ids import CallId, RingId, play_id, ring_id, talk_id
from ivr.core.news import Joined, PlayEnded, Result, RingGone, RingPressed
from tests.contract.rigs import Rig
from tests.contract.scenes import OVER, SOON_S, alerting, in_talk, marker, picked_up, with_music
from tests.fakes.phones import Answers, NeverAnswers

pytestmark = pytest.mark.anyio


def telling(rig: Rig, ring: RingId, number: int, which: int = 0) -> Tell:
    call = CallId(ring.rpartition("-")[0])
    return Tell(ring, play_id(call, number), rig.language, (rig.prompts[which][0],))


async def test_words_for_a_volunteer_end_as_heard_and_are_said_once(rig: Rig) -> None:
    caller = await with_music(rig)
    ring = await picked_up(rig, caller, 1)
    began = (await rig.exchange.survey()).at
    command = telling(rig, ring, 2)
    assert await rig.exchange.perform(command) is Result.DONE
    assert await rig.exchange.perform(command) is Result.ALREADY
    ended = await rig.log.until(PlayEnded, play=command.play, within_s=10)
    assert ended.heard
    assert ended.call == caller.id
    assert (ended.at - began).total_seconds() > rig.prompts[0][1] - 0.3
    await marker(rig, caller, 3)
    assert len(rig.log.about(PlayEnded, play=command.play)) == 1


async def test_who_heard_their_word_can_be_joined_at_once(rig: Rig) -> None:
    caller = await with_music(rig)
    ring = await picked_up(rig, caller, 1)
    command = telling(rig, ring, 2)
    assert await rig.exchange.perform(command) is Result.DONE
    await rig.log.until(PlayEnded, play=command.play, within_s=10)
    talk = talk_id(caller.id, 3)
    assert await rig.exchange.perform(Join(talk, caller.id, ring)) is Result.DONE
    await rig.log.until(Joined, talk=talk, within_s=SOON_S)


async def test_a_volunteer_who_is_joined_in_the_middle_of_their_words_need_not_hear_their_end(rig: Rig) -> None:
    caller = await with_music(rig)
    ring = await picked_up(rig, caller, 1)
    command = telling(rig, ring, 2, which=1)
    assert await rig.exchange.perform(command) is Result.DONE
    talk = talk_id(caller.id, 3)
    assert await rig.exchange.perform(Join(talk, caller.id, ring)) is Result.DONE
    await rig.log.until(Joined, talk=talk, within_s=SOON_S)
    await rig.log.until(PlayEnded, play=command.play, within_s=SOON_S)


async def test_words_for_a_volunteer_can_be_stopped(rig: Rig) -> None:
    caller = await with_music(rig)
    ring = await picked_up(rig, caller, 1)
    command = telling(rig, ring, 2, which=1)
    assert await rig.exchange.perform(command) is Result.DONE
    assert await rig.exchange.perform(StopPlay(caller.id, command.play)) is Result.DONE
    await rig.log.until(PlayEnded, play=command.play, within_s=SOON_S)
    assert await rig.exchange.perform(StopPlay(caller.id, command.play)) in OVER


async def test_nobody_is_told_anything_who_has_not_picked_up_or_is_gone(rig: Rig) -> None:
    caller = await with_music(rig)
    ring = await alerting(rig, caller, 1, NeverAnswers())
    assert await rig.exchange.perform(telling(rig, ring, 2)) is not Result.DONE
    assert await rig.exchange.perform(telling(rig, ring_id(caller.id, 9), 3)) is Result.GONE


async def test_keys_of_a_volunteer_are_told_before_and_in_a_talk(rig: Rig) -> None:
    talk = await in_talk(rig, Answers(0.2, presses=((0.3, "1"), (1.5, "7"))))
    pressed = await rig.log.until_several(2, RingPressed, ring=talk.ring)
    assert [news.digit for news in pressed] == ["1", "7"]
    assert rig.log.about(RingGone, ring=talk.ring) == []
