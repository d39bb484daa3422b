"""Facts as CloudEvents 1.0 (https://github.com/cloudevents/spec): asked for by number, or followed as they come.

Rules: the number in the log is the event's id; nothing is left out and nothing comes twice for a reader who gives the
last id they have dealt with.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Final, Protocol, TypedDict

BATCH: Final = 500
"""How many facts are read in one go."""


class Row(Protocol):
    """One fact as the store gives it; `at` is UTC as text, `data` the fact's fields as JSON."""

    @property
    def seq(self) -> int: ...
    @property
    def at(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def call(self) -> str | None: ...
    @property
    def line(self) -> str | None: ...
    @property
    def volunteer(self) -> str | None: ...
    @property
    def data(self) -> Mapping[str, object]: ...


class Log(Protocol):
    """The facts, as the store shows them to readers in any thread."""

    @property
    def installation(self) -> str: ...
    def after(self, seq: int, limit: int) -> Sequence[Row]: ...
    def last(self) -> int: ...
    def version(self) -> int:
        """Changes when anything was written."""
        ...


class Event(TypedDict, total=False):
    """Without `subject` when the fact is about the whole house."""

    specversion: str
    id: str
    source: str
    type: str
    time: str
    subject: str
    datacontenttype: str
    data: Mapping[str, object]


class Feed:
    """`poll_s`: how often the log is looked at in case another process wrote, or nobody rang the bell."""

    def __init__(self, log: Log, poll_s: float = 0.2) -> None:
        self._log = log
        self._poll_s = poll_s
        self._source: str | None = None
        self._bells: set[asyncio.Event] = set()

    def after(self, seq: int, limit: int) -> list[Event]:
        """Events with an id above `seq`, oldest first, at most `limit`. Reads the disk: not for the event loop."""
        return [self.event(row) for row in self._log.after(seq, limit)]

    def last(self) -> int:
        """The newest id; 0 when nothing has happened yet. Reads the disk."""
        return self._log.last()

    def ring(self) -> None:
        """New facts are on disk: whoever follows in this event loop looks at once."""
        for bell in self._bells:
            bell.set()

    async def follow(self, seq: int) -> AsyncGenerator[list[Event], None]:
        """Everything after `seq`, for ever: each time one or more events, oldest first."""
        bell = asyncio.Event()
        self._bells.add(bell)
        try:
            while True:
                bell.clear()
                seen = await asyncio.to_thread(self._log.version)  # before reading: what comes meanwhile is news
                rows = await asyncio.to_thread(self._log.after, seq, BATCH)
                if rows:
                    seq = rows[-1].seq
                    yield [self.event(row) for row in rows]
                else:
                    await self._wait(bell, seen)
        finally:
            self._bells.discard(bell)

    def event(self, row: Row) -> Event:
        if self._source is None:
            self._source = f"/voiceline/{self._log.installation}"
        event = Event(
            specversion="1.0",
            id=str(row.seq),
            source=self._source,
            type=f"voiceline.{row.kind}",
            time=row.at,
            datacontenttype="application/json",
            data=row.data,
        )
        if subject := row.call or row.line or row.volunteer:
            event["subject"] = subject
        return event

    async def _wait(self, bell: asyncio.Event, seen: int) -> None:
        while True:
            try:
                async with asyncio.timeout(self._poll_s):  # not wait_for, which may take a bell for a cancellation
                    await bell.wait()
            except TimeoutError:
                if await asyncio.to_thread(self._log.version) == seen:
                    continue
            return
