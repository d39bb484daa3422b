"""`ivr calls`, `ivr report missed`, `ivr events` and `ivr token create`, with and without a running controller."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from ivr.app.ports import Entry
from ivr.cli import ivr
from ivr.cli.books import Books
from ivr.core.facts import Fact, VolunteerTookPause
from ivr.core.ids import CallId, VolunteerId
from ivr.store.database import NAME, open_for_writing
from ivr.store.journal import SqliteJournal
from tests.contract.samples import LINES
from tests.reports.test_calls import AT, LINE, answered, at, in_menu
from tests.rigs.line import next_line

DAY = ("--from", "2026-03-01", "--to", "2026-03-01")


def run(state: Path, *words: str) -> Result:
    return CliRunner().invoke(ivr, [*words, "--state", str(state)])


def told(state: Path, *words: str) -> object:
    """The JSON of a command that went well."""
    result = run(state, *words, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def keep(journal: SqliteJournal, *facts: Fact) -> None:
    async def wait() -> None:
        await journal.keep(Entry({}, {}, {LINE: replace(LINES[0], id=LINE)}, facts, ()))

    asyncio.run(wait())


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[SqliteJournal]:
    """Stands for the running controller."""
    opened = SqliteJournal(tmp_path / NAME)
    yield opened
    opened.close()


@pytest.fixture
def state(tmp_path: Path, journal: SqliteJournal) -> Path:
    keep(journal, *answered(CallId("c1")), *in_menu(CallId("c2"), 3600), *answered(CallId("c3"), 7200)[:-1])
    return tmp_path


# ---------------------------------------------------------------- calls


def test_calls_are_one_json_list_oldest_first_with_the_keys_scripts_rely_on(state: Path) -> None:
    calls = told(state, "calls")
    assert isinstance(calls, list)
    assert [call["call"] for call in calls] == ["c1", "c2"]
    assert list(calls[0]) == [
        "call", "line", "arrived_at", "outcome", "waited_s", "steps", "rings", "answered_by", "talk_s", "ended_by",
        "by", "heard",
    ]  # fmt: skip


def test_calls_are_asked_for_by_danish_time_half_open(state: Path) -> None:
    def found(*words: str) -> list[str]:
        calls = told(state, "calls", *words)
        assert isinstance(calls, list)
        return [call["call"] for call in calls]

    assert found("--since", "2026-03-01T19:00") == ["c1", "c2"], "18:00 UTC is 19:00 in Denmark"
    assert found("--since", "2026-03-01T19:00:01") == ["c2"]
    assert found("--until", "2026-03-01T20:00") == ["c1"]
    assert found("--until", "2026-03-01T19:00:00Z") == ["c1"]
    assert found("--since", "2026-03-02") == []
    assert found("--line", LINE) == ["c1", "c2"]


def test_calls_for_reading_are_a_line_each(state: Path) -> None:
    first, second = run(state, "calls").stdout.splitlines()
    assert first.startswith("2026-03-01 19:00:00  bornetelefonen")
    for words in ("answered by bo", "waited 24 s", "talked 1 min 0 s", "anna no_answer 20 s", "velkommen > ko"):
        assert words in first
    assert "ended_in_menu" in second
    assert "waited" not in second


def test_calls_can_be_read_when_the_controller_has_gone(state: Path, journal: SqliteJournal) -> None:
    journal.close()
    assert len(run(state, "calls").stdout.splitlines()) == 2


def test_where_nothing_ever_ran_the_answer_is_a_sentence_or_an_empty_list(tmp_path: Path) -> None:
    for command in ("calls", "events"):
        result = run(tmp_path, command)
        assert (result.exit_code, result.stdout.count("\n")) == (0, 1)
        assert "ivr up" in result.stdout
        assert told(tmp_path, command) == []
    assert not list(tmp_path.iterdir()), "a question makes no database"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("calls", "--line", "mormor"), "the lines are: bornetelefonen"),
        (("calls", "--since", "soon"), "2026-03-01T18:00"),
        (("calls", "--since", "0001-01-01"), "2026-03-01T18:00"),
        (("events", "--after", "-1"), "-1"),
        (("report", "missed", "--from", "2026-03-02", "--to", "2026-03-01"), "before the first"),
        (("report", "missed", "--from", "2020-03-02", "--to", "2026-03-01"), "400 days"),
        (("report", "missed", "--from", "march", "--to", "2026-03-01"), "a day like"),
        (("report", "missed", "--from", "2026-03-01"), "--to"),
        (("report", "missed", "--from", "2026-03-01", "--to", "2026-03-01", "--format", "pdf"), "table, json or csv"),
        (("report", "missed", "--from", "2026-03-01", "--to", "2026-03-01", "--format", "html"), "table, json or csv"),
        (
            ("report", "missed", "--from", "2026-03-01", "--to", "2026-03-01", "--format", "csv", "--json"),
            "one of them",
        ),
        (("token", "create"), "--scope"),
        (("token", "create", "--scope", "everything"), "events:read"),
        (("token", "create", "--scope", "admin", "--name", "a\nb"), "100"),
    ],
)
def test_what_is_asked_wrongly_is_answered_with_what_to_do(state: Path, words: tuple[str, ...], sentence: str) -> None:
    result = run(state, *words)
    assert result.exit_code == 2
    assert sentence in result.stderr
    assert "Traceback" not in result.output


@pytest.mark.parametrize("words", ["calls", "events", "report missed", "token create"])
def test_every_help_shows_an_example(words: str) -> None:
    result = CliRunner().invoke(ivr, [*words.split(), "--help"])
    assert "Example: ivr " + words in result.stdout


def test_a_damaged_or_newer_database_is_a_sentence(tmp_path: Path) -> None:
    con = open_for_writing(tmp_path / NAME)
    con.execute("UPDATE meta SET value = '99' WHERE key = 'schema'")
    con.close()
    for words in (("calls",), ("events", "--follow"), ("token", "create", "--scope", "admin")):
        result = run(tmp_path, *words)
        assert (result.exit_code, result.stderr.count("\n")) == (1, 1)
        assert "newer version" in result.stderr
    (tmp_path / NAME).write_bytes(b"rubbish" * 1000)
    result = run(tmp_path, "calls")
    assert result.exit_code == 1
    assert "damaged" in result.stderr


# ---------------------------------------------------------------- events


def test_events_are_one_json_list_after_a_number(state: Path) -> None:
    events = told(state, "events", "--after", "20")
    assert isinstance(events, list)
    assert [event["id"] for event in events] == ["21", "22", "23"]
    whole = told(state, "events")
    assert isinstance(whole, list)
    assert len(whole) == 23


def test_events_for_reading_are_a_line_each(state: Path, journal: SqliteJournal) -> None:
    keep(journal, VolunteerTookPause(VolunteerId("anna"), "frokost", AT))
    lines = run(state, "events", "--after", "22").stdout.splitlines()
    assert " ".join(lines[-1].split()) == "24 2026-03-01 19:00:00 volunteer_took_pause volunteer=anna reason=frokost"
    assert run(state, "events", "--after", "24").stdout == "no events after that one.\n"


# ---------------------------------------------------------------- report


def test_the_missed_report_is_given_as_table_csv_and_json(state: Path, tmp_path: Path) -> None:
    table = run(state, "report", "missed", *DAY).stdout
    assert "Ubesvarede opkald, 01.03.2026" in table
    assert "Lagde på før køen" in table
    report = told(state, "report", "missed", *DAY)
    assert isinstance(report, dict)
    assert (report["total"]["offered"], report["total"]["answered"], report["total"]["missed"]) == (2, 1, 1)
    same = json.loads(run(state, "report", "missed", *DAY, "--format", "json").stdout)
    assert same == report
    file = tmp_path / "missed.csv"
    result = run(state, "report", "missed", *DAY, "--format", "csv", "-o", str(file))
    assert (result.exit_code, result.stdout) == (0, "")
    rows = list(csv.DictReader(io.StringIO(file.read_text())))
    hours = {row["start"]: row["offered"] for row in rows if row["row"] == "hour" and row["offered"] != "0"}
    assert hours == {"2026-03-01T19:00:00+01:00": "1", "2026-03-01T20:00:00+01:00": "1"}


def test_a_file_that_cannot_be_written_is_a_sentence(state: Path, tmp_path: Path) -> None:
    result = run(state, "report", "missed", *DAY, "-o", str(tmp_path / "nowhere" / "missed.csv"))
    assert result.exit_code == 1
    assert "cannot be written" in result.stderr


def test_the_report_of_a_house_that_never_ran_says_no_calls(tmp_path: Path) -> None:
    assert "ingen opkald" in run(tmp_path, "report", "missed", *DAY).stdout
    report = told(tmp_path, "report", "missed", *DAY)
    assert isinstance(report, dict)
    assert report["total"]["answer_rate"] is None


# ---------------------------------------------------------------- follow


class Following:
    """A command that goes on, in a process of its own."""

    def __init__(self, state: Path, *words: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "ivr", *words, "--state", str(state), "--follow", "--json"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def next(self, key: str) -> str:
        line = next_line(self._process, 30.0)
        assert line, "it ended or said nothing for too long"
        return str(json.loads(line)[key])

    def stop(self) -> tuple[int, str]:
        self._process.send_signal(signal.SIGINT)
        _, errors = self._process.communicate(timeout=30)
        return self._process.returncode, errors

    def __enter__(self) -> Following:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()


def test_calls_are_followed_as_they_end(state: Path, journal: SqliteJournal) -> None:
    with Following(state, "calls", "--since", "2026-03-01T19:30") as following:
        assert following.next("call") == "c2"
        keep(journal, answered(CallId("c3"), 7200)[-1])
        assert following.next("call") == "c3"
        keep(journal, *in_menu(CallId("early"), -9000), *in_menu(CallId("c4"), 9000))
        assert following.next("call") == "c4"
        assert following.stop() == (0, "")


def test_events_are_followed_from_before_there_is_a_house(tmp_path: Path) -> None:
    with Following(tmp_path, "events") as following:
        journal = SqliteJournal(tmp_path / NAME)
        try:
            keep(journal, *in_menu(CallId("c1"), 0))
            assert [following.next("type") for _ in range(2)] == ["voiceline.call_started", "voiceline.call_ended"]
            keep(journal, *in_menu(CallId("c2"), 5))
            assert [following.next("id") for _ in range(2)] == ["3", "4"]
        finally:
            journal.close()
        assert following.stop() == (0, "")


# ---------------------------------------------------------------- tokens


def test_a_token_is_shown_once_and_opens_what_it_was_made_for(state: Path) -> None:
    made = told(state, "token", "create", "--scope", "events:read", "--scope", "calls:read", "--name", "wallboard")
    assert isinstance(made, dict)
    assert (made["name"], made["scopes"]) == ("wallboard", ["calls:read", "events:read"])
    plain = run(state, "token", "create", "--scope", "admin")
    assert plain.stdout.startswith("vl_")
    assert len(plain.stdout.split()) == 1, "ready for $(...)"
    books = Books(state)
    try:
        assert set(books.scopes("own", made["token"])) == {"events:read", "calls:read"}
        assert set(books.scopes("own", plain.stdout.strip())) == {"admin"}
        assert set(books.scopes("own", "own")) == {"admin"}
        assert set(books.scopes("own", "øwn")) == set()
    finally:
        books.close()


def test_a_token_can_be_made_before_the_first_start(tmp_path: Path) -> None:
    assert run(tmp_path / "new", "token", "create", "--scope", "admin").exit_code == 0
    assert run(tmp_path / "new", "calls").stdout.startswith("no calls")


# ---------------------------------------------------------------- as the pages ask


def test_the_pages_get_the_same_calls_and_numbers_as_the_commands(state: Path) -> None:
    books = Books(state)
    try:
        assert list(books.calls(None, None, None, -1)) == told(state, "calls")
        assert len(books.calls(None, None, LINE, 1)) == 1
        day = date(2026, 3, 1)
        assert json.loads(json.dumps(books.missed(day, day, None))) == told(state, "report", "missed", *DAY)
        with pytest.raises(ValueError, match="no such line"):
            books.missed(day, day, "mormor")
        assert books.records(at(0), at(0) + timedelta(seconds=1), None)[0].call == "c1"
        assert books.record(CallId("c3")) is None
    finally:
        books.close()
