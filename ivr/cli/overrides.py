"""Which lines are open or closed by hand: asked of the running controller, else read where it was written."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from ivr.app import control
from ivr.core.ids import LineId
from ivr.core.state import LineState, Override
from ivr.store.codec import UnreadableError, load
from ivr.store.database import NAME
from ivr.store.kinds import lift


@dataclass(frozen=True, slots=True)
class ByHand:
    """`now`: the line's time, aware UTC."""

    of: Mapping[LineId, Override]
    now: datetime


def overrides(state: Path) -> ByHand:
    """Never fails: who asks about hours wants them also when the log is away."""
    try:
        told = control.ask(state, "overrides")
    except (control.NobodyThere, control.Refused, OSError):
        return ByHand(_written(state), datetime.now(UTC))
    found = told.get("overrides")
    assert isinstance(found, dict)
    read = {
        LineId(line): Override(
            row["open"], datetime.fromisoformat(row["until"]) if row["until"] else None, row["reason"]
        )
        for line, row in found.items()
    }
    return ByHand(read, datetime.fromisoformat(str(told["now"])))


def _written(state: Path) -> Mapping[LineId, Override]:
    """Straight from the file, without a lock: nobody writes it, since nobody runs."""
    path = state / NAME
    found: dict[LineId, Override] = {}
    with suppress(sqlite3.Error, OSError):
        if path.is_file():
            with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as database:
                for version, body in database.execute("SELECT version, body FROM state WHERE kind = 'line'"):
                    with suppress(UnreadableError):
                        line = load(LineState, lift("line", version, body))
                        if line.override is not None:
                            found[line.id] = line.override
    return found
