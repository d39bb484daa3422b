"""What lives at the fake exchange at a moment, as the real one lists it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from ivr.core.ids import CallId, RingId
from ivr.core.news import CallBack, Reached, Surveyed, Witnessed
from tests.fakes.floor import Floor
from tests.fakes.legs import Caller, LegPhase


def look(floor: Floor, witnessed: Iterable[Witnessed]) -> Surveyed:
    ours = {caller.id: caller.line for caller in floor.callers.values() if caller.here and not caller.native}
    legs = frozenset(leg.id for leg in floor.legs.values() if leg.here)
    inside = frozenset(ring for ring in legs if not floor.legs[ring].leaves)
    talks = {
        talk: frozenset[CallId | RingId](who for who in members if who in ours or who in inside)
        for talk, members in floor.talks.items()
    }
    now = floor.clock.now()
    returned = {call: floor.callers[call] for call in ours if floor.callers[call].returned is not None}
    return Surveyed(
        ours,
        legs,
        talks,
        frozenset(who for who, phone in floor.phones.items() if phone.registered),
        now,
        frozenset(leg.id for leg in floor.legs.values() if leg.phase is LegPhase.UP and not leg.leaves),
        frozenset(caller.id for caller in floor.callers.values() if caller.here and caller.native),
        {call: back(caller, now) for call, caller in returned.items()},
        tuple(replace(each, at=now) for each in witnessed),
        unanswered=frozenset(call for call in ours if not floor.callers[call].answered),
    )


def back(caller: Caller, at: datetime) -> CallBack:
    return CallBack(caller.id, caller.line, caller.came_at, caller.returned or Reached.NEW, at)
