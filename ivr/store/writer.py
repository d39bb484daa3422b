"""Everything that is written to the database by the controller, by one thread, one transaction after the other.

Rules: no transaction without our lease; what could not be written stays in memory and is written later, in order; a
database that is damaged or gone is moved aside and replaced by the newest sound copy (or an empty one), to which is
added what is still known here: the whole state, and all facts since that copy. Callers are served through all of it.
"""

from __future__ import annotations

import logging
import os
import sqlite3
import time
from collections import deque
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ivr.app.ports import Deposed
from ivr.store import backup
from ivr.store.batch import SAY, Batch, Encoded, Numbered, StateBody, StateKey, fold, write_states
from ivr.store.database import open_again, open_for_looking, open_for_writing, sync_directory, transaction, trouble
from ivr.store.lease import Lease, look
from ivr.store.trouble import Ill, StoreTrouble

log = logging.getLogger(__name__)

LIMIT: Final = 64 * 2**20
"""Bytes of facts and commands that wait in memory for a disk: more than a week of an ordinary line."""
TAIL: Final = 16 * 2**20
"""Bytes of facts that are on disk and not yet in a copy, kept for a database that is damaged."""
ASIDE: Final = ".damaged"
SIDES: Final = ("", "-wal", "-shm")

Open = Callable[[Path], sqlite3.Connection]
CommandRow = tuple[int, str, int, str]
"""Number, kind, version, body."""


@dataclass(frozen=True, slots=True)
class Remembered:
    """What was found at the start, as rows."""

    states: dict[StateKey, StateBody]
    commands: tuple[CommandRow, ...]


