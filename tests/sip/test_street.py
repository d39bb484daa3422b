"""Phones from elsewhere: at home behind a router that translates addresses, and straight on the net; and a stranger who
sprays all our ports before and in the talk. He gets no sound of anybody, is heard by nobody and cuts off nobody."""

from __future__ import annotations

import asyncio
import os
import socket
import struct
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from sip.asterisk.process import start, stop
from sip.asterisk.render import render
from sip.asterisk.settings import PhoneSide
from sip.certificates import ensure
from sip.phone import NotRegistered, OwnPhone, pjsua_is_here
from sip.phone.interface import Call
from sip.shown import Wish, ca_file, shown_file
from sip.trunks import Trunk
from tests.rigs.asterisk import ANNA, Machine, lay_out, password, pitches, remove, tone, with_settings
from tests.rigs.secure import SAYS, Login, SecurePhone, is_here
from tests.rigs.street import CARRIER, HOME, HOUSE, NEIGHBOUR, STRANGER, Street, firewall, street, why_not
from tests.sip.leftovers import run
from tests.sip.test_secure_phones import is_there, until

WHY_NOT = why_not() or (None if pjsua_is_here() else "no pjsua2 for this Python")
pytestmark = [pytest.mark.skipif(WHY_NOT is not None, reason=str(WHY_NOT))]

CHILD = 1300
BASE = 5600
"""In a network of its own nobody else has it."""
TALK_S = 3.0
"""150 packets each way."""


@pytest.fixture(scope="module")
def outside() -> Iterator[Street]:
    with street() as made:
        yield made


