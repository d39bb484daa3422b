"""Never two deciders: one dated row says who decides, and every controller has an epoch of its own.

Rules: opening the journal takes the lease with a new epoch; from then on no older epoch can write. Who holds it proves
so every second; without a proof for `LEASE_S` it must not command anything, by its own clock, whatever it still
believes. So a successor who has waited `LEASE_S` after taking over, or has seen the one before end, is alone. A process
that was frozen finds its proof too old before its first command. Moments in the row are real time, for people: nothing
is decided by comparing them.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from ivr.app.ports import Deposed
from ivr.store.codec import moment
from ivr.store.database import open_for_looking, trouble
from ivr.store.process import Process, myself, read
from ivr.store.trouble import Ill, StoreTrouble

LEASE_S: Final = 3.0
"""How long a proof lasts. Long enough for a stalled disk or machine, short enough for callers (the dialplan's own lease
frees them in the same time)."""
WRITTEN_S: Final = 0.5
"""A row younger than this is not written again with every entry."""

_READ = "SELECT epoch, holder, released FROM lease"
_TAKE = "UPDATE lease SET epoch = ?, holder = ?, taken_at = ?, expires_at = ?, released = 0"
_RENEW = "UPDATE lease SET expires_at = ? WHERE epoch = ?"
_RELEASE = "UPDATE lease SET released = 1, expires_at = ? WHERE epoch = ?"


@dataclass(frozen=True, slots=True)
class Holder:
    """Who has the lease, as the row says."""

    epoch: int
    process: Process | None
    released: bool

    @property
    def gone(self) -> bool:
        """Certainly decides nothing any more. Who cannot be seen from here may still live."""
        return self.released or (self.process is not None and self.process.lives() is False)


class Lease:
    """Ours. `may_i` is asked in the event loop, the rest in the writer's transactions."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.epoch = 0
        self.before: Holder | None = None
        """Who had it when we took it."""
        self.taken_at = 0.0
        """When, by our own clock (seconds)."""
        self.lost = False
        self._monotonic = monotonic
        self._me = myself()
        self._good_until = 0.0
        self._lapsed = False
        self._proving = threading.Lock()
        self._written_at = 0.0

    def may_i(self) -> bool:
        """Whether we may command anything at this moment. Once we may not, we may not until that was `noticed`."""
        with self._proving:
            if self._good_until and self._monotonic() >= self._good_until:
                self._lapsed = True
            return not self.lost and not self._lapsed and self._good_until > 0.0

    def proved(self, asked_at: float) -> None:
        """At `asked_at` (our own clock) or later it was certain that nobody else decides. Where the proof before it had
        run out by then, that must be noticed first: the writer may be awake before the event loop is."""
        with self._proving:
            if asked_at + LEASE_S <= self._monotonic():
                return
            if self._good_until and asked_at >= self._good_until:
                self._lapsed = True
            self._good_until = max(self._good_until, asked_at + LEASE_S)

    def noticed(self) -> None:
        """It is known that our proof had run out, and everything is held: the next one counts."""
        with self._proving:
            self._good_until, self._lapsed = 0.0, False

    def take(self, con: sqlite3.Connection) -> int:
        """Our name in the row, in the caller's transaction. The epoch goes to `taken` once that is committed."""
        self.before = _read(con)
        epoch = self.before.epoch + 1
        self.put(con, epoch)
        return epoch

    def taken(self, epoch: int) -> None:
        self.epoch = epoch
        self.taken_at = self._monotonic()
        self.proved(self.taken_at)

    def put(self, con: sqlite3.Connection, epoch: int) -> None:
        """Also in a row that came out of a backup."""
        now = datetime.now(UTC)
        con.execute(_TAKE, (epoch, str(self._me), moment(now), moment(now + timedelta(seconds=LEASE_S))))

    def is_ours(self, holder: Holder) -> bool:
        """Epoch and name: after a restore an epoch may have been given out before."""
        return holder.epoch == self.epoch and holder.process == self._me

    def check(self, con: sqlite3.Connection) -> None:
        """In every transaction, first of all. Raises `Deposed`."""
        if not self.is_ours(_read(con)):
            self.lost = True
            raise Deposed
        if self._monotonic() - self._written_at >= WRITTEN_S:
            con.execute(_RENEW, (moment(datetime.now(UTC) + timedelta(seconds=LEASE_S)), self.epoch))
            self._written_at = self._monotonic()

    def release(self, con: sqlite3.Connection) -> None:
        con.execute(_RELEASE, (moment(datetime.now(UTC)), self.epoch))

    def waits_for_s(self) -> float:
        """How long the one before us may still command something: until then we must not (seconds, 0: no longer)."""
        if self.before is None or self.before.gone:
            return 0.0
        return max(0.0, self.taken_at + LEASE_S - self._monotonic())


def look(path: Path) -> Holder | None:
    """Who has the lease now; asked without waiting, without writing. None: nothing was ever written here, or not with
    leases. Raises `StoreTrouble` when it cannot be read."""
    try:
        con = open_for_looking(path)
    except FileNotFoundError:
        return None
    with closing(con), trouble():
        if not con.execute("SELECT count(*) FROM sqlite_schema WHERE name = 'lease'").fetchone()[0]:
            return None
        found = _read(con)
    return None if found.epoch == 0 else found


def _read(con: sqlite3.Connection) -> Holder:
    row = con.execute(_READ).fetchone()
    if row is None:
        raise StoreTrouble(Ill.CORRUPTED)
    epoch, holder, released = row
    return Holder(epoch, read(holder), bool(released))
