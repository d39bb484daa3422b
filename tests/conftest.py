"""For the whole suite: a test that needs Asterisk must not be skipped quietly where one was promised."""

from __future__ import annotations

import os
from collections.abc import Generator

import pytest

PROMISED = "VOICELINE_REQUIRE_ASTERISK"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    promised = os.environ.get(PROMISED) == "1"
    if promised and report.skipped and not hasattr(report, "wasxfail") and item.get_closest_marker("asterisk"):
        report.outcome = "failed"
        report.longrepr = f"skipped, although {PROMISED}=1 promises an Asterisk: {report.longrepr}"
    return report
