"""What a phone may not leave behind."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

SETTLED_S = 3.0


def run(story: Callable[[], Awaitable[None]]) -> None:
    """A story in a loop of its own, that must leave nothing."""

    async def told() -> None:
        async with nothing_left():
            await story()

    asyncio.run(told())


@asynccontextmanager
async def nothing_left() -> AsyncIterator[None]:
    """No socket, file, process, thread or task more than before, as soon as the loop has come round. What an earlier
    test left may go meanwhile."""
    before = _now()
    yield
    deadline = time.monotonic() + SETTLED_S
    while (left := _now() - before) and time.monotonic() < deadline:
        await asyncio.sleep(0.01)  # a closed socket is given back at the loop's next turn
    assert not left, left


def _now() -> Counter[object]:
    """What there is: open files and sockets by what they lead to, children, threads and tasks."""
    files = Path("/proc/self/fd")
    targets = [_target(files / name) for name in os.listdir(files)]
    there = Counter[object](one for one in targets if one and "/proc/" not in one)
    there.update(f"process {child}" for child in _children())
    there.update(thread for thread in threading.enumerate() if not thread.name.startswith(("asyncio_", "waitpid")))
    there.update(asyncio.all_tasks() - {asyncio.current_task()})
    return there


def _target(link: Path) -> str:
    try:
        return str(link.readlink())
    except OSError:
        return ""


def _children() -> list[str]:
    return Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
