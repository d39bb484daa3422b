"""The front may die, hang or stand before an Asterisk that does: nobody's talk ends for it. And who may say what."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import time

import pytest

from sip.phone.own import OwnCall, OwnPhone
from sip.phone.sound import speech_like
from tests.front.wire import BODY, SDP, wire
from tests.rigs.line import CARRIER, LiveLine, eventually

pytestmark = pytest.mark.asterisk


def front(line: LiveLine) -> int:
    return int(line.status()["front"]["pid"] or 0)


def test_a_front_that_is_killed_costs_no_talk_and_no_registration(line: LiveLine) -> None:
    async def story() -> float:
        async with (
            await line.volunteer("anna") as anna,
            await line.volunteer("carla"),
            await OwnPhone.open(bind=CARRIER) as carrier,
        ):
            call = await line.call(carrier)
            rings = asyncio.create_task(anna.next_ring(20.0))
            line.ivr("volunteer", "pause", "carla")
            phone = await (await rings).answer(sound=speech_like(60.0, 3))
            await line.talk_stands()
            before = front(line)
            os.kill(before, signal.SIGKILL)
            killed = time.monotonic()
            new = await eventually(lambda: (now := front(line)) not in (0, before) and now, "the front is back")
            back_s = time.monotonic() - killed
            assert new != before
            assert (await phone.renegotiate()).code == 200, "the phone's requests in the talk still go through"
            assert (await call.renegotiate()).code == 200, "and the carrier's"
            assert line.reachable("anna")
            line.ivr("volunteer", "resume", "carla")
            await asyncio.gather(call.hangup(), phone.until_ended(5.0))
            again = await line.call(carrier)
            await again.until_sound(5.0)
            await again.hangup()
            return back_s

    before = len(line.ended())
    assert asyncio.run(story()) < 3.0
    line.last_call(before + 2)
    rows = line.ended()[before:]
    assert [(row["outcome"], row["ended_by"]) for row in rows] == [("answered", "caller"), ("ended_in_menu", "caller")]


def stolen(call: OwnCall, method: str, number: int, port: int) -> str:
    """A request within this call, as its own phone would write it, from somewhere else."""
    text = call._dialog.request(method, number=number).render().decode()
    return re.sub(r"Via: [^;]*", f"Via: SIP/2.0/UDP 127.0.0.9:{port}", text, count=1)


def test_nobody_else_ends_a_call_whatever_they_know_of_it(line: LiveLine) -> None:
    """The names of the dialog are right, the address is not."""

    async def story() -> list[int]:
        async with await OwnPhone.open(bind=CARRIER) as carrier, wire(line.server, "127.0.0.9") as stranger:
            call = await line.call(carrier)
            await call.until_sound(5.0)
            codes = []
            for number, method in enumerate(("BYE", "INVITE", "UPDATE", "INFO", "CANCEL")):
                stranger.answers.clear()
                stranger.send(stolen(call, method, 900 + number, stranger.port))
                codes.append((await stranger.final())[0])
            assert call.ended is None
            heard = len(call.packets)
            await asyncio.sleep(1.0)
            assert len(call.packets) > heard + 30
            await call.hangup()
            return codes

    assert asyncio.run(story()) == [481] * 5


def test_nobody_is_believed_for_having_begun_something_under_anothers_call_id(line: LiveLine) -> None:
    """A volunteer's leg: whoever knows its names begins a call under its Call-ID, then ends it without a way back."""

    async def story() -> int:
        async with (
            await line.volunteer("anna") as anna,
            await OwnPhone.open(bind=CARRIER) as carrier,
            wire(line.server, "127.0.0.9") as stranger,
        ):
            call = await line.call(carrier)
            phone = await (await anna.next_ring(20.0)).answer(sound=speech_like(30.0, 3))
            await line.talk_stands()
            uri = f"sip:116111@{line.server}"
            stranger.send(stranger.request("INVITE", uri, more=SDP, body=BODY, call_id=phone.call_id))
            await stranger.final()
            stranger.answers.clear()
            text = re.sub(r"Route: [^\r]*\r\n|;sx=[^>; ]*", "", stolen(phone, "BYE", 900, stranger.port))
            stranger.send(text)
            code, _ = await stranger.final()
            await asyncio.sleep(0.5)
            assert phone.ended is None
            assert call.ended is None
            await asyncio.gather(call.hangup(), phone.until_ended(5.0))
            return code

    assert asyncio.run(story()) == 481


def test_a_call_that_a_frozen_asterisk_takes_up_late_is_ended(line: LiveLine) -> None:
    """The carrier has been told no; nobody's phone may ring for nobody."""

    async def story() -> int:
        async with await line.volunteer("anna") as anna, wire(line.server, CARRIER) as carrier:
            os.kill(line.asterisk_pid(), signal.SIGSTOP)
            try:
                carrier.send(carrier.request("INVITE", f"sip:116111@{line.server}", more=SDP, body=BODY))
                code, took_s = await carrier.final()
                assert took_s < 2.0
                await asyncio.sleep(2.5)
            finally:
                os.kill(line.asterisk_pid(), signal.SIGCONT)
            with pytest.raises(TimeoutError):
                await anna.next_ring(14.0)
            return code

    before = len(line.calls())
    assert asyncio.run(story()) == 503
    assert len(line.calls()) == before, "nobody called"


def test_a_phone_on_tcp_is_never_taken_for_a_carrier(line: LiveLine) -> None:
    """From an address that is no carrier's, over TCP: a call to the line is refused, a wrong password too."""

    async def ask(method: str, uri: str) -> int:
        host, _, port = line.server.rpartition(":")
        reader, writer = await asyncio.open_connection(host, int(port), local_addr=("127.0.0.9", 0))
        mine = writer.get_extra_info("sockname")[1]
        text = (
            f"{method} {uri} SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.9:{mine};branch=z9hG4bKtcp{method};rport\r\n"
            f"Max-Forwards: 70\r\nFrom: <sip:trunk-demo@127.0.0.2>;tag=a\r\nTo: <{uri}>\r\nCall-ID: tcp-{method}\r\n"
            f"CSeq: 1 {method}\r\nContact: <sip:x@127.0.0.9:{mine};transport=tcp>\r\nContent-Length: 0\r\n\r\n"
        )
        writer.write(text.encode())
        try:
            async with asyncio.timeout(3.0):
                while True:
                    words = (await reader.readline()).split(b" ")
                    if words[0] == b"SIP/2.0" and int(words[1]) >= 200:
                        return int(words[1])
        finally:
            writer.close()
            await writer.wait_closed()

    uri = f"sip:116111@{line.server}"
    assert asyncio.run(ask("INVITE", uri)) in (401, 403, 404)
    assert asyncio.run(ask("REGISTER", f"sip:{line.server}")) in (401, 403, 404)


def test_asterisk_itself_is_out_of_reach_from_elsewhere(line: LiveLine) -> None:
    listening = line.console("pjsip show transports")
    assert f"127.0.0.1:{line.base + 5}" in listening
    assert f":{line.base}\n" not in listening
