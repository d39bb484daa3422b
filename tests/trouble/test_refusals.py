"""A volunteer whose phone refuses every ring, on the wire: asked three times, then left alone; the child keeps the turn
and meets the next volunteer, and who comes when nobody else is there is told so."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from ivr.app import control
from sip.phone.own import OwnPhone
from tests.rigs.line import CARRIER, LiveLine, eventually
from tests.sip.wirephone import Manners, WirePhone
from tests.trouble.rig import STRICT, add, bad_phone, child, log_after, records
from tests.trouble.test_bad_phones import loudness, results

pytestmark = pytest.mark.asterisk

EVERY_CODE = (486, 480, 603, 488, 503, 404, 408, 415, 500, 600)
SHORT = (486, 480, 603)
"""Do not disturb as phones say it; the others with `make crash`."""
QUIET_S = 3.0
"""After a refusal a phone rests one second here: within this a fourth ring would have come."""


def asked(phone: WirePhone) -> int:
    """How often the phone was rung: one dialog each."""
    return len({message.get("Call-ID") for message in phone.seen if not message.status and message.method == "INVITE"})


def person(line: LiveLine, name: str) -> dict[str, Any]:
    return dict(next(who for who in line.status()["volunteers"] if who["name"] == name))


async def refuses(line: LiveLine, code: int, carrier: OwnPhone) -> None:
    """One child, to whom stine's phone says no until it is left alone, and whom sofie then answers."""
    control.ask(line.state, "volunteer_resume", name="stine")
    bad = await bad_phone(line, "stine", Manners(refuse=code))
    try:
        await eventually(lambda: line.reachable("stine") or None, "stine is reachable")
        call = await child(line, carrier, STRICT)
        await eventually(lambda: person(line, "stine")["pause"] or None, "stine is paused")
        assert person(line, "stine")["pause"] == "refusing"
        assert any(each.startswith("stine is not rung any more") for each in line.status()["wrong"])
        await asyncio.sleep(QUIET_S)  # what must not come has had its time
        assert asked(bad) == 3, code
        async with await line.volunteer("sofie") as sofie:
            talk = await (await sofie.next_ring(5.0)).answer()
            until_now = len(call.heard.samples())
            await line.talk_stands()
            await call.hangup()
            await talk.until_ended(5.0)
        quiet = [place for place, loud in enumerate(loudness(call, 8000)[: until_now // 1600 - 6]) if loud < 20]
        assert not quiet, f"the child heard nothing at {quiet} (fifths of a second)"
        assert asked(bad) == 3, code
    finally:
        await bad.register(expires_s=0)
        bad.close()


@pytest.mark.parametrize("codes", [SHORT, pytest.param(EVERY_CODE, marks=pytest.mark.trouble)], ids=["short", "all"])
def test_a_phone_that_refuses_is_asked_three_times_and_the_child_keeps_the_turn(
    line: LiveLine, codes: tuple[int, ...]
) -> None:
    async def story() -> None:
        async with await OwnPhone.open(bind=CARRIER) as carrier:
            for code in codes:
                await refuses(line, code, carrier)

    add(line, "streng", ("stine", "sofie"))
    before = len(records(line))
    asyncio.run(story())
    found = log_after(line, before, len(codes))
    for record in found:
        assert (record["outcome"], record["answered_by"]) == ("answered", "sofie")
        assert [name for name, _ in results(record)] == ["stine"] * 3 + ["sofie"]
    said = [event["type"] for event in line.events()]
    assert said.count("voiceline.volunteer_refusing") >= len(codes)


def test_a_child_who_comes_when_only_a_refusing_phone_is_there_is_told_that_nobody_is(line: LiveLine) -> None:
    async def story() -> None:
        async with await OwnPhone.open(bind=CARRIER) as carrier:
            control.ask(line.state, "volunteer_resume", name="stine")
            bad = await bad_phone(line, "stine", Manners(refuse=486))
            try:
                await eventually(lambda: line.reachable("stine") or None, "stine is reachable")
                first = await child(line, carrier, STRICT)
                await eventually(lambda: person(line, "stine")["pause"] or None, "stine is paused")
                second = await child(line, carrier, STRICT)
                await line.until_heard(second, "ingen")
                await second.hangup()
                assert first.ended is None, "who waits, waits on"
                control.ask(line.state, "volunteer_resume", name="stine")
                bad.manners = Manners(answer_after_s=0.1)
                await line.talk_stands()
                await first.hangup()
            finally:
                await bad.register(expires_s=0)
                bad.close()

    add(line, "streng", ("stine", "sofie"))
    asyncio.run(story())
