"""An asyncio loop that lives in virtual time: whatever it would wait for is there at once, in the right order.

So the real engine, with its time-outs, workers and timers, runs a whole evening of calls in milliseconds, and the same
way every time. Rules: time jumps only when nothing is left to do; a program that would wait for ever is told so.
Not for code that waits for threads or sockets: time would run away from those.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, TypeVar

from tests.fakes.clock import VirtualClock

T = TypeVar("T")

Ready = list[tuple[selectors.SelectorKey, int]]

PATIENCE_S = 2.0
"""Real seconds that a thread gets to report back before we say that nothing will ever happen."""


class NothingWillHappen(RuntimeError):
    """Every task waits and nothing is due any more: a dead lock, or a wait without a deadline."""


class _Jumping(selectors.BaseSelector):
    """A selector that moves the clock instead of waiting."""

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock
        self._real = selectors.DefaultSelector()

    def select(self, timeout: float | None = None) -> Ready:
        ready = self._real.select(0)
        if ready or (timeout is not None and timeout <= 0):
            return ready
        due = self._clock.next_at()
        wanted = None if timeout is None else self._clock.monotonic() + timeout
        if due is not None and (wanted is None or due <= wanted):
            self._clock.step()
        elif wanted is not None:
            self._clock.jump(wanted)
        else:
            ready = self._real.select(PATIENCE_S)
            if not ready:
                raise NothingWillHappen("every task waits, and nothing is due any more")
        return ready

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return self._real.register(fileobj, events, data)

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        return self._real.unregister(fileobj)

    def modify(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return self._real.modify(fileobj, events, data)

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        return self._real.get_map()

    def close(self) -> None:
        self._real.close()


class VirtualLoop(asyncio.SelectorEventLoop):
    def __init__(self, clock: VirtualClock) -> None:
        self._virtual = clock
        super().__init__(_Jumping(clock))

    def time(self) -> float:
        return self._virtual.monotonic()


def loops_on(clock: VirtualClock) -> Callable[[], asyncio.AbstractEventLoop]:
    """A loop factory for `asyncio.Runner` and for the anyio test plugin (`{"loop_factory": ...}`)."""
    return lambda: VirtualLoop(clock)


def run(main: Coroutine[Any, Any, T], clock: VirtualClock) -> T:
    """Like `asyncio.run`, in the time of this clock."""
    with asyncio.Runner(loop_factory=loops_on(clock)) as runner:
        return runner.run(main)
