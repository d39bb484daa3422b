"""In office or not, in virtual time."""

from __future__ import annotations

import asyncio

import pytest

from ivr.app.ports import Deposed, NotKept
from ivr.app.tenure import PATIENCE_S, Tenure
from tests.fakes.clock import VirtualClock
from tests.fakes.loop import run

LEASE_S = 3.0


class Office:
    """A lease as a test says it is, and what was done about it."""

    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.good_until = LEASE_S
        self.lapsed = False
        self.is_ours: bool | None = True
        self.disk_is_well = True
        self.renewals = 0
        self.done: list[tuple[str, float]] = []

    def may_i(self) -> bool:
        self.lapsed = self.lapsed or 0.0 < self.good_until <= self.clock.monotonic()
        return self.good_until > 0.0 and not self.lapsed

    def noticed(self) -> None:
        self.good_until, self.lapsed = 0.0, False

    async def renew(self) -> None:
        if self.is_ours is False:
            raise Deposed
        if not self.disk_is_well:
            raise NotKept
        self.may_i()  # a proof after the one before has run out does not make up for that
        self.renewals += 1
        self.good_until = self.clock.monotonic() + LEASE_S

    def ours(self) -> bool | None:
        return self.is_ours

    def note(self, what: str) -> None:
        self.done.append((what, round(self.clock.monotonic(), 2)))

    async def _resume(self) -> None:
        self.note("survey")

    def tenure(self) -> Tenure:
        return Tenure(self, self.clock, lambda: self.note("hold"), self._resume, lambda: self.note("tick"))

    def live(self, seconds: float, started_in_s: float = 0.0) -> None:
        """So long, unless it is deposed."""

        async def main() -> None:
            tenure = self.tenure()
            self.clock.jump(started_in_s)
            await tenure.begin()
            try:
                async with asyncio.timeout(seconds):
                    await tenure.run()
            except TimeoutError:
                pass

        run(main(), self.clock)


def test_the_lease_is_proved_every_second_and_nothing_is_held() -> None:
    office = Office()
    office.live(10.1)
    assert office.renewals in (11, 12)
    assert {what for what, _ in office.done} == {"tick"}


def test_a_start_that_took_longer_than_a_proof_lasts_is_no_freeze() -> None:
    """Nothing was commanded yet: nothing is held, said or surveyed twice."""
    office = Office()
    office.live(5.0, started_in_s=20.0)
    assert {what for what, _ in office.done} == {"tick"}


def test_who_was_succeeded_during_a_long_start_never_begins() -> None:
    office = Office()
    office.is_ours = False
    with pytest.raises(Deposed):
        office.live(5.0, started_in_s=20.0)
    assert office.done == []


def test_after_a_freeze_everything_is_held_before_anything_else_and_then_surveyed() -> None:
    office = Office()
    office.clock.after(2.1, lambda: office.clock.jump(20.0))
    office.live(25.0)
    after = [what for what, at in office.done if at >= 20.0]
    assert after[:3] == ["hold", "tick", "survey"]
    assert "hold" not in after[3:]


def test_who_was_succeeded_meanwhile_stops_and_asks_for_nothing() -> None:
    office = Office()

    def succeeded() -> None:
        office.clock.jump(20.0)
        office.is_ours = False

    office.clock.after(2.1, succeeded)
    with pytest.raises(Deposed):
        office.live(25.0)
    assert [what for what, at in office.done if at >= 20.0] == ["hold"]


def test_who_is_succeeded_while_awake_stops_with_the_next_proof() -> None:
    office = Office()
    office.clock.after(5.0, lambda: setattr(office, "is_ours", False))
    with pytest.raises(Deposed):
        office.live(25.0)
    assert office.clock.monotonic() < 6.5


def test_who_cannot_tell_after_a_freeze_holds_everything_and_gives_up_in_the_end() -> None:
    office = Office()

    def frozen() -> None:
        office.clock.jump(20.0)
        office.is_ours, office.disk_is_well = None, False

    office.clock.after(2.1, frozen)
    with pytest.raises(Deposed):
        office.live(60.0)
    assert [what for what, at in office.done if at >= 20.0] == ["hold"]
    assert 20.0 + PATIENCE_S <= office.clock.monotonic() <= 20.0 + PATIENCE_S + 1.0
