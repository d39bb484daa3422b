"""The continuous backup: two copies of the database in `STATE/backup/`, brought up to date in turn.

Rules: a copy is a whole SQLite database; each step is one transaction and copies only what is new, so that it costs the
same in the tenth year; a copy that is not sound is made anew (SQLite's online backup, checked, then put in place). What
was deleted from the log is deleted here too. Reads the live database like any other reader and never makes the writer
wait. What it finds damaged in the live database it tells at once.
"""

from __future__ import annotations

import logging
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Final

from ivr.store.database import migrations, open_copy, open_for_looking, schema, sync_directory, trouble
from ivr.store.trouble import Ill, StoreTrouble

log = logging.getLogger(__name__)

FOLDER: Final = "backup"
COPIES: Final = ("a.db", "b.db")
EVERY_S: Final = 10.0
"""How old the newest copy may be while something happens."""
CHECK_S: Final = 3600.0
"""How often live database and copies are read from end to end."""
GAP: Final = 100_000
"""After a restore numbers go on this far beyond the last one found: those given out since are not used again."""

_NEW = """
INSERT INTO facts SELECT * FROM live.facts WHERE seq > (SELECT coalesce(max(seq), 0) FROM facts) ORDER BY seq;
DELETE FROM facts WHERE seq < (SELECT coalesce(min(seq), 0) FROM live.facts);
DELETE FROM state;
INSERT INTO state SELECT * FROM live.state;
DELETE FROM tokens;
INSERT INTO tokens SELECT * FROM live.tokens;
DELETE FROM lease;
INSERT INTO lease SELECT * FROM live.lease;
DELETE FROM meta WHERE key != 'schema';
INSERT INTO meta SELECT * FROM live.meta WHERE key != 'schema';
DELETE FROM sqlite_sequence;
INSERT INTO sqlite_sequence SELECT * FROM live.sqlite_sequence;
"""
"""Commands are not kept here: a survey asks again for all that is still needed."""
_SAME = """
SELECT (SELECT coalesce(max(seq), 0) FROM facts) = (SELECT coalesce(max(seq), 0) FROM live.facts)
    AND (SELECT coalesce(min(seq), 0) FROM facts) = (SELECT coalesce(min(seq), 0) FROM live.facts)
    AND (SELECT count(*) FROM tokens) = (SELECT count(*) FROM live.tokens)
    AND NOT EXISTS (SELECT * FROM live.state EXCEPT SELECT * FROM state)
    AND NOT EXISTS (SELECT * FROM state EXCEPT SELECT * FROM live.state)
"""
_AHEAD = "SELECT (SELECT coalesce(max(seq), 0) FROM facts) > (SELECT coalesce(max(seq), 0) FROM live.facts)"
"""Somebody put an older database in the live one's place."""
_COUNT = "SELECT (SELECT count(*) FROM facts) = (SELECT count(*) FROM live.facts)"


