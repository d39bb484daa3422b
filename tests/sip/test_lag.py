"""When new callers are held back because we do not keep up, and when no longer."""

from __future__ import annotations

import pytest

from sip.ari.lag import CALM_S, LASTING_S, LATE_S, Lag

LATE = LATE_S + 0.1


def overloaded() -> Lag:
    lag = Lag()
    for tenth in range(round(LASTING_S * 10) + 1):
        lag.heard(LATE, tenth / 10)
    return lag


def test_a_single_stall_holds_nobody_back() -> None:
    lag = Lag()
    assert not any(lag.heard(3.0, 5.0 + number / 1000) for number in range(200))
    assert not lag.heard(0.01, 5.3)
    assert not lag.heard(LATE, 7.0), "another one, later"
    assert not lag.holding


def test_events_that_are_late_for_a_second_hold_new_callers_back_and_that_is_said_once() -> None:
    lag = Lag()
    changes = [lag.heard(LATE, tenth / 10) for tenth in range(20)]
    assert changes.count(True) == 1
    assert changes.index(True) == round(LASTING_S * 10)
    assert lag.holding


def test_one_event_in_time_begins_the_count_anew() -> None:
    lag = Lag()
    for tenth in range(40):
        lag.heard(0.0 if tenth % 5 == 0 else LATE, tenth / 10)
    assert not lag.holding


@pytest.mark.parametrize("anything_happens", [True, False])
def test_callers_come_in_again_after_some_calm(anything_happens: bool) -> None:
    lag = overloaded()

    def look(now: float) -> bool:
        return lag.heard(0.01, now) if anything_happens else lag.looked(now)

    changes = [look(LASTING_S + CALM_S + late) for late in (-0.1, 0.0, 1.0)]
    assert changes == [False, True, False]
    assert not lag.holding
