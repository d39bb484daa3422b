"""The database file: opened, brought up to date, never readable by others."""

from __future__ import annotations

import errno
import os
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Final

from ivr.store.trouble import Ill, StoreTrouble, diagnose

NAME: Final = "voiceline.db"
"""Within the state directory."""

BUSY_S: Final = 0.25
"""How long the writer waits for a lock: callers wait with it."""


def open_for_writing(path: Path, busy_s: float = BUSY_S) -> sqlite3.Connection:
    """Makes the file if need be and brings it up to date. Raises `StoreTrouble`."""
    with trouble():
        _make(path)
        con = _connect(path, "rwc", busy_s)
        try:
            _need(con.execute("PRAGMA journal_mode=WAL").fetchone()[0] == "wal", Ill.OTHER)
            con.execute("PRAGMA synchronous=FULL")
            migrate(con)
        except BaseException:
            con.close()
            raise
    return con


def open_again(path: Path, busy_s: float = BUSY_S) -> sqlite3.Connection:
    """For the writer after trouble: the file must be there, an empty one is not made up. Raises `StoreTrouble`."""
    with trouble():
        con = _connect(path, "rw", busy_s)
        con.execute("PRAGMA synchronous=FULL")
    return con


def open_for_looking(path: Path) -> sqlite3.Connection:
    """A connection for one question, whatever version the file is of; it waits for nobody. Raises FileNotFoundError
    and `StoreTrouble`."""
    if not path.exists():
        raise FileNotFoundError(path)
    with trouble():
        return _connect(path, "ro", 0.0)


def open_copy(path: Path) -> sqlite3.Connection:
    """A copy of the database for the backup alone: one file without a log beside it. Made if need be, 0600."""
    with trouble():
        _make(path)
        con = _connect(path, "rw", 2.0)
        con.execute("PRAGMA synchronous=FULL")
    return con


def sync_directory(folder: Path) -> None:
    """What was renamed in it stays renamed, also after a power cut."""
    held = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(held)
    finally:
        os.close(held)


def open_for_reading(path: Path) -> sqlite3.Connection:
    """A connection that cannot write and never makes the writer wait. Raises `StoreTrouble`, and FileNotFoundError
    when nothing was ever written."""
    if not path.exists():
        raise FileNotFoundError(path)
    with trouble():
        con = _connect(path, "ro", 2.0)
        try:
            con.execute("PRAGMA query_only=ON")
            found, ours = schema(con), len(migrations())
            if found == 0:  # just being made
                raise FileNotFoundError(path)  # noqa: TRY301
            _need(found <= ours, Ill.NEWER)
            _need(found == ours, Ill.OLDER)
        except BaseException:
            con.close()
            raise
    return con


def migrations() -> list[str]:
    """The scripts in order; the n-th makes schema version n."""
    folder = files("ivr.store") / "migrations"
    return [
        script.read_text() for script in sorted(folder.iterdir(), key=lambda f: f.name) if script.name.endswith(".sql")
    ]


def migrate(con: sqlite3.Connection) -> None:
    """Up to today's schema, each step in a transaction of its own. Raises `StoreTrouble` for a newer schema."""
    scripts = migrations()
    if schema(con) == len(scripts):
        return
    with transaction(con):
        con.execute("CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID")
        con.execute("INSERT OR IGNORE INTO meta VALUES ('schema', '0')")
        con.execute("INSERT OR IGNORE INTO meta VALUES ('installation', ?)", (secrets.token_hex(6),))
    while True:
        with transaction(con):
            found = schema(con)  # asked within the transaction: two programs may start at once
            _need(found <= len(scripts), Ill.NEWER)
            if found == len(scripts):
                return
            for statement in _statements(scripts[found]):
                con.execute(statement)
            con.execute("UPDATE meta SET value = ? WHERE key = 'schema'", (str(found + 1),))


@contextmanager
def transaction(con: sqlite3.Connection) -> Iterator[None]:
    con.execute("BEGIN IMMEDIATE")
    try:
        yield
        con.execute("COMMIT")
    except BaseException:
        if con.in_transaction:
            con.execute("ROLLBACK")
        raise


@contextmanager
def trouble() -> Iterator[None]:
    """SQLite's and the disk's errors as `StoreTrouble`."""
    try:
        yield
    except sqlite3.Error as error:
        raise StoreTrouble(diagnose(error)) from None
    except (StoreTrouble, FileNotFoundError):
        raise
    except (PermissionError, NotADirectoryError, IsADirectoryError):
        raise StoreTrouble(Ill.READ_ONLY) from None
    except OSError as error:
        raise StoreTrouble(Ill.FULL if error.errno == errno.ENOSPC else Ill.OTHER) from None


def installation(con: sqlite3.Connection) -> str:
    """This installation's public name in events: random, made with the file."""
    return str(con.execute("SELECT value FROM meta WHERE key = 'installation'").fetchone()[0])


def _make(path: Path) -> None:
    """0600 from its first moment. An existing file is not opened here: closing it would take SQLite's locks away."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    except FileExistsError:
        if path.stat().st_mode & 0o077:
            path.chmod(0o600)


def _connect(path: Path, mode: str, busy_s: float) -> sqlite3.Connection:
    con = sqlite3.connect(
        f"{path.resolve().as_uri()}?mode={mode}",
        uri=True,
        timeout=busy_s,
        isolation_level=None,
        check_same_thread=False,
    )
    try:
        con.execute("PRAGMA foreign_keys=ON")
        con.execute("SELECT count(*) FROM sqlite_schema").fetchone()  # is it a database at all?
    except BaseException:
        con.close()
        raise
    return con


def _need(fine: bool, otherwise: Ill) -> None:
    if not fine:
        raise StoreTrouble(otherwise)


def schema(con: sqlite3.Connection) -> int:
    """The file's schema version; 0: none yet."""
    with closing(con.execute("SELECT count(*) FROM sqlite_schema WHERE name = 'meta'")) as found:
        if not found.fetchone()[0]:
            return 0
    row = con.execute("SELECT value FROM meta WHERE key = 'schema'").fetchone()
    return int(row[0]) if row else 0


def _statements(script: str) -> Iterator[str]:
    statement = ""
    for line in script.splitlines():
        statement += line + "\n"
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
