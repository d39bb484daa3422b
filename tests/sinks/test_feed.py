"""The feed: CloudEvents by number, followed without loss or repeat, in this process and from another's writing."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic

import pytest

from ivr.app.ports import Entry
from ivr.core.facts import CallStarted, Fact, LineUp, PlanPublished, VolunteerCameUp
from ivr.core.ids import CallId, LineId, VolunteerId
from ivr.sinks.feed import BATCH, Event, Feed
from ivr.store.journal import SqliteJournal
from ivr.store.reader import Reader

AT = datetime(2026, 3, 1, 18, 0, 0, 123456, tzinfo=UTC)
DEADLINE_S = 10.0


def started(number: int) -> CallStarted:
    return CallStarted(CallId(f"{number:020x}"), LineId("bornetelefonen"), AT + timedelta(seconds=number))


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[SqliteJournal]:
    opened = SqliteJournal(tmp_path / "voiceline.db")
    yield opened
    opened.close()


@pytest.fixture
def reader(tmp_path: Path, journal: SqliteJournal) -> Iterator[Reader]:
    opened = Reader(tmp_path / "voiceline.db")
    yield opened
    opened.close()


async def say(journal: SqliteJournal, *facts: Fact) -> None:
    await journal.keep(Entry({}, {}, {}, facts, ()))


async def first(feed: Feed, count: int, after: int = 0) -> list[Event]:
    """So many events of a follower who begins at `after`."""
    found: list[Event] = []
    async with asyncio.timeout(DEADLINE_S), aclosing(feed.follow(after)) as follower:
        async for events in follower:
            found += events
            if len(found) >= count:
                break
    return found


def test_a_fact_is_a_cloudevent(journal: SqliteJournal, reader: Reader) -> None:
    asyncio.run(say(journal, started(1), VolunteerCameUp(VolunteerId("anna"), AT), LineUp(AT), PlanPublished("v1", AT)))
    call, volunteer, up, plan = Feed(reader).after(0, 10)
    assert call == {
        "specversion": "1.0",
        "id": "1",
        "source": f"/voiceline/{reader.installation}",
        "type": "voiceline.call_started",
        "time": "2026-03-01T18:00:01.123456Z",
        "subject": f"{1:020x}",
        "datacontenttype": "application/json",
        "data": {"call": f"{1:020x}", "line": "bornetelefonen", "at": "2026-03-01T18:00:01.123456Z"},
    }
    assert volunteer["subject"] == "anna"
    assert "subject" not in up, "an attribute that is there must not be empty"
    assert plan["type"] == "voiceline.plan_published"
    assert json.loads(json.dumps(call)) == call


def test_what_is_after_a_number_comes_in_order_and_no_more_than_asked_for(
    journal: SqliteJournal, reader: Reader
) -> None:
    asyncio.run(say(journal, *(started(number) for number in range(10))))
    feed = Feed(reader)
    assert [event["id"] for event in feed.after(3, 4)] == ["4", "5", "6", "7"]
    assert feed.after(10, 4) == []
    assert feed.last() == 10


def test_a_follower_gets_everything_that_was_there_and_everything_that_comes(
    journal: SqliteJournal, reader: Reader
) -> None:
    many = 2 * BATCH + 7

    async def follow() -> list[Event]:
        await say(journal, *(started(number) for number in range(many)))
        following = asyncio.create_task(first(Feed(reader, poll_s=0.01), many + 60))
        for number in range(60):
            await say(journal, started(number))
        return await following

    assert [event["id"] for event in asyncio.run(follow())] == [str(n) for n in range(1, many + 61)]


def test_followers_do_not_take_events_from_each_other(journal: SqliteJournal, reader: Reader) -> None:
    async def follow() -> list[list[Event]]:
        feed = Feed(reader, poll_s=0.01)
        following = [asyncio.create_task(first(feed, 20, after)) for after in (0, 5, 0)]
        for number in range(25):
            await say(journal, started(number))
        return await asyncio.gather(*following)

    starts = [[int(event["id"]) for event in found][:20] for found in asyncio.run(follow())]
    assert starts == [list(range(1, 21)), list(range(6, 26)), list(range(1, 21))]


def test_the_bell_is_heard_at_once(journal: SqliteJournal, reader: Reader) -> None:
    async def ring() -> float:
        feed = Feed(reader, poll_s=60)
        following = asyncio.create_task(first(feed, 1))
        await asyncio.sleep(0.05)
        await say(journal, started(1))
        rung = monotonic()
        feed.ring()
        await following
        return monotonic() - rung

    assert asyncio.run(ring()) < 2


def test_what_another_process_wrote_is_found_without_a_bell(journal: SqliteJournal, reader: Reader) -> None:
    async def follow() -> list[Event]:
        following = asyncio.create_task(first(Feed(reader, poll_s=0.05), 1))
        await asyncio.sleep(0.15)
        await say(journal, started(7))
        return await following

    assert asyncio.run(follow())[0]["subject"] == f"{7:020x}"


def test_a_follower_who_goes_leaves_nothing_behind(journal: SqliteJournal, reader: Reader) -> None:
    async def come_and_go() -> None:
        feed = Feed(reader)
        await say(journal, started(1))
        await first(feed, 1)
        waiting = asyncio.create_task(first(feed, 1, after=1))
        await asyncio.sleep(0.05)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        assert not feed._bells

    asyncio.run(come_and_go())
