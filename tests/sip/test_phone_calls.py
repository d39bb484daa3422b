"""Phones call phones: our own, pjsua2's and SIPp's, over loopback."""

from __future__ import annotations

import asyncio
import shutil
import socket
import struct
from collections.abc import Awaitable, Callable
from itertools import pairwise
from typing import cast

import pytest

from sip.heard import hear
from sip.phone import NotAnswered, NotShown, OwnPhone, Phone, PjsuaPhone, packet_gaps, pjsua_is_here
from sip.phone.message import Request, Response, parse, reply
from sip.phone.sound import speech_like
from sip.phone.transaction import Endpoint, Timing
from tests.sip.leftovers import run

CALLER_SAYS, CALLED_SAYS = speech_like(1.5, seed=1), speech_like(1.5, seed=2)

needs_pjsua = pytest.mark.skipif(not pjsua_is_here(), reason="pjsua2 has wheels for Python 3.11 and 3.12 only")
OWN_ONLY = pytest.param(OwnPhone, OwnPhone, id="own-own")
PAIRS = [
    OWN_ONLY,
    pytest.param(OwnPhone, PjsuaPhone, id="own-pjsua2", marks=needs_pjsua),
    pytest.param(PjsuaPhone, OwnPhone, id="pjsua2-own", marks=needs_pjsua),
]
both_stacks = pytest.mark.parametrize(("calling", "called"), PAIRS)


def at(phone: Phone) -> str:
    return f"sip:116111@{phone.address[0]}:{phone.address[1]}"


@both_stacks
def test_two_phones_hear_each_other_and_the_keys_and_know_who_hung_up(
    calling: type[Phone], called: type[Phone]
) -> None:
    async def story() -> None:
        async with await calling.open(bind="127.0.0.2") as child, await called.open() as volunteer:
            call = await child.dial(at(volunteer), from_user="anonymous", from_name="Hej", sound=CALLER_SAYS)
            ring = await volunteer.next_ring(5)
            assert "anonymous@127.0.0.2" in ring.from_header
            assert dict(ring.headers)["call-id"] == call.call_id
            talk = await ring.answer(sound=CALLED_SAYS)
            await call.until_answered(5)
            await call.until_sound(5)
            await asyncio.sleep(2)  # they talk
            await call.send_digits("10#")
            ended = await call.hangup('Q.850;cause=16;text="done"')
            other = await talk.until_ended(5)
            assert (ended.by, ended.code) == ("us", None)
            assert (other.by, other.why, other.cause) == ("them", "BYE", 16)
            assert talk.digits == "10#"
            assert [one.prompt for one in hear(call.heard.samples(), {"a": CALLER_SAYS, "b": CALLED_SAYS})] == ["b"]
            assert [one.prompt for one in hear(talk.heard.samples(), {"a": CALLER_SAYS, "b": CALLED_SAYS})] == ["a"]
            moments = call.moments
            assert moments.ringing is not None
            assert moments.answered is not None
            assert moments.first_sound is not None
            assert moments.began <= moments.ringing <= moments.answered <= ended.moment

    run(story)


@both_stacks
def test_a_caller_who_gives_up_stops_the_ringing_and_says_why(calling: type[Phone], called: type[Phone]) -> None:
    async def story() -> None:
        async with await calling.open(bind="127.0.0.2") as child, await called.open() as volunteer:
            call = await child.dial(at(volunteer))
            ring = await volunteer.next_ring(5)
            ring.ignore()
            await call.until_ringing(5)
            ended = await call.hangup('SIP;cause=200;text="Call completed elsewhere"')
            assert (ended.by, ended.code) == ("us", 487)
            missed = await ring.until_ended(5)
            assert (missed.by, missed.why, missed.elsewhere) == ("them", "CANCEL", True)
            with pytest.raises(NotAnswered):
                await ring.answer()
            assert volunteer.calls == ()

    run(story)


@both_stacks
@pytest.mark.parametrize("code", [603, 486, 480])
def test_a_declined_call_tells_the_caller_how(calling: type[Phone], called: type[Phone], code: int) -> None:
    async def story() -> None:
        async with await calling.open(bind="127.0.0.2") as child, await called.open() as volunteer:
            call = await child.dial(at(volunteer))
            ring = await volunteer.next_ring(5)
            ring.decline(code)
            with pytest.raises(NotAnswered) as refused:
                await call.until_answered(5)
            assert (refused.value.ended.by, refused.value.ended.code) == ("them", code)
            assert (await ring.until_ended(5)).by == "us"

    run(story)


