"""What a test that hangs says."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from collections.abc import Callable

import pytest

from tests.rigs.patience import patience


async def who_is_waited_for() -> None:
    await asyncio.Event().wait()


def in_a_loop() -> None:
    async def story() -> None:
        waiting = asyncio.create_task(who_is_waited_for())
        await waiting

    asyncio.run(story())


def for_a_child() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        try:
            assert child.stdout is not None
            child.stdout.readline()
        finally:
            child.kill()


@pytest.mark.parametrize(("hang", "shown"), [(in_a_loop, "who_is_waited_for"), (for_a_child, "-c input()")])
def test_it_ends_and_says_where_it_stood(hang: Callable[[], None], shown: str) -> None:
    rest, _ = signal.setitimer(signal.ITIMER_REAL, 0)  # this test's own
    assert rest > 0, "no test is without it"
    with pytest.raises(pytest.fail.Exception) as failed, patience("this one", 0.3):
        hang()
    assert "this one hangs: not over within 0.3 s" in str(failed.value)
    assert shown in str(failed.value)
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)


def test_who_is_quick_is_not_disturbed_later() -> None:
    signal.setitimer(signal.ITIMER_REAL, 0)
    handler = signal.getsignal(signal.SIGALRM)
    with patience("this one", 60):
        pass
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)
    assert signal.getsignal(signal.SIGALRM) is handler
