"""The `hours` of a line's file -> `core.hours.Hours`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from ivr.callflow import holidays as danish
from ivr.callflow.steps import Mention
from ivr.core.hours import (
    OWN_GROUPS,
    DayException,
    DayPlan,
    Holiday,
    Hours,
    NightBy,
    Nobody,
    Opening,
    OtherGroups,
    OtherLine,
    Regime,
)
from ivr.core.ids import GroupId, LineId
from ivr.source import values
from ivr.source.fields import Fields, text_of, texts_of
from ivr.source.findings import Findings, Place, one_of, shown
from ivr.source.tree import Listing, Node, Table, Text

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
NIGHT_BY = ("groups", "closed")
"""Who answers at night, in one word; or `{groups: [NAME]}` or `{line: NAME}`."""
TIME_ZONES = ("Europe/Copenhagen", "America/Nuuk", "Atlantic/Faroe", "UTC")
"""The wall clocks of the realm; a line elsewhere may be added."""


@dataclass(frozen=True, slots=True)
class _Nights:
    """When the night is and who answers it, per weekday, Monday first."""

    openings: tuple[Opening | None, ...] = (None,) * 7
    by: tuple[NightBy, ...] = (OWN_GROUPS,) * 7

    def plan(self, openings: tuple[Opening, ...], weekday: int) -> DayPlan:
        return DayPlan(openings, self.openings[weekday], self.by[weekday])


@dataclass(frozen=True, slots=True)
class WrittenHours:
    """`named`: other lines (role `line`) and groups (role `group`) that answer at night, with their places."""

    hours: Hours | None
    named: tuple[Mention, ...] = ()


def read_hours(node: Node | None, findings: Findings) -> WrittenHours:
    """The hours as data, or None with findings. What cannot be read is left out, so that the rest is still checked."""
    if node is None:
        return WrittenHours(None)
    fields = Fields(node, "`hours`", ("tz", "night", "night_by", "table", "holidays", "exceptions"), findings)
    tz = text_of(fields.need("tz", "`tz: Europe/Copenhagen`"), "`tz`", findings)
    if tz is not None and values.choice(tz, "time zone", TIME_ZONES, findings) is None:
        tz = None
    named: list[Mention] = []
    nights = _nights(_Nights(), fields.get("night"), fields.get("night_by"), named, findings)
    regimes = _table(fields.need("table", "`table:` with the opening hours of each day"), nights, named, findings)
    exceptions = _exceptions(fields.get("exceptions"), nights, named, findings)
    holidays = _holidays(fields.get("holidays"), nights, named, findings)
    hours = Hours(tz.value, regimes, exceptions, holidays) if tz is not None else None
    return WrittenHours(hours, tuple(named))


def _nights(before: _Nights, night: Node | None, by: Node | None, named: list[Mention], findings: Findings) -> _Nights:
    """What is written goes before what was so far; `night` and `night_by` for all days alike, or by day."""
    openings, whose = list(before.openings), list(before.by)
    for days, node in _by_day(night, (), findings):
        opening = _night(node, findings)
        for day in days:
            openings[day] = opening
    for days, node in _by_day(by, ("line", "groups"), findings):
        answers = _night_by(node, named, findings)
        for day in days:
            whose[day] = answers
    return _Nights(tuple(openings), tuple(whose))


def _by_day(node: Node | None, own: tuple[str, ...], findings: Findings) -> Iterator[tuple[tuple[int, ...], Node]]:
    """`own`: keys that make a table one value and not one by day."""
    if node is None:
        return
    if not isinstance(node, Table) or any(key.value in own for key, _ in node.pairs):
        yield tuple(range(7)), node
        return
    named: set[int] = set()
    for key, value in node.pairs:
        days = _days(key, findings)
        for day in sorted(named.intersection(days)):
            findings.error(key.place, f"{DAYS[day]} is named a second time", "name each day once")
        named.update(days)
        yield days, value


def _night_by(node: Node, named: list[Mention], findings: Findings) -> NightBy:
    """`groups`, `closed`, `{groups: [NAME]}`, or `{line: NAME}`."""
    if isinstance(node, Table) and any(key.value == "groups" for key, _ in node.pairs):
        others = Fields(node, "`night_by`", ("groups",), findings).need("groups", "`groups: [NAME]`")
        groups = texts_of(others, "`groups`", findings)
        named += [Mention(group.value, group.place, "group") for group in groups]
        return OtherGroups(tuple(GroupId(group.value) for group in groups))
    if isinstance(node, Table):
        line = text_of(Fields(node, "`night_by`", ("line",), findings).need("line", "`line: NAME`"), "`line`", findings)
        if line is None:
            return OWN_GROUPS
        named.append(Mention(line.value, line.place, "line"))
        return OtherLine(LineId(line.value))
    written = text_of(node, "`night_by`", findings)
    if written is None or values.choice(written, "way to answer the night", NIGHT_BY, findings) is None:
        return OWN_GROUPS
    return Nobody() if written.value == "closed" else OWN_GROUPS


def _table(node: Node | None, nights: _Nights, named: list[Mention], findings: Findings) -> tuple[Regime, ...]:
    if node is None:
        return ()
    if not isinstance(node, Listing):
        findings.error(node.place, "`table` is a list", "begin each row with `- valid_from: 2026-01-01`")
        return ()
    regimes: list[Regime] = []
    seen: dict[date | None, Place] = {}
    for item in node.items:
        regime = _regime(item, nights, named, findings)
        if regime is None:
            continue
        if regime.valid_from in seen:
            when = regime.valid_from.isoformat() if regime.valid_from else "always"
            what = f"two rows are valid from {when} (the first on line {seen[regime.valid_from].line})"
            findings.error(item.place, what, "give each row a `valid_from` of its own")
            continue
        seen[regime.valid_from] = item.place
        regimes.append(regime)
    return tuple(sorted(regimes, key=lambda regime: regime.valid_from or date.min))


def _regime(node: Node, nights: _Nights, mentioned: list[Mention], findings: Findings) -> Regime | None:
    if not isinstance(node, Table):
        findings.error(node.place, "a row of the table is not written like this", "write `mon-fri: 06:00-02:00`")
        return None
    valid_from: date | None = None
    own: dict[str, Node] = {}
    for key, value in node.pairs:
        if key.value == "valid_from":
            written = text_of(value, "`valid_from`", findings)
            valid_from = values.day(written, findings) if written else None
            if valid_from is None:
                return None
        elif key.value in ("night", "night_by"):
            own[key.value] = value
    nights = _nights(nights, own.get("night"), own.get("night_by"), mentioned, findings)
    week = [DayPlan()] * 7
    named: dict[int, Text] = {}
    for key, value in node.pairs:
        if key.value in ("valid_from", "night", "night_by"):
            continue
        openings = _openings(value, findings)
        for day in _days(key, findings):
            if day in named:
                what = f"{DAYS[day]} is named a second time (first as `{named[day].value}`)"
                findings.error(key.place, what, "name each day once")
            named[day] = key
            week[day] = nights.plan(openings, day)
    return Regime(valid_from, tuple(week))


def _days(key: Text, findings: Findings) -> tuple[int, ...]:
    """`mon`, `mon-fri`, `daily` as weekday numbers."""
    if key.value == "daily":
        return tuple(range(7))
    first, _, last = key.value.partition("-")
    if first in DAYS and (last or first) in DAYS:
        begin, end = DAYS.index(first), DAYS.index(last or first)
        if begin <= end:
            return tuple(range(begin, end + 1))
        findings.error(key.place, f"`{key.value}` runs backwards", "write two lines, e.g. `sat-sun` and `mon`")
        return ()
    known = (*DAYS, "daily", "mon-fri", "sat-sun", "valid_from", "night", "night_by")
    findings.error(key.place, f"`{shown(key.value)}` is no day of the week", one_of(key.value, known))
    return ()


def _openings(node: Node, findings: Findings) -> tuple[Opening, ...]:
    """`closed`, one opening time or a list of them."""
    written = texts_of(node, "the opening time", findings)
    if [text.value for text in written] == ["closed"]:
        return ()
    openings: list[Opening] = []
    for text in written:
        found = values.opening(text, findings)
        if found is None:
            continue
        opening = Opening(*found)
        if any(opening.start < other.end and other.start < opening.end for other in openings):
            findings.error(text.place, f"{opening} overlaps another opening of the day", "write them as one")
            continue
        openings.append(opening)
    return tuple(sorted(openings))


def _night(node: Node | None, findings: Findings) -> Opening | None:
    written = text_of(node, "`night`", findings)
    if written is None or written.value == "none":
        return None
    found = values.opening(written, findings)
    return Opening(*found) if found else None


def _holidays(node: Node | None, nights: _Nights, named: list[Mention], findings: Findings) -> tuple[Holiday, ...]:
    """Public holidays on which the line keeps other hours; of two that fall on one day the one written first holds."""
    if node is None:
        return ()
    if not isinstance(node, Listing):
        findings.error(node.place, "`holidays` is a list", "begin each with `- days: [Juledag, Anden juledag]`")
        return ()
    found: dict[date, Holiday] = {}
    seen: dict[str, Place] = {}
    for item in node.items:
        fields = Fields(item, "a holiday", ("days", "hours", "night", "night_by"), findings)
        days = fields.need("days", "`days: all`, or names such as `[Juledag, Anden juledag]`")
        hours = fields.need("hours", "`hours: closed` or `hours: 10:00-14:00`")
        openings = _openings(hours, findings) if hours else ()
        own = _nights(nights, fields.get("night"), fields.get("night_by"), named, findings)
        for name in texts_of(days, "`days`", findings) if days is not None else ():
            if values.choice(name, "holiday", danish.names(), findings) is None:
                continue
            if name.value in seen:
                what = f"{name.value} is named a second time (first on line {seen[name.value].line})"
                findings.error(name.place, what, "name each holiday once")
            seen.setdefault(name.value, name.place)
            for day, called in danish.days_of(name.value).items():
                found.setdefault(day, Holiday(day, own.plan(openings, day.weekday()), called))
    return tuple(found[day] for day in sorted(found))


def _exceptions(
    node: Node | None, nights: _Nights, named: list[Mention], findings: Findings
) -> tuple[DayException, ...]:
    if node is None:
        return ()
    if not isinstance(node, Listing):
        findings.error(node.place, "`exceptions` is a list", "begin each with `- date: 2026-12-24`")
        return ()
    found: dict[date, DayException] = {}
    for item in node.items:
        fields = Fields(item, "an exception", ("date", "hours", "night", "night_by", "reason"), findings)
        when = text_of(fields.need("date", "`date: 2026-12-24`"), "`date`", findings)
        hours = fields.need("hours", "`hours: closed` or `hours: 10:00-14:00`")
        reason = text_of(fields.need("reason", "`reason:` and why, for those who wonder later"), "`reason`", findings)
        day = values.day(when, findings) if when else None
        openings = _openings(hours, findings) if hours else ()
        own = _nights(nights, fields.get("night"), fields.get("night_by"), named, findings)
        if day is None or when is None or reason is None:
            continue
        if day in found:
            findings.error(when.place, f"{day.isoformat()} has an exception already", "keep one of the two")
            continue
        found[day] = DayException(day, own.plan(openings, day.weekday()), " ".join(reason.value.split()))
    return tuple(found[day] for day in sorted(found))
