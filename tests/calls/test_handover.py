"""The line is handed over to the night line by hand, and nobody loses their place."""

from __future__ import annotations

import asyncio

import pytest

from sip.phone.own import OwnPhone
from tests.rigs.line import CARRIER, LiveLine

pytestmark = pytest.mark.asterisk


def test_who_waits_is_answered_by_the_night_line_after_a_handover_first_come_first(line: LiveLine) -> None:
    async def story() -> None:
        async with (
            await line.volunteer("bo") as bo,
            await line.volunteer("anna") as anna,
            await OwnPhone.open(bind=CARRIER) as carrier,
        ):
            first = await line.call(carrier)
            await line.until_heard(first, "velkommen")
            second = await line.call(carrier)
            ring = await anna.next_ring(20.0)
            await asyncio.to_thread(line.ivr, "handover", "bornetelefonen", "night")
            night = await bo.next_ring(5.0)
            assert ring.ended is None, "a phone that rings rings on"
            talk = await night.answer()
            await ring.until_ended(5.0)
            await line.talk_stands()
            await asyncio.gather(first.hangup(), talk.until_ended(5.0))
            again = await bo.next_ring(10.0)
            other = await again.answer()
            await line.talk_stands()
            await asyncio.gather(second.hangup(), other.until_ended(5.0))

    before = len(line.calls())
    try:
        asyncio.run(story())
    finally:
        line.ivr("handover", "bornetelefonen", "day")
    line.last_call(before + 2)
    records = line.ended()[before:]
    assert [record["answered_by"] for record in records] == ["bo", "bo"]
    assert records[0]["arrived_at"] < records[1]["arrived_at"]
    changes = [event for event in line.events() if event["type"] == "voiceline.service_changed"]
    assert changes[-2]["data"]["service"] == "night"
    assert changes[-2]["data"]["by_hand"] is True
