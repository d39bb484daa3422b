"""Sound in a talk at a real Asterisk, second by second, by what the phones hear and what is on the wire."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator

import pytest

from ivr.core.commands import Cover, Refresh, Uncover
from ivr.core.news import News, PhoneDead, Result, RingGone, SoundBack, SoundLost, VolunteerHeard
from ivr.core.reasons import Loss, Side
from sip.ari.statistics import Statistics
from sip.phone.g711 import decode, encode
from sip.phone.sdp import PCMA
from tests.contract.rigs import Rig
from tests.contract.scenes import Talk, in_talk
from tests.fakes.phones import Answers, Sends
from tests.rigs.asterisk import ANNA, pitches, tone
from tests.sip.house import RealRig, open_house, open_rig, shared_house, until
from tests.sip.measure_sound import asked

pytestmark = [pytest.mark.anyio, pytest.mark.asterisk]

VOICE = encode(tone(0.02, 500), PCMA)
LEARNED_S = 7.0
"""For so long Asterisk goes after sound that comes from elsewhere; after that it drops it."""


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def rig() -> AsyncIterator[RealRig]:
    async with open_rig(await asyncio.to_thread(shared_house)) as rig:
        yield rig


async def talking(rig: RealRig, behaviour: Answers | None = None) -> Talk:
    real: Rig = rig
    talk = await in_talk(real, behaviour)
    rig.phones[ANNA].voice = VOICE
    return talk


def hears_the_volunteer(rig: RealRig) -> bool:
    ears = rig.callers[0].ears
    fresh = asyncio.get_running_loop().time() - ears.last_at < 0.1
    return fresh and pitches(decode(b"".join(ears.last), PCMA))[-1:] == [500]


async def test_sound_that_moves_is_missed_within_three_seconds_asked_for_and_heard_again_within_two(
    rig: RealRig,
) -> None:
    talk = await talking(rig, Answers(0.2, mends=True))
    anna, loop = rig.phones[ANNA], asyncio.get_running_loop()
    await asyncio.sleep(LEARNED_S)
    await anna.sends(Sends.ASTRAY)
    moved_at = loop.time()
    await rig.log.until(SoundLost, talk=talk.talk, side=Side.VOLUNTEER, loss=Loss.ABSENT)
    assert 1.4 < loop.time() - moved_at < 3.0
    anna.seen.clear()
    asked_at = loop.time()
    assert await rig.exchange.perform(Refresh(talk.caller.id, talk.ring)) is Result.DONE
    await anna.rings()
    await until(lambda: hears_the_volunteer(rig), within_s=2.0)
    await rig.log.until(SoundBack, talk=talk.talk, side=Side.VOLUNTEER)
    assert loop.time() - asked_at < 2.5


@pytest.mark.parametrize("code", [488, 491, 500])
async def test_a_phone_that_refuses_to_be_asked_anew_goes_on_talking(rig: RealRig, code: int) -> None:
    talk = await talking(rig)
    anna = rig.phones[ANNA]
    anna.manners.refuse_again = code
    anna.seen.clear()
    assert await rig.exchange.perform(Refresh(talk.caller.id, talk.ring)) is Result.DONE
    await anna.rings()
    await asyncio.sleep(1.0)
    assert hears_the_volunteer(rig)
    assert rig.log.about(RingGone) == []


async def test_behind_music_the_first_word_is_noticed_in_a_tenth_of_a_second(rig: RealRig) -> None:
    talk = await talking(rig)
    anna, loop = rig.phones[ANNA], asyncio.get_running_loop()
    await anna.sends(Sends.NOTHING)
    await rig.log.until(SoundLost, talk=talk.talk, side=Side.VOLUNTEER)
    assert await rig.exchange.perform(Cover(talk.caller.id, talk.ring)) is Result.DONE
    await until(lambda: rig.hears_music(talk.caller.id))
    before = anna.ears.packets
    await asyncio.sleep(0.5)
    assert anna.ears.packets - before > 15, "the volunteer hears the caller all the time"
    spoke_at = loop.time()
    await anna.sends(Sends.SOUND)
    await rig.log.until(SoundBack, talk=talk.talk, side=Side.VOLUNTEER)
    assert loop.time() - spoke_at < 0.25
    assert await rig.exchange.perform(Uncover(talk.caller.id, talk.ring)) is Result.DONE
    await until(lambda: hears_the_volunteer(rig))


async def test_a_phone_that_sends_one_packet_in_five_seconds_is_absent_and_neither_dead_nor_ended(
    rig: RealRig,
) -> None:
    talk = await talking(rig)
    anna = rig.phones[ANNA]
    await rig.log.until(VolunteerHeard)
    await anna.sends(Sends.NOTHING)
    for _ in range(3):
        await asyncio.sleep(5.0)
        anna.ears.send(8, VOICE, anna.ears.sequence * 160)
    assert [(news.side, news.loss) for news in rig.log.about(SoundLost)] == [(Side.VOLUNTEER, Loss.ABSENT)]
    ended: list[News] = [*rig.log.about(PhoneDead), *rig.log.about(RingGone), *rig.log.about(SoundBack)]
    assert ended == []
    assert talk.ring in (await rig.exchange.survey()).rings


async def test_an_asterisk_that_stands_still_for_five_seconds_loses_nobodys_sound_and_no_talk() -> None:
    with open_house() as house:
        async with open_rig(house) as rig:
            talk = await talking(rig)
            await rig.log.until(VolunteerHeard)
            os.kill(house.pid, signal.SIGSTOP)
            await asyncio.sleep(5.0)
            os.kill(house.pid, signal.SIGCONT)
            await until(lambda: rig.ups > 1, within_s=15.0)
            await asyncio.sleep(4.0)
            lost: list[News] = [*rig.log.about(SoundLost), *rig.log.about(RingGone), *rig.log.about(PhoneDead)]
            assert lost == []
            assert hears_the_volunteer(rig)
            await rig.phones[ANNA].sends(Sends.NOTHING)
            await rig.log.until(SoundLost, talk=talk.talk, side=Side.VOLUNTEER)


async def test_a_controller_that_comes_later_is_told_of_each_side_whether_it_is_heard() -> None:
    house = await asyncio.to_thread(shared_house)
    async with open_rig(house, replaced=True) as rig:
        talk = await talking(rig)
        await rig.log.until(VolunteerHeard)
        await rig.phones[ANNA].sends(Sends.NOTHING)
        later = house.exchange()
        told: list[News] = []

        async def up() -> None:
            await later.survey()

        task = asyncio.create_task(later.run(told.append, up, lambda: None))
        try:
            await until(lambda: {SoundLost, SoundBack} <= {type(news) for news in told})
            lost = [(news.talk, news.side) for news in told if isinstance(news, SoundLost)]
            assert lost == [(talk.talk, Side.VOLUNTEER)]
            assert later.device_on(talk.ring) == ANNA
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def test_all_legs_are_answered_in_order_and_one_that_is_gone_is_nobody(rig: RealRig) -> None:
    talk = await talking(rig)
    await rig.log.until(VolunteerHeard)
    channel = rig.exchange._parties.channel(talk.caller.id)
    leg = rig.exchange._legs.channel(talk.ring)
    assert channel is not None
    statistics = Statistics(rig.house.ari)
    try:
        questions = [statistics.question(each) for each in (leg, "nobody", channel)] * 70
        counted = await asked(statistics, questions)
        assert counted is not None
        assert len(counted) == len(questions)
        assert counted[1::3] == [None] * 70
        assert all(each is not None and each.came > 30 for each in counted[0::3])
        assert all(each is not None and each.went > 30 for each in counted[2::3])
    finally:
        statistics.close()
