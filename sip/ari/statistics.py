"""How many packets have come and gone on each leg: one question for all of them, asked over a connection of its own.

Rules: the questions are written in one piece and answered in their order (HTTP pipelining, which Asterisk's server
does); a leg that is gone is answered as None; nothing is asked twice. Read with as little as it takes: this is the one
thing that is asked for as long as people talk.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from sip.ari.http import Address
from sip.ari.request import part

TIMEOUT_S: Final = 8.0
"""An Asterisk that stood still for a while answers late, and is not a broken one: the events' connection says which."""
MANY: Final = 16
ONE_ANSWER_S: Final = 0.0002
READ_AFTER_S: Final = 0.005
"""Asterisk writes one answer after the other, and each would wake us. More than so many are read when all of them
should be there; what is not there then, a little later."""
_END: Final = b"\r\n\r\n"
_LENGTH: Final = b"\r\nContent-Length: "
_SENT: Final = b'"txcount":'
_CAME: Final = b'"rxcount":'


class Counts(NamedTuple):
    """Packets of sound on one leg since it began: `came` from its phone (dropped ones too), `went` out to it."""

    came: int
    went: int


class NoAnswerError(Exception):
    """What has come is no answer of Asterisk's server."""


Answered = Callable[[Sequence[Counts | None] | None], None]
"""Told what was counted, in the order of the question; None: Asterisk cannot be asked at present."""


def counts_of(body: bytes) -> Counts | None:
    """None: it is not an answer about packets, so there is no such leg."""
    came, went = _number(body, _CAME), _number(body, _SENT)
    return None if came is None or went is None else Counts(came, went)


def _number(body: bytes, name: bytes) -> int | None:
    place = body.find(name)
    if place < 0:
        return None
    place += len(name)
    end = body.find(b",", place)
    digits = body[place:end]
    return int(digits) if digits.isdigit() else None


def answers(data: bytes) -> tuple[list[Counts | None], bytes]:
    """Every whole answer in `data`, and what is left. Raises NoAnswerError for what no answer looks like."""
    found: list[Counts | None] = []
    begin = 0
    while (end := data.find(_END, begin)) >= 0:
        place = data.find(_LENGTH, begin, end + 2)
        if not data.startswith(b"HTTP/1.", begin) or place < 0:
            raise NoAnswerError
        place += len(_LENGTH)
        length = data[place : data.find(b"\r\n", place)]
        if not length.isdigit():
            raise NoAnswerError
        begin, body_at = end + len(_END) + int(length), end + len(_END)
        if begin > len(data):
            return found, data[data.rfind(b"HTTP/1.", 0, body_at) :]
        found.append(counts_of(data[body_at:begin]))
    return found, data[begin:]


class Statistics(asyncio.Protocol):
    """One question at a time, and no task for it: what is heard calls who has asked."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._head = (
            f"/rtp_statistics HTTP/1.1\r\nHost: {address.host}\r\nAuthorization: {address.authorization}\r\n\r\n"
        ).encode()
        self._line: asyncio.Transport | None = None
        self._opening: asyncio.Task[None] | None = None
        self._then: Answered | None = None
        self._asked: bytes = b""
        self._expected = 0
        self._found: list[Counts | None] = []
        self._rest = b""
        self._limit: asyncio.TimerHandle | None = None
        self._reads: asyncio.TimerHandle | None = None

    def question(self, channel: str) -> bytes:
        """How it is asked for this leg: to be kept for as long as it lives."""
        return b"GET /ari/channels/" + part(channel).encode() + self._head

    def ask(self, questions: Sequence[bytes], then: Answered) -> None:
        """`then` is told once, later. Not before the question before it was answered."""
        assert self._then is None, "one question at a time"
        self._then, self._expected, self._found = then, len(questions), []
        self._asked = b"".join(questions)
        loop = asyncio.get_running_loop()
        self._limit = loop.call_later(TIMEOUT_S, self._failed)
        if self._line is not None:
            self._write(self._line)
        else:
            self._opening = loop.create_task(self._open(loop))

    async def _open(self, loop: asyncio.AbstractEventLoop) -> None:
        try:
            await loop.create_connection(lambda: self, self._address.host, self._address.port)
        except OSError:
            self._failed()

    def close(self) -> None:
        """Nobody is told anything any more."""
        self._then = None
        self._failed()

    # ------------------------------------------------------------ the connection

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        if self._then is None:  # given up meanwhile
            transport.abort()
            return
        self._line = transport
        self._write(transport)

    def _write(self, line: asyncio.Transport) -> None:
        line.write(self._asked)
        if self._expected > MANY:
            line.pause_reading()
            self._read_in(READ_AFTER_S + ONE_ANSWER_S * self._expected)

    def _read_in(self, seconds: float) -> None:
        self._reads = asyncio.get_running_loop().call_later(seconds, self._read)

    def _read(self) -> None:
        self._reads = None
        if self._line is not None:
            self._line.resume_reading()

    def data_received(self, data: bytes) -> None:
        if self._then is None:
            self._failed()
            return
        try:
            found, self._rest = answers(self._rest + data)
        except NoAnswerError:
            self._failed()
            return
        self._found += found
        if len(self._found) >= self._expected:
            self._answer(self._found)
        elif self._line is not None and self._expected - len(self._found) > MANY:
            self._line.pause_reading()
            self._read_in(READ_AFTER_S)

    def connection_lost(self, exc: Exception | None) -> None:
        self._line = None
        self._failed()

    def _failed(self) -> None:
        line, self._line, self._rest = self._line, None, b""
        if self._opening is not None and not self._opening.done():
            self._opening.cancel()
        self._opening = None
        if self._reads is not None:
            self._reads.cancel()
            self._reads = None
        if line is not None:
            line.abort()
        self._answer(None)

    def _answer(self, found: Sequence[Counts | None] | None) -> None:
        then, self._then = self._then, None
        if self._limit is not None:
            self._limit.cancel()
            self._limit = None
        if then is not None:
            then(found)
