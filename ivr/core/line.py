"""Who serves a line: the mode (day, night, closed) by hours table, by override, by hand-over. One table.

Rules: an override by hand beats the table; a hand-over by hand holds until the table's next change; closing drops
nobody who waits (`serving` stays), and nobody's place in the queue ever changes by a change of mode.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from ivr.core.change import replace
from ivr.core.hours import Service, Timetable
from ivr.core.news import HandoverAsked, LineDue, LineNews, OverrideGiven
from ivr.core.state import Handed, LineState, Override


def mode(line: LineState, table: Timetable, at: datetime) -> Service | None:
    """Who is to serve at the moment by the rules; None: closed. Who does is `LineState.service` (see `handover`)."""
    if line.override is not None and not line.override.open:
        return None
    span = table.at(at)
    if span is None and line.override is None:
        return None
    if line.handed is not None:
        return line.handed.service
    return span.service if span is not None else line.serving


def lapsed(line: LineState, at: datetime) -> LineState:
    """The line without what was said by hand and has run out by then."""
    if line.override is not None and line.override.until is not None and line.override.until <= at:
        line = replace(line, override=None)
    if line.handed is not None and line.handed.until is not None and line.handed.until <= at:
        line = replace(line, handed=None)
    return line


def on_override(line: LineState, news: OverrideGiven, _table: Timetable) -> LineState:
    given = None if news.open is None else Override(news.open, news.until, news.reason)
    return replace(line, override=given)


def on_handover(line: LineState, news: HandoverAsked, table: Timetable) -> LineState:
    return replace(line, handed=Handed(news.service, table.next_change(news.at)))


def on_due(line: LineState, _news: LineDue, _table: Timetable) -> LineState:
    return line


TABLE: dict[tuple[Service | None, type[LineNews]], Callable[..., LineState]] = {
    (Service.DAY, OverrideGiven): on_override,
    (Service.DAY, HandoverAsked): on_handover,
    (Service.DAY, LineDue): on_due,
    (Service.NIGHT, OverrideGiven): on_override,
    (Service.NIGHT, HandoverAsked): on_handover,
    (Service.NIGHT, LineDue): on_due,
    (None, OverrideGiven): on_override,
    (None, HandoverAsked): on_handover,
    (None, LineDue): on_due,
}
"""By mode and news. `handover.settle` follows every row: the mode is never set, it follows from what is known."""


def step(line: LineState, news: LineNews, table: Timetable) -> LineState:
    return TABLE[line.service, type(news)](line, news, table)


def due(line: LineState, table: Timetable, at: datetime) -> datetime | None:
    """The next moment after `at` at which the mode may change by itself."""
    moments = (
        table.next_change(at),
        line.override.until if line.override is not None else None,
        line.handed.until if line.handed is not None else None,
    )
    return min((moment for moment in moments if moment is not None), default=None)


def next_opening(line: LineState, table: Timetable, at: datetime) -> datetime | None:
    """When a line that is closed now opens next, overrides included; None: nobody knows."""
    if line.override is None or line.override.open:
        return table.next_opening(at)
    if line.override.until is None:
        return None
    until = line.override.until
    return until if table.at(until) is not None else table.next_opening(until)
