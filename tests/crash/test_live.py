"""The controller is killed, frozen and upgraded under real calls: the short form of `make crash`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.crash.experiment import PLANS, experiment
from tests.rigs.line import live_line

pytestmark = pytest.mark.asterisk


def test_a_few_kills_under_real_calls_harm_nobody(tmp_path: Path) -> None:
    with live_line(tmp_path, clock=None) as line:
        report = experiment(line, PLANS["kill"], times=3, calls=6, quiet_s=14.0)
        assert not report.harm(), "\n".join(report.told())
        assert report.tally.talks >= 3
