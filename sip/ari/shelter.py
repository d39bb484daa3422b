"""Callers whom the last resort serves: who they are, taking them back, and what became of those who ended there.

Rules: nobody is taken back before the controller has been there for `STEADY_S`, nor while a phone rings for them or
they talk; in the order in which they came; what our dialplan says at once, the manager's list says again every second
for as long as there is anybody.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, NoReturn

from ivr.core.ids import CallId, LineId, VolunteerId
from ivr.core.news import CallGone, CallLeft, Cause, News, Result, VolunteerEngaged, VolunteerReleased, Witnessed
from sip.ami import Ami
from sip.ami.wire import Fields
from sip.ari import witness
from sip.ari.parties import Parties, ring_of
from sip.asterisk.console import ConsoleSilent, ask
from sip.devices import ENDPOINT, owner_of

STEADY_S: Final = 3.0
LOOK_S: Final = 1.0
TAKEOVER: Final = "takeover"
QUEUE: Final = "Queue"
OURS: Final = frozenset({"entry", "takeover", "fallen", "left", "over"})
"""Where a caller is only passing through."""
SHELTER: Final = "last-resort"
_LINE: Final = re.compile(r"line-([a-z][a-z0-9_-]{0,31})")
_VOLUNTEER: Final = re.compile(rf"PJSIP/({ENDPOINT.pattern})-[0-9a-f]{{8}}")
_CHANNEL: Final = re.compile(r"[0-9]{1,12}\.[0-9]{1,12}")
TURN: Final = 0.02
"""Seconds between two who are taken back: so that they arrive in order."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One channel as the manager lists it, without what could show who phones."""

    channel: str
    called_for: str
    """The channel on whose behalf it exists; its own for a caller's."""
    volunteer: VolunteerId | None
    context: str
    line: LineId | None
    application: str
    talks: bool


def seen(fields: Fields) -> Seen | None:
    channel = fields.get("Uniqueid", "")
    if fields.get("Event") != "Status" or not channel:
        return None
    named = _VOLUNTEER.fullmatch(fields.get("Channel", ""))
    line = _LINE.fullmatch(fields.get("Exten", ""))
    return Seen(
        channel,
        fields.get("Linkedid", channel),
        owner_of(named[1]) if named and ring_of(channel) is None else None,
        fields.get("Context", ""),
        LineId(line[1]) if line else None,
        fields.get("Application", ""),
        bool(fields.get("BridgeID")),
    )


def order(channel: str) -> tuple[int, ...]:
    """Asterisk numbers channels in the order in which they come: `<seconds>.<number>`."""
    return tuple(int(part) for part in channel.split("."))


