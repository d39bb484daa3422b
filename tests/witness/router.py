"""A home router of our own between one phone and the exchange: it sees and hears both sides of everything.

Rules: it passes SIP on as a router with a SIP helper does (contacts and descriptions name the router), RTP and RTCP by
pairs of its own; every packet is kept with its moment (monotonic seconds). It can be told to move, stop, delay and
lose. What it kept is the only thing that the tests believe of a phone that is not ours.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import re
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal, Self

from sip.phone.interface import Packet
from sip.phone.media import parse_rtp

Address = tuple[str, int]
Way = Literal["out", "in"]
"""`out`: from the phone to the exchange."""

HOME = "127.0.0.1"
PROTECTED = (b"authorization:", b"proxy-authorization:")
"""The phone has proven its password for this very address: nothing is rewritten in here."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One SIP message as it left the router."""

    at: float
    way: Way
    text: str

    @property
    def first(self) -> str:
        return self.text.partition("\r\n")[0]

    @property
    def method(self) -> str:
        """Of a request; "" for an answer."""
        return "" if self.first.startswith("SIP/2.0") else self.first.split(" ")[0]

    @property
    def code(self) -> int:
        return int(self.first.split(" ")[1]) if self.first.startswith("SIP/2.0") else 0

    def get(self, name: str) -> str:
        """The first header of that name; "" without one."""
        found = re.search(rf"^{re.escape(name)}\s*:\s*(.*?)\r?$", self.text, re.IGNORECASE | re.MULTILINE)
        return found[1].strip() if found else ""


class Stream:
    """The sound of one call: two pairs of ports towards the phone, and two towards the exchange."""

    def __init__(self, router: Router) -> None:
        self.heard: list[Packet] = []
        """What reached the phone."""
        self.said: list[Packet] = []
        """What the phone sent, and what went on to the exchange."""
        self.phone: Address | None = None
        self.exchange: Address | None = None
        self._router = router
        self._pairs: dict[Way, tuple[socket.socket, socket.socket]] = {}
        self._left: list[socket.socket] = []
        self._pairs["in"] = self._open(HOME, "out")
        self._pairs["out"] = self._open(router.host, "in")

    def _open(self, host: str, reads: Way) -> tuple[socket.socket, socket.socket]:
        loop = asyncio.get_running_loop()
        pair = _pair(host)
        for place, one in enumerate(pair):
            loop.add_reader(one, self._read, one, reads, place)
        return pair

    def port(self, side: Way) -> int:
        return int(self._pairs[side][0].getsockname()[1])

    def move(self) -> None:
        """From now on the phone's sound comes from another address and port, and nobody is told. What is sent to the
        old one reaches nobody, as behind a router that has forgotten it."""
        loop = asyncio.get_running_loop()
        for one in self._pairs["out"]:
            loop.remove_reader(one)
            self._left.append(one)  # no ICMP either
        self._pairs["out"] = self._open(self._router.host, "in")

    def _read(self, one: socket.socket, way: Way, place: int) -> None:
        for _ in range(64):
            try:
                data, source = one.recvfrom(2048)
            except (BlockingIOError, InterruptedError):
                return
            except OSError:
                continue  # ICMP for something that went before
            if way == "out":
                self._learn(source, place)
            self._router.carry(way, partial(self._pass, data, way, place))

    def _learn(self, source: Address, place: int) -> None:
        if place == 0 and self.phone is None:
            self.phone = source

    def _pass(self, data: bytes, way: Way, place: int) -> None:
        to = self.exchange if way == "out" else self.phone
        if to is None:
            return
        if place == 0:
            packet = parse_rtp(data, time.monotonic())
            if packet is not None:
                (self.said if way == "out" else self.heard).append(packet)
        with contextlib.suppress(OSError):
            self._pairs[way][place].sendto(data, (to[0], to[1] + place))

    def close(self) -> None:
        loop = asyncio.get_running_loop()
        for one in (*self._pairs["in"], *self._pairs["out"], *self._left):
            loop.remove_reader(one)
            one.close()


