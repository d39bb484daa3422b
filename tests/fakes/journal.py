"""A journal that keeps everything in memory, and dies where a test says so.

Rules: an entry is kept whole or not at all, at the moment it is given; what was ticked is written with the next entry,
so a crash in between forgets the tick (and the command is repeated: that must be harmless). `Disk` is what outlives a
crash.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Generator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeVar

from ivr.app.ports import Entry, Kept
from ivr.core.commands import Command
from ivr.core.facts import Fact
from ivr.core.ids import CallId, LineId, VolunteerId
from ivr.core.state import Call, LineState, Volunteer
from tests.fakes.clock import VirtualClock

K = TypeVar("K")
V = TypeVar("V")

Numbers = tuple[int, ...]


class Killed(BaseException):
    """The process died here. No `except Exception` on the way may survive it."""


class DiskFull(OSError):
    """The entry could not be written; the process lives."""


class Crash(StrEnum):
    BEFORE = "before"
    """Died, and the entry is not on disk."""
    AFTER = "after"
    """Died when the entry was on disk, before anybody was told."""
    REFUSE = "refuse"
    """Not written, and the one who waits is told so by an exception."""


@dataclass(slots=True)
class Disk:
    """What is on the disk."""

    calls: dict[CallId, Call] = field(default_factory=dict)
    volunteers: dict[VolunteerId, Volunteer] = field(default_factory=dict)
    lines: dict[LineId, LineState] = field(default_factory=dict)
    commands: dict[int, Command] = field(default_factory=dict)
    facts: list[Fact] = field(default_factory=list)
    last_number: int = 0
    entries: int = 0

    def write(self, entry: Entry, ticked: set[int]) -> Numbers:
        _put(self.calls, entry.calls)
        _put(self.volunteers, entry.volunteers)
        _put(self.lines, entry.lines)
        self.facts.extend(entry.facts)
        for number in ticked:
            self.commands.pop(number, None)
        numbers = tuple(range(self.last_number + 1, self.last_number + 1 + len(entry.commands)))
        self.commands.update(zip(numbers, entry.commands, strict=True))
        self.last_number += len(numbers)
        self.entries += 1
        return numbers


class FakeJournal:
    """Satisfies `ivr.app.ports.Journal`. With a clock, an entry is on disk at once but told so `commit_s` later;
    `late`: it is on disk only then, so that a death in between costs it."""

    def __init__(
        self,
        disk: Disk | None = None,
        clock: VirtualClock | None = None,
        commit_s: float = 0.001,
        late: bool = False,
    ) -> None:
        self.disk = disk if disk is not None else Disk()
        self._clock = clock
        self._commit_s = commit_s
        self._late = late
        self._ticked: set[int] = set()
        self._crashes: dict[int, Crash] = {}
        self._given = 0
        self.dead = False

    def crash(self, at_entry: int, how: Crash) -> None:
        """Die (or refuse) at that entry, counted from 1 for this journal."""
        self._crashes[at_entry] = how

    def load(self) -> Kept:
        disk = self.disk
        return Kept(
            tuple(disk.calls.values()),
            tuple(disk.volunteers.values()),
            tuple(disk.lines.values()),
            tuple(sorted(disk.commands.items())),
        )

    def keep(self, entry: Entry) -> Awaitable[Numbers]:
        self._given += 1
        how = self._crashes.get(self._given)
        if self.dead or how is Crash.BEFORE:
            self.dead = True
            raise Killed
        if how is Crash.REFUSE:
            return _Told(None, DiskFull("the disk is full"))
        if self._late and self._clock is not None and how is None:
            return self._written_later(entry, self._clock)
        numbers = self._write(entry)
        if how is Crash.AFTER:
            self.dead = True
            raise Killed
        return _Told(numbers, None) if self._clock is None else self._told_later(numbers, self._clock)

    def tick(self, command: int) -> None:
        if not self.dead:
            self._ticked.add(command)

    def reload(self) -> FakeJournal:
        """The journal that the next process opens: what was kept is there, what was only ticked is not."""
        self.dead = True
        return FakeJournal(self.disk, self._clock, self._commit_s, self._late)

    def _write(self, entry: Entry) -> Numbers:
        ticked, self._ticked = self._ticked, set()
        return self.disk.write(entry, ticked)

    def _written_later(self, entry: Entry, clock: VirtualClock) -> Awaitable[Numbers]:
        future: asyncio.Future[Numbers] = asyncio.get_running_loop().create_future()

        def write() -> None:
            if not self.dead:
                numbers = self._write(entry)
                if not future.done():
                    future.set_result(numbers)

        clock.after(self._commit_s, write)
        return future

    def _told_later(self, numbers: Numbers, clock: VirtualClock) -> Awaitable[Numbers]:
        future: asyncio.Future[Numbers] = asyncio.get_running_loop().create_future()

        def tell() -> None:
            if not future.done() and not self.dead:
                future.set_result(numbers)

        clock.after(self._commit_s, tell)
        return future


@dataclass(frozen=True, slots=True)
class _Told:
    """An answer that is there at once, with or without a loop."""

    numbers: Numbers | None
    trouble: DiskFull | None

    def __await__(self) -> Generator[Any, None, Numbers]:
        yield from ()
        if self.trouble is not None or self.numbers is None:
            raise self.trouble or DiskFull("the disk is full")
        return self.numbers


def _put(table: dict[K, V], changed: Mapping[K, V | None]) -> None:
    for key, value in changed.items():
        if value is None:
            table.pop(key, None)
        else:
            table[key] = value
