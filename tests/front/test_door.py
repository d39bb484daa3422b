"""Who may come in, and by which words: the door before Asterisk, and the one between Asterisk and everybody else."""

from __future__ import annotations

import asyncio
import os
import random
import re
import signal
import time
from dataclasses import replace
from pathlib import Path

import pytest

from sip.front import process
from sip.front.install import install
from sip.front.render import keep_key, rendered, write, written
from sip.front.settings import FrontPlaces, FrontSettings, FrontTrunk
from sip.trouble import SipTrouble
from tests.front.wire import BODY, SDP, Wire, wire
from tests.rigs.line import CARRIER, LiveLine, eventually, until

pytestmark = pytest.mark.asterisk
STRANGER = "127.0.0.9"


@pytest.mark.parametrize(
    ("host", "codes"),
    [(CARRIER, (403,)), (STRANGER, (403,)), ("127.0.0.1", (403,)), ("127.0.1.1", (401, 404))],
    ids=["carrier", "stranger", "loopback", "front"],
)
def test_asterisk_takes_no_call_and_no_phone_but_through_the_front(
    line: LiveLine, host: str, codes: tuple[int, ...]
) -> None:
    """A program on this machine that speaks to Asterisk's own port, also one that has the front's address: it does not
    know what the front writes into a carrier's call."""

    async def story() -> list[int]:
        found = []
        server = f"127.0.0.1:{line.base + 5}"
        for method, more in (("INVITE", SDP), ("REGISTER", ()), ("OPTIONS", ())):
            async with wire(server, host) as one:
                headers = (*more, "X-Front: demo", "P-Asserted-Identity: <sip:Trunk-demo@127.0.0.2>")
                body = BODY if more else ""
                text = one.request(method, f"sip:116111@{server}", more=headers, body=body, from_="<sip:Trunk-demo@x>")
                one.send(text)
                found.append((await one.final())[0])
        return found

    assert all(code in codes for code in asyncio.run(story()))
    assert line.channels() == 0


def test_nothing_of_asterisks_comes_in_from_elsewhere(line: LiveLine) -> None:
    """The front's doors towards Asterisk are deaf to everybody else."""

    async def story() -> list[int]:
        found = []
        for port in (5, 6, 7):
            async with wire(f"127.0.1.1:{line.base + port}", STRANGER) as one:
                one.send(one.request("INVITE", f"sip:anna@127.0.0.7:{one.port}", more=SDP, body=BODY))
                found.append((await one.final(0.5))[0])
        return found

    assert asyncio.run(story()) == [0, 0, 0]


def in_dialog(ok: str, one: Wire, method: str, number: int) -> str:
    """By somebody who goes to the Contact and keeps no way (no Route)."""
    fields = [line for line in ok.split("\r\n") if line.partition(":")[0] in ("From", "To", "Call-ID")]
    found = re.search(r"^Contact: <([^>]*)>", ok, re.MULTILINE)
    assert found is not None
    via = f"Via: SIP/2.0/UDP {one.host}:{one.port};branch=z9hG4bK{method}{number};rport"
    lines = [f"{method} {found[1]} SIP/2.0", via, "Max-Forwards: 70", *fields, f"CSeq: {number} {method}"]
    return "\r\n".join([*lines, "Content-Length: 0", "", ""])


async def asked_until_answered(one: Wire, request: str) -> int:
    """As every phone does over UDP (RFC 3261 17.1.2.2)."""
    for _ in range(6):
        one.send(request)
        code, _ = await one.final(0.5)
        if code:
            return code
    return 0


def test_a_carrier_that_keeps_no_way_is_heard_and_so_it_is_after_the_front_was_killed(line: LiveLine) -> None:
    async def story() -> tuple[int, int]:
        async with wire(line.server, CARRIER) as one:
            one.send(one.request("INVITE", f"sip:116111@{line.server}", more=SDP, body=BODY))
            assert (await one.final())[0] == 200
            ok = one.answers[-1]
            one.send(in_dialog(ok, one, "ACK", 1))
            one.answers.clear()
            await asyncio.sleep(1.2)
            assert not one.answers, "acknowledged, so it is not said again"
            one.send(in_dialog(ok, one, "OPTIONS", 2))
            first, _ = await one.final()
            before = line.status()["front"]["pid"]
            os.kill(before, signal.SIGKILL)
            await eventually(lambda: line.status()["front"]["pid"] not in (None, before) or None, "it is back")
            one.answers.clear()
            return first, await asked_until_answered(one, in_dialog(ok, one, "BYE", 3))

    assert asyncio.run(story()) == (200, 200)