@both_stacks
def test_a_phone_that_answers_by_itself_hangs_up_when_it_is_closed(calling: type[Phone], called: type[Phone]) -> None:
    async def story() -> None:
        async with await calling.open(bind="127.0.0.2") as child:
            async with await called.open() as volunteer:
                volunteer.auto_answer(0.1, sound=CALLED_SAYS)
                call = await child.dial(at(volunteer))
                await call.until_answered(5)
                await call.until_sound(5)
            assert (await call.until_ended(5)).by == "them"

    run(story)


@needs_pjsua
def test_pjsua2_says_that_it_shows_no_packets_instead_of_showing_none() -> None:
    async def story() -> None:
        async with await PjsuaPhone.open() as phone, await OwnPhone.open() as other:
            call = await phone.dial(at(other))
            with pytest.raises(NotShown):
                packet_gaps(call.packets)

    run(story)


def test_forty_calls_in_one_process_are_all_sent_and_heard_in_time() -> None:
    async def story() -> None:
        async with await OwnPhone.open(bind="127.0.0.2") as children, await OwnPhone.open() as volunteers:
            volunteers.auto_answer(0, sound=CALLED_SAYS)
            calls = [await children.dial(at(volunteers), sound=CALLER_SAYS) for _ in range(40)]
            for call in calls:
                await call.until_answered(5)
            await asyncio.sleep(2)
            began = asyncio.get_running_loop().time()
            for call in [*children.calls, *volunteers.calls]:
                due = (began - call.packets[0].arrived) / 0.02
                assert due * 0.9 < len(call.packets) <= due + 26
                steps = sorted(after.timestamp - before.timestamp for before, after in pairwise(call.packets))
                assert steps[len(steps) // 2] == 160
            assert len(volunteers.calls) == 40

    run(story)


def test_sound_from_elsewhere_gets_into_no_call() -> None:
    async def story() -> None:
        async with await OwnPhone.open(bind="127.0.0.2") as child, await OwnPhone.open() as volunteer:
            volunteer.auto_answer(0)
            call = await child.dial(at(volunteer))
            await call.until_answered(5)
            loud = struct.pack("!BBHII", 0x80, 8, 1, 160, 77) + bytes(160)
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
                for _ in range(5):
                    stranger.sendto(loud, ("127.0.0.2", call._media.port))
            await asyncio.sleep(0.1)
            assert call.packets
            assert not any(packet.source == 77 for packet in call.packets)

    run(story)


def test_a_phone_without_power_says_nothing_more() -> None:
    async def story() -> None:
        async with (
            await OwnPhone.open(timing=Timing(0.01, 0.04)) as child,
            await OwnPhone.open(timing=Timing(0.01, 0.04)) as volunteer,
        ):
            volunteer.auto_answer(0, sound=CALLED_SAYS)
            call = await child.dial(at(volunteer))
            await call.until_sound(5)
            volunteer.drop_dead()
            await asyncio.sleep(0.1)  # what was under way
            count = len(call.packets)
            await asyncio.sleep(0.2)
            assert len(call.packets) == count
            second = await child.dial(at(volunteer))
            with pytest.raises(NotAnswered) as silence:
                await second.until_answered(5)
            assert (silence.value.ended.by, silence.value.ended.code) == ("network", 408)

    run(story)


def test_every_message_lost_once_costs_time_and_nothing_else() -> None:
    async def story() -> None:
        timing = Timing(0.02, 0.08)
        async with await OwnPhone.open(timing=timing) as child, await OwnPhone.open(timing=timing) as volunteer:
            for phone in (child, volunteer):
                lose_each_once(phone)
            call = await child.dial(at(volunteer))
            ring = await volunteer.next_ring(5)
            talk = await ring.answer()
            await call.until_answered(5)
            await call.hangup()
            assert (await talk.until_ended(5)).by == "them"
            second = await child.dial(at(volunteer))
            await second.until_ringing(5)
            assert (await second.hangup()).code == 487
            assert len(volunteer.calls) == 1

    run(story)


def lose_each_once(phone: OwnPhone) -> None:
    """The first copy of every message is lost."""
    transactions = phone._agent.transactions
    put, seen = transactions._put, set[bytes]()

    def lossy(data: bytes, to: Endpoint) -> None:
        if data in seen:
            put(data, to)
        seen.add(data)

    transactions._put = lossy


class Wire(asyncio.DatagramProtocol):
    """A phone that does exactly what the test says, message by message."""

    def __init__(self) -> None:
        self.came: asyncio.Queue[tuple[Request | Response, Endpoint]] = asyncio.Queue()
        self.transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: Endpoint) -> None:
        message = parse(data)
        assert message is not None
        self.came.put_nowait((message, addr))

    async def request(self, method: str) -> tuple[Request, Endpoint]:
        while True:
            message, source = await asyncio.wait_for(self.came.get(), 5)
            if isinstance(message, Request) and message.method == method:
                return message, source

    async def response(self, method: str, least: int = 200) -> Response:
        while True:
            message, _ = await asyncio.wait_for(self.came.get(), 5)
            if isinstance(message, Response) and message.cseq[1] == method and message.code >= least:
                return message

    def send(self, message: Request | Response, to: Endpoint) -> None:
        assert self.transport is not None
        self.transport.sendto(message.render(), to)


