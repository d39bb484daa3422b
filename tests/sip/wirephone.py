"""A telephone made of one UDP socket: it shows what is on the wire, and misbehaves on request. Tests only."""

from __future__ import annotations

import asyncio
import hashlib
import re
import secrets
import struct
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self, cast

from tests.fakes.phones import Sends

DEADLINE_S = 5.0
Header = tuple[str, str]
SILENCE = b"\xd5" * 160
"""20 ms, PCMA."""


@dataclass(frozen=True, slots=True)
class Message:
    first: str
    headers: tuple[tuple[str, str], ...]
    body: str
    at: float

    @classmethod
    def parse(cls, data: bytes, at: float) -> Message | None:
        head, _, body = data.decode("utf-8", "replace").partition("\r\n\r\n")
        first, *lines = head.split("\r\n")
        if not first:
            return None
        pairs = tuple((k.strip(), v.strip()) for k, _, v in (line.partition(":") for line in lines))
        return cls(first, pairs, body, at)

    def all(self, name: str) -> tuple[str, ...]:
        return tuple(v for k, v in self.headers if k.lower() == name.lower())

    def get(self, name: str) -> str:
        return next(iter(self.all(name)), "")

    @property
    def status(self) -> int:
        return int(self.first.split()[1]) if self.first.startswith("SIP/2.0") else 0

    @property
    def method(self) -> str:
        return self.get("CSeq").split()[-1] if self.status else self.first.split()[0]


@dataclass(slots=True)
class Dialog:
    call_id: str
    local: str
    remote: str
    target: str
    invite: Message
    up: bool = False
    cseq: int = 1
    """Of our last request in it."""
    routes: tuple[str, ...] = ()
    """Through whom our requests go (RFC 3261, 12.1)."""


