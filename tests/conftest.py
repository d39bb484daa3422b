"""For the whole suite: a test that needs Asterisk is not skipped quietly where one was promised, one that says it needs
none gets none, a quick one is quick, and none hangs."""

from __future__ import annotations

import os
import signal
from collections.abc import Generator, Iterator
from contextlib import contextmanager

import pytest

from tests.rigs.patience import PATIENCE_S, patience

PROMISED = "VOICELINE_REQUIRE_ASTERISK"
QUICK = "VOICELINE_QUICK"
"""Set by `make check`: a test that computes for longer than `QUICK_S` is asked to call itself a scan."""
QUICK_S = 6.0
"""Of a processor, not of the clock: a machine that is busy with other things makes no test slow."""
if (
    signal.getsignal(signal.SIGINT) is signal.SIG_IGN
):  # begun in the background by a shell; our children shall hear Ctrl-C
    signal.signal(signal.SIGINT, signal.default_int_handler)
NOWHERE = "/proc/no-asterisk-for-a-test-without-the-mark"
"""Where nobody, not even root, can keep anything."""


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
    with patience(f"what comes before {item.nodeid}", _at_most(item)), _asterisk_only_where_marked(item):
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None]:
    began = _spent_s()
    with patience(item.nodeid, _at_most(item)), _asterisk_only_where_marked(item):
        result = yield
    if os.environ.get(QUICK) == "1" and item.get_closest_marker("scan") is None and _spent_s() - began > QUICK_S:
        pytest.fail(f"computes for more than {QUICK_S:g} s: mark it `scan`, or let it look at less", pytrace=False)
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None]:
    with patience(f"what comes after {item.nodeid}", _at_most(item)):
        return (yield)


def _at_most(item: pytest.Item) -> float:
    return PATIENCE_S if item.get_closest_marker("trouble") is None else 2 * PATIENCE_S


@contextmanager
def _asterisk_only_where_marked(item: pytest.Item) -> Iterator[None]:
    """Without the mark a test finds no cache to take Asterisk from and none to fetch it into: it fails everywhere, and
    not just where `make check` is run on a machine without one."""
    with pytest.MonkeyPatch.context() as patch:
        if item.get_closest_marker("asterisk") is None:
            patch.setenv("XDG_CACHE_HOME", NOWHERE)
        yield


def _spent_s() -> float:
    """Of processors, by this process and those of its children that it has waited for."""
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system
