"""A chain is what a list would be, whatever comes and goes, and nothing of it is ever changed in place."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ivr.core.chain import MOST, Chain
from ivr.core.ids import CallId
from ivr.core.state import LineState
from ivr.store.codec import dump, load

SOMEWHERE = st.integers(0, 1000)


@given(st.integers(0, 300), st.lists(st.tuples(st.booleans(), SOMEWHERE), max_size=300))
@settings(max_examples=60)
def test_it_is_what_a_list_would_be(many: int, turns: list[tuple[bool, int]]) -> None:
    there = list(range(many))
    chain = Chain(there)
    for number, (comes, where) in enumerate(turns):
        before, was = chain, tuple(there)
        if comes:
            place = where % (len(there) + 1)
            there.insert(place, -number)
            chain = chain.plus(place, -number)
        elif there:
            place = where % len(there)
            del there[place]
            chain = chain.minus(place)
        assert chain == tuple(there)
        assert before == was
        assert len(chain) == len(there)
        assert all(0 < len(run) <= MOST for run in chain._runs)
        assert len(chain._runs) <= 1 + 2 * len(there) // (MOST // 2)
    assert [chain[place] for place in range(len(there))] == there
    assert [chain[-1 - place] for place in range(len(there))] == there[::-1]


@given(st.lists(st.integers(0, 900), max_size=700), st.integers(-1, 901))
@settings(max_examples=60)
def test_a_place_is_found_by_what_grows_along_it(things: list[int], wanted: int) -> None:
    chain = Chain(sorted(things))
    assert chain.first_not_before(wanted, key=lambda thing: thing) == sum(thing < wanted for thing in things)


@pytest.mark.parametrize("place", [3, -4])
def test_there_is_nothing_beyond_its_ends(place: int) -> None:
    with pytest.raises(IndexError):
        Chain("abc")[place]


def test_a_queue_of_thousands_is_kept_in_few_runs() -> None:
    chain: Chain[int] = Chain()
    for number in range(10_000):
        chain = chain.plus(number, number)
    assert len(chain._runs) <= 10_000 // MOST + 1
    for _number in range(9_990):
        chain = chain.minus(0)
    assert chain == tuple(range(9_990, 10_000))
    assert len(chain._runs) == 1


def test_equal_is_what_holds_the_same_in_the_same_order() -> None:
    one = Chain(range(200))
    other = Chain(range(199)).plus(199, 199)
    assert one == other
    assert hash(one) == hash(other)
    assert one != Chain(range(199))
    assert one != list(range(200)), "a list may change"


def test_a_line_with_a_queue_is_kept_as_a_flat_list() -> None:
    """As rows were before there were chains, which are read all the same."""
    line = load(LineState, {"id": "ungdom", "service": None, "serving": "day", "queue": ["a", "b"]})
    assert line.queue == (CallId("a"), CallId("b"))
    assert dump(line)["queue"] == ["a", "b"]
