"""The HTTP side: an API for programs, one page for people. It decides nothing, and waits for the disk in threads."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, Protocol

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Send
from starlette.types import Scope as AsgiScope

from ivr.web import board as boards
from ivr.web import page
from ivr.web.access import LOOPBACK_NAMES, Scope, TokenCheck, known_host, need, need_this_machine
from ivr.web.board import Board
from ivr.web.params import Params
from ivr.web.stream import EventStream, Feed

log = logging.getLogger(__name__)

MOST_STREAMS: Final = 64
_NUMBERS_MOST: Final = 10**18
_SENTENCES = {
    404: "there is nothing at this address; the page at / says what there is",
    405: "this address is for reading only; use GET",
}


class Records(Protocol):
    """Reports as JSON objects. Reads the disk: called in a thread; raises OSError, and ValueError with a sentence."""

    def calls(
        self, since: datetime | None, until: datetime | None, line: str | None, limit: int
    ) -> Sequence[Mapping[str, object]]: ...
    def missed(self, first: date, last: date, line: str | None) -> Mapping[str, object]: ...


@dataclass(frozen=True, slots=True)
class Parts:
    """What the pages need from the house. `status` is the answer of `ivr status --json`; `board` holds counts only."""

    feed: Feed
    records: Records
    status: Callable[[], Mapping[str, object]]
    board: Callable[[], Board]
    tokens: TokenCheck


def make_app(parts: Parts, *, hosts: Collection[str] = (), closing: asyncio.Event | None = None) -> ASGIApp:
    """The ASGI application. `hosts`: further names by which it may be asked for; `closing`: ends the open streams."""
    pages = _Pages(parts, closing or asyncio.Event())
    app = Starlette(
        routes=[
            Route("/", pages.page),
            Route("/board.json", pages.board),
            Route("/healthz", pages.alive),
            Route("/readyz", pages.ready),
            Route("/api/events", pages.events),
            Route("/api/events/stream", pages.stream),
            Route("/api/calls", pages.calls),
            Route("/api/status", pages.status),
            Route("/api/reports/missed", pages.missed),
        ],
        exception_handlers={HTTPException: _refused, OSError: _unreadable, Exception: _broken},
    )
    return _Door(app, LOOPBACK_NAMES | {name.lower() for name in hosts})


class _Pages:
    def __init__(self, parts: Parts, closing: asyncio.Event) -> None:
        self._parts = parts
        self._closing = closing
        self._streams = 0

    async def page(self, request: Request) -> Response:
        need_this_machine(request)
        Params(request, ())
        return Response(page.HTML, media_type="text/html", headers={"Content-Security-Policy": page.CSP})

    async def board(self, request: Request) -> Response:
        need_this_machine(request)
        Params(request, ())
        return _json(boards.as_json(self._parts.board()))

    async def alive(self, request: Request) -> Response:
        return _json({"alive": True})

    async def ready(self, request: Request) -> Response:
        if self._parts.board().ready:
            return _json({"ready": True})
        return _json({"ready": False, "error": "a call now would not be served; `ivr status` says why"}, 503)

    async def events(self, request: Request) -> Response:
        await need(request, self._parts.tokens, Scope.EVENTS)
        params = Params(request, ("after", "limit"))
        after, limit = params.whole("after", 0, 0, _NUMBERS_MOST - 1), params.whole("limit", 100, 1, 1000)
        found = await asyncio.to_thread(self._parts.feed.after, after, limit)
        return _json(found, media_type="application/cloudevents-batch+json")

    async def stream(self, request: Request) -> Response:
        await need(request, self._parts.tokens, Scope.EVENTS)
        after = await self._resume_at(request)
        if self._streams >= MOST_STREAMS:
            raise HTTPException(503, "too many streams are open; close one, or ask /api/events from time to time")
        if request.method == "HEAD":
            return Response(media_type=EventStream.media_type)
        return _Counted(self, EventStream(self._parts.feed, after, self._closing))

    async def calls(self, request: Request) -> Response:
        await need(request, self._parts.tokens, Scope.CALLS)
        params = Params(request, ("since", "until", "line", "limit"))
        limit = params.whole("limit", 1000, 1, 10_000)
        asked = (params.moment("since"), params.moment("until"), params.line(), limit + 1)
        try:
            found = await asyncio.to_thread(self._parts.records.calls, *asked)
        except ValueError as wrong:
            raise HTTPException(400, str(wrong)) from None
        return _json({"calls": found[:limit], "more": len(found) > limit})

    async def status(self, request: Request) -> Response:
        await need(request, self._parts.tokens, Scope.CALLS)
        Params(request, ())
        return _json(self._parts.status())

    async def missed(self, request: Request) -> Response:
        await need(request, self._parts.tokens, Scope.CALLS)
        params = Params(request, ("from", "to", "line"))
        first, last, line = params.day("from"), params.day("to"), params.line()
        try:
            return _json(await asyncio.to_thread(self._parts.records.missed, first, last, line))
        except ValueError as wrong:
            raise HTTPException(400, str(wrong)) from None

    async def _resume_at(self, request: Request) -> int:
        """`Last-Event-ID` goes first: a browser sends it with the address it was first given."""
        params = Params(request, ("after",))
        given = request.headers.get("last-event-id")
        if given is not None:
            if not (given.isascii() and given.isdecimal() and len(given) <= 18):
                raise HTTPException(400, "Last-Event-ID must be the id of an event, a whole number")
            return int(given)
        after = params.whole("after", -1, 0, _NUMBERS_MOST - 1)
        return after if after >= 0 else await asyncio.to_thread(self._parts.feed.last)

    async def counted(self, response: Response, scope: AsgiScope, receive: Receive, send: Send) -> None:
        self._streams += 1
        try:
            await response(scope, receive, send)
        finally:
            self._streams -= 1


class _Counted(Response):
    def __init__(self, pages: _Pages, inner: Response) -> None:
        super().__init__()
        self._pages = pages
        self._inner = inner

    async def __call__(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        await self._pages.counted(self._inner, scope, receive, send)


class _Door:
    """Everything passes here: the Host header is looked at, every answer forbids what a browser need not do, and a
    mistake of ours ends here."""

    def __init__(self, app: ASGIApp, hosts: Collection[str]) -> None:
        self._app = app
        self._hosts = hosts

    async def __call__(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return

        async def send_out(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = {name for name, _ in message["headers"]}
                message["headers"] = [*message["headers"], *(pair for pair in _GUARDS if pair[0] not in given)]
            await send(message)

        given = [value for name, value in scope["headers"] if name == b"host"]
        if len(given) != 1 or not known_host(given[0].decode("latin-1"), self._hosts):
            sentence = "this server is not asked for by that name; use http://127.0.0.1 with its port"
            await _json({"error": sentence}, 421)(scope, receive, send_out)
            return
        try:
            await self._app(scope, receive, send_out)
        except Exception as wrong:  # a mistake of ours, answered by `_broken`: the controller lives
            log.error("a web answer failed", extra={"keys": {"wrong": type(wrong).__name__}})  # noqa: TRY400


_GUARDS = (
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
)


def _json(
    document: object, status: int = 200, headers: Mapping[str, str] | None = None, media_type: str = "application/json"
) -> Response:
    body = json.dumps(document, ensure_ascii=False, separators=(",", ":"), default=_plain).encode()
    return Response(body, status, headers, media_type)


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


async def _refused(request: Request, wrong: Exception) -> Response:
    assert isinstance(wrong, HTTPException)
    sentence = _SENTENCES.get(wrong.status_code, wrong.detail)
    return _json({"error": sentence}, wrong.status_code, wrong.headers)


async def _broken(request: Request, wrong: Exception) -> Response:
    return _json({"error": "this failed on our side; the log of the controller has it"}, 500)


async def _unreadable(request: Request, wrong: Exception) -> Response:
    log.error("the log cannot be read", extra={"keys": {"wrong": type(wrong).__name__}})
    return _json({"error": "the log cannot be read now; `ivr status` says what is wrong"}, 503)
