"""What a coordinator sees when nobody is there to take the line over."""

from __future__ import annotations

from datetime import timedelta

from ivr.cli import status
from tests.core.small_house import LINE, NIGHT, NOON, Small, small

TEN = NOON.replace(hour=22)


def at(minutes: float) -> Small:
    house = small()
    house.volunteer("anna")
    house.later((TEN + timedelta(minutes=minutes) - NOON).total_seconds())
    return house


def wrong(house: Small) -> list[str]:
    return status.wrong_things(house.house, connected=True)


def test_nothing_is_said_as_long_as_there_is_time() -> None:
    house = at(-16)
    assert wrong(house) == []
    assert status.line_json(house.house, house.house.plan.lines[LINE], house.at)["handover"] is None


def test_before_the_moment_it_is_said_who_is_missing_and_from_when_on_in_local_time() -> None:
    house = at(-14)
    (said,) = wrong(house)
    assert said == "BørneTelefonen changes to the night service at 23:00, and nobody of it is reachable: see to nat."
    near = status.line_json(house.house, house.house.plan.lines[LINE], house.at)["handover"]
    assert near == {"to": "night", "due_at": TEN, "there": False, "stays_on_until": None}
    house.volunteer("nora", NIGHT)
    assert wrong(house) == []


def test_after_the_moment_it_is_said_how_long_who_serves_stays_on() -> None:
    house = at(1)
    (said,) = wrong(house)
    assert "nobody of the night service is reachable, who serves stays on until 00:00 at most" in said
    near = status.line_json(house.house, house.house.plan.lines[LINE], house.at)["handover"]
    assert near == {"to": "night", "due_at": TEN, "there": False, "stays_on_until": TEN + timedelta(hours=1)}
