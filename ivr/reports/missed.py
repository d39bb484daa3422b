"""The missed-call report: numbers first, how they are shown is in `show_missed`.

Rules: a call belongs to the interval of its arrival, in Europe/Copenhagen, half-open; only calls that have ended are
counted; every ended call is counted once; a rate of no calls is None and never 100 %. The hour that comes twice in
October is two hours, the one skipped in March is none.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, timedelta
from typing import Final, Protocol
from zoneinfo import ZoneInfo

from ivr.core.ids import LineId
from ivr.core.reasons import Outcome

ZONE: Final = ZoneInfo("Europe/Copenhagen")
MOST_DAYS: Final = 400
"""Of one report: every hour of every line is a row of its own."""

HOUR: Final = timedelta(hours=1)


class Tally(Protocol):
    """How many ended calls of a line came within the UTC hour that begins at `hour` and ended so."""

    @property
    def line(self) -> LineId: ...
    @property
    def hour(self) -> datetime: ...
    @property
    def outcome(self) -> Outcome: ...
    @property
    def queued(self) -> bool: ...
    @property
    def calls(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Counts:
    """Numbers of calls. Every offered call has exactly one outcome; `queued` cuts across the outcomes."""

    offered: int = 0
    queued: int = 0
    answered: int = 0
    abandoned: int = 0
    short_abandon: int = 0
    ended_in_menu: int = 0
    outside_hours: int = 0
    not_admitted: int = 0
    forced_out: int = 0
    handed_over: int = 0
    failed: int = 0
    lost: int = 0
    unseen: int = 0

    @property
    def in_hours(self) -> int:
        return self.offered - self.outside_hours

    @property
    def missed(self) -> int:
        """Nobody of ours or of a partner's spoke with them, for whatever reason."""
        return self.offered - self.answered - self.handed_over

    @property
    def answer_rate(self) -> float | None:
        """Answered of those offered in hours; None: no calls in hours."""
        return self.answered / self.in_hours if self.in_hours else None

    @property
    def total_reach(self) -> float | None:
        """Answered of all offered, outside hours too; None: no calls."""
        return self.answered / self.offered if self.offered else None

    def of(self, outcome: Outcome) -> int:
        return int(getattr(self, outcome.value))

    def __add__(self, other: Counts) -> Counts:
        return Counts(*(getattr(self, name) + getattr(other, name) for name in _COUNTED))


_COUNTED: Final = tuple(field.name for field in fields(Counts))
NOTHING: Final = Counts()

DEFINITIONS: Final = {
    "offered": "calls that reached the line's number, at any hour",
    "queued": "of these: joined the queue",
    "answered": "caller and volunteer heard each other for at least 1.5 s",
    "abandoned": "the caller hung up while queued, after the line's short-abandon limit or later",
    "short_abandon": "the caller hung up while queued, before that limit; shown apart, never left out",
    "ended_in_menu": "the caller hung up before joining the queue",
    "outside_hours": "ended in or after the closed message",
    "not_admitted": "nobody was reachable when they came, and they were told so",
    "forced_out": "waited too long, or the queue was full",
    "handed_over": "left our house to a partner line",
    "failed": "our own fault",
    "lost": "not answered, was there before a crash of ours, gone after it",
    "unseen": "only the exchange saw it, while the controller was away",
    "missed": "offered without answered and handed over",
    "answer_rate": "answered / (offered - outside_hours); null: no calls in hours",
    "total_reach": "answered / offered; null: no calls",
}

INTERVAL_RULE: Final = (
    "A call belongs to the hour and day of its arrival, Europe/Copenhagen, half-open [start, end). "
    "Calls still going on are counted when they have ended. Both days named are included."
)


@dataclass(frozen=True, slots=True)
class LineCounts:
    line: LineId
    counts: Counts


@dataclass(frozen=True, slots=True)
class HourCounts:
    """The hour [start, start + 1 h); `start` is in local time with its offset."""

    start: datetime
    line: LineId
    counts: Counts


@dataclass(frozen=True, slots=True)
class Days:
    """From the first day's to the last day's end, both included, as local days. Raises ValueError with a sentence."""

    first: date
    last: date

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise ValueError("the last day lies before the first; swap them")
        if (self.last - self.first).days >= MOST_DAYS:
            raise ValueError(f"that is more than {MOST_DAYS} days; ask for fewer at a time")
        if not 1990 <= self.first.year <= self.last.year < 2200:
            raise ValueError("days must lie between 1990 and 2199")

    @property
    def start(self) -> datetime:
        """Aware UTC."""
        return _midnight(self.first)

    @property
    def end(self) -> datetime:
        """Aware UTC; the first moment that is no longer in."""
        return _midnight(self.last + timedelta(days=1))

    def hours(self) -> list[datetime]:
        """The beginning of every hour, in local time: 23 or 25 on a clock-change day."""
        count = (self.end - self.start) // HOUR
        return [(self.start + n * HOUR).astimezone(ZONE) for n in range(count)]


@dataclass(frozen=True, slots=True)
class Missed:
    """`lines` and `hours` name every line asked for, also one without calls; hours by line, then time."""

    days: Days
    line: LineId | None
    total: Counts
    lines: tuple[LineCounts, ...]
    hours: tuple[HourCounts, ...]


def missed(days: Days, line: LineId | None, known: Sequence[LineId], tallies: Iterable[Tally]) -> Missed:
    """`known`: the house's lines; `line`: only this one. Tallies outside the days or of another line are passed over.

    That an hour of local time is an hour of UTC holds where the offset is of whole hours, as in Denmark.
    """
    cells: dict[tuple[LineId, datetime], Counts] = {}
    for tally in tallies:
        if days.start <= tally.hour < days.end and line in (None, tally.line):
            key = (tally.line, tally.hour.astimezone(UTC))
            cells[key] = cells.get(key, NOTHING) + _counts(tally)
    names = [line] if line is not None else sorted({*known, *(name for name, _ in cells)})
    starts = days.hours()
    hours = tuple(
        HourCounts(start, name, cells.get((name, start.astimezone(UTC)), NOTHING)) for name in names for start in starts
    )
    lines = tuple(LineCounts(name, _sum(row.counts for row in hours if row.line == name)) for name in names)
    return Missed(days, line, _sum(row.counts for row in lines), lines, hours)


def _counts(tally: Tally) -> Counts:
    numbers = {"offered": tally.calls, "queued": tally.calls if tally.queued else 0, tally.outcome.value: tally.calls}
    return Counts(**numbers)


def _sum(many: Iterable[Counts]) -> Counts:
    total = NOTHING
    for counts in many:
        if counts.offered:
            total += counts
    return total


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=ZONE).astimezone(UTC)
