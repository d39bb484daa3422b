"""What goes wrong between the controller and the exchange, and how long things take on the way.

Rules: calm weather is the same every time: short fixed delays, all news in the order in which it happened. Rough
weather (a seed) is the same every time too, but delays differ, so that news about different callers and phones overtake
each other; news about one of them never does, because Asterisk keeps that order.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from ivr.core.commands import Command
from ivr.core.news import Result

Which = type[Command] | Callable[[Command], bool]


@dataclass(slots=True)
class Fault:
    """`happens`: the command takes effect all the same, only its answer is wrong (a time-out may be either)."""

    which: Which
    result: Result
    times: int
    happens: bool
    after_s: float

    def fits(self, command: Command) -> bool:
        if self.times <= 0:
            return False
        return isinstance(command, self.which) if isinstance(self.which, type) else self.which(command)


class Weather:
    def __init__(self, seed: int | None = None, *, typical_s: float = 0.001, worst_s: float = 0.05) -> None:
        self._rough = random.Random(seed) if seed is not None else None
        self._typical_s = typical_s
        self._worst_s = worst_s
        self._faults: list[Fault] = []
        self._latest: dict[str, float] = {}

    def fail(
        self, which: Which, result: Result, *, times: int = 1, happens: bool = False, after_s: float = 0.0
    ) -> None:
        """The next `times` commands of that kind (or that fit the question) get this answer, `after_s` later."""
        self._faults.append(Fault(which, result, times, happens, after_s))

    def fault(self, command: Command) -> Fault | None:
        for fault in self._faults:
            if fault.fits(command):
                fault.times -= 1
                return fault
        return None

    def way_s(self) -> float:
        """How long a command, or its answer, is on the way."""
        return self._typical_s if self._rough is None else self._rough.uniform(self._typical_s, self._worst_s)

    def news_in_s(self, stream: str, now_s: float) -> float:
        """How long this piece of news is on the way: never less than what happened earlier in its stream."""
        stream = stream if self._rough is not None else "all"
        due = max(now_s + self.way_s(), self._latest.get(stream, 0.0))
        self._latest[stream] = due
        return due - now_s
