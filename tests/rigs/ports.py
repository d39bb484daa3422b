"""Ports for one test, so that several runs (and several checkouts) can go on side by side."""

from __future__ import annotations

import atexit
import fcntl
import functools
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

FIRST, LAST = 5_600, 32_200
"""Above most well-known ones (a range somebody holds is passed over), below those the system gives out by itself."""
WIDTH = 2_200
"""Ports that `--port-base` takes."""
PATIENCE_S = 120.0


@contextmanager
def free_base() -> Iterator[int]:
    """The first of `WIDTH` ports that nobody else who asks here has meanwhile; a claim never outlives its process."""
    deadline = time.monotonic() + PATIENCE_S
    shelf = Path(tempfile.gettempdir())
    while True:
        for base in range(FIRST, LAST - WIDTH + 1, WIDTH):
            try:
                claim = (shelf / f"voiceline-test-ports-{base}").open("w")
            except PermissionError:  # another user's claims
                continue
            with claim:
                try:
                    fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    continue
                if _free(base):
                    yield base
                    return
        assert time.monotonic() < deadline, f"no free ports between {FIRST} and {LAST}"
        time.sleep(0.2)


_for_ever = ExitStack()
atexit.register(_for_ever.close)


@functools.cache
def shared_base() -> int:
    """One claim for everything that runs one after another in this process."""
    return _for_ever.enter_context(free_base())


def _free(base: int) -> bool:
    for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
        for port in range(base, base + 5):
            with socket.socket(socket.AF_INET, kind) as probe:
                if kind == socket.SOCK_STREAM:
                    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind(("127.0.0.1", port))
                except OSError:
                    return False
    return True
