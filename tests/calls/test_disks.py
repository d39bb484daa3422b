"""A real call in every trouble the disk may have: it is served, the alarm rings, and the log is whole afterwards."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

import pytest

from sip.phone.own import OwnPhone
from tests.rigs.disks import DAMAGE, PASSING, PRIVILEGED, Trouble, full, small_disk
from tests.rigs.line import CARRIER, LiveLine, eventually, live_line, until

pytestmark = [pytest.mark.asterisk, pytest.mark.trouble]

BACKUP_S = 25.0
"""Every ten seconds a copy is brought up to date, and damage is found then."""


@pytest.fixture(scope="module")
def disk_line(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveLine]:
    """A line whose log may come to harm."""
    with live_line(tmp_path_factory.mktemp("disks")) as line:
        yield line


@pytest.fixture
def line(disk_line: LiveLine) -> Iterator[LiveLine]:
    disk_line.empty()
    yield disk_line
    disk_line.empty()


@pytest.fixture
def small(tmp_path: Path) -> Iterator[LiveLine]:
    """A line on a small disk of its own."""
    with small_disk(tmp_path / "state"), live_line(tmp_path) as line:
        yield line
        line.empty()


def nothing(_line: LiveLine) -> AbstractContextManager[None]:
    return nullcontext()


async def one_call(line: LiveLine, trouble: Trouble = nothing, says: str | None = None) -> None:
    """From the first word to the end of a talk with Anna, who was there before; status says so meanwhile."""
    async with await line.volunteer("anna") as anna, await OwnPhone.open(bind=CARRIER) as carrier:
        await eventually(lambda: has_phone_on_disk(line, "anna") or None, "Asterisk has written down where Anna is")
        with trouble(line):
            if says is not None:
                await eventually(lambda: says in wrong(line) or None, "ivr status says it")
            call = await line.call(carrier)
            talk = await (await anna.next_ring(20.0)).answer()
            await line.talk_stands()
            await asyncio.gather(call.hangup(), talk.until_ended(5.0))
            if says is not None:
                assert says in wrong(line)


def has_phone_on_disk(line: LiveLine, name: str) -> bool:
    """Asterisk writes it a second later; on a full disk it forgets a phone that it could not write down."""
    con = sqlite3.connect(next((line.state / "asterisk").rglob("astdb.sqlite3")))
    try:
        found = con.execute("SELECT count(*) FROM astdb WHERE key LIKE ?", (f"/registrar/contact/{name};%",)).fetchone()
    finally:
        con.close()
    return bool(found[0])


def wrong(line: LiveLine) -> str:
    return " ".join(line.status()["wrong"])


def log_is_well(line: LiveLine) -> None:
    until(lambda: "log" not in wrong(line) or None, "the log is written again", within_s=20.0)


def alarms(line: LiveLine) -> list[str]:
    return [event["data"]["what"] for event in line.events() if event["type"] == "voiceline.alarm"]


def one_call_in(line: LiveLine, trouble: Trouble) -> None:
    before, rang = len(line.calls()), alarms(line).count("log_not_written")
    asyncio.run(one_call(line, trouble, says="log cannot be written"))
    log_is_well(line)
    assert line.last_call(before + 1)["outcome"] == "answered"
    assert len(line.calls()) == before + 1, "once"
    until(lambda: alarms(line).count("log_not_written") > rang or None, "the alarm is in the log")


@contextmanager
def start_in(line: LiveLine, trouble: Trouble) -> Iterator[None]:
    """The controller is killed, and the next one begins in the midst of it."""
    line.kill()
    with trouble(line):
        line.start()
        yield


@pytest.mark.parametrize("trouble", PASSING)
def test_a_call_is_served_and_logged_although_the_database_is(line: LiveLine, trouble: str) -> None:
    one_call_in(line, PASSING[trouble])


@pytest.mark.parametrize("trouble", PASSING)
def test_a_controller_starts_and_serves_with_all_it_remembers_although_the_database_is(
    line: LiveLine, trouble: str
) -> None:
    one_call_in(line, lambda line: start_in(line, PASSING[trouble]))


if PRIVILEGED:

    def test_a_call_is_served_and_logged_although_the_disk_is_full_also_for_a_controller_that_starts(
        small: LiveLine,
    ) -> None:
        one_call_in(small, full)
        one_call_in(small, lambda line: start_in(line, full))


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_call_is_served_and_nothing_of_the_log_is_lost_although_the_database_was_destroyed(
    line: LiveLine, damage: str
) -> None:
    asyncio.run(one_call(line))
    before = line.calls()
    until(lambda: any((line.state / "backup").glob("*.db")) or None, "there is a copy", within_s=BACKUP_S)
    rang = alarms(line).count("log_restored")
    asyncio.run(one_call(line, DAMAGE[damage]))
    until(lambda: "restored from the backup" in wrong(line) or None, "ivr status says it", within_s=BACKUP_S)
    records = until(lambda: found if len(found := line.calls()) > len(before) else None, "the call in the log")
    assert [record["call"] for record in records if record in before] == [record["call"] for record in before]
    assert len(records) == len(before) + 1
    assert all(record["outcome"] == "answered" for record in records)
    until(lambda: alarms(line).count("log_restored") > rang or None, "the alarm is in the log")


def test_a_controller_that_begins_without_any_log_rings_everybody_who_has_an_account(line: LiveLine) -> None:
    """Asterisk has them on its list anyway; that a child is answered comes before who belongs to which group."""
    line.ivr("volunteer", "add", "dora", "--group", "nat")

    @contextmanager
    def bare(line: LiveLine) -> Iterator[None]:
        line.kill()
        for path in [*(line.state / "backup").iterdir(), *line.state.glob("voiceline.db*")]:
            path.unlink()
        line.start()
        yield

    asyncio.run(one_call(line, bare))
    assert [record["outcome"] for record in line.calls()] == ["answered"]
    assert {who["name"] for who in line.status()["volunteers"]} >= {"anna", "bo", "dora"}
