"""What the next transaction will write: many entries folded into one.

Rules: of an entity only the newest version is written; facts keep their order; a command that was ticked off before it
was ever written is not written at all.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import TypeVar, get_args

from ivr.app.ports import Entry
from ivr.core.commands import Command
from ivr.core.facts import Fact
from ivr.store import kinds
from ivr.store.codec import encode, moment, tag

_VERSIONS = {kind: kinds.version(kind) for kind in (*kinds.STATE, *kinds.FACTS, *kinds.COMMANDS)}
_TAGS = {cls: tag(cls) for cls in (*get_args(Fact), *get_args(Command))}
_SUBJECTS = ("call", "line", "volunteer")
_HAS = {cls: tuple(name in {f.name for f in fields(cls)} for name in _SUBJECTS) for cls in get_args(Fact)}

_FORGET = "DELETE FROM state WHERE kind = ? AND id = ?"
_REMEMBER = "INSERT OR REPLACE INTO state (kind, id, version, body) VALUES (?, ?, ?, ?)"
_SAY = "INSERT INTO facts (at, kind, version, call, line, volunteer, body) VALUES (?, ?, ?, ?, ?, ?, ?)"
_ASK = "INSERT OR REPLACE INTO commands (seq, lane, kind, version, body) VALUES (?, ?, ?, ?, ?)"
_TICK = "DELETE FROM commands WHERE seq = ?"

K = TypeVar("K", bound=str)

FactRow = tuple[str, str, int, str | None, str | None, str | None, str]
CommandRow = tuple[int, str, str, int, str]


@dataclass(frozen=True, slots=True)
class Encoded:
    """An entry as rows: what was decided cannot change while it waits to be written."""

    states: tuple[tuple[str, str, str | None], ...]
    facts: tuple[FactRow, ...]
    commands: tuple[CommandRow, ...]


def encoded(entry: Entry, first: int) -> Encoded:
    """`first`: the number of its first command. Raises TypeError or ValueError for an entry that cannot be kept."""
    return Encoded(
        (*_states("call", entry.calls), *_states("volunteer", entry.volunteers), *_states("line", entry.lines)),
        tuple(_fact(fact) for fact in entry.facts),
        tuple(_command(first + place, command) for place, command in enumerate(entry.commands)),
    )


class Batch:
    def __init__(self) -> None:
        self._states: dict[tuple[str, str], str | None] = {}
        self._facts: list[FactRow] = []
        self._commands: dict[int, CommandRow] = {}
        self._ticks: list[int] = []

    def __bool__(self) -> bool:
        return bool(self._states or self._facts or self._commands or self._ticks)

    @property
    def facts(self) -> int:
        return len(self._facts)

    def add(self, entry: Encoded) -> None:
        for kind, name, body in entry.states:
            self._states[kind, name] = body
        self._facts += entry.facts
        for row in entry.commands:
            self._commands[row[0]] = row

    def tick(self, numbers: Iterable[int]) -> None:
        for number in numbers:
            if self._commands.pop(number, None) is None:
                self._ticks.append(number)

    def write(self, con: sqlite3.Connection) -> None:
        """Within the caller's transaction."""
        forgotten = [key for key, body in self._states.items() if body is None]
        remembered = [(k, i, _VERSIONS[k], body) for (k, i), body in self._states.items() if body is not None]
        for statement, rows in (
            (_FORGET, forgotten),
            (_REMEMBER, remembered),
            (_SAY, self._facts),
            (_ASK, self._commands.values()),
            (_TICK, [(number,) for number in self._ticks]),
        ):
            if rows:
                con.executemany(statement, rows)


def _states(kind: str, changed: Mapping[K, object]) -> tuple[tuple[str, str, str | None], ...]:
    return tuple((kind, name, None if thing is None else encode(thing)) for name, thing in changed.items())


def _fact(fact: Fact) -> FactRow:
    cls = type(fact)
    call, line, volunteer = (
        getattr(fact, name) if has else None for name, has in zip(_SUBJECTS, _HAS[cls], strict=True)
    )
    kind = _TAGS[cls]
    return (moment(fact.at), kind, _VERSIONS[kind], call, line, volunteer, encode(fact))


def _command(number: int, command: Command) -> CommandRow:
    kind = _TAGS[type(command)]
    return (number, command.lane, kind, _VERSIONS[kind], encode(command))
