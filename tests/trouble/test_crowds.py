"""More callers than volunteers, for real: whoever came first is served first, and everybody has music meanwhile."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import Any

import numpy as np
import pytest

from sip.phone.own import OwnCall, OwnPhone
from tests.rigs.line import CARRIER, LiveLine
from tests.trouble.rig import EMPTY, STANDS_S, child, log_after, records

pytestmark = pytest.mark.asterisk


@pytest.mark.parametrize("how_many", [5, pytest.param(60, marks=pytest.mark.trouble)])
def test_many_callers_and_one_volunteer_are_served_in_the_order_in_which_they_came(
    line: LiveLine, how_many: int
) -> None:
    async def story() -> list[OwnCall]:
        async with AsyncExitStack() as held:
            carla = await held.enter_async_context(await line.volunteer("carla"))
            calls: list[OwnCall] = []
            for _ in range(how_many):
                carrier = await held.enter_async_context(await OwnPhone.open(bind=CARRIER))
                calls.append(await child(line, carrier))
            for _ in range(how_many):
                talk = await (await carla.next_ring(15.0)).answer()
                await asyncio.sleep(STANDS_S)
                await talk.hangup()
            for call in calls:
                await call.until_ended(15.0)
            return calls

    before, told = len(records(line)), len(line.events())
    calls = asyncio.run(story())
    found = log_after(line, before, how_many)
    assert {(record["outcome"], record["ended_by"]) for record in found} == {("answered", "volunteer")}
    assert {len(record["rings"]) for record in found} == {1}
    queued, joined = (subjects(line, told, kind) for kind in ("call_queued", "call_joined"))
    assert len(queued) == how_many
    assert joined == queued
    for call in calls:
        assert longest_silence_s(call) < 2.0  # tenths of a second by itself; a busy machine has its own


def subjects(line: LiveLine, told: int, kind: str) -> list[Any]:
    return [event["subject"] for event in line.events()[told:] if event["type"] == f"voiceline.{kind}"]


def longest_silence_s(call: OwnCall) -> float:
    """While waiting: until the talk, in which the volunteer's phone is quiet."""
    heard = call.heard.samples().astype(np.float64)
    heard = heard[: len(heard) - round((STANDS_S + 1.0) * 8000)]
    loud = [np.sqrt(np.mean(heard[at : at + 800] ** 2)) > 20 for at in range(0, len(heard) - 799, 800)]
    longest = now = 0
    for each in loud:
        now = 0 if each else now + 1
        longest = max(longest, now)
    return longest / 10


def test_a_group_with_nobody_in_it_says_so_at_once_and_lets_go(line: LiveLine) -> None:
    async def story() -> None:
        async with await line.volunteer("carla"), await OwnPhone.open(bind=CARRIER) as carrier:
            call = await child(line, carrier, EMPTY)
            assert (await call.until_ended(20.0)).by == "them"
            assert [each.prompt for each in line.heard(call)] == ["ingen"]

    before = len(records(line))
    asyncio.run(story())
    (record,) = log_after(line, before)
    assert (record["outcome"], record["ended_by"], record["rings"]) == ("not_admitted", "system", [])
