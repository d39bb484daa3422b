"""The log opened for reading: for reports and events, in this or another process, while the controller writes.

Rules: never writes, never makes the writer wait, never holds a read open between two questions. A question may be asked
from any thread; a reader answers one at a time.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ivr.core.facts import Fact
from ivr.core.ids import CallId, LineId
from ivr.core.reasons import Outcome
from ivr.store import kinds
from ivr.store.codec import UnreadableError, moment
from ivr.store.database import installation, open_for_reading, trouble
from ivr.store.trouble import StoreTrouble

log = logging.getLogger(__name__)

_AFTER = "SELECT seq, at, kind, version, call, line, volunteer, body FROM facts WHERE seq > ? ORDER BY seq LIMIT ?"
_LAST = "SELECT coalesce(max(seq), 0) FROM facts"
_OF_CALL = "SELECT kind, version, body FROM facts WHERE call = ? ORDER BY seq"
_OF_ENDED_CALLS = """
SELECT part.kind, part.version, part.body
FROM (
    SELECT call, seq, json_extract(body, '$.arrived_at') AS arrived_at
    FROM facts
    WHERE kind = 'call_ended'
        AND json_extract(body, '$.arrived_at') >= :since
        AND json_extract(body, '$.arrived_at') < :until
        AND (:line IS NULL OR line = :line)
    ORDER BY arrived_at, seq
    LIMIT :limit
) AS ended
JOIN facts AS part ON part.call = ended.call
ORDER BY ended.arrived_at, ended.seq, part.seq
"""
_TALLY = """
SELECT
    line,
    substr(json_extract(body, '$.arrived_at'), 1, 13) AS hour,
    json_extract(body, '$.outcome') AS outcome,
    json_extract(body, '$.waited_s') IS NOT NULL AS queued,
    count(*)
FROM facts
WHERE kind = 'call_ended'
    AND json_extract(body, '$.arrived_at') >= :since
    AND json_extract(body, '$.arrived_at') < :until
    AND (:line IS NULL OR line = :line)
GROUP BY 1, 2, 3, 4
ORDER BY 1, 2, 3, 4
"""
_HANDOVERS = """
SELECT kind, version, body
FROM facts
WHERE kind IN ('handover_began', 'handover_done', 'handover_endangered')
    AND at >= :since
    AND at < :until
    AND (:line IS NULL OR line = :line)
ORDER BY seq
"""
_LINES = "SELECT id FROM state WHERE kind = 'line' ORDER BY id"


@dataclass(frozen=True, slots=True)
class FactRow:
    """One fact as the event feed sends it: `data` holds the fact's fields as JSON, in today's version."""

    seq: int
    at: str
    kind: str
    call: str | None
    line: str | None
    volunteer: str | None
    data: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Tally:
    """How many ended calls of one line came within the hour that begins at `hour` (aware UTC) and ended so."""

    line: LineId
    hour: datetime
    outcome: Outcome
    queued: bool
    calls: int


class Reader:
    """Raises `StoreTrouble`, and FileNotFoundError when there is no database yet: at once, or, when it is `patient`,
    not before the first question. A database that was replaced, or could not be read, is opened again."""

    def __init__(self, path: Path, patient: bool = False) -> None:
        self._path = path
        self._con: sqlite3.Connection | None = None
        self._file: tuple[int, int] | None = None
        self._opened = 0
        self._one = threading.Lock()
        if not patient:
            self._ask("SELECT 1")

    @property
    def installation(self) -> str:
        """This installation's public name in events."""
        with self._one, trouble():
            return installation(self._connection())

    def close(self) -> None:
        with self._one:
            self._drop()

    def _connection(self) -> sqlite3.Connection:
        found = self._path.stat()
        if self._con is not None and self._file != (found.st_dev, found.st_ino):
            self._drop()
        if self._con is None:
            self._con = open_for_reading(self._path)
            self._file = (found.st_dev, found.st_ino)
            self._opened += 1
        return self._con

    def _drop(self) -> None:
        con, self._con = self._con, None
        if con is not None:
            con.close()

    def after(self, seq: int, limit: int) -> list[FactRow]:
        """Facts with a number above `seq`, oldest first. One that cannot be read is there without its data."""
        rows: list[FactRow] = []
        for number, at, kind, version, call, line, volunteer, body in self._ask(_AFTER, (seq, limit)):
            try:
                data = kinds.lift(kind, version, body)
            except UnreadableError as why:
                _unreadable("a fact cannot be read and is sent without data", kind, why)
                data = {}
            rows.append(FactRow(number, at, kind, call, line, volunteer, data))
        return rows

    def last(self) -> int:
        """The number of the newest fact; 0 when there is none."""
        return int(self._ask(_LAST)[0][0])

    def version(self) -> int:
        """Changes when anybody else has written: cheap enough to be asked many times a second."""
        return (self._opened << 40) + int(self._ask("PRAGMA data_version")[0][0])

    def of_call(self, call: CallId) -> list[Fact]:
        """All facts of one call, in order."""
        return list(_facts(self._ask(_OF_CALL, (call,))))

    def of_ended_calls(
        self, since: datetime | None = None, until: datetime | None = None, line: LineId | None = None, limit: int = -1
    ) -> list[Fact]:
        """All facts of the ended calls that came in [since, until), oldest call first; None: no bound."""
        return list(_facts(self._ask(_OF_ENDED_CALLS, {**_span(since, until), "line": line, "limit": limit})))

    def tallies(self, since: datetime, until: datetime, line: LineId | None = None) -> list[Tally]:
        """Counted in the database, so that a year costs the event loop nothing. Half-open, by arrival."""
        found = self._ask(_TALLY, {**_span(since, until), "line": line})
        return [
            Tally(LineId(name), datetime.fromisoformat(f"{hour}:00:00").replace(tzinfo=UTC), Outcome(how), bool(q), n)
            for name, hour, how, q, n in found
        ]

    def of_handovers(self, since: datetime, until: datetime, line: LineId | None = None) -> list[Fact]:
        """What was said of hand-overs in [since, until), in order."""
        return list(_facts(self._ask(_HANDOVERS, {**_span(since, until), "line": line})))

    def lines(self) -> list[LineId]:
        """The lines this house knows of."""
        return [LineId(name) for (name,) in self._ask(_LINES)]

    def knows(self, line: LineId) -> bool:
        """Whether this line is, or ever was, one of ours."""
        return line in self.lines() or bool(self._ask("SELECT 1 FROM facts WHERE line = ? LIMIT 1", (line,)))

    def ask(self, sql: str, values: tuple[object, ...] = ()) -> list[tuple[Any, ...]]:
        """For the other parts of this room."""
        return self._ask(sql, values)

    def _ask(self, sql: str, values: Mapping[str, object] | tuple[object, ...] = ()) -> list[tuple[Any, ...]]:
        with self._one:
            try:
                with trouble():
                    return self._connection().execute(sql, values).fetchall()
            except StoreTrouble:
                self._drop()
                raise


def _span(since: datetime | None, until: datetime | None) -> dict[str, str]:
    return {"since": "" if since is None else moment(since), "until": "~" if until is None else moment(until)}


def _facts(rows: Iterable[tuple[Any, ...]]) -> Iterator[Fact]:
    for kind, version, body in rows:
        try:
            yield kinds.fact(kind, version, body)
        except UnreadableError as why:
            _unreadable("a fact cannot be read and is passed over", kind, why)


def _unreadable(what: str, kind: str, why: UnreadableError) -> None:
    log.error(what, extra={"keys": {"kind": kind, "why": str(why)}})
