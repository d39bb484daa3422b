"""Things in their order, from which others are made by one coming or going, without copying them all.

Rules: nothing is ever changed in place; things are kept in short runs, so that one more or less touches one run and the
list of runs, whatever their number; a run that has become short is put together with a neighbour.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from operator import itemgetter
from typing import Any, TypeVar

T = TypeVar("T", bound=tuple[Any, ...])
Order = tuple[tuple[T, ...], ...]
"""Runs of sorted things, each once; no run is empty. Read with `itertools.chain.from_iterable`."""

MOST = 64
"""So many things a run may hold."""
LAST = itemgetter(-1)


def order_of(things: Iterable[T]) -> Order[T]:
    some = tuple(sorted(things))
    return tuple(some[at : at + MOST] for at in range(0, len(some), MOST))


def plus(runs: Order[T], thing: T) -> Order[T]:
    """With this thing, which is not there."""
    if not runs:
        return ((thing,),)
    place = min(bisect_left(runs, thing, key=LAST), len(runs) - 1)
    run = runs[place]
    at = bisect_left(run, thing)
    longer = (*run[:at], thing, *run[at:])
    if len(longer) <= MOST:
        return (*runs[:place], longer, *runs[place + 1 :])
    # who comes last of all is followed by others who do: no half-empty runs are left behind them
    cut = MOST if at == MOST and place == len(runs) - 1 else MOST // 2
    return (*runs[:place], longer[:cut], longer[cut:], *runs[place + 1 :])


def minus(runs: Order[T], thing: T) -> Order[T]:
    """Without this thing. Raises KeyError when it is not there."""
    place = bisect_left(runs, thing, key=LAST) if len(runs) > 1 else 0
    run = runs[place] if place < len(runs) else ()
    at = bisect_left(run, thing)
    if at == len(run) or run[at] != thing:
        raise KeyError(thing)
    left = run[:at] + run[at + 1 :]
    first, end = place, place + 1
    if place and len(runs[place - 1]) + len(left) <= MOST:
        first, left = place - 1, runs[place - 1] + left
    if end < len(runs) and len(runs[end]) + len(left) <= MOST:
        left, end = left + runs[end], end + 1
    return (*runs[:first], left, *runs[end:]) if left else (*runs[:first], *runs[end:])
