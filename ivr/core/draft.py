"""The sheet on which one step of the switchboard is written.

Rules: a `Draft` lives inside one step only; it remembers what was touched, so that one news item writes few small rows;
what the hunt looks at is kept in order with every change. Its moment is the news's, and with that its day.
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from immutables import Map

from ivr.core.board import Board, board_of
from ivr.core.commands import Command
from ivr.core.decision import Decision
from ivr.core.facts import Fact
from ivr.core.flow import Plan
from ivr.core.ids import CallId, LineId, VolunteerId
from ivr.core.roster import Roster, day_of, roster_of
from ivr.core.state import Call, House, LineState, Volunteer


class Sorted(NamedTuple):
    """What the hunt looks at, and the values that it was made from: of others it says nothing."""

    plan: Plan
    calls: Map[CallId, Call]
    volunteers: Map[VolunteerId, Volunteer]
    board: Board | None
    roster: Roster | None


class Draft:
    """The sheet of one step: reads from and writes to the house, collects commands and facts."""

    def __init__(self, house: House, at: datetime) -> None:
        self._house = house
        self._day = day_of(at)
        self.plan = house.plan
        self.timetables = house.timetables
        self.calls: Map[CallId, Call] = house.calls
        self.volunteers: Map[VolunteerId, Volunteer] = house.volunteers
        self.lines: Map[LineId, LineState] = house.lines
        self.older = house.older
        self._commands: list[Command] = []
        self._facts: list[Fact] = []
        self._touched_calls: set[CallId] = set()
        self._touched_volunteers: set[VolunteerId] = set()
        self._touched_lines: set[LineId] = set()
        self.changed_duty = False
        """Whether somebody came on duty or went off it, changed their group or line, or left the house."""
        known = house.sorted if isinstance(house.sorted, Sorted) and house.sorted.plan is house.plan else None
        self._board = known.board if known is not None and known.calls is house.calls else None
        self._roster = known.roster if known is not None and known.volunteers is house.volunteers else None

    def board(self) -> Board:
        """Who waits for a phone."""
        if self._board is None or self._board.lines is not self.plan.lines:
            self._board = board_of(self.calls.values(), self.plan.lines, self.plan.groups)
        return self._board

    def roster(self) -> Roster:
        """Who can be rung."""
        known = self._roster
        if known is None or known.groups is not self.plan.groups or known.day != self._day:
            self._roster = known = roster_of(self.volunteers.values(), self.plan.groups, self._day)
        return known

    def do(self, *commands: Command) -> None:
        self._commands.extend(commands)

    def say(self, *facts: Fact) -> None:
        self._facts.extend(facts)

    def put_call(self, call: Call) -> None:
        before = self.calls.get(call.id)
        if before is not call:
            self.calls = self.calls.set(call.id, call)
            self._touched_calls.add(call.id)
            if self._board is not None:
                self._board = self._board.changed(before, call)

    def forget_call(self, call: CallId) -> None:
        if self._board is not None:
            self._board = self._board.changed(self.calls[call], None)
        self.calls = self.calls.delete(call)
        self._touched_calls.add(call)

    def put_volunteer(self, volunteer: Volunteer) -> None:
        before = self.volunteers.get(volunteer.id)
        same = before is volunteer or (before is not None and type(before.phase) is type(volunteer.phase))
        if not same or before != volunteer:
            self._follow(before, volunteer)
            self.volunteers = self.volunteers.set(volunteer.id, volunteer)
            self._touched_volunteers.add(volunteer.id)

    def forget_volunteer(self, volunteer: VolunteerId) -> None:
        self._follow(self.volunteers[volunteer], None)
        self.volunteers = self.volunteers.delete(volunteer)
        self._touched_volunteers.add(volunteer)

    def _follow(self, before: Volunteer | None, now: Volunteer | None) -> None:
        roster = self.roster()
        self._roster = roster.changed(before, now)
        self.changed_duty = self.changed_duty or self._roster.staffed is not roster.staffed

    def put_line(self, line: LineState) -> None:
        if self.lines.get(line.id) is not line:
            self.lines = self.lines.set(line.id, line)
            self._touched_lines.add(line.id)

    def forget_line(self, line: LineId) -> None:
        self.lines = self.lines.delete(line)
        self._touched_lines.add(line)

    @property
    def changed_lines(self) -> bool:
        return bool(self._touched_lines) or self.plan is not self._house.plan

    def changed(self, line: LineId) -> bool:
        return line in self._touched_lines

    @property
    def touched(self) -> bool:
        return bool(self._touched_calls or self._touched_volunteers or self._touched_lines)

    def decision(self) -> Decision:
        house = self._house
        if self.touched or self.plan is not house.plan:
            house = House(self.plan, self.timetables, self.calls, self.volunteers, self.lines, self.older)
            in_order = Sorted(self.plan, self.calls, self.volunteers, self._board, self._roster)
            object.__setattr__(house, "sorted", in_order)  # beside the state: it follows from it
        return Decision(
            house,
            tuple(self._commands),
            tuple(self._facts),
            frozenset(self._touched_calls),
            frozenset(self._touched_volunteers),
            frozenset(self._touched_lines),
        )
