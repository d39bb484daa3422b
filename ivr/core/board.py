"""Who waits for a phone, in the order in which they are looked after.

Rules: it follows from the calls and is kept up with every change of one of them, so that a decision does not look at
everybody. Those for whom no phone rings, and nobody has been asked in this round, want whoever can be rung in their
tiers: of each line and tier only the first needs to be looked at. The others are looked at one by one, since whom they
want depends on who was asked already; for most of them nothing more is to be done while a phone rings (`wide`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

from immutables import Map

from ivr.core.decision import length
from ivr.core.flow import Group, Line, Strategy
from ivr.core.ids import CallId, GroupId, LineId
from ivr.core.order import Order, minus, order_of, plus
from ivr.core.queue import rank_of
from ivr.core.state import Accepting, Alerting, Asked, Call, Sheltered, Waiting

ONE_BY_ONE = -1
AWAY = -2
"""Who fell out of the queue a moment ago and may be back in the next: nobody behind them is rung for meanwhile."""
Row = tuple[LineId, int]
"""A line and the tier that its callers have come to, or `ONE_BY_ONE`, or `AWAY`."""
Place = tuple[datetime, CallId]
RINGING = (Asked, Alerting, Accepting)


def rings(call: Call) -> bool:
    return bool(call.rings) and any(isinstance(ring.phase, RINGING) for ring in call.rings)


class Board(NamedTuple):
    lines: Mapping[LineId, Line]
    wide: frozenset[LineId]
    """Lines with a group that rings all its phones at once: there more phones are asked while one rings."""
    rows: Map[Row, Order[Place]]

    def changed(self, before: Call | None, now: Call | None) -> Board:
        """After a call came, changed, or went."""
        was, is_now = self._row(before), self._row(now)
        old = (rank_of(before), before.id) if before is not None and was is not None else None
        new = (rank_of(now), now.id) if now is not None and is_now is not None else None
        if was == is_now and old == new:
            return self
        rows = self.rows
        if was is not None and old is not None:
            rest = minus(rows[was], old)
            rows = rows.set(was, rest) if rest else rows.delete(was)
        if is_now is not None and new is not None:
            rows = rows.set(is_now, plus(rows.get(is_now, ()), new))
        return Board(self.lines, self.wide, rows)

    def heads(self) -> list[tuple[datetime, LineId, int]]:
        """Each row's line and tier, with when its first counts as having come: a head start is earlier; in order."""
        lines = self.lines
        rows = self.rows.items()
        return sorted(
            (some[0][0][0] - length(lines[line].head_start_s), line, tier)
            for (line, tier), some in rows
            if tier != AWAY
        )

    def turn_of_who_is_away(self, line: LineId) -> datetime | None:
        """The rank of the first on this line who is to come back; None: nobody is."""
        away = self.rows.get((line, AWAY))
        return away[0][0][0] if away else None

    def _row(self, call: Call | None) -> Row | None:
        """None: nobody is to be rung for this call."""
        if call is not None and isinstance(call.phase, Sheltered) and call.phase.back_by is not None:
            return call.line, AWAY
        if call is None or not isinstance(call.phase, Waiting):
            return None
        if rings(call):
            return (call.line, ONE_BY_ONE) if call.line in self.wide else None
        return call.line, ONE_BY_ONE if call.phase.tried else call.phase.tier


def board_of(calls: Iterable[Call], lines: Mapping[LineId, Line], groups: Mapping[GroupId, Group]) -> Board:
    """From nothing: at the start, and for another plan."""
    loud = {group.id for group in groups.values() if group.strategy is Strategy.RING_ALL}
    wide = frozenset(line.id for line in lines.values() if any(loud & set(tiers) for tiers in line.tiers.values()))
    board = Board(lines, wide, Map())
    rows: dict[Row, list[Place]] = {}
    for call in calls:
        row = board._row(call)
        if row is not None:
            rows.setdefault(row, []).append((rank_of(call), call.id))
    return board._replace(rows=Map({row: order_of(some) for row, some in rows.items()}))