class Shelter:
    """`tell` takes news; `now` gives the line's time; `console`: Asterisk's, None where it cannot be reached;
    `ended`: whether a call's end is in the log already."""

    def __init__(
        self,
        ami: Ami,
        parties: Parties,
        tell: Callable[[News], None],
        now: Callable[[], datetime],
        console: Path | None,
        ended: Callable[[CallId], bool],
    ) -> None:
        self._ami, self._parties, self._tell, self._now = ami, parties, tell, now
        self._console, self._ended = console, ended
        self._since: float | None = None
        self._leads = False
        self._engaged: frozenset[VolunteerId] = frozenset()
        self._read: set[str] = set()
        self._told: set[str] = set()
        """Whose record was told by us: it is read once, though the log may not have it yet when it is read again."""
        self._busy = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        ami.on_event(self._heard)

    @property
    def shift(self) -> timedelta:
        """The line's time minus real time."""
        return self._now() - datetime.now(UTC)

    # ------------------------------------------------------------ connected or not

    def begin(self) -> None:
        """Surveyed: everybody counts from now."""
        self._since = time.monotonic()
        self._busy.set()

    def end(self) -> None:
        self._since = None

    def close(self) -> None:
        for task in self._tasks:
            task.cancel()

    # ------------------------------------------------------------ one by one

    def _heard(self, event: Fields) -> None:
        line = event.get("Line", "")
        if event.get("Event") != "UserEvent" or event.get("UserEvent") != "Shelter":
            return
        channel = event.get("Uniqueid", "")
        if _CHANNEL.fullmatch(channel) and _LINE.fullmatch(f"line-{line}"):
            self.left(channel)

    def left(self, channel: str) -> None:
        """A caller is in the last resort from now on; told once."""
        if self._parties.shelter(channel):
            self._tell(CallLeft(self._parties.name(channel), self._now()))
        self._busy.set()

    def gone(self, channel: str) -> None:
        """A sheltered caller's channel has ended."""
        call = self._parties.unshelter(channel)
        if call is not None:
            task = asyncio.get_running_loop().create_task(self._say_how(channel, call))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _say_how(self, channel: str, call: CallId) -> None:
        text = await self._ami.get_global(f"{witness.PREFIX}{channel}")
        if channel in self._told:
            return
        self._told.add(channel)
        record = witness.read(call, text, self.shift, self._now()) if text else None
        if text:
            self._read.add(channel)
        if record is None or self._ended(call):  # by an earlier controller, which could not make the exchange end it
            self._tell(CallGone(call, Cause.NORMAL, self._now()))
        else:
            self._tell(record)

    # ------------------------------------------------------------ all together

    async def look(self) -> tuple[Seen, ...]:
        """Raises `ConnectionError`."""
        answer = await self._ami.ask("Status", {})
        if isinstance(answer, Result):
            raise ConnectionError("Asterisk's manager does not say which channels there are")
        return tuple(found for fields in answer if (found := seen(fields)) is not None)

    @staticmethod
    def away(channels: Iterable[Seen]) -> frozenset[str]:
        """Callers' channels that this list has as in the last resort, or as passing between it and us."""
        return frozenset(
            each.channel
            for each in channels
            if (each.context == SHELTER or (each.context in OURS and each.application != "Stasis"))
            and _CHANNEL.fullmatch(each.channel)
        )

    def sheltered(
        self, channels: Iterable[Seen], listed: Collection[str], ours: Collection[CallId]
    ) -> frozenset[CallId]:
        """Learns who is there. Whoever is just passing through counts as there. `listed`: channels that another list,
        of a moment earlier or later, has as well, `ours` whom it has in our hands: who came back in between is on the
        way, not gone."""
        there = set()
        away = self.away(channels)
        for each in channels:
            call = self._parties.name(each.channel)
            back = each.context in OURS and each.channel in listed
            given = self._parties.is_kept(each.channel)
            if call in ours or not (given or each.channel in away or (back and _CHANNEL.fullmatch(each.channel))):
                continue
            there.add(call)
            if each.context == SHELTER and each.line is not None:
                self._parties.shelter(each.channel)
        return frozenset(there)

    def engaged(self, channels: Iterable[Seen]) -> frozenset[VolunteerId]:
        self._engaged = frozenset(each.volunteer for each in channels if each.volunteer is not None)
        return self._engaged

    async def witnessed(self) -> tuple[Witnessed, ...]:
        """Every record nobody has read; those read before are cleared."""
        if self._console is None:
            return ()
        try:
            text = await asyncio.to_thread(ask, self._console, "dialplan show globals")
        except ConsoleSilent:
            return ()
        records: list[Witnessed] = []
        for channel, written in witness.listed(text).items():
            call = self._parties.name(channel)
            record = witness.read(call, written, self.shift, self._now())
            self._read.add(channel)
            if record is not None and channel not in self._told and not self._ended(call):
                records.append(record)
        return tuple(records)

    def took(self, records: Iterable[Witnessed]) -> None:
        """These were told."""
        calls = {record.call for record in records}
        self._told |= {channel for channel in self._read if self._parties.name(channel) in calls}

    def clear(self) -> None:
        """What was read is kept by now."""
        self._ami.tell(("Setvar", {"Variable": f"{witness.PREFIX}{channel}", "Value": ""}) for channel in self._read)
        self._told -= self._read
        self._read.clear()

    # ------------------------------------------------------------ taking back

    async def run(self) -> NoReturn:
        while True:
            await self._busy.wait()
            if self._since is None:
                self._leads = False
                self._busy.clear()
                continue
            asked_at = time.monotonic()
            try:
                channels = await self.look()
            except ConnectionError:
                await asyncio.sleep(LOOK_S)
                continue
            self._compare(channels, asked_at)
            if time.monotonic() - self._since >= STEADY_S:
                await self._take_back(channels)
                self.clear()
                if not self._leads:
                    self._leads = True
                    self._ami.tell([("Setvar", {"Variable": "VL_LEAD", "Value": "1"})])
                if not self._parties.anybody_sheltered() and not self._engaged:
                    self._busy.clear()
                    if self._parties.anybody_sheltered():
                        self._busy.set()
            await asyncio.sleep(LOOK_S)

    def _compare(self, channels: tuple[Seen, ...], asked_at: float) -> None:
        """The list is as old as the question (`time.monotonic()`): of who moved since then it says nothing."""
        before = self._engaged
        now = self.engaged(channels)
        for volunteer in sorted(now - before):
            self._tell(VolunteerEngaged(volunteer, self._now()))
        for volunteer in sorted(before - now):
            self._tell(VolunteerReleased(volunteer, self._now()))
        there = {each.channel for each in channels}
        for each in channels:
            known = self._parties.known_since(each.channel, asked_at)
            if each.context == SHELTER and each.line is not None and each.volunteer is None and not known:
                self.left(each.channel)
        for channel in self._parties.sheltered_before(asked_at) - there:
            self.gone(channel)

    async def _take_back(self, channels: tuple[Seen, ...]) -> None:
        ringing = {each.called_for for each in channels if each.called_for != each.channel}
        waiting = [
            each.channel
            for each in channels
            if each.context == SHELTER
            and each.application == QUEUE
            and not each.talks
            and each.channel not in ringing
            and not self._parties.is_kept(each.channel)
        ]
        for channel in sorted(waiting, key=order):
            if self._since is None:
                return
            await self._ami.redirect(channel, TAKEOVER, "s")
            await asyncio.sleep(TURN)
