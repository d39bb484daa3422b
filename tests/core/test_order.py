"""What is kept in order with every change is what sorting would give, and nothing is ever changed in place."""

from __future__ import annotations

from itertools import chain

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ivr.core.order import MOST, Order, minus, order_of, plus

Thing = tuple[int, str]
THINGS = st.tuples(st.integers(0, 400), st.sampled_from("ab"))


@given(st.sets(THINGS, max_size=300), st.lists(THINGS, max_size=300))
@settings(max_examples=60)
def test_it_is_what_sorting_gives_whatever_comes_and_goes(begun_with: set[Thing], turns: list[Thing]) -> None:
    there = set(begun_with)
    order = order_of(there)
    for thing in turns:
        before, was = order, flat(order)
        order = minus(order, thing) if thing in there else plus(order, thing)
        there ^= {thing}
        assert flat(order) == sorted(there)
        assert flat(before) == was
        assert all(0 < len(run) <= MOST for run in order)
        assert len(order) <= 1 + 2 * len(there) // (MOST // 2)


def test_a_queue_of_thousands_is_kept_in_few_runs() -> None:
    order: Order[Thing] = ()
    for number in range(10_000):
        order = plus(order, (number, "a"))
    assert len(order) <= 10_000 // MOST + 1
    for number in range(9_990):
        order = minus(order, (number, "a"))
    assert order == (tuple((number, "a") for number in range(9_990, 10_000)),)


@pytest.mark.parametrize("order", [(), (((1, "a"),),), (((1, "a"), (3, "a")),)])
def test_what_is_not_there_cannot_be_taken_away(order: Order[Thing]) -> None:
    with pytest.raises(KeyError):
        minus(order, (2, "a"))


def flat(order: Order[Thing]) -> list[Thing]:
    return list(chain.from_iterable(order))
