"""One controller on a state directory: a file lock, and a word to the one before.

The lock keeps two honest controllers apart. That a frozen one never decides again is a matter for the lease (its own
room, later): a lock held by a frozen process is not freed.
"""

from __future__ import annotations

import fcntl
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from ivr.app import control
from ivr.cli.common import Trouble

FILE = "controller.lock"
YIELD_S = 5.0
"""How long the one before may take to let go when asked; then it is ended."""


@contextmanager
def only_one(state: Path) -> Iterator[None]:
    """Hold the state directory for a moment. Raises `Trouble` when somebody else has it."""
    held = _open(state)
    try:
        if not _try(held):
            raise Trouble(f"another command is at work on {state}: try again in a moment.")
        yield
    finally:
        held.close()


def take_over(state: Path) -> IO[str]:
    """Hold the state directory until the returned file is closed; a controller that has it is asked to let go.

    Calls do not notice: Asterisk goes on, and what is remembered is on disk. Raises `Trouble`.
    """
    held = _open(state)
    deadline = time.monotonic() + YIELD_S
    asked = False
    while not _try(held):
        if not asked:
            asked = True
            with suppress(control.NobodyThere, control.Refused):
                control.ask(state, "yield")
        if time.monotonic() > deadline:
            _end(held, state)
            deadline = time.monotonic() + YIELD_S
        time.sleep(0.01)
    held.seek(0)
    held.truncate()
    held.write(str(os.getpid()))
    held.flush()
    return held


def holder(state: Path) -> int | None:
    """The process id of the controller that runs on this state directory; None: none does."""
    try:
        held = (state / FILE).open("r+", encoding="ascii")
    except OSError:
        return None
    with held:
        if _try(held):
            return None
        return _pid(held)


def _open(state: Path) -> IO[str]:
    descriptor = os.open(state / FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    return os.fdopen(descriptor, "r+", encoding="ascii")


def _try(held: IO[str]) -> bool:
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _pid(held: IO[str]) -> int | None:
    held.seek(0)
    text = held.read().strip()
    return int(text) if text.isdecimal() else None


def _end(held: IO[str], state: Path) -> None:
    """It does not answer: a frozen process is continued into its end."""
    pid = _pid(held)
    if pid is None:
        raise Trouble(f"something holds {state / FILE} and does not let go: end it (fuser {state / FILE} names it).")
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    except PermissionError:
        raise Trouble(f"the controller (process {pid}) belongs to another user: stop it as that user.") from None