def with_wire(story: Callable[[OwnPhone, Wire, Endpoint], Awaitable[None]]) -> None:
    async def told() -> None:
        loop = asyncio.get_running_loop()
        transport, wire = await loop.create_datagram_endpoint(Wire, local_addr=("127.0.0.3", 0))
        try:
            async with await OwnPhone.open(timing=Timing(0.05, 0.2)) as phone:
                await story(phone, wire, transport.get_extra_info("sockname"))
        finally:
            transport.close()
            await asyncio.sleep(0)

    run(told)


def sdp_at(port: int) -> bytes:
    head = b"v=0\r\no=- 1 1 IN IP4 127.0.0.3\r\ns=-\r\nc=IN IP4 127.0.0.3\r\nt=0 0\r\n"
    return head + f"m=audio {port} RTP/AVP 8\r\n".encode()


def test_an_answer_that_crosses_our_cancel_is_acknowledged_and_hung_up() -> None:
    async def story(phone: OwnPhone, wire: Wire, here: Endpoint) -> None:
        call = await phone.dial(f"sip:x@{here[0]}:{here[1]}")
        invite, source = await wire.request("INVITE")
        wire.send(reply(invite, 180, to_tag="t"), source)
        await call.until_ringing(5)
        leaving = asyncio.create_task(call.hangup())
        cancel, _ = await wire.request("CANCEL")
        assert cancel.branch == invite.branch
        contact = ("Contact", f"<sip:x@{here[0]}:{here[1]}>")
        wire.send(reply(invite, 200, to_tag="t", more=(contact,), body=sdp_at(4000)), source)
        wire.send(reply(cancel, 200), source)
        await wire.request("ACK")
        bye, _ = await wire.request("BYE")
        wire.send(reply(bye, 200), source)
        assert (await leaving).by == "us"

    with_wire(story)


def test_nothing_is_cancelled_before_the_other_side_has_answered_at_all() -> None:
    async def story(phone: OwnPhone, wire: Wire, here: Endpoint) -> None:
        call = await phone.dial(f"sip:x@{here[0]}:{here[1]}")
        invite, source = await wire.request("INVITE")
        leaving = asyncio.create_task(call.hangup())
        again, _ = await asyncio.wait_for(wire.came.get(), 5)
        assert again == invite, "asked again, not cancelled"
        wire.send(reply(invite, 100), source)
        cancel, _ = await wire.request("CANCEL")
        wire.send(reply(cancel, 200), source)
        wire.send(reply(invite, 487, to_tag="t"), source)
        await wire.request("ACK")
        assert (await leaving).code == 487

    with_wire(story)


def test_a_second_phone_behind_the_number_is_hung_up_and_the_first_kept() -> None:
    async def story(phone: OwnPhone, wire: Wire, here: Endpoint) -> None:
        call = await phone.dial(f"sip:x@{here[0]}:{here[1]}")
        invite, source = await wire.request("INVITE")
        contact = ("Contact", f"<sip:x@{here[0]}:{here[1]}>")
        for tag in ("first", "second"):
            wire.send(reply(invite, 200, to_tag=tag, more=(contact,), body=sdp_at(4000)), source)
        bye, _ = await wire.request("BYE")
        assert bye.to_tag == "second"
        wire.send(reply(bye, 200), source)
        assert call.ended is None
        leaving = asyncio.create_task(call.hangup())
        bye, _ = await wire.request("BYE")
        assert bye.to_tag == "first"
        wire.send(reply(bye, 200), source)
        await leaving

    with_wire(story)


