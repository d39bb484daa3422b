"""Six different things that happen, in all of their 720 orders, from many starts: no law is broken. Every set of them:
`python -m tests.laws orders`."""

from __future__ import annotations

import pytest

from ivr.core import call as call_machine
from ivr.core import ring as ring_machine
from ivr.core import switchboard
from ivr.core.call_events import VolunteerPickedUp
from ivr.core.decision import Nothing
from ivr.core.news import RingAnswered
from ivr.core.state import Ending, Joining
from tests.laws.permuted import MOST, THINGS, Start, permute
from tests.laws.starts import STARTS, TRIED
from tests.laws.trace import LawBroken

pytestmark = pytest.mark.scan


@pytest.mark.parametrize("start", STARTS, ids=lambda start: start.name)
def test_no_order_of_six_things_breaks_a_law(start: Start) -> None:
    tried = [permute(switchboard.step, start, things) for things in TRIED]
    assert sum(each.orders for each in tried) > 50, "hardly any of it could happen"
    assert max(each.longest for each in tried) >= MOST - 1


def test_each_of_the_things_is_tried_and_can_happen() -> None:
    assert {thing for things in TRIED for thing in things} == set(THINGS)
    assert all(len(set(things)) == MOST for things in TRIED)


@pytest.mark.parametrize(
    ("table", "row"),
    [(ring_machine.TABLE, (Ending, RingAnswered)), (call_machine.TABLE, (Joining, VolunteerPickedUp))],
    ids=["picked up too late", "a second picks up"],
)
def test_a_row_that_does_nothing_is_found(
    table: dict[object, object], row: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(table, row, Nothing("planted"))
    with pytest.raises(LawBroken):
        all_of_them()


def all_of_them() -> None:
    for start in STARTS:
        for things in TRIED:
            permute(switchboard.step, start, things)
