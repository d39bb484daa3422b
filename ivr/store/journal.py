"""The engine's journal on SQLite: one thread writes, many entries go to the disk in one transaction."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Awaitable, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from ivr.app.ports import Deposed, Entry, Kept
from ivr.core.commands import Command
from ivr.core.state import Call, LineState, Volunteer
from ivr.store import kinds
from ivr.store.batch import Encoded, StateBody, StateKey, encoded
from ivr.store.codec import UnreadableError, load
from ivr.store.database import open_again, open_for_looking, open_for_writing, trouble
from ivr.store.lease import Lease, look
from ivr.store.trouble import Ill, StoreTrouble
from ivr.store.writer import LIMIT, CommandRow, Open, Remembered, Writer, read_all

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
    """None: nothing but the lease is to be proved."""

    entry: Encoded | None
    numbers: tuple[int, ...]
    loop: asyncio.AbstractEventLoop
    done: asyncio.Future[tuple[int, ...]]
    patience: asyncio.TimerHandle


class SqliteJournal:
    """`ivr.app.ports.Journal` and `Lease`. Made and closed by the controller; used from its event loop.

    Opening it takes the lease: whoever had it before can write no more, and must be waited for (`lease.waits_for_s`)
    before anything is commanded. A disk in trouble is no reason not to open it: see `trouble`. Raises `StoreTrouble`
    for a database of a newer version, and for a state directory that cannot be one.
    """

    def __init__(
        self, path: Path, *, first: Open = open_for_writing, again: Open = open_again, limit: int = LIMIT
    ) -> None:
        self._path = path
        self._writer = Writer(path, first, again, limit)
        self._found, self._next, self._trouble = self._writer.open()
        self._wake = threading.Condition()
        self._jobs: list[_Job] = []
        self._ticks: list[int] = []
        self._copied = 0
        self._damaged = False
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
        self._thread.start()

    # ------------------------------------------------------------ the engine's side

    def load(self) -> Kept:
        """What is remembered. A row that cannot be read is left where it is and logged: a call of which we know
        nothing is taken in again by the survey, while refusing to start would drop every caller."""
        found = self._found
        try:
            with trouble(), closing(open_for_looking(self._path)) as con:
                found, _ = read_all(con)
        except (StoreTrouble, FileNotFoundError):
            log.warning("the database cannot be read; what was found at the start counts")
        return _kept(found)

    def keep(self, entry: Entry) -> Awaitable[tuple[int, ...]]:
        """Resolves when the entry is on disk. Fails with `StoreTrouble` when it is not (yet): see there; and with
        `Deposed` when another controller decides by now.

        Raises TypeError or ValueError at once for an entry that could never be written: a mistake of ours.
        """
        numbers = tuple(range(self._next, self._next + len(entry.commands)))
        rows = encoded(entry, self._next)
        self._next += len(numbers)
        return self._give(rows, numbers)

    def _give(self, rows: Encoded | None, numbers: tuple[int, ...]) -> asyncio.Future[tuple[int, ...]]:
        loop = asyncio.get_running_loop()
        done: asyncio.Future[tuple[int, ...]] = loop.create_future()
        patience = loop.call_later(PATIENCE_S, _settle, done, numbers, StoreTrouble(Ill.SLOW, numbers))
        with self._wake:
            if self._closing:
                patience.cancel()
                raise RuntimeError("the journal is closed")
            self._jobs.append(_Job(rows, numbers, loop, done, patience))
            self._wake.notify()
        return done

    def tick(self, command: int) -> None:
        with self._wake:
            self._ticks.append(command)
            self._wake.notify()

    # ------------------------------------------------------------ the lease

    @property
    def lease(self) -> Lease:
        return self._writer.lease

    def may_i(self) -> bool:
        return self.lease.may_i()

    def noticed(self) -> None:
        self.lease.noticed()

    async def renew(self) -> None:
        """Raises `Deposed`. Trouble with the disk proves nothing either way: whoever was in office at the moment of
        asking stays, for nobody else can take the lease through that disk; and so does who can at least read it."""
        asked_at, in_office = time.monotonic(), self.may_i()
        try:
            await self._give(None, ())
        except StoreTrouble:
            if in_office or self.ours():
                self.lease.proved(asked_at)
            raise

    def ours(self) -> bool | None:
        if self.lease.lost:
            return False
        try:
            holder = look(self._path)
        except StoreTrouble:
            return None
        if self.lease.epoch == 0:  # the disk has let nobody in since the start
            return holder is None or holder.gone
        return None if holder is None else self.lease.is_ours(holder)

    # ------------------------------------------------------------ for people, and for the backup

    @property
    def trouble(self) -> StoreTrouble | None:
        """What is wrong now; None: everything that was given is on disk or on its way."""
        return self._trouble

    @property
    def lost(self) -> int:
        """How many facts nobody will ever read, since the start."""
        return self._writer.lost

    def alarms(self) -> Iterator[str]:
        """Words for what a person must look at; each is told once."""
        while self._writer.alarms:
            yield self._writer.alarms.popleft()

    def copied(self, number: int) -> None:
        """From the backup: facts up to this one are in a copy."""
        with self._wake:
            self._copied = number

    def damaged(self) -> None:
        """From the backup: the database on disk is not sound."""
        with self._wake:
            self._damaged = True
            self._wake.notify()

    def close(self) -> None:
        """Writes what is left, lets the lease go, and ends the thread."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        self._thread.join()

    # ------------------------------------------------------------ the writer thread

    def _run(self) -> None:
        writer = self._writer
        retry_at = None if self._trouble is None else time.monotonic()
        while True:
            jobs, ticks, closing = self._collect(retry_at, bool(writer.batch) or writer.lease.epoch == 0)
            for job in jobs:
                if job.entry is not None:
                    writer.add(job.entry)
            writer.batch.tick(ticks)
            found: StoreTrouble | Deposed | None = self._trouble
            due = retry_at is None or closing or time.monotonic() >= retry_at
            if due and (jobs or writer.batch or not closing):
                found = self._write()
                retry_at = time.monotonic() + RETRY_S if isinstance(found, StoreTrouble) else None
            _tell(jobs, found)
            if closing and not self._jobs:
                break
        writer.close()

    def _write(self) -> StoreTrouble | Deposed | None:
        try:
            found = self._writer.write()
        except Deposed as deposed:
            return deposed
        except Exception as error:  # the thread must live: without it no call is remembered any more
            log.critical("the journal met a mistake of ours", extra={"keys": {"wrong": type(error).__name__}})
            found = StoreTrouble(Ill.OTHER)
            self._writer.stumbled()
        self._trouble = found
        return found

    def _collect(self, retry_at: float | None, unwritten: bool) -> tuple[list[_Job], list[int], bool]:
        """Waits for something to write, and takes all of it."""
        since: float | None = None
        with self._wake:
            while not self._jobs and not self._closing and not self._damaged:
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
            damaged, self._damaged = self._damaged, False
            self._writer.copied(self._copied)
        if damaged:
            self._writer.heal()
        return jobs, ticks, self._closing