class Ears(asyncio.DatagramProtocol):
    """Counts what arrives as sound, and sends key presses back to where it comes from."""

    def __init__(self) -> None:
        self.packets = 0
        self.last: deque[bytes] = deque(maxlen=20)
        """The newest sounds, 20 ms each, as they came (PCMA)."""
        self.everything = bytearray()
        """All of them, one after the other."""
        self.keys = set[bytes]()
        """When the keys that were sounded to this phone began (RTP time stamps)."""
        self.remote: tuple[str, int] | None = None
        self.transport: asyncio.DatagramTransport | None = None
        self.sequence = 0
        self.last_at = 0.0
        """When the newest came."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)  # 3.11's own class does not say that it is one

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if data[1] & 0x7F == 8:
            self.packets += 1
            self.last_at = asyncio.get_running_loop().time()
            self.last.append(data[12:])
            self.everything += data[12:]
        elif data[1] & 0x7F == 101:
            self.keys.add(data[4:8])

    def send(self, kind: int, payload: bytes, stamp: int, *, marker: bool = False) -> None:
        if self.transport is None or self.remote is None:
            return
        self.sequence += 1
        head = struct.pack("!BBHII", 0x80, kind | (0x80 if marker else 0), self.sequence & 0xFFFF, stamp, 0xABCD)
        self.transport.sendto(head + payload, self.remote)

    async def press(self, digit: str) -> None:
        """One key, RFC 4733, 100 ms long."""
        code = "0123456789*#".index(digit)
        stamp = (self.sequence + 1) * 1600
        for number in range(5):
            self.send(101, struct.pack("!BBH", code, 10, 160 * (number + 1)), stamp, marker=number == 0)
            await asyncio.sleep(0.02)
        for _ in range(3):
            self.send(101, struct.pack("!BBH", code, 0x80 | 10, 960), stamp)


class Elsewhere(asyncio.DatagramProtocol):
    """Another port of the same phone."""

    def __init__(self, ears: Ears) -> None:
        self._ears = ears

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._ears.datagram_received(data, addr)


@dataclass(slots=True)
class Manners:
    """What the phone does with an INVITE. `refuse` is a status code; `silent`: it does not even say Trying; `stubborn`:
    when it is told to stop ringing it has just been picked up; `early`: it rings with sound (183); `moved_to`: it says
    302 and that address; `voices`: the payload types it says it takes. Lengths are seconds."""

    ring: bool = True
    answer: bool = False
    refuse: int | None = None
    silent: bool = False
    stubborn: bool = False
    early: bool = False
    moved_to: str | None = None
    voices: str = "8 101"
    challenge: bool = False
    """It wants to know who dials (401)."""
    answer_after_s: float | None = None
    decline_after_s: float | None = None
    hang_up_after_s: float | None = None
    die_after_s: float | None = None
    presses: tuple[tuple[float, str], ...] = ()
    sends: tuple[tuple[float, Sends], ...] = ()
    """What it sends, each from so long after picking up on; before that, sound."""
    mends: bool = False
    """Asked anew (re-INVITE), it says which port its sound comes from by now."""
    refuse_again: int | None = None
    """Asked anew, it answers with this status code."""


class WirePhone(asyncio.DatagramProtocol):
    transport: asyncio.DatagramTransport
    sound: asyncio.DatagramTransport
    host: str
    port: int
    media_port: int

    def __init__(self, user: str, password: str, server: tuple[str, int]) -> None:
        self.user, self.password, self.server = user, password, server
        self.manners = Manners()
        self.seen: list[Message] = []
        self.wire: list[bytes] = []
        """Every message as it came."""
        self.dialogs: dict[str, Dialog] = {}
        self.ears = Ears()
        self._news = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._cseq = 0
        self._tasks: list[asyncio.Task[None]] = []
        self._murmur: asyncio.Task[None] | None = None
        self._sends = Sends.NOTHING
        self._moved: list[asyncio.DatagramTransport] = []
        self.voice = SILENCE
        """The 20 ms that it says all the time, as a phone sends silence."""
        self.dead = False

    @classmethod
    async def open(
        cls,
        server: tuple[str, int],
        user: str = "caller",
        password: str = "",
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> Self:
        phone = cls(user, password, server)
        loop = asyncio.get_running_loop()
        phone.transport, _ = await loop.create_datagram_endpoint(lambda: phone, local_addr=(host, port))
        phone.sound, _ = await loop.create_datagram_endpoint(lambda: phone.ears, local_addr=(host, 0))
        phone.host, phone.port = phone.transport.get_extra_info("sockname")[:2]
        phone.media_port = phone.sound.get_extra_info("sockname")[1]
        return phone

    def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        self._be_quiet()
        self.transport.close()
        self.sound.close()
        for each in self._moved:
            each.close()

    # ---------------------------------------------------------- wire

    def _send(self, first: str, headers: list[tuple[str, str]], body: str = "") -> None:
        lines = [first, *(f"{k}: {v}" for k, v in headers), f"Content-Length: {len(body)}", "", body]
        self.transport.sendto("\r\n".join(lines).encode(), self.server)

    def _via(self) -> str:
        return f"SIP/2.0/UDP {self.host}:{self.port};branch=z9hG4bK{secrets.token_hex(8)};rport"

    @property
    def contact(self) -> str:
        return f"<sip:{self.user}@{self.host}:{self.port}>"

    def _sdp(self) -> str:
        direction = "sendonly" if self._sends is Sends.HOLDS else "sendrecv"
        return (
            f"v=0\r\no=- 1 1 IN IP4 {self.host}\r\ns=-\r\nc=IN IP4 {self.host}\r\nt=0 0\r\n"
            f"m=audio {self.media_port} RTP/AVP {self.manners.voices}\r\n"
            "a=rtpmap:8 PCMA/8000\r\na=rtpmap:18 G729/8000\r\na=rtpmap:101 telephone-event/8000\r\n"
            f"a={direction}\r\n"
        )

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if not self.dead:
            self.wire.append(data)
        message = Message.parse(data, self._loop.time())
        if message is None or self.dead:
            return
        self.seen.append(message)
        if not message.status:
            self._request(message)
        elif message.method == "INVITE":
            self._invite_answered(message)
        self._news.set()

    def _reply(
        self, request: Message, code: int, text: str, *, body: str = "", contact: str = "", more: Header | None = None
    ) -> None:
        dialog = self.dialogs.get(request.get("Call-ID"))
        to = request.get("To")
        if "tag=" not in to and code > 100:
            to = dialog.local if dialog else f"{to};tag={secrets.token_hex(4)}"
        through = request.all("Record-Route") if request.method == "INVITE" and 100 < code < 300 else ()
        headers = (
            [("Via", v) for v in request.all("Via")]
            + [("Record-Route", v) for v in through]
            + [
                ("From", request.get("From")),
                ("To", to),
                ("Call-ID", request.get("Call-ID")),
                ("CSeq", request.get("CSeq")),
                ("Contact", contact or self.contact),
            ]
        )
        if body:
            headers.append(("Content-Type", "application/sdp"))
        if more is not None:
            headers.append(more)
        self._send(f"SIP/2.0 {code} {text}", headers, body)

    def _request(self, message: Message) -> None:
        match message.method:
            case "INVITE" if not self.manners.silent:
                self._ring(message)
            case "CANCEL":
                self._reply(message, 200, "OK")
                dialog = self.dialogs.get(message.get("Call-ID"))
                if dialog and self.manners.stubborn:
                    self.pick_up()
                elif dialog:
                    self._reply(dialog.invite, 487, "Request Terminated")
                    del self.dialogs[dialog.call_id]
            case "BYE":
                self.dialogs.pop(message.get("Call-ID"), None)
                self._reply(message, 200, "OK")
            case "OPTIONS" | "NOTIFY" | "UPDATE":
                self._reply(message, 200, "OK")

    def _ring(self, invite: Message) -> None:
        call_id = invite.get("Call-ID")
        if call_id in self.dialogs:
            if self.dialogs[call_id].up and self.manners.refuse_again is not None:
                self._reply(invite, self.manners.refuse_again, "No")
            elif self.dialogs[call_id].up:
                if self.manners.mends and self._moved:
                    self.media_port = self._moved[-1].get_extra_info("sockname")[1]
                self._sends = Sends.SOUND if self.manners.mends else self._sends
                self._reply(invite, 200, "OK", body=self._sdp())
            return
        if self.manners.challenge and not invite.get("Authorization"):
            challenge = 'Digest realm="nord", nonce="4711", algorithm=MD5'
            self._reply(invite, 401, "Unauthorized", more=("WWW-Authenticate", challenge))
            return
        target = invite.get("Contact").strip("<>").split(">")[0]
        local = f"{invite.get('To')};tag={secrets.token_hex(4)}"
        self.dialogs[call_id] = Dialog(call_id, local, invite.get("From"), target, invite)
        self.dialogs[call_id].routes = invite.all("Record-Route")
        self._reply(invite, 100, "Trying")
        if self.manners.refuse is not None:
            self._reply(invite, self.manners.refuse, "No")
            del self.dialogs[call_id]
            return
        if self.manners.moved_to is not None:
            self._reply(invite, 302, "Moved Temporarily", contact=f"<{self.manners.moved_to}>")
            del self.dialogs[call_id]
            return
        if self.manners.early:
            self._reply(invite, 183, "Session Progress", body=self._sdp())
        elif self.manners.ring:
            self._reply(invite, 180, "Ringing")
        if self.manners.answer:
            self.pick_up()
        self._tasks.append(self._loop.create_task(self._behave(call_id)))

    async def _behave(self, call_id: str) -> None:
        manners = self.manners
        if manners.decline_after_s is not None:
            await asyncio.sleep(manners.decline_after_s)
            if call_id in self.dialogs:
                self.decline()
        if manners.answer_after_s is None:
            return
        await asyncio.sleep(manners.answer_after_s)
        if call_id not in self.dialogs:
            return
        self.pick_up()
        self._tasks.append(self._loop.create_task(self._speak(manners.sends)))
        waited_s = 0.0
        for after_s, digit in manners.presses:
            await asyncio.sleep(after_s - waited_s)
            await self.ears.press(digit)
            waited_s = after_s
        if manners.hang_up_after_s is not None:
            await asyncio.sleep(manners.hang_up_after_s)
            await self.hang_up()
            self._be_quiet()
        if manners.die_after_s is not None:
            await asyncio.sleep(manners.die_after_s)
            self.dead = True
            self._be_quiet()

    async def _speak(self, changes: tuple[tuple[float, Sends], ...]) -> None:
        began = self._loop.time()
        if not changes or changes[0][0] > 0:
            await self.sends(Sends.SOUND)
        for after_s, what in changes:
            await asyncio.sleep(began + after_s - self._loop.time())
            await self.sends(what)

    # ---------------------------------------------------------- what a test does with it

    async def sends(self, what: Sends) -> None:
        """From now on, in the talk that it has: sound from the port that was said, nothing, sound from another port or
        in a codec that nobody agreed on, or the other side is put on hold."""
        before, self._sends = self._sends, what
        if what is Sends.ASTRAY:
            moved, _ = await self._loop.create_datagram_endpoint(
                lambda: Elsewhere(self.ears), local_addr=(self.host, 0)
            )
            self._moved.append(moved)
        self.ears.transport = self._moved[-1] if self._moved and what is Sends.ASTRAY else self.ears.transport
        if what in (Sends.NOTHING, Sends.HOLDS):
            self._be_quiet()
        elif self._murmur is None:
            self._murmur = self._loop.create_task(self._murmurs())
        if Sends.HOLDS in (before, what) and before is not what:
            for dialog in self.dialogs.values():
                dialog.cseq += 1
                self._in_dialog("INVITE", dialog, dialog.cseq, body=self._sdp())

    async def _murmurs(self) -> None:
        while True:
            self.ears.send(8 if self._sends is not Sends.FOREIGN else 18, self.voice, self.ears.sequence * 160)
            await asyncio.sleep(0.02)

    def _be_quiet(self) -> None:
        if self._murmur is not None:
            self._murmur.cancel()
            self._murmur = None

    async def wait(self, wanted: Callable[[Message], bool], deadline_s: float = DEADLINE_S) -> Message:
        """The first message, seen already or still to come, that is wanted; TimeoutError after the deadline."""
        async with asyncio.timeout(deadline_s):
            while True:
                for message in self.seen:
                    if wanted(message):
                        return message
                self._news.clear()
                await self._news.wait()

    async def rings(self, deadline_s: float = DEADLINE_S) -> Message:
        return await self.wait(lambda m: not m.status and m.method == "INVITE", deadline_s)

    async def register(self, expires_s: int = 60) -> None:
        authorization = ""
        for _ in range(3):
            self._cseq += 1
            cseq = f"{self._cseq} REGISTER"
            headers = [
                ("Via", self._via()),
                ("From", f"<sip:{self.user}@voiceline>;tag={secrets.token_hex(4)}"),
                ("To", f"<sip:{self.user}@voiceline>"),
                ("Call-ID", f"reg-{self.port}"),
                ("CSeq", cseq),
                ("Contact", f"{self.contact};expires={expires_s}"),
                ("Max-Forwards", "70"),
            ]
            if authorization:
                headers.append(("Authorization", authorization))
            self._send("REGISTER sip:voiceline SIP/2.0", headers)
            answer = await self._answer_to(cseq)
            if answer.status == 200:
                return
            authorization = self._digest(answer.get("WWW-Authenticate"))
        raise ConnectionError("the phone could not register")

    async def _answer_to(self, cseq: str) -> Message:
        return await self.wait(lambda m: m.get("CSeq") == cseq and m.status >= 200)

    def _digest(self, challenge: str) -> str:
        parts = dict(re.findall(r'(\w+)="?([^",]+)"?', challenge))
        realm, nonce, uri = parts["realm"], parts["nonce"], "sip:voiceline"

        def md5(text: str) -> str:
            return hashlib.md5(text.encode()).hexdigest()

        secret, what = md5(f"{self.user}:{realm}:{self.password}"), md5(f"REGISTER:{uri}")
        response = md5(f"{secret}:{nonce}:00000001:abcd:auth:{what}")
        opaque = f', opaque="{parts["opaque"]}"' if "opaque" in parts else ""
        return (
            f'Digest username="{self.user}", realm="{realm}", nonce="{nonce}", uri="{uri}", response="{response}", '
            f'algorithm=MD5, qop=auth, nc=00000001, cnonce="abcd"{opaque}'
        )

    def pick_up(self) -> None:
        dialog = next(iter(self.dialogs.values()))
        dialog.up = True
        if found := re.search(r"m=audio (\d+)", dialog.invite.body):
            self.ears.remote = (self.server[0], int(found[1]))
        self._reply(dialog.invite, 200, "OK", body=self._sdp())

    def decline(self, code: int = 603) -> None:
        dialog = next(iter(self.dialogs.values()))
        self._reply(dialog.invite, code, "No")
        del self.dialogs[dialog.call_id]

    def call(self, number: str, shown: str = "12345678") -> str:
        call_id = secrets.token_hex(8)
        local = f"<sip:{shown}@{self.host}>;tag={secrets.token_hex(4)}"
        remote = f"<sip:{number}@{self.server[0]}>"
        target = f"sip:{number}@{self.server[0]}:{self.server[1]}"
        headers = [
            ("Via", self._via()),
            ("From", local),
            ("To", remote),
            ("Call-ID", call_id),
            ("CSeq", "1 INVITE"),
            ("Contact", self.contact),
            ("Max-Forwards", "70"),
            ("Content-Type", "application/sdp"),
        ]
        invite = Message(f"INVITE {target} SIP/2.0", tuple(headers), self._sdp(), self._loop.time())
        self.dialogs[call_id] = Dialog(call_id, local, remote, target, invite)
        self._send(invite.first, headers, invite.body)
        return call_id

    def _invite_answered(self, answer: Message) -> None:
        dialog = self.dialogs.get(answer.get("Call-ID"))
        if dialog is None or answer.status < 200:
            return
        again = dialog.up
        number = int(answer.get("CSeq").split()[0])
        if again and answer.status >= 300:
            self._in_dialog("ACK", dialog, number)
            return
        if not again:
            dialog.remote = answer.get("To")
        if answer.status < 300:
            dialog.target = answer.get("Contact").strip("<>").split(">")[0]
            if found := re.search(r"m=audio (\d+)", answer.body):
                self.ears.remote = (self.server[0], int(found[1]))
            dialog.up = True
            dialog.routes = tuple(reversed(answer.all("Record-Route")))
            self._in_dialog("ACK", dialog, number)
        else:
            self._in_dialog("ACK", dialog, 1, via=dialog.invite.get("Via"))
            del self.dialogs[dialog.call_id]

    def _in_dialog(self, method: str, dialog: Dialog, cseq: int, via: str = "", body: str = "") -> None:
        described = [("Contact", self.contact), ("Content-Type", "application/sdp")] if body else []
        self._send(
            f"{method} {dialog.target} SIP/2.0",
            [
                ("Via", via or self._via()),
                ("From", dialog.local),
                ("To", dialog.remote),
                ("Call-ID", dialog.call_id),
                ("CSeq", f"{cseq} {method}"),
                ("Max-Forwards", "70"),
                *(("Route", route) for route in dialog.routes),
                *described,
            ],
            body,
        )

    async def hang_up(self) -> None:
        """BYE in every dialog of this phone, CANCEL while it only rings; waits for the exchange's 200. An answer that
        crosses the CANCEL is hung up (RFC 3261 9.1)."""
        for dialog in list(self.dialogs.values()):
            if not dialog.up:
                self._in_dialog("CANCEL", dialog, 1, via=dialog.invite.get("Via"))
                await self._accepted(dialog.call_id, "CANCEL")
                await self._answered(dialog.call_id)
            if dialog.up:
                dialog.cseq += 1
                self._in_dialog("BYE", dialog, dialog.cseq)
                await self._accepted(dialog.call_id, "BYE")
                self.dialogs.pop(dialog.call_id, None)

    async def _accepted(self, call_id: str, method: str) -> None:
        await self.wait(lambda m: m.get("Call-ID") == call_id and m.status == 200 and m.method == method)

    async def _answered(self, call_id: str) -> None:
        await self.wait(lambda m: m.get("Call-ID") == call_id and m.method == "INVITE" and m.status >= 200)
