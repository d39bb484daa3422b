"""For the whole suite: a test that needs Asterisk is not skipped quietly where one was promised, and none hangs."""

from __future__ import annotations

import os
from collections.abc import Generator

import pytest

from tests.rigs.patience import PATIENCE_S, patience

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


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None]:
    with patience(f"what comes before {item.nodeid}", _at_most(item)):
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None]:
    with patience(item.nodeid, _at_most(item)):
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None]:
    with patience(f"what comes after {item.nodeid}", _at_most(item)):
        return (yield)


def _at_most(item: pytest.Item) -> float:
    return PATIENCE_S if item.get_closest_marker("trouble") is None else 2 * PATIENCE_S
