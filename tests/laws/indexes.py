"""What the core keeps in order beside the state is what a look at everybody would give (`Law`s, see `laws`).

The one place among the laws that knows how the core decides: of people nothing would be seen at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import TypeVar

from immutables import Map

from ivr.core import queue
from ivr.core.board import Board, board_of
from ivr.core.draft import Sorted
from ivr.core.order import Order
from ivr.core.roster import Roster, roster_of
from ivr.core.state import House
from tests.laws.trace import LawBroken, Trace

EVERY_ONE_OF, ONE_IN = 200, 4
"""Of longer traces one moment in so many is looked at: what is kept wrongly stays wrong as long as it stands there."""

K = TypeVar("K")
T = TypeVar("T", bound=tuple[object, ...])


def what_is_kept_in_order_is_what_a_look_at_everybody_gives(trace: Trace) -> None:
    for moment in trace if len(trace) <= EVERY_ONE_OF else trace[::ONE_IN]:
        known = moment.after.sorted
        if moment.after is not moment.before and isinstance(known, Sorted):
            for what in differences(moment.after, known, moment.before.sorted):
                raise LawBroken(f"{what}, after {moment.news}", trace)


def every_place_in_a_queue_is_found_by_its_rank(trace: Trace) -> None:
    for moment in trace:
        if moment.after.lines is moment.before.lines:
            continue
        calls = moment.after.calls
        for line in moment.after.lines.values():
            found = [queue.position(line.queue, calls[call], calls) for call in line.queue if call in calls]
            if found != [place for place, call in enumerate(line.queue, start=1) if call in calls]:
                raise LawBroken(f"the places of {line.id} are {line.queue}, and found are {found}", trace)


def differences(house: House, known: Sorted, before: object = None) -> Iterator[str]:
    """Where what is kept is wrong. What is as it was `before`, and so is what it follows from, was looked at then."""
    was = before if isinstance(before, Sorted) and before.plan is known.plan else None
    seen = was is not None and was.calls is known.calls and was.board is known.board
    if known.calls is house.calls and known.board is not None and not seen:
        yield from wrong_board(house, known.board)
    seen = was is not None and was.volunteers is known.volunteers and was.roster is known.roster
    if known.volunteers is house.volunteers and known.roster is not None and not seen:
        yield from wrong_roster(house, known.roster)


def wrong_board(house: House, known: Board) -> Iterator[str]:
    board = board_of(house.calls.values(), house.plan.lines, house.plan.groups)
    if flat(known.rows) != flat(board.rows) or known.wide != board.wide:
        yield f"who waits for a phone is kept as {flat(known.rows)}, and is {flat(board.rows)}"


def wrong_roster(house: House, known: Roster) -> Iterator[str]:
    roster = roster_of(house.volunteers.values(), house.plan.groups, known.day)
    if flat(known.ready) != flat(roster.ready):
        yield f"who can be rung is kept as {flat(known.ready)}, and is {flat(roster.ready)}"
    seats = {*known.staffed, *roster.staffed}
    if any(known.staffed.get(each, 0) != roster.staffed.get(each, 0) for each in seats):
        yield f"on duty are kept as {dict(known.staffed)}, and are {dict(roster.staffed)}"


def flat(rows: Map[K, Order[T]]) -> dict[K, tuple[T, ...]]:
    return {row: tuple(chain.from_iterable(some)) for row, some in rows.items()}
