"""Rows of the store read straight from its file: for commands that want to know a little, and never wait or fail."""

from __future__ import annotations

import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from typing import TypeVar

from ivr.core.state import LineState, Volunteer
from ivr.store.codec import UnreadableError, load
from ivr.store.database import NAME
from ivr.store.kinds import lift

T = TypeVar("T", LineState, Volunteer)


def kept(state: Path, cls: type[T]) -> list[T]:
    """Everything of this kind that is remembered; nothing when nothing can be read."""
    kind, found = ("line" if cls is LineState else "volunteer"), list[T]()
    path = state / NAME
    with suppress(sqlite3.Error, OSError):
        if path.is_file():
            with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as database:
                for version, body in database.execute("SELECT version, body FROM state WHERE kind = ?", (kind,)):
                    with suppress(UnreadableError):
                        found.append(load(cls, lift(kind, version, body)))
    return found
