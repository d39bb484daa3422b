"""Service days -> open? which service? next opening?

Rules: aware UTC inside, half-open spans. A service day owns its spill past midnight: 06:00-02:00 of Friday ends on
Saturday at 02:00 whatever Saturday says. For a day an exception goes before a holiday, a holiday before the week; of
the weeks the latest whose `valid_from` is not after the service day. A local time that comes twice in autumn means its
first occurrence; one that is skipped in spring means the jump. Both are one rule: *the first moment at which the wall
clock shows at least this time*. A compiled `Timetable` holds non-overlapping spans in order and answers by bisection.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from ivr.core.change import replace
from ivr.core.ids import GroupId, LineId

MIDNIGHT = 24 * 60
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


class Service(StrEnum):
    """Which side of the house answers: the same names as in `ivr hours` and `ivr handover`."""

    DAY = "day"
    NIGHT = "night"


# ---------------------------------------------------------------- who answers at night


@dataclass(frozen=True, slots=True)
class OwnGroups:
    """The line's own night groups, on our own phones."""


@dataclass(frozen=True, slots=True)
class OtherGroups:
    """These groups instead of the line's night groups, e.g. the places of a partner."""

    groups: tuple[GroupId, ...]


@dataclass(frozen=True, slots=True)
class OtherLine:
    """Whoever answers another of our lines at that moment; callers stay on the line they called."""

    line: LineId


@dataclass(frozen=True, slots=True)
class Nobody:
    """The line is closed in this part of the night."""


NightBy = OwnGroups | OtherGroups | OtherLine | Nobody
OWN_GROUPS = OwnGroups()

# ---------------------------------------------------------------- what an admin wrote


@dataclass(frozen=True, slots=True, order=True)
class Opening:
    """[start, end) in minutes from 00:00 of the service day, by the wall clock; `end` may be past midnight (over 1440).

    0 <= start < 1440, start < end <= start + 1440.
    """

    start: int
    end: int

    def __str__(self) -> str:
        return f"{_clock(self.start)}-{_clock(self.end)}"


@dataclass(frozen=True, slots=True)
class DayPlan:
    """One service day. `openings` do not overlap, earliest first; none: closed. `night`: the part of the open time,
    this day's or what the next day opens early, that the night line answers."""

    openings: tuple[Opening, ...] = ()
    night: Opening | None = None
    night_by: NightBy = OWN_GROUPS

    def __str__(self) -> str:
        return " and ".join(str(opening) for opening in self.openings) or "closed"


CLOSED_WEEK = (DayPlan(),) * 7


@dataclass(frozen=True, slots=True)
class Regime:
    """The week as it holds from service day `valid_from` on (None: always), until a later one takes over."""

    valid_from: date | None
    week: tuple[DayPlan, ...] = CLOSED_WEEK
    """Seven, Monday first."""


@dataclass(frozen=True, slots=True)
class DayException:
    """One service day that is different, and why."""

    day: date
    plan: DayPlan
    reason: str


@dataclass(frozen=True, slots=True)
class Holiday:
    """A public holiday on which this line keeps other hours. Which date a name means is worked out outside the core."""

    day: date
    plan: DayPlan
    name: str


@dataclass(frozen=True, slots=True)
class Hours:
    """What an admin wrote: `tz` is the IANA name of the wall clock meant, regimes are sorted by `valid_from`."""

    tz: str
    regimes: tuple[Regime, ...] = ()
    exceptions: tuple[DayException, ...] = ()
    holidays: tuple[Holiday, ...] = ()


# ---------------------------------------------------------------- what the line looks up


@dataclass(frozen=True, slots=True)
class Span:
    """Open in [start, end), aware UTC, served by one service; `rule` says in words which rule decided."""

    start: datetime
    end: datetime
    service: Service
    rule: str
    by: NightBy = OWN_GROUPS
    """Who answers, where `service` is the night's."""


