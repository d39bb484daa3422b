"""A house to ask: a feed and records in memory, an application, and a client that speaks ASGI with it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from starlette.types import ASGIApp, Message

from ivr.web.app import Parts, make_app
from ivr.web.board import Because, Board, LineBoard

NOW = datetime(2026, 3, 1, 18, 0, tzinfo=UTC)
EVENTS, CALLS, ADMIN = "token-for-events", "token-for-calls", "token-for-all"
TOKENS = {EVENTS: {"events:read"}, CALLS: {"calls:read"}, ADMIN: {"admin"}}
DEADLINE_S = 10.0


class FakeFeed:
    """Events numbered from 1."""

    def __init__(self, events: int = 0) -> None:
        self.events = events
        self.followers = 0
        self._more = asyncio.Condition()

    def after(self, seq: int, limit: int) -> Sequence[Mapping[str, object]]:
        return [event(number) for number in range(seq + 1, min(self.events, seq + limit) + 1)]

    def last(self) -> int:
        return self.events

    async def follow(self, seq: int) -> AsyncGenerator[Sequence[Mapping[str, object]], None]:
        self.followers += 1
        try:
            while True:
                async with self._more:
                    while self.events <= seq:
                        await self._more.wait()
                found = self.after(seq, 3)
                seq += len(found)
                yield found
        finally:
            self.followers -= 1

    async def happen(self, count: int = 1) -> None:
        async with self._more:
            self.events += count
            self._more.notify_all()


def event(number: int) -> dict[str, object]:
    return {"id": str(number), "type": "voiceline.call_started", "data": {"prompt": "æ\nø"}}


class FakeRecords:
    def __init__(self) -> None:
        self.asked: list[tuple[object, ...]] = []
        self.sick: Exception | None = None

    def calls(
        self, since: datetime | None, until: datetime | None, line: str | None, limit: int
    ) -> Sequence[Mapping[str, object]]:
        self._ask(since, until, line, limit)
        return [{"call": f"c{number}"} for number in range(min(limit, 5))]

    def missed(self, first: date, last: date, line: str | None) -> Mapping[str, object]:
        self._ask(first, last, line)
        if last < first:
            raise ValueError("the last day lies before the first; swap them")
        return {"from": first.isoformat()}

    def _ask(self, *asked: object) -> None:
        if self.sick is not None:
            raise self.sick
        self.asked.append(asked)


@dataclass
class House:
    feed: FakeFeed = field(default_factory=lambda: FakeFeed(20))
    records: FakeRecords = field(default_factory=FakeRecords)
    ready: bool = True
    closing: asyncio.Event = field(default_factory=asyncio.Event)

    def board(self) -> Board:
        line = LineBoard("bornetelefonen", "BørneTelefonen", "116111", True, "day", Because.HOURS, NOW, 2, 3, 4)
        return Board(self.ready, NOW, "127.0.0.1:5060", (line,))

    def status(self) -> Mapping[str, object]:
        return {"volunteers": ["anna"], "now": NOW}

    def tokens(self, token: str) -> Collection[str]:
        return TOKENS.get(token, ())

    def app(self, hosts: Collection[str] = ()) -> ASGIApp:
        parts = Parts(self.feed, self.records, self.status, self.board, self.tokens)
        return make_app(parts, hosts=hosts, closing=self.closing)


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def get(
    app: ASGIApp,
    target: str,
    token: str | None = None,
    *,
    host: str = "127.0.0.1:8080",
    client: str = "127.0.0.1",
    method: str = "GET",
    **headers: str,
) -> Answer:
    """One request, asked and answered without a socket."""
    return asyncio.run(asked(app, target, token, host=host, client=client, method=method, **headers))


async def asked(
    app: ASGIApp, target: str, token: str | None = None, *, host: str, client: str, method: str, **headers: str
) -> Answer:
    path, _, query = target.partition("?")
    given = {"host": host, **({} if token is None else {"authorization": f"Bearer {token}"}), **headers}
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": query.encode("utf-8", "surrogatepass"),
        "headers": [(n.replace("_", "-").encode(), v.encode("latin-1")) for n, v in given.items()],
        "client": (client, 50_000),
        "server": ("127.0.0.1", 8080),
    }
    sent: list[Message] = []
    inbox: asyncio.Queue[Message] = asyncio.Queue()
    inbox.put_nowait({"type": "http.request", "body": b"", "more_body": False})

    async def send(message: Message) -> None:
        sent.append(message)

    async with asyncio.timeout(DEADLINE_S):
        await app(scope, inbox.get, send)
    start, *bodies = sent
    found = {name.decode(): value.decode() for name, value in start["headers"]}
    return Answer(start["status"], found, b"".join(message.get("body", b"") for message in bodies))
