"""Which process somebody is, in a text that can be kept: so that a successor can tell whether they still live."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

ENDED = frozenset("ZX")
"""States of a process that will never run again (proc(5))."""


@dataclass(frozen=True, slots=True)
class Process:
    """`world` is the machine's boot and its process numbers; `started` in clock ticks since that boot.

    A number is used again by another process one day; number and start together are not.
    """

    world: str
    pid: int
    started: str

    def __str__(self) -> str:
        return f"{self.world}/{self.pid}/{self.started}"

    def lives(self) -> bool | None:
        """None: it is, or was, in a world that cannot be seen from here (another container, before a restart)."""
        if self.world != _world():
            return None
        return _started(self.pid) == self.started

    def end(self) -> bool:
        """kill -9, frozen or not. False when that is not ours to do."""
        if self.lives():
            with suppress(ProcessLookupError):
                try:
                    os.kill(self.pid, signal.SIGKILL)
                except PermissionError:
                    return False
        return self.lives() is not None


def myself() -> Process:
    return Process(_world(), os.getpid(), _started(os.getpid()) or "")


def of(pid: int) -> Process | None:
    """A process that runs now."""
    started = _started(pid)
    return None if started is None else Process(_world(), pid, started)


def read(text: str) -> Process | None:
    """None for a text that is not one of ours."""
    parts = text.rsplit("/", 2)
    if len(parts) != 3 or not parts[1].isdecimal():
        return None
    return Process(parts[0], int(parts[1]), parts[2])


def _world() -> str:
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        world = f"{boot}/{os.stat('/proc/self/ns/pid').st_ino}"
        return sha256(world.encode()).hexdigest()  # a hash, because nothing in the database looks like a number
    except OSError:
        return "unknown"


def _started(pid: int) -> str | None:
    """None when there is no such process, or only what is left of one that has ended."""
    try:
        told = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    fields = told.rpartition(")")[2].split()  # the name in front may hold spaces
    return None if fields[0] in ENDED else sha256(fields[19].encode()).hexdigest()
