"""The contract of `Exchange`: whether two who talk hear each other, and what can be done when they do not."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from ivr.core.commands import Cover, EndTalk, Join, LetGo, LetGoReason, Refresh, StartMusic, Uncover
from ivr.core.ids import CallId, ring_id, talk_id
from ivr.core.news import (
    Joined,
    PhoneDead,
    Result,
    RingGone,
    SideHeld,
    SoundBack,
    SoundLost,
    VolunteerHeard,
)
from ivr.core.reasons import Loss, Side
from tests.contract.rigs import Rig
from tests.contract.scenes import FINE, SOON_S, Talk, alerting, in_talk, marker, picked_up, with_music
from tests.fakes.phones import Answers, NeverAnswers, Sends

pytestmark = pytest.mark.anyio

CALLER, VOLUNTEER = Side.CALLER, Side.VOLUNTEER
NOTICED_S = 3.2
"""Three seconds, and a little for a machine that is busy with other tests."""

LEARNED_S = 7.0
"""For so long Asterisk goes after sound that comes from elsewhere; after that it drops it."""


async def until(true: Callable[[], bool], within_s: float = 5.0) -> None:
    async with asyncio.timeout(within_s):
        while not true():
            await asyncio.sleep(0.05)


async def lost(rig: Rig, talk: Talk, side: Side, loss: Loss, within_s: float = 8.0) -> SoundLost:
    return await rig.log.until(SoundLost, within_s=within_s, talk=talk.talk, side=side, loss=loss)


async def test_a_volunteer_is_heard_when_their_sound_has_gone_out_for_one_and_a_half_seconds(rig: Rig) -> None:
    talk = await in_talk(rig)
    joined = (await rig.log.until(Joined, talk=talk.talk)).at
    heard = await rig.log.until(VolunteerHeard, talk=talk.talk)
    assert heard.known
    assert 1.4 < (heard.at - joined).total_seconds() < 2.5
    await asyncio.sleep(3.0)
    assert len(rig.log.about(VolunteerHeard)) == 1
    assert rig.log.about(SoundLost) == []


async def test_a_phone_from_which_nothing_comes_was_never_heard(rig: Rig) -> None:
    talk = await in_talk(rig, Answers(0.2, sends=((0.0, Sends.NOTHING),)))
    told = await lost(rig, talk, VOLUNTEER, Loss.NEVER)
    joined = (await rig.log.until(Joined, talk=talk.talk)).at
    assert 1.4 < (told.at - joined).total_seconds() < NOTICED_S
    await asyncio.sleep(2.0)
    assert rig.log.about(VolunteerHeard) == []
    assert len(rig.log.about(SoundLost)) == 1


async def test_a_phone_that_stops_sending_is_absent_and_comes_back(rig: Rig) -> None:
    talk = await in_talk(rig, Answers(0.2, sends=((3.0, Sends.NOTHING), (8.0, Sends.SOUND))))
    told = await lost(rig, talk, VOLUNTEER, Loss.ABSENT)
    assert rig.log.about(SoundBack) == []
    back = await rig.log.until(SoundBack, within_s=8.0, talk=talk.talk, side=VOLUNTEER)
    assert 0.5 < (back.at - told.at).total_seconds() < 5.0
    await asyncio.sleep(3.0)
    assert len(rig.log.about(SoundLost)) == 1


async def test_a_caller_who_sends_nothing_is_told_and_hung_up_by_nobody(rig: Rig) -> None:
    talk = await in_talk(rig)
    await rig.log.until(VolunteerHeard, talk=talk.talk)
    await talk.caller.sends(Sends.NOTHING)
    await lost(rig, talk, CALLER, Loss.ABSENT, within_s=NOTICED_S + 1.0)
    await asyncio.sleep(4.0)
    assert set((await rig.exchange.survey()).calls) == {talk.caller.id}
    await talk.caller.sends(Sends.SOUND)
    await rig.log.until(SoundBack, talk=talk.talk, side=CALLER)
    assert rig.log.about(SoundLost, side=VOLUNTEER) == []


async def test_sound_in_a_codec_that_nobody_agreed_on_is_dropped_and_a_re_invite_may_mend_it(rig: Rig) -> None:
    talk = await in_talk(rig, Answers(0.2, sends=((0.0, Sends.FOREIGN),), mends=True))
    await lost(rig, talk, VOLUNTEER, Loss.DROPPED)
    assert rig.log.about(VolunteerHeard) == []
    assert await rig.exchange.perform(Refresh(talk.caller.id, talk.ring)) is Result.DONE
    await rig.log.until(SoundBack, within_s=2.5, talk=talk.talk, side=VOLUNTEER)


@pytest.mark.parametrize("mends", [True, False])
async def test_sound_that_moves_to_another_port_is_lost_and_a_re_invite_mends_it_if_the_phone_says_so(
    rig: Rig, *, mends: bool
) -> None:
    talk = await in_talk(rig, Answers(0.2, sends=((LEARNED_S, Sends.ASTRAY),), mends=mends))
    await lost(rig, talk, VOLUNTEER, Loss.ABSENT, within_s=LEARNED_S + 5.0)
    assert await rig.exchange.perform(Refresh(talk.caller.id, talk.ring)) is Result.DONE
    if mends:
        await rig.log.until(SoundBack, within_s=2.5, talk=talk.talk, side=VOLUNTEER)
    else:
        await asyncio.sleep(4.0)
        assert rig.log.about(SoundBack) == []
        assert len(rig.log.about(SoundLost)) == 1


async def test_a_caller_whose_sound_moves_is_mended_by_a_re_invite_too(rig: Rig) -> None:
    talk = await in_talk(rig)
    await asyncio.sleep(LEARNED_S)
    await talk.caller.sends(Sends.ASTRAY, mends=True)
    await lost(rig, talk, CALLER, Loss.ABSENT)
    assert await rig.exchange.perform(Refresh(talk.caller.id, None)) is Result.DONE
    await rig.log.until(SoundBack, within_s=2.5, talk=talk.talk, side=CALLER)


async def test_nobody_is_asked_anew_who_is_gone(rig: Rig) -> None:
    talk = await in_talk(rig)
    nobody = CallId("0" * 20)
    assert await rig.exchange.perform(Refresh(nobody, None)) is Result.GONE
    assert await rig.exchange.perform(Refresh(talk.caller.id, ring_id(talk.caller.id, 9))) is Result.GONE
    assert await rig.exchange.perform(Cover(nobody, talk.ring)) is Result.GONE
    assert await rig.exchange.perform(Uncover(nobody, talk.ring)) is Result.GONE


async def test_a_volunteer_who_holds_is_told_and_nothing_is_lost_meanwhile(rig: Rig) -> None:
    talk = await in_talk(rig, Answers(0.2, sends=((2.0, Sends.HOLDS), (7.0, Sends.SOUND))))
    assert (await rig.log.until(SideHeld, call=talk.caller.id)).held
    await until(lambda: rig.hears_music(talk.caller.id))
    resumed = (await rig.log.until_several(2, SideHeld, within_s=7.0, call=talk.caller.id, side=VOLUNTEER))[1]
    assert not resumed.held
    await asyncio.sleep(3.0)
    assert not rig.hears_music(talk.caller.id)
    assert rig.log.about(SoundLost) == []


async def test_a_caller_who_holds_is_told_and_nothing_is_lost_meanwhile(rig: Rig) -> None:
    talk = await in_talk(rig)
    await talk.caller.sends(Sends.HOLDS)
    assert (await rig.log.until(SideHeld, call=talk.caller.id, side=CALLER)).held
    await asyncio.sleep(4.0)
    await talk.caller.sends(Sends.SOUND)
    assert not (await rig.log.until_several(2, SideHeld, call=talk.caller.id, side=CALLER))[1].held
    await asyncio.sleep(3.0)
    assert rig.log.about(SoundLost) == []


async def test_music_within_a_talk_is_heard_until_it_is_taken_away_and_hides_no_return(rig: Rig) -> None:
    talk = await in_talk(rig, Answers(0.2, sends=((1.0, Sends.NOTHING), (7.0, Sends.SOUND))))
    await lost(rig, talk, VOLUNTEER, Loss.ABSENT)
    for _ in range(2):
        assert await rig.exchange.perform(Cover(talk.caller.id, talk.ring)) in FINE
    await until(lambda: rig.hears_music(talk.caller.id))
    assert (await rig.exchange.survey()).talks == {talk.talk: {talk.caller.id, talk.ring}}
    await rig.log.until(SoundBack, within_s=8.0, talk=talk.talk, side=VOLUNTEER)
    for _ in range(2):
        assert await rig.exchange.perform(Uncover(talk.caller.id, talk.ring)) in FINE
    await until(lambda: not rig.hears_music(talk.caller.id))
    await asyncio.sleep(3.0)
    assert len(rig.log.about(SoundLost)) == 1


async def test_no_music_outlives_its_talk(rig: Rig) -> None:
    talk = await in_talk(rig, Answers(0.2, sends=((0.5, Sends.NOTHING),)))
    await lost(rig, talk, VOLUNTEER, Loss.ABSENT)
    assert await rig.exchange.perform(Cover(talk.caller.id, talk.ring)) in FINE
    await until(lambda: rig.hears_music(talk.caller.id))
    assert await rig.exchange.perform(EndTalk(talk.talk)) is Result.DONE
    await until(lambda: not rig.hears_music(talk.caller.id))
    await marker(rig, talk.caller, 3)
    assert await rig.exchange.perform(LetGo(talk.ring, LetGoReason.OVER)) is Result.DONE
    await rig.log.until(RingGone, ring=talk.ring)
    assert await rig.exchange.perform(StartMusic(talk.caller.id)) in FINE
    ring = await picked_up(rig, talk.caller, 4)
    again = talk_id(talk.caller.id, 5)
    assert await rig.exchange.perform(Join(again, talk.caller.id, ring)) is Result.DONE
    await rig.log.until(VolunteerHeard, talk=again)
    assert not rig.hears_music(talk.caller.id)


async def test_a_phone_that_dies_in_a_talk_is_dead_by_two_signs_within_six_seconds(rig: Rig) -> None:
    talk = await in_talk(rig, Answers(0.2, dies_after_s=2.0))
    await lost(rig, talk, VOLUNTEER, Loss.ABSENT)
    dead = await rig.log.until(PhoneDead, within_s=6.0, ring=talk.ring)
    joined = (await rig.log.until(Joined, talk=talk.talk)).at
    assert (dead.at - joined).total_seconds() < 8.0
    assert rig.log.about(SoundBack) == []
    assert rig.log.about(RingGone) == []
    assert talk.caller.id in (await rig.exchange.survey()).calls


async def test_a_phone_that_is_silent_and_answers_signalling_is_not_dead(rig: Rig) -> None:
    talk = await in_talk(rig, Answers(0.2, sends=((1.0, Sends.NOTHING),)))
    await lost(rig, talk, VOLUNTEER, Loss.ABSENT)
    await asyncio.sleep(7.0)
    assert rig.log.about(PhoneDead) == []
    assert rig.log.about(RingGone) == []


async def test_who_is_let_go_with_a_sentence_hears_it_and_is_gone_then(rig: Rig) -> None:
    talk = await in_talk(rig)
    began = (await rig.exchange.survey()).at
    goodbye = LetGo(talk.ring, LetGoReason.OVER, rig.prompts[0][0], rig.language)
    assert await rig.exchange.perform(goodbye) is Result.DONE
    assert await rig.exchange.perform(goodbye) in (*FINE, Result.GONE)
    survey = await rig.exchange.survey()
    assert survey.talks.get(talk.talk, frozenset()) <= {talk.caller.id}
    assert talk.ring not in survey.answered
    gone = await rig.log.until(RingGone, within_s=8.0, ring=talk.ring)
    assert (gone.at - began).total_seconds() > rig.prompts[0][1] - 0.3
    assert rig.times_heard(talk.ring, rig.prompts[0][0]) == 1
    assert talk.caller.id in (await rig.exchange.survey()).calls
    assert await rig.exchange.perform(goodbye) is Result.GONE


async def test_who_has_not_picked_up_is_let_go_without_words(rig: Rig) -> None:
    caller = await with_music(rig)
    ring = await alerting(rig, caller, 1, NeverAnswers())
    goodbye = LetGo(ring, LetGoReason.ELSEWHERE, rig.prompts[0][0], rig.language)
    assert await rig.exchange.perform(goodbye) is Result.DONE
    await rig.log.until(RingGone, within_s=SOON_S, ring=ring)
