"""Every way a call or a ring ends, on real phones, and the one outcome the log gives it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from sip.phone.own import OwnCall, OwnPhone
from tests.rigs.line import CARRIER, LiveLine
from tests.rigs.share import every

pytestmark = pytest.mark.asterisk


def the_call(line: LiveLine, story: Any) -> dict[str, Any]:
    before = len(line.calls())
    asyncio.run(story())
    return line.last_call(before + 1)


def test_hanging_up_during_the_greeting_ended_in_the_menu(line: LiveLine) -> None:
    async def story() -> None:
        async with await line.volunteer("anna"), await OwnPhone.open(bind=CARRIER) as carrier:
            call = await line.call(carrier)
            await call.until_sound(3.0)
            await call.hangup()

    record = the_call(line, story)
    assert (record["outcome"], record["waited_s"]) == ("ended_in_menu", None)


def test_hanging_up_soon_after_joining_the_queue_is_a_short_abandon_and_the_phone_stops_ringing(line: LiveLine) -> None:
    async def story() -> None:
        async with await line.volunteer("anna") as anna, await OwnPhone.open(bind=CARRIER) as carrier:
            call = await line.call(carrier)
            ring = await anna.next_ring(20.0)
            await call.hangup()
            assert (await ring.until_ended(3.0)).why == "CANCEL"

    record = the_call(line, story)
    assert record["outcome"] == "short_abandon"
    assert [ring["result"] for ring in record["rings"]] == ["caller_gone"]


def test_hanging_up_in_the_music_after_a_while_is_abandoned(line: LiveLine) -> None:
    async def story() -> None:
        async with await line.volunteer("anna") as anna, await OwnPhone.open(bind=CARRIER) as carrier:
            call = await line.call(carrier)
            ring = await anna.next_ring(20.0)
            await ring.until_ended(10.0)
            again = await anna.next_ring(10.0)
            await again.until_ended(10.0)
            await call.hangup()

    record = the_call(line, story)
    assert record["outcome"] == "abandoned"
    assert {ring["result"] for ring in record["rings"]} <= {"no_answer", "caller_gone"}
    assert len(record["rings"]) >= 2
    assert record["waited_s"] > 10.0


@pytest.mark.parametrize(("code", "result"), every(3, [(603, "declined"), (486, "busy"), (480, "no_answer")]))
def test_a_phone_that_says_no_makes_the_next_one_ring_at_once(line: LiveLine, code: int, result: str) -> None:
    async def story() -> None:
        async with (
            await line.volunteer("anna") as anna,
            await line.volunteer("carla") as carla,
            await OwnPhone.open(bind=CARRIER) as carrier,
        ):
            call = await line.call(carrier)
            first = asyncio.ensure_future(anna.next_ring(20.0))
            second = asyncio.ensure_future(carla.next_ring(20.0))
            done, _ = await asyncio.wait({first, second}, return_when=asyncio.FIRST_COMPLETED)
            done.pop().result().decline(code)
            rings = await asyncio.gather(first, second)
            other = max(rings, key=lambda ring: ring.moment)
            assert other.moment - min(ring.moment for ring in rings) < 1.0
            talk = await other.answer()
            await line.talk_stands()
            await talk.hangup()
            await call.until_ended(5.0)

    record = the_call(line, story)
    assert [ring["result"] for ring in record["rings"]] == [result, "answered"]
    assert record["ended_by"] == "volunteer"


def test_a_phone_nobody_picks_up_is_no_answer_and_the_next_volunteer_is_rung(line: LiveLine) -> None:
    async def story() -> None:
        async with (
            await line.volunteer("anna") as anna,
            await line.volunteer("carla") as carla,
            await OwnPhone.open(bind=CARRIER) as carrier,
        ):
            call = await line.call(carrier)
            first = asyncio.ensure_future(anna.next_ring(20.0))
            second = asyncio.ensure_future(carla.next_ring(20.0))
            rings = await asyncio.gather(first, second)
            other = max(rings, key=lambda ring: ring.moment)
            talk = await other.answer()
            await line.talk_stands()
            await call.hangup()
            await talk.until_ended(5.0)

    record = the_call(line, story)
    assert [ring["result"] for ring in record["rings"]] == ["no_answer", "answered"]
    assert record["rings"][0]["rang_s"] == pytest.approx(5.0, abs=1.0)


def test_who_hangs_up_right_after_picking_up_does_not_cost_the_caller_the_place(line: LiveLine) -> None:
    async def story() -> None:
        async with await line.volunteer("anna") as anna, await OwnPhone.open(bind=CARRIER) as carrier:
            call = await line.call(carrier)
            talk = await (await anna.next_ring(20.0)).answer()
            await talk.hangup()
            again = await (await anna.next_ring(20.0)).answer()
            await line.talk_stands()
            await call.hangup()
            await again.until_ended(5.0)

    record = the_call(line, story)
    assert record["outcome"] == "answered"
    assert len(record["rings"]) == 2


def test_a_phone_that_dies_in_a_talk_gives_the_caller_music_and_another_volunteer(line: LiveLine) -> None:
    async def story() -> None:
        async with (
            await line.volunteer("anna") as anna,
            await line.volunteer("carla") as carla,
            await OwnPhone.open(bind=CARRIER) as carrier,
        ):
            call = await line.call(carrier)
            (dying, ring), living = await who_rings(anna, carla)
            await ring.answer()
            await line.talk_stands()
            dying.drop_dead()
            second = await (await living.next_ring(15.0)).answer()
            await line.talk_stands()
            await call.hangup()
            await second.until_ended(5.0)

    record = the_call(line, story)
    assert record["outcome"] == "answered"
    assert [ring["result"] for ring in record["rings"]] == ["answered", "answered"]


async def who_rings(anna: OwnPhone, carla: OwnPhone) -> tuple[tuple[OwnPhone, Any], OwnPhone]:
    """(the phone that rings and its ring, the other phone)."""
    waits = {asyncio.ensure_future(phone.next_ring(20.0)): phone for phone in (anna, carla)}
    done, rest = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    for each in rest:
        each.cancel()
    ringing = done.pop()
    other = next(phone for phone in (anna, carla) if phone is not waits[ringing])
    return (waits[ringing], ringing.result()), other


def test_an_answer_cuts_the_words_in_the_queue(line: LiveLine) -> None:
    async def story() -> OwnCall:
        async with await line.volunteer("anna") as anna, await OwnPhone.open(bind=CARRIER) as carrier:
            call = await line.call(carrier)
            ring = await anna.next_ring(20.0)
            at = asyncio.get_running_loop().time()
            talk = await ring.answer()
            await talk.until_sound(3.0)
            assert asyncio.get_running_loop().time() - at < 1.0
            await call.hangup()
            await talk.until_ended(5.0)
            return call

    before = len(line.calls())
    call = asyncio.run(story())
    line.last_call(before + 1)
    assert "koe" not in [each.prompt for each in line.heard(call) if each.whole]


def test_a_caller_who_presses_keys_where_no_menu_is_disturbs_nothing(line: LiveLine) -> None:
    async def story() -> None:
        async with await line.volunteer("anna") as anna, await OwnPhone.open(bind=CARRIER) as carrier:
            call = await line.call(carrier)
            await call.send_digits("1234567890")
            await line.until_heard(call, "fare")
            await anna.next_ring(20.0)
            await call.hangup()

    record = the_call(line, story)
    assert record["outcome"] == "short_abandon"
    assert "1234567890" not in str(line.events())
