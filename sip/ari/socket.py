"""Listens to Asterisk: one WebSocket of events, connected again whenever it is lost, watched for a frozen peer.

Every connection subscribes by name to all channels and bridges: Asterisk keeps an application alive while its calls
live, and then silently ignores `subscribeAll` of the next connection. Never `deviceState:`, it can deadlock.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Final, NoReturn

import websockets
from websockets.asyncio.client import ClientConnection, connect

from ivr.core.news import Result
from sip.ari import api
from sip.ari.backoff import Backoff
from sip.ari.http import Address, Http
from sip.ari.model import EVENTS, ApplicationReplaced, Event
from sip.ari.shape import parse, read
from sip.attempt import attempt

log = logging.getLogger(__name__)

APP: Final = "voiceline"
SOURCES: Final = ("channel:", "bridge:")
HEARD: Final = (
    "StasisStart",
    "StasisEnd",
    "ChannelStateChange",
    "ChannelHangupRequest",
    "ChannelDestroyed",
    "ChannelDtmfReceived",
    "ChannelTalkingStarted",
    "ChannelTalkingFinished",
    "ChannelEnteredBridge",
    "ChannelHold",
    "ChannelUnhold",
    "PlaybackFinished",
    "ApplicationReplaced",
)
"""All that becomes news; everything else is filtered inside Asterisk."""

PING_S = 1.0
FROZEN_S = 2.0
"""No answer for this long and the peer counts as frozen: with PING_S it is noticed within three seconds."""
HELLO_S = 2.0
LEFT_BEHIND_S = 10.0
"""A connection that we gave up while Asterisk stood still is served when it goes on, perhaps after a later one, and
replaces that: for so long after the last of them, whoever has replaced us was probably ourselves."""

_silent = logging.getLogger("voiceline.websocket")
_silent.addHandler(logging.NullHandler())
_silent.propagate = False  # the library would log what came over the wire
_silent.setLevel(logging.CRITICAL + 1)


class ReplacedError(Exception):
    """Another controller took the application over: this one must not decide anything any more."""


class LostError(Exception):
    """The connection is gone or silent; it will be tried again."""


def event_of(text: str | bytes) -> Event | None:
    """What Asterisk said, as its shape; None for anything else. Never raises."""
    document = parse(text)
    if not isinstance(document, dict):
        return None
    kind = document.get("type")
    if not isinstance(kind, str) or kind not in HEARD:
        return None
    return read(EVENTS[kind], document)


@asynccontextmanager
async def closed_for_certain(socket: ClientConnection) -> AsyncIterator[ClientConnection]:
    """Says goodbye, and has closed also when cancelled while waiting for the other side's: websockets would not."""
    try:
        yield socket
    finally:
        try:
            await socket.close()
        finally:
            socket.transport.abort()


class EventSocket:
    def __init__(self, address: Address, http: Http, heard: Callable[[Event], None]) -> None:
        self._address, self._http, self._heard = address, http, heard
        self._replaced = self._refused = False
        self._doubted = asyncio.Event()
        self._gave_up_at = float("-inf")

    def doubt(self) -> None:
        """Somebody could not reach Asterisk: connect anew, so that everything is looked at again."""
        self._doubted.set()

    async def run(self, up: Callable[[], None], down: Callable[[], None]) -> NoReturn:
        """Runs until cancelled; calls `up` when subscribed and `down` when lost. Raises ReplacedError."""
        backoff = Backoff()
        while True:
            await attempt(self._session(up, down, backoff))
            if self._replaced:
                raise ReplacedError
            await asyncio.sleep(backoff.pause_s())

    async def _session(self, up: Callable[[], None], down: Callable[[], None], backoff: Backoff) -> None:
        """From one try to connect until it has failed or the connection is lost."""
        connected = False
        try:
            async with closed_for_certain(await self._opened()) as socket, asyncio.TaskGroup() as both:
                both.create_task(self._listen(socket))
                await self._subscribe()
                backoff.connected()
                connected, self._refused = True, False
                self._doubted.clear()  # what was doubted until here is looked at now; not what is doubted from here on
                up()
                both.create_task(self._probe())
        except* websockets.InvalidStatus as refusals:
            self._say_why(refusals)
        except* (LostError, OSError, websockets.WebSocketException):
            pass  # also TimeoutError, which is an OSError
        finally:
            if connected:
                down()

    def _say_why(self, refusals: BaseExceptionGroup[websockets.InvalidStatus]) -> None:
        """Only what a person must put right: while Asterisk boots it refuses too, with other numbers."""
        forbidden = any(
            isinstance(each, websockets.InvalidStatus) and each.response.status_code in (401, 403)
            for each in refusals.exceptions
        )
        if forbidden and not self._refused:
            log.error("Asterisk's REST interface refuses us; its password and ours differ")
            self._refused = True

    async def _opened(self) -> ClientConnection:
        try:
            return await self._connection()
        except TimeoutError:
            self._gave_up_at = time.monotonic()
            raise

    def _connection(self) -> connect:
        address = self._address
        target = api.events_event_websocket(app=[APP], subscribe_all=False).target
        return connect(
            f"ws://{address.host}:{address.port}{target}",
            additional_headers={"Authorization": address.authorization},
            compression=None,
            proxy=None,
            user_agent_header=None,
            open_timeout=HELLO_S,
            close_timeout=0.2,
            ping_interval=PING_S,
            ping_timeout=FROZEN_S,
            logger=_silent,
        )

    async def _listen(self, socket: ClientConnection) -> NoReturn:
        async for text in socket:
            event = event_of(text)
            if isinstance(event, ApplicationReplaced):
                self._replaced = time.monotonic() - self._gave_up_at > LEFT_BEHIND_S
                break
            if event is not None:
                self._heard(event)
        raise LostError

    async def _subscribe(self) -> None:
        wanted = {"allowed": [{"type": kind} for kind in HEARD]}
        for request in (
            api.applications_filter(APP, filter=wanted),
            api.applications_subscribe(APP, event_source=SOURCES),
        ):
            if (await self._http.ask(request, timeout_s=HELLO_S)).result is not Result.DONE:
                raise LostError

    async def _probe(self) -> NoReturn:
        """A socket may answer pings while the rest of Asterisk hangs, or while nothing is sent to it any more."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(PING_S):
                    await self._doubted.wait()
                raise LostError
            if (await self._http.ask(api.applications_get(APP), timeout_s=FROZEN_S)).result is not Result.DONE:
                raise LostError
