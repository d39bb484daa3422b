"""What the engine needs from outside, as it needs it. The fakes in `tests/fakes` pass the same contract tests as the
real parts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from ivr.core.commands import Command
from ivr.core.facts import Fact
from ivr.core.ids import CallId, LineId, VolunteerId
from ivr.core.news import News, Result, Surveyed
from ivr.core.state import Call, LineState, Volunteer

Take = Callable[[News], None]


class Clock(Protocol):
    """`now` is the line's time (aware UTC; shifted by `--clock`), `monotonic` is for waiting."""

    def now(self) -> datetime: ...
    def monotonic(self) -> float: ...


class Exchange(Protocol):
    """What carries the voice. News comes through the `take` it was given, in the order it happened."""

    async def perform(self, command: Command) -> Result:
        """Do it; never raises for anything the outside may answer."""
        ...

    async def survey(self) -> Surveyed:
        """What lives there now; raises `ConnectionError` when the exchange cannot be asked."""
        ...


@dataclass(frozen=True, slots=True)
class Entry:
    """Everything one news item changed, kept in one transaction. A None entity is forgotten."""

    calls: Mapping[CallId, Call | None]
    volunteers: Mapping[VolunteerId, Volunteer | None]
    lines: Mapping[LineId, LineState | None]
    facts: tuple[Fact, ...]
    commands: tuple[Command, ...]


@dataclass(frozen=True, slots=True)
class Kept:
    """What the store remembers at start."""

    calls: tuple[Call, ...]
    volunteers: tuple[Volunteer, ...]
    lines: tuple[LineState, ...]
    commands: tuple[tuple[int, Command], ...]
    """Commands not ticked off yet, oldest first, with their numbers."""


class NotKept(Exception):
    """An entry is not on disk (yet). It stays in memory, in its order; `numbers` are those of its commands."""

    numbers: tuple[int, ...] = ()


class Deposed(Exception):
    """Another controller has taken the lease: this one must neither decide nor command anything any more."""


class Lease(Protocol):
    """Whether it is we who decide. Proved again every second; a proof that is too old is none."""

    def may_i(self) -> bool:
        """Whether we may command anything at this moment; once not, not before that was `noticed`. Never waits."""
        ...

    def noticed(self) -> None:
        """Everything is held, since we were not in office for a while: from the next proof on we are again."""
        ...

    def renew(self) -> Awaitable[None]:
        """Prove it again. Raises `Deposed`; `NotKept` and other troubles of the disk prove nothing either way."""
        ...

    def ours(self) -> bool | None:
        """Looked up at once, without waiting: False: somebody else's; None: it cannot be told."""
        ...


class Journal(Protocol):
    """The store as the engine sees it. Entries are kept in the order they were given."""

    def load(self) -> Kept: ...

    def keep(self, entry: Entry) -> Awaitable[tuple[int, ...]]:
        """Resolves when the entry is on disk, with the numbers of its commands, in order. Raises `NotKept`, and
        `Deposed` when another controller decides by now."""
        ...

    def tick(self, command: int) -> None:
        """This command is done: it need not be repeated. Written with the next transaction."""
        ...