class Backup:
    """A thread of its own. `kept(n)`: facts up to number n are in a copy; `damaged()`: the live database must be
    healed. Both are called in that thread."""

    def __init__(
        self,
        path: Path,
        kept: Callable[[int], None],
        damaged: Callable[[], None],
        every_s: float = EVERY_S,
        check_s: float = CHECK_S,
    ) -> None:
        self._path, self._kept, self._damaged = path, kept, damaged
        self._every_s, self._check_s = every_s, check_s
        self._turn = 0
        self._checked: dict[str, float] = {}
        self._stop = threading.Event()
        self.trouble: StoreTrouble | None = None
        """Why there is no fresh copy; None: there is one."""
        self._thread = threading.Thread(target=self._run, name="backup", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """Ends the thread, if it was started."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(self._every_s):
            self.step()

    def step(self) -> None:
        """One copy, brought up to date. Never raises."""
        name = COPIES[self._turn % len(COPIES)]
        try:
            with trouble():
                self._check_live()
                number = self._bring_up(name)
        except FileNotFoundError:
            return
        except StoreTrouble as found:
            self._note(found)
            return
        except Exception as error:  # the thread must live
            log.critical("the backup met a mistake of ours", extra={"keys": {"wrong": type(error).__name__}})
            self._note(StoreTrouble(Ill.OTHER))
            return
        self._note(None)
        self._turn += 1
        self._kept(number)

    def _note(self, found: StoreTrouble | None) -> None:
        if found is not None and (self.trouble is None or self.trouble.ill is not found.ill):
            log.error("the backup cannot be made", extra={"keys": {"ill": found.ill.value}})
        self.trouble = found

    def _due(self, what: str) -> bool:
        return time.monotonic() - self._checked.get(what, -self._check_s) >= self._check_s

    def _check_live(self) -> None:
        if not self._due("live"):
            return
        with closing(open_for_looking(self._path)) as con:
            sound = is_sound(con)
        if not sound:
            self._damaged()
            raise StoreTrouble(Ill.CORRUPTED)
        self._checked["live"] = time.monotonic()

    def _bring_up(self, name: str) -> int:
        """The number of the newest fact that this copy has now."""
        copy = self._path.parent / FOLDER / name
        number = self._add_if_sound(copy, name) if copy.exists() else None
        if number is not None:
            return number
        try:
            copy_whole(self._path, copy)
        except StoreTrouble as found:
            if found.ill is Ill.CORRUPTED:
                self._damaged()
            raise
        self._checked[name] = time.monotonic()
        return newest(copy)

    def _add_if_sound(self, copy: Path, name: str) -> int | None:
        """As `_add`, and knows who is to blame for what is damaged: a copy is never given up for a live database."""
        try:
            return self._add(copy, name)
        except StoreTrouble as found:
            if found.ill is not Ill.CORRUPTED:
                raise
            with suppress(StoreTrouble), closing(open_for_looking(copy)) as con:
                if is_sound(con):
                    self._damaged()
                    raise
            return None

    def _add(self, copy: Path, name: str) -> int | None:
        """What is new; None when this copy is not worth adding to."""
        with trouble(), closing(open_copy(copy)) as con, _attached(con, self._path):
            if schema(con) != len(migrations()) or con.execute(_AHEAD).fetchone()[0]:
                return None
            thorough = self._due(name)
            if not con.execute(_SAME).fetchone()[0]:
                con.execute("BEGIN")
                for statement in _NEW.strip().split(";\n"):
                    con.execute(statement)
                con.execute("COMMIT")
            if thorough:
                if not is_sound(con) or not con.execute(_COUNT).fetchone()[0]:
                    return None
                self._checked[name] = time.monotonic()
            return int(con.execute("SELECT coalesce(max(seq), 0) FROM facts").fetchone()[0])


def copy_whole(source: Path, target: Path) -> None:
    """A sound copy, put in place in one go, 0600. Raises `StoreTrouble`: CORRUPTED when the source is not sound, and
    FileNotFoundError when it is not there."""
    fresh = target.with_name(target.name + ".new")
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        with trouble():
            fresh.unlink(missing_ok=True)
            with closing(open_for_looking(source)) as con, closing(open_copy(fresh)) as copy:
                con.backup(copy)
                copy.execute("PRAGMA journal_mode=DELETE")  # one file, whatever the source is
                if not is_sound(copy):
                    raise StoreTrouble(Ill.CORRUPTED)
            with fresh.open("rb") as written:
                os.fsync(written.fileno())
            fresh.replace(target)
            sync_directory(target.parent)
    finally:
        fresh.unlink(missing_ok=True)


def restore(path: Path) -> bool:
    """Put the newest sound copy in the place of the database, which must not be there. False: there is none.

    Raises `StoreTrouble` when there is one and the disk does not let it be copied.
    """
    copies = [(path.parent / FOLDER / name) for name in COPIES]
    for _, copy in sorted(((newest(copy), copy) for copy in copies), reverse=True):
        with suppress(FileNotFoundError):
            try:
                copy_whole(copy, path)
            except StoreTrouble as found:
                if found.ill is not Ill.CORRUPTED:
                    raise
                continue
            with trouble(), closing(open_copy(path)) as con:
                con.execute("UPDATE sqlite_sequence SET seq = seq + ?", (GAP,))
            return True
    return False


def newest(copy: Path) -> int:
    """The number of its newest fact; -1 for a copy that is not there or cannot be read."""
    try:
        with trouble(), closing(open_for_looking(copy)) as con:
            return int(con.execute("SELECT coalesce(max(seq), 0) FROM facts").fetchone()[0])
    except (StoreTrouble, FileNotFoundError):
        return -1


def is_sound(con: sqlite3.Connection) -> bool:
    """Read from end to end. It releases Python's lock while it works."""
    try:
        return bool(con.execute("PRAGMA main.quick_check(1)").fetchone()[0] == "ok")
    except sqlite3.DatabaseError:
        return False


@contextmanager
def _attached(con: sqlite3.Connection, live: Path) -> Iterator[None]:
    con.execute("ATTACH ? AS live", (f"{live.resolve().as_uri()}?mode=ro",))
    try:
        yield
    finally:
        if con.in_transaction:
            con.execute("ROLLBACK")
        con.execute("DETACH live")
