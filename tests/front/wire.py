"""One SIP request from any address of this machine, as text, and the answers to it."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

DEADLINE_S = 3.0
BODY = "v=0\r\no=4520304050 1 1 IN IP4 127.0.0.2\r\ns=x\r\nc=IN IP4 127.0.0.2\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\n"
SDP = ("Content-Type: application/sdp",)


@dataclass(slots=True)
class Wire(asyncio.DatagramProtocol):
    """A socket. `answers`: every message that came, in order."""

    server: str
    host: str = "127.0.0.9"
    port: int = 0
    answers: list[str] = field(default_factory=list)
    transport: asyncio.DatagramTransport | None = None
    came: asyncio.Event = field(default_factory=asyncio.Event)

    def datagram_received(self, data: bytes, addr: object) -> None:
        self.answers.append(data.decode("utf-8", "replace"))
        self.came.set()

    def send(self, text: str) -> None:
        host, _, port = self.server.rpartition(":")
        assert self.transport is not None
        self.transport.sendto(text.encode(), (host, int(port)))

    async def final(self, within_s: float = DEADLINE_S) -> tuple[int, float]:
        """The final answer's code (0: none) and after how many seconds it came."""
        began = time.monotonic()
        while True:
            for answer in self.answers:
                words = answer.split(" ", 2)
                if words[0] == "SIP/2.0" and int(words[1]) >= 200:
                    return int(words[1]), time.monotonic() - began
            self.came.clear()
            try:
                async with asyncio.timeout(within_s - (time.monotonic() - began)):
                    await self.came.wait()
            except TimeoutError:
                return 0, time.monotonic() - began

    def request(self, method: str, uri: str = "", *, more: Sequence[str] = (), body: str = "", **headers: str) -> str:
        """A request that begins something; `headers`: `from_`, `tag`, `call_id`, `number`, `branch`."""
        token, to = secrets.token_hex(6), uri or f"sip:{self.server}"
        lines = [
            f"{method} {to} SIP/2.0",
            f"Via: SIP/2.0/UDP {self.host}:{self.port};branch={headers.get('branch', 'z9hG4bK' + token)};rport",
            "Max-Forwards: 70",
            f"From: {headers.get('from_', f'<sip:4520304050@{self.host}>')};tag={headers.get('tag', token)}",
            f"To: <{to}>",
            f"Call-ID: {headers.get('call_id', token)}",
            f"CSeq: {headers.get('number', '1')} {method}",
            f"Contact: <sip:x@{self.host}:{self.port}>",
            *more,
            f"Content-Length: {len(body.encode())}",
        ]
        return "\r\n".join(lines) + "\r\n\r\n" + body


@asynccontextmanager
async def wire(server: str, host: str) -> AsyncIterator[Wire]:
    made = Wire(server, host)
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(lambda: made, local_addr=(host, 0))
    made.transport = transport
    made.port = transport.get_extra_info("sockname")[1]
    try:
        yield made
    finally:
        transport.close()


def bye(ok: str, host: str, port: int) -> str:
    """What ends the call that this answer has begun, along the route that it names."""
    fields = [line for line in ok.split("\r\n") if line.partition(":")[0] in ("From", "To", "Call-ID")]
    target = next(line for line in ok.split("\r\n") if line.startswith("Contact:")).split("<")[1].split(">")[0]
    routes = [line.replace("Record-Route", "Route", 1) for line in ok.split("\r\n") if line.startswith("Record-Route")]
    via = f"Via: SIP/2.0/UDP {host}:{port};branch=z9hG4bK{secrets.token_hex(6)};rport"
    lines = [f"BYE {target} SIP/2.0", via, "Max-Forwards: 70", *fields, *reversed(routes), "CSeq: 99 BYE"]
    return "\r\n".join([*lines, "Content-Length: 0", "", ""])
