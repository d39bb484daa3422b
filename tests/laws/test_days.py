"""A few long days, as `python -m tests.laws days` lives through a hundred thousand; and mistakes in queue and hunt, of
which each is found: by a day that breaks a law, or by the test that is named beside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from itertools import chain
from typing import TypeVar

import pytest
from immutables import Map

from ivr.core import hunt, queue, roster, switchboard
from ivr.core import volunteer as volunteer_machine
from ivr.core.board import Board
from ivr.core.chain import Chain
from ivr.core.desk import Desk
from ivr.core.flow import Group
from ivr.core.ids import CallId
from ivr.core.order import Order, order_of
from ivr.core.state import BeingRung, Call, Free, Volunteer
from ivr.core.volunteer import PhoneAsked
from tests.laws import indexes, laws
from tests.laws.days import live_through, long_day
from tests.laws.shorter import broken_by, shortened, story
from tests.laws.trace import LawBroken

pytestmark = pytest.mark.scan

DAYS = 6
MOST_DAYS = 40
BACK_FROM_WORDS = 61
"""A day on which somebody comes back from words to a queue in which others wait; few are."""
"""Within so many each mistake must show; most show on the first or second."""


@pytest.mark.parametrize("number", range(DAYS))
def test_no_long_day_breaks_a_law(number: int) -> None:
    assert live_through(switchboard.step, number) > 10


T = TypeVar("T", bound=tuple[object, ...])
Plant = Callable[[pytest.MonkeyPatch], None]


def last_come_first_served(patch: pytest.MonkeyPatch) -> None:
    def follow(order: Chain[CallId], before: Call | None, now: Call, calls: Mapping[CallId, Call]) -> Chain[CallId]:
        found = original(order, before, now, calls)
        return Chain((found[-1], *found[:-1])) if len(found) > len(order) else found

    original = queue.follow
    patch.setattr(queue, "follow", follow)


def backwards(some: Order[T]) -> Order[T]:
    return (tuple(chain(*some))[::-1],)


def turned(some: Order[T]) -> Order[T]:
    flat = tuple(chain(*some))
    return (flat[-1:] + flat[:-1],)


def the_second_is_looked_after_first(patch: pytest.MonkeyPatch) -> None:
    def changed(self: Board, before: Call | None, now: Call | None) -> Board:
        found = original(self, before, now)
        return found._replace(rows=Map({row: backwards(some) for row, some in found.rows.items()}))

    def one_by_one(self: Board, before: Call | None, now: Call | None) -> Board:
        upright = self._replace(rows=Map({row: order_of(chain(*some)) for row, some in self.rows.items()}))
        return changed(upright, before, now)

    original = Board.changed
    patch.setattr(Board, "changed", one_by_one)


def head_start_without_end(patch: pytest.MonkeyPatch) -> None:
    """A priority that nobody ages out of."""

    def first_plea(self: Desk, roster_: roster.Roster, at: datetime) -> object:
        lines = {
            id_: replace(line, head_start_s=line.head_start_s * 1000) for id_, line in self.draft.plan.lines.items()
        }
        real, self.draft.plan = self.draft.plan, replace(self.draft.plan, lines=lines)
        board = self.draft._board
        if board is not None:
            self.draft._board = board._replace(lines=lines)
        found = original(self, roster_, at)
        self.draft.plan = real
        if self.draft._board is not None:
            self.draft._board = self.draft._board._replace(lines=real.lines)
        return found

    original = Desk.first_plea
    patch.setattr(Desk, "first_plea", first_plea)


def counted_at_every_ring(patch: pytest.MonkeyPatch) -> None:
    """Complaint Q7: counters that go up twice."""

    def on_asked(who: Volunteer, phase: Free, news: PhoneAsked, group: Group | None) -> Volunteer:
        return replace(original(who, phase, news, group), answered=who.answered + 1)

    original = volunteer_machine.on_asked
    patch.setitem(volunteer_machine.TABLE, (Free, PhoneAsked), on_asked)


def answers_are_not_counted(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Desk, "count_answer", lambda *_: None)


def a_ring_costs_the_place_among_the_idle(patch: pytest.MonkeyPatch) -> None:
    """The order of those who are free does not follow what happens to them."""

    def changed(self: roster.Roster, before: Volunteer | None, now: Volunteer | None) -> roster.Roster:
        found = original(self, before, now)
        return found._replace(ready=Map({seats: turned(some) for seats, some in found.ready.items()}))

    def upright(self: roster.Roster, before: Volunteer | None, now: Volunteer | None) -> roster.Roster:
        rows: Map[roster.Seats, Order[roster.Place]] = Map(
            {seats: order_of(chain(*some)) for seats, some in self.ready.items()}
        )
        return changed(self._replace(ready=rows), before, now)

    original = roster.Roster.changed
    patch.setattr(roster.Roster, "changed", upright)


def who_is_paused_is_rung(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(volunteer_machine, "may_be_rung", lambda who: isinstance(who.phase, Free) and who.reachable)


def the_phone_of_somebody_resting_stays_out_for_good(patch: pytest.MonkeyPatch) -> None:
    """Who becomes free again is not seen to be free."""

    def changed(self: roster.Roster, before: Volunteer | None, now: Volunteer | None) -> roster.Roster:
        back = before is not None and isinstance(before.phase, BeingRung)
        return self if back else original(self, before, now)

    original = roster.Roster.changed
    patch.setattr(roster.Roster, "changed", changed)


def a_tier_is_never_widened_or_passed_over(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(hunt, "passed_over", lambda _tiers, tier, _roster, _line: tier)


def who_comes_back_stands_at_the_end(patch: pytest.MonkeyPatch) -> None:
    """Complaint Q17: an overflow to a menu and back."""

    def by_rank(order: Chain[CallId], call: Call, calls: Mapping[CallId, Call]) -> Chain[CallId]:
        return order

    patch.setattr(queue, "by_rank", by_rank)


PLANTED: tuple[Plant, ...] = (
    last_come_first_served,
    the_second_is_looked_after_first,
    head_start_without_end,
    counted_at_every_ring,
    answers_are_not_counted,
    a_ring_costs_the_place_among_the_idle,
    who_is_paused_is_rung,
    the_phone_of_somebody_resting_stays_out_for_good,
    a_tier_is_never_widened_or_passed_over,
    who_comes_back_stands_at_the_end,
)


@pytest.mark.parametrize("plant", PLANTED, ids=lambda plant: plant.__name__)
def test_a_long_day_finds_a_mistake_in_queue_or_hunt(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    """By a law about people: what is kept in order is not compared with what it should be here."""
    seen = tuple(law for law in laws.EACH if law.__module__ != indexes.__name__)
    monkeypatch.setattr(laws, "EACH", seen)
    plant(monkeypatch)
    with pytest.raises((LawBroken, LookupError)):
        days_on_end()


def test_a_day_that_breaks_a_law_is_made_short_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    last_come_first_served(monkeypatch)
    number = next(number for number in range(MOST_DAYS) if broken_by(switchboard.step, long_day(number)))
    day, broken = shortened(switchboard.step, number)
    assert len(day.visits) <= 3 < len(long_day(number).visits)
    told = story(number, day, broken, 2000)
    assert told.startswith(f"day {number}: {broken.what}\n")
    assert f"--first {number} --count 1" in told
    assert "CallArrived" in told
    monkeypatch.undo()
    with pytest.raises(ValueError, match="breaks no law"):
        shortened(switchboard.step, number)


def days_on_end() -> None:
    for number in (BACK_FROM_WORDS, *range(MOST_DAYS)):
        live_through(switchboard.step, number)
