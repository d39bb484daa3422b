"""The virtual loop and clock: time that tests may rely on."""

from __future__ import annotations

import asyncio
import time

import pytest

from tests.fakes.clock import MONDAY_NOON, VirtualClock
from tests.fakes.loop import NothingWillHappen, run


def test_an_hour_of_waiting_takes_no_time_and_is_an_hour_all_the_same() -> None:
    clock = VirtualClock()
    started = time.perf_counter()
    run(asyncio.sleep(3600), clock)
    assert time.perf_counter() - started < 1.0
    assert (clock.now() - MONDAY_NOON).total_seconds() == pytest.approx(3600)


def test_what_is_due_at_the_same_moment_happens_in_the_order_it_was_asked_for() -> None:
    clock, seen = VirtualClock(), list[str]()
    clock.after(2, lambda: seen.append("second"))
    clock.after(1, lambda: seen.append("first"))
    clock.after(2, lambda: seen.append("third"))
    clock.advance(1.999999)
    assert seen == ["first"]
    clock.advance(0.000001)
    assert seen == ["first", "second", "third"]


def test_an_alarm_set_by_an_alarm_on_the_way_is_done_on_the_way() -> None:
    clock, seen = VirtualClock(), list[float]()

    def again() -> None:
        clock.after(1, lambda: seen.append(clock.monotonic()))

    clock.after(1, again)
    clock.advance(5)
    assert seen == [2.0]
    assert clock.monotonic() == 5.0


def test_an_alarm_that_was_taken_back_does_not_go_off_nor_hold_time_up() -> None:
    clock, seen = VirtualClock(), list[str]()
    clock.after(1, lambda: seen.append("no")).cancel()
    assert clock.next_at() is None
    clock.advance(2)
    assert seen == []


def test_the_loops_timers_and_the_clocks_alarms_share_one_time() -> None:
    clock, seen = VirtualClock(), list[str]()

    async def main() -> None:
        clock.after(1.5, lambda: seen.append("alarm at 1.5"))
        await asyncio.sleep(1)
        seen.append("task at 1")
        await asyncio.sleep(1)
        seen.append("task at 2")

    run(main(), clock)
    assert seen == ["task at 1", "alarm at 1.5", "task at 2"]


def test_a_deadline_passes_in_virtual_time() -> None:
    clock = VirtualClock()

    async def main() -> None:
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(asyncio.Event().wait(), 30)

    run(main(), clock)
    assert clock.monotonic() == pytest.approx(30)


def test_a_thread_that_reports_back_is_heard_although_nothing_is_due() -> None:
    async def main() -> str:
        return await asyncio.to_thread(lambda: "from a thread")

    assert run(main(), VirtualClock()) == "from a thread"


def test_a_wait_that_can_never_end_is_an_error_and_not_a_hanging_test(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.fakes.loop.PATIENCE_S", 0.05)
    with pytest.raises(NothingWillHappen):
        run(asyncio.Event().wait(), VirtualClock())
