"""A small typed client of the manager interface.

Rules: nothing is kept for later - an action that cannot be sent now fails now, and none is repeated after an outage (a
late redirect would tear a talk apart); every action has a time-out; a peer that no longer answers is noticed within
three seconds; the words of an answer go no further than a `Result`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import count
from typing import Final, NoReturn

from ivr.core.news import Result
from sip.ami.wire import LIMIT_BYTES, Fields, NotAmiError, block, next_block, next_line
from sip.ari.backoff import Backoff
from sip.attempt import attempt

log = logging.getLogger(__name__)

PING_S: Final = 1.0
FROZEN_S: Final = 2.0
CLASSES: Final = "system,user"
"""The classes of events that are listened to: who registers, and what our own dialplan says."""
NONE: Final[Fields] = {}
LOGIN: Final = "Login"
UNHEARD: Final = "-"
"""The number of actions whose answer nobody waits for."""
NO_CHANNEL: Final = ("No such channel", "Channel does not exist", "Channel not specified")


@dataclass(frozen=True, slots=True)
class AmiAddress:
    host: str
    port: int
    user: str
    secret: str = field(repr=False)


@dataclass(slots=True)
class Waiting:
    """An action on its way: what has come for it, and who waits."""

    answer: asyncio.Future[tuple[Fields, ...]]
    parts: list[Fields] = field(default_factory=list)


class Ami:
    def __init__(self, address: AmiAddress, *, timeout_s: float = 2.0) -> None:
        self._address, self._timeout_s = address, timeout_s
        self._numbers = count(1)
        self._waiting: dict[str, Waiting] = {}
        self._writer: asyncio.StreamWriter | None = None
        self._known = False
        """Logged in: before that nothing else is asked."""
        self._refused = False
        self._heard: list[Callable[[Fields], None]] = []

    def on_event(self, heard: Callable[[Fields], None]) -> None:
        """Called for every event of `CLASSES` and for nothing else, in order."""
        self._heard.append(heard)

    # ------------------------------------------------------------------ the connection

    async def run(self, up: Callable[[], None], down: Callable[[], None]) -> NoReturn:
        """Runs until cancelled; calls `up` after each login and `down` when the connection is lost."""
        backoff = Backoff()
        while True:
            try:
                await attempt(self._session(up, down, backoff))
            except* (OSError, NotAmiError):
                pass  # also TimeoutError and ConnectionError, which are OSErrors
            await asyncio.sleep(backoff.pause_s())

    async def _session(self, up: Callable[[], None], down: Callable[[], None], backoff: Backoff) -> None:
        async with asyncio.timeout(self._timeout_s):
            reader, writer = await asyncio.open_connection(self._address.host, self._address.port, limit=LIMIT_BYTES)
        connected = False
        try:
            async with asyncio.TaskGroup() as both:
                self._writer = writer
                both.create_task(self._read(reader))
                await self._login()
                backoff.connected()
                connected = self._known = True
                up()
                both.create_task(self._watch())
        finally:
            self._writer, self._known = None, False
            writer.close()
            for waiting in self._waiting.values():
                if not waiting.answer.done():
                    waiting.answer.set_exception(ConnectionResetError())
            self._waiting.clear()
            if connected:
                down()

    async def _login(self) -> None:
        fields = {"Username": self._address.user, "Secret": self._address.secret, "Events": CLASSES}
        result = await self.act(LOGIN, fields)
        if result is not Result.DONE:
            if result is Result.REFUSED and not self._refused:
                log.error("Asterisk's manager interface refuses our login; its secret and ours differ")
                self._refused = True
            raise ConnectionRefusedError
        self._refused = False

    async def _watch(self) -> NoReturn:
        while True:
            await asyncio.sleep(PING_S)
            if await self.act("Ping", timeout_s=FROZEN_S) is not Result.DONE:
                raise ConnectionResetError

    async def _read(self, reader: asyncio.StreamReader) -> NoReturn:
        async with asyncio.timeout(self._timeout_s):
            if not (await next_line(reader)).startswith(b"Asterisk Call Manager/"):
                raise NotAmiError
        while True:
            fields = await next_block(reader)
            if "ActionID" in fields:
                self._answered(fields)
            elif "Event" in fields:
                for heard in self._heard:
                    heard(fields)

    def _answered(self, fields: Fields) -> None:
        waiting = self._waiting.get(fields["ActionID"])
        if waiting is None or waiting.answer.done():
            return
        waiting.parts.append(fields)
        opens = fields.get("EventList", "").lower() == "start"
        inside = len(waiting.parts) > 1 and fields.get("EventList", "").lower() not in ("complete", "cancelled")
        if not opens and not inside:
            waiting.answer.set_result(tuple(waiting.parts))

    # ------------------------------------------------------------------ actions

    def tell(self, actions: Iterable[tuple[str, Fields]]) -> None:
        """Many at once, in this order and before everything sent later; nobody waits for how they went."""
        if self._writer is not None and self._known:
            self._writer.write(b"".join(block(action, UNHEARD, fields) for action, fields in actions))

    async def ask(self, action: str, fields: Fields, timeout_s: float | None = None) -> tuple[Fields, ...] | Result:
        """The answer and, for a list, its parts; or why there is none (TIMEOUT, UNREACHABLE)."""
        if self._writer is None or not (self._known or action == LOGIN):
            return Result.UNREACHABLE
        number = str(next(self._numbers))
        waiting = self._waiting[number] = Waiting(asyncio.get_running_loop().create_future())
        try:
            self._writer.write(block(action, number, fields))
            async with asyncio.timeout(timeout_s or self._timeout_s):
                return await waiting.answer
        except TimeoutError:
            return Result.TIMEOUT
        except OSError:
            return Result.UNREACHABLE
        finally:
            self._waiting.pop(number, None)

    async def act(self, action: str, fields: Fields = NONE, timeout_s: float | None = None) -> Result:
        """Never raises for anything the outside may do."""
        answer = await self.ask(action, fields, timeout_s)
        return answer if isinstance(answer, Result) else result_of(answer[0])

    async def set_variable(self, channel: str, name: str, value: str) -> Result:
        """On a channel, by its unique id or name; works while a prompt plays, which the REST interface does not."""
        return await self.act("Setvar", {"Channel": channel, "Variable": name, "Value": value})

    async def set_global(self, name: str, value: str) -> Result:
        return await self.act("Setvar", {"Variable": name, "Value": value})

    async def get_global(self, name: str) -> str:
        """Empty when there is none, or when it cannot be asked."""
        return await self._get({"Variable": name})

    async def get_variable(self, channel: str, name: str) -> str:
        """Of a channel; empty when there is none, or when it cannot be asked."""
        return await self._get({"Channel": channel, "Variable": name})

    async def _get(self, fields: Fields) -> str:
        answer = await self.ask("Getvar", fields)
        return "" if isinstance(answer, Result) else answer[0].get("Value", "")

    async def redirect(self, channel: str, context: str, extension: str) -> Result:
        place = {"Context": context, "Exten": extension, "Priority": "1"}
        return await self.act("Redirect", {"Channel": channel, **place})

    async def hang_up(self, channel: str, cause: int) -> Result:
        return await self.act("Hangup", {"Channel": channel, "Cause": str(cause)})

    async def queue_add(self, queue: str, interface: str, *, name: str, penalty: int = 0) -> Result:
        """ALREADY when it is a member. `name` is what the queue's own records call it."""
        member = {"Interface": interface, "MemberName": name, "Penalty": str(penalty)}
        return await self.act("QueueAdd", {"Queue": queue, **member})

    async def queue_remove(self, queue: str, interface: str) -> Result:
        """GONE when it is not a member."""
        return await self.act("QueueRemove", {"Queue": queue, "Interface": interface})


def result_of(answer: Fields) -> Result:
    if answer.get("Response") in ("Success", "Goodbye"):
        return Result.DONE
    words = answer.get("Message", "")
    if words.startswith(NO_CHANNEL) or "Not there" in words or "not in queue" in words.lower():
        return Result.GONE
    if "Already there" in words:
        return Result.ALREADY
    return Result.REFUSED
