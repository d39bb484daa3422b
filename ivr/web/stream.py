"""Server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html): the feed as it grows.

Rules: the first block carries the id from which the client follows, so that one who is cut off before the first event
resumes at the right place; silence is broken by a comment, so that a dead connection is noticed by both.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Final, Protocol

from starlette.responses import Response
from starlette.types import Receive, Send
from starlette.types import Scope as AsgiScope

Event = Mapping[str, object]
HEARTBEAT_S: Final = 15.0
RETRY_MS: Final = 2000


class Feed(Protocol):
    """Events by number. `after` and `last` read the disk: called in a thread; they raise OSError."""

    def after(self, seq: int, limit: int) -> Sequence[Event]: ...
    def last(self) -> int: ...
    def follow(self, seq: int) -> AsyncGenerator[Sequence[Event], None]: ...


class EventStream(Response):
    """Runs until the client goes away or `closing` is set."""

    media_type = "text/event-stream"

    def __init__(self, feed: Feed, after: int, closing: asyncio.Event, heartbeat_s: float = HEARTBEAT_S) -> None:
        self._feed = feed
        self._after = after
        self._closing = closing
        self._heartbeat_s = heartbeat_s
        super().__init__(None, headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        self.raw_headers = [pair for pair in self.raw_headers if pair[0] != b"content-length"]

    async def __call__(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        await _send(send, f"retry: {RETRY_MS}\nid: {self._after}\n\n")
        follower = self._feed.follow(self._after)
        closing = asyncio.create_task(self._closing.wait())
        gone = asyncio.create_task(_gone(receive))
        news = asyncio.create_task(_next(follower))
        try:
            while not (closing.done() or gone.done()):
                await asyncio.wait(
                    {news, closing, gone}, timeout=self._heartbeat_s, return_when=asyncio.FIRST_COMPLETED
                )
                if news.done():
                    await _send(send, "".join(map(_block, news.result())))
                    news = asyncio.create_task(_next(follower))
                elif not (closing.done() or gone.done()):
                    await _send(send, ": still here\n\n")
        finally:
            for task in (news, closing, gone):
                task.cancel()
            await asyncio.gather(news, closing, gone, return_exceptions=True)
            await follower.aclose()
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def _block(event: Event) -> str:
    """JSON text has no line ends of its own, so one `data` line holds it."""
    return f"id: {event['id']}\nevent: {event['type']}\ndata: {json.dumps(event, ensure_ascii=False)}\n\n"


async def _next(follower: AsyncGenerator[Sequence[Event], None]) -> Sequence[Event]:
    return await anext(follower)


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _send(send: Send, text: str) -> None:
    await send({"type": "http.response.body", "body": text.encode(), "more_body": True})
