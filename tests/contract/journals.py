"""The journals there are, behind one handle: opened, and opened again after a good or a bad end of the process."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, Protocol, TypeVar

from ivr.app.ports import Entry, Journal
from ivr.store.journal import SqliteJournal
from ivr.store.reader import Reader
from tests.fakes.journal import Disk, FakeJournal

T = TypeVar("T")


class JournalRig(Protocol):
    """One journal, in one process after the other. `run` gives it the loop that it needs."""

    journal: Journal

    def restart(self, cleanly: bool) -> None:
        """The process ends (not `cleanly`: dies without a word) and the next one opens the journal."""
        ...

    def facts(self) -> list[str]:
        """The names of all facts that were kept, in order, e.g. `call_started`."""
        ...

    def close(self) -> None: ...


def keep(rig: JournalRig, *entries: Entry) -> list[tuple[int, ...]]:
    """All given at once, none waiting for the one before; returns when all are on disk."""

    async def all_at_once() -> list[tuple[int, ...]]:
        waiting = [rig.journal.keep(entry) for entry in entries]
        return [await each for each in waiting]

    return _run(all_at_once())


def _run(main: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(main)


class InMemory:
    def __init__(self, _folder: Path) -> None:
        self._disk = Disk()
        self.journal: Journal = FakeJournal(self._disk)

    def restart(self, cleanly: bool) -> None:
        self.journal = FakeJournal(self._disk)

    def facts(self) -> list[str]:
        return [_snake(type(fact).__name__) for fact in self._disk.facts]

    def close(self) -> None:
        pass


class OnSqlite:
    def __init__(self, folder: Path) -> None:
        self._path = folder / "voiceline.db"
        self._open = SqliteJournal(self._path)
        self._left: list[SqliteJournal] = []
        self.journal: Journal = self._open

    def restart(self, cleanly: bool) -> None:
        if cleanly:
            self._open.close()
        else:
            self._left.append(self._open)  # its thread never gets to write again: nothing is given to it
        self._open = SqliteJournal(self._path)
        self.journal = self._open

    def facts(self) -> list[str]:
        reader = Reader(self._path)
        try:
            return [row.kind for row in reader.after(0, 10_000)]
        finally:
            reader.close()

    def close(self) -> None:
        for journal in (*self._left, self._open):
            journal.close()


def _snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("_")


KINDS: dict[str, Callable[[Path], JournalRig]] = {"memory": InMemory, "sqlite": OnSqlite}
