"""The whole matrix by both ears: every button of every phone, in every phase, whatever the controller does."""

from __future__ import annotations

import asyncio
import signal
import tempfile
from pathlib import Path

import click

from tests.crash import blows
from tests.witness.cells import BUTTONS, PHASES, Cell, cells
from tests.witness.stage import Blow, no_blow, run, witness_line

CONTROLLERS: dict[str, Blow] = {"alive": no_blow, "killed": blows.kill, "frozen": blows.freeze}


def told(controller: str, wanted: list[Cell]) -> int:
    """One line with one talk for each cell; how many cells failed."""
    with tempfile.TemporaryDirectory(prefix="voiceline-witness-") as home, witness_line(Path(home)) as line:
        pairs = asyncio.run(run(line, wanted, CONTROLLERS[controller]))
    for pair in pairs:
        refused = f" (not pressed: {pair.refused})" if pair.refused else ""
        click.echo(f"{controller:7} {pair.cell!s:28} {'; '.join(pair.faults) or 'well'}{refused}")
    return sum(bool(pair.faults) for pair in pairs)


@click.command()
@click.option("--controller", type=click.Choice(list(CONTROLLERS)), multiple=True, default=tuple(CONTROLLERS))
@click.option("--phase", type=click.Choice(PHASES), multiple=True, default=PHASES)
@click.option("--button", type=click.Choice(BUTTONS), multiple=True, default=BUTTONS)
def main(controller: tuple[str, ...], phase: tuple[str, ...], button: tuple[str, ...]) -> None:
    """Press every button of pjsua2 and baresip and listen at both ends. Exits with 1 when anybody was harmed.

    Example: python -m tests.witness --controller killed --phase held
    """
    failed = 0
    for state in controller:
        for moment in PHASES:
            if moment in phase:
                failed += told(state, [each for each in cells(moment) if each.button in button])
    click.echo(f"cells that failed: {failed}")
    if failed:
        raise SystemExit(1)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # Asterisk outlives us unless we end it
    main(prog_name="python -m tests.witness")
