"""What a call may ask about the house at a moment (`turn.Around`).

Rules: read from the sheet as it is then, so that what this step has changed is known; another line is settled before
anything is asked of it.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from ivr.core import hunt, queue, spoken
from ivr.core import line as line_machine
from ivr.core.flow import Line, Plan, Spoken
from ivr.core.ids import LineId, PromptId
from ivr.core.state import Call

if TYPE_CHECKING:
    from ivr.core.desk import Desk


class Surroundings(NamedTuple):
    desk: Desk
    plan: Plan
    """The one that the call goes by."""
    line: Line
    at: datetime

    def is_open(self) -> bool:
        return line_machine.mode(self.desk.line(self.line.id), self.desk.timetable(self.line.id), self.at) is not None

    def somebody(self) -> bool:
        return self.desk.somebody(self.line, self.at)

    def place(self, call: Call) -> int:
        return queue.position(self.desk.line(self.line.id).queue, call, self.desk.draft.calls)

    def waiting(self) -> int:
        return len(self.desk.line(self.line.id).queue)

    def wait_s(self, place: int) -> float | None:
        state = self.desk.line(self.line.id)
        there = hunt.how_many(self.line, state.serving, self.desk.draft.roster())
        return queue.wait_s(place, state.talks_s, there)

    def spoken(self, what: Spoken) -> tuple[PromptId, ...]:
        state, table = self.desk.line(self.line.id), self.desk.timetable(self.line.id)
        match what:
            case Spoken.NEXT_OPENING:
                opening = line_machine.next_opening(state, table, self.at)
                return spoken.opening_words(self.at, opening, self.line.hours.tz)

    def next_opening(self) -> datetime | None:
        line = self.line.id
        return line_machine.next_opening(self.desk.line(line), self.desk.timetable(line), self.at)

    def elsewhere(self, line: LineId) -> tuple[Line, Surroundings] | None:
        there = self.plan.lines.get(line) or self.desk.draft.plan.lines.get(line)
        if there is None or line not in self.desk.draft.lines:
            return None
        self.desk.settle_line(line, self.at)
        return there, self._replace(line=there)