def test_a_reinvite_moves_the_voice_and_a_stranger_is_told_that_there_is_no_call() -> None:
    async def story(phone: OwnPhone, wire: Wire, here: Endpoint) -> None:
        phone.auto_answer(0, sound=CALLED_SAYS)
        loop = asyncio.get_running_loop()
        ears: asyncio.Queue[bytes] = asyncio.Queue()

        class Ear(asyncio.DatagramProtocol):
            def datagram_received(self, data: bytes, addr: Endpoint) -> None:
                ears.put_nowait(data)

        transport, _ = await loop.create_datagram_endpoint(Ear, local_addr=("127.0.0.3", 0))
        port = transport.get_extra_info("sockname")[1]
        headers = (
            ("Via", f"SIP/2.0/UDP {here[0]}:{here[1]};branch=z9hG4bK1"),
            ("From", "<sip:a@127.0.0.3>;tag=theirs"),
            ("To", "<sip:b@127.0.0.1>"),
            ("Call-ID", "c"),
            ("CSeq", "1 INVITE"),
            ("Contact", f"<sip:a@{here[0]}:{here[1]}>"),
        )
        wire.send(Request(headers, sdp_at(9), "INVITE", "sip:b@127.0.0.1"), phone.address)
        answer = await wire.response("INVITE")
        assert answer.code == 200
        dialog = tuple((n, v) for n, v in headers if n not in ("To", "CSeq", "Via"))

        def next_one(method: str, number: int, to_tag: str, body: bytes = b"") -> Request:
            via = ("Via", f"SIP/2.0/UDP {here[0]}:{here[1]};branch=z9hG4bK{method}{number}{to_tag}")
            to = ("To", f"<sip:b@127.0.0.1>;tag={to_tag}")
            return Request((via, *dialog, to, ("CSeq", f"{number} {method}")), body, method, "sip:b@127.0.0.1")

        wire.send(next_one("ACK", 1, answer.to_tag), phone.address)
        wire.send(next_one("INVITE", 2, answer.to_tag, sdp_at(port)), phone.address)
        assert (await wire.response("INVITE")).code == 200
        wire.send(next_one("ACK", 2, answer.to_tag), phone.address)
        assert len(await asyncio.wait_for(ears.get(), 5)) == 172
        wire.send(next_one("BYE", 3, "nobody"), phone.address)
        assert (await wire.response("BYE")).code == 481
        wire.send(next_one("BYE", 4, answer.to_tag), phone.address)
        assert (await wire.response("BYE")).code == 200
        assert (await phone.calls[0].until_ended(5)).by == "them"
        transport.close()

    with_wire(story)


def test_an_answer_that_nobody_acknowledges_ends_in_a_goodbye() -> None:
    async def story(phone: OwnPhone, wire: Wire, here: Endpoint) -> None:
        phone._agent.transactions.timing = Timing(0.01, 0.02)
        phone.auto_answer(0)
        headers = (
            ("Via", f"SIP/2.0/UDP {here[0]}:{here[1]};branch=z9hG4bK1"),
            ("From", "<sip:a@127.0.0.3>;tag=theirs"),
            ("To", "<sip:b@127.0.0.1>"),
            ("Call-ID", "c"),
            ("CSeq", "1 INVITE"),
            ("Contact", f"<sip:a@{here[0]}:{here[1]}>"),
        )
        wire.send(Request(headers, sdp_at(9), "INVITE", "sip:b@127.0.0.1"), phone.address)
        bye, source = await wire.request("BYE")
        wire.send(reply(bye, 200), source)
        assert (await phone.calls[0].until_ended(5)).by == "network"

    with_wire(story)


needs_sipp = pytest.mark.skipif(shutil.which("sipp") is None, reason="SIPp is not installed")


async def sipp(*words: str) -> asyncio.subprocess.Process:
    quiet = asyncio.subprocess.DEVNULL
    return await asyncio.create_subprocess_exec("sipp", *words, "-nostdin", stdin=quiet, stdout=quiet, stderr=quiet)


@needs_sipp
def test_sipp_calls_our_phone_and_is_content_with_every_message() -> None:
    async def story() -> None:
        async with await OwnPhone.open() as phone:
            phone.auto_answer(0.1)
            host, port = phone.address
            process = await sipp("-sn", "uac", f"{host}:{port}", "-i", "127.0.0.3", "-m", "3", "-r", "3", "-d", "300")
            assert await asyncio.wait_for(process.wait(), 20) == 0
            assert len(phone.calls) == 3
            for call in phone.calls:
                assert (await call.until_ended(5)).by == "them"

    run(story)


@needs_sipp
def test_our_phone_calls_sipp() -> None:
    async def story() -> None:
        async with await OwnPhone.open(bind="127.0.0.3") as somebody:
            port = somebody.address[1]  # free a moment later
        process = await sipp("-sn", "uas", "-i", "127.0.0.3", "-p", str(port), "-m", "1")
        async with await OwnPhone.open() as phone:
            call = await phone.dial(f"sip:service@127.0.0.3:{port}")  # the INVITE is repeated until SIPp is up
            await call.until_answered(10)
            assert (await call.hangup()).why == "BYE"
        assert await asyncio.wait_for(process.wait(), 20) == 0

    run(story)
