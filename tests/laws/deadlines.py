"""When a house wants to hear of something next, kept as the engine keeps it: asked anew for what has changed, and for
nothing else, so that a moment which must not be lost is lost here too when it would be lost there."""

from __future__ import annotations

from datetime import datetime

from ivr.core import switchboard
from ivr.core.ids import CallId, LineId, VolunteerId
from ivr.core.news import CallDue, LineDue, News, VolunteerDue
from ivr.core.state import House

Due = tuple[datetime, str, str]
"""The moment, and of whom it is: its kind and its name."""


class Deadlines:
    def __init__(self) -> None:
        self._dues: dict[tuple[str, str], Due] = {}

    def follow(self, before: House, after: House, now: datetime) -> None:
        """After a step: those that were touched by it."""
        if before.calls is not after.calls:
            for call in after.calls.values():
                if before.calls.get(call.id) is not call:
                    self._put("call", call.id, switchboard.call_due(call))
            for gone in before.calls:
                if gone not in after.calls:
                    self._put("call", gone, None)
        if before.volunteers is not after.volunteers:
            for who in after.volunteers.values():
                if before.volunteers.get(who.id) is not who:
                    self._put("volunteer", who.id, switchboard.volunteer_due(who))
            for left in before.volunteers:
                if left not in after.volunteers:
                    self._put("volunteer", left, None)
        for line in after.lines.values():
            if before.lines.get(line.id) is not line:
                self.ask_line(after, line.id, now)

    def ask_line(self, house: House, line: LineId, now: datetime) -> None:
        """Also after it was told that its moment has come, whatever it made of it."""
        self._put("line", line, switchboard.line_due(house, line, now))

    def first(self) -> Due | None:
        return min(self._dues.values(), default=None)

    def _put(self, kind: str, name: str, moment: datetime | None) -> None:
        if moment is None:
            self._dues.pop((kind, name), None)
        else:
            self._dues[kind, name] = (moment, kind, name)


def news_of(due: Due, now: datetime) -> News:
    """What the house is told when that moment has come."""
    moment, kind, name = due
    at = max(moment, now)
    match kind:
        case "call":
            return CallDue(CallId(name), at)
        case "volunteer":
            return VolunteerDue(VolunteerId(name), at)
        case _:
            return LineDue(LineId(name), at)
