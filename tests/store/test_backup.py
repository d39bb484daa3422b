"""Two copies, brought up to date in turn; a database that is damaged or gone is replaced while calls go on."""

from __future__ import annotations

import asyncio
import sqlite3
import stat
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ivr.store import tokens
from ivr.store.backup import COPIES, FOLDER, GAP, Backup, newest, restore
from ivr.store.database import open_again, open_for_looking
from ivr.store.journal import SqliteJournal
from ivr.store.reader import Reader
from ivr.store.writer import ASIDE
from tests.store.entries import call, entry, number_of

DEADLINE_S = 20.0
Story = Callable[[SqliteJournal, Backup], Awaitable[None]]


def live(path: Path, story: Story) -> None:
    """One controller's life, with a backup that takes its steps when the story says so."""

    async def main() -> None:
        journal = SqliteJournal(path)
        backup = Backup(path, journal.copied, journal.damaged)
        try:
            await story(journal, backup)
        finally:
            journal.close()

    asyncio.run(main())


def copies(path: Path) -> list[Path]:
    return [path.parent / FOLDER / name for name in COPIES]


def facts_in(path: Path) -> list[tuple[int, int]]:
    """Number and call of every fact."""
    reader = Reader(path)
    try:
        return [(row.seq, number_of(row.call)) for row in reader.after(0, 1_000_000)]
    finally:
        reader.close()


def calls_remembered(path: Path) -> set[str]:
    journal = SqliteJournal(path)
    try:
        return {each.id for each in journal.load().calls}
    finally:
        journal.close()


def spoil(path: Path) -> None:
    """All but the first page is noise, while it is open: as a broken disk leaves it."""
    with path.open("r+b") as file:
        size = len(file.read())
        file.seek(4096)
        file.write(b"\xa5" * max(size - 4096, 4096))


DAMAGES: dict[str, Callable[[Path], object]] = {
    "deleted": lambda path: path.unlink(),
    "emptied": lambda path: path.write_bytes(b""),
    "noise": lambda path: path.write_bytes(b"noise" * 10_000),
}


def put_everything_into_the_file(path: Path) -> None:
    """And nothing stays in the log beside it, from which it could be made whole."""
    bare = open_again(path)
    bare.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    bare.close()


async def until_well(journal: SqliteJournal, number: int) -> None:
    """Keep entries until one is kept."""
    async with asyncio.timeout(DEADLINE_S):
        while True:
            try:
                await journal.keep(entry(number))
            except OSError:
                number += 1
                await asyncio.sleep(0.05)
            else:
                return


def test_a_copy_holds_what_the_database_holds_and_belongs_to_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "voiceline.db"

    async def story(journal: SqliteJournal, backup: Backup) -> None:
        made = tokens.create(path, "wallboard", ("events:read",), datetime.now(UTC))
        for number in range(50):
            await journal.keep(entry(number))
        backup.step()
        await journal.keep(entry(50))
        backup.step()
        await journal.keep(entry(51))
        backup.step()
        assert backup.trouble is None
        assert [newest(copy) for copy in copies(path)] == [52, 51]
        for copy in copies(path):
            assert stat.S_IMODE(copy.stat().st_mode) == 0o600
            assert tokens.scopes_of(Reader(copy), made.token) == {"events:read"}
        assert facts_in(copies(path)[0]) == facts_in(path)
        assert stat.S_IMODE(copies(path)[0].parent.stat().st_mode) == 0o700

    live(path, story)
    assert {file.name for file in (tmp_path / FOLDER).iterdir()} == set(COPIES), "nothing half made is left"


def test_a_copy_is_not_written_when_nothing_has_changed(tmp_path: Path) -> None:
    path = tmp_path / "voiceline.db"

    async def story(journal: SqliteJournal, backup: Backup) -> None:
        await journal.keep(entry(1))
        backup.step()
        backup.step()
        before = [copy.stat().st_mtime_ns for copy in copies(path)]
        await journal.renew()
        await asyncio.sleep(0.6)
        await journal.renew()
        backup.step()
        backup.step()
        assert [copy.stat().st_mtime_ns for copy in copies(path)] == before

    live(path, story)


