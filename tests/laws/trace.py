"""What a house was told and what it did: the thing that laws are about."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from ivr.core.commands import Command
from ivr.core.facts import Fact
from ivr.core.news import News
from ivr.core.state import House


@dataclass(frozen=True, slots=True)
class Moment:
    """One news item and what followed from it."""

    before: House
    news: News
    commands: tuple[Command, ...]
    facts: tuple[Fact, ...]
    after: House


Trace = Sequence[Moment]
Law = Callable[[Trace], None]


class Decided(Protocol):
    """What a step yields, as far as laws look at it (`ivr.core.decision.Decision`)."""

    @property
    def house(self) -> House: ...
    @property
    def commands(self) -> tuple[Command, ...]: ...
    @property
    def facts(self) -> tuple[Fact, ...]: ...


Step = Callable[[House, News], Decided]


class LawBroken(AssertionError):
    """Says what is wrong, and how it came to it."""

    def __init__(self, what: str, trace: Trace) -> None:
        super().__init__(f"{what}\n{told(trace)}")
        self.what = what


def told(trace: Trace) -> str:
    """The trace as a person reads it: the news, and below it what followed."""
    lines: list[str] = []
    for number, moment in enumerate(trace, start=1):
        lines.append(f"{number:3} {moment.news}")
        lines += [f"      do  {command}" for command in moment.commands]
        lines += [f"      say {fact}" for fact in moment.facts]
    return "\n".join(lines)


def take(step: Step, house: House, news: News) -> Moment:
    decision = step(house, news)
    return Moment(house, news, decision.commands, decision.facts, decision.house)
