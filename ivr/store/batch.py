"""What the next transaction will write: many entries folded into one.

Rules: of an entity only the newest version is written; facts keep their order, and a number once given to a fact stays
its own, so that a batch may be written twice; a command that was ticked off before it was ever written is not written
at all. While the disk fails all is kept here: above a limit of bytes something must go, the least needed first.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Final, TypeVar, get_args

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
SAY: Final = """
INSERT INTO facts (seq, at, kind, version, call, line, volunteer, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (seq) DO NOTHING
"""
"""Twice is once: a commit that was told to have failed may be on disk all the same."""
_ASK = "INSERT OR REPLACE INTO commands (seq, lane, kind, version, body) VALUES (?, ?, ?, ?, ?)"
_TICK = "DELETE FROM commands WHERE seq = ?"

ROW_BYTES: Final = 400
"""What a row costs in memory beside its body, about."""
LAST_TO_GO: Final = "call_ended"

K = TypeVar("K", bound=str)

FactRow = tuple[str, str, int, str | None, str | None, str | None, str]
CommandRow = tuple[int, str, str, int, str]
Numbered = tuple[int, str, str, int, str | None, str | None, str | None, str]
"""A fact's row with its number."""
StateKey = tuple[str, str]
StateBody = tuple[int, str]
"""A state row's version and body."""


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
        self._states: dict[StateKey, str | None] = {}
        self._facts: list[FactRow] = []
        self._numbers: list[int] = []
        self._commands: dict[int, CommandRow] = {}
        self._ticks: set[int] = set()
        self._bytes = 0

    def __bool__(self) -> bool:
        return bool(self._states or self._facts or self._commands or self._ticks)

    @property
    def facts(self) -> int:
        return len(self._facts)

    @property
    def bytes(self) -> int:
        """What facts, commands and ticks take in memory, about. State is not counted: it is never more than the
        house itself."""
        return self._bytes

    def add(self, entry: Encoded) -> None:
        for kind, name, body in entry.states:
            self._states[kind, name] = body
        self._facts += entry.facts
        for row in entry.commands:
            self._commands[row[0]] = row
        self._bytes += sum(_size(fact) for fact in entry.facts) + sum(_size(row) for row in entry.commands)

    def tick(self, numbers: Iterable[int]) -> None:
        for number in numbers:
            row = self._commands.pop(number, None)
            if row is None:
                self._ticks.add(number)
            else:
                self._bytes -= _size(row)

    def number(self, next_: int) -> int:
        """Give every fact that has none a number of its own, from `next_` on; returns what is next after that."""
        wanting = len(self._facts) - len(self._numbers)
        self._numbers += range(next_, next_ + wanting)
        return next_ + wanting

    def numbered(self) -> list[Numbered]:
        """The facts with the numbers they were given."""
        return [(number, *fact) for number, fact in zip(self._numbers, self._facts, strict=True)]

    def shed(self, limit: int) -> int:
        """Make it at most `limit` bytes; returns how many facts were lost.

        Commands go first, for a survey asks again for all that is needed; then the oldest facts, but for how calls
        ended; those last of all.
        """
        if self._bytes <= limit:
            return 0
        limit = limit * 9 // 10  # so that not every entry has to make room again
        self._commands.clear()
        self._ticks.clear()
        before = len(self._facts)
        self._bytes = sum(_size(fact) for fact in self._facts)
        for kind in (None, LAST_TO_GO):
            self._let_go(limit, kind)
        return before - len(self._facts)

    def _let_go(self, limit: int, only: str | None) -> None:
        """The oldest, until it fits; all but `LAST_TO_GO`, or only those of one kind."""
        numbers = [*self._numbers, *([0] * (len(self._facts) - len(self._numbers)))]
        stay: list[tuple[int, FactRow]] = []
        for number, fact in zip(numbers, self._facts, strict=True):
            may_go = fact[1] == only if only is not None else fact[1] != LAST_TO_GO
            if may_go and self._bytes > limit:
                self._bytes -= _size(fact)
            else:
                stay.append((number, fact))
        self._facts = [fact for _, fact in stay]
        self._numbers = [number for number, _ in stay if number]

    def write(self, con: sqlite3.Connection) -> None:
        """Within the caller's transaction; every fact has its number by now."""
        forgotten = [key for key, body in self._states.items() if body is None]
        remembered = [(*key, _VERSIONS[key[0]], body) for key, body in self._states.items() if body is not None]
        for statement, rows in (
            (_FORGET, forgotten),
            (_REMEMBER, remembered),
            (SAY, self.numbered()),
            (_ASK, self._commands.values()),
            (_TICK, [(number,) for number in self._ticks]),
        ):
            if rows:
                con.executemany(statement, rows)


def write_states(con: sqlite3.Connection, states: Mapping[StateKey, StateBody]) -> None:
    """All that is remembered, in place of what is there."""
    con.execute("DELETE FROM state")
    con.executemany(_REMEMBER, [(*key, *body) for key, body in states.items()])


def fold(states: dict[StateKey, StateBody], entry: Encoded) -> None:
    """What is remembered, after this entry."""
    for kind, name, body in entry.states:
        if body is None:
            states.pop((kind, name), None)
        else:
            states[kind, name] = (_VERSIONS[kind], body)


def _size(row: FactRow | CommandRow) -> int:
    return ROW_BYTES + len(str(row[-1]))


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
