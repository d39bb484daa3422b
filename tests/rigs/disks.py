"""Disks in trouble, as a running controller meets them. Each begins when entered and is over when left."""

from __future__ import annotations

import os
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

from tests.rigs.line import LiveLine

SMALL = "size=192m"
Trouble = Callable[[LiveLine], AbstractContextManager[None]]


@contextmanager
def small_disk(at: Path) -> Iterator[None]:
    """A disk of its own that can be filled up; needs rights that not everybody has (see `PRIVILEGED`)."""
    at.mkdir(parents=True)
    if not PRIVILEGED:
        yield
        return
    subprocess.run(["mount", "-t", "tmpfs", "-o", SMALL, "tmpfs", str(at)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(at)], check=True)


@contextmanager
def full(line: LiveLine) -> Iterator[None]:
    """Not a byte is left on the disk of the state directory."""
    assert os.path.ismount(line.state)
    ballast = line.state / "ballast"
    with ballast.open("wb", buffering=0) as file:
        for size in (2**20, 4096, 1):
            with suppress(OSError):
                while True:
                    file.write(b"\0" * size)
    try:
        yield
    finally:
        ballast.unlink()


@contextmanager
def locked(line: LiveLine) -> Iterator[None]:
    """Another program holds the database and does not let go."""
    con = sqlite3.connect(line.state / "voiceline.db", isolation_level=None, timeout=10)
    con.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        con.execute("ROLLBACK")
        con.close()


@contextmanager
def read_only(line: LiveLine) -> Iterator[None]:
    """The database's files cannot be changed any more, by nobody, open or not."""
    files = [str(line.state / f"voiceline.db{side}") for side in ("", "-wal")]
    subprocess.run(["chattr", "+i", *files], check=True)
    try:
        yield
    finally:
        subprocess.run(["chattr", "-i", *files], check=True)


@contextmanager
def noise(line: LiveLine) -> Iterator[None]:
    """Somebody, or a dying disk, wrote noise over the database."""
    checkpoint(line)
    with (line.state / "voiceline.db").open("r+b") as file:
        file.write(b"noise" * 20_000)
    yield


@contextmanager
def deleted(line: LiveLine) -> Iterator[None]:
    for side in ("", "-wal", "-shm"):
        (line.state / f"voiceline.db{side}").unlink(missing_ok=True)
    yield


def checkpoint(line: LiveLine) -> None:
    """Everything is in the file, and nothing in the log beside it from which it could be made whole."""
    con = sqlite3.connect(line.state / "voiceline.db", timeout=10)
    con.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    con.close()


def _may_do_as_root() -> bool:
    """Whether disks can be mounted and files made immutable here."""
    if os.geteuid() != 0:
        return False
    words = ["unshare", "--mount", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]
    try:
        return subprocess.run(words, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


PRIVILEGED = _may_do_as_root()
PASSING: dict[str, Trouble] = {"locked": locked, **({"read-only": read_only} if PRIVILEGED else {})}
DAMAGE: dict[str, Trouble] = {"noise": noise, "deleted": deleted}
