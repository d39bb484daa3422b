"""Things one after another, from which others are made by one coming or going, without copying them all.

Rules: nothing is ever changed in place; things are kept in short runs, so that one more or less touches one run and the
list of runs, whatever their number. For things that are in order by themselves there is `order`.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from typing import Any, TypeVar, overload

T = TypeVar("T")

MOST = 128
"""So many things a run may hold."""


class Chain(Sequence[T]):
    """Equal to any other with the same things in the same order, and to a tuple of them."""

    __slots__ = ("_length", "_runs")

    def __init__(self, things: Iterable[T] = ()) -> None:
        some = tuple(things)
        self._runs = tuple(some[at : at + MOST] for at in range(0, len(some), MOST))
        self._length = len(some)

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[T]:
        return chain.from_iterable(self._runs)

    @overload
    def __getitem__(self, place: int) -> T: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[T, ...]: ...
    def __getitem__(self, place: int | slice) -> T | tuple[T, ...]:
        """The thing at that place, the first is 0; raises IndexError."""
        if isinstance(place, slice):
            return tuple(self)[place]
        if not -self._length <= place < self._length:
            raise IndexError(place)
        run, at = self._place(place % self._length)
        return self._runs[run][at]

    def index(self, thing: Any, start: int = 0, stop: int | None = None) -> int:
        """The first place at which it stands; raises ValueError."""
        return tuple(self).index(thing, start, self._length if stop is None else stop)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Chain):
            return self._length == other._length and (self._runs is other._runs or tuple(self) == tuple(other))
        return tuple(self) == other if isinstance(other, tuple) else NotImplemented

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        return f"Chain({tuple(self)!r})"

    def plus(self, place: int, thing: T) -> Chain[T]:
        """With this thing, which stands at that place then: 0 is the first, the length of all of them the last."""
        runs = self._runs
        if not runs:
            return _made(((thing,),), 1)
        index, at = (len(runs) - 1, len(runs[-1])) if place >= self._length else self._place(place)
        run = runs[index]
        longer = (*run[:at], thing, *run[at:])
        if len(longer) <= MOST:
            return _made((*runs[:index], longer, *runs[index + 1 :]), self._length + 1)
        # whoever comes last is followed by others who do: no half-empty runs are left behind them
        cut = MOST if at == MOST and index == len(runs) - 1 else MOST // 2
        return _made((*runs[:index], longer[:cut], longer[cut:], *runs[index + 1 :]), self._length + 1)

    def minus(self, place: int) -> Chain[T]:
        """Without what stands at that place; a run that has become short is put together with a neighbour."""
        runs = self._runs
        index, at = self._place(place)
        left = runs[index][:at] + runs[index][at + 1 :]
        first, end = index, index + 1
        if first and len(runs[first - 1]) + len(left) <= MOST:
            first, left = first - 1, runs[first - 1] + left
        if end < len(runs) and len(runs[end]) + len(left) <= MOST:
            left, end = left + runs[end], end + 1
        return _made((*runs[:first], *((left,) if left else ()), *runs[end:]), self._length - 1)

    def first_not_before(self, value: Any, key: Callable[[T], Any]) -> int:
        """The place of the first thing whose key is not less than this value; keys grow along the chain."""
        runs = self._runs
        index = bisect_left(runs, value, key=lambda run: key(run[-1]))
        if index == len(runs):
            return self._length
        return sum(map(len, runs[:index])) + bisect_left(runs[index], value, key=key)

    def _place(self, place: int) -> tuple[int, int]:
        """The run, and where in it."""
        runs = self._runs
        if place >= self._length - len(runs[-1]):
            return len(runs) - 1, place - self._length + len(runs[-1])
        for index, run in enumerate(runs):
            if place < len(run):
                return index, place
            place -= len(run)
        raise IndexError(place)


def _made(runs: tuple[tuple[T, ...], ...], length: int) -> Chain[T]:
    made: Chain[T] = Chain()
    made._runs, made._length = runs, length
    return made
