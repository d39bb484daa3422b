"""What anybody at this machine may see without a token: counts and opening; no name, no call, nothing typed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Because(StrEnum):
    """Why a line is open or closed now."""

    HOURS = "hours"
    OVERRIDE = "override"
    HANDOVER = "handover"


@dataclass(frozen=True, slots=True)
class LineBoard:
    """`number` and `name` are the line's own, as published. `changes_at`: when this ends by itself (aware UTC)."""

    line: str
    name: str
    number: str
    open: bool
    service: str | None
    because: Because
    changes_at: datetime | None
    waiting: int
    talking: int
    volunteers_reachable: int


@dataclass(frozen=True, slots=True)
class Board:
    """`ready`: a call now would be served. `sip`: where calls are taken, e.g. `127.0.0.1:5060`."""

    ready: bool
    now: datetime
    sip: str
    lines: tuple[LineBoard, ...]


def as_json(board: Board) -> dict[str, object]:
    return {
        "ready": board.ready,
        "now": _iso(board.now),
        "sip": board.sip,
        "lines": [
            {
                "line": line.line,
                "name": line.name,
                "number": line.number,
                "open": line.open,
                "service": line.service,
                "because": line.because.value,
                "changes_at": None if line.changes_at is None else _iso(line.changes_at),
                "waiting": line.waiting,
                "talking": line.talking,
                "volunteers_reachable": line.volunteers_reachable,
            }
            for line in board.lines
        ],
    }


def _iso(at: datetime) -> str:
    return at.isoformat(timespec="seconds").replace("+00:00", "Z")
