"""Danish public holidays by name -> the days they fall on, computed (from Easter) and not from a list somebody typed.

`holidays` knows which are statutory and since when (Store bededag until 2023); 1 May, 5 June, 24 and 31 December are
not statutory and are therefore only taken when they are named.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import cache

ALL = "all"
"""Every statutory one."""
YEARS = range(1990, 2101)
_ALSO = {
    "1. maj": "Arbejdernes kampdag",
    "5. juni": "Grundlovsdag",
    "24. december": "Juleaftensdag",
    "Juleaften": "Juleaftensdag",
    "31. december": "Nytårsaften",
    "Nytårsaftensdag": "Nytårsaften",
    "2. påskedag": "Anden påskedag",
    "2. pinsedag": "Anden pinsedag",
    "2. juledag": "Anden juledag",
}
"""Other ways to write a name."""


def names() -> tuple[str, ...]:
    """Everything that may be written, `all` first."""
    return (ALL, *_days("public"), *_days("optional"), *_ALSO)


def days_of(name: str) -> Mapping[date, str]:
    """The days of 1990 to 2100 that a name from `names` means, each with its own name, in order."""
    if name == ALL:
        return {day: own for own, days in _days("public").items() for day in days}
    own = _ALSO.get(name, name)
    return dict.fromkeys(_days("public").get(own) or _days("optional")[own], own)


@cache
def _days(category: str) -> Mapping[str, tuple[date, ...]]:
    from holidays import country_holidays  # takes a while: only for those who name a holiday

    found: dict[str, list[date]] = {}
    for day, written in sorted(country_holidays("DK", years=YEARS, language="da", categories=(category,)).items()):
        for name in written.split("; "):  # two on one day
            found.setdefault(name, []).append(day)
    return {name: tuple(days) for name, days in found.items()}
