"""Small entries for the journal."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from ivr.app.ports import Entry
from ivr.core import commands as do
from ivr.core import facts as say
from ivr.core.ids import CallId, LineId
from ivr.core.reasons import Outcome
from ivr.core.state import Call, Over

AT = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
LINE = LineId("bornetelefonen")


def call(number: int, counter: int = 0) -> Call:
    return Call(CallId(f"{number:020x}"), LINE, AT, Over(), Outcome.LOST, counter)


def started(number: int) -> say.CallStarted:
    return say.CallStarted(CallId(f"{number:020x}"), LINE, AT + timedelta(seconds=number))


def entry(number: int) -> Entry:
    """One call, one fact and two commands, told apart by the number."""
    it = call(number)
    return Entry({it.id: it}, {}, {}, (started(number),), (do.Answer(it.id), do.StartMusic(it.id)))


def number_of(call_id: str | None) -> int:
    assert call_id is not None
    return int(call_id, 16)
