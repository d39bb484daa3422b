"""What a caller hears about the next opening, read as text."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ivr.core.hours import DayPlan, Hours, Opening, Regime, compile_hours
from ivr.core.ids import PromptId
from ivr.core.spoken import fragments, opening_words
from tests.rigs.share import whole_or

TZ = "Europe/Copenhagen"
ZONE = ZoneInfo(TZ)
TEXTS = Path(__file__).parents[2] / "callflows" / "prompts" / "da"


@cache
def text(prompt: PromptId) -> str:
    return (TEXTS / f"{prompt}.txt").read_text(encoding="utf-8").strip()


def local(moment: str, fold: int = 0) -> datetime:
    return datetime.fromisoformat(moment).replace(tzinfo=ZONE, fold=fold).astimezone(UTC)


def sentence(now: str, opening: str | None) -> str:
    return " ".join(text(word) for word in opening_words(local(now), local(opening) if opening else None, TZ))


@pytest.mark.parametrize(
    ("now", "opening", "heard"),
    [
        # 2024-05-03 is a Friday
        ("2024-05-03T02:30", "2024-05-03T06:00", "Vi åbner igen i dag klokken seks om morgenen"),
        ("2024-05-03T02:30", "2024-05-03T06:30", "Vi åbner igen i dag klokken halv syv om morgenen"),
        ("2024-05-03T02:30", "2024-05-03T11:45", "Vi åbner igen i dag klokken kvart i tolv om formiddagen"),
        ("2024-05-03T10:00", "2024-05-03T12:00", "Vi åbner igen i dag klokken tolv midt på dagen"),
        ("2024-05-03T10:00", "2024-05-03T12:30", "Vi åbner igen i dag klokken halv et midt på dagen"),
        ("2024-05-03T10:00", "2024-05-03T13:15", "Vi åbner igen i dag klokken kvart over et om eftermiddagen"),
        ("2024-05-03T10:00", "2024-05-03T18:05", "Vi åbner igen i dag klokken seks nul fem om aftenen"),
        ("2024-05-03T10:00", "2024-05-03T23:59", "Vi åbner igen i dag klokken elleve nioghalvtreds om aftenen"),
        ("2024-05-03T22:00", "2024-05-04T06:00", "Vi åbner igen i morgen klokken seks om morgenen"),
        ("2024-05-03T22:00", "2024-05-05T09:00", "Vi åbner igen på søndag klokken ni om formiddagen"),
        ("2024-05-03T22:00", "2024-05-09T09:00", "Vi åbner igen på torsdag klokken ni om formiddagen"),
        # the night belongs to the day before
        ("2024-05-03T22:00", "2024-05-04T02:00", "Vi åbner igen i nat klokken to"),
        ("2024-05-03T08:00", "2024-05-04T00:30", "Vi åbner igen i nat klokken halv et"),
        ("2024-05-03T22:00", "2024-05-04T00:00", "Vi åbner igen i nat klokken tolv"),
        ("2024-05-04T00:30", "2024-05-04T02:00", "Vi åbner igen i nat klokken to"),
        ("2024-05-03T03:00", "2024-05-04T02:00", "Vi åbner igen natten til lørdag klokken to"),
        ("2024-05-03T22:00", "2024-05-06T04:45", "Vi åbner igen natten til mandag klokken kvart i fem"),
        # after midnight "tomorrow" could be either day
        ("2024-05-04T00:30", "2024-05-05T09:00", "Vi åbner igen på søndag klokken ni om formiddagen"),
        ("2024-05-04T05:00", "2024-05-05T09:00", "Vi åbner igen i morgen klokken ni om formiddagen"),
        # a week off and further: the weekday alone would be today's or the wrong one
        ("2024-05-03T22:00", "2024-05-10T09:00", "Vi åbner igen på fredag den tiende maj klokken ni om formiddagen"),
        (
            "2024-12-20T22:00",
            "2025-01-01T20:00",
            "Vi åbner igen på onsdag den første januar klokken otte om aftenen",
        ),
        ("2024-05-03T22:00", "2024-05-31T01:00", "Vi åbner igen natten til fredag den enogtredivte maj klokken et"),
        # nearly there
        ("2024-05-03T05:57", "2024-05-03T06:00", "Vi åbner igen om tre minutter"),
        ("2024-05-03T05:57:01", "2024-05-03T06:00", "Vi åbner igen om tre minutter"),
        ("2024-05-03T05:59:59", "2024-05-03T06:00", "Vi åbner igen om et minut"),
        ("2024-05-03T06:00", "2024-05-03T06:00", "Vi åbner igen om et minut"),
        ("2024-05-03T05:50", "2024-05-03T06:00", "Vi åbner igen om ti minutter"),
        ("2024-05-03T05:49:59", "2024-05-03T06:00", "Vi åbner igen i dag klokken seks om morgenen"),
        # the nights of the clock changes
        ("2024-03-31T03:00", "2024-03-31T06:00", "Vi åbner igen i dag klokken seks om morgenen"),
        ("2024-10-26T22:00", "2024-10-27T02:00", "Vi åbner igen i nat klokken to"),
        # nobody knows
        ("2024-05-03T22:00", None, "Vi ved desværre ikke endnu, hvornår vi åbner igen."),
    ],
)
def test_the_sentence_is_as_danes_say_it(now: str, opening: str | None, heard: str) -> None:
    assert sentence(now, opening) == heard


def test_in_the_hour_that_comes_twice_the_minutes_to_go_are_real_minutes() -> None:
    first, second = local("2024-10-27T02:55", fold=0), local("2024-10-27T02:55", fold=1)
    opening = local("2024-10-27T03:00")
    assert " ".join(map(text, opening_words(second, opening, TZ))) == "Vi åbner igen om fem minutter"
    assert " ".join(map(text, opening_words(first, opening, TZ))) == "Vi åbner igen i nat klokken tre"


def test_every_fragment_has_a_text_and_a_name_of_its_own() -> None:
    assert all(text(fragment) for fragment in fragments())
    assert len(set(fragments())) == len(fragments())


# ---------------------------------------------------------------- the sentence understood again, by other means

HOURS = ("et", "to", "tre", "fire", "fem", "seks", "syv", "otte", "ni", "ti", "elleve", "tolv")
NUMBERS = {word: hour for hour, word in enumerate(HOURS, 1)}
WEEKDAYS = ["mandag", "tirsdag", "onsdag", "torsdag", "fredag", "lørdag", "søndag"]
MONTHS = [
    *("januar", "februar", "marts", "april", "maj", "juni"),
    *("juli", "august", "september", "oktober", "november", "december"),
]
PARTS = {
    "om morgenen": range(5, 9),
    "om formiddagen": range(9, 12),
    "midt på dagen": range(12, 13),
    "om eftermiddagen": range(13, 18),
    "om aftenen": range(18, 24),
    "": range(5),
}
SENTENCE = re.compile(
    r"Vi åbner igen (?P<day>i dag|i morgen|i nat|på (?P<on>\w+)|natten til (?P<night>\w+))"
    r"(?P<date> den \w+ (?P<month>\w+))? klokken (?P<clock>.*?) ?(?P<part>om \w+|midt på dagen|)"
)


def hour_and_minute(clock: str) -> tuple[int, int | None]:
    """Of a twelve-hour clock; minute None: said digit-wise."""
    words = clock.split()
    hour = NUMBERS[words[-1]] if words[0] in ("halv", "kvart") else NUMBERS[words[0]]
    if words[0] == "halv":
        return hour - 1, 30
    if words[:2] == ["kvart", "over"]:
        return hour, 15
    if words[:2] == ["kvart", "i"]:
        return hour - 1, 45
    return hour, 0 if len(words) == 1 else None


def understood(heard: str, now: datetime, minute: int) -> date:
    """The day a listener comes back, given that they understood the sentence; the time is asserted on the way."""
    found = SENTENCE.fullmatch(heard)
    assert found, heard
    here = now.astimezone(ZONE)
    hour, said = hour_and_minute(found["clock"])
    assert said in (minute, None)
    hours = [h for h in PARTS[found["part"]] if h % 12 == hour % 12]
    assert len(hours) == 1, heard
    night = hours[0] < 5
    assert night == bool(found["night"] or found["day"] == "i nat"), heard
    if found["day"] == "i dag":
        return here.date()
    if found["day"] == "i morgen":
        assert here.hour >= 5, "after midnight, tomorrow may be either day"
        return here.date() + timedelta(days=1)
    if found["day"] == "i nat":
        return here.date() + timedelta(days=0 if here.hour < 5 else 1)
    weekday = WEEKDAYS.index(found["on"] or found["night"])
    start = here.date() + timedelta(days=7 if found["date"] else 1)
    day = next(start + timedelta(days=n) for n in range(7) if (start + timedelta(days=n)).weekday() == weekday)
    if found["date"]:
        while MONTHS[day.month - 1] != found["month"]:
            day += timedelta(days=7)
    return day


def test_the_sentence_is_right_at_every_closed_minute_of_a_year() -> None:
    days = (DayPlan((Opening(6 * 60, 26 * 60),)),) * 4 + (
        DayPlan((Opening(13 * 60 + 30, 17 * 60),)),
        DayPlan(),
        DayPlan((Opening(9 * 60 + 45, 10 * 60), Opening(23 * 60 + 50, 26 * 60))),
    )
    table = compile_hours(Hours(TZ, (Regime(None, days),)), date(2024, 1, 1), date(2025, 1, 10))
    now, end, checked, step = local("2024-01-01T00:00"), local("2025-01-01T00:00"), 0, whole_or(7, 1)
    while now < end:
        span = table.at(now)
        if span is not None:
            now = span.end
            continue
        opening = table.next_opening(now)
        assert opening is not None
        heard = " ".join(text(word) for word in opening_words(now, opening, TZ))
        if opening - now <= timedelta(minutes=10):
            assert heard.startswith("Vi åbner igen om ")
        else:
            then = opening.astimezone(ZONE)
            assert understood(heard, now, then.minute) == then.date(), (now, heard)
        now += timedelta(minutes=step)
        checked += 1
    assert checked > 100_000 / step


@settings(max_examples=500)
@given(
    st.datetimes(datetime(2023, 1, 1), datetime(2026, 1, 1)),  # noqa: DTZ001 - a clock face
    st.timedeltas(timedelta(minutes=11), timedelta(days=6)),
)
def test_whenever_the_line_opens_the_listener_knows_the_day(face: datetime, ahead: timedelta) -> None:
    now = face.replace(tzinfo=UTC)
    opening = (now + ahead).replace(second=0, microsecond=0)
    if opening - now <= timedelta(minutes=10):
        return
    words = opening_words(now, opening, TZ)
    assert set(words) <= set(fragments())
    then = opening.astimezone(ZONE)
    assert understood(" ".join(text(word) for word in words), now, then.minute) == then.date()
