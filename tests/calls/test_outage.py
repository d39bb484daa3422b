"""The controller is away, or hangs: what callers hear meanwhile, who comes back in which order, what the log says."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from sip.phone.own import OwnCall, OwnPhone
from sip.phone.sound import speech_like
from tests.calls.test_kill import longest_gap
from tests.rigs.line import CARRIER, LiveLine, eventually

pytestmark = pytest.mark.asterisk

LONGER_THAN_GRACE_S = 15.0


@asynccontextmanager
async def frozen(line: LiveLine) -> AsyncIterator[None]:
    assert line.process is not None
    line.process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        line.process.send_signal(signal.SIGCONT)


def known(line: LiveLine) -> set[str]:
    return {record["call"] for record in line.calls()}


def records(line: LiveLine, before: set[str], more: int) -> list[dict[str, Any]]:
    """What the log says of the calls since then. By their ids: a restarted `--clock` begins at noon again."""
    line.last_call(len(before) + more)
    return [record for record in line.calls() if record["call"] not in before]


def test_a_frozen_controller_loses_neither_who_waits_nor_who_hears_the_greeting_nor_who_comes(line: LiveLine) -> None:
    async def story() -> float:
        async with await line.volunteer("anna") as anna, await OwnPhone.open(bind=CARRIER) as carrier:
            waiting = await line.call(carrier)
            await (await anna.next_ring(20.0)).until_ended(10.0)
            greeted = await line.call(carrier)
            await greeted.until_sound(3.0)
            async with frozen(line):
                froze = time.monotonic()
                came = await carrier.dial(f"sip:116111@{line.server}", sound=speech_like(30.0, 7))
                await came.until_answered(6.0)  # the lease of a call that nobody answers is short
                assert time.monotonic() - froze < 4.5
                await asyncio.sleep(max(0.0, 10.0 - (time.monotonic() - froze)))
            talks = [await served(line, anna, waiting, greeted, came) for _ in range(3)]
            assert talks == [waiting, greeted, came], "in the order in which they came"
            return max(longest_gap(call) for call in talks)

    before = known(line)
    gap = asyncio.run(story())
    assert [(each["outcome"], each["by"]) for each in records(line, before, 3)] == [("answered", "us")] * 3
    assert gap < 1.0


async def served(line: LiveLine, volunteer: OwnPhone, *callers: OwnCall) -> OwnCall:
    """The next ring is answered; who is it that hears the volunteer hang up?"""
    there = [call for call in callers if call.ended is None]
    talk = await (await volunteer.next_ring(40.0)).answer(sound=speech_like(20.0, 9))
    await eventually(lambda: len(talk.heard.samples()) > 5 * 8000 or None, "a word in the ear, and a talk", 15.0)
    await talk.hangup()
    over = [asyncio.ensure_future(call.until_ended(5.0)) for call in there]
    done, rest = await asyncio.wait(over, return_when=asyncio.FIRST_COMPLETED)
    for each in rest:
        each.cancel()
    return next(call for call, each in zip(there, over, strict=True) if each in done)


def test_who_comes_during_a_long_outage_is_served_and_who_still_waits_is_taken_back_in_order(line: LiveLine) -> None:
    async def story() -> None:
        async with await OwnPhone.open(bind=CARRIER) as carrier:
            anna = await line.volunteer("anna")
            await asyncio.to_thread(line.kill)
            try:
                helped = await line.call(carrier)
                talk = await (await anna.next_ring(40.0)).answer(sound=speech_like(30.0, 4))
                await helped.until_sound(5.0)
                first = await line.call(carrier)
                second = await line.call(carrier)
                gone = await line.call(carrier)
                await line.until_heard(first, "velkommen")
                await asyncio.sleep(LONGER_THAN_GRACE_S)
                await gone.hangup()
            finally:
                await asyncio.to_thread(line.start)
            assert talk.ended is None, "a talk without us goes on"
            with pytest.raises(TimeoutError):
                await anna.next_ring(5.0)
            await asyncio.gather(talk.hangup(), helped.until_ended(5.0))
            assert [await served(line, anna, first, second) for _ in range(2)] == [first, second]
            await anna.close()

    before = known(line)
    asyncio.run(story())
    log = records(line, before, 4)
    told = {(each["outcome"], each["by"], each["answered_by"]) for each in log}
    assert told == {
        ("answered", "last_resort", "anna"),
        ("abandoned", "last_resort", None),
        ("answered", "us", "anna"),
    }
    assert len(log) == 4


def test_a_volunteer_who_hangs_up_during_an_outage_leaves_no_caller_in_silence_and_the_other_way_round(
    line: LiveLine,
) -> None:
    async def story() -> None:
        async with (
            await line.volunteer("anna") as anna,
            await line.volunteer("carla") as carla,
            await OwnPhone.open(bind=CARRIER) as carrier,
        ):
            phones = {"anna": anna, "carla": carla}
            pairs = []
            for _ in range(2):
                call = await line.call(carrier)
                rings = [asyncio.ensure_future(phone.next_ring(20.0)) for phone in phones.values()]
                done, late = await asyncio.wait(rings, return_when=asyncio.FIRST_COMPLETED)
                for each in late:
                    each.cancel()
                pairs.append((call, await done.pop().result().answer(sound=speech_like(30.0, 5))))
                await line.talk_stands()
            await asyncio.to_thread(line.kill)
            try:
                (left, volunteer), (caller, alone) = pairs
                await asyncio.gather(volunteer.hangup(), caller.hangup())
                assert (await alone.until_ended(3.0)).by == "them"
                assert (await left.until_ended(12.0)).by == "them"
            finally:
                await asyncio.to_thread(line.start)

    before = known(line)
    asyncio.run(story())
    assert [each["outcome"] for each in records(line, before, 2)] == ["answered", "answered"]


def members(line: LiveLine) -> str:
    return line.console("queue show line-bornetelefonen")


def words(line: LiveLine) -> str:
    return line.console("dialplan show line-bornetelefonen@last-resort")


def test_what_was_closed_by_hand_is_closed_without_us_too_and_who_takes_a_pause_is_not_rung(line: LiveLine) -> None:
    async def meets(prompt: str) -> None:
        async with await OwnPhone.open(bind=CARRIER) as carrier:
            call = await line.call(carrier)
            await line.until_heard(call, prompt, 40.0)
            await call.hangup()

    async def story() -> None:
        async with await line.volunteer("anna") as anna, await line.volunteer("carla") as carla:
            line.ivr("volunteer", "pause", "anna")
            line.ivr("override", "bornetelefonen", "closed", "--reason", "test")
            await eventually(lambda: "anna" not in members(line) or None, "the last resort knows of the pause")
            await eventually(lambda: "{VL_NOW} >=" not in words(line) or None, "the last resort knows of the closing")
            await asyncio.to_thread(line.kill)
            try:
                await meets("lukket")
            finally:
                await asyncio.to_thread(line.start)
            line.ivr("override", "bornetelefonen", "auto", "--reason", "test")
            await eventually(lambda: "{VL_NOW} >=" in words(line) or None, "the last resort knows of the opening")
            await asyncio.to_thread(line.kill)
            async with await OwnPhone.open(bind=CARRIER) as carrier:
                call = await line.call(carrier)
                ring = await carla.next_ring(40.0)
                with pytest.raises(TimeoutError):
                    await anna.next_ring(0.5)
                ring.decline()
                await call.hangup()
            await asyncio.to_thread(line.start)
            line.ivr("volunteer", "resume", "anna")

    asyncio.run(story())


def test_an_asterisk_that_dies_is_there_again_within_two_seconds_and_its_calls_are_lost(line: LiveLine) -> None:
    async def story() -> float:
        async with await line.volunteer("anna") as anna, await OwnPhone.open(bind=CARRIER) as carrier:
            call = await line.call(carrier)
            await (await anna.next_ring(20.0)).until_ended(10.0)
            before, died = line.said.read_text().count(" line_up"), time.monotonic()
            os.kill(line.asterisk_pid(), signal.SIGKILL)
            await eventually(lambda: line.said.read_text().count(" line_up") > before or None, "Asterisk is back")
            back = time.monotonic() - died
            line.ready["asterisk"]["pid"] = line.status()["asterisk"]["pid"]
            again = await line.call(carrier)
            await (await anna.next_ring(30.0)).answer(sound=speech_like(10.0, 3))
            await line.talk_stands()
            await asyncio.gather(again.hangup(), call.hangup())
            return back

    before = known(line)
    assert asyncio.run(story()) < 15.0, "two seconds on a machine of one's own; tests share theirs"
    assert [each["outcome"] for each in records(line, before, 2)] == ["lost", "answered"]
