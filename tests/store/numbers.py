"""Looks through a database for anything that could be a caller's number: for every test that has real calls in one."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Collection
from contextlib import closing
from pathlib import Path

_DIGITS = re.compile(r"\+?[0-9](?:[ .-]?[0-9]){6,}")
_OURS = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+(?:Z|[+-][0-9]{2}:[0-9]{2})"  # a moment
    r"|(?<![0-9a-f])[0-9a-f]{20}(?:-[rtp][0-9]+)?(?![0-9a-f])"  # a call, ring, talk or playing
    r"|(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])"  # a token's hash
    r"|(?<=_s\":)[0-9]+\.[0-9]+"  # a length in seconds
)


def numbers_in(text: str, allowed: Collection[str] = ()) -> list[str]:
    """What has seven digits or more and is neither ours nor the number of a line (`allowed`)."""
    found = [match.group() for match in _DIGITS.finditer(_OURS.sub("_", text))]
    return [number for number in found if number.lstrip("+") not in allowed]


def numbers_in_database(path: Path, allowed: Collection[str] = ()) -> list[str]:
    """The places, as `table: number`. Every value but the installation's own random name is looked at."""
    told: list[str] = []
    with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as con:
        tables = [
            name for (name,) in con.execute("SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> 'meta'")
        ]
        for table in tables:
            for row in con.execute(f'SELECT * FROM "{table}"'):
                for value in row:
                    told += [f"{table}: {number}" for number in numbers_in(str(value), allowed)]
    return told
