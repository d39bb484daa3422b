"""When the line opens next, in words: a row of recorded fragments.

Rules: right by the listener's wall clock at every minute. *Today* and *tomorrow* are the calendar's; 00:00 to 05:00 is
*night*, which people count to the day before ("i nat" on Friday evening is Saturday 02:00). After midnight somebody
who is still awake may mean either day by "tomorrow", so the weekday's name is said instead. A weekday's name alone
means the coming one, within six days; further off the date is added. The clock has twelve hours and a word for the part
of the day, because nine-year-olds listen; quarters and half hours are said as people say them (06:30 "halv syv"), other
minutes digit-wise ("seks nul fem"). A few minutes before opening the minutes are counted instead.
The order of the fragments fits Danish and English; the fragments' texts are prompts like all others.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from ivr.core.ids import PromptId

SOON_MINUTES = 10
NIGHT_ENDS = timedelta(hours=5)
NEAR_DAYS = 6

WE_OPEN = PromptId("vi-aabner-igen")
UNKNOWN = PromptId("aabner-ukendt")
TODAY = PromptId("i-dag")
TOMORROW = PromptId("i-morgen")
TONIGHT = PromptId("i-nat")
_DAYS = ("mandag", "tirsdag", "onsdag", "torsdag", "fredag", "loerdag", "soendag")
_ON_DAY = tuple(PromptId(f"paa-{day}") for day in _DAYS)
_NIGHT_BEFORE = tuple(PromptId(f"natten-til-{day}") for day in _DAYS)
_DATE = tuple(PromptId(f"den-{day}") for day in range(1, 32))
_MONTH = tuple(PromptId(f"maaned-{month}") for month in range(1, 13))
_HOUR = tuple(PromptId(f"time-{hour}") for hour in range(1, 13))
_O_CLOCK = tuple(PromptId(f"klokken-{hour}") for hour in range(1, 13))
_HALF_TO = tuple(PromptId(f"klokken-halv-{hour}") for hour in range(1, 13))
_QUARTER_PAST = PromptId("klokken-kvart-over")
_QUARTER_TO = PromptId("klokken-kvart-i")
_QUARTERS = (0, 15, 30, 45)
_PARTS = (
    (9, PromptId("om-morgenen")),
    (12, PromptId("om-formiddagen")),
    (13, PromptId("midt-paa-dagen")),
    (18, PromptId("om-eftermiddagen")),
    (24, PromptId("om-aftenen")),
)
"""Until which hour which word."""

PLACES = tuple(PromptId(f"plads-{place}") for place in range(1, 11))
FURTHER_BACK = PromptId("plads-flere")
_WAITS = tuple((minutes, PromptId(f"ventetid-{minutes}")) for minutes in (5, 10, 15, 20, 30))
LONG_WAIT = PromptId("ventetid-laenge")


def opening_words(now: datetime, opening: datetime | None, tz: str) -> tuple[PromptId, ...]:
    """What is said at `now` about the next `opening` (both aware; None: none is known), heard in time zone `tz`."""
    if opening is None:
        return (UNKNOWN,)
    minutes = -((now - opening) // timedelta(minutes=1))  # rounded up: nobody is told to come too early
    if minutes <= SOON_MINUTES:
        return WE_OPEN, _soon(max(minutes, 1))
    zone = ZoneInfo(tz)
    then = opening.astimezone(zone).replace(tzinfo=None)
    return WE_OPEN, *_day(now.astimezone(zone).replace(tzinfo=None), then), *_clock(then)


def place_words(place: int) -> tuple[PromptId, ...]:
    """Which place in the queue somebody has."""
    return (PLACES[place - 1] if 1 <= place <= len(PLACES) else FURTHER_BACK,)


def wait_words(seconds: float) -> tuple[PromptId, ...]:
    """About how long somebody will have to wait, rounded up to what can be said."""
    return (next((word for most, word in _WAITS if seconds <= most * 60), LONG_WAIT),)


def place_fragments() -> tuple[PromptId, ...]:
    return (*PLACES, FURTHER_BACK)


def wait_fragments() -> tuple[PromptId, ...]:
    return (*(word for _, word in _WAITS), LONG_WAIT)


def fragments() -> tuple[PromptId, ...]:
    """Every prompt that `opening_words` may ask for."""
    clock = [*_O_CLOCK, *_HALF_TO, _QUARTER_PAST, _QUARTER_TO, *_HOUR]
    minutes = [_minute(minute) for minute in range(1, 60) if minute not in _QUARTERS]
    soon = [_soon(minutes) for minutes in range(1, SOON_MINUTES + 1)]
    fixed = [WE_OPEN, UNKNOWN, TODAY, TOMORROW, TONIGHT]
    parts = [word for _, word in _PARTS]
    return (*fixed, *_ON_DAY, *_NIGHT_BEFORE, *_DATE, *_MONTH, *clock, *minutes, *parts, *soon)


def _day(now: datetime, then: datetime) -> tuple[PromptId, ...]:
    """Which day, by the wall clock (both naive)."""
    days = (then.date() - now.date()).days
    at_night = _is_night(then)
    if at_night and (then - NIGHT_ENDS).date() == (now - NIGHT_ENDS).date():
        return (TONIGHT,)
    name = (_NIGHT_BEFORE if at_night else _ON_DAY)[then.weekday()]
    if days > NEAR_DAYS:
        return name, _DATE[then.day - 1], _MONTH[then.month - 1]
    if at_night:
        return (name,)
    if days == 0:
        return (TODAY,)
    return (TOMORROW,) if days == 1 and not _is_night(now) else (name,)


def _clock(then: datetime) -> tuple[PromptId, ...]:
    this, coming = (then.hour - 1) % 12, then.hour % 12
    part = () if _is_night(then) else (next(word for until, word in _PARTS if then.hour < until),)
    match then.minute:
        case 0:
            return _O_CLOCK[this], *part
        case 15:
            return _QUARTER_PAST, _HOUR[this], *part
        case 30:
            return _HALF_TO[coming], *part
        case 45:
            return _QUARTER_TO, _HOUR[coming], *part
        case minute:
            return _O_CLOCK[this], _minute(minute), *part


def _is_night(moment: datetime) -> bool:
    return timedelta(hours=moment.hour) < NIGHT_ENDS


def _minute(minute: int) -> PromptId:
    return PromptId(f"minut-{minute:02}")


def _soon(minutes: int) -> PromptId:
    return PromptId("om-1-minut" if minutes == 1 else f"om-{minutes}-minutter")
