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
from sip.front.render import rendered, written
from sip.front.rpc import order
from sip.front.settings import FRONT, FrontPlaces, FrontSettings, front_settings
from sip.trouble import SipTrouble

log = logging.getLogger("voiceline")
LOOK_S = 1.0
AGAIN_S = 0.2
MUTE_S = 1.0
SHOWN_S = 600.0
"""For so long after the last refused call that is something wrong, and a new one is no new alarm."""
HUNG = 5
"""So many questions in a row without an answer, one a second: it hangs."""
DIRECT = (
    "requests that Asterisk does not know stay unanswered",
    "who knows a call's names can end it from anywhere",
    "a call that is forked comes twice",
    "a number must be dialled as it is written here, or with the country before it",
    "the carrier's name for a call is in Asterisk's memory while it lasts",
)
"""What is missing without a front, one sentence each."""


def get_front(state: Path) -> Kamailio:
    """Found or fetched. Raises `SipTrouble`."""
    return install(state / FRONT, lambda line: click.echo(f"ivr: {line}", err=True))


def close_door(state: Path) -> bool:
    """Whether there was a front to end. Raises `SipTrouble`."""
    return process.stop(FrontPlaces(state / FRONT))


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
        self._places = FrontPlaces(state / FRONT)
        self._settings: FrontSettings | None = None
        self._mute = 0
        self._refused = Tally()
        self._refused_at = -SHOWN_S

    def is_free(self) -> None:
        """Raises `SipTrouble` that names a port which somebody else holds. Ask before anything is started."""
        if self._kamailio is not None and process.find_running(self._places) is None:
            process.check_ports(front_settings(self._asked(), self._places))

    def open(self) -> None:
        """What runs as it should goes on. Blocks; raises `SipTrouble`."""
        if self._kamailio is None:
            process.stop(self._places)  # of a start with another configuration
            return
        self._settings = settings = front_settings(self._asked(), self._places)
        there = process.find_running(self._places) is not None
        if there and written(settings) == rendered(settings) and process.answers(settings):
            return
        process.start(self._kamailio, settings)

    def close(self) -> None:
        if self._kamailio is not None:
            process.stop(self._places)

    def renew_certificate(self) -> None:
        """Blocks. Who is connected stays."""
        if self._kamailio is not None:
            order(self._places, "tls.reload")

    # ------------------------------------------------------------ its life

    async def run(self) -> None:
        if self._kamailio is None or self._settings is None:
            return
        async with asyncio.TaskGroup() as group:
            group.create_task(self._restart(self._kamailio, self._settings), name="the front's life")
            group.create_task(self._end_hung(self._settings), name="the front's answers")

    async def _restart(self, kamailio: Kamailio, settings: FrontSettings) -> None:
        told = False
        while True:
            pid = await asyncio.to_thread(process.find_running, self._places)
            if pid is not None:
                told = False
                await gone(pid)
            if not self._may():
                await asyncio.sleep(LOOK_S)
                continue
            if not told:
                log.error("the front has died and is started again", extra={"keys": {}})
                self._alarm("front_died")
            try:
                await asyncio.to_thread(process.start, kamailio, settings)
            except SipTrouble:
                if not told:  # once, and not with every try: a port may be taken for hours
                    self._alarm("front_not_started")
                told = True
                await asyncio.sleep(AGAIN_S)

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
        """For the status. `missing`: what a house without a front does without, in sentences."""
        if self._kamailio is None:
            return {
                "mode": "direct",
                "version": None,
                "pid": None,
                "since": None,
                "refused": [],
                "missing": list(DIRECT),
            }
        pid = process.find_running(self._places)
        since = process.since(self._places) if pid is not None else None
        return {
            "mode": "kamailio",
            "version": self._kamailio.version,
            "pid": pid,
            "since": since.isoformat() if since is not None else None,
            "refused": [
                {"trunk": each.trunk, "code": each.code, "form": each.form, "calls": count}
                for each, count in sorted(self._refused.total.items())
            ],
            "missing": [],
        }

    def wrong(self) -> list[str]:
        """What somebody should look at, each in one sentence."""
        if self._kamailio is None:
            return []
        wrong: list[str] = []
        if process.find_running(self._places) is None:
            wrong.append("The front does not run, so that no call and no phone reaches us; it is being started.")
        elif self._mute > 1:
            wrong.append("The front does not answer; it is ended and started anew soon.")
        if time.monotonic() - self._refused_at < SHOWN_S:
            calls = ", ".join(
                f"{count} of {each.trunk} with {each.code} (dialled as {each.form})"
                for each, count in sorted(self._refused.total.items())
            )
            wrong.append(f"Calls of a carrier were refused in the last minutes: {calls}; ivr check says what is taken.")
        return wrong
