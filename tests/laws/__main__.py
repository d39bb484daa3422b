"""`python -m tests.laws days`, `steps` and `orders`: the laws for as long as there is time."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from functools import partial
from itertools import islice
from time import monotonic

import click
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from ivr.core import switchboard
from tests.laws.days import live_through
from tests.laws.machine import DayOfSteps
from tests.laws.permuted import drawn, fewest, permute
from tests.laws.shorter import shortened, story
from tests.laws.starts import STARTS
from tests.laws.trace import LawBroken

CHUNK = 50
DRAWN_TOGETHER = 500
"""Days that `hypothesis` draws in one go; the first tenth of them it draws small."""
LAST_WORDS = 6000
"""Of a broken law, so many characters of how it came to it."""

Done = tuple[int, int, int | None]
"""How many were tried, how much was in them, and the number of the first that broke a law."""


def some_days(first: int, count: int) -> Done:
    """How many, the moments in them, the first that broke a law."""
    return some(lambda number: live_through(switchboard.step, number), first, count)


def some_sets(first: int, count: int) -> Done:
    """How many, the orders of them from all starts, the first that broke a law."""
    return some(one_set, first, count)


def one_set(number: int) -> int:
    return sum(permute(switchboard.step, start, drawn(number)).orders for start in STARTS)


def some(one: Callable[[int], int], first: int, count: int) -> Done:
    gc.disable()  # what is tried leaves little behind, and that goes once in a while
    seen = 0
    for number in range(first, first + count):
        try:
            seen += one(number)
        except LawBroken:
            return number - first, seen, number
    gc.collect()
    return count, seen, None


def some_drawn(length: int, first: int, count: int) -> Done:
    """Days drawn together from one number: how many were lived, the moments in them, the number if a law was broken."""
    gc.disable()
    days, moments = 0, 0

    @seed(first)
    class Counted(DayOfSteps):
        def teardown(self) -> None:
            nonlocal days, moments
            super().teardown()
            if hasattr(self, "evening"):
                days, moments = days + 1, moments + len(self.evening.trace)

    try:
        run_state_machine_as_test(Counted, settings=drawn_often(count, length, Phase.generate))
    except LawBroken:
        return days, moments, first
    gc.collect()
    return days, moments, None


def drawn_often(count: int, length: int, *phases: Phase) -> settings:
    calm = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
    return settings(
        max_examples=count,
        stateful_step_count=length,
        phases=phases,
        database=None,
        deadline=None,
        report_multiple_bugs=False,
        suppress_health_check=calm,
    )


def in_turn(
    what: Callable[[int, int], Done], first: int, count: int, jobs: int, minutes: float | None, size: int
) -> Iterator[Done]:
    """Chunk by chunk of this size, in order, so that it is always the first broken one that is told."""
    end = monotonic() + 60 * minutes if minutes is not None else None
    chunks = ((start, min(size, first + count - start)) for start in range(first, first + count, size))
    with ProcessPoolExecutor(jobs) as workers:
        running: list[Future[Done]] = [workers.submit(what, *chunk) for chunk in islice(chunks, 2 * jobs)]
        while running:
            done = running.pop(0).result()
            yield done
            if done[2] is not None:
                workers.shutdown(cancel_futures=True)
                return
            if end is None or monotonic() < end:
                running += [workers.submit(what, *chunk) for chunk in islice(chunks, 1)]


def chunk(most: int, count: int, jobs: int) -> int:
    """So many in one go that everybody has something to do."""
    return max(1, min(most, count // (4 * jobs)))


def tried(results: Iterator[Done], names: tuple[str, str], told: Callable[[int], str]) -> None:
    """Says how much was tried; of what broke a law, what it was, and exits with 1."""
    began, done, inside = monotonic(), 0, 0
    for some_done, seen, broken in results:
        done, inside = done + some_done, inside + seen
        if broken is not None:
            click.echo(told(broken), err=True)
            raise SystemExit(1)
    took = monotonic() - began
    rate = f"{took:.0f} s, {done / took:.1f} a second"
    click.echo(f"{done} {names[0]}, {inside} {names[1]}, {rate}: every law holds")


def told_day(number: int) -> str:
    return story(number, *shortened(switchboard.step, number), LAST_WORDS)


def told_set(number: int) -> str:
    for start in STARTS:
        try:
            things, broken = fewest(switchboard.step, start, drawn(number))
        except ValueError:
            continue
        again = f"python -m tests.laws orders --first {number} --count 1"
        head = f"set {number}, from '{start.name}': {', '.join(things)}\nagain: {again}\n"
        return head + str(broken)[-LAST_WORDS:]
    return f"set {number} broke a law, and not when it was tried again"


def told_drawn(length: int, size: int, first: int) -> str:
    """Drawn again, and then with less and less in it."""
    often = drawn_often(size, length, Phase.generate, Phase.shrink)
    try:
        run_state_machine_as_test(seed(first)(DayOfSteps), settings=often)
    except LawBroken as broken:
        return "\n".join((*getattr(broken, "__notes__", ()), str(broken)[-LAST_WORDS:]))
    return f"a day drawn from {first} broke a law, and not when it was drawn again"


@click.group()
def main() -> None:
    """The laws, for longer than the tests have time for."""


MINUTES = click.option("--minutes", type=float, help="Stop after so long, whatever was done.")
JOBS = click.option("--jobs", default=os.cpu_count() or 1, show_default=True, help="How many side by side.")


@main.command()
@click.option("--count", default=100_000, show_default=True, help="How many days.")
@click.option("--first", default=0, show_default=True, help="The number of the first day.")
@MINUTES
@JOBS
def days(count: int, first: int, minutes: float | None, jobs: int) -> None:
    """Random long days. Exits with 1 when one of them broke a law: says which, made as short as it can be.

    Example: python -m tests.laws days --count 1000
    """
    results = in_turn(some_days, first, count, jobs, minutes, chunk(CHUNK, count, jobs))
    tried(results, ("days", "moments"), told_day)


@main.command()
@click.option("--count", default=10_000, show_default=True, help="How many sets of six things, of 376,740 there are.")
@click.option("--first", default=0, show_default=True, help="The number of the first set.")
@MINUTES
@JOBS
def orders(count: int, first: int, minutes: float | None, jobs: int) -> None:
    """Six different things that happen, in all their orders, from every start. Exits with 1 when one broke a law: says
    which, with as few things as break it.

    Example: python -m tests.laws orders --count 100
    """
    results = in_turn(some_sets, first, count, jobs, minutes, chunk(CHUNK, count, jobs))
    tried(results, ("sets", "orders"), told_set)


@main.command()
@click.option("--count", default=100_000, show_default=True, help="How many days are drawn.")
@click.option("--length", default=60, show_default=True, help="Steps in each, at most.")
@click.option(
    "--first", default=0, show_default=True, help="The number of the first day: others are drawn from another."
)
@MINUTES
@JOBS
def steps(count: int, length: int, first: int, minutes: float | None, jobs: int) -> None:
    """Days drawn step by step. When one breaks a law: the fewest steps that do, as a program.

    Example: python -m tests.laws steps --count 1000
    """
    size = chunk(DRAWN_TOGETHER, count, jobs)
    results = in_turn(partial(some_drawn, length), first, count, jobs, minutes, size)
    tried(results, ("days drawn step by step", "moments"), partial(told_drawn, length, size))


if __name__ == "__main__":
    main(prog_name="python -m tests.laws")
