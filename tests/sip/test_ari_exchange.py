"""The real exchange beyond the contract: what phones see on the wire, what survives us, what is left behind."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator
from typing import Any

import pytest

from ivr.core.commands import Answer, EndTalk, HangUp, Join, LastResort, LetGo, LetGoReason, Play, Ring, StartMusic
from ivr.core.ids import CallId, PromptId, RingId, VolunteerId, play_id, ring_id, talk_id
from ivr.core.news import (
    CallArrived,
    CallGone,
    CallLeft,
    Cause,
    Joined,
    PlayEnded,
    Result,
    RingAlerting,
    RingAnswered,
    RingGone,
    VolunteerReachable,
    VolunteerUnreachable,
    Witnessed,
)
from ivr.core.reasons import Outcome
from sip.ari import api
from sip.ari.http import Http
from tests.fakes.phones import Answers, AnswersAsLetGo, NeverAnswers, Unregistered
from tests.sip.house import LINE, PROMPTS, House, RealCaller, RealRig, open_rig, shared_house, until
from tests.sip.wirephone import SILENCE, Manners, Message

pytestmark = [pytest.mark.anyio, pytest.mark.asterisk]

ANNA = VolunteerId("anna")
SHORT, LONG = PROMPTS[0][0], PROMPTS[1][0]
CANARY = "12345678"
"""The number that every test caller calls from."""


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
def house() -> House:
    return shared_house()


@pytest.fixture
async def rig(house: House) -> AsyncIterator[RealRig]:
    async with open_rig(house) as rig:
        yield rig


def ring_of(caller: RealCaller, number: int, timeout_s: int = 20) -> Ring:
    return Ring(ring_id(caller.id, number), ANNA, LINE, "BørneTelefonen", "116111", timeout_s)


def words(caller: RealCaller, number: int, *prompts: PromptId) -> Play:
    return Play(caller.id, play_id(caller.id, number), "da", prompts)


async def answered(rig: RealRig) -> RealCaller:
    caller = await rig.caller(LINE)
    assert await rig.exchange.perform(Answer(caller.id)) is Result.DONE
    return caller


async def talking(rig: RealRig) -> tuple[RealCaller, RingId]:
    caller = await answered(rig)
    assert await rig.exchange.perform(StartMusic(caller.id)) is Result.DONE
    await rig.phone(ANNA, Answers(0.1))
    command = ring_of(caller, 1)
    assert await rig.exchange.perform(command) is Result.DONE
    await rig.log.until(RingAnswered, ring=command.ring)
    assert await rig.exchange.perform(Join(talk_id(caller.id, 2), caller.id, command.ring)) is Result.DONE
    await rig.log.until(Joined)
    return caller, command.ring


# ---------------------------------------------------------------- on the wire


async def test_a_phone_shows_the_line_and_nothing_of_the_caller(rig: RealRig) -> None:
    caller, _ring = await talking(rig)
    phone = rig.phones[ANNA]
    assert (await phone.rings()).get("From").startswith('"BørneTelefonen" <sip:116111@')
    everything = "\n".join(f"{m.first}\n{m.headers}\n{m.body}" for m in phone.seen)
    assert CANARY not in everything
    await caller.hangs_up()


async def test_being_joined_sends_nothing_more_to_the_phone(rig: RealRig) -> None:
    await talking(rig)
    phone = rig.phones[ANNA]
    asked = [m.method for m in phone.seen if not m.status and m.method != "OPTIONS"]
    assert asked == ["INVITE", "ACK"]


async def test_caller_and_volunteer_get_each_others_sound_and_no_music_any_more(rig: RealRig) -> None:
    caller, _ring = await talking(rig)
    voice = b"\x2a" * 160
    caller.phone.voice = voice
    volunteer = rig.phones[ANNA].ears
    await until(lambda: len(volunteer.last) == 20 and set(volunteer.last) == {voice})
    await until(lambda: len(caller.phone.ears.last) == 20 and set(caller.phone.ears.last) == {SILENCE})


async def test_a_name_with_quotes_cannot_break_out_of_the_display(rig: RealRig) -> None:
    caller = await answered(rig)
    await rig.phone(ANNA, NeverAnswers())
    command = Ring(ring_id(caller.id, 1), ANNA, LINE, 'B" <999>, "x\\\r\n', "116111", 20)
    assert await rig.exchange.perform(command) is Result.DONE
    shown = (await rig.phones[ANNA].rings()).get("From")
    assert shown.startswith('"B 999, x" <sip:116111@')


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        (LetGoReason.ELSEWHERE, ("SIP;cause=200", "Q.850;cause=26")),
        (LetGoReason.NO_ANSWER, ("Q.850;cause=19",)),
        (LetGoReason.OVER, ("Q.850;cause=16",)),
    ],
)
async def test_a_phone_that_is_let_go_is_told_why(rig: RealRig, reason: LetGoReason, told: tuple[str, ...]) -> None:
    caller = await answered(rig)
    await rig.phone(ANNA, NeverAnswers())
    command = ring_of(caller, 1)
    assert await rig.exchange.perform(command) is Result.DONE
    await rig.log.until(RingAlerting, ring=command.ring)
    assert await rig.exchange.perform(LetGo(command.ring, reason)) is Result.DONE
    cancel = await rig.phones[ANNA].wait(lambda m: not m.status and m.method == "CANCEL")
    reasons = cancel.all("Reason")
    assert len(reasons) == len(told)
    assert all(any(each.startswith(prefix) for each in reasons) for prefix in told)


async def test_a_phone_picked_up_while_it_is_let_go_is_hung_up_and_gone_once(rig: RealRig) -> None:
    caller = await answered(rig)
    await rig.phone(ANNA, AnswersAsLetGo())
    command = ring_of(caller, 1)
    assert await rig.exchange.perform(command) is Result.DONE
    await rig.log.until(RingAlerting, ring=command.ring)
    assert await rig.exchange.perform(LetGo(command.ring, LetGoReason.ELSEWHERE)) is Result.DONE
    await rig.log.until(RingGone, ring=command.ring)
    await rig.phones[ANNA].wait(lambda m: not m.status and m.method == "BYE")
    assert len(rig.log.about(RingGone)) == 1


@pytest.mark.parametrize(
    ("code", "cause"),
    [
        (486, Cause.BUSY),
        (600, Cause.BUSY),
        (603, Cause.DECLINED),
        (480, Cause.NO_ANSWER),
        (408, Cause.NO_ANSWER),
        (404, Cause.UNREACHABLE),
        (500, Cause.FAILED),
        (488, Cause.FAILED),
    ],
)
async def test_every_refusal_of_a_phone_has_its_cause(rig: RealRig, code: int, cause: Cause) -> None:
    caller = await answered(rig)
    await rig.phone(ANNA, NeverAnswers())
    rig.phones[ANNA].manners = Manners(refuse=code)
    command = ring_of(caller, 1)
    assert await rig.exchange.perform(command) is Result.DONE
    assert (await rig.log.until(RingGone, ring=command.ring)).cause is cause


# ---------------------------------------------------------------- what a caller hears


async def test_a_missing_sound_among_others_is_not_taken_for_heard(rig: RealRig) -> None:
    caller = await answered(rig)
    assert await rig.exchange.perform(words(caller, 1, SHORT, PromptId("nej"), SHORT)) is Result.DONE
    ended = await rig.log.until(PlayEnded, within_s=10)
    assert not ended.heard


async def test_who_hangs_up_in_the_middle_of_words_has_not_made_them_fail(rig: RealRig) -> None:
    caller = await answered(rig)
    assert await rig.exchange.perform(words(caller, 1, LONG)) is Result.DONE
    await until(lambda: caller.phone.ears.packets > 10)
    await caller.hangs_up()
    await rig.log.until(CallGone, call=caller.id)
    assert rig.log.about(PlayEnded) == []


async def test_music_asked_for_during_words_is_heard_after_them(rig: RealRig) -> None:
    caller = await answered(rig)
    assert await rig.exchange.perform(words(caller, 1, SHORT)) is Result.DONE
    assert await rig.exchange.perform(StartMusic(caller.id)) is Result.DONE
    await rig.log.until(PlayEnded)
    after = caller.phone.ears.packets
    await until(lambda: caller.phone.ears.packets > after + 25)


async def test_nobody_waits_for_words_to_end_before_a_talk(rig: RealRig) -> None:
    caller = await answered(rig)
    await rig.phone(ANNA, Answers(0.05))
    command = ring_of(caller, 1)
    assert await rig.exchange.perform(command) is Result.DONE
    await rig.log.until(RingAnswered, ring=command.ring)
    assert await rig.exchange.perform(words(caller, 2, LONG, LONG)) is Result.DONE
    began = asyncio.get_running_loop().time()
    assert await rig.exchange.perform(Join(talk_id(caller.id, 3), caller.id, command.ring)) is Result.DONE
    assert asyncio.get_running_loop().time() - began < 0.5


async def test_a_caller_given_to_the_last_resort_stays_on_the_line(rig: RealRig) -> None:
    caller = await answered(rig)
    assert await rig.exchange.perform(LastResort(caller.id)) is Result.DONE
    await rig.log.until(CallLeft, call=caller.id)
    before = caller.phone.ears.packets
    await until(lambda: caller.phone.ears.packets > before + 25)
    await caller.hangs_up()
    ended = await rig.log.until(Witnessed, call=caller.id)
    assert ended.outcome is Outcome.ENDED_IN_MENU
    marker = await rig.caller(LINE)
    assert len(rig.log.about(CallLeft)) == 1
    assert rig.log.about(CallGone) == []
    await marker.hangs_up()


async def test_whom_we_have_given_away_is_not_taken_back_by_a_list_of_a_moment_earlier(
    rig: RealRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Asterisk answers that it lets a caller go on in the dialplan before it has done so."""
    caller = await answered(rig)
    asks, list_of_channels, http = Http.ask, api.channels_list(), Http(rig.house.ari)
    earlier = await http.ask(list_of_channels)
    http.close()
    assert await rig.exchange.perform(LastResort(caller.id)) is Result.DONE

    async def asked_late(self: Http, request: Any, **how: Any) -> Any:
        return earlier if request.target == list_of_channels.target else await asks(self, request, **how)

    monkeypatch.setattr(Http, "ask", asked_late)
    found = await rig.exchange.survey()
    monkeypatch.undo()
    assert caller.id not in found.calls
    assert caller.id in found.sheltered
    await caller.hangs_up()
    await rig.log.until(Witnessed, call=caller.id)
    assert len(rig.log.about(CallLeft)) == 1


