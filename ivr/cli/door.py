"""The front's life: opened before the first call, started again when it has died or hangs, closed at the end.

Rules: it outlives us as Asterisk does, and is never ended while it answers, but for another configuration.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import click

from ivr.cli.keeper import gone
from sip.asterisk.settings import Settings
from sip.front import counts, process
from sip.front.counts import Tally
from sip.front.install import Kamailio, install
from sip.front.render import is_written, keep_key, rendered
from sip.front.settings import FrontPlaces, FrontSettings, front_settings
from sip.trouble import SipTrouble

log = logging.getLogger("voiceline")
FOLDER = "front"
LOOK_S = 1.0
MUTE_S = 1.0
SHOWN_S = 600.0
"""For so long after the last refused call that is something wrong, and a new one is no new alarm."""
HUNG = 5
"""So many questions in a row without an answer, one a second: it hangs."""
DIRECT = (
    "calls and phones reach Asterisk without a front: requests that it does not know stay unanswered, whoever knows a "
    "call's names can end it from anywhere, numbers must be dialled as they are written, and the carrier's name for a "
    "call is in Asterisk's memory while it lasts"
)


def get_front(state: Path) -> Kamailio:
    """Found or fetched. Raises `SipTrouble`."""
    return install(state / FOLDER, lambda line: click.echo(f"ivr: {line}", err=True))


def close_door(state: Path) -> bool:
    """Whether there was a front to end. Raises `SipTrouble`."""
    return process.stop(FrontPlaces(state / FOLDER))


class Door:
    """`settings`: what Asterisk is made from at present; `may`: whether we still decide here."""

    def __init__(
        self,
        state: Path,
        kamailio: Kamailio | None,
        settings: Callable[[], Settings],
        alarm: Callable[[str], None],
        may: Callable[[], bool],
    ) -> None:
        self._kamailio, self._asked, self._alarm, self._may = kamailio, settings, alarm, may
        self._places = FrontPlaces(state / FOLDER)
        self._settings: FrontSettings | None = None
        self._mute = 0
        self._refused = Tally()
        self._refused_at = -SHOWN_S

    def _made(self) -> FrontSettings:
        return front_settings(self._asked(), self._places, keep_key(self._places))

    def is_free(self) -> None:
        """Raises `SipTrouble` that names a port which somebody else holds."""
        if self._kamailio is not None and process.find_running(self._places) is None:
            process.check_ports(self._made())

    def open(self) -> None:
        """What runs as it should goes on. Blocks; raises `SipTrouble`."""
        if self._kamailio is None:
            process.stop(self._places)  # of a start with another configuration
            return
        self._settings = settings = self._made()
        there = process.find_running(self._places) is not None
        if there and is_written(settings, rendered(settings)) and process.answers(settings):
            return
        process.start(self._kamailio, settings)

    def close(self) -> None:
        if self._kamailio is not None:
            process.stop(self._places)

    def renew_certificate(self) -> None:
        """Blocks. A start of it takes a tenth of a second, in which a phone asks twice."""
        if self._kamailio is not None and self._settings is not None:
            process.start(self._kamailio, self._settings)

    # ------------------------------------------------------------ its life

    async def run(self) -> None:
        if self._kamailio is None or self._settings is None:
            return
        async with asyncio.TaskGroup() as group:
            group.create_task(self._restart(self._kamailio, self._settings), name="the front's life")
            group.create_task(self._end_hung(self._settings), name="the front's answers")

    async def _restart(self, kamailio: Kamailio, settings: FrontSettings) -> None:
        while True:
            pid = await asyncio.to_thread(process.find_running, self._places)
            if pid is not None:
                await gone(pid)
            if not self._may():
                await asyncio.sleep(LOOK_S)
                continue
            if await asyncio.to_thread(process.find_running, self._places) not in (None, pid):
                continue  # we started it anew ourselves
            log.error("the front has died and is started again", extra={"keys": {}})
            self._alarm("front_died")
            try:
                await asyncio.to_thread(process.start, kamailio, settings)
            except SipTrouble:
                self._alarm("front_not_started")
                await asyncio.sleep(LOOK_S)

    async def _end_hung(self, settings: FrontSettings) -> None:
        while True:
            await asyncio.sleep(LOOK_S)
            answers = await asyncio.to_thread(process.answers, settings, MUTE_S)
            self._mute = 0 if answers or not self._may() else self._mute + 1
            await self._count()
            if self._mute < HUNG:
                continue
            self._mute = 0
            pid = await asyncio.to_thread(process.find_running, self._places)
            if pid is not None:
                log.error("the front hangs and is ended", extra={"keys": {}})
                self._alarm("front_hung")
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

    async def _count(self) -> None:
        """Calls of carriers that were not taken: an alarm when that begins."""
        counted = await asyncio.to_thread(counts.ask, self._places)
        if counted is None or not self._refused.add(counted):
            return
        began, self._refused_at = time.monotonic() - self._refused_at > SHOWN_S, time.monotonic()
        if began:
            log.error("calls of a carrier are refused", extra={"keys": {}})
            self._alarm("calls_refused")

    # ------------------------------------------------------------ what is said of it

    def told(self) -> dict[str, object]:
        if self._kamailio is None:
            return {"mode": "direct", "missing": DIRECT}
        pid = process.find_running(self._places)
        refused = [
            {"trunk": each.trunk, "code": each.code, "form": each.form, "calls": count}
            for each, count in sorted(self._refused.total.items())
        ]
        return {
            "mode": "kamailio",
            "version": self._kamailio.version,
            "pid": pid,
            "answers": self._mute == 0,
            "refused": refused,
        }

    def wrong(self) -> list[str]:
        if self._kamailio is None:
            return []
        wrong = []
        if process.find_running(self._places) is None:
            wrong.append("The front does not run: no call and no phone reaches us; it is being started.")
        if time.monotonic() - self._refused_at < SHOWN_S:
            calls = ", ".join(
                f"{count} of {each.trunk} with {each.code} (dialled as {each.form})"
                for each, count in sorted(self._refused.total.items())
            )
            wrong.append(f"Calls of a carrier were refused in the last minutes: {calls}; ivr check says what is taken.")
        return wrong