@dataclass(frozen=True, slots=True)
class Timetable:
    """Compiled hours for [first, last), aware UTC; outside that the table knows nothing and says closed."""

    first: datetime
    last: datetime
    spans: tuple[Span, ...]
    _starts: tuple[datetime, ...] = field(init=False, repr=False, compare=False)
    _runs: tuple[int, ...] = field(init=False, repr=False, compare=False)
    """Per span the number of the last one that follows on without a gap."""
    _nights: tuple[int, ...] = field(init=False, repr=False, compare=False)
    """Per span, and past the last, the number of the first of the night's from there on."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "_starts", tuple(span.start for span in self.spans))
        runs = list(range(len(self.spans)))
        for place in range(len(self.spans) - 2, -1, -1):
            if self.spans[place].end == self.spans[place + 1].start:
                runs[place] = runs[place + 1]
        object.__setattr__(self, "_runs", tuple(runs))
        nights = [len(self.spans)] * (len(self.spans) + 1)
        for place in range(len(self.spans) - 1, -1, -1):
            nights[place] = place if self.spans[place].service is Service.NIGHT else nights[place + 1]
        object.__setattr__(self, "_nights", tuple(nights))

    def at(self, moment: datetime) -> Span | None:
        """The span that holds the moment, or None when closed."""
        place = bisect_right(self._starts, moment) - 1
        if place >= 0 and moment < self.spans[place].end:
            return self.spans[place]
        return None

    def next_opening(self, moment: datetime) -> datetime | None:
        """When the line opens next after the moment; when it is open now, the opening after the coming closing."""
        place = bisect_right(self._starts, moment)
        if place and moment < self.spans[place - 1].end:
            place = self._runs[place - 1] + 1
        return self.spans[place].start if place < len(self.spans) else None

    def opened(self, moment: datetime) -> datetime | None:
        """Since when a line that is open at the moment has been open without a gap; None: closed, or for longer than
        the table knows."""
        place = bisect_right(self._starts, moment) - 1
        if place < 0 or moment >= self.spans[place].end:
            return None
        while place and self.spans[place - 1].end == self.spans[place].start:
            place -= 1
        start = self.spans[place].start
        return start if start > self.first else None

    def closes(self, moment: datetime) -> datetime | None:
        """When a line that is open at the moment closes, services that follow each other taken as one; None: it is
        closed, or does not close within the table."""
        place = bisect_right(self._starts, moment) - 1
        if place < 0 or moment >= self.spans[place].end:
            return None
        end = self.spans[self._runs[place]].end
        return end if end < self.last else None

    def by_night(self, moment: datetime) -> NightBy:
        """Who answers in the night that is, or else comes next."""
        place = max(bisect_right(self._starts, moment) - 1, 0)
        if place < len(self.spans) and self.spans[place].end <= moment:
            place += 1
        night = self._nights[place]
        return self.spans[night].by if night < len(self.spans) else OWN_GROUPS

    def next_change(self, moment: datetime) -> datetime | None:
        """The next moment after this one at which the service changes, opens or closes."""
        span = self.at(moment)
        if span is not None:
            return span.end
        place = bisect_right(self._starts, moment)
        return self.spans[place].start if place < len(self.spans) else None


# ---------------------------------------------------------------- from the one to the other


def compile_hours(hours: Hours, first: date, last: date) -> Timetable:
    """The table for the local days [first, last). Raises `zoneinfo.ZoneInfoNotFoundError` for an unknown `tz`.

    A span ends where the service or the rule changes, so a line that is open round the clock by one rule has one span.
    """
    zone = ZoneInfo(hours.tz)
    days = [first + timedelta(days=n) for n in range(-1, (last - first).days + 1)]
    decided = _Decided(hours)
    opens: list[tuple[datetime, datetime, str]] = []
    nights: list[tuple[datetime, datetime, NightBy]] = []
    for day in days:
        plan, rule = decided.on(day)
        opens += [(*_moments(day, opening, zone), rule) for opening in plan.openings]
        if plan.night is not None:
            nights.append((*_moments(day, plan.night, zone), plan.night_by))
    begin, end = wall_to_utc(first, 0, zone), wall_to_utc(last, 0, zone)
    return Timetable(begin, end, tuple(_joined(_cut(opens, nights, begin, end))))


def rule_on(hours: Hours, day: date) -> str:
    """In words: which rule decides about this service day, and what it says."""
    return _Decided(hours).on(day)[1]


def wall_to_utc(day: date, minutes: int, zone: ZoneInfo) -> datetime:
    """The first moment at which the wall clock of `zone` shows at least `minutes` past 00:00 of `day`, aware UTC."""
    wall = datetime(day.year, day.month, day.day, tzinfo=zone) + timedelta(minutes=minutes)  # wall-clock arithmetic
    moment = wall.astimezone(UTC)
    if moment.astimezone(zone).replace(fold=0) == wall.replace(fold=0):
        return moment
    # Skipped in spring. Read with the offset after the jump the time lies before it, with the one before it after it.
    low, high = wall.replace(fold=1).astimezone(UTC), moment
    after = high.astimezone(zone).utcoffset()
    while high - low > timedelta(seconds=1):
        middle = low + timedelta(seconds=(high - low) // timedelta(seconds=2))
        if middle.astimezone(zone).utcoffset() == after:
            high = middle
        else:
            low = middle
    return high


class _Decided:
    """Which rule holds on which day: exception, then holiday, then the week of the latest regime."""

    def __init__(self, hours: Hours) -> None:
        self._regimes = sorted(hours.regimes, key=lambda regime: regime.valid_from or date.min)
        self._from = [regime.valid_from or date.min for regime in self._regimes]
        self._special = {holiday.day: (holiday.plan, _named(holiday)) for holiday in hours.holidays}
        self._special |= {exception.day: (exception.plan, _excepted(exception)) for exception in hours.exceptions}
        self._words: dict[tuple[int, int], str] = {}

    def on(self, day: date) -> tuple[DayPlan, str]:
        if day in self._special:
            return self._special[day]
        place = bisect_right(self._from, day) - 1
        if place < 0:
            return DayPlan(), "closed: no opening hours are known for this day"
        weekday = day.weekday()
        if (place, weekday) not in self._words:
            self._words[place, weekday] = self._weekly(place, weekday)
        return self._regimes[place].week[weekday], self._words[place, weekday]

    def _weekly(self, place: int, weekday: int) -> str:
        regime = self._regimes[place]
        words = f"{_run_of_days(regime.week, weekday)} {regime.week[weekday]}"
        if regime.valid_from is not None:
            return f"{words} (from {regime.valid_from.isoformat()})"
        if len(self._regimes) > place + 1:
            return f"{words} (before {self._from[place + 1].isoformat()})"
        return words


def _moments(day: date, opening: Opening, zone: ZoneInfo) -> tuple[datetime, datetime]:
    return wall_to_utc(day, opening.start, zone), wall_to_utc(day, opening.end, zone)


def _cut(
    opens: list[tuple[datetime, datetime, str]],
    nights: list[tuple[datetime, datetime, NightBy]],
    begin: datetime,
    end: datetime,
) -> Iterator[Span]:
    """Open time inside [begin, end), in order, without overlaps (the earlier service day owns its spill), cut where the
    night begins and ends."""
    cursor = begin
    nights = sorted(nights, key=lambda each: each[:2])
    night = 0
    for start, stop, rule in sorted(opens):
        cursor, stop = max(cursor, start), min(stop, end)
        while cursor < stop:
            while night < len(nights) and nights[night][1] <= cursor:
                night += 1
            by: NightBy = OWN_GROUPS
            if night == len(nights) or stop <= nights[night][0]:
                until, service = stop, Service.DAY
            elif cursor < nights[night][0]:
                until, service = nights[night][0], Service.DAY
            else:
                until, service, by = min(stop, nights[night][1]), Service.NIGHT, nights[night][2]
            if not isinstance(by, Nobody):
                yield Span(cursor, until, service, rule, by)
            cursor = until


def _joined(spans: Iterator[Span]) -> Iterator[Span]:
    """Pieces that follow each other by the same rule and service are one span."""
    held: Span | None = None
    for span in spans:
        if held is not None and held.end == span.start and _alike(held) == _alike(span):
            held = replace(held, end=span.end)
            continue
        if held is not None:
            yield held
        held = span
    if held is not None:
        yield held


def _alike(span: Span) -> tuple[object, ...]:
    return span.service, span.rule, span.by


def _run_of_days(week: tuple[DayPlan, ...], weekday: int) -> str:
    """`Monday to Friday` for a day whose neighbours are the same, `every day` when all are."""
    first = last = weekday
    while first > 0 and week[first - 1].openings == week[weekday].openings:
        first -= 1
    while last < 6 and week[last + 1].openings == week[weekday].openings:
        last += 1
    if (first, last) == (0, 6):
        return "every day"
    return WEEKDAYS[weekday] if first == last else f"{WEEKDAYS[first]} to {WEEKDAYS[last]}"


def _excepted(exception: DayException) -> str:
    return f"exception {exception.day.isoformat()} {exception.plan}: {exception.reason}"


def _named(holiday: Holiday) -> str:
    return f"holiday {holiday.day.isoformat()} {holiday.plan}: {holiday.name}"


def _clock(minutes: int) -> str:
    """24:00 stays 24:00; 26:00 is written as the 02:00 that people say."""
    if minutes > MIDNIGHT:
        minutes -= MIDNIGHT
    return f"{minutes // 60:02}:{minutes % 60:02}"
