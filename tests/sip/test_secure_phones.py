"""Phones over TLS and SRTP at a real Asterisk: three that nobody here wrote, and one that comes in the clear."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Iterator

import pytest

from sip.asterisk.process import reload
from sip.asterisk.render import render
from sip.asterisk.settings import PhoneSide
from sip.certificates import ensure
from sip.phone import OwnPhone
from sip.shown import Wish, ca_file, shown_file
from tests.rigs.asterisk import ANNA, Machine, lay_out, password, pitches, remove, running, tone, with_settings
from tests.rigs.secure import KINDS, SAYS, Login, SecurePhone, is_here
from tests.sip.leftovers import run

pytestmark = pytest.mark.asterisk

CARRIER, CHILD = "127.0.0.2", 1300
NAMES = Wish(("127.0.0.1", "localhost"))


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """Phones must encrypt what is said, as if they came from elsewhere."""
    laid = lay_out(tmp_path_factory.mktemp("secure"))
    ensure(laid.state, NAMES)
    laid = with_settings(laid, phones=PhoneSide("127.0.0.1", shown_file(laid.state), srtp_required=True))
    render(laid.settings)
    with running(laid):
        yield laid
    remove(laid)


def login(machine: Machine) -> Login:
    server = f"127.0.0.1:{machine.settings.ports.sip_tls}"
    return Login(ANNA, password(ANNA), server, ca_file(machine.state))


async def until(happened: Callable[[], object], what: str, within_s: float = 20.0) -> None:
    try:
        async with asyncio.timeout(within_s):
            while not await asyncio.to_thread(happened):
                await asyncio.sleep(0.1)
    except TimeoutError:
        raise AssertionError(f"within {within_s:g} s not seen: {what}") from None


def is_there(machine: Machine) -> bool:
    return any("anna/" in line and "Avail" in line for line in machine.console("pjsip show contacts").splitlines())


@pytest.mark.parametrize(
    "kind", [pytest.param(kind, marks=pytest.mark.skipif(not is_here(kind), reason="not here")) for kind in KINDS]
)
def test_over_tls_and_srtp_both_hear_each_other_without_a_controller(machine: Machine, kind: str) -> None:
    async def story() -> None:
        async with SecurePhone(kind, login(machine)) as phone, await OwnPhone.open(bind=CARRIER) as carrier:
            await phone.choose_sound()
            await until(lambda: is_there(machine), "registered")
            call = await carrier.dial(machine.address("116111"), sound=tone(60, CHILD))
            await until(lambda: pitches(call.heard.samples())[-1:] == [SAYS], "the child hears the volunteer")
            await until(lambda: CHILD in pitches(phone.heard()), "the volunteer hears the child")
            await call.hangup()
        await until(lambda: machine.channels() == 0 and not is_there(machine), "channels and phones are gone")

    run(story)


def test_a_phone_in_the_clear_gets_no_call_where_srtp_is_required(machine: Machine) -> None:
    async def story() -> None:
        async with (
            await OwnPhone.register(ANNA, password(ANNA), machine.server) as phone,
            await OwnPhone.open(bind=CARRIER) as carrier,
        ):
            call = await carrier.dial(machine.address("116111"), sound=tone(60, CHILD))
            ring = await phone.next_ring(15)
            ring.ignore()
            assert "RTP/SAVP " in ring.offer
            assert "a=crypto:" in ring.offer
            await call.hangup()
        await until(lambda: machine.channels() == 0 and not is_there(machine), "channels and phones are gone")

    run(story)


def test_a_renewed_certificate_is_shown_after_a_reload_and_a_talk_goes_on(machine: Machine) -> None:
    kind = next((kind for kind in KINDS if is_here(kind)), None)
    if kind is None:
        pytest.skip("no phone that speaks TLS is here")

    async def story() -> None:
        async with SecurePhone(kind, login(machine)) as phone, await OwnPhone.open(bind=CARRIER) as carrier:
            await phone.choose_sound()
            await until(lambda: is_there(machine), "registered")
            call = await carrier.dial(machine.address("116111"), sound=tone(60, CHILD))
            await until(lambda: pitches(call.heard.samples())[-1:] == [SAYS], "the child hears the volunteer")
            before = shown_at(machine)
            shown_file(machine.state).unlink()
            ensure(machine.state, NAMES)
            await asyncio.to_thread(reload, machine.settings.places, ("pjsip.conf",))
            await until(lambda: shown_at(machine) != before, "the new one is shown")
            heard = len(call.heard.samples())
            await until(lambda: len(call.heard.samples()) > heard + 8000, "a second later the talk is there")
            assert pitches(call.heard.samples()[-6000:]) == [SAYS]
            assert call.ended is None
            await call.hangup()
        await until(lambda: machine.channels() == 0 and not is_there(machine), "channels and phones are gone")

    run(story)


def shown_at(machine: Machine) -> str:
    try:
        return ssl.get_server_certificate(("127.0.0.1", machine.settings.ports.sip_tls), timeout=3)
    except OSError:  # in the moment of the change
        return ""
