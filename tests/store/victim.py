"""A process that writes as fast as it can, prints what was acknowledged, and is killed by `test_kill`."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from ivr.store.journal import SqliteJournal
from tests.store.entries import entry

SIDE_BY_SIDE = 8
APART = 1_000_000


async def write_for_ever(journal: SqliteJournal, lane: int) -> None:
    number = lane * APART
    while True:
        number += 1
        first, second = await journal.keep(entry(number))
        journal.tick(first)
        sys.stdout.write(f"{number} {second}\n")
        sys.stdout.flush()


async def main(path: Path) -> None:
    journal = SqliteJournal(path)
    await asyncio.gather(*(write_for_ever(journal, lane) for lane in range(SIDE_BY_SIDE)))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
