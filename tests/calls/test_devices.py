"""One volunteer at two phones, ours and pjsua2: one ring in the log, and nobody is left in silence."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest

from sip.phone import phone_kind
from sip.phone.interface import Phone
from sip.phone.own import OwnPhone
from sip.phone.sound import speech_like
from tests.calls.test_kill import LEASE_S, in_time
from tests.rigs.line import CARRIER, LiveLine, eventually

pytestmark = pytest.mark.asterisk


@pytest.fixture
def password(line: LiveLine) -> Iterator[str]:
    """Of anna's phone at home, which she has for as long as a test lasts."""
    login = json.loads(line.ivr("volunteer", "device", "add", "anna", "hjem", "--json"))["sip"]
    assert login["username"] == "anna~hjem"
    yield login["password"]
    line.ivr("volunteer", "device", "remove", "anna", "hjem")


def registered(line: LiveLine) -> list[str]:
    told = json.loads(line.ivr("volunteer", "device", "list", "anna", "--json"))
    return [each["username"] for each in told if each["registered"]]


@asynccontextmanager
async def at_home(line: LiveLine, password: str, kind: str) -> AsyncIterator[Phone]:
    async with await phone_kind(kind).register("anna~hjem", password, line.server) as phone:
        await eventually(lambda: "anna~hjem" in registered(line) or None, "the phone at home is known")
        yield phone


def rings_of(line: LiveLine, more_than: int) -> list[tuple[str, str]]:
    return [(ring["volunteer"], ring["result"]) for ring in line.last_call(more_than)["rings"]]


def test_both_phones_ring_and_the_one_that_is_picked_up_has_the_call(line: LiveLine, password: str) -> None:
    async def story() -> None:
        async with (
            await line.volunteer("anna") as office,
            at_home(line, password, "pjsua2") as home,
            await OwnPhone.open(bind=CARRIER) as carrier,
        ):
            assert await asyncio.to_thread(registered, line) == ["anna", "anna~hjem"]
            call = await line.call(carrier)
            ring, missed = await asyncio.gather(home.next_ring(20.0), office.next_ring(20.0))
            talk = await ring.answer(sound=speech_like(5.0, 5))
            assert (await missed.until_ended(5.0)).elsewhere, "no missed call on the other phone"
            await line.talk_stands()
            await asyncio.gather(talk.until_sound(5.0), call.until_sound(5.0))
            await asyncio.gather(call.hangup(), talk.until_ended(5.0))

    before = len(line.calls())
    asyncio.run(story())
    assert rings_of(line, before + 1) == [("anna", "answered")]
    assert line.last_call(before + 1)["answered_by"] == "anna"


def test_who_declines_on_one_phone_is_not_rung_on_the_other_and_has_declined_once(
    line: LiveLine, password: str
) -> None:
    async def story() -> None:
        async with (
            await line.volunteer("anna") as office,
            at_home(line, password, "pjsua2") as home,
            await OwnPhone.open(bind=CARRIER) as carrier,
        ):
            call = await line.call(carrier)
            ring, other = await asyncio.gather(home.next_ring(20.0), office.next_ring(20.0))
            ring.decline()
            assert (await other.until_ended(5.0)).elsewhere
            await call.hangup()

    before = len(line.calls())
    asyncio.run(story())
    assert rings_of(line, before + 1)[0] == ("anna", "declined")


def test_a_phone_that_logs_off_leaves_the_other_and_the_volunteer_there(line: LiveLine, password: str) -> None:
    async def story() -> None:
        async with await line.volunteer("anna") as office, await OwnPhone.open(bind=CARRIER) as carrier:
            async with at_home(line, password, "own"):
                pass
            await eventually(lambda: registered(line) == ["anna"] or None, "the phone at home is gone")
            assert await asyncio.to_thread(line.reachable, "anna")
            call = await line.call(carrier)
            talk = await (await office.next_ring(20.0)).answer()
            await line.talk_stands()
            await asyncio.gather(call.hangup(), talk.until_ended(5.0))

    asyncio.run(story())


@pytest.mark.parametrize("quick", ["one answers", "both answer"])
def test_a_controller_that_is_killed_while_both_ring_finds_one_ring_again(
    line: LiveLine, password: str, quick: str
) -> None:
    """Who picks up while nobody is there is held; of two who do, one talks to the caller and the other is hung up."""

    async def story() -> bool:
        async with (
            await line.volunteer("anna") as office,
            at_home(line, password, "own") as home,
            await OwnPhone.open(bind=CARRIER) as carrier,
        ):
            call = await line.call(carrier)
            rings = await asyncio.gather(home.next_ring(20.0), office.next_ring(20.0))
            killed = time.monotonic()
            await asyncio.to_thread(line.kill)
            talks = [
                await ring.answer(sound=speech_like(30.0, 3)) for ring in rings[: 2 if quick == "both answer" else 1]
            ]
            await asyncio.to_thread(line.start)
            if time.monotonic() - killed > LEASE_S:
                await call.hangup()
                return False
            await line.talk_stands()
            if len(talks) == 1:
                assert (await rings[1].until_ended(5.0)).elsewhere
            else:
                await eventually(lambda: any(talk.ended for talk in talks) or None, "one of the two is hung up", 5.0)
            (alive,) = [talk for talk in talks if talk.ended is None]
            await asyncio.gather(alive.until_sound(5.0), call.until_sound(5.0))
            await asyncio.gather(call.hangup(), alive.until_ended(5.0))
            return True

    record = in_time(line, story)
    assert [(ring["volunteer"], ring["result"]) for ring in record["rings"]] == [("anna", "answered")]


def test_who_leaves_takes_all_their_devices_along(line: LiveLine) -> None:
    line.ivr("volunteer", "add", "dora", "--group", "dag")
    line.ivr("volunteer", "device", "add", "dora", "hjem")
    assert "dora~hjem" in line.console("pjsip show endpoints")
    line.ivr("volunteer", "remove", "dora")
    assert "dora" not in line.console("pjsip show endpoints")
    assert "dora~hjem" not in (line.state / "devices.json").read_text()
