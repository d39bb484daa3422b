"""What can be wrong with the store, in words that say what to do."""

from __future__ import annotations

import sqlite3
from enum import StrEnum

from ivr.app.ports import NotKept


class Ill(StrEnum):
    LOCKED = "locked"
    FULL = "full"
    READ_ONLY = "read_only"
    CORRUPTED = "corrupted"
    SLOW = "slow"
    NEWER = "newer"
    OLDER = "older"
    OTHER = "other"


SENTENCES = {
    Ill.LOCKED: "another program keeps the database locked; end it (ivr status names what is running)",
    Ill.FULL: "the disk is full; make room where the state directory lies",
    Ill.READ_ONLY: "the database cannot be written; the state directory must belong to this user and be writable",
    Ill.CORRUPTED: "the database is damaged; `ivr up` puts the newest sound backup in its place",
    Ill.SLOW: "the disk has not answered in time; look at the disk under the state directory",
    Ill.NEWER: "the database was written by a newer version of voiceline; start that version, or use another --state",
    Ill.OLDER: "the database was written by an older version of voiceline; start `ivr up` once",
    Ill.OTHER: "the database cannot be used; look at the disk and the rights of the state directory",
}

_CODES = {
    sqlite3.SQLITE_BUSY: Ill.LOCKED,
    sqlite3.SQLITE_LOCKED: Ill.LOCKED,
    sqlite3.SQLITE_FULL: Ill.FULL,
    sqlite3.SQLITE_READONLY: Ill.READ_ONLY,
    sqlite3.SQLITE_PERM: Ill.READ_ONLY,
    sqlite3.SQLITE_CORRUPT: Ill.CORRUPTED,
    sqlite3.SQLITE_NOTADB: Ill.CORRUPTED,
}


class StoreTrouble(NotKept, OSError):
    """The store cannot do what was asked. `str()` is one sentence.

    From `Journal.keep`: the entry is not on disk, but it is not lost either: it stays in memory, in its order, and is
    written as soon as that works. `numbers` are those its commands have already, so that they can be ticked off.
    """

    def __init__(self, ill: Ill, numbers: tuple[int, ...] = ()) -> None:
        super().__init__(SENTENCES[ill])
        self.ill = ill
        self.numbers = numbers


def diagnose(error: sqlite3.Error) -> Ill:
    """What an error of SQLite means to us; its own text may quote a row and goes nowhere."""
    code = getattr(error, "sqlite_errorcode", None)
    return Ill.OTHER if code is None else _CODES.get(code & 0xFF, Ill.OTHER)
