"""`ivr token create`: who may ask the HTTP API."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from ivr.cli.common import Trouble, common, say, say_json
from ivr.store import tokens
from ivr.store.database import NAME
from ivr.store.trouble import StoreTrouble


@click.group()
def token() -> None:
    """Bearer tokens for the HTTP API.

    Example: ivr token create --scope events:read --name wallboard
    """


@token.command()
@click.option(
    "--scope",
    "scopes",
    type=click.Choice(["events:read", "calls:read", "admin"]),
    multiple=True,
    required=True,
    help="What it may do; give it several times for several things.",
)
@click.option("--name", default="", help="What it is for, so that you know it again.")
@common
def create(state: Path, as_json: bool, scopes: tuple[str, ...], name: str) -> None:
    """Make a token and show it, once: only a hash of it is kept.

    Example: ivr token create --scope events:read --name wallboard
    """
    if len(name) > 100 or not name.isprintable():
        raise click.BadParameter("give a name of at most 100 ordinary characters.", param_hint="--name")
    try:
        made = tokens.create(state / NAME, name, scopes, datetime.now(UTC))
    except StoreTrouble as wrong:
        raise Trouble(f"{wrong}.") from None
    if as_json:
        say_json({"id": made.id, "name": made.name, "scopes": list(made.scopes), "token": made.token})
        return
    say(made.token)
    click.echo("Keep it now: it is not shown again. Send it as `Authorization: Bearer TOKEN`.", err=True)
