"""Who is in the last resort, by the two lists that Asterisk gives of its channels."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from unittest.mock import AsyncMock

import pytest

from ivr.core.ids import CallId, LineId
from ivr.core.news import CallGone, CallLeft, News, Witnessed
from sip.ami import Ami, AmiAddress
from sip.ari.parties import Parties
from sip.ari.shelter import Seen, Shelter

CALLER = "1700000000.7"
HERE = frozenset({CALLER})
ADDRESS = AmiAddress("127.0.0.1", 1, "voiceline", "x")


def status(context: str, application: str) -> Seen:
    line = LineId("bornetelefonen") if context == "last-resort" else None
    return Seen(CALLER, CALLER, None, context, line, application, False)


@pytest.mark.parametrize(
    ("context", "application", "listed", "there"),
    [
        ("last-resort", "Queue", HERE, True),
        ("last-resort", "Wait", frozenset(), True),
        ("fallen", "Goto", HERE, True),
        # the other list has them not in our hands: they came back between the two
        ("takeover", "Stasis", HERE, True),
        # the other list does not have them at all: they have hung up, or have only just come
        ("entry", "Stasis", frozenset(), False),
        ("leg", "Stasis", HERE, False),
    ],
)
def test_who_is_on_the_way_between_us_and_the_last_resort_is_not_taken_for_gone(
    context: str, application: str, listed: frozenset[str], there: bool
) -> None:
    parties, told = Parties(bytes(32)), list[News]()
    shelter = Shelter(Ami(ADDRESS), parties, told.append, lambda: datetime.now(UTC), None, lambda _call: False)
    seen = [status(context, application)]
    assert shelter.sheltered(seen, listed, ()) == (frozenset({parties.name(CALLER)}) if there else frozenset())
    assert shelter.sheltered(seen, listed, {parties.name(CALLER)}) == frozenset(), (
        "in our hands, says who was asked last"
    )


def test_who_came_back_is_not_taken_for_sheltered_by_an_older_list() -> None:
    parties, told = Parties(bytes(32)), list[News]()
    call = parties.learn(CALLER, LineId("bornetelefonen"))
    shelter = Shelter(Ami(ADDRESS), parties, told.append, lambda: datetime.now(UTC), None, lambda _call: False)
    shelter.sheltered([status("last-resort", "Queue")], HERE, {call})
    assert parties.channel(call) == CALLER
    assert parties.away(call) is None


def test_whom_we_have_given_away_is_there_before_asterisk_has_moved_them() -> None:
    parties, told = Parties(bytes(32)), list[News]()
    call = parties.learn(CALLER, LineId("bornetelefonen"))
    shelter = Shelter(Ami(ADDRESS), parties, told.append, lambda: datetime.now(UTC), None, lambda _call: False)
    parties.keep_away(CALLER)
    shelter.left(CALLER)
    assert shelter.sheltered([status("entry", "Stasis")], frozenset(), ()) == {call}


def test_a_caller_of_an_earlier_controller_who_falls_is_told_of() -> None:
    parties, told = Parties(bytes(32)), list[News]()
    shelter = Shelter(Ami(ADDRESS), parties, told.append, lambda: datetime.now(UTC), None, lambda _call: False)
    shelter.left(CALLER)
    shelter.left(CALLER)
    (left,) = told
    assert isinstance(left, CallLeft)
    assert left.call == parties.name(CALLER)
    assert parties.away(left.call) == CALLER


@pytest.fixture
def recorded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> tuple[Shelter, list[News], set[CallId]]:
    """A caller's channel with a record at the exchange; what is told, and which calls' ends the log has."""
    record = "bornetelefonen/100/109/130///109/"
    told, ended = list[News](), set[CallId]()
    ami = Ami(ADDRESS)
    monkeypatch.setattr(ami, "get_global", AsyncMock(return_value=record))
    monkeypatch.setattr("sip.ari.shelter.ask", lambda _console, _command: f"   VL_W_{CALLER}={record}\n")
    shelter = Shelter(ami, Parties(bytes(32)), told.append, lambda: datetime.now(UTC), tmp_path, ended.__contains__)
    return shelter, told, ended


@pytest.mark.anyio
async def test_a_record_that_was_told_is_not_told_again_by_a_survey_that_overlaps(
    recorded: tuple[Shelter, list[News], set[CallId]],
) -> None:
    """The log may not have the end yet when the records are read again: it must not be written twice."""
    shelter, told, _ended = recorded
    shelter.left(CALLER)
    first = await shelter.witnessed()
    assert [each.call for each in first] == [Parties(bytes(32)).name(CALLER)], "nobody has told it yet"
    shelter.took(first)
    shelter.gone(CALLER)
    await settle()
    assert [type(news) for news in told] == [CallLeft]
    assert await shelter.witnessed() == ()


@pytest.mark.anyio
async def test_a_record_is_told_when_the_caller_is_gone_and_then_by_no_survey(
    recorded: tuple[Shelter, list[News], set[CallId]],
) -> None:
    shelter, told, _ended = recorded
    shelter.left(CALLER)
    shelter.gone(CALLER)
    await settle()
    assert [type(news) for news in told] == [CallLeft, Witnessed]
    assert await shelter.witnessed() == ()


@pytest.mark.anyio
async def test_of_a_call_that_an_earlier_controller_has_ended_it_is_told_that_it_is_gone(
    recorded: tuple[Shelter, list[News], set[CallId]],
) -> None:
    shelter, told, ended = recorded
    shelter.left(CALLER)
    ended.add(Parties(bytes(32)).name(CALLER))
    shelter.gone(CALLER)
    await settle()
    assert [type(news) for news in told] == [CallLeft, CallGone]
    assert await shelter.witnessed() == ()


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)
