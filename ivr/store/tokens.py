"""Bearer tokens: made once, shown once, kept as a hash that cannot be used to get in."""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from ivr.store.codec import moment
from ivr.store.database import open_for_writing, transaction, trouble
from ivr.store.reader import Reader


@dataclass(frozen=True, slots=True)
class NewToken:
    id: int
    name: str
    scopes: tuple[str, ...]
    token: str
    """The secret itself: to be shown once and kept nowhere."""


def create(path: Path, name: str, scopes: Iterable[str], at: datetime) -> NewToken:
    """Makes the database when there is none yet. Raises `StoreTrouble`."""
    token = f"vl_{secrets.token_urlsafe(32)}"
    granted = tuple(sorted(set(scopes)))
    con = open_for_writing(path, busy_s=5.0)
    try:
        with trouble(), transaction(con):
            row = con.execute(
                "INSERT INTO tokens (name, scopes, sha256, created_at) VALUES (?, ?, ?, ?)",
                (name, " ".join(granted), _hash(token), moment(at)),
            )
    finally:
        con.close()
    return NewToken(_id(row), name, granted, token)


def scopes_of(reader: Reader, token: str) -> frozenset[str]:
    """What the bearer may do; empty for a token that we did not give out. Raises `StoreTrouble`."""
    found = reader.ask("SELECT scopes FROM tokens WHERE sha256 = ?", (_hash(token),))
    return frozenset(found[0][0].split()) if found else frozenset()


def _id(row: sqlite3.Cursor) -> int:
    assert row.lastrowid is not None
    return row.lastrowid


def _hash(token: str) -> str:
    """A plain hash is enough: 256 random bits cannot be guessed from it."""
    return sha256(token.encode()).hexdigest()
