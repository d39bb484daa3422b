"""Who counts as overtaken when the events of a struck line are read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.crash.experiment import overtaken

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
FIRST, SECOND = "first", "second"


def told(*rows: tuple[float, str, dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {"time": (NOON + timedelta(seconds=at)).isoformat(), "type": f"voiceline.{kind}", "data": data}
        for at, kind, data in rows
    ]


def story(first_ring: dict[str, Any], ended_s: float, joined_s: float) -> list[str]:
    """Two wait and a phone rings for each; the first one's ends, then the second is joined."""
    return overtaken(
        told(
            (0.0, "call_queued", {"call": FIRST, "position": 1}),
            (0.0, "ring_started", {"call": FIRST}),
            (0.1, "call_queued", {"call": SECOND, "position": 2}),
            (0.1, "ring_started", {"call": SECOND}),
            (ended_s, "ring_ended", {"call": FIRST, **first_ring}),
            (joined_s, "ring_ended", {"call": SECOND, "result": "answered", "rang_s": joined_s}),
            (joined_s, "call_joined", {"call": SECOND}),
        )
    )


@pytest.mark.parametrize(
    ("rang_s", "ended_s", "joined_s", "broken"),
    [
        (5.01, 5.01, 5.4, False),  # rang its whole time in vain, and rests
        (5.01, 5.01, 7.0, True),  # has rested: the first should be rung for again
        (0.4, 0.4, 0.6, True),  # a ring that was lost has not rung in vain
    ],
)
def test_who_is_served_before_somebody_for_whom_no_phone_rings_has_overtaken_them(
    rang_s: float, ended_s: float, joined_s: float, broken: bool
) -> None:
    found = story({"result": "no_answer", "rang_s": rang_s}, ended_s, joined_s)
    assert found == ([f"{SECOND} was served before {FIRST}"] if broken else [])


def test_who_is_picked_up_for_first_has_overtaken_nobody_while_the_others_phones_ring() -> None:
    assert story({"result": "no_answer", "rang_s": 5.0}, 9.0, 4.0) == []


def test_who_comes_back_from_being_joined_stands_in_the_queue_once() -> None:
    """Twice, and whoever is queued after that would be put behind somebody they stand before."""
    third = "third"
    assert (
        overtaken(
            told(
                (0.0, "call_queued", {"call": FIRST, "position": 1}),
                (0.0, "call_queued", {"call": SECOND, "position": 2}),
                (1.0, "call_requeued", {"call": FIRST}),
                (2.0, "call_queued", {"call": third, "position": 3}),
                (3.0, "call_joined", {"call": FIRST}),
                (4.0, "call_joined", {"call": SECOND}),
                (5.0, "call_joined", {"call": third}),
            )
        )
        == []
    )


@pytest.mark.parametrize(("came_back_s", "broken"), [(2.0, False), (0.5, True)])
def test_who_comes_back_to_the_head_has_not_been_passed_by_whom_a_volunteer_had_picked_up_for_by_then(
    came_back_s: float, broken: bool
) -> None:
    rows: list[tuple[float, str, dict[str, Any]]] = [
        (0.0, "call_queued", {"call": FIRST, "position": 1}),
        (0.0, "ring_started", {"call": FIRST}),
        (0.1, "call_queued", {"call": SECOND, "position": 2}),
        (0.1, "ring_started", {"call": SECOND}),
        (0.4, "ring_ended", {"call": FIRST, "result": "answered", "rang_s": 0.4}),
        (1.0, "ring_ended", {"call": SECOND, "result": "answered", "rang_s": 0.9}),
        (came_back_s, "call_requeued", {"call": FIRST}),
        (2.1, "call_joined", {"call": SECOND}),
    ]
    found = overtaken(told(*sorted(rows, key=lambda row: row[0])))
    assert found == ([f"{SECOND} was served before {FIRST}"] if broken else [])
