"""One thread writes, many entries in one transaction, and trouble loses nothing."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from ivr.app.ports import Entry, Journal, Kept
from ivr.core.facts import Alarm
from ivr.store.database import open_again, open_for_writing, transaction
from ivr.store.journal import SqliteJournal
from ivr.store.reader import Reader
from ivr.store.trouble import Ill, StoreTrouble
from tests.store.entries import AT, call, entry, number_of

DEADLINE_S = 10.0


@contextmanager
def journal_at(
    path: Path,
    first: Callable[[Path], sqlite3.Connection] = open_for_writing,
    again: Callable[[Path], sqlite3.Connection] = open_again,
) -> Iterator[SqliteJournal]:
    journal = SqliteJournal(path, first=first, again=again)
    try:
        yield journal
    finally:
        journal.close()


@contextmanager
def reader_at(path: Path) -> Iterator[Reader]:
    reader = Reader(path)
    try:
        yield reader
    finally:
        reader.close()


def calls_in_the_log(path: Path) -> list[int]:
    with reader_at(path) as reader:
        return [number_of(row.call) for row in reader.after(0, 100_000) if row.call is not None]


def loaded(path: Path) -> Kept:
    with journal_at(path) as journal:
        return journal.load()


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(DEADLINE_S):
        while not true():
            await asyncio.sleep(0.005)


class Disk:
    """A database whose disk fails for as long as a test says."""

    def __init__(self) -> None:
        self.sick: str | None = None
        self.commits = 0
        self._con: sqlite3.Connection | None = None

    def first(self, path: Path) -> sqlite3.Connection:
        return self._watched(open_for_writing(path))

    def again(self, path: Path) -> sqlite3.Connection:
        return self._watched(open_again(path))

    def _watched(self, con: sqlite3.Connection) -> sqlite3.Connection:
        self._con = con
        self._apply()
        con.set_trace_callback(self._count)
        return con

    def _count(self, statement: str) -> None:
        self.commits += statement == "COMMIT"

    def fail(self, how: str) -> None:
        self.sick = how
        self._apply()

    def heal(self) -> None:
        self.sick = None

    def _apply(self) -> None:
        if self._con is not None and self.sick is not None:
            self._con.execute(self.sick)


def big(small: Entry) -> Entry:
    """More than fits into the room that a full database still has."""
    return replace(small, facts=(*small.facts, Alarm("x" * 20_000, AT)))


FULL = "PRAGMA max_page_count = 1"
READ_ONLY = "PRAGMA query_only = ON"


# ---------------------------------------------------------------- in good times


def test_the_journal_is_what_the_engine_asks_for(tmp_path: Path) -> None:
    with journal_at(tmp_path / "voiceline.db") as journal:
        as_the_engine_sees_it: Journal = journal
        assert as_the_engine_sees_it.load() == Kept((), (), (), ())


def test_nobody_else_can_read_the_database(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        with journal_at(tmp_path / "state" / "voiceline.db") as journal:
            asyncio.run(_keep_all(journal, [entry(1)]))
            modes = {f.name: stat.S_IMODE(f.stat().st_mode) for f in (tmp_path / "state").iterdir()}
    finally:
        os.umask(old)
    assert modes == dict.fromkeys(("voiceline.db", "voiceline.db-wal", "voiceline.db-shm"), 0o600)
    assert stat.S_IMODE((tmp_path / "state").stat().st_mode) == 0o700


def test_a_database_that_others_could_read_is_closed_to_them(tmp_path: Path) -> None:
    path = tmp_path / "voiceline.db"
    with journal_at(path):
        pass
    path.chmod(0o644)
    with journal_at(path):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_commit_waits_for_the_disk(tmp_path: Path) -> None:
    con = open_for_writing(tmp_path / "voiceline.db")
    assert con.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert con.execute("PRAGMA synchronous").fetchone() == (2,)
    assert con.execute("PRAGMA foreign_keys").fetchone() == (1,)
    con.close()


def test_many_entries_at_once_are_few_transactions_and_keep_their_order(tmp_path: Path) -> None:
    disk = Disk()
    done: list[int] = []

    async def keep_and_note(journal: SqliteJournal) -> list[tuple[int, ...]]:
        waiting = []
        for number in range(500):
            kept = asyncio.ensure_future(journal.keep(entry(number)))
            kept.add_done_callback(lambda _, number=number: done.append(number))  # type: ignore[misc]
            waiting.append(kept)
        return [await each for each in waiting]

    path = tmp_path / "voiceline.db"
    with journal_at(path, first=disk.first) as journal:
        before = disk.commits
        numbers = asyncio.run(keep_and_note(journal))
        assert disk.commits - before < 100
    assert done == list(range(500))
    assert calls_in_the_log(path) == list(range(500))
    assert [n for pair in numbers for n in pair] == list(range(1, 1001))


def test_entries_of_two_loops_are_told_each_in_its_own(tmp_path: Path) -> None:
    where: dict[str, set[str]] = {}

    async def keep_here(journal: SqliteJournal) -> None:
        for number in range(50):
            await journal.keep(entry(number))
            where.setdefault(threading.current_thread().name, set()).add("told")

    with journal_at(tmp_path / "voiceline.db") as journal:
        threads = [threading.Thread(target=lambda: asyncio.run(keep_here(journal)), name=f"loop {n}") for n in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(DEADLINE_S)
    assert set(where) == {"loop 0", "loop 1", "loop 2"}


def test_a_tick_is_written_although_nothing_else_happens(tmp_path: Path) -> None:
    path = tmp_path / "voiceline.db"

    async def keep_and_tick(journal: SqliteJournal) -> None:
        for number in await journal.keep(entry(1)):
            journal.tick(number)
        await until(lambda: journal.load().commands == ())

    with journal_at(path) as journal:
        asyncio.run(keep_and_tick(journal))


def test_what_is_given_and_not_waited_for_is_written_before_the_end(tmp_path: Path) -> None:
    path = tmp_path / "voiceline.db"

    async def give(journal: SqliteJournal) -> None:
        for number in range(20):
            asyncio.ensure_future(journal.keep(entry(number)))  # noqa: RUF006

    with journal_at(path) as journal:
        asyncio.run(give(journal))
    assert calls_in_the_log(path) == list(range(20))


def test_after_the_end_nothing_is_taken_any_more(tmp_path: Path) -> None:
    with journal_at(tmp_path / "voiceline.db") as journal:
        pass
    with pytest.raises(RuntimeError, match="closed"):
        asyncio.run(_keep_all(journal, [entry(1)]))
    assert not [thread for thread in threading.enumerate() if thread.name == "journal"]


def test_an_entry_that_could_never_be_written_is_refused_at_once_and_harms_no_other(tmp_path: Path) -> None:
    path = tmp_path / "voiceline.db"
    naive = Entry({}, {}, {}, (Alarm("disk", AT.replace(tzinfo=None)),), ())

    async def try_it(journal: SqliteJournal) -> None:
        before = journal.keep(entry(1))
        with pytest.raises(ValueError, match="time zone"):
            await journal.keep(naive)
        await before
        await journal.keep(entry(2))

    with journal_at(path) as journal:
        asyncio.run(try_it(journal))
    assert calls_in_the_log(path) == [1, 2]


def test_a_remembered_row_that_cannot_be_read_does_not_stop_the_house(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "voiceline.db"
    with journal_at(path) as journal:
        asyncio.run(_keep_all(journal, [entry(1), entry(2)]))
    con = open_again(path)
    with transaction(con):
        con.execute("UPDATE state SET body = '{\"id\": 7}' WHERE id = ?", (call(1).id,))
        con.execute("UPDATE commands SET kind = 'dance' WHERE seq = 1")
    con.close()
    kept = loaded(path)
    assert [each.id for each in kept.calls] == [call(2).id]
    assert [number for number, _ in kept.commands] == [2, 3, 4]
    assert len([record for record in caplog.records if "cannot be read" in record.message]) == 2


# ---------------------------------------------------------------- in trouble


@pytest.mark.parametrize(("how", "ill"), [(FULL, Ill.FULL), (READ_ONLY, Ill.READ_ONLY)])
def test_trouble_is_told_at_once_and_what_was_given_is_written_later_in_order(
    tmp_path: Path, how: str, ill: Ill
) -> None:
    path, disk = tmp_path / "voiceline.db", Disk()

    async def through_trouble(journal: SqliteJournal) -> None:
        await journal.keep(entry(0))
        disk.fail(how)
        waiting = [asyncio.ensure_future(journal.keep(big(entry(number)))) for number in range(1, 200)]
        told = await asyncio.gather(*waiting, return_exceptions=True)
        assert all(isinstance(each, StoreTrouble) and each.ill is ill for each in told)
        assert next(each.numbers for each in told if isinstance(each, StoreTrouble)) == (3, 4)
        assert journal.trouble is not None
        journal.tick(3)  # done although it was never written
        disk.heal()
        await until(lambda: journal.trouble is None)
        await journal.keep(entry(200))

    with journal_at(path, first=disk.first, again=disk.again) as journal:
        asyncio.run(through_trouble(journal))
    assert calls_in_the_log(path) == list(range(201))
    left = [number for number, _ in loaded(path).commands]
    assert left == [1, 2, *range(4, 403)]


def test_a_locked_database_is_trouble_for_callers_only_as_long_as_it_is_locked(tmp_path: Path) -> None:
    path = tmp_path / "voiceline.db"

    async def through_a_lock(journal: SqliteJournal) -> None:
        thief = sqlite3.connect(path, isolation_level=None)
        thief.execute("BEGIN IMMEDIATE")
        started = asyncio.get_running_loop().time()
        with pytest.raises(StoreTrouble) as told:
            await journal.keep(entry(1))
        assert told.value.ill is Ill.LOCKED
        assert asyncio.get_running_loop().time() - started < 2
        thief.execute("ROLLBACK")
        thief.close()
        await until(lambda: journal.trouble is None)

    with journal_at(path) as journal:
        asyncio.run(through_a_lock(journal))
    assert calls_in_the_log(path) == [1]


def test_a_disk_that_says_nothing_does_not_hold_up_callers(tmp_path: Path) -> None:
    path = tmp_path / "voiceline.db"
    go_on = threading.Event()

    def slow(path: Path) -> sqlite3.Connection:
        con = open_for_writing(path)
        con.set_trace_callback(lambda statement: go_on.wait(DEADLINE_S) if statement == "COMMIT" else None)
        return con

    async def through_a_stall(journal: SqliteJournal) -> None:
        with pytest.raises(StoreTrouble) as told:
            await journal.keep(entry(1))
        assert told.value.ill is Ill.SLOW
        go_on.set()
        await journal.keep(entry(2))

    with journal_at(path, first=slow) as journal:
        asyncio.run(through_a_stall(journal))
    assert calls_in_the_log(path) == [1, 2]


def test_a_mistake_of_ours_in_the_writer_does_not_end_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "voiceline.db"
    broken = [True]
    whole = transaction

    @contextmanager
    def half(con: sqlite3.Connection) -> Iterator[None]:
        with whole(con):
            yield
            if broken and broken.pop():
                raise RuntimeError("planted")

    async def through_it(journal: SqliteJournal) -> None:
        monkeypatch.setattr("ivr.store.writer.transaction", half)
        with pytest.raises(StoreTrouble):
            await journal.keep(entry(1))
        await until(lambda: journal.trouble is None)

    with journal_at(path) as journal:
        asyncio.run(through_it(journal))
    assert calls_in_the_log(path) == [1], "written once, not twice"


def test_a_reader_is_told_in_a_sentence_that_the_database_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "voiceline.db"
    path.write_bytes(b"this is not a database, however long one looks at it" * 100)
    with pytest.raises(StoreTrouble, match="damaged") as told:
        Reader(path)
    assert told.value.ill is Ill.CORRUPTED


def test_a_state_directory_that_is_a_file_is_refused_with_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("")
    with pytest.raises(StoreTrouble, match="state directory"):
        SqliteJournal(tmp_path / "state" / "voiceline.db")


def test_of_a_call_changed_often_during_trouble_the_last_is_written(tmp_path: Path) -> None:
    path, disk = tmp_path / "voiceline.db", Disk()

    async def through_trouble(journal: SqliteJournal) -> None:
        await journal.keep(entry(1))
        disk.fail(READ_ONLY)
        for count in range(1, 30):
            changed = replace(call(1), counter=count)
            with pytest.raises(StoreTrouble):
                await journal.keep(Entry({changed.id: changed}, {}, {}, (), ()))
        for then in (call(2), None):
            with pytest.raises(StoreTrouble):
                await journal.keep(Entry({call(2).id: then}, {}, {}, (), ()))
        disk.heal()
        await until(lambda: journal.trouble is None)

    with journal_at(path, first=disk.first, again=disk.again) as journal:
        asyncio.run(through_trouble(journal))
    assert {each.id: each.counter for each in loaded(path).calls} == {call(1).id: 29}


async def _keep_all(journal: SqliteJournal, entries: list[Entry]) -> list[tuple[int, ...]]:
    waiting = [journal.keep(each) for each in entries]
    return [await each for each in waiting]
