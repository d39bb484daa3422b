"""Volunteers say from their own phones what they are doing, and the house remembers it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from sip.heard import hear
from sip.phone.own import OwnPhone
from sip.phone.sound import speech_like
from tests.rigs.line import CARRIER, LiveLine, eventually

pytestmark = pytest.mark.asterisk


async def dial(line: LiveLine, phone: OwnPhone, code: str, name: str) -> list[str]:
    """Which sentences the volunteer hears."""
    call = await phone.dial(f"sip:{code}@{line.server}", from_user=name)
    await call.until_answered(5.0)
    await call.until_ended(20.0)
    sentences = {name: sound for name, sound in line.sounds.items() if name.startswith("frivillig-")}
    found = await asyncio.to_thread(hear, call.heard.samples(), sentences)
    return [each.prompt for each in found if each.whole]


def person(line: LiveLine, name: str) -> dict[str, Any]:
    return dict(next(who for who in line.status()["volunteers"] if who["name"] == name))


def test_codes_from_the_phone_are_confirmed_in_words_and_change_who_is_rung(line: LiveLine) -> None:
    async def story() -> None:
        async with await line.volunteer("anna") as anna, await line.volunteer("carla") as carla:
            assert await dial(line, anna, "*13", "anna") == ["frivillig-luft"]
            assert person(line, "anna")["state"] == "break"
            assert await dial(line, carla, "*11", "carla") == ["frivillig-fri"]
            assert person(line, "carla")["state"] == "off_duty"
            assert await dial(line, carla, "*10", "carla") == ["frivillig-paa-vagt"]
            async with await OwnPhone.open(bind=CARRIER) as carrier:
                call = await line.call(carrier)
                ring = await carla.next_ring(20.0)
                ring.decline()
                with pytest.raises(TimeoutError):
                    await anna.next_ring(2.0)
                asked = asyncio.create_task(anna.next_ring(20.0))
                assert await dial(line, anna, "*10", "anna") == ["frivillig-paa-vagt"]
                (await asked).decline()
                await call.hangup()

    asyncio.run(story())
    kinds = [event["type"] for event in line.events()]
    assert "voiceline.volunteer_took_break" in kinds
    assert "voiceline.volunteer_went_off_duty" in kinds


def test_who_has_refused_three_rings_hears_why_no_more_came_and_is_rung_again(line: LiveLine) -> None:
    async def story() -> None:
        async with await line.volunteer("anna") as anna, await OwnPhone.open(bind=CARRIER) as carrier:
            call = await line.call(carrier)
            for code in (486, 480, 603):
                (await anna.next_ring(20.0)).decline(code)
            await eventually(lambda: person(line, "anna")["pause"] == "refusing" or None, "anna is paused")
            assert "paused (their phone refuses calls" in await asyncio.to_thread(line.ivr, "volunteer", "list")
            with pytest.raises(TimeoutError):
                await anna.next_ring(2.0)
            asked = asyncio.create_task(anna.next_ring(20.0))
            assert await dial(line, anna, "*10", "anna") == ["frivillig-afviste"]
            talk = await (await asked).answer()
            await line.talk_stands()
            await call.hangup()
            await talk.until_ended(5.0)

    asyncio.run(story())


def test_why_somebody_is_paused_outlives_a_kill_of_the_controller(line: LiveLine) -> None:
    line.ivr("volunteer", "pause", "anna", "--reason", "frokost til 12:30")
    line.ivr("volunteer", "off", "carla")
    before = person(line, "anna")
    line.kill()
    line.start()
    try:
        after = person(line, "anna")
        assert (after["reason"], after["since"]) == ("frokost til 12:30", before["since"])
        assert person(line, "carla")["on_duty"] is False
        assert "paused (frokost til 12:30)" in line.ivr("volunteer", "list")
    finally:
        line.ivr("volunteer", "resume", "anna")
        line.ivr("volunteer", "on", "carla")


def test_a_code_is_answered_in_words_while_there_is_no_controller(line: LiveLine) -> None:
    async def story() -> list[str]:
        async with await line.volunteer("anna") as anna:
            line.kill()
            return await dial(line, anna, "*12", "anna")

    try:
        assert asyncio.run(story()) == ["frivillig-ikke-nu"]
    finally:
        line.start()
    assert person(line, "anna")["paused"] is False


def test_a_wrap_up_is_seen_and_ended_from_the_phone(line: LiveLine) -> None:
    async def story() -> None:
        async with await line.volunteer("anna") as anna, await OwnPhone.open(bind=CARRIER) as carrier:
            call = await line.call(carrier)
            talk = await (await anna.next_ring(20.0)).answer()
            await line.talk_stands()
            await call.hangup()
            await talk.until_ended(5.0)
            assert await dial(line, anna, "*15", "anna") == ["frivillig-mere-tid"]
            assert person(line, "anna")["state"] == "wrap_up"
            assert "wrap_up (until " in await asyncio.to_thread(line.ivr, "volunteer", "list")
            assert await dial(line, anna, "*14", "anna") == ["frivillig-klar"]
            await eventually(lambda: person(line, "anna")["state"] == "ready" or None, "anna is ready")

    asyncio.run(story())


def test_a_caller_who_says_nothing_for_twenty_seconds_is_shown_and_one_who_speaks_again_too(line: LiveLine) -> None:
    async def story() -> None:
        async with await line.volunteer("anna") as anna, await OwnPhone.open(bind=CARRIER) as carrier:
            call = await line.call(carrier)
            talk = await (await anna.next_ring(20.0)).answer()
            await line.talk_stands()
            call.play(speech_like(3.0, 5))
            began = asyncio.get_running_loop().time()
            silent = await eventually(lambda: person(line, "anna")["caller_silent_s"], "the caller is silent", 40.0)
            took_s = asyncio.get_running_loop().time() - began
            assert silent >= 20
            assert took_s > 20.5, "speech, and only then a silence; it had been said by now if nobody had been heard"
            assert "nothing is heard from the caller" in await asyncio.to_thread(line.ivr, "volunteer", "list")
            call.play(speech_like(3.0, 6))
            await eventually(lambda: person(line, "anna")["caller_silent_s"] is None or None, "the caller is heard")
            await call.hangup()
            await talk.until_ended(5.0)

    asyncio.run(story())
    kinds = [event["type"] for event in line.events()]
    assert kinds.count("voiceline.caller_silent") == kinds.count("voiceline.caller_heard") >= 1