# ---------------------------------------------------------------- after us


async def test_another_controller_finds_the_same_calls_rings_and_talks(house: House) -> None:
    async with open_rig(house, replaced=True) as first:
        caller, ring = await talking(first)
        waiting = await answered(first)
        before = await first.exchange.survey()
        async with open_rig(house) as second:
            after = await second.exchange.survey()
            assert (after.calls, after.rings, after.talks) == (before.calls, before.rings, before.talks)
            assert list(after.calls) == [caller.id, waiting.id], "in the order they came"
            assert after.talks == {talk_id(caller.id, 2): {caller.id, ring}}
            await waiting.hangs_up()
            await second.log.until(CallGone, call=waiting.id)
            assert await second.exchange.perform(HangUp(caller.id)) is Result.DONE
            await second.log.until(CallGone, call=caller.id)
            assert await second.exchange.perform(LetGo(ring, LetGoReason.OVER)) is Result.DONE
            await second.log.until(RingGone, ring=ring)
            assert await second.exchange.perform(EndTalk(talk_id(caller.id, 2))) is Result.DONE


async def test_words_of_an_earlier_controller_are_not_said_twice_and_do_not_hold_up_a_talk(house: House) -> None:
    async with open_rig(house, replaced=True) as first:
        caller = await answered(first)
        await first.phone(ANNA, Answers(0.05))
        command = ring_of(caller, 1)
        assert await first.exchange.perform(command) is Result.DONE
        await first.log.until(RingAnswered)
        said = words(caller, 2, LONG, LONG)
        assert await first.exchange.perform(said) is Result.DONE
        async with open_rig(house) as second:
            assert await second.exchange.perform(said) is Result.ALREADY
            began = asyncio.get_running_loop().time()
            join = Join(talk_id(caller.id, 3), caller.id, command.ring)
            assert await second.exchange.perform(join) is Result.DONE
            assert asyncio.get_running_loop().time() - began < 1.0
            await second.log.until(Joined)


