"""`make crash`: a running line under real calls is killed, frozen, upgraded and robbed of its Asterisk."""

from __future__ import annotations

import json
import signal
import tempfile
from pathlib import Path

import click

from tests.crash.experiment import PLANS, Report, experiment
from tests.rigs.line import live_line


@click.command()
@click.argument("blow", type=click.Choice(list(PLANS)))
@click.option("--times", type=int, help="How often (default: as often as `make crash` does).")
@click.option("--calls", type=int, default=30, show_default=True, help="Callers on the line all the time.")
@click.option("--seed", type=int, default=1, show_default=True)
@click.option("--keep", type=click.Path(path_type=Path), help="Write the line's events here when anybody was harmed.")
def main(blow: str, times: int | None, calls: int, seed: int, keep: Path | None) -> None:
    """Strike a running line and say what that did to those who were on it. Exits with 1 when anybody was harmed, or
    heard nothing for longer than promised.

    Example: python -m tests.crash kill --times 300 --calls 30
    """
    plan = PLANS[blow]
    with tempfile.TemporaryDirectory(prefix="voiceline-crash-") as home, live_line(Path(home), clock=None) as line:
        report: Report = experiment(line, plan, times or plan.times, calls, seed)
        if keep is not None and report.harm():
            keep.write_text("".join(f"{json.dumps(event)}\n" for event in line.events()), encoding="utf-8")
    click.echo("\n".join(report.told()))
    if report.harm() or report.too_long():
        raise SystemExit(1)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # Asterisk outlives us unless we end it
    main(prog_name="python -m tests.crash")
