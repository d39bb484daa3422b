"""A caller hangs up in every phase there is: the right outcome, by whom, and nothing left in Asterisk."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import pytest

from sip.phone.own import OwnCall, OwnPhone, OwnRing
from tests.rigs.line import CARRIER, LiveLine
from tests.trouble.rig import AT_ONCE, CLOSED, EMPTY, STEP_BY_STEP, child, log_after, records

pytestmark = pytest.mark.asterisk

Until = Callable[[LiveLine, OwnCall, OwnPhone], Awaitable[OwnRing | None]]


def hangs_up(line: LiveLine, number: str, until: Until) -> dict[str, Any]:
    """A child calls and hangs up when that moment has come; what the log says of it."""

    async def story() -> None:
        async with await line.volunteer("carla") as carla, await OwnPhone.open(bind=CARRIER) as carrier:
            call = await child(line, carrier, number)
            ring = await until(line, call, carla)
            ended = await call.hangup()
            assert (ended.by, ended.why) == ("us", "BYE"), "the caller was not let go by us a moment before"
            if ring is not None:
                await silent(ring)

    before = len(records(line))
    asyncio.run(story())
    line.empty()
    (record,) = log_after(line, before)
    assert record["ended_by"] == "caller"
    return record


async def silent(ring: OwnRing) -> None:
    """Neither rings nor talks any more. Who picks up in that very moment is another test."""
    with suppress(TimeoutError):
        await ring.until_ended(2.0)
    talk = ring.pick_up()
    if talk is not None:
        await talk.until_ended(5.0)


async def first_sound(_line: LiveLine, call: OwnCall, _carla: OwnPhone) -> OwnRing | None:
    await call.until_sound(3.0)
    return None


async def heard_for(line: LiveLine, call: OwnCall, seconds: float) -> None:
    """Until so much has come out of the caller's phone, whatever it was."""
    deadline = time.monotonic() + 2 * seconds
    while (now := len(call.heard.samples()) / 8000) < seconds:
        still_there = call.ended is None and time.monotonic() < deadline
        assert still_there, f"{now:.2f} s of {seconds} s: {call.ended}, {[each.prompt for each in line.heard(call)]}"
        await asyncio.sleep(0.05)


async def menu(line: LiveLine, call: OwnCall, _carla: OwnPhone) -> OwnRing | None:
    """The greeting lasts 6.4 s, the words of the menu 2.8 s."""
    await heard_for(line, call, 7.5)
    return None


async def ringing(_line: LiveLine, _call: OwnCall, carla: OwnPhone) -> OwnRing | None:
    return await carla.next_ring(10.0)


async def welcome_after_a_key(line: LiveLine, call: OwnCall, carla: OwnPhone) -> OwnRing | None:
    """The phone rings already while the first words in the queue are heard."""
    await menu(line, call, carla)
    await call.send_digits("1")
    return await carla.next_ring(10.0)


async def music(line: LiveLine, call: OwnCall, _carla: OwnPhone) -> OwnRing | None:
    """Between the welcome, which lasts 3.5 s, and the words that come after 5 s."""
    await heard_for(line, call, 4.2)
    return None


async def announcement(line: LiveLine, call: OwnCall, _carla: OwnPhone) -> OwnRing | None:
    """These last 4.9 s."""
    await heard_for(line, call, 7.5)
    return None


async def picked_up_in_the_same_moment(_line: LiveLine, call: OwnCall, carla: OwnPhone) -> OwnRing | None:
    ring = await carla.next_ring(10.0)
    ring.pick_up()
    call.leave()
    return ring


async def talking_for_a_moment(_line: LiveLine, _call: OwnCall, carla: OwnPhone) -> OwnRing | None:
    ring = await carla.next_ring(10.0)
    talk = await ring.answer()
    await talk.until_sound(3.0)
    return ring


async def talking(line: LiveLine, _call: OwnCall, carla: OwnPhone) -> OwnRing | None:
    ring = await carla.next_ring(10.0)
    await ring.answer()
    await line.talk_stands()
    return ring


PHASES = {
    "greeting": (STEP_BY_STEP, first_sound, "ended_in_menu", []),
    "menu": (STEP_BY_STEP, menu, "ended_in_menu", []),
    "welcome": (STEP_BY_STEP, welcome_after_a_key, "short_abandon", ["caller_gone"]),
    "ringing": (AT_ONCE, ringing, "short_abandon", ["caller_gone"]),
    "talking under 1.5 s": (AT_ONCE, talking_for_a_moment, "short_abandon", ["caller_gone"]),
    "talking": (AT_ONCE, talking, "answered", ["answered"]),
    "closed message": (CLOSED, first_sound, "outside_hours", []),
    "nobody is there": (EMPTY, first_sound, "not_admitted", []),
}


@pytest.mark.parametrize("phase", PHASES)
def test_a_caller_may_hang_up_in_any_phase(line: LiveLine, phase: str) -> None:
    number, until, outcome, results = PHASES[phase]
    record = hangs_up(line, number, until)
    assert (record["outcome"], [ring["result"] for ring in record["rings"]]) == (outcome, results)


@pytest.mark.parametrize("until", [music, announcement], ids=["music", "announcement"])
def test_a_caller_may_hang_up_while_they_wait(line: LiveLine, until: Until) -> None:
    record = hangs_up(line, AT_ONCE, until)
    assert record["outcome"] in ("short_abandon", "abandoned")
    assert record["outcome"] == ("short_abandon" if record["waited_s"] < 10 else "abandoned")
    assert {ring["result"] for ring in record["rings"]} <= {"no_answer", "caller_gone"}


@pytest.mark.parametrize("times", [3, pytest.param(50, marks=pytest.mark.trouble)])
def test_a_caller_may_hang_up_in_the_very_moment_in_which_the_phone_is_picked_up(line: LiveLine, times: int) -> None:
    for _ in range(times):
        record = hangs_up(line, AT_ONCE, picked_up_in_the_same_moment)
        assert record["outcome"] == "short_abandon"
        assert [ring["result"] for ring in record["rings"]] in (["answered"], ["caller_gone"])
        assert record["talk_s"] is None
