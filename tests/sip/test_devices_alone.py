"""A volunteer with two phones while no controller is there: both ring, and for one caller at a time."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator

import pytest

from sip.ari import witness
from sip.phone import OwnPhone
from sip.phone.interface import Call
from tests.rigs.asterisk import ANNA, MUSIC, Machine, lay_out, password, pitches, remove, running, tone
from tests.sip.test_devices import HOME, asked, is_elsewhere, stopped, with_devices
from tests.sip.wirephone import Message, WirePhone

pytestmark = pytest.mark.asterisk

RETRIES_S = 3.0
"""The queue looks for somebody free every second."""


class Distant(WirePhone):
    """Its 180 takes 30 ms, as over the internet: one that is there at once may make the queue pass over the others."""

    def _ring(self, invite: Message) -> None:
        self._loop.call_later(0.03, super()._ring, invite)


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    machine = with_devices(lay_out(tmp_path_factory.mktemp("alone")))
    with running(machine):
        yield machine
    remove(machine)


def test_both_phones_ring_for_one_caller_at_a_time_and_the_record_names_the_volunteer(machine: Machine) -> None:
    asyncio.run(story(machine))
    (record,) = [text for text in witness.listed(machine.console("dialplan show globals")).values() if "/anna/" in text]
    assert re.fullmatch(r"bornetelefonen/\d+/\d+/\d+//anna/\d+/\d+", record)


async def story(machine: Machine) -> None:
    server = ("127.0.0.1", machine.settings.ports.sip)
    office, home = [await Distant.open(server, name, password(name)) for name in (ANNA, HOME)]
    async with await OwnPhone.open(bind="127.0.0.2") as carrier:
        for phone in (office, home):
            await phone.register()
        first = await dial(carrier, machine)
        for phone in (office, home):
            await phone.rings(10.0)
            await until_ringing(phone)
        home.voice = b"\x2a" * 160
        home.pick_up()
        assert is_elsewhere(await stopped(office))
        office.seen.clear()
        second = await dial(carrier, machine)
        async with asyncio.timeout(10):
            while MUSIC not in pitches(second.heard.samples()):
                await asyncio.sleep(0.1)
        await asyncio.sleep(RETRIES_S)
        assert asked(office, "INVITE") == [], "she talks: no phone of hers rings"
        home.seen.clear()
        await first.hangup()
        for phone in (office, home):
            await phone.rings(10.0)
        await second.hangup()
        for phone in (office, home):
            await stopped(phone)
            await phone.register(0)
            phone.close()


async def dial(carrier: OwnPhone, machine: Machine) -> Call:
    call = await carrier.dial(machine.address("116111"), from_user="a", from_name="b", sound=tone(30, 440))
    await call.until_answered(5.0)
    return call


async def until_ringing(phone: WirePhone) -> None:
    async with asyncio.timeout(5):
        while not phone.dialogs:
            await asyncio.sleep(0.01)
