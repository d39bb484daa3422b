"""`python -m tests.laws days`: as many long days as there is time for."""

from __future__ import annotations

import os
from concurrent.futures import ProcessPoolExecutor
from time import monotonic

import click

from ivr.core import switchboard
from tests.laws.days import live_through
from tests.laws.trace import LawBroken

CHUNK = 50
LAST_WORDS = 3000
"""Of a broken law, so many characters of how it came to it."""


def some_days(first: int) -> tuple[int, int, str | None]:
    """Days and moments that were lived through, and what was wrong with the first that broke a law."""
    moments = 0
    for number in range(first, first + CHUNK):
        try:
            moments += live_through(switchboard.step, number)
        except LawBroken as broken:
            return number - first, moments, f"day {number}: {broken.what}\n{str(broken)[-LAST_WORDS:]}"
    return CHUNK, moments, None


@click.group()
def main() -> None:
    """The laws, for longer than the tests have time for."""


@main.command()
@click.option("--count", default=100_000, show_default=True, help="How many days, rounded up to fifties.")
@click.option("--first", default=0, show_default=True, help="The number of the first day.")
@click.option("--minutes", type=float, help="Stop after so long, whatever was done.")
@click.option("--jobs", default=os.cpu_count() or 1, show_default=True)
def days(count: int, first: int, minutes: float | None, jobs: int) -> None:
    """Random long days. Exits with 1 when one of them broke a law, and says which.

    Example: python -m tests.laws days --count 1000
    """
    began, done, moments = monotonic(), 0, 0
    with ProcessPoolExecutor(jobs) as workers:
        starts = iter(range(first, first + count, CHUNK))
        running = [workers.submit(some_days, start) for _, start in zip(range(2 * jobs), starts, strict=False)]
        while running:
            lived, seen, wrong = running.pop(0).result()
            done, moments = done + lived, moments + seen
            if wrong is not None:
                click.echo(wrong, err=True)
                raise SystemExit(1)
            if minutes is None or monotonic() - began < 60 * minutes:
                running += [workers.submit(some_days, start) for _, start in zip(range(1), starts, strict=False)]
    click.echo(f"{done} days, {moments} moments, {monotonic() - began:.0f} s: every law holds")


if __name__ == "__main__":
    main(prog_name="python -m tests.laws")
