"""Asks Asterisk's REST interface over a few kept-alive connections. Every way it can go is a named `Result`.

An answer's words go no further than its type: none are in a result, an exception or a log.
"""

from __future__ import annotations

import asyncio
import json
import time
from base64 import b64encode
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import h11

from ivr.core.news import Result
from sip.ari.request import Request

T = TypeVar("T")

FRESH_S = 10.0
"""One that was idle longer is not used again: Asterisk closes its side at `session_keep_alive`, later than this."""
READ_BYTES = 65536


@dataclass(frozen=True, slots=True)
class Address:
    """Where Asterisk's HTTP server listens, and who we are there."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)

    @property
    def authorization(self) -> str:
        return "Basic " + b64encode(f"{self.user}:{self.password}".encode()).decode()


@dataclass(frozen=True, slots=True)
class Reply(Generic[T]):
    """`value` is None unless `result` is DONE, and also when the answer did not have the promised shape."""

    result: Result
    value: T | None = None


class BrokenError(Exception):
    """The connection went away; `answered` says whether any byte of an answer had come."""

    def __init__(self, *, answered: bool) -> None:
        super().__init__()
        self.answered = answered


class Connection:
    """One kept-alive connection; one request at a time."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._http = h11.Connection(h11.CLIENT)
        self._used_at = time.monotonic()
        self.used_before = False

    @property
    def fresh(self) -> bool:
        """May be used: not closed by the other side and not idle for long."""
        return not self._reader.at_eof() and time.monotonic() - self._used_at < FRESH_S

    @property
    def reusable(self) -> bool:
        return self._http.our_state is h11.DONE and self._http.their_state is h11.DONE

    def close(self) -> None:
        self._writer.close()

    async def ask(self, head: h11.Request, body: bytes) -> tuple[int, bytes]:
        """Status and body of the answer; raises BrokenError."""
        answered = False
        try:
            if self.used_before:
                self._http.start_next_cycle()
            parts = (self._http.send(head), self._http.send(h11.Data(data=body)), self._http.send(h11.EndOfMessage()))
            self._writer.write(b"".join(part for part in parts if part))
            self.used_before = True
            status, content = 0, b""
            while True:
                event = self._http.next_event()
                if event is h11.NEED_DATA:
                    data = await self._reader.read(READ_BYTES)
                    answered = answered or bool(data)
                    self._http.receive_data(data)
                elif isinstance(event, h11.Response):
                    status = event.status_code
                elif isinstance(event, h11.Data):
                    content += event.data
                elif isinstance(event, h11.EndOfMessage):
                    self._used_at = time.monotonic()
                    return status, content
                elif isinstance(event, h11.ConnectionClosed):
                    raise BrokenError(answered=answered)
        except (OSError, h11.ProtocolError):
            raise BrokenError(answered=answered) from None


class Http:
    """At most `size` requests at once; more wait their turn, within their own time-out (seconds)."""

    def __init__(self, address: Address, *, size: int = 32, timeout_s: float = 2.0) -> None:
        self._address = address
        self._timeout_s = timeout_s
        self._turns = asyncio.Semaphore(size)
        self._idle: list[Connection] = []
        self._headers = [
            ("Host", f"{address.host}:{address.port}"),
            ("Authorization", address.authorization),
        ]

    async def ask(self, request: Request[T], *, timeout_s: float | None = None, repeatable: bool = True) -> Reply[T]:
        """Never raises for anything the outside may do.

        `repeatable`: asking twice is harmless, so it may be asked again when a kept connection turns out to have been
        closed before any byte of an answer.
        """
        try:
            async with asyncio.timeout(timeout_s or self._timeout_s), self._turns:
                status, body = await self._asked(request, repeatable)
        except TimeoutError:
            return Reply(Result.TIMEOUT)
        except (BrokenError, OSError):
            return Reply(Result.UNREACHABLE)
        result = result_of(status)
        return Reply(result, request.read(body) if result is Result.DONE else None)

    def close(self) -> None:
        while self._idle:
            self._idle.pop().close()

    async def _asked(self, request: Request[T], repeatable: bool) -> tuple[int, bytes]:
        body = b"" if request.body is None else json.dumps(request.body).encode()
        headers = [*self._headers, ("Content-Length", str(len(body)))]
        if body:
            headers.append(("Content-Type", "application/json"))
        head = h11.Request(method=request.method, target=request.target, headers=headers)
        connection = self._kept() or await self._opened()
        kept = connection.used_before
        try:
            return await self._over(connection, head, body)
        except BrokenError as broken:
            if not (kept and repeatable) or broken.answered:
                raise
        return await self._over(await self._opened(), head, body)

    async def _over(self, connection: Connection, head: h11.Request, body: bytes) -> tuple[int, bytes]:
        try:
            answer = await connection.ask(head, body)
        except BaseException:  # also when cancelled: an answer that still comes must not meet the next question
            connection.close()
            raise
        if connection.reusable:
            self._idle.append(connection)
        else:
            connection.close()
        return answer

    def _kept(self) -> Connection | None:
        while self._idle:
            connection = self._idle.pop()
            if connection.fresh:
                return connection
            connection.close()
        return None

    async def _opened(self) -> Connection:
        return Connection(*await asyncio.open_connection(self._address.host, self._address.port))


def result_of(status: int) -> Result:
    """What an HTTP status means for a command (source: the error lists in Asterisk's REST description)."""
    if 200 <= status < 300:
        return Result.DONE
    match status:
        case 404:
            return Result.GONE
        case 409:
            return Result.ALREADY
        case 412 | 422:
            return Result.NOT_NOW
        case _:
            return Result.REFUSED
