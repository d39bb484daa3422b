"""Which classes are kept under which name, and how a row that an older version wrote becomes one of today.

To change a kept class: a new field with a default needs nothing, a dropped field needs nothing; for anything else (a
renamed field, another meaning) add a function to `UPGRADES` under the row's kind and the version it lifts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import get_args

from ivr.core.commands import Command
from ivr.core.facts import Fact
from ivr.core.state import Call, LineState, Volunteer
from ivr.store.codec import Json, UnreadableError, load, parse, tag

Upgrades = Mapping[tuple[str, int], Callable[[Json], Json]]

UPGRADES: Upgrades = {}
"""(kind, version n) -> what makes version n+1 of a row's body. A kind is at version 1 until it is in here."""

STATE: dict[str, type[Call] | type[Volunteer] | type[LineState]] = {
    "call": Call,
    "volunteer": Volunteer,
    "line": LineState,
}
FACTS: dict[str, type[Fact]] = {tag(cls): cls for cls in get_args(Fact)}
COMMANDS: dict[str, type[Command]] = {tag(cls): cls for cls in get_args(Command)}


def version(kind: str, upgrades: Upgrades = UPGRADES) -> int:
    """The version in which rows of this kind are written today."""
    return 1 + max((old for name, old in upgrades if name == kind), default=0)


def lift(kind: str, written: int, body: str, upgrades: Upgrades = UPGRADES) -> Json:
    """The row's body as today's version would have written it. Raises `UnreadableError`."""
    rows = parse(body)
    if written > version(kind, upgrades):
        raise UnreadableError(f"{kind}: written by a newer version")
    while (kind, written) in upgrades:
        rows = upgrades[kind, written](rows)
        written += 1
    return rows


def fact(kind: str, written: int, body: str, upgrades: Upgrades = UPGRADES) -> Fact:
    """Raises `UnreadableError`."""
    if kind not in FACTS:
        raise UnreadableError("a fact of a kind that this version does not know")
    return load(FACTS[kind], lift(kind, written, body, upgrades))


def command(kind: str, written: int, body: str, upgrades: Upgrades = UPGRADES) -> Command:
    """Raises `UnreadableError`."""
    if kind not in COMMANDS:
        raise UnreadableError("a command of a kind that this version does not know")
    return load(COMMANDS[kind], lift(kind, written, body, upgrades))
