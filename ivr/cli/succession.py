"""One controller after the other on a state directory: asked to let go, waited for, or ended when it is mute.

The lease in the log says who decides (`ivr.store.lease`); here it is only made short. Calls do not notice: Asterisk
goes on, and what is remembered is on disk.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

from ivr.app import control
from ivr.cli.common import Trouble
from ivr.store import process
from ivr.store.database import NAME
from ivr.store.journal import SqliteJournal
from ivr.store.lease import Holder, look
from ivr.store.process import Process
from ivr.store.trouble import StoreTrouble

ANSWER_S: Final = 1.0
"""Who does not even answer within this is frozen."""
YIELD_S: Final = 8.0
"""How long the one before may take to let go when it has said that it will."""
LOOK_S: Final = 0.01


def ask_to_yield(state: Path) -> None:
    """The controller that decides here, if any, lets go; waits until it has, or until it is clear that it will not."""
    holder = _holder(state)
    if holder is not None and holder.gone:
        return
    try:
        control.ask_within(ANSWER_S, state, "yield")
    except control.NobodyThere:
        if holder is None:
            return
    except control.Refused:
        return  # mute
    deadline = time.monotonic() + YIELD_S
    while holder is not None and not holder.gone and time.monotonic() < deadline:
        time.sleep(LOOK_S)
        holder = _holder(state)


async def be_alone(journal: SqliteJournal, state: Path) -> bool:
    """Our lease is taken: from here on nobody else commands anything.

    Who had it before and still lives is ended, since it can only hold ports and locks; who cannot be ended from here is
    outwaited, and then this is True.
    """
    before = journal.lease.before or _holder(state)
    if before is not None and not before.gone and before.process is not None:
        before.process.end()
    outwaited = False
    while (left_s := journal.lease.waits_for_s()) > 0:
        await asyncio.sleep(min(LOOK_S, left_s))
        outwaited = left_s <= LOOK_S
    return outwaited


def refuse_if_held(state: Path) -> None:
    """Raises `Trouble` when somebody else decides here at this moment."""
    holder = _holder(state)
    if holder is not None and not holder.gone:
        raise Trouble(f"another command or controller is at work on {state}: try again in a moment.")


def controller(state: Path) -> Process | None:
    """The process that decides on this state directory; None: none does."""
    holder = _holder(state)
    if holder is not None and holder.process is not None and not holder.gone:
        return holder.process
    with suppress(control.NobodyThere, control.Refused):  # one that could not write its lease
        told = control.ask_within(ANSWER_S, state, "status")
        return process.of(int(str(told["pid"])))
    return None


def _holder(state: Path) -> Holder | None:
    try:
        return look(state / NAME)
    except StoreTrouble:
        return None
