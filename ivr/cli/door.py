"""The front's life: opened before the first call, started again when it has died or hangs, closed at the end.

Rules: it outlives us as Asterisk does, and is never ended while it answers, but for another configuration.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import click

from ivr.cli.keeper import gone
from sip.asterisk.settings import Settings
from sip.front import process
from sip.front.install import Kamailio, install
from sip.front.render import rendered, written
from sip.front.rpc import order
from sip.front.settings import FRONT, FrontPlaces, FrontSettings, front_settings
from sip.trouble import SipTrouble

log = logging.getLogger("voiceline")
LOOK_S = 1.0
AGAIN_S = 0.2
MUTE_S = 1.0
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
        while True:
            pid = await asyncio.to_thread(process.find_running, self._places)
            if pid is not None:
                await gone(pid)
            if not self._may():
                await asyncio.sleep(LOOK_S)
                continue
            log.error("the front has died and is started again", extra={"keys": {}})
            self._alarm("front_died")
            try:
                await asyncio.to_thread(process.start, kamailio, settings)
            except SipTrouble:
                self._alarm("front_not_started")
                await asyncio.sleep(AGAIN_S)

    async def _end_hung(self, settings: FrontSettings) -> None:
        while True:
            await asyncio.sleep(LOOK_S)
            answers = await asyncio.to_thread(process.answers, settings, MUTE_S)
            self._mute = 0 if answers or not self._may() else self._mute + 1
            if self._mute < HUNG:
                continue
            self._mute = 0
            pid = await asyncio.to_thread(process.find_running, self._places)
            if pid is not None:
                log.error("the front hangs and is ended", extra={"keys": {}})
                self._alarm("front_hung")
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

    # ------------------------------------------------------------ what is said of it

    def told(self) -> dict[str, object]:
        """For the status. `missing`: what a house without a front does without, in sentences."""
        if self._kamailio is None:
            return {"mode": "direct", "version": None, "pid": None, "since": None, "missing": list(DIRECT)}
        pid = process.find_running(self._places)
        return {
            "mode": "kamailio",
            "version": self._kamailio.version,
            "pid": pid,
            "since": process.since(self._places) if pid is not None else None,
            "missing": [],
        }

    def wrong(self) -> list[str]:
        if self._kamailio is None:
            return []
        if process.find_running(self._places) is None:
            return ["The front does not run, so that no call and no phone reaches us; it is being started."]
        return ["The front does not answer; it is ended and started anew soon."] if self._mute > 1 else []


def front_lines(front: object) -> list[str]:
    """The same for people. None from a controller of an older version."""
    if not isinstance(front, dict):
        return []
    if front["mode"] == "direct":
        return ["no front before Asterisk (direct), so:", *(f"  {each}" for each in front["missing"])]
    if front["pid"] is None:
        return []
    since = front["since"]
    if isinstance(since, str):
        since = datetime.fromisoformat(since).astimezone(UTC)
    return [f"front: Kamailio {front['version']} (process {front['pid']}), running since {since:%Y-%m-%d %H:%M} UTC"]