class Router(asyncio.DatagramProtocol):
    """For one phone: what it takes for the exchange is `inside`."""

    def __init__(self, server: Address, host: str) -> None:
        self.server, self.host = server, host
        self.phone: Address | None = None
        self.trace: list[Seen] = []
        self.streams: dict[str, Stream] = {}
        """By Call-ID, oldest first."""
        self.stopped: set[Way] = set()
        """Directions in which no sound passes."""
        self.one_in_s: float | None = None
        """A phone that is quiet sends one packet in so many seconds (voice activity detection)."""
        self.delay_s = 0.0
        self.lost_share = 0.0
        self.only: int | None = None
        """The one voice (RTP payload type) that the phone's offers are cut down to."""
        self._passed_at = 0.0
        self._chance = random.Random(1)
        self._inside: asyncio.DatagramTransport | None = None
        self._outside: asyncio.DatagramTransport | None = None
        self._loop = asyncio.get_running_loop()

    @classmethod
    async def open(cls, server: Address, host: str = HOME) -> Self:
        """`host`: the address that the exchange sees. Raises OSError."""
        router = cls(server, host)
        sip_inside, _ = await router._loop.create_datagram_endpoint(lambda: _Side(router._from_phone), (HOME, 0))
        router._inside = sip_inside
        await router.move_sip()
        return router

    async def move_sip(self) -> None:
        """Signalling comes from another port from now on; what is sent to the old one reaches nobody."""
        if self._outside is not None:
            self._outside.close()
        self._outside, _ = await self._loop.create_datagram_endpoint(lambda: _Side(self._from_exchange), (self.host, 0))

    @property
    def inside(self) -> Address:
        assert self._inside is not None
        host, port = self._inside.get_extra_info("sockname")[:2]
        return str(host), int(port)

    @property
    def stream(self) -> Stream:
        """Of the newest call."""
        return next(reversed(self.streams.values()))

    def close(self) -> None:
        for stream in self.streams.values():
            stream.close()
        for side in (self._inside, self._outside):
            if side is not None:
                side.close()

    # ------------------------------------------------------------ sound

    def carry(self, way: Way, on: Callable[[], None]) -> None:
        if way in self.stopped or (self.lost_share and self._chance.random() < self.lost_share):
            return
        if way == "out" and self.one_in_s is not None:
            now = time.monotonic()
            if now - self._passed_at < self.one_in_s:
                return
            self._passed_at = now
        if self.delay_s:
            self._loop.call_later(self.delay_s, on)
        else:
            on()

    def move_sound(self) -> None:
        """Every call's sound comes from elsewhere from now on."""
        for stream in self.streams.values():
            stream.move()

    # ------------------------------------------------------------ SIP

    def _from_phone(self, data: bytes, source: Address) -> None:
        if len(data) < 8:
            return  # keeps a router open
        self.phone = source
        self._forward("out", data)

    def _from_exchange(self, data: bytes, _source: Address) -> None:
        self._forward("in", data)

    def _forward(self, way: Way, data: bytes) -> None:
        head, gap, body = data.partition(b"\r\n\r\n")
        if b"application/sdp" in head.lower() and body and b"OPTIONS" not in _header(head, b"cseq").encode():
            body = self._sdp(way, _header(head, b"call-id") or _header(head, b"i"), body)
        lines = [self._line(way, line, len(body)) for line in head.split(b"\r\n")]
        message = b"\r\n".join(lines) + gap + body
        self.trace.append(Seen(time.monotonic(), way, message.decode("utf-8", "replace")))
        to = self.server if way == "out" else self.phone
        transport = self._outside if way == "out" else self._inside
        if to is not None and transport is not None:
            transport.sendto(message, to)

    def _line(self, way: Way, line: bytes, length: int) -> bytes:
        name = line.partition(b":")[0].strip().lower()
        if name in (b"content-length", b"l"):
            return b"Content-Length: %d" % length
        if way == "in" and name in (b"contact", b"m", b"record-route"):
            return line.replace(_at(self.server), _at(self.inside))
        if way == "out" and name in (b"route", b"record-route"):
            return line.replace(_at(self.inside), _at(self.server))
        if way == "out" and not line.lower().startswith(PROTECTED) and name in (b"refer-to", b"r"):
            return line.replace(_at(self.inside), _at(self.server))
        return line

    def _sdp(self, way: Way, call_id: str, body: bytes) -> bytes:
        if call_id not in self.streams:
            self.streams[call_id] = Stream(self)
        stream = self.streams[call_id]
        text = body.decode("utf-8", "replace")
        host, port = _place(text)
        if port:
            if way == "out":
                stream.phone = (host, port) if host != "0.0.0.0" else stream.phone
            else:
                stream.exchange = (host, port)
        ours = self.host if way == "out" else HOME
        mine = stream.port(way)
        text = re.sub(r"(?m)^(c=IN IP4 )(?!0\.0\.0\.0)\S+", rf"\g<1>{ours}", text)
        text = re.sub(r"(?m)^(m=audio )[1-9]\d*", rf"\g<1>{mine}", text)
        text = re.sub(r"(?m)^a=rtcp:.*\r?\n", "", text)
        if way == "out" and self.only is not None:
            text = re.sub(r"(?m)^(m=audio \d+ \S+ ).*?(\r?)$", self._cut, text)
        return text.encode()

    def _cut(self, found: re.Match[str]) -> str:
        kept = [each for each in found[0].split()[3:] if int(each) == self.only or int(each) in (96, 100, 101)]
        return f"{found[1]}{' '.join(kept)}{found[2]}"


class _Side(asyncio.DatagramProtocol):
    def __init__(self, take: Callable[[bytes, Address], None]) -> None:
        self._take = take

    def datagram_received(self, data: bytes, addr: Address) -> None:
        self._take(data, addr)


def _header(head: bytes, name: bytes) -> str:
    for line in head.split(b"\r\n"):
        found, _, value = line.partition(b":")
        if found.strip().lower() == name:
            return value.strip().decode("utf-8", "replace")
    return ""


def _at(address: Address) -> bytes:
    return f"{address[0]}:{address[1]}".encode()


def _place(text: str) -> Address:
    """Where a description wants its sound; port 0 without any."""
    host, port = re.search(r"(?m)^c=IN IP4 (\S+)", text), re.search(r"(?m)^m=audio (\d+)", text)
    return (host[1] if host else "", int(port[1]) if port else 0)


def _pair(host: str) -> tuple[socket.socket, socket.socket]:
    """An even port and the odd one above it. Raises OSError."""
    for _ in range(200):
        voice = _socket(host, 0)
        port = voice.getsockname()[1]
        if port % 2 == 0:
            with contextlib.suppress(OSError):
                return voice, _socket(host, port + 1)
        voice.close()
    raise OSError(f"no free pair of ports at {host}")


def _socket(host: str, port: int) -> socket.socket:
    one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        one.setblocking(False)
        one.bind((host, port))
    except OSError:
        one.close()
        raise
    return one
