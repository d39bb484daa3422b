"""The guard that finds a caller's number finds one, and nothing else."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from ivr.app.ports import Entry
from ivr.core.facts import OverrideChanged
from ivr.store.journal import SqliteJournal
from tests.contract.samples import everything
from tests.store.entries import AT, LINE, entry
from tests.store.numbers import numbers_in, numbers_in_database


def keep(path: Path, *entries: Entry) -> None:
    async def all_of_them(journal: SqliteJournal) -> None:
        for each in entries:
            await journal.keep(each)

    journal = SqliteJournal(path)
    try:
        asyncio.run(all_of_them(journal))
    finally:
        journal.close()


def test_a_database_of_everything_we_keep_holds_no_number(tmp_path: Path) -> None:
    path = tmp_path / "voiceline.db"
    keep(path, everything(), *(entry(number) for number in range(100)))
    assert numbers_in_database(path, allowed=("35555557",)) == []


def test_a_number_that_slipped_into_a_fact_is_found(tmp_path: Path) -> None:
    path = tmp_path / "voiceline.db"
    keep(path, Entry({}, {}, {}, (OverrideChanged(LINE, True, None, "ring 20 30 40 50", AT),), ()))
    assert numbers_in_database(path) == ["facts: 20 30 40 50"]


@pytest.mark.parametrize("number", ["20304050", "+4520304050", "20 30 40 50", "004520304050", "2030405", "20-30-40-50"])
def test_every_way_of_writing_a_number_is_found(number: str) -> None:
    assert numbers_in(f'{{"reason":"child on {number}!"}}') == [number]


def test_a_lines_own_number_is_no_callers() -> None:
    assert numbers_in("116111 and 35555557", allowed=("35555557",)) == []
    assert numbers_in("35555557") == ["35555557"]
