"""The engine's journal on SQLite: one thread writes, many entries go to the disk in one transaction."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import threading
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from ivr.app.ports import Entry, Kept
from ivr.core.commands import Command
from ivr.core.state import Call, LineState, Volunteer
from ivr.store import kinds
from ivr.store.batch import Batch, Encoded, encoded
from ivr.store.codec import UnreadableError, load
from ivr.store.database import open_again, open_for_writing, transaction, trouble
from ivr.store.trouble import Ill, StoreTrouble

log = logging.getLogger(__name__)

RETRY_S: Final = 0.5
"""After trouble: how long until the next try. Entries that come meanwhile are told of the trouble at once."""

PATIENCE_S: Final = 1.0
"""How long an entry waits for a disk that says nothing: the caller waits with it."""

TICKS_WAIT_S: Final = 0.2
"""How long ticks wait for an entry to travel with: written too late they only cause a harmless repeat."""

T = TypeVar("T", Call, Volunteer, LineState)


@dataclass(frozen=True, slots=True)
class _Job:
    entry: Encoded
    numbers: tuple[int, ...]
    loop: asyncio.AbstractEventLoop
    done: asyncio.Future[tuple[int, ...]]
    patience: asyncio.TimerHandle


class SqliteJournal:
    """`ivr.app.ports.Journal`. Made and closed by the controller; `keep` and `tick` are called from its event loop.

    Raises `StoreTrouble` when the database cannot be opened.
    """

    def __init__(
        self,
        path: Path,
        *,
        first: Callable[[Path], sqlite3.Connection] = open_for_writing,
        again: Callable[[Path], sqlite3.Connection] = open_again,
    ) -> None:
        self._path = path
        self._again = again
        self._con: sqlite3.Connection | None = first(path)
        with trouble():
            row = self._con.execute("SELECT seq FROM sqlite_sequence WHERE name = 'commands'").fetchone()
        self._next = int(row[0]) + 1 if row else 1
        self._wake = threading.Condition()
        self._jobs: list[_Job] = []
        self._ticks: list[int] = []
        self._closing = False
        self._trouble: StoreTrouble | None = None
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
        self._thread.start()

    # ------------------------------------------------------------ the engine's side

    def load(self) -> Kept:
        """What is remembered. A row that cannot be read is left where it is and logged: a call of which we know
        nothing is taken in again by the survey, while refusing to start would drop every caller."""
        con = self._again(self._path)
        try:
            with trouble():
                return Kept(
                    tuple(_things(con, "call", Call)),
                    tuple(_things(con, "volunteer", Volunteer)),
                    tuple(_things(con, "line", LineState)),
                    tuple(_commands(con)),
                )
        finally:
            con.close()

    def keep(self, entry: Entry) -> Awaitable[tuple[int, ...]]:
        """Resolves when the entry is on disk. Fails with `StoreTrouble` when it is not (yet): see there.

        Raises TypeError or ValueError at once for an entry that could never be written: a mistake of ours.
        """
        numbers = tuple(range(self._next, self._next + len(entry.commands)))
        rows = encoded(entry, self._next)
        self._next += len(numbers)
        loop = asyncio.get_running_loop()
        done: asyncio.Future[tuple[int, ...]] = loop.create_future()
        patience = loop.call_later(PATIENCE_S, _settle, done, numbers, StoreTrouble(Ill.SLOW, numbers))
        with self._wake:
            if self._closing:
                raise RuntimeError("the journal is closed")
            self._jobs.append(_Job(rows, numbers, loop, done, patience))
            self._wake.notify()
        return done

    def tick(self, command: int) -> None:
        with self._wake:
            self._ticks.append(command)
            self._wake.notify()

    @property
    def trouble(self) -> StoreTrouble | None:
        """What is wrong now; None: everything that was given is on disk or on its way."""
        return self._trouble

    def close(self) -> None:
        """Writes what is left and ends the thread."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        self._thread.join()

    # ------------------------------------------------------------ the writer thread

    def _run(self) -> None:
        batch = Batch()
        retry_at: float | None = None
        while True:
            jobs, ticks, closing = self._collect(retry_at, bool(batch))
            for job in jobs:
                batch.add(job.entry)
            batch.tick(ticks)
            if not batch and closing:
                break
            if retry_at is None or closing or time.monotonic() >= retry_at:
                found = self._write(batch)
                self._note(found, batch)
                retry_at = None if found is None else time.monotonic() + RETRY_S
                if found is None:
                    batch = Batch()
            else:
                found = self._trouble
            _tell(jobs, found)
            if closing and not self._jobs:
                break
        if self._con is not None:
            self._con.close()

    def _collect(self, retry_at: float | None, unwritten: bool) -> tuple[list[_Job], list[int], bool]:
        """Waits for something to write, and takes all of it."""
        since: float | None = None
        with self._wake:
            while not self._jobs and not self._closing:
                now = time.monotonic()
                if self._ticks and since is None:
                    since = now
                due = retry_at if retry_at is not None and unwritten else None
                if since is not None and retry_at is None:
                    due = since + TICKS_WAIT_S
                if due is not None and now >= due:
                    break
                self._wake.wait(None if due is None else due - now)
            jobs, self._jobs = self._jobs, []
            ticks, self._ticks = self._ticks, []
            return jobs, ticks, self._closing

    def _write(self, batch: Batch) -> StoreTrouble | None:
        try:
            with trouble():
                if self._con is None:
                    self._con = self._again(self._path)
                with transaction(self._con):
                    batch.write(self._con)
        except StoreTrouble as found:
            self._drop_connection()
            return found
        except Exception as error:  # the thread must live: without it no call is remembered any more
            log.critical("the journal met a mistake of ours", extra={"keys": {"wrong": type(error).__name__}})
            self._drop_connection()
            return StoreTrouble(Ill.OTHER)
        return None

    def _drop_connection(self) -> None:
        """After trouble everything starts from a new connection: the old one may remember half a truth."""
        con, self._con = self._con, None
        if con is not None:
            try:
                con.close()
            except sqlite3.Error:
                log.warning("the old database connection could not be closed")

    def _note(self, found: StoreTrouble | None, batch: Batch) -> None:
        if found is not None and (self._trouble is None or self._trouble.ill is not found.ill):
            log.error("the journal cannot write", extra={"keys": {"ill": found.ill.value, "facts": batch.facts}})
        if found is None and self._trouble is not None:
            log.warning("the journal writes again", extra={"keys": {"facts": batch.facts}})
        self._trouble = found