# ---------------------------------------------------------------- who is there


async def test_a_phone_that_registers_is_reachable_within_a_tenth_of_a_second(rig: RealRig) -> None:
    await rig.phone(ANNA, NeverAnswers())
    registered = next(m for m in rig.phones[ANNA].seen if m.status == 200 and m.method == "REGISTER")
    await rig.phone(ANNA, Unregistered())
    await rig.log.until(VolunteerUnreachable, volunteer=ANNA)
    assert [type(news) for news in rig.log.all] == [VolunteerReachable, VolunteerUnreachable]
    phone = rig.phones[ANNA]
    phone.seen.clear()
    await phone.register()
    loop = asyncio.get_running_loop()
    answer = await phone.wait(lambda m: m.status == 200 and m.method == "REGISTER")
    await rig.log.until_several(2, VolunteerReachable, volunteer=ANNA)
    assert loop.time() - answer.at < 0.1
    assert isinstance(registered, Message)


async def test_a_phone_that_registers_again_is_no_news(rig: RealRig) -> None:
    await rig.phone(ANNA, NeverAnswers())
    await rig.log.until(VolunteerReachable)
    for _ in range(3):
        await rig.phones[ANNA].register()
    await rig.phone(ANNA, Unregistered())
    await rig.log.until(VolunteerUnreachable)
    assert len(rig.log.about(VolunteerReachable)) == 1


