"""Values that several files share: names, durations, times of day, dates. Each a value, or None with a finding."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import date

from ivr.source.findings import Findings, one_of, shown
from ivr.source.tree import Text

_NAME = re.compile(r"[a-z][a-z0-9]*(?:[-_][a-z0-9]+)*")
_DURATION = re.compile(r"(?:(\d{1,4})h)?(?:(\d{1,4})m)?(?:(\d{1,5})s)?", re.ASCII)
_OPENING = re.compile(r"(\d\d):(\d\d) ?- ?(\d\d):(\d\d)", re.ASCII)
_DANISH = str.maketrans({"æ": "ae", "ø": "oe", "å": "aa"})
DAY = 24 * 60


def name(text: Text, what: str, findings: Findings) -> str | None:
    """A name for machines: files, steps, groups, lines."""
    if len(text.value) <= 32 and _NAME.fullmatch(text.value):
        return text.value
    guess = re.sub(r"[^a-z0-9]+", "-", text.value.lower().translate(_DANISH)).strip("-")[:32].strip("-")
    findings.error(
        text.place,
        f"`{shown(text.value)}` cannot be {what}",
        f"use small letters a-z, digits and hyphens{f', e.g. `{guess}`' if _NAME.fullmatch(guess) else ''}",
    )
    return None


def choice(text: Text, what: str, known: Collection[str], findings: Findings) -> str | None:
    if text.value in known:
        return text.value
    findings.error(text.place, f"there is no {what} `{shown(text.value)}`", one_of(text.value, known))
    return None


def duration(text: Text, what: str, least: int, most: int, findings: Findings) -> float | None:
    """Seconds, of `90s`, `20m`, `1m30s`, `2h`."""
    found = _DURATION.fullmatch(text.value)
    if found is None or not any(found.groups()):
        instead = (
            f"write {text.value}s or {text.value}m" if re.fullmatch(r"[0-9]{1,4}", text.value) else "write e.g. 20s"
        )
        findings.error(text.place, f"`{shown(text.value)}` is not a length of time", instead)
        return None
    hours, minutes, seconds = (int(part or 0) for part in found.groups())
    length = hours * 3600 + minutes * 60 + seconds
    if not least <= length <= most:
        what = f"{what} cannot be {shown(text.value)}"
        findings.error(text.place, what, f"use {written_duration(least)} to {written_duration(most)}")
        return None
    return float(length)


def written_duration(seconds: int) -> str:
    if seconds and seconds % 3600 == 0:
        return f"{seconds // 3600}h"
    return f"{seconds // 60}m" if seconds and seconds % 60 == 0 else f"{seconds}s"


def whole(text: Text, what: str, least: int, most: int, findings: Findings) -> int | None:
    if re.fullmatch(r"[0-9]{1,6}", text.value) and least <= int(text.value) <= most:
        return int(text.value)
    findings.error(text.place, f"{what} cannot be `{shown(text.value)}`", f"use a whole number, {least} to {most}")
    return None


def opening(text: Text, findings: Findings) -> tuple[int, int] | None:
    """`06:00-02:00` as minutes from 00:00 of the day it begins on; an end not after the start is the next day's."""
    found = _OPENING.fullmatch(text.value)
    if found is None:
        findings.error(
            text.place,
            f"`{shown(text.value)}` is not an opening time",
            "write e.g. 06:00-02:00 (two digits each), or 00:00-24:00 for all day",
        )
        return None
    start_h, start_m, end_h, end_m = (int(part) for part in found.groups())
    start, end = start_h * 60 + start_m, end_h * 60 + end_m
    if start_h > 23 or start_m > 59 or end_m > 59 or end > DAY:
        findings.error(
            text.place, f"`{shown(text.value)}` is no time of day", "use 00:00 to 23:59, and 24:00 as an end"
        )
        return None
    if start == end:
        findings.error(text.place, f"`{shown(text.value)}` opens and closes at once", "write 00:00-24:00 for all day")
        return None
    return (start, end) if end > start else (start, end + DAY)


def day(text: Text, findings: Findings) -> date | None:
    """A date such as 2026-12-24, of the years 1990 to 2100."""
    if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text.value):
        try:
            found = date.fromisoformat(text.value)
        except ValueError:
            pass
        else:
            if 1990 <= found.year <= 2100:
                return found
    findings.error(text.place, f"`{shown(text.value)}` is not a date", "write year-month-day, e.g. 2026-12-24")
    return None
