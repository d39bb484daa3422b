"""The missed-call report for people (a table, in Danish) and for programs (JSON, CSV: the field's terms)."""

from __future__ import annotations

import csv
import io
from datetime import datetime
from typing import Final

from ivr.core.reasons import Outcome
from ivr.reports.missed import DEFINITIONS, HOUR, INTERVAL_RULE, ZONE, Counts, Missed

DANISH: Final = {
    Outcome.ANSWERED: "Besvaret",
    Outcome.HANDED_OVER: "Givet videre til partner",
    Outcome.ABANDONED: "Lagde på i køen",
    Outcome.SHORT_ABANDON: "Lagde på i køen inden for få sekunder",
    Outcome.ENDED_IN_MENU: "Lagde på før køen",
    Outcome.OUTSIDE_HOURS: "Ringede uden for åbningstid",
    Outcome.NOT_ADMITTED: "Ingen rådgiver på vagt",
    Outcome.FORCED_OUT: "Ventede for længe eller køen var fuld",
    Outcome.FAILED: "Teknisk fejl hos os",
    Outcome.LOST: "Tabt ved et nedbrud hos os",
    Outcome.UNSEEN: "Kun set af centralen",
}
DANISH_RULE: Final = (
    "Et opkald tælles i den time, det kom (dansk tid, fra og med start, til men ikke med slut), når det er slut."
)
NO_CALLS: Final = "ingen opkald"

NUMBERS: Final = (
    "offered",
    "queued",
    "answered",
    "abandoned",
    "short_abandon",
    "ended_in_menu",
    "outside_hours",
    "not_admitted",
    "forced_out",
    "handed_over",
    "failed",
    "lost",
    "unseen",
    "missed",
)


def as_json(report: Missed) -> dict[str, object]:
    return {
        "from": report.days.first.isoformat(),
        "to": report.days.last.isoformat(),
        "start": report.days.start.astimezone(ZONE).isoformat(),
        "end": report.days.end.astimezone(ZONE).isoformat(),
        "time_zone": ZONE.key,
        "interval_rule": INTERVAL_RULE,
        "definitions": DEFINITIONS,
        "line": report.line,
        "total": _numbers(report.total),
        "lines": [{"line": row.line, **_numbers(row.counts)} for row in report.lines],
        "hours": [
            {
                "line": row.line,
                "start": row.start.isoformat(),
                "end": _end(row.start).isoformat(),
                **_numbers(row.counts),
            }
            for row in report.hours
        ],
    }


def as_csv(report: Missed) -> str:
    """One header, then a row per line and hour and, told apart by `row`, the sum per line and in all. An unknown rate
    is an empty field."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(("row", "line", "start", "end", *NUMBERS, "answer_rate", "total_reach", "counted_by"))
    start, end = report.days.start.astimezone(ZONE), report.days.end.astimezone(ZONE)
    rows = [("total", "", start, end, report.total)]
    rows += [("line", row.line, start, end, row.counts) for row in report.lines]
    rows += [("hour", row.line, row.start, _end(row.start), row.counts) for row in report.hours]
    for kind, line, first, last, counts in rows:
        numbers = _numbers(counts)
        rates = ["" if numbers[name] is None else numbers[name] for name in ("answer_rate", "total_reach")]
        whole = [numbers[name] for name in NUMBERS]
        writer.writerow((kind, line, first.isoformat(), last.isoformat(), *whole, *rates, "arrival"))
    return out.getvalue()


def as_table(report: Missed) -> str:
    """For reading. Hours without calls are left out, and the report says so."""
    days = report.days
    until = f"til og med {days.last:%d.%m.%Y}" if days.last != days.first else "hele dagen"
    parts = [f"Ubesvarede opkald, {days.first:%d.%m.%Y} {until}", DANISH_RULE, ""]
    for row in report.lines:
        parts += [f"{row.line}", *_summary(row.counts), ""]
        hours = [
            (_local(hour.start), hour.counts) for hour in report.hours if hour.line == row.line and hour.counts.offered
        ]
        if hours:
            parts += [*_hours(hours), "Timer uden opkald er udeladt.", ""]
    if len(report.lines) > 1:
        parts += ["Alle linjer", *_summary(report.total), ""]
    if not report.lines:
        parts += [NO_CALLS, ""]
    return "\n".join(parts).rstrip() + "\n"


def _summary(counts: Counts) -> list[str]:
    if not counts.offered:
        return [f"  {NO_CALLS}"]
    rows: list[tuple[str, str, str]] = [("Opkald i alt", str(counts.offered), "")]
    rows += [
        (name, str(counts.of(outcome)), _percent(counts.of(outcome) / counts.offered))
        for outcome, name in DANISH.items()
        if counts.of(outcome) or outcome is Outcome.ANSWERED
    ]
    rows.append(("Ubesvaret i alt", str(counts.missed), _percent(counts.missed / counts.offered)))
    rows.append(("Kom i kø", str(counts.queued), _percent(counts.queued / counts.offered)))
    rates = [
        f"  Svarprocent i åbningstiden: {_percent(counts.answer_rate, 'ingen opkald i åbningstiden')}",
        f"  Svarprocent af alle opkald: {_percent(counts.total_reach, NO_CALLS)}",
    ]
    return [f"  {name:<38}{number:>7}{share:>9}" for name, number, share in rows] + rates


def _hours(hours: list[tuple[str, Counts]]) -> list[str]:
    head = f"  {'Time':<28}{'Opkald':>8}{'Besvaret':>10}{'Ubesvaret':>11}{'Svar i åbningstid':>19}"
    return [
        head,
        *(
            f"  {when:<28}{counts.offered:>8}{counts.answered:>10}{counts.missed:>11}"
            f"{_percent(counts.answer_rate, '-'):>19}"
            for when, counts in hours
        ),
    ]


def _local(start: datetime) -> str:
    """The offset is shown, so that the two hours from 02 to 03 of an October night differ."""
    return f"{start:%d.%m.%Y} kl. {start:%H}-{start.hour + 1:02} ({start:%z})"


def _end(start: datetime) -> datetime:
    """An hour later by the clock of the world, not by that on the wall."""
    return datetime.fromtimestamp(start.timestamp() + HOUR.total_seconds(), start.tzinfo)


def _percent(rate: float | None, unknown: str = NO_CALLS) -> str:
    return unknown if rate is None else f"{rate * 100:.1f} %".replace(".", ",")


def _numbers(counts: Counts) -> dict[str, int | float | None]:
    numbers: dict[str, int | float | None] = {name: getattr(counts, name) for name in NUMBERS}
    for name in ("answer_rate", "total_reach"):
        rate: float | None = getattr(counts, name)
        numbers[name] = None if rate is None else round(rate, 4)
    return numbers
