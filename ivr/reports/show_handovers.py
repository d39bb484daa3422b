"""The report of hand-overs for people (a table, in Danish) and for programs (JSON, CSV: the field's terms)."""

from __future__ import annotations

import csv
import io
from typing import Final

from ivr.core.hours import Service
from ivr.core.reasons import HandoverWhy
from ivr.reports.handovers import Handovers, Made
from ivr.reports.missed import ZONE

WHY: Final = {
    HandoverWhy.TABLE: "efter planen",
    HandoverWhy.HAND: "i hånden",
    HandoverWhy.EARLY: "før tid: alle var gået",
    HandoverWhy.LATE: "for sent: ingen var klar",
    HandoverWhy.LIMIT: "ingen kom; fristen var gået",
}
TO: Final = {Service.DAY: "dagvagten", Service.NIGHT: "nattelinjen"}
RULE: Final = "Længst: så længe ventede den, der stod i kø ved skiftet, bagefter: til nogen svarede, eller de lagde på."
NONE: Final = "ingen vagtskifter"
COLUMNS: Final = (
    "line",
    "at",
    "due_at",
    "service",
    "why",
    "late_s",
    "waiting",
    "waited_through",
    "longest_s",
    "alarms",
)


def as_json(report: Handovers) -> dict[str, object]:
    return {
        "from": report.days.first.isoformat(),
        "to": report.days.last.isoformat(),
        "time_zone": ZONE.key,
        "line": report.line,
        "handovers": [
            {
                **_numbers(each),
                "done": each.done,
                "carried": [{"call": one.call, "waited_on_s": one.waited_on_s} for one in each.carried],
            }
            for each in report.made
        ],
    }


def as_csv(report: Handovers) -> str:
    """A row for each hand-over; a time that is not known is an empty field."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for each in report.made:
        numbers = _numbers(each)
        writer.writerow(["" if numbers[name] is None else numbers[name] for name in COLUMNS])
    return out.getvalue()


def as_table(report: Handovers) -> str:
    days = report.days
    until = f"til og med {days.last:%d.%m.%Y}" if days.last != days.first else "hele dagen"
    parts = [f"Vagtskifter, {days.first:%d.%m.%Y} {until}", RULE, ""]
    if not report.made:
        return "\n".join([*parts, NONE]) + "\n"
    parts.append(f"{'Tid':<24}{'Linje':<20}{'Til':<13}{'Hvorfor':<30}{'I kø':>5}{'Længst':>10}{'Alarmer':>9}")
    for each in report.made:
        longest = "-" if each.longest_s is None else f"{each.longest_s:.0f} s"
        when = f"{each.at.astimezone(ZONE):%d.%m.%Y %H:%M (%z)}"
        parts.append(
            f"{when:<24}{each.line:<20}{TO[each.service]:<13}{WHY[each.why]:<30}{each.waiting:>5}{longest:>10}"
            f"{each.alarms:>9}"
        )
    return "\n".join(parts) + "\n"


def _numbers(each: Made) -> dict[str, object]:
    return {
        "line": each.line,
        "at": each.at.astimezone(ZONE).isoformat(),
        "due_at": each.due_at.astimezone(ZONE).isoformat(),
        "service": each.service.value,
        "why": each.why.value,
        "late_s": round(each.late_s, 3),
        "waiting": each.waiting,
        "waited_through": len(each.carried),
        "longest_s": each.longest_s,
        "alarms": each.alarms,
    }
