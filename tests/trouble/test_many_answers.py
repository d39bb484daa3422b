"""Twenty phones, one caller, and everybody picks up in the same millisecond: one talk, nobody else misses anything."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any

import pytest

from sip.phone.own import OwnCall, OwnPhone, OwnRing
from sip.phone.transaction import ServerTransaction
from tests.rigs.line import CARRIER, LiveLine, eventually
from tests.trouble.rig import CROWD, CROWDED, add, child, log_after, password, records

pytestmark = pytest.mark.asterisk


@pytest.mark.parametrize("rounds", [2, pytest.param(25, marks=pytest.mark.trouble)])
def test_of_twenty_who_pick_up_in_the_same_millisecond_one_talks_and_the_others_missed_nothing(
    line: LiveLine, rounds: int
) -> None:
    add(line, "mange", CROWD)

    async def story() -> None:
        async with AsyncExitStack() as held:
            phones = [await held.enter_async_context(await crowd_phone(line, name)) for name in CROWD]
            carrier = await held.enter_async_context(await OwnPhone.open(bind=CARRIER))
            await eventually(lambda: all_reachable(line) or None, "all twenty are reachable")
            cancels = [cancels_of(phone) for phone in phones]
            for number in range(rounds):
                await one_round(line, carrier, phones, cancels, everybody=number % 2 == 0)

    before = len(records(line))
    asyncio.run(story())
    for record in log_after(line, before, rounds):
        assert_one_winner(record)


async def crowd_phone(line: LiveLine, name: str) -> OwnPhone:
    return await OwnPhone.register(name, password(line, name), line.server)


def all_reachable(line: LiveLine) -> bool:
    there = {who["name"] for who in line.status()["volunteers"] if who["reachable"]}
    return there >= set(CROWD)


def cancels_of(phone: OwnPhone) -> dict[str, str]:
    """By call, the reason with which this phone is told to stop ringing, also when it has just been picked up."""
    agent, told = phone._agent, dict[str, str]()
    handle = agent._on_cancel

    def hear(transaction: ServerTransaction) -> None:
        told[transaction.request.call_id] = transaction.request.get("reason")
        handle(transaction)

    agent._on_cancel = hear  # type: ignore[method-assign]
    return told


async def one_round(
    line: LiveLine, carrier: OwnPhone, phones: list[OwnPhone], cancels: list[dict[str, str]], *, everybody: bool
) -> None:
    """All ring; all, or every second, pick up before anything can be read from the network."""
    call = await child(line, carrier, CROWDED)
    rings = await asyncio.gather(*(phone.next_ring(20.0) for phone in phones))
    quick = rings if everybody else rings[::2]
    talks = [talk for ring in quick if (talk := ring.pick_up()) is not None]
    await line.talk_stands()
    alive = [talk for talk in talks if talk.ended is None]
    assert len(alive) == 1, f"{len(alive)} of {len(talks)} who picked up are in a talk"
    for talk in talks:
        if talk is not alive[0]:
            await let_go(talk, {call: reason for told in cancels for call, reason in told.items()})
    for ring in rings:
        if ring not in quick:
            await stopped(ring)
    await call.hangup()
    await alive[0].until_ended(5.0)
    await eventually(lambda: line.channels() == 0 or None, "every phone is down")


async def let_go(talk: OwnCall, cancels: dict[str, str]) -> None:
    """Told that another has taken the call: with the BYE, or before it with a CANCEL that crossed the answer."""
    ended = await talk.until_ended(5.0)
    assert (ended.by, ended.why) == ("them", "BYE")
    ended = replace(ended, reason=ended.reason or cancels.get(talk.call_id, ""))
    assert ended.elsewhere, f"a phone that was picked up too late was told {ended.reason!r}"


async def stopped(ring: OwnRing) -> None:
    """Still ringing when another had won: no missed call."""
    ended = await ring.until_ended(5.0)
    assert (ended.by, ended.why) == ("them", "CANCEL")
    assert ended.elsewhere, f"a phone that stopped ringing was told {ended.reason!r}"


def assert_one_winner(record: dict[str, Any]) -> None:
    told = Counter(ring["result"] for ring in record["rings"])
    assert told == {"answered": 1, "won_by_other": len(CROWD) - 1}
    winner = next(ring["volunteer"] for ring in record["rings"] if ring["result"] == "answered")
    assert (record["outcome"], record["answered_by"], record["ended_by"]) == ("answered", winner, "caller")
