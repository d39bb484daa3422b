"""Which voices are spoken with whom, and in which order they are offered."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator

import pytest

from sip.phone import OwnPhone, PjsuaPhone, pjsua_is_here
from sip.phone.sdp import PCMA, PCMU
from tests.rigs.asterisk import ANNA, BO, Machine, lay_out, password, pitches, remove, running, tone
from tests.sip.leftovers import run
from tests.sip.switch import Switch, open_switch
from tests.sip.wirephone import WirePhone

pytestmark = pytest.mark.asterisk

CALLER, VOLUNTEER = 700, 1100
"""Hz."""


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    laid = lay_out(tmp_path_factory.mktemp("codecs"))
    with running(laid):
        yield laid
    remove(laid)


def test_a_phone_is_offered_the_cheapest_first_and_opus_last(machine: Machine) -> None:
    async def story() -> str:
        async with open_switch(machine) as switch:
            phone = await WirePhone.open(("127.0.0.1", machine.settings.ports.sip), BO, password(BO))
            await phone.register()
            phone.manners.answer = True
            await switch.ring(BO)
            offer = (await phone.rings()).body
            await phone.register(0)
            phone.close()
            return offer

    offer = asyncio.run(story())
    names = dict(re.findall(r"a=rtpmap:(\d+) (\S+)", offer))
    (numbers,) = re.findall(r"m=audio \d+ RTP/AVP ([\d ]+)", offer)
    voices = [names[number].partition("/")[0] for number in numbers.split()]
    assert [voice for voice in voices if voice != "telephone-event"] == ["PCMA", "PCMU", "G722", "opus"]


@pytest.mark.parametrize("law", [PCMA, PCMU])
def test_a_carrier_gets_the_voice_it_offers(machine: Machine, law: int) -> None:
    async def story() -> None:
        async with open_switch(machine) as switch, await OwnPhone.open(bind="127.0.0.2") as carrier:
            call, channel = await switch.caller(carrier, sound=tone(20, CALLER))
            if law == PCMU:
                assert (await call.renegotiate(voices=(PCMU,))).code == 200
            assert await asyncio.to_thread(switch.codec, channel) == {PCMA: "alaw", PCMU: "ulaw"}[law]
            await call.hangup()

    run(story)


async def both_are_heard(machine: Machine, switch: Switch, carrier: OwnPhone, codec: str) -> None:
    """A caller with alaw and a phone with that codec, joined."""
    call, channel = await switch.caller(carrier, sound=tone(60, CALLER))
    ring = await switch.ring(ANNA)
    await switch.join(channel, ring)
    assert await asyncio.to_thread(switch.codec, ring) == codec
    async with asyncio.timeout(5):
        while VOLUNTEER not in pitches(call.heard.samples()[-8000:]):
            await asyncio.sleep(0.1)
    await call.hangup()


@pytest.mark.skipif(not pjsua_is_here(), reason="no wheel for this Python")
@pytest.mark.parametrize(("codec", "name"), [("G722/16000/1", "g722"), ("PCMU/8000/1", "ulaw")])
def test_a_softphone_with_another_voice_is_heard_by_a_caller_with_alaw_and_hears_them(
    machine: Machine, codec: str, name: str
) -> None:
    async def story() -> None:
        async with (
            open_switch(machine) as switch,
            await PjsuaPhone.register(ANNA, password(ANNA), machine.server, codecs=(codec,)) as anna,
            await OwnPhone.open(bind="127.0.0.2") as carrier,
        ):
            anna.auto_answer(0.0, sound=tone(60, VOLUNTEER))
            await both_are_heard(machine, switch, carrier, name)
            heard = anna.calls[0].heard
            async with asyncio.timeout(5):
                while CALLER not in pitches(heard.samples()):
                    await asyncio.sleep(0.1)

    asyncio.run(story())


def test_a_registration_is_asked_to_prove_itself_once_and_in_a_way_that_every_phone_knows(machine: Machine) -> None:
    """baresip 1.0.0 cannot register where two challenges come, or one with SHA-256."""

    async def story() -> list[str]:
        phone = await WirePhone.open(("127.0.0.1", machine.settings.ports.sip), BO, password(BO))
        await phone.register()
        asked = [challenge for each in phone.seen if each.status == 401 for challenge in each.all("WWW-Authenticate")]
        await phone.register(0)
        phone.close()
        return asked

    challenges = asyncio.run(story())
    assert len(challenges) == 1
    assert "algorithm=MD5" in challenges[0]
