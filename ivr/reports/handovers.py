"""The report of hand-overs: when, why, who waited through each, and what it cost them. `show_handovers` shows it.

Rules: a hand-over belongs to the day on which it was made, Danish time; what it cost a caller is how many seconds they
waited on after it, until they were with somebody or gone; one that has callers waiting still says so.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from ivr.core.facts import Carried, Fact, HandoverBegan, HandoverDone, HandoverEndangered
from ivr.core.hours import Service
from ivr.core.ids import LineId
from ivr.core.reasons import HandoverWhy
from ivr.reports.missed import Days


@dataclass(frozen=True, slots=True)
class Made:
    """One hand-over. Moments are aware UTC."""

    line: LineId
    service: Service
    """Who answers from then on."""
    why: HandoverWhy
    due_at: datetime
    at: datetime
    waiting: int
    """How many waited when it was made."""
    alarms: int
    """How often it had been said that nobody was there to take over."""
    carried: tuple[Carried, ...] = ()
    """Who waited through it, and for how long after it; of those whose wait is over."""
    done: bool = False

    @property
    def late_s(self) -> float:
        """How long after its moment it was made, seconds; 0 when it was made at it or before."""
        return max(0.0, (self.at - self.due_at).total_seconds())

    @property
    def longest_s(self) -> float | None:
        """None: nobody waited through it, or nobody's wait is over yet."""
        return max((each.waited_on_s for each in self.carried), default=None)


@dataclass(frozen=True, slots=True)
class Handovers:
    days: Days
    line: LineId | None
    made: tuple[Made, ...]


def handovers(days: Days, line: LineId | None, facts: Iterable[Fact]) -> Handovers:
    """From the facts of the days and of a while after them, in order; `line`: None means every line."""
    made: list[Made] = []
    alarms: dict[LineId, int] = {}
    for fact in facts:
        match fact:
            case HandoverEndangered():
                alarms[fact.line] = alarms.get(fact.line, 0) + 1
            case HandoverBegan():
                said = alarms.pop(fact.line, 0)
                made.append(Made(fact.line, fact.service, fact.why, fact.due_at, fact.at, fact.waiting, said))
            case HandoverDone():
                for place, each in enumerate(made):
                    if (each.line, each.at) == (fact.line, fact.began_at):
                        made[place] = replace(each, carried=fact.carried, done=True)
            case _:
                pass
    within = (each for each in made if days.start <= each.at < days.end and line in (None, each.line))
    return Handovers(days, line, tuple(within))
