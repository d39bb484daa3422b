"""What is done to a running line while people talk on it, and what it took to be there again."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from tests.crash.heard import Hole
from tests.rigs.line import LiveLine, eventually

Blow = Callable[[LiveLine], Awaitable[float]]
"""Strikes, waits until the line is whole again, and returns how many seconds that took."""

FREEZE_S = 10.0
AFTERMATH_S = 1.0
"""So long after it is in control again is what a caller waits for still a consequence of the blow."""


@dataclass(slots=True)
class Struck:
    """What became of the line, blow by blow."""

    took_s: list[float] = field(default_factory=list)
    outages: list[Hole] = field(default_factory=list)
    """From each blow until a moment after the line was whole again (monotonic)."""


def ups(line: LiveLine) -> int:
    return line.said.read_text().count(" line_up")


async def started(line: LiveLine) -> float:
    """A controller is started; seconds until it is in control. One that is not says where it hangs
    (PYTHONFAULTHANDLER=1), and what it has said is shown."""
    before, began = ups(line), time.monotonic()
    starting = asyncio.create_task(asyncio.to_thread(line.start))
    try:
        await eventually(lambda: ups(line) > before or None, "the controller is in control again", 20.0)
    except AssertionError:
        if line.process is not None:
            line.process.send_signal(signal.SIGABRT)
            await asyncio.sleep(1.0)
        print(line.said.read_text()[-8000:], flush=True)
        raise
    took = time.monotonic() - began
    await starting
    return took


async def kill(line: LiveLine) -> float:
    """SIGKILL of the controller, started again at once, as systemd does."""
    await asyncio.to_thread(line.kill)
    return await started(line)


async def freeze(line: LiveLine) -> float:
    assert line.process is not None
    line.process.send_signal(signal.SIGSTOP)
    await asyncio.sleep(FREEZE_S)
    line.process.send_signal(signal.SIGCONT)
    began = time.monotonic()
    await eventually(lambda: line.status() or None, "the controller answers", 20.0)
    return time.monotonic() - began


async def upgrade(line: LiveLine) -> float:
    """A second `ivr up` on the same state directory takes over; the first ends by itself."""
    old = line.process
    took = await started(line)
    assert old is not None
    assert await asyncio.to_thread(old.wait, 20) == 0
    if old.stdout is not None:
        old.stdout.close()
    return took


async def kill_asterisk(line: LiveLine) -> float:
    """Every call ends; how soon can one be made again?"""
    pid = line.asterisk_pid()
    before, began = ups(line), time.monotonic()
    os.kill(pid, signal.SIGKILL)
    await eventually(lambda: ups(line) > before or None, "the controller has its Asterisk again", 30.0)
    took = time.monotonic() - began
    line.ready["asterisk"]["pid"] = await asyncio.to_thread(lambda: line.status()["asterisk"]["pid"])
    return took


async def repeat(blow: Blow, line: LiveLine, times: int, pause_s: tuple[float, float], seed: int) -> Struck:
    """Strike so many times, at random moments."""
    chance = random.Random(seed)
    struck = Struck()
    for number in range(times):
        await asyncio.sleep(chance.uniform(*pause_s))
        began = time.monotonic()
        struck.took_s.append(await blow(line))
        struck.outages.append(Hole(began, time.monotonic() + AFTERMATH_S))
        if number % 10 == 9:
            print(f"  {number + 1} of {times}", flush=True)
    return struck
