"""A partner's phone on the wire: it is told who dials and never who calls; nobody becomes a partner by saying so."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from ivr.core.commands import Answer, EndTalk, Join, LetGo, LetGoReason, Ring, StartMusic
from ivr.core.ids import ring_id, talk_id
from ivr.core.news import Joined, Result, RingAlerting, RingAnswered, RingGone
from tests.rigs.asterisk import NORD, NORD_LOGIN, password
from tests.sip.house import LINE, House, RealCaller, RealRig, open_rig, shared_house, until
from tests.sip.wirephone import Manners, Message, WirePhone

pytestmark = [pytest.mark.anyio, pytest.mark.asterisk]
CANARY = b"12345678"
"""The number that every test caller calls from."""


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
def house() -> House:
    return shared_house()


@pytest.fixture
async def rig(house: House) -> AsyncIterator[RealRig]:
    async with open_rig(house) as rig:
        yield rig


@asynccontextmanager
async def nord(rig: RealRig, manners: Manners) -> AsyncIterator[WirePhone]:
    """At its address, and known to be there: Asterisk asks every ten seconds."""
    (place,) = rig.house.machine.settings.partners
    number, _, address = place.address.removeprefix("sip:").partition("@")
    host, _, port = address.partition(":")
    phone = await WirePhone.open(rig.house.server, number, host=host, port=int(port))
    phone.manners = manners
    try:
        async with asyncio.timeout(15):
            while NORD not in (await rig.exchange.survey()).reachable:
                await asyncio.sleep(0.05)
        yield phone
    finally:
        phone.close()


def offer(caller: RealCaller) -> Ring:
    return Ring(ring_id(caller.id, 1), NORD, LINE, "BørneTelefonen", "116111", 5)


async def waiting(rig: RealRig) -> RealCaller:
    caller = await rig.caller(LINE)
    assert await rig.exchange.perform(Answer(caller.id)) is Result.DONE
    assert await rig.exchange.perform(StartMusic(caller.id)) is Result.DONE
    return caller


def invited(message: Message) -> bool:
    return message.method == "INVITE" and not message.status


async def test_all_that_reaches_a_partner_from_first_to_last_names_the_line_and_nobody_else(rig: RealRig) -> None:
    caller = await waiting(rig)
    async with nord(rig, Manners(answer_after_s=0.3)) as phone:
        command = offer(caller)
        assert await rig.exchange.perform(command) is Result.DONE
        await rig.log.until(RingAnswered, ring=command.ring)
        talk = talk_id(caller.id, 9)
        assert await rig.exchange.perform(Join(talk, caller.id, command.ring, keys_through=True)) is Result.DONE
        await rig.log.until(Joined, talk=talk)
        await caller.presses("5")
        await until(lambda: len(phone.ears.keys) == 1)
        assert await rig.exchange.perform(EndTalk(talk)) is Result.DONE
        assert await rig.exchange.perform(LetGo(command.ring, LetGoReason.OVER)) is Result.DONE
        await rig.log.until(RingGone, ring=command.ring)
    invite = next(each for each in phone.seen if invited(each))
    assert invite.get("From").startswith('"BørneTelefonen" <sip:116111@')
    told = {name.lower() for each in phone.seen for name, _ in each.headers}
    usual = {"via", "from", "to", "contact", "call-id", "cseq", "allow", "supported", "max-forwards", "user-agent"}
    assert told <= usual | {"content-type", "content-length", "reason", "server"}, "a header that nobody has looked at"
    heard_of = await caller.phone.wait(lambda m: m.method == "INVITE" and m.status == 200)
    for each in phone.wire:
        assert CANARY not in each
        assert heard_of.get("Call-ID").encode() not in each
        assert caller.id.encode() not in each
        assert b"127.0.0.2" not in each, "the carrier's address"


async def test_a_partner_who_wants_to_know_who_dials_is_shown_our_own_name(rig: RealRig) -> None:
    caller = await waiting(rig)
    async with nord(rig, Manners(challenge=True)) as phone:
        command = offer(caller)
        assert await rig.exchange.perform(command) is Result.DONE
        await rig.log.until(RingAlerting, ring=command.ring)
    proven = next(each for each in phone.seen if invited(each) and each.get("Authorization"))
    parts = dict(re.findall(r'(\w+)="?([^",]+)"?', proven.get("Authorization")))
    assert parts["username"] == NORD_LOGIN

    def md5(text: str) -> str:
        return hashlib.md5(text.encode()).hexdigest()

    secret, what = md5(f"{NORD_LOGIN}:nord:{password(NORD)}"), md5(f"INVITE:{parts['uri']}")
    assert parts["response"] == md5(f"{secret}:4711:{what}")
    assert all(password(NORD).encode() not in each for each in phone.wire)


async def test_nobody_becomes_a_partner_by_saying_so(rig: RealRig) -> None:
    stranger = await WirePhone.open(rig.house.server, NORD, password(NORD), host="127.0.0.3")
    try:
        with pytest.raises(ConnectionError):
            await stranger.register()
        stranger.call("116111", shown=NORD)
        answer = await stranger.wait(lambda m: m.method == "INVITE" and m.status >= 200)
        assert answer.status in (401, 403, 404)
    finally:
        stranger.close()