def _tell(jobs: list[_Job], found: StoreTrouble | None) -> None:
    """The answers go to each loop in one go, in the order of the entries."""
    by_loop: dict[asyncio.AbstractEventLoop, list[_Job]] = {}
    for job in jobs:
        by_loop.setdefault(job.loop, []).append(job)
    for loop, theirs in by_loop.items():
        try:
            loop.call_soon_threadsafe(_settle_all, theirs, found)
        except RuntimeError:  # that loop is closed: nobody waits for the answer
            continue


def _settle_all(jobs: list[_Job], found: StoreTrouble | None) -> None:
    for job in jobs:
        job.patience.cancel()
        _settle(job.done, job.numbers, None if found is None else StoreTrouble(found.ill, job.numbers))


def _settle(done: asyncio.Future[tuple[int, ...]], numbers: tuple[int, ...], found: StoreTrouble | None) -> None:
    if done.done():
        return
    if found is None:
        done.set_result(numbers)
    else:
        done.set_exception(found)


def _things(con: sqlite3.Connection, kind: str, cls: type[T]) -> Iterator[T]:
    rows: Iterable[tuple[str, int, str]] = con.execute(
        "SELECT id, version, body FROM state WHERE kind = ? ORDER BY id", (kind,)
    )
    for name, version, body in rows:
        try:
            yield load(cls, kinds.lift(kind, version, body))
        except UnreadableError as why:
            _unreadable("a remembered row cannot be read and is passed over", kind, name, why)


def _commands(con: sqlite3.Connection) -> Iterator[tuple[int, Command]]:
    rows: Iterable[tuple[int, str, int, str]] = con.execute(
        "SELECT seq, kind, version, body FROM commands ORDER BY seq"
    )
    for seq, kind, version, body in rows:
        try:
            yield seq, kinds.command(kind, version, body)
        except UnreadableError as why:
            _unreadable("a command that was to be repeated cannot be read and is passed over", kind, str(seq), why)


def _unreadable(what: str, kind: str, name: str, why: UnreadableError) -> None:
    log.error(what, extra={"keys": {"kind": kind, "id": name, "why": str(why)}})
