"""Days drawn step by step, a few of them; `python -m tests.laws steps` draws as many as there is time for."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.laws.machine import DayOfSteps
from tests.laws.test_days import Plant, last_come_first_served, who_is_paused_is_rung
from tests.laws.trace import LawBroken

pytestmark = pytest.mark.scan

FEW = settings(
    max_examples=80,
    derandomize=True,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)
FINDING = settings(FEW, max_examples=300, phases=[Phase.generate])


def test_no_few_steps_break_a_law() -> None:
    run_state_machine_as_test(DayOfSteps, settings=FEW)


@pytest.mark.parametrize("plant", [last_come_first_served, who_is_paused_is_rung], ids=lambda plant: plant.__name__)
def test_steps_find_a_mistake(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(monkeypatch)
    with pytest.raises((LawBroken, LookupError)):
        run_state_machine_as_test(DayOfSteps, settings=FINDING)
