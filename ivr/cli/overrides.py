"""Which lines are open or closed by hand: asked of the running controller, else read where it was written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from ivr.app import control
from ivr.cli.kept import kept
from ivr.core.ids import LineId
from ivr.core.state import LineState, Override


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
        written = {line.id: line.override for line in kept(state, LineState) if line.override is not None}
        return ByHand(written, datetime.now(UTC))
    found = told.get("overrides")
    assert isinstance(found, dict)
    read = {
        LineId(line): Override(
            row["open"], datetime.fromisoformat(row["until"]) if row["until"] else None, row["reason"]
        )
        for line, row in found.items()
    }
    return ByHand(read, datetime.fromisoformat(str(told["now"])))
