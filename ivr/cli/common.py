"""What every command shares: where the state is, how an answer is printed, how trouble is told."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])

HOME = Path(__file__).resolve().parents[2]
"""The checkout: where callflows/, recordings-policy/ and asterisk-config/ lie."""


class Trouble(click.ClickException):
    """It ran and found something wrong: one sentence that says what to do, exit code 1."""

    exit_code = 1

    def show(self, file: Any = None) -> None:
        click.echo(f"ivr: {self.format_message()}", err=True)


def common(command: F) -> F:
    """Gives a command `--state DIR` (as `state: Path`) and `--json` (as `as_json: bool`)."""
    command = click.option("--json", "as_json", is_flag=True, help="Answer with JSON.")(command)
    return click.option(
        "--state",
        type=click.Path(path_type=Path, file_okay=False),
        default=HOME / ".state",
        show_default=".state in the checkout",
        envvar="VOICELINE_STATE",
        help="Where this installation keeps its state.",
    )(command)


def say(text: str) -> None:
    click.echo(text)


def say_json(document: object) -> None:
    """One JSON document on one line, letters as they are."""
    click.echo(json.dumps(document, ensure_ascii=False, default=str))