def _tell(jobs: list[_Job], found: StoreTrouble | Deposed | None) -> None:
    """The answers go to each loop in one go, in the order of the entries."""
    by_loop: dict[asyncio.AbstractEventLoop, list[_Job]] = {}
    for job in jobs:
        by_loop.setdefault(job.loop, []).append(job)
    for loop, theirs in by_loop.items():
        try:
            loop.call_soon_threadsafe(_settle_all, theirs, found)
        except RuntimeError:  # that loop is closed: nobody waits for the answer
            continue


def _settle_all(jobs: list[_Job], found: StoreTrouble | Deposed | None) -> None:
    for job in jobs:
        job.patience.cancel()
        told = StoreTrouble(found.ill, job.numbers) if isinstance(found, StoreTrouble) else found
        _settle(job.done, job.numbers, told)


def _settle(
    done: asyncio.Future[tuple[int, ...]], numbers: tuple[int, ...], found: StoreTrouble | Deposed | None
) -> None:
    if done.done():
        return
    if found is None:
        done.set_result(numbers)
    else:
        done.set_exception(found)


def _kept(found: Remembered) -> Kept:
    return Kept(
        tuple(_things(found.states, "call", Call)),
        tuple(_things(found.states, "volunteer", Volunteer)),
        tuple(_things(found.states, "line", LineState)),
        tuple(_commands(found.commands)),
    )


def _things(states: Mapping[StateKey, StateBody], kind: str, cls: type[T]) -> Iterator[T]:
    for (of, name), (version, body) in sorted(states.items()):
        if of != kind:
            continue
        try:
            yield load(cls, kinds.lift(kind, version, body))
        except UnreadableError as why:
            _unreadable("a remembered row cannot be read and is passed over", kind, name, why)


def _commands(rows: Iterable[CommandRow]) -> Iterator[tuple[int, Command]]:
    for seq, kind, version, body in rows:
        try:
            yield seq, kinds.command(kind, version, body)
        except UnreadableError as why:
            _unreadable("a command that was to be repeated cannot be read and is passed over", kind, str(seq), why)


def _unreadable(what: str, kind: str, name: str, why: UnreadableError) -> None:
    log.error(what, extra={"keys": {"kind": kind, "id": name, "why": str(why)}})
