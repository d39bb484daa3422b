"""What a contract test needs from an exchange, whichever it is, and the exchanges there are.

To add one (the real Asterisk, say): write a class with what `Rig` names, an async context manager that opens and closes
it, and a `Kind` in `KINDS`. Rules: a rig calls nothing from inside the exchange that a test could mistake for its
behaviour; when it closes, nothing of it lives on.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import pytest

from ivr.app.ports import Exchange
from ivr.core.feature import Feature
from ivr.core.ids import CallId, LineId, PromptId, RingId, VolunteerId
from ivr.core.news import CallArrived, News
from tests.fakes.clock import VirtualClock
from tests.fakes.exchange import PROMPTS, FakeExchange
from tests.fakes.loop import loops_on
from tests.fakes.phones import Behaviour, Sends, Unregistered

N = TypeVar("N", bound=News)


class NewsLog:
    """All news in the order in which it came. Its `take` is given to the exchange."""

    def __init__(self) -> None:
        self.all: list[News] = []
        self._came = asyncio.Event()

    def take(self, news: News) -> None:
        self.all.append(news)
        self._came.set()

    def about(self, kind: type[N], **is_: object) -> list[N]:
        """Everything of that kind so far whose fields are as given, e.g. `about(RingGone, ring=ring)`."""
        return [
            news
            for news in self.all
            if isinstance(news, kind) and all(getattr(news, name) == value for name, value in is_.items())
        ]

    async def until(self, kind: type[N], within_s: float = 5.0, **is_: object) -> N:
        """The first of that kind; if it has not come yet, wait for it that long, then fail and say what came."""
        return (await self.until_several(1, kind, within_s, **is_))[0]

    async def until_several(self, how_many: int, kind: type[N], within_s: float = 5.0, **is_: object) -> list[N]:
        try:
            async with asyncio.timeout(within_s):
                while len(found := self.about(kind, **is_)) < how_many:
                    self._came.clear()
                    await self._came.wait()
        except TimeoutError:
            came = ", ".join(type(news).__name__ for news in self.all)
            pytest.fail(f"no {kind.__name__} {is_} within {within_s} s; what came: {came or 'nothing'}")
        return found


class Caller(Protocol):
    """Somebody who has called and arrived."""

    @property
    def id(self) -> CallId: ...
    async def presses(self, digit: str) -> None: ...
    async def hangs_up(self) -> None: ...
    async def sends(self, what: Sends, *, mends: bool = False) -> None:
        """From now on, in the talk that they have; `mends`: what goes astray is heard again after a re-INVITE."""
        ...


class Rig(Protocol):
    """An exchange with phones around it. All prompts are of the language `language`."""

    @property
    def exchange(self) -> Exchange: ...
    @property
    def log(self) -> NewsLog: ...
    @property
    def line(self) -> LineId:
        """A line that can be called."""
        ...

    @property
    def volunteers(self) -> tuple[VolunteerId, VolunteerId]:
        """Two who have an account; nobody else has."""
        ...

    @property
    def language(self) -> str: ...
    @property
    def prompts(self) -> tuple[tuple[PromptId, float], tuple[PromptId, float]]:
        """Two prompts that have a sound, with their lengths: the first 1-3 s, the second 3-8 s long."""
        ...

    async def caller(self, line: LineId) -> Caller:
        """Call; returns when the arrival has been told (not answered yet)."""
        ...

    async def phone(self, volunteer: VolunteerId, behaviour: Behaviour) -> None:
        """Give the volunteer a phone that behaves so; returns when the exchange knows it (or that it is not there)."""
        ...

    async def dials(self, volunteer: VolunteerId, feature: Feature) -> None:
        """Their phone, which is there, dials this code."""
        ...

    def times_heard(self, who: CallId | RingId, prompt: PromptId) -> int:
        """How often the caller, or the volunteer of that ring, has heard this prompt so far: one of `prompts`, or of
        the words of answers by key. The only caller, and the only phone that was picked up."""
        ...

    def hears_music(self, call: CallId) -> bool:
        """Whether the caller, the only one, hears music at present."""
        ...

    def keys_heard(self, who: CallId | RingId) -> int:
        """How many keys were sounded to them so far. The only caller, and the only phone that was picked up."""
        ...


@dataclass(frozen=True, slots=True)
class Kind:
    name: str
    open: Callable[[Any], AbstractAsyncContextManager[Rig]]
    """Called with what `loop` gave, once per test."""
    loop: Callable[[], tuple[Any, Callable[[], asyncio.AbstractEventLoop] | None]]
    """Called before each test: something for `open`, and the loop to run on (None: an ordinary one)."""
    marks: tuple[pytest.MarkDecorator, ...] = ()


# ---------------------------------------------------------------- the fake


@dataclass(frozen=True, slots=True)
class FakeCaller:
    exchange: FakeExchange
    id: CallId

    async def presses(self, digit: str) -> None:
        self.exchange.presses(self.id, digit)

    async def hangs_up(self) -> None:
        self.exchange.hangs_up(self.id)

    async def sends(self, what: Sends, *, mends: bool = False) -> None:
        self.exchange.sends(self.id, what, mends=mends)


class FakeRig:
    line = LineId("bornetelefonen")
    volunteers = (VolunteerId("anna"), VolunteerId("bo"))
    language = "da"
    prompts = ((PromptId("i-ko"), PROMPTS[PromptId("i-ko")]), (PromptId("lukket"), PROMPTS[PromptId("lukket")]))

    def __init__(self, clock: VirtualClock) -> None:
        self.log = NewsLog()
        self.exchange = FakeExchange(clock, self.log.take)
        for volunteer in self.volunteers:
            self.exchange.phone(volunteer, Unregistered())

    async def caller(self, line: LineId) -> FakeCaller:
        call = self.exchange.caller(line)
        await self.log.until(CallArrived, call=call)
        return FakeCaller(self.exchange, call)

    async def phone(self, volunteer: VolunteerId, behaviour: Behaviour) -> None:
        self.exchange.phone(volunteer, behaviour)

    async def dials(self, volunteer: VolunteerId, feature: Feature) -> None:
        self.exchange.dials_code(volunteer, feature)

    def times_heard(self, who: CallId | RingId, prompt: PromptId) -> int:
        return self.exchange.told(who).count(f"prompt {prompt}")

    def hears_music(self, call: CallId) -> bool:
        return self.exchange.told(call)[-1] == "music"

    def keys_heard(self, who: CallId | RingId) -> int:
        caller = self.exchange.floor.callers.get(CallId(who))
        return self.exchange.floor.legs[RingId(who)].keyed if caller is None else caller.keyed


@asynccontextmanager
async def fake(clock: VirtualClock) -> AsyncIterator[Rig]:
    yield FakeRig(clock)


def virtual() -> tuple[VirtualClock, Callable[[], asyncio.AbstractEventLoop]]:
    clock = VirtualClock()
    return clock, loops_on(clock)


# ---------------------------------------------------------------- the real one


@asynccontextmanager
async def asterisk(_given: object) -> AsyncIterator[Rig]:
    from tests.sip.house import open_rig, shared_house

    async with open_rig(await asyncio.to_thread(shared_house)) as rig:
        yield rig


KINDS: tuple[Kind, ...] = (
    Kind("fake", fake, virtual),
    Kind("asterisk", asterisk, lambda: (None, None), (pytest.mark.asterisk,)),
)