def test_what_is_deleted_from_the_log_is_deleted_from_the_copies(tmp_path: Path) -> None:
    path = tmp_path / "voiceline.db"

    async def story(journal: SqliteJournal, backup: Backup) -> None:
        for number in range(20):
            await journal.keep(entry(number))
        backup.step()
        backup.step()
        con = open_again(path)
        con.execute("DELETE FROM facts WHERE seq <= 15")
        con.close()
        backup.step()
        backup.step()
        for copy in copies(path):
            assert [number for number, _ in facts_in(copy)] == [16, 17, 18, 19, 20]

    live(path, story)


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_database_destroyed_while_it_is_used_is_replaced_and_nothing_is_lost(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "voiceline.db"

    async def story(journal: SqliteJournal, backup: Backup) -> None:
        for number in range(100):
            await journal.keep(entry(number))
        backup.step()
        for number in range(100, 200):
            await journal.keep(entry(number))
        changed = replace(call(7), counter=77)
        await journal.keep(replace(entry(200), calls={changed.id: changed, call(8).id: None}))
        put_everything_into_the_file(path)
        DAMAGES[damage](path)
        backup.step()
        await until_well(journal, 201)
        assert list(journal.alarms())[-1] == "log_restored"
        assert journal.trouble is None
        assert journal.may_i()

    live(path, story)
    found = facts_in(path)
    assert [number for number, _ in found] == list(range(1, len(found) + 1)), "every fact under its own number"
    assert [which for _, which in found[:201]] == list(range(201))
    assert (tmp_path / f"voiceline.db{ASIDE}").exists() or damage == "deleted"
    journal = SqliteJournal(path)
    remembered = {each.id: each.counter for each in journal.load().calls}
    journal.close()
    assert remembered[call(7).id] == 77
    assert call(8).id not in remembered


def test_damage_in_a_corner_nobody_reads_is_found_and_healed(tmp_path: Path) -> None:
    path = tmp_path / "voiceline.db"

    async def story(journal: SqliteJournal, backup: Backup) -> None:
        for number in range(300):
            await journal.keep(entry(number))
        backup.step()
        put_everything_into_the_file(path)
        spoil(path)
        again = Backup(path, journal.copied, journal.damaged)
        again.step()
        assert again.trouble is not None
        await until_well(journal, 300)
        assert "log_restored" in list(journal.alarms())
        again.step()
        assert again.trouble is None

    live(path, story)
    assert [which for _, which in facts_in(path)][:300] == list(range(300))


def test_a_damaged_copy_is_made_anew_and_never_costs_the_other_one(tmp_path: Path) -> None:
    path = tmp_path / "voiceline.db"

    async def story(journal: SqliteJournal, backup: Backup) -> None:
        for number in range(300):
            await journal.keep(entry(number))
        backup.step()
        backup.step()
        spoil(copies(path)[0])
        Backup(path, journal.copied, journal.damaged).step()
        assert list(journal.alarms()) == [], "the database itself is sound"
        assert [newest(copy) for copy in copies(path)] == [300, 300]
        assert len(facts_in(copies(path)[0])) == 300

    live(path, story)


def test_without_a_copy_the_log_begins_anew_with_all_that_is_known_here(tmp_path: Path) -> None:
    path = tmp_path / "voiceline.db"

    async def story(journal: SqliteJournal, backup: Backup) -> None:
        for number in range(30):
            await journal.keep(entry(number))
        put_everything_into_the_file(path)
        path.write_bytes(b"noise" * 10_000)
        backup.step()
        await until_well(journal, 30)
        assert list(journal.alarms())[-1] == "log_started_empty"

    live(path, story)
    assert [which for _, which in facts_in(path)][:30] == list(range(30))
    assert {call(number).id for number in range(30)} <= calls_remembered(path)


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_start_on_a_destroyed_database_takes_the_newest_sound_copy_by_itself(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "voiceline.db"

    async def first(journal: SqliteJournal, backup: Backup) -> None:
        for number in range(10):
            await journal.keep(entry(number))
        backup.step()
        await journal.keep(entry(10))
        backup.step()

    live(path, first)
    installation = Reader(path).installation
    for side in ("-wal", "-shm"):
        Path(f"{path}{side}").unlink(missing_ok=True)
    DAMAGES[damage](path)
    copies(path)[1].write_bytes(b"the newer copy is noise")

    async def second(journal: SqliteJournal, backup: Backup) -> None:
        assert list(journal.alarms()) == ["log_restored"]
        assert {each.id for each in journal.load().calls} == {call(number).id for number in range(10)}
        await journal.keep(entry(11))

    live(path, second)
    found = facts_in(path)
    assert [which for _, which in found] == [*range(10), 11]
    assert found[-1][0] == 10 + GAP + 1, "a number given out after the copy was made is not used again"
    assert Reader(path).installation == installation


def test_a_start_on_a_destroyed_database_without_a_copy_begins_empty_and_says_so(tmp_path: Path) -> None:
    path = tmp_path / "voiceline.db"
    path.write_bytes(b"this is not a database, however long one looks at it" * 100)

    async def story(journal: SqliteJournal, backup: Backup) -> None:
        assert list(journal.alarms()) == ["log_started_empty"]
        assert journal.trouble is None
        await journal.keep(entry(1))

    live(path, story)
    assert path.with_name(f"voiceline.db{ASIDE}").read_bytes().startswith(b"this is not a database")


def test_a_first_start_is_no_alarm(tmp_path: Path) -> None:
    async def story(journal: SqliteJournal, backup: Backup) -> None:
        assert list(journal.alarms()) == []

    live(tmp_path / "voiceline.db", story)


def test_the_backup_never_makes_the_writer_wait(tmp_path: Path) -> None:
    path = tmp_path / "voiceline.db"

    async def story(journal: SqliteJournal, backup: Backup) -> None:
        def all_the_time() -> None:
            for _ in range(30):
                backup.step()

        background = asyncio.get_running_loop().run_in_executor(None, all_the_time)
        kept = 0
        while not background.done() or kept <= 30:
            await journal.keep(entry(kept))
            kept += 1
        await background
        assert backup.trouble is None

    live(path, story)


def test_a_copy_of_another_version_is_made_anew(tmp_path: Path) -> None:
    path = tmp_path / "voiceline.db"

    async def story(journal: SqliteJournal, backup: Backup) -> None:
        await journal.keep(entry(1))
        backup.step()
        bare = sqlite3.connect(copies(path)[0])
        with bare:
            bare.execute("UPDATE meta SET value = '2' WHERE key = 'schema'")
        bare.close()
        await journal.keep(entry(2))
        backup.step()
        backup.step()
        assert [newest(copy) for copy in copies(path)] == [2, 2]

    live(path, story)


def test_nothing_is_restored_where_nothing_is(tmp_path: Path) -> None:
    assert restore(tmp_path / "voiceline.db") is False
    with pytest.raises(FileNotFoundError):
        open_for_looking(tmp_path / "voiceline.db")
