"""What a step of the switchboard yields, and the sheet on which it is written.

Rules: a `Draft` lives inside one step only; it remembers what was touched, so that one news item writes few small rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from immutables import Map

from ivr.core.commands import Command
from ivr.core.facts import Fact
from ivr.core.ids import CallId, LineId, VolunteerId
from ivr.core.state import Call, House, LineState, Volunteer


@dataclass(frozen=True, slots=True)
class Nothing:
    """An empty cell of a table, with the reason why nothing is to be done there."""

    why: str


@dataclass(frozen=True, slots=True)
class Decision:
    house: House
    commands: tuple[Command, ...]
    facts: tuple[Fact, ...]
    calls: frozenset[CallId]
    """Which calls were touched (changed, new or forgotten); likewise the next two."""
    volunteers: frozenset[VolunteerId]
    lines: frozenset[LineId]


class Draft:
    """The sheet of one step: reads from and writes to the house, collects commands and facts."""

    def __init__(self, house: House) -> None:
        self._house = house
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

    def do(self, *commands: Command) -> None:
        self._commands.extend(commands)

    def say(self, *facts: Fact) -> None:
        self._facts.extend(facts)

    def put_call(self, call: Call) -> None:
        if self.calls.get(call.id) is not call:
            self.calls = self.calls.set(call.id, call)
            self._touched_calls.add(call.id)

    def forget_call(self, call: CallId) -> None:
        self.calls = self.calls.delete(call)
        self._touched_calls.add(call)

    def put_volunteer(self, volunteer: Volunteer) -> None:
        if self.volunteers.get(volunteer.id) != volunteer:
            self.volunteers = self.volunteers.set(volunteer.id, volunteer)
            self._touched_volunteers.add(volunteer.id)

    def forget_volunteer(self, volunteer: VolunteerId) -> None:
        self.volunteers = self.volunteers.delete(volunteer)
        self._touched_volunteers.add(volunteer)

    def put_line(self, line: LineState) -> None:
        if self.lines.get(line.id) is not line:
            self.lines = self.lines.set(line.id, line)
            self._touched_lines.add(line.id)

    def forget_line(self, line: LineId) -> None:
        self.lines = self.lines.delete(line)
        self._touched_lines.add(line)

    @property
    def touched(self) -> bool:
        return bool(self._touched_calls or self._touched_volunteers or self._touched_lines)

    def decision(self) -> Decision:
        house = House(self.plan, self.timetables, self.calls, self.volunteers, self.lines, self.older)
        return Decision(
            house if self.touched or self.plan is not self._house.plan else self._house,
            tuple(self._commands),
            tuple(self._facts),
            frozenset(self._touched_calls),
            frozenset(self._touched_volunteers),
            frozenset(self._touched_lines),
        )


def after(moment: datetime, seconds: float) -> datetime:
    return moment + timedelta(seconds=seconds)


def seconds(start: datetime, end: datetime) -> float:
    """How long it took, to the millisecond, never negative (a clock may be set back)."""
    return max(0.0, round((end - start).total_seconds(), 3))
