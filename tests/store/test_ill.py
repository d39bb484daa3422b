"""A disk in trouble: nothing is lost, nothing is said twice, and nobody waits for it; also from the very start."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from ivr.app.ports import Entry
from ivr.core.facts import CallEnded
from ivr.core.reasons import EndedBy, Outcome
from ivr.store.batch import Batch, encoded
from ivr.store.database import open_again, open_for_writing, transaction
from ivr.store.journal import SqliteJournal
from ivr.store.lease import look
from ivr.store.reader import Reader
from ivr.store.trouble import Ill, StoreTrouble
from tests.store.entries import AT, LINE, call, entry, number_of

DEADLINE_S = 20.0


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(DEADLINE_S):
        while not true():
            await asyncio.sleep(0.005)


def log_of(path: Path) -> list[int]:
    reader = Reader(path)
    try:
        return [number_of(row.call) for row in reader.after(0, 100_000)]
    finally:
        reader.close()


def test_a_commit_that_failed_after_all_was_written_says_nothing_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "voiceline.db"
    failures = iter([True, False, True])

    @contextmanager
    def failing(con: sqlite3.Connection) -> Iterator[None]:
        with transaction(con):
            yield
        if next(failures, False):
            raise sqlite3.OperationalError("fsync")  # all of it is on disk

    async def story() -> None:
        journal = SqliteJournal(path)
        monkeypatch.setattr("ivr.store.writer.transaction", failing)
        for number in range(5):
            try:
                await journal.keep(entry(number))
            except StoreTrouble:
                await until(lambda: journal.trouble is None)
        journal.close()

    asyncio.run(story())
    assert log_of(path) == [0, 1, 2, 3, 4]


def sick(ill: Ill) -> Callable[[Path], sqlite3.Connection]:
    def never(_path: Path) -> sqlite3.Connection:
        raise StoreTrouble(ill)

    return never


@pytest.mark.parametrize("ill", [Ill.FULL, Ill.READ_ONLY, Ill.LOCKED, Ill.OTHER])
def test_a_start_with_a_sick_disk_remembers_what_can_be_read_and_writes_once_it_is_well(
    tmp_path: Path, ill: Ill
) -> None:
    path = tmp_path / "voiceline.db"
    well = [False]

    def sometimes(path: Path) -> sqlite3.Connection:
        return open_for_writing(path) if well[0] else sick(ill)(path)

    async def story() -> None:
        before = SqliteJournal(path)
        await before.keep(entry(1))
        before.close()
        journal = SqliteJournal(path, first=sometimes, again=sometimes)
        assert journal.trouble is not None
        assert journal.trouble.ill is ill
        assert list(journal.alarms()) == ["log_not_written"]
        assert [each.id for each in journal.load().calls] == [call(1).id]
        assert journal.may_i(), "callers are served all the same"
        with pytest.raises(StoreTrouble) as told:
            await journal.keep(entry(2))
        assert told.value.numbers == (3, 4), "numbers go on where they were"
        well[0] = True
        await until(lambda: journal.trouble is None)
        await journal.keep(entry(3))
        assert journal.lease.epoch == 2
        journal.close()

    asyncio.run(story())
    assert log_of(path) == [1, 2, 3]


def test_a_start_while_another_program_keeps_the_database_locked(tmp_path: Path) -> None:
    path = tmp_path / "voiceline.db"

    async def story() -> None:
        SqliteJournal(path).close()
        thief = open_again(path)
        with transaction(thief):
            journal = SqliteJournal(path)
            assert journal.trouble is not None
            assert journal.trouble.ill is Ill.LOCKED
            assert journal.may_i()
            with pytest.raises(StoreTrouble):
                await journal.keep(entry(1))
        thief.close()
        await until(lambda: journal.trouble is None)
        journal.close()

    asyncio.run(story())
    assert log_of(path) == [1]
    holder = look(path)
    assert holder is not None
    assert holder.epoch == 2


def test_a_start_without_anything_to_read_begins_with_nothing_and_says_so(tmp_path: Path) -> None:
    async def story() -> None:
        journal = SqliteJournal(tmp_path / "voiceline.db", first=sick(Ill.FULL), again=sick(Ill.FULL))
        assert list(journal.alarms()) == ["log_not_written", "log_not_read"]
        assert journal.load().calls == ()
        with pytest.raises(StoreTrouble) as told:
            await journal.keep(entry(1))
        assert told.value.numbers[0] > 10**12, "beyond any number that was ever given out"
        journal.close()

    asyncio.run(story())


# ---------------------------------------------------------------- memory has an end


def ended(number: int) -> Entry:
    fact = CallEnded(call(number).id, LINE, AT, Outcome.ABANDONED, EndedBy.CALLER, 1.0, None, None, AT)
    return Entry({}, {}, {}, (fact,), ())


def rows_of(batch: Batch) -> list[tuple[str, int]]:
    return [(kind, number_of(which)) for _, _, kind, _, which, *_ in batch.numbered()]


def test_when_memory_is_full_commands_go_first_then_old_facts_and_how_calls_ended_goes_last() -> None:
    batch = Batch()
    for number in range(100):
        batch.add(encoded(entry(number), 1 + 2 * number))
        batch.add(encoded(ended(number), 0))
    whole = batch.bytes
    assert batch.shed(whole) == 0
    facts_alone = sum(400 + len(row[-1]) for row in (*encoded(entry(1), 1).facts, *encoded(ended(1), 1).facts)) * 100
    assert batch.shed(int(facts_alone / 0.9) + 10_000) == 0, "without commands it fits"
    batch.number(1)
    lost = batch.shed(facts_alone * 9 // 10)
    assert 0 < lost < 100
    kept = rows_of(batch)
    assert [number for kind, number in kept if kind == "call_ended"] == list(range(100))
    assert [number for kind, number in kept if kind == "call_started"] == list(range(lost, 100)), "the oldest went"
    assert [row[0] for row in batch.numbered()] == sorted(row[0] for row in batch.numbered())
    batch.shed(facts_alone // 4)
    left = rows_of(batch)
    assert {kind for kind, _ in left} == {"call_ended"}
    assert left[-1] == ("call_ended", 99)


def test_a_disk_that_stays_full_for_too_long_costs_counted_facts_and_rings_an_alarm(tmp_path: Path) -> None:
    path = tmp_path / "voiceline.db"
    well = [True]
    held: list[sqlite3.Connection] = []

    def open_first(path: Path) -> sqlite3.Connection:
        held.append(open_for_writing(path))
        return held[0]

    def open_it(path: Path) -> sqlite3.Connection:
        return open_again(path) if well[0] else sick(Ill.FULL)(path)

    async def story() -> int:
        journal = SqliteJournal(path, first=open_first, again=open_it, limit=100_000)
        await journal.keep(entry(0))
        well[0] = False
        held[0].execute("PRAGMA query_only = ON")
        for number in range(1, 1000):
            with pytest.raises(StoreTrouble):
                await journal.keep(entry(number))
        await until(lambda: journal.lost > 0)
        assert set(journal.alarms()) == {"log_not_written", "facts_lost"}
        changed = replace(call(7), counter=77)
        with pytest.raises(StoreTrouble):
            await journal.keep(Entry({changed.id: changed}, {}, {}, (), ()))
        well[0] = True
        await until(lambda: journal.trouble is None)
        assert {each.id: each.counter for each in journal.load().calls}[call(7).id] == 77, "state is never lost"
        assert len(journal.load().calls) == 1000
        journal.close()
        return journal.lost

    lost = asyncio.run(story())
    found = log_of(path)
    assert len(found) + lost == 1000, "every lost fact is counted"
    assert found == [0, *range(lost + 1, 1000)]
