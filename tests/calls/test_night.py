"""The night line takes over while children are on the line: none is dropped, overtaken, or left in silence."""

from __future__ import annotations

import pytest

from tests.crash.nights import NIGHTS, one_night

pytestmark = pytest.mark.asterisk


def test_children_in_every_phase_of_a_call_go_through_a_hand_over(tmp_path_factory: pytest.TempPathFactory) -> None:
    verdict = one_night(tmp_path_factory.mktemp("night"), "ordinary")
    assert not verdict.wrong, "\n".join(verdict.lines())
    assert verdict.told, "somebody waited long enough to hear of it"


@pytest.mark.trouble
@pytest.mark.parametrize("shift_s", [-4.0, -2.0, 0.0, 2.0, 4.0])
@pytest.mark.parametrize("night", NIGHTS)
def test_wherever_the_moment_falls_and_in_the_nights_in_which_the_clock_changes(
    tmp_path_factory: pytest.TempPathFactory, night: str, shift_s: float
) -> None:
    verdict = one_night(tmp_path_factory.mktemp("night"), night, shift_s)
    print("\n".join(verdict.lines()))
    assert not verdict.wrong, "\n".join(verdict.lines())
