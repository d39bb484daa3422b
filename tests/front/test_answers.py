"""The front answers everything within a second, and no request that it does not know costs anybody a call."""

from __future__ import annotations

import asyncio

import pytest

from sip.phone.own import OwnPhone
from sip.phone.sound import speech_like
from tests.front.methods import Answered, ask_everything, both_ask
from tests.rigs.line import CARRIER, LiveLine

pytestmark = pytest.mark.asterisk
Table = dict[tuple[str, str, str], list[Answered]]


def unwell(table: Table) -> list[str]:
    return [
        f"{phase}, {side}, controller {controller}: {each.what}: {each.code or 'no answer'} after {each.took_s:.2f} s"
        for (phase, side, controller), answers in table.items()
        for each in answers
        if not each.is_well
    ]


def test_every_request_in_every_phase_is_answered_and_the_talk_goes_on(line: LiveLine) -> None:
    async def talk(anna: OwnPhone, table: Table, controller: str) -> None:
        async with await OwnPhone.open(bind=CARRIER) as carrier:
            call = await line.call(carrier)
            greeting = asyncio.create_task(ask_everything(call))
            ring = await anna.next_ring(40.0)
            table["greeted", "carrier", controller] = await greeting
            table["waiting", "carrier", controller] = await ask_everything(call)
            phone = await ring.answer(sound=speech_like(60.0, 3))
            await call.until_sound(5.0)
            await asyncio.sleep(1.5)
            for phase in ("talking", "held"):
                if phase == "held":
                    assert (await phone.renegotiate("sendonly")).code == 200
                sides = await both_ask(call, phone)
                table[phase, "carrier", controller], table[phase, "phone", controller] = sides
                assert call.ended is None, (phase, call.ended)
                assert phone.ended is None, (phase, phone.ended)
            assert (await phone.renegotiate()).code == 200
            before = len(call.packets), len(phone.packets)
            await asyncio.sleep(2.0)
            assert len(call.packets) - before[0] > 50, "the child hears the volunteer"
            assert len(phone.packets) - before[1] > 50, "the volunteer hears the child"
            await asyncio.gather(call.hangup(), phone.until_ended(5.0))

    async def story() -> Table:
        table: Table = {}
        async with await line.volunteer("anna") as anna:
            await talk(anna, table, "alive")
            await asyncio.to_thread(line.kill)
            try:
                await talk(anna, table, "dead")
            finally:
                await asyncio.to_thread(line.start)
        return table

    table = asyncio.run(story())
    assert len(table) == 12, "no cell is empty"
    assert unwell(table) == []
