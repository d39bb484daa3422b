"""`make bench`: measures everything in one run and prints a table for the README."""

from __future__ import annotations

import json
import os
import platform
import signal
from collections.abc import Sequence

import click

from tests.bench.benchmark import Bench, Benchmark, Effort
from tests.bench.figures import Figure, table
from tests.bench.registry import BENCHMARKS

BY_NAME = {each.name: each for each in BENCHMARKS}


def machine(asterisk: str | None) -> str:
    """What it was measured on, in one line."""
    told = [f"{os.cpu_count()} cores", f"Python {platform.python_version()}"]
    return ", ".join(told if asterisk is None else [*told, f"Asterisk {asterisk}"])


def measured(bench: Bench, chosen: Sequence[Benchmark]) -> list[Figure]:
    figures: list[Figure] = []
    for each in chosen:
        click.echo(f"{each.name}: {each.about}", err=True)
        figures += each.measure(bench)
    return figures


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(list(BY_NAME)))
@click.option("--brief", is_flag=True, help="A few samples only: to see that it works.")
@click.option("--json", "as_json", is_flag=True, help="Every sample, and where the time goes.")
def main(names: tuple[str, ...], brief: bool, as_json: bool) -> None:
    """Measure all benchmarks, or those named. Exits with 1 when one of the limits was not kept.

    Example: python -m tests.bench free-to-ring drain
    """
    chosen = [BY_NAME[name] for name in names] or BENCHMARKS
    load = os.getloadavg()[0]
    with Bench(Effort.BRIEF if brief else Effort.FULL) as bench:
        figures = measured(bench, chosen)
        told = machine(bench.asterisk)
    if as_json:
        whole = {"machine": told, "load_before": load, "figures": [figure.told() for figure in figures]}
        click.echo(json.dumps(whole, ensure_ascii=False, indent=1))
    else:
        click.echo(f"{table(figures)}\n\nMedians; {told}; both sides in turns, in one run of `make bench`.")
    if not all(figure.kept for figure in figures):
        raise SystemExit(1)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # Asterisk outlives us unless we end it, so be asked to
    main(prog_name="python -m tests.bench")
