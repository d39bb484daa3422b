"""Looks after Asterisk: starts it again when it has died, ends it when it hangs, and writes its last resort anew
whenever what it must know without us has changed (hours, overrides, hand-overs, who is on duty).

Rules: an Asterisk that answers at its console is never ended, whatever else does not work: it serves callers; nothing
here is done by a controller that is about to stop.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import NoReturn

from ivr.core.facts import (
    Fact,
    OverrideChanged,
    ServiceChanged,
    VolunteerBack,
    VolunteerCameOnDuty,
    VolunteerJoinedHouse,
    VolunteerLeftHouse,
    VolunteerNotAnswering,
    VolunteerNotHeard,
    VolunteerRefusing,
    VolunteerTookBreak,
    VolunteerTookPause,
    VolunteerWentOffDuty,
)
from sip.asterisk import process
from sip.asterisk.console import ConsoleSilent, ask
from sip.asterisk.settings import Places
from sip.trouble import SipTrouble

log = logging.getLogger("voiceline")

TELLING = (
    OverrideChanged,
    ServiceChanged,
    VolunteerBack,
    VolunteerCameOnDuty,
    VolunteerJoinedHouse,
    VolunteerLeftHouse,
    VolunteerNotAnswering,
    VolunteerNotHeard,
    VolunteerRefusing,
    VolunteerTookBreak,
    VolunteerTookPause,
    VolunteerWentOffDuty,
)
"""After these the last resort's files say something that is no longer so."""
TOGETHER_S = 0.1
"""Changes that come together are written together."""
HUNG_S = 10.0
"""Away for so long and mute at its console as well: it hangs."""
LOOK_S = 1.0
MUTE_S = 2.0


class Keeper:
    """`start` blocks; `renew` writes what has changed; `there`: whether Asterisk can be asked; `may`: whether we still
    decide here."""

    def __init__(
        self,
        places: Places,
        start: Callable[[], object],
        renew: Callable[[], Awaitable[None]],
        alarm: Callable[[str], None],
        there: Callable[[], bool],
        may: Callable[[], bool],
    ) -> None:
        self._places, self._start, self._renew, self._alarm = places, start, renew, alarm
        self._there, self._may = there, may
        self._changed = asyncio.Event()

    def heard(self, facts: tuple[Fact, ...]) -> None:
        if any(isinstance(fact, TELLING) for fact in facts):
            self._changed.set()

    def tell(self) -> None:
        """Asterisk may have been told by somebody before us, or by nobody."""
        self._changed.set()

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self._restart(), name="Asterisk's life")
            group.create_task(self._end_hung(), name="Asterisk's answers")
            group.create_task(self._write(), name="last resort")

    async def _write(self) -> NoReturn:
        while True:
            await self._changed.wait()
            await asyncio.sleep(TOGETHER_S)
            self._changed.clear()
            try:
                await self._renew()
            except SipTrouble:
                log.warning("the last resort could not be told of a change", extra={"keys": {}})
                self._alarm("last_resort_outdated")
                await asyncio.sleep(LOOK_S)

    async def _restart(self) -> NoReturn:
        while True:
            pid = await asyncio.to_thread(process.find_running, self._places)
            if pid is not None:
                await gone(pid)
            if not self._may():
                await asyncio.sleep(LOOK_S)
                continue
            log.error("Asterisk has died and is started again", extra={"keys": {}})
            self._alarm("asterisk_died")
            try:
                await asyncio.to_thread(self._start)
            except SipTrouble:
                self._alarm("asterisk_not_started")
                await asyncio.sleep(LOOK_S)

    async def _end_hung(self) -> NoReturn:
        away_s = 0.0
        while True:
            await asyncio.sleep(LOOK_S)
            away_s = 0.0 if self._there() or not self._may() else away_s + LOOK_S
            if away_s < HUNG_S:
                continue
            away_s = 0.0
            pid = await asyncio.to_thread(process.find_running, self._places)
            if pid is not None and await asyncio.to_thread(self._is_mute):
                log.error("Asterisk hangs and is ended", extra={"keys": {}})
                self._alarm("asterisk_hung")
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

    def _is_mute(self) -> bool:
        try:
            ask(self._places.console, "core show uptime", MUTE_S)
        except ConsoleSilent:
            return True
        return False


async def gone(pid: int) -> None:
    """Returns when this process has ended, whoever its parent is."""
    try:
        watched = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    loop, over = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(watched, over.set)
    try:
        await over.wait()
    finally:
        loop.remove_reader(watched)
        os.close(watched)
