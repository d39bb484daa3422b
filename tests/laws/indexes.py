"""What the core keeps in order beside the state is what a look at everybody would give (`Law`s, see `laws`).

The one place among the laws that knows how the core decides: of people nothing would be seen at once.
"""

from __future__ import annotations

from itertools import chain
from typing import TypeVar

from immutables import Map

from ivr.core import queue
from ivr.core.board import board_of
from ivr.core.draft import Sorted
from ivr.core.order import Order
from ivr.core.roster import roster_of
from ivr.core.state import House
from tests.laws.trace import LawBroken, Trace

K = TypeVar("K")
T = TypeVar("T", bound=tuple[object, ...])


def what_is_kept_in_order_is_what_a_look_at_everybody_gives(trace: Trace) -> None:
    for moment in trace:
        house = moment.after
        known = house.sorted
        fresh = isinstance(known, Sorted) and known.calls is house.calls and known.volunteers is house.volunteers
        if isinstance(known, Sorted) and fresh and house is not moment.before:
            for what in differences(house, known):
                raise LawBroken(f"{what}, after {moment.news}", trace)


def every_place_in_a_queue_is_found_by_its_rank(trace: Trace) -> None:
    for moment in trace:
        calls = moment.after.calls
        for line in moment.after.lines.values():
            found = [queue.position(line.queue, calls[call], calls) for call in line.queue if call in calls]
            if found != [place for place, call in enumerate(line.queue, start=1) if call in calls]:
                raise LawBroken(f"the places of {line.id} are {line.queue}, and found are {found}", trace)


def differences(house: House, known: Sorted) -> list[str]:
    found: list[str] = []
    if known.board is not None:
        board = board_of(house.calls.values(), house.plan.lines, house.plan.groups)
        if flat(known.board.rows) != flat(board.rows) or known.board.wide != board.wide:
            found.append(f"who waits for a phone is kept as {flat(known.board.rows)}, and is {flat(board.rows)}")
    if known.roster is not None:
        roster = roster_of(house.volunteers.values(), house.plan.groups, known.roster.day)
        if flat(known.roster.ready) != flat(roster.ready):
            found.append(f"who can be rung is kept as {flat(known.roster.ready)}, and is {flat(roster.ready)}")
        seats = {*known.roster.staffed, *roster.staffed}
        if any(known.roster.staffed.get(each, 0) != roster.staffed.get(each, 0) for each in seats):
            found.append(f"on duty are kept as {dict(known.roster.staffed)}, and are {dict(roster.staffed)}")
    return found


def flat(rows: Map[K, Order[T]]) -> dict[K, tuple[T, ...]]:
    return {row: tuple(chain.from_iterable(some)) for row, some in rows.items()}
