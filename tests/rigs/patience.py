"""A test that hangs fails, says where it stands, and holds up nobody else.

A library's time-out would show the event loop waiting in `select` and nothing of who waits for what in it; that is
what one needs to know of most of ours, so this one tells every task, thread and child process.
"""

from __future__ import annotations

import asyncio
import io
import signal
import subprocess
import sys
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import pytest

PATIENCE_S = 180.0
"""For each of a test's three parts (before, itself, after), in real seconds; those marked `trouble` have twice that."""


@contextmanager
def patience(what: str, seconds: float) -> Iterator[None]:
    """Whatever the main thread does in here fails after so long. Not to be nested."""

    def over(_signal: int, _frame: FrameType | None) -> None:
        pytest.fail(f"{what} hangs: not over within {seconds:g} s\n{_standing()}", pytrace=False)

    before = signal.signal(signal.SIGALRM, over)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _standing() -> str:
    """Where everything of this process stands, to be read by a person."""
    said = io.StringIO()
    try:
        for task in asyncio.all_tasks():
            task.print_stack(file=said)
    except RuntimeError:
        said.write("no event loop runs in the main thread\n")
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    for ident, frame in sys._current_frames().items():
        said.write(f"thread {names.get(ident, ident)}:\n")
        said.writelines(traceback.format_stack(frame)[-12:])
    children = ["ps", "-o", "pid,stat,etimes,args", "--ppid", str(threading.get_native_id())]
    said.write(subprocess.run(children, capture_output=True, text=True, timeout=5, check=False).stdout)
    return said.getvalue()
