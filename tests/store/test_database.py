"""The file is brought up to date step by step, and a newer one is left alone."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest

from ivr.core.facts import CallStarted
from ivr.store.codec import encode, moment
from ivr.store.database import migrations, open_for_reading, open_for_writing, transaction
from ivr.store.journal import SqliteJournal
from ivr.store.reader import Reader
from ivr.store.trouble import Ill, StoreTrouble
from tests.store.entries import AT, LINE, call, started


def old_database(path: Path, version: int) -> None:
    """As a voiceline of that schema version left it, with a call and a fact in it."""
    con = sqlite3.connect(path, isolation_level=None)
    con.execute("CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID")
    con.executemany("INSERT INTO meta VALUES (?, ?)", [("schema", str(version)), ("installation", "0123456789ab")])
    for script in migrations()[:version]:
        con.executescript(script)
    con.execute("INSERT INTO state VALUES ('call', ?, 1, ?)", (call(1).id, encode(call(1))))
    con.execute(
        "INSERT INTO facts (at, kind, version, call, line, body) VALUES (?, 'call_started', 1, ?, ?, ?)",
        (moment(AT), call(1).id, LINE, encode(started(1))),
    )
    con.close()


@pytest.mark.parametrize("version", range(1, len(migrations()) + 1))
def test_a_database_of_every_older_version_is_brought_up_to_date_with_all_it_holds(
    tmp_path: Path, version: int
) -> None:
    path = tmp_path / "voiceline.db"
    old_database(path, version)
    journal = SqliteJournal(path)
    try:
        assert journal.load().calls == (call(1),)
    finally:
        journal.close()
    reader = Reader(path)
    try:
        assert reader.of_call(call(1).id) == [started(1)]
        assert isinstance(reader.of_call(call(1).id)[0], CallStarted)
        assert reader.installation == "0123456789ab", "its name in events stays"
        assert reader.ask("SELECT count(*) FROM tokens") == [(0,)]
    finally:
        reader.close()


def test_an_old_and_a_new_database_have_the_same_tables(tmp_path: Path) -> None:
    old_database(tmp_path / "old.db", 1)
    shapes = []
    for name in ("old.db", "new.db"):
        con = open_for_writing(tmp_path / name)
        shapes.append(con.execute("SELECT type, name, tbl_name FROM sqlite_schema ORDER BY 1, 2").fetchall())
        con.close()
    assert shapes[0] == shapes[1]


def test_a_newer_database_is_refused_with_a_sentence_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "voiceline.db"
    con = open_for_writing(path)
    con.execute("UPDATE meta SET value = '999' WHERE key = 'schema'")
    con.close()
    for opening in (open_for_writing, open_for_reading):
        with pytest.raises(StoreTrouble, match="newer version") as told:
            opening(path)
        assert told.value.ill is Ill.NEWER
    bare = sqlite3.connect(path)
    assert bare.execute("SELECT value FROM meta WHERE key = 'schema'").fetchone() == ("999",)
    bare.close()


def test_a_reader_of_an_older_database_says_what_brings_it_up_to_date(tmp_path: Path) -> None:
    old_database(tmp_path / "voiceline.db", 1)
    with pytest.raises(StoreTrouble, match="ivr up"):
        open_for_reading(tmp_path / "voiceline.db")


def test_a_reader_finds_nothing_where_nothing_was_written_and_makes_nothing(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        open_for_reading(tmp_path / "voiceline.db")
    assert list(tmp_path.iterdir()) == []


def test_a_step_that_fails_leaves_the_database_at_the_step_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "voiceline.db"
    old_database(path, 1)
    broken = [migrations()[0], "CREATE TABLE half (x);\nCREATE TABLE half (x);"]
    monkeypatch.setattr("ivr.store.database.migrations", lambda: broken)
    with pytest.raises(StoreTrouble):
        open_for_writing(path)
    con = sqlite3.connect(path)
    assert con.execute("SELECT value FROM meta WHERE key = 'schema'").fetchone() == ("1",)
    assert con.execute("SELECT count(*) FROM sqlite_schema WHERE name = 'half'").fetchone() == (0,)
    con.close()


def test_programs_that_start_at_once_make_one_database_together(tmp_path: Path) -> None:
    path = tmp_path / "voiceline.db"
    names: list[str] = []

    def start() -> None:
        con = open_for_writing(path, busy_s=10)
        names.append(con.execute("SELECT value FROM meta WHERE key = 'installation'").fetchone()[0])
        con.close()

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(names) == 8
    assert len(set(names)) == 1


def test_a_transaction_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    con = open_for_writing(tmp_path / "voiceline.db")

    def fail_halfway() -> None:
        with transaction(con):
            con.execute("INSERT INTO meta VALUES ('x', 'y')")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_halfway()
    assert con.execute("SELECT count(*) FROM meta WHERE key = 'x'").fetchone() == (0,)
    con.close()