def test_a_carrier_is_answered_with_the_names_that_it_gave_and_asterisk_sees_none(line: LiveLine) -> None:
    async def story() -> tuple[str, str, str]:
        async with wire(line.server, CARRIER) as one:
            name = '"Barn Xylofon" <sip:+4520304050@carrier.example;user=phone>'
            one.send(
                one.request(
                    "INVITE",
                    f"sip:+45116111@{line.server}",
                    more=("P-Asserted-Identity: <sip:+4520304050@x>", *SDP),
                    body=BODY,
                    from_=name,
                    tag="names",
                    call_id="4520304050-of-the-carrier",
                )
            )
            assert (await one.final())[0] == 200
            ok = one.answers[-1]
            seen = await asyncio.to_thread(line.console, "pjsip show channelstats")
            seen += await asyncio.to_thread(line.console, "core show channels verbose")
            one.send(in_dialog(ok, one, "ACK", 1))
            one.send(in_dialog(ok, one, "BYE", 3))
            await one.final()
            return name, ok, seen

    name, ok, seen = asyncio.run(story())
    assert f"From: {name};tag=names\r\n" in ok
    assert re.search(r"^To: <sip:\+45116111@[^>]*>;tag=.+$", ok, re.MULTILINE)
    assert "Call-ID: 4520304050-of-the-carrier\r\n" in ok
    assert "TH=" not in ok
    assert "\r\nTH:" not in ok
    assert "20304050" not in seen
    assert "Xylofon" not in seen


def test_a_call_that_asterisk_takes_up_a_moment_too_late_is_ended_by_the_front(line: LiveLine) -> None:
    """Too soon for the dialplan to know: the carrier was told no after 0.8 s, and Asterisk answers at 1.1 s."""

    async def story() -> int:
        async with wire(line.server, CARRIER) as one:
            os.kill(line.asterisk_pid(), signal.SIGSTOP)
            try:
                one.send(one.request("INVITE", f"sip:116111@{line.server}", more=SDP, body=BODY))
                code, took_s = await one.final()
                assert took_s < 1.0
            finally:
                os.kill(line.asterisk_pid(), signal.SIGCONT)
            return code

    began = time.monotonic()
    assert asyncio.run(story()) == 503
    until(lambda: line.channels() == 0 or None, "nobody is held who was told no", 4.0)
    assert time.monotonic() - began < 6.0


JUNK = (
    b"\r\n",
    b";",
    b"<",
    b"@",
    b"%",
    b"\0",
    b"\xff" * 20,
    b"A" * 3000,
    b"z9hG4bKsr-",
    b"!!:",
    b";line=sr-",
    b"sip:@",
)


def mutated(text: str, dice: random.Random) -> bytes:
    data = text.encode()
    for _ in range(dice.choice((1, 1, 2, 4))):
        place = dice.randrange(len(data))
        match dice.randrange(4):
            case 0:
                data = data[:place] + dice.choice(JUNK) + data[place:]
            case 1:
                data = data[:place] + data[place + dice.randrange(1, 40) :] or b"x"
            case 2:
                data = data[:place] + bytes([dice.randrange(256)]) + data[place + 1 :]
            case _:
                lines = data.split(b"\r\n")
                lines.insert(dice.randrange(len(lines)), dice.choice(lines))
                data = b"\r\n".join(lines)
    return data


def test_no_malformed_request_ends_the_front_and_the_next_call_is_taken_at_once(line: LiveLine) -> None:
    """`INVITE sip:@host` did, once: a process of Kamailio's fell, and with it all of them."""
    dice, before = random.Random(time.time_ns()), line.status()["front"]["pid"]

    async def story() -> float:
        async with wire(line.server, CARRIER) as one:
            for method in ("INVITE", "OPTIONS", "BYE", "CANCEL", "ACK", "REGISTER") * 150:
                uri = dice.choice((f"sip:116112@{line.server}", f"sip:@{line.server}", "tel:+45", "sip:"))
                host, _, port = line.server.rpartition(":")
                assert one.transport is not None
                one.transport.sendto(mutated(one.request(method, uri, more=SDP, body=BODY), dice), (host, int(port)))
                if dice.random() < 0.05:
                    await asyncio.sleep(0.01)
        async with wire(line.server, CARRIER) as one:
            one.send(one.request("INVITE", f"sip:116111@{line.server}", more=SDP, body=BODY))
            code, took_s = await one.final()
            assert code == 200
            one.send(in_dialog(one.answers[-1], one, "ACK", 1))
            one.send(in_dialog(one.answers[-1], one, "BYE", 2))
            await one.final()
            return took_s

    assert asyncio.run(story()) < 1.0
    assert line.status()["front"]["pid"] == before


def test_a_configuration_that_kamailio_refuses_changes_nothing(tmp_path: Path) -> None:
    kamailio = install(tmp_path / "front", lambda _said: None)
    places = FrontPlaces(tmp_path / "front")
    trunk = FrontTrunk("demo", (CARRIER,), "0123456789abcdef")
    good = FrontSettings(places, "127.0.0.1", 5_580, 5_585, (trunk,), keep_key(places))
    write(good, rendered(good))
    before = written(good)
    bad = replace(good, trunks=(replace(trunk, secret='"; no such words {'),))
    with pytest.raises(SipTrouble, match=r"Kamailio refuses the front's configuration .*nothing was changed"):
        process.start(kamailio, bad)
    assert written(good) == before
    assert places.key.stat().st_mode & 0o077 == 0
    assert places.configuration.stat().st_mode & 0o077 == 0
    assert process.find_running(places) is None
