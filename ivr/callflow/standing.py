"""Is a line open at a moment, since when, until when, and by which rule: the answer of `ivr hours`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from ivr.core.hours import Hours, OtherLine, Service, Span, Timetable, compile_hours, rule_on, wall_to_utc
from ivr.core.ids import LineId
from ivr.core.state import Override

BACK = timedelta(days=400)
AHEAD = timedelta(days=800)
FIRST_YEAR, LAST_YEAR = 1990, 2100


@dataclass(frozen=True, slots=True)
class Standing:
    """Moments are aware UTC. `opens`: since when it is open (None: closed, or for more than a year); `closes`: until
    when (None: closed, or no end is known)."""

    open: bool
    opens: datetime | None
    closes: datetime | None
    next_opening: datetime | None
    service: Service | None
    rule: str
    by_line: LineId | None = None
    """The other line whose people answer; None: the line's own."""


def standing(hours: Hours, at: datetime, override: Override | None = None) -> Standing:
    """How a line with these hours stands at the moment (aware, of the years 1990 to 2100); an override that has not
    ended goes before everything that is written."""
    day = at.astimezone(ZoneInfo(hours.tz)).date()
    table = compile_hours(hours, day - BACK, day + AHEAD)
    if override is not None and (override.until is None or at < override.until):
        return _by_hand(table, override)
    span = table.at(at)
    return Standing(
        open=span is not None,
        opens=table.opened(at),
        closes=table.closes(at),
        next_opening=table.next_opening(at),
        service=span.service if span else None,
        rule=span.rule if span else rule_on(hours, day),
        by_line=by_line(span) if span else None,
    )


def by_line(span: Span) -> LineId | None:
    return span.by.line if isinstance(span.by, OtherLine) else None


def _by_hand(table: Timetable, override: Override) -> Standing:
    """What follows an override is what the hours say at its end."""
    until = override.until
    opened_then = table.at(until) is not None if until else False
    rule = f"{'opened' if override.open else 'closed'} by hand: {override.reason}"
    if not override.open:
        opening = (until if opened_then else table.next_opening(until)) if until else None
        return Standing(False, None, None, opening, None, rule)
    closes = (table.closes(until) if opened_then else until) if until else None
    return Standing(True, None, closes, table.next_opening(closes) if closes else None, Service.DAY, rule)


def coming_spans(hours: Hours, at: datetime, days: int) -> tuple[Span, ...]:
    """What is open from the moment on for this many days (1 to 800)."""
    day = at.astimezone(ZoneInfo(hours.tz)).date()
    table = compile_hours(hours, day - timedelta(days=2), day + timedelta(days=days + 2))
    end = at + timedelta(days=days)
    return tuple(span for span in table.spans if span.end > at and span.start < end)


def moment_of(text: str, tz: str) -> datetime:
    """An ISO moment as aware UTC; without an offset it is read by the wall clock of `tz`: a time that comes twice is
    its first occurrence, a skipped one the jump. Raises `ValueError` with a sentence for people."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError("write it as 2026-12-24T18:00") from None
    if not FIRST_YEAR <= moment.year < LAST_YEAR:
        raise ValueError(f"only the years {FIRST_YEAR} to {LAST_YEAR} are known")
    if moment.tzinfo is not None:
        return moment.astimezone(UTC)
    zone = ZoneInfo(tz)
    read = moment.replace(tzinfo=zone).astimezone(UTC)
    if read.astimezone(zone).replace(tzinfo=None) == moment:
        return read
    return wall_to_utc(date(moment.year, moment.month, moment.day), moment.hour * 60 + moment.minute, zone)