async def test_a_phone_that_has_silently_died_becomes_unreachable(rig: RealRig) -> None:
    await rig.phone(ANNA, NeverAnswers())
    await rig.log.until(VolunteerReachable)
    rig.phones[ANNA].dead = True
    await rig.log.until(VolunteerUnreachable, within_s=20)


# ---------------------------------------------------------------- nothing stays


async def test_a_join_that_fails_leaves_no_room_behind(rig: RealRig) -> None:
    caller = await answered(rig)
    nobody = RingId(f"{caller.id}-r7")
    assert await rig.exchange.perform(Join(talk_id(caller.id, 8), caller.id, nobody)) is Result.GONE
    assert (await rig.exchange.survey()).talks == {}
    assert await rig.exchange.perform(StartMusic(caller.id)) is Result.DONE


async def test_after_a_hundred_commands_nothing_is_left_in_asterisk_nor_in_us(rig: RealRig) -> None:
    for _ in range(5):
        caller, ring = await talking(rig)
        await caller.hangs_up()
        await rig.log.until(CallGone, call=caller.id)
        assert await rig.exchange.perform(EndTalk(talk_id(caller.id, 2))) is Result.DONE
        assert await rig.exchange.perform(LetGo(ring, LetGoReason.OVER)) is Result.DONE
        await rig.log.until(RingGone, ring=ring)
        rig.log.all.clear()
    http = Http(rig.house.ari)
    assert (await http.ask(api.channels_list())).value == ()
    assert (await http.ask(api.bridges_list())).value == ()
    http.close()
    exchange = rig.exchange
    assert exchange._parties.known_before(math.inf) == frozenset()
    assert (exchange._parties.dying, exchange._left, exchange._performer._asked) == (set(), set(), {})


async def test_a_call_id_says_nothing_about_asterisks_own(rig: RealRig) -> None:
    caller = await rig.caller(LINE)
    http = Http(rig.house.ari)
    channels = (await http.ask(api.channels_list())).value or ()
    http.close()
    assert len(channels) == 1
    assert channels[0].id.partition(".")[0] not in caller.id
    assert isinstance(rig.log.about(CallArrived)[0].call, str)
    assert CallId(caller.id) == caller.id
