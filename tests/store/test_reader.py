"""Reading while somebody writes: in any process, without making the writer wait."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from ivr.app.ports import Entry
from ivr.core.facts import CallEnded, Fact, StepEntered, VolunteerCameUp
from ivr.core.ids import CallId, LineId, StepName, VolunteerId
from ivr.core.reasons import EndedBy, Outcome
from ivr.store.database import open_again, open_for_reading
from ivr.store.journal import SqliteJournal
from ivr.store.reader import Reader
from tests.store.entries import AT, LINE, call, entry, number_of, started

PARENTS = LineId("foraeldretelefonen")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "voiceline.db"


@pytest.fixture
def journal(path: Path) -> Iterator[SqliteJournal]:
    opened = SqliteJournal(path)
    yield opened
    opened.close()


@pytest.fixture
def reader(path: Path, journal: SqliteJournal) -> Iterator[Reader]:
    opened = Reader(path)
    yield opened
    opened.close()


def say(journal: SqliteJournal, *facts: Fact) -> None:
    async def keep() -> None:
        await journal.keep(Entry({}, {}, {}, facts, ()))

    asyncio.run(keep())


def ended(number: int, seconds: int, line: LineId = LINE, waited_s: float | None = None) -> CallEnded:
    at = AT + timedelta(seconds=seconds)
    return CallEnded(CallId(f"{number:020x}"), line, at, Outcome.ABANDONED, EndedBy.CALLER, waited_s, None, None, at)


def test_two_readers_in_two_processes_see_a_growing_log_without_gaps_and_never_hold_up_the_writer(
    path: Path, journal: SqliteJournal
) -> None:
    look = (
        "import sys\nfrom pathlib import Path\nfrom ivr.store.reader import Reader\n"
        "reader, last, seen = Reader(Path(sys.argv[1])), 0, []\n"
        "while len(seen) < 600:\n"
        "    rows = reader.after(last, 50)\n"
        "    seen += [row.seq for row in rows]\n"
        "    last = seen[-1] if seen else 0\n"
        "sys.exit(seen[:600] != list(range(1, 601)))\n"
    )
    readers = [subprocess.Popen([sys.executable, "-c", look, str(path)]) for _ in range(2)]

    async def write() -> None:
        for number in range(600):
            await journal.keep(entry(number))  # raises StoreTrouble when a reader is in the way

    asyncio.run(write())
    assert [reader.wait(30) for reader in readers] == [0, 0]


def test_a_reader_with_a_read_still_open_does_not_hold_up_the_writer(path: Path, journal: SqliteJournal) -> None:
    say(journal, started(1))
    slow = open_for_reading(path)
    slow.execute("BEGIN")
    assert slow.execute("SELECT count(*) FROM facts").fetchone() == (1,)
    say(journal, started(2))
    assert slow.execute("SELECT count(*) FROM facts").fetchone() == (1,)
    slow.close()


def test_a_reader_cannot_write(path: Path, journal: SqliteJournal) -> None:
    con = open_for_reading(path)
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        con.execute("DELETE FROM facts")
    con.close()


def test_the_log_can_be_read_when_the_writer_has_gone(path: Path, journal: SqliteJournal) -> None:
    say(journal, started(1))
    journal.close()
    reader = Reader(path)
    assert [number_of(row.call) for row in reader.after(0, 10)] == [1]
    reader.close()


def test_facts_are_read_by_number_with_who_they_are_about(journal: SqliteJournal, reader: Reader) -> None:
    assert (reader.last(), reader.after(0, 10)) == (0, [])
    say(journal, started(1), VolunteerCameUp(VolunteerId("anna"), AT), started(2))
    rows = reader.after(1, 10)
    assert [(row.seq, row.kind, row.call, row.line, row.volunteer) for row in rows] == [
        (2, "volunteer_came_up", None, None, "anna"),
        (3, "call_started", call(2).id, LINE, None),
    ]
    assert rows[0].data == {"volunteer": "anna", "at": "2026-10-25T00:30:00.000000Z"}
    assert [row.seq for row in reader.after(0, 2)] == [1, 2]
    assert reader.last() == 3


def test_a_fact_that_cannot_be_read_leaves_its_place_in_the_feed(
    path: Path, journal: SqliteJournal, reader: Reader
) -> None:
    say(journal, started(1), started(2))
    con = open_again(path)
    con.execute("UPDATE facts SET body = 'rubbish', version = 9 WHERE seq = 1")
    con.close()
    assert [(row.seq, bool(row.data)) for row in reader.after(0, 10)] == [(1, False), (2, True)]
    assert reader.of_call(call(1).id) == []


def test_the_version_changes_when_another_has_written_and_only_then(journal: SqliteJournal, reader: Reader) -> None:
    before = reader.version()
    assert reader.version() == before
    say(journal, started(1))
    assert reader.version() != before


def test_ended_calls_are_found_by_arrival_half_open_oldest_first_with_all_their_facts(
    journal: SqliteJournal, reader: Reader
) -> None:
    step = StepEntered(call(2).id, LINE, StepName("velkommen"), AT)
    say(journal, started(9), step, ended(3, 30), ended(2, 20), ended(1, 10, PARENTS))
    at = [AT + timedelta(seconds=n) for n in range(0, 60, 10)]

    def found(
        since: datetime | None = None, until: datetime | None = None, line: LineId | None = None, limit: int = -1
    ) -> list[int]:
        facts = reader.of_ended_calls(since, until, line, limit)
        return [number_of(fact.call) for fact in facts if isinstance(fact, CallEnded)]

    assert found() == [1, 2, 3], "one that has not ended is not there"
    assert found(at[1], at[3]) == [1, 2]
    assert found(at[2]) == [2, 3]
    assert found(None, at[2]) == [1]
    assert found(None, None, LINE) == [2, 3]
    assert found(limit=1) == [1]
    assert reader.of_ended_calls(at[2], at[3]) == [step, ended(2, 20)]


def test_calls_are_counted_by_hour_line_outcome_and_whether_they_queued(journal: SqliteJournal, reader: Reader) -> None:
    say(journal, ended(1, 0), ended(2, 1799), ended(3, 1800), ended(4, 0, PARENTS), ended(5, 5, LINE, 3.0))
    found = reader.tallies(AT, AT + timedelta(hours=1))
    hour = AT.replace(minute=0)
    assert [(tally.line, tally.hour, tally.queued, tally.calls) for tally in found] == [
        (LINE, hour, False, 2),
        (LINE, hour, True, 1),
        (LINE, hour + timedelta(hours=1), False, 1),
        (PARENTS, hour, False, 1),
    ]
    assert {tally.outcome for tally in found} == {Outcome.ABANDONED}
    assert sum(tally.calls for tally in reader.tallies(AT, AT + timedelta(seconds=1800))) == 4
    assert [tally.line for tally in reader.tallies(AT, AT + timedelta(hours=1), PARENTS)] == [PARENTS]


def test_questions_by_arrival_do_not_read_the_whole_log(reader: Reader) -> None:
    for question in (
        "SELECT 1 FROM facts WHERE kind = 'call_ended' AND json_extract(body, '$.arrived_at') >= 'x'",
        "SELECT 1 FROM facts WHERE call = 'x'",
    ):
        plan = " ".join(str(row) for row in reader.ask(f"EXPLAIN QUERY PLAN {question}"))
        assert "USING INDEX" in plan or "USING COVERING INDEX" in plan, plan


def test_many_threads_may_ask_one_reader(journal: SqliteJournal, reader: Reader) -> None:
    say(journal, *(started(number) for number in range(200)))
    found: list[int] = []
    threads = [threading.Thread(target=lambda: found.append(len(reader.after(0, 1000)))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert found == [200] * 8
