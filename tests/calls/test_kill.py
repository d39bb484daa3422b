"""The controller is killed in the middle of calls. The full harness is another's; here one of each kind, every time."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from sip.phone.interface import NotAnswered
from sip.phone.own import OwnCall, OwnPhone
from sip.phone.sound import speech_like
from tests.rigs.line import CARRIER, LiveLine

pytestmark = pytest.mark.asterisk

LEASE_S = 2.5
"""Well within the time after which a call that nobody looks after goes to the last resort."""


def test_a_talk_and_a_waiting_caller_do_not_notice_that_the_controller_was_killed(line: LiveLine) -> None:
    async def story() -> tuple[float, float]:
        async with await line.volunteer("anna") as anna, await OwnPhone.open(bind=CARRIER) as carrier:
            first = await line.call(carrier)
            talk = await (await anna.next_ring(20.0)).answer(sound=speech_like(60.0, 3))
            await line.talk_stands()
            second = await line.call(carrier)
            await line.until_heard(second, "koe")
            await asyncio.to_thread(line.kill)
            await asyncio.to_thread(line.start)
            assert first.ended is None
            assert talk.ended is None
            assert second.ended is None
            await asyncio.gather(talk.hangup(), first.until_ended(5.0))
            next_talk = await (await anna.next_ring(15.0)).answer()
            await line.talk_stands()
            await asyncio.gather(second.hangup(), next_talk.until_ended(5.0))
            return longest_gap(first), longest_gap(second)

    before = len(line.calls())
    pid = line.asterisk_pid()
    talking, waiting = asyncio.run(story())
    assert line.asterisk_pid() == pid, "Asterisk lives on"
    line.last_call(before + 2)
    records = line.ended()[before:]
    assert [record["outcome"] for record in records] == ["answered", "answered"]
    assert records[0]["talk_s"] is not None
    assert talking < 2.0
    assert waiting < 2.0


def test_who_picks_up_while_no_controller_is_there_is_held_and_gets_the_caller_for_whom_it_rang(line: LiveLine) -> None:
    async def story() -> bool:
        async with await line.volunteer("anna") as anna, await OwnPhone.open(bind=CARRIER) as carrier:
            call = await line.call(carrier)
            ring = await anna.next_ring(20.0)
            killed = time.monotonic()
            await asyncio.to_thread(line.kill)
            talk = await ring.answer()
            await asyncio.to_thread(line.start)
            if time.monotonic() - killed > LEASE_S:
                await call.hangup()
                return False
            await line.talk_stands()
            assert talk.ended is None
            await asyncio.gather(call.hangup(), talk.until_ended(5.0))
            return True

    record = in_time(line, story)
    assert [(ring["volunteer"], ring["result"]) for ring in record["rings"]] == [("anna", "answered")]


def in_time(line: LiveLine, story: Callable[[], Coroutine[None, None, bool]]) -> dict[str, Any]:
    """The record of a story in which a controller came back before its calls went to the last resort. A machine with
    much else to do may need longer for that, so the story is told again."""
    for _ in range(4):
        before = len(line.calls())
        if asyncio.run(story()):
            return line.last_call(before + 1)
        line.begin()
    pytest.fail("no controller came back in time in four tries")


def longest_gap(call: OwnCall) -> float:
    """The longest time without a voice packet, seconds."""
    packets = call.packets
    return max(later.arrived - earlier.arrived for earlier, later in itertools.pairwise(packets))


def test_a_second_controller_takes_over_from_the_first_without_a_dropped_call(line: LiveLine) -> None:
    async def story() -> None:
        async with await line.volunteer("anna") as anna, await OwnPhone.open(bind=CARRIER) as carrier:
            call = await line.call(carrier)
            ring = await anna.next_ring(20.0)
            old = line.process
            await asyncio.to_thread(line.start)
            assert old is not None
            assert await asyncio.to_thread(old.wait, 10) == 0
            assert old.stdout is not None
            old.stdout.close()
            try:
                talk = await ring.answer()
            except NotAnswered:  # it had rung for as long as it may while the machine was busy with the new one
                talk = await (await anna.next_ring(20.0)).answer()
            await line.talk_stands()
            await asyncio.gather(call.hangup(), talk.until_ended(5.0))

    before = len(line.calls())
    asyncio.run(story())
    assert line.last_call(before + 1)["outcome"] == "answered"


def test_a_caller_who_comes_while_no_controller_runs_is_greeted_and_a_phone_rings(line: LiveLine) -> None:
    async def story() -> None:
        async with await line.volunteer("anna") as anna, await OwnPhone.open(bind=CARRIER) as carrier:
            await asyncio.to_thread(line.kill)
            try:
                call = await line.call(carrier)
                await line.until_heard(call, "velkommen")
                talk = await (await anna.next_ring(40.0)).answer(sound=speech_like(10.0, 4))
                await talk.until_sound(5.0)
                await asyncio.gather(call.hangup(), talk.until_ended(5.0))
            finally:
                await asyncio.to_thread(line.start)

    asyncio.run(story())
