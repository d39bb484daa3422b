"""`python -m tests.laws days`: as many long days as there is time for."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from itertools import islice
from time import monotonic

import click

from ivr.core import switchboard
from tests.laws.days import live_through
from tests.laws.shorter import shortened, story
from tests.laws.trace import LawBroken

CHUNK = 50
LAST_WORDS = 6000
"""Of a broken law, so many characters of how it came to it."""

Lived = tuple[int, int, int | None]
"""Days, moments in them, and the number of the first day that broke a law."""


def some_days(first: int, count: int) -> Lived:
    gc.disable()  # what a day leaves behind goes when it is done, and the few rings of it once in a while
    moments = 0
    for number in range(first, first + count):
        try:
            moments += live_through(switchboard.step, number)
        except LawBroken:
            return number - first, moments, number
    gc.collect()
    return count, moments, None


def in_turn(first: int, count: int, jobs: int, minutes: float | None) -> Iterator[Lived]:
    """Chunk by chunk, in order, so that it is always the first broken day that is told."""
    end = monotonic() + 60 * minutes if minutes is not None else None
    chunks = ((start, min(CHUNK, first + count - start)) for start in range(first, first + count, CHUNK))
    with ProcessPoolExecutor(jobs) as workers:
        running: list[Future[Lived]] = [workers.submit(some_days, *chunk) for chunk in islice(chunks, 2 * jobs)]
        while running:
            lived = running.pop(0).result()
            yield lived
            if lived[2] is not None:
                workers.shutdown(cancel_futures=True)
                return
            if end is None or monotonic() < end:
                running += [workers.submit(some_days, *chunk) for chunk in islice(chunks, 1)]


@click.group()
def main() -> None:
    """The laws, for longer than the tests have time for."""


@main.command()
@click.option("--count", default=100_000, show_default=True, help="How many days.")
@click.option("--first", default=0, show_default=True, help="The number of the first day.")
@click.option("--minutes", type=float, help="Stop after so long, whatever was done.")
@click.option("--jobs", default=os.cpu_count() or 1, show_default=True, help="How many days side by side.")
def days(count: int, first: int, minutes: float | None, jobs: int) -> None:
    """Random long days. Exits with 1 when one of them broke a law: says which, made as short as it can be.

    Example: python -m tests.laws days --count 1000
    """
    began, done, moments = monotonic(), 0, 0
    for lived, seen, broken in in_turn(first, count, jobs, minutes):
        done, moments = done + lived, moments + seen
        if broken is not None:
            click.echo(story(broken, *shortened(switchboard.step, broken), LAST_WORDS), err=True)
            raise SystemExit(1)
    took = monotonic() - began
    click.echo(f"{done} days, {moments} moments, {took:.0f} s, {done / took:.0f} days a second: every law holds")


if __name__ == "__main__":
    main(prog_name="python -m tests.laws")