@pytest.fixture(scope="module")
def machine(outside: Street, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    laid = lay_out(tmp_path_factory.mktemp("street"), BASE)
    ensure(laid.state, Wish((HOUSE,)))
    laid = with_settings(
        laid,
        sip_bind=HOUSE,
        trunks=(Trunk("carrier", (CARRIER,)),),
        phones=PhoneSide(HOUSE, shown_file(laid.state), srtp_required=True),
    )
    render(laid.settings)
    try:
        with outside.at(outside.house):
            start(laid.asterisk, laid.settings)
        yield laid
    finally:
        stop(laid.settings.places)
        remove(laid)


def login(machine: Machine, outside: Street, place: str, **more: object) -> Login:
    server = f"{HOUSE}:{machine.settings.ports.sip_tls}"
    bind = HOME if place == outside.home else NEIGHBOUR
    return Login(ANNA, password(ANNA), server, ca_file(machine.state), bind, within=outside.within(place), **more)  # type: ignore[arg-type]


# ---------------------------------------------------------------- the stranger


def rtp(number: int) -> bytes:
    return struct.pack("!BBHII", 0x80, 8, number & 0xFFFF, number * 160, 0xABCDEF) + b"\x2a" * 160


def stun(_number: int) -> bytes:
    """A binding request without credentials: not ICE, but who asks is answered by some."""
    return struct.pack("!HHI", 1, 0, 0x2112A442) + os.urandom(12)


def forged(_number: int) -> bytes:
    """The same with credentials that are wrong."""
    name = struct.pack("!HH", 6, 12) + b"aaaa:bbbb-cc"
    return struct.pack("!HHI", 1, 40, 0x2112A442) + os.urandom(12) + name + struct.pack("!HH", 8, 20) + os.urandom(20)


class Stranger:
    def __init__(self, outside: Street, machine: Machine, packet: Callable[[int], bytes]) -> None:
        self._ports = range(machine.settings.ports.rtp_first, machine.settings.ports.rtp_last + 1)
        self._packet = packet
        with outside.at(outside.outside):
            self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
            self._socket.bind((STRANGER, 0))
        self._socket.setblocking(False)
        self.sound = self.sweeps = 0

    async def spray(self) -> None:
        while True:
            for port in self._ports:
                with suppress(OSError):
                    self._socket.sendto(self._packet(self.sweeps), (HOUSE, port))
                if port % 64 == 0:
                    self._listen()
                    await asyncio.sleep(0)  # the phones of the test go on
            self.sweeps += 1
            await asyncio.sleep(0.02)

    def _listen(self) -> None:
        with suppress(OSError):
            while True:
                got = self._socket.recv(2000)
                is_rtcp = 192 <= got[1] <= 223  # a report of numbers, no sound
                self.sound += got[0] >> 6 == 2 and not is_rtcp

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[Stranger]:
        spraying = asyncio.create_task(self.spray())
        try:
            yield self
        finally:
            spraying.cancel()
            with suppress(asyncio.CancelledError):
                await spraying
            self._listen()
            self._socket.close()


async def dial(outside: Street, machine: Machine, carrier: OwnPhone, silent: bool = False) -> Call:
    with outside.at(outside.outside):
        address = f"sip:116111@{HOUSE}:{machine.settings.ports.sip}"
        return await carrier.dial(address, sound=None if silent else tone(60, CHILD))


@asynccontextmanager
async def at_the_carrier(outside: Street) -> AsyncIterator[OwnPhone]:
    with outside.at(outside.outside):
        phone = await OwnPhone.open(bind=CARRIER)
    async with phone:
        yield phone


# ---------------------------------------------------------------- what holds


@pytest.mark.asterisk
@pytest.mark.parametrize("packet", [rtp, stun, forged])
@pytest.mark.parametrize("mute", [False, True], ids=["speaks", "sends nothing"])
def test_a_phone_at_home_talks_and_a_stranger_gets_nothing_before_and_in_the_talk(
    outside: Street, machine: Machine, packet: Callable[[int], bytes], mute: bool
) -> None:
    async def story() -> None:
        phone_login = login(machine, outside, outside.home, ice=True, mute=mute)
        async with SecurePhone("pjsua2", phone_login) as phone, at_the_carrier(outside) as carrier:
            await until(lambda: is_there(machine), "the phone is there")
            async with Stranger(outside, machine, packet).at_work() as stranger:
                call = await dial(outside, machine, carrier)
                await until(lambda: CHILD in pitches(phone.heard()), "the volunteer hears the child")
                if not mute:
                    await until(lambda: pitches(call.heard.samples())[-1:] == [SAYS], "the child hears the volunteer")
                await asyncio.sleep(TALK_S)
                assert set(pitches(phone.heard()[-8000:])) == {CHILD}, "somebody else is heard, or nobody"
                assert call.ended is None
                await call.hangup()
            assert stranger.sweeps > 20
            assert stranger.sound == 0
        await until(lambda: machine.channels() == 0 and not is_there(machine), "channels and phones are gone")

    run(story)


@pytest.mark.asterisk
def test_a_child_who_was_silent_under_a_spray_is_heard_once_it_speaks(outside: Street, machine: Machine) -> None:
    async def story() -> None:
        phone_login = login(machine, outside, outside.home, ice=True)
        async with SecurePhone("pjsua2", phone_login) as phone, at_the_carrier(outside) as carrier:
            await until(lambda: is_there(machine), "the phone is there")
            async with Stranger(outside, machine, rtp).at_work() as stranger:
                call = await dial(outside, machine, carrier, silent=True)
                await until(lambda: pitches(call.heard.samples())[-1:] == [SAYS], "the child hears the volunteer")
                await asyncio.sleep(2 * TALK_S)  # longer than Asterisk learns
                assert not [pitch for pitch in pitches(phone.heard()) if pitch], "a stranger is heard"
                call.play(tone(60, CHILD))
                await until(lambda: CHILD in pitches(phone.heard()), "the volunteer hears the child", 5)
                await call.hangup()
            assert stranger.sound == 0
        await until(lambda: machine.channels() == 0 and not is_there(machine), "channels and phones are gone")

    run(story)


@pytest.mark.asterisk
@pytest.mark.parametrize(
    "kind",
    [
        pytest.param(kind, marks=pytest.mark.skipif(not is_here(kind), reason="not here"))
        for kind in ("pjsua2", "baresip")
    ],
)
def test_a_phone_with_an_address_of_its_own_needs_no_ice(outside: Street, machine: Machine, kind: str) -> None:
    async def story() -> None:
        phone_login = login(machine, outside, outside.outside)
        async with SecurePhone(kind, phone_login) as phone, at_the_carrier(outside) as carrier:
            await until(lambda: is_there(machine), "the phone is there")
            call = await dial(outside, machine, carrier)
            await until(lambda: pitches(call.heard.samples())[-1:] == [SAYS], "the child hears the volunteer")
            await until(lambda: CHILD in pitches(phone.heard()), "the volunteer hears the child")
            await call.hangup()
        await until(lambda: machine.channels() == 0 and not is_there(machine), "channels and phones are gone")

    run(story)


@pytest.mark.asterisk
def test_over_udp_no_phone_registers_from_elsewhere_whatever_it_knows(outside: Street, machine: Machine) -> None:
    async def story() -> None:
        server = f"{HOUSE}:{machine.settings.ports.sip}"
        with outside.at(outside.outside), pytest.raises(NotRegistered) as refused:
            await OwnPhone.register(ANNA, password(ANNA), server, bind=NEIGHBOUR)
        assert refused.value.code == 403
        assert not await asyncio.to_thread(is_there, machine)

    run(story)


@pytest.mark.asterisk
def test_the_firewall_keeps_strangers_from_trunks_and_lets_everybody_in_who_belongs_here(
    outside: Street, machine: Machine
) -> None:
    firewall(outside, outside.house, machine.settings.places.etc / "firewall.nft")
    firewall(outside, outside.house, machine.settings.places.etc / "firewall.nft")  # again, as after a change
    ports = machine.settings.ports

    async def story() -> None:
        phone_login = login(machine, outside, outside.home, ice=True)
        async with SecurePhone("pjsua2", phone_login) as phone, at_the_carrier(outside) as carrier:
            await until(lambda: is_there(machine), "the phone is there")
            call = await dial(outside, machine, carrier)
            await until(lambda: pitches(call.heard.samples())[-1:] == [SAYS], "the child hears the volunteer")
            await until(lambda: CHILD in pitches(phone.heard()), "the volunteer hears the child")
            await call.hangup()
        await until(lambda: machine.channels() == 0 and not is_there(machine), "channels and phones are gone")

    run(story)
    listening = [
        (CARRIER, ports.sip, True),
        (STRANGER, ports.sip, False),
        (CARRIER, ports.rtp_first, True),
        (STRANGER, ports.rtp_first, False),
        (CARRIER, ports.rtp_trunks_last, True),
        (STRANGER, ports.rtp_trunks_last, False),
        (STRANGER, ports.rtp_trunks_last + 1, True),
    ]
    for source, port, passes in listening:
        assert arrives(outside, source, port, machine) is passes, (source, port)


def arrives(outside: Street, source: str, port: int, machine: Machine) -> bool:
    """Does a packet from there reach this port of the house? Where Asterisk listens itself, by its answer."""
    with outside.at(outside.outside), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.bind((source, 0))
        sender.settimeout(1.0)
        if port == machine.settings.ports.sip:
            via = f"{source}:{sender.getsockname()[1]};branch=z9hG4bK{os.urandom(6).hex()}"
            asked = (
                f"OPTIONS sip:{HOUSE} SIP/2.0\r\nVia: SIP/2.0/UDP {via}\r\nFrom: <sip:x@{source}>;tag=1\r\n"
                f"To: <sip:{HOUSE}>\r\nCall-ID: {os.urandom(6).hex()}\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\n"
                "Content-Length: 0\r\n\r\n"
            )
            sender.sendto(asked.encode(), (HOUSE, port))
            return answers(sender)
        with outside.at(outside.house):
            listener = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        with listener:
            listener.bind((HOUSE, port))
            listener.settimeout(0.3)
            sender.sendto(b"x", (HOUSE, port))
            return answers(listener)


def answers(line: socket.socket) -> bool:
    try:
        line.recv(2000)
    except TimeoutError:
        return False
    return True


def test_what_the_test_makes_is_gone_with_it(tmp_path: Path) -> None:
    with street() as made:
        assert (Path("/run/netns") / made.house).exists()
    assert not list(Path("/run/netns").glob(f"{made.mark}*"))
