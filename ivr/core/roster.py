"""Who can be rung at this moment, group by group in the order of its strategy; and where somebody is on duty at all.

Rules: it follows from the volunteers and is kept up with every change of one of them, so that a decision does not look
at everybody. Today's calls are counted from 04:00 UTC (5 or 6 in the morning in Denmark), so that a night shift is one
day; whoever talks is counted from the moment at which the call is an answered one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta
from hashlib import blake2b
from heapq import merge
from itertools import chain
from typing import NamedTuple, assert_never

from immutables import Map

from ivr.core import volunteer as volunteer_machine
from ivr.core.flow import Group, Strategy
from ivr.core.ids import GroupId, LineId, VolunteerId
from ivr.core.order import Order, minus, order_of, plus
from ivr.core.state import Call, Free, Volunteer

DAY_TURNS = timedelta(hours=4)
"""After midnight UTC: then the counts of today begin anew."""
DRAWS = 16
"""How often a lot is drawn before those who may still be asked are counted off."""
UNNAMED = 1_000_000
NEVER = float("-inf")

Place = tuple[float, float, VolunteerId]
"""Where somebody stands in their group's order; the smallest is asked first."""
Seats = tuple[GroupId, LineId | None]
"""Those of a group who serve every line, or only this one."""


def day_of(at: datetime) -> date:
    return (at - DAY_TURNS).date()


def calls_today(who: Volunteer, day: date) -> int:
    return who.answered if who.answered_on == day else 0


class Roster(NamedTuple):
    groups: Mapping[GroupId, Group]
    day: date
    named: Mapping[GroupId, Mapping[VolunteerId, int]]
    """Those that a group's entry names, with their place in it."""
    ready: Map[Seats, Order[Place]]
    staffed: Map[Seats, int]
    """How many are on duty, free or not."""

    def changed(self, before: Volunteer | None, now: Volunteer | None) -> Roster:
        """After a volunteer came, changed, or went."""
        ready, staffed = self.ready, self.staffed
        was, is_now = self._place(before), self._place(now)
        old, new = _seats(before), _seats(now)
        if was != is_now or old != new:
            if was is not None:
                rest = minus(ready[old], was)
                ready = ready.set(old, rest) if rest else ready.delete(old)  # whoever has a row can be rung
            if is_now is not None:
                ready = ready.set(new, plus(ready.get(new, ()), is_now))
        there = old if before is not None and volunteer_machine.on_duty(before) else None
        is_there = new if now is not None and volunteer_machine.on_duty(now) else None
        if there != is_there:
            for seats, change in ((there, -1), (is_there, 1)):
                if seats is not None:
                    staffed = staffed.set(seats, staffed.get(seats, 0) + change)
        if ready is self.ready and staffed is self.staffed:
            return self
        return Roster(self.groups, self.day, self.named, ready, staffed)

    def anybody(self) -> bool:
        return bool(self.ready)

    def can_any_be_asked(self, groups: Iterable[GroupId], line: LineId) -> bool:
        ready = self.ready
        for group in groups:  # noqa: SIM110 - asked several times in every decision; `any` costs twice as much
            if (group, None) in ready or (group, line) in ready:
                return True
        return False

    def is_any_staffed(self, groups: Iterable[GroupId], line: LineId) -> bool:
        staffed = self.staffed
        for group in groups:  # noqa: SIM110 - likewise
            if staffed.get((group, None), 0) > 0 or staffed.get((group, line), 0) > 0:
                return True
        return False

    def how_many(self, group: GroupId, line: LineId) -> int:
        return self.staffed.get((group, None), 0) + self.staffed.get((group, line), 0)

    def in_order(self, group: GroupId, line: LineId, call: Call) -> Iterator[VolunteerId]:
        """Whom to ask for this call, first the first."""
        everywhere, here = self.ready.get((group, None), ()), self.ready.get((group, line), ())
        found: Iterable[Place] = chain.from_iterable(everywhere or here)
        if everywhere and here:
            found = merge(chain.from_iterable(everywhere), chain.from_iterable(here))
        if self.groups[group].strategy is Strategy.RANDOM:
            some, lot = tuple(found), f"{call.id}/{call.counter}"
            for number in range(DRAWS if len(some) > 1 else 0):
                yield some[_draw(f"{lot}/{number}", len(some))][2]
            found = some
        for _first, _then, who in found:
            yield who

    def _place(self, who: Volunteer | None) -> Place | None:
        """None: cannot be rung now."""
        if who is None or who.group not in self.groups or not volunteer_machine.may_be_rung(who):
            return None
        group = self.groups[who.group]
        free_since = who.phase.since.timestamp() if isinstance(who.phase, Free) else 0.0
        named = self.named[group.id].get(who.id, UNNAMED)
        match group.strategy:
            case Strategy.RING_ALL | Strategy.LONGEST_IDLE:
                return free_since, 0.0, who.id
            case Strategy.LINEAR:
                return named, 0.0, who.id
            case Strategy.ROUND_ROBIN_MEMORY:
                return who.asked_at.timestamp() if who.asked_at is not None else NEVER, named, who.id
            case Strategy.FEWEST_CALLS:
                return calls_today(who, self.day), free_since, who.id
            case Strategy.WEIGHTED:
                return (calls_today(who, self.day) + 1) / group.members.get(who.id, 1), free_since, who.id
            case Strategy.RANDOM:
                return 0.0, 0.0, who.id
            case _:
                assert_never(group.strategy)


def roster_of(volunteers: Iterable[Volunteer], groups: Mapping[GroupId, Group], day: date) -> Roster:
    """From nothing: at the start, for another plan, and when the day turns."""
    named = {group.id: {who: place for place, who in enumerate(group.members)} for group in groups.values()}
    blank = Roster(groups, day, named, Map(), Map())
    places: dict[Seats, list[Place]] = {}
    staffed: dict[Seats, int] = {}
    for who in volunteers:
        place, seats = blank._place(who), _seats(who)
        if place is not None:
            places.setdefault(seats, []).append(place)
        if volunteer_machine.on_duty(who):
            staffed[seats] = staffed.get(seats, 0) + 1
    ready: Map[Seats, Order[Place]] = Map({seats: order_of(some) for seats, some in places.items()})
    return blank._replace(ready=ready, staffed=Map(staffed))


def _seats(who: Volunteer | None) -> Seats:
    return (who.group, who.line) if who is not None else (GroupId(""), None)


def _draw(lot: str, among: int) -> int:
    """The same lot gives the same number; nobody can tell it from chance."""
    return int.from_bytes(blake2b(lot.encode(), digest_size=8).digest(), "big") % among
