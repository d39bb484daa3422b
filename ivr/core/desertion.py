"""Callers who wait on a line while nobody is on duty for them any more: until when.

Rules: a line that is deserted for a moment (a phone that registers anew) drops nobody; how long that may last is the
queue's own (`nobody_left_s`), and without it they wait on.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from ivr.core.decision import after
from ivr.core.draft import Draft
from ivr.core.flow import Enqueue
from ivr.core.state import Call, House, LineState, Waiting


def deserted(house: House | Draft, line: LineState) -> Iterator[tuple[datetime, Call, Enqueue]]:
    """Everybody who will not be kept waiting for nobody, and from when on (aware UTC)."""
    if line.unattended_at is None:
        return
    for waits in line.queue:
        call = house.calls[waits]
        plan = house.older.get(call.version, house.plan)
        flow = plan.lines[call.line].flow if call.line in plan.lines else house.plan.lines[call.line].flow
        step = flow.steps.get(call.phase.step) if isinstance(call.phase, Waiting) else None
        if isinstance(step, Enqueue) and step.nobody_left_s is not None:
            yield after(line.unattended_at, step.nobody_left_s), call, step


def due(house: House, line: LineState) -> datetime | None:
    return min((moment for moment, _call, _step in deserted(house, line)), default=None)