class Writer:
    """Not for two threads at once. `alarms` are words for people; whoever says them takes them out."""

    def __init__(
        self, path: Path, first: Open = open_for_writing, again: Open = open_again, limit: int = LIMIT
    ) -> None:
        self.lease = Lease()
        self.alarms: deque[str] = deque()
        self.lost = 0
        """Facts that nobody will ever read: memory was full before the disk was well."""
        self.batch = Batch()
        self._path, self._first, self._again, self._limit = path, first, again, limit
        self._con: sqlite3.Connection | None = None
        self._file: tuple[int, int] | None = None
        self._states: dict[StateKey, StateBody] = {}
        self._tail: deque[Numbered] = deque()
        self._tail_bytes = 0
        self._next_fact: int | None = None
        self._ill: Ill | None = None

    # ------------------------------------------------------------ the start

    def open(self) -> tuple[Remembered, int, StoreTrouble | None]:
        """What is remembered, the next command's number, and what is wrong. Only a database of a newer version, and a
        state directory that cannot be one, are raised: callers are served without a log as well."""
        if self._path.parent.exists() and not self._path.parent.is_dir():
            raise StoreTrouble(Ill.READ_ONLY)
        try:
            try:
                return (*self._begin(), None)
            except StoreTrouble as found:
                if found.ill is not Ill.CORRUPTED:
                    raise
                self._heal()
                return (*self._begin(), None)
        except StoreTrouble as found:
            if found.ill is Ill.NEWER:
                raise
            self._drop_connection()
            self.lease.proved(time.monotonic())
            self._ill = found.ill
            self.alarms.append("log_not_written")
            return (*self._read_without_writing(), found)

    def _begin(self) -> tuple[Remembered, int]:
        """With a lease of our own, in a database that is whole as far as we read it."""
        if not (self._path.exists() and self._path.stat().st_size) and backup.restore(self._path):
            self._say("log_restored")
        with trouble():
            con = self._con = self._first(self._path)
            with transaction(con):
                epoch = self.lease.take(con)
            self.lease.taken(epoch)
            self._file = self._identity()
            found, next_command = read_all(con)
            self._states |= {key: body for key, body in found.states.items() if key not in self._states}
            if self._next_fact is None:
                self._next_fact = _next(con, "facts")
        return found, next_command

    def _read_without_writing(self) -> tuple[Remembered, int]:
        """A disk that cannot be written can mostly be read."""
        try:
            with trouble(), closing(open_for_looking(self._path)) as con:
                found, next_command = read_all(con)
        except (StoreTrouble, FileNotFoundError):
            self.alarms.append("log_not_read")
            return Remembered({}, ()), time.time_ns() // 1000  # beyond any number that was ever given out
        self._states = dict(found.states)
        return found, next_command

    # ------------------------------------------------------------ writing

    def add(self, entry: Encoded) -> None:
        self.batch.add(entry)
        fold(self._states, entry)

    def write(self) -> StoreTrouble | None:
        """The batch, and our lease proved. What is wrong is returned; raises `Deposed`."""
        started = time.monotonic()
        found = self._try()
        if found is not None and found.ill is Ill.OTHER and not self._is_whole():
            found = StoreTrouble(Ill.CORRUPTED)
        if found is not None and found.ill is Ill.CORRUPTED and self.lease.may_i():
            found = self._heal_and_try()
        if found is None:
            self.lease.proved(started)
        else:
            self._drop_connection()
            self._make_room()
        self._note(found)
        return found

    def _try(self) -> StoreTrouble | None:
        try:
            with trouble():
                con = self._connection()
                with transaction(con):
                    self.lease.check(con)
                    if self._next_fact is None:
                        self._next_fact = _next(con, "facts")
                    self._next_fact = self.batch.number(self._next_fact)
                    self.batch.write(con)
        except StoreTrouble as found:
            return found
        self._written()
        return None

    def _connection(self) -> sqlite3.Connection:
        if self._con is not None and self._identity() != self._file:
            raise StoreTrouble(
                Ill.CORRUPTED
            )  # moved, deleted or replaced under our feet: it would be written for nobody
        if self._con is None and self.lease.epoch == 0:  # it could not be opened until now
            self._con = self._first(self._path)
            with transaction(self._con):
                epoch = self.lease.take(self._con)
            self.lease.taken(epoch)
            self._file = self._identity()
        if self._con is None:
            self._con = self._again(self._path)
            self._file = self._identity()
        return self._con

    def _written(self) -> None:
        for row in self.batch.numbered():
            self._tail.append(row)
            self._tail_bytes += len(row[-1])
        while self._tail_bytes > TAIL:
            self._tail_bytes -= len(self._tail.popleft()[-1])
        self.batch = Batch()

    def stumbled(self) -> None:
        """A mistake of ours in the middle of it."""
        self._drop_connection()
        self._note(StoreTrouble(Ill.OTHER))

    def copied(self, number: int) -> None:
        """A copy has all facts up to this one."""
        while self._tail and self._tail[0][0] <= number:
            self._tail_bytes -= len(self._tail.popleft()[-1])

    def _make_room(self) -> None:
        lost = self.batch.shed(self._limit)
        if lost:
            if not self.lost:
                self.alarms.append("facts_lost")
            self.lost += lost
            log.critical("memory is full and the disk takes nothing: facts are lost", extra={"keys": {"facts": lost}})

    def _note(self, found: StoreTrouble | None) -> None:
        ill = None if found is None else found.ill
        if ill is not None and ill is not self._ill:
            log.error("the journal cannot write", extra={"keys": {"ill": ill.value, "facts": self.batch.facts}})
            if self._ill is None:
                self.alarms.append("log_not_written")
        if ill is None and self._ill is not None:
            log.warning("the journal writes again", extra={"keys": {}})
        self._ill = ill

    # ------------------------------------------------------------ a database that is damaged or gone

    def heal(self) -> None:
        """Somebody found it damaged: the next write sees to it. Never raises: the thread must live."""
        self._drop_connection()
        with suppress(StoreTrouble):
            if self.lease.may_i() and not self._is_whole():
                self._move_aside()

    def _heal_and_try(self) -> StoreTrouble | None:
        with suppress(StoreTrouble):
            holder = look(self._path)
            if holder is not None and not self.lease.is_ours(holder) and not holder.gone:
                self.lease.lost = True
                raise Deposed  # what is there now was put there by a successor
        try:
            self._heal()
        except StoreTrouble as found:
            return found
        return self._try()

    def _heal(self) -> None:
        """A sound database in its place, with all that is known here."""
        self._drop_connection()
        self._move_aside()
        restored = backup.restore(self._path)
        with trouble():
            con = self._first(self._path)
            try:
                if self.lease.epoch:
                    with transaction(con):
                        self.lease.put(con, self.lease.epoch)
                        con.execute("DELETE FROM commands")
                        write_states(con, self._states)
                        con.executemany(SAY, self._tail)
            finally:
                con.close()
        self._say("log_restored" if restored else "log_started_empty")

    def _say(self, word: str) -> None:
        log.error("the database was damaged or gone and is replaced", extra={"keys": {"alarm": word}})
        self.alarms.append(word)

    def _move_aside(self) -> None:
        """Only the last one is kept: what should be forgotten one day must not lie about."""
        with trouble():
            for side in SIDES:
                with suppress(FileNotFoundError):
                    os.replace(f"{self._path}{side}", f"{self._path}{ASIDE}{side}")
            sync_directory(self._path.parent)

    def _is_whole(self) -> bool:
        """Whether what is there is a database of ours at all."""
        try:
            with trouble(), closing(open_for_looking(self._path)) as con:
                return look(self._path) is not None and backup.is_sound(con)
        except FileNotFoundError:
            return False
        except StoreTrouble as found:
            return found.ill is not Ill.CORRUPTED

    # ------------------------------------------------------------ the connection and the end

    def _identity(self) -> tuple[int, int] | None:
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino

    def _drop_connection(self) -> None:
        """After trouble everything starts from a new connection: the old one may remember half a truth."""
        con, self._con = self._con, None
        if con is not None:
            try:
                con.close()
            except sqlite3.Error:
                log.warning("the old database connection could not be closed")

    def close(self) -> None:
        """Lets the lease go, so that the next one need not wait."""
        if self._con is not None and not self.lease.lost:
            with suppress(StoreTrouble, Deposed), trouble(), transaction(self._con):
                self.lease.check(self._con)
                self.lease.release(self._con)
        self._drop_connection()


def read_all(con: sqlite3.Connection) -> tuple[Remembered, int]:
    states = {(kind, name): (version, body) for kind, name, version, body in con.execute("SELECT * FROM state")}
    commands = tuple(con.execute("SELECT seq, kind, version, body FROM commands ORDER BY seq"))
    return Remembered(states, commands), _next(con, "commands")


def _next(con: sqlite3.Connection, table: str) -> int:
    row = con.execute("SELECT seq FROM sqlite_sequence WHERE name = ?", (table,)).fetchone()
    return int(row[0]) + 1 if row else 1
