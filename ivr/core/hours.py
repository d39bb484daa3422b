"""Service days -> open? which service? next opening?

Rules: aware UTC inside, half-open spans, a service day owns its spill past midnight. A compiled `Timetable` holds
non-overlapping spans in order and answers by bisection.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Service(StrEnum):
    """Which side of the house answers: the same names as in `ivr hours` and `ivr handover`."""

    DAY = "day"
    NIGHT = "night"


@dataclass(frozen=True, slots=True)
class Hours:
    """What an admin wrote. (To be filled by the callflow room.)"""

    tz: str


@dataclass(frozen=True, slots=True)
class Span:
    """Open in [start, end), aware UTC, served by one service; `rule` says in words which rule decided."""

    start: datetime
    end: datetime
    service: Service
    rule: str


@dataclass(frozen=True, slots=True)
class Timetable:
    """Compiled hours for [first, last), aware UTC; outside that the table knows nothing and says closed."""

    first: datetime
    last: datetime
    spans: tuple[Span, ...]
    _starts: tuple[datetime, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_starts", tuple(span.start for span in self.spans))

    def at(self, moment: datetime) -> Span | None:
        """The span that holds the moment, or None when closed."""
        place = bisect_right(self._starts, moment) - 1
        if place >= 0 and moment < self.spans[place].end:
            return self.spans[place]
        return None

    def next_opening(self, moment: datetime) -> datetime | None:
        """When the line opens next after the moment; when it is open now, the opening after the coming closing."""
        closing = self.closes(moment) or moment
        place = bisect_right(self._starts, closing)
        if place and self.spans[place - 1].start == closing:
            return closing
        return self.spans[place].start if place < len(self.spans) else None

    def closes(self, moment: datetime) -> datetime | None:
        """When a line that is open at the moment closes, services that follow each other taken as one; else None."""
        span = self.at(moment)
        while span is not None and (following := self.at(span.end)) is not None:
            span = following
        return span.end if span else None

    def next_change(self, moment: datetime) -> datetime | None:
        """The next moment after this one at which the service changes, opens or closes."""
        span = self.at(moment)
        if span is not None:
            return span.end
        place = bisect_right(self._starts, moment)
        return self.spans[place].start if place < len(self.spans) else None
