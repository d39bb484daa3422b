"""How many packets have come and gone on each leg: one question for all of them, asked over a connection of its own.

Rules: the questions are written in one piece and answered in their order (HTTP pipelining, which Asterisk's server
does); a leg that is gone is answered as None; nothing is asked twice. Read with as little as it takes: this is the one
thing that is asked for as long as people talk.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final, NamedTuple

from sip.ari.http import Address
from sip.ari.request import part

TIMEOUT_S: Final = 8.0
"""An Asterisk that stood still for a while answers late, and is not a broken one: the events' connection says which."""
AT_ONCE: Final = 100
"""So many are written in one piece: their answers fit into what the system keeps for a connection."""
READ_BYTES: Final = 1 << 18
_END: Final = b"\r\n\r\n"
_LENGTH: Final = b"\r\nContent-Length: "
_SENT: Final = b'"txcount":'
_CAME: Final = b'"rxcount":'


class Counts(NamedTuple):
    """Packets of sound on one leg since it began: `came` from its phone (dropped ones too), `went` out to it."""

    came: int
    went: int


class NoAnswerError(Exception):
    """Asterisk cannot be asked at present."""


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


class Statistics:
    def __init__(self, address: Address) -> None:
        self._address = address
        self._head = (
            f"/rtp_statistics HTTP/1.1\r\nHost: {address.host}\r\nAuthorization: {address.authorization}\r\n\r\n"
        ).encode()
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    def close(self) -> None:
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None

    async def ask(self, channels: Sequence[str]) -> list[Counts | None]:
        """In the order of `channels`. Raises NoAnswerError; then the next question opens the connection anew."""
        found: list[Counts | None] = []
        try:
            async with asyncio.timeout(TIMEOUT_S):
                for first in range(0, len(channels), AT_ONCE):
                    found += await self._asked(channels[first : first + AT_ONCE])
        except (OSError, NoAnswerError):  # a TimeoutError is an OSError
            self.close()
            raise NoAnswerError from None
        except BaseException:  # cancelled: what still comes must not be taken for the answer to the next question
            self.close()
            raise
        return found

    async def _asked(self, channels: Sequence[str]) -> list[Counts | None]:
        if self._streams is None or self._streams[0].at_eof():
            self.close()
            self._streams = await asyncio.open_connection(self._address.host, self._address.port)
        reader, writer = self._streams
        writer.write(b"".join(b"GET /ari/channels/" + part(each).encode() + self._head for each in channels))
        found: list[Counts | None] = []
        data = b""
        while len(found) < len(channels):
            more = await reader.read(READ_BYTES)
            if not more:
                raise NoAnswerError
            some, data = answers(data + more)
            found += some
        return found
