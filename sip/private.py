"""Small JSON files that only their owner may read: text to text, written whole or not at all."""

from __future__ import annotations

import fcntl
import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from sip.trouble import SipTrouble


def read_private(path: Path) -> dict[str, str]:
    """What the file says, empty when there is none; raises `SipTrouble` when it cannot be read or is broken.

    A file that others may read (copied about, restored from a backup) is closed to them again.
    """
    try:
        text = path.read_text(encoding="utf-8")
        if path.stat().st_mode & 0o077:
            path.chmod(0o600)
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError):
        raise SipTrouble(f"{path} cannot be read: it must belong to the user who runs this.") from None
    try:
        told: object = json.loads(text)
    except ValueError:
        told = None
    if not isinstance(told, dict) or not all(isinstance(value, str) for value in told.values()):
        raise SipTrouble(f"{path} is broken: put a backup of it back, or remove it and new secrets are made.")
    return {str(name): value for name, value in told.items()}


def write_private(path: Path, content: Mapping[str, str]) -> None:
    """Replaces the file in one step; it is never there half written, and never readable by others."""
    write_privately(path, json.dumps(dict(sorted(content.items())), indent=2).encode() + b"\n")


def write_privately(path: Path, content: bytes) -> None:
    """The same for any content; raises `SipTrouble` when the place cannot be written."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, partial = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # 0600 from the first moment
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            Path(partial).replace(path)
        except BaseException:
            Path(partial).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise SipTrouble(
            f"{path} cannot be written ({error.strerror}): is there room, and may you write there?"
        ) from None


@contextmanager
def alone_with(path: Path) -> Iterator[None]:
    """Nobody else changes the file meanwhile (of those who ask like this)."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.with_name(f".{path.name}.lock").open("w") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            yield
    except OSError as error:
        raise SipTrouble(
            f"{path.parent} cannot be written ({error.strerror}): name another place with --state."
        ) from None
