"""What the last start worked out, so that the next one is in control sooner: the plan in force and its hours.

Good for as long as nothing has changed that it was made from: the callflows, the versions, our own code, the day. The
file is sealed with this installation's key, since reading it means to trust it.
"""

from __future__ import annotations

import hashlib
import hmac
import pickle
import sys
from collections.abc import Iterator
from contextlib import suppress
from datetime import date
from pathlib import Path

from ivr.cli.common import HOME
from ivr.core.flow import Plan
from ivr.core.hours import Timetable
from ivr.core.ids import LineId
from sip.private import write_privately

FILE = "start.cache"
SEAL = 32
CODE = ("ivr/core", "ivr/callflow", "ivr/source", "ivr/cli")
FILES = ("*.yaml", "*/*.yaml", "*/*.wav", "*/*/*.wav", "*/*/*.txt", "*/*/*.json")

Kept = tuple[Plan, dict[LineId, Timetable]]


def stamp(callflows: Path, state: Path, today: date) -> bytes:
    """Names, sizes and times of everything that a plan and its hours are made from."""
    seen = hashlib.sha256(f"{sys.version} {today} {callflows}".encode())
    for path in made_from(callflows, state):
        with suppress(OSError):
            what = path.stat()
            seen.update(f"{path} {what.st_size} {what.st_mtime_ns} {what.st_ino}\n".encode())
    return seen.digest()


def made_from(callflows: Path, state: Path) -> Iterator[Path]:
    yield state / "versions" / "log.jsonl"
    for pattern in FILES:
        yield from sorted(callflows.glob(pattern))
    for folder in CODE:
        yield from sorted((HOME / folder).glob("*.py"))


def recall(state: Path, key: bytes, wanted: bytes) -> Kept | None:
    """What was kept under this stamp; None: nothing that can be used."""
    try:
        sealed = (state / FILE).read_bytes()
    except OSError:
        return None
    seal, body = sealed[:SEAL], sealed[SEAL:]
    if not hmac.compare_digest(seal, hmac.digest(key, body, "sha256")) or body[:SEAL] != wanted:
        return None
    try:
        kept: Kept = pickle.loads(body[SEAL:])  # noqa: S301 - sealed by us, in a file only we may write
    except Exception:  # of another version of Python or of ours
        return None
    return kept


def keep(state: Path, key: bytes, wanted: bytes, kept: Kept) -> None:
    body = wanted + pickle.dumps(kept, pickle.HIGHEST_PROTOCOL)
    with suppress(OSError):  # the next start is slower, that is all
        write_privately(state / FILE, hmac.digest(key, body, "sha256") + body)
