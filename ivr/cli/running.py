"""The running house: all rooms wired together, and what commands may ask of it."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ivr.app import control, notify
from ivr.app.clock import SystemClock
from ivr.app.engine import Engine
from ivr.app.tenure import Tenure
from ivr.app.vigil import Vigil
from ivr.cli import prepare, status, succession
from ivr.cli.books import Books
from ivr.cli.certificate import CertificateKeeper
from ivr.cli.config import Config
from ivr.cli.door import Door
from ivr.cli.keeper import Keeper
from ivr.cli.staff import Staff
from ivr.core.flow import Plan
from ivr.core.hours import Service, Timetable
from ivr.core.ids import LineId, VolunteerId
from ivr.core.news import HandoverAsked, OverrideGiven
from ivr.core.state import House, Volunteer
from ivr.store.backup import Backup
from ivr.store.database import NAME
from ivr.store.journal import SqliteJournal
from ivr.web import port
from ivr.web.board import Board
from sip.accounts import ensure_accounts
from sip.ami import AmiAddress
from sip.ari.exchange import AriExchange
from sip.ari.http import Address
from sip.asterisk import process
from sip.asterisk.install import Asterisk
from sip.asterisk.render import render
from sip.asterisk.settings import APPLICATION, LOOPBACK, Places, Ports, Settings
from sip.devices import device_passwords, of_volunteer
from sip.front.install import Kamailio
from sip.partners import partners
from sip.secrets import Secrets
from sip.shown import bracketed, ca_file

if TYPE_CHECKING:
    from ivr.cli.publishing import Publishing

log = logging.getLogger("voiceline")
SETTLE_S = 3.0
PAGES_WAIT_S = 3.0
PUBLISHING = ("publish", "try", "end_try", "overrides")
"""What `ivr.cli.publishing` answers; it is imported when it is first asked."""
LOOK_S = 5.0
"""The feed is rung at every fact; it need not look by itself often."""


@dataclass(frozen=True, slots=True)
class Ground:
    """What the house stands on, found or made before any call."""

    state: Path
    config: Config
    ports: Ports
    secrets: Secrets
    asterisk: Asterisk
    places: Places
    plan: Plan
    tables: dict[LineId, Timetable]
    clock: SystemClock
    watch: bool = False
    """Publish the files whenever somebody saves them."""
    front: Kamailio | None = None
    """None: Asterisk is reached directly."""


class Running:
    def __init__(self, ground: Ground) -> None:
        self.ground = ground
        self.connected = asyncio.Event()
        self.pages_up = asyncio.Event()
        self.stopping = asyncio.Event()
        self.outwaited = False
        """The one before us could not be ended, and may still hold ports."""
        self.yielding = False
        """Another controller takes over: Asterisk and its calls stay as they are."""
        self._rendering = asyncio.Lock()
        self._closing = asyncio.Event()
        self._staff = Staff(self)
        self._journal = SqliteJournal(ground.state / NAME)
        self._backup = Backup(ground.state / NAME, self._journal.copied, self._journal.damaged)
        self._books = Books(ground.state, poll_s=LOOK_S, patient=True)
        self._exchange = AriExchange(
            Address(LOOPBACK, ground.ports.ari, APPLICATION, ground.secrets.ari_password),
            AmiAddress(LOOPBACK, ground.ports.ami, APPLICATION, ground.secrets.ami_secret),
            key=ground.secrets.installation_key,
            sounds=prepare.Sounds.of(ground.state).prompts,
            now=ground.clock.now,
            console=ground.places.console,
            ended=lambda call: self._books.record(call) is not None,
        )
        self._vigil = Vigil(
            lambda: self.engine.house.calls.values(),
            lambda: self._exchange.beat() if self._journal.may_i() else None,
            lambda renewals: self._exchange.renew(renewals) if self._journal.may_i() else None,
            ground.clock.monotonic,
        )
        self.engine = Engine(self._journal, self._exchange, ground.clock, self._vigil.changed, self._journal)
        self._tenure = Tenure(self._journal, ground.clock, self._hold, self._look_again, self._each_second)
        self._keeper = Keeper(
            ground.places,
            self.start_asterisk,
            self.renew_accounts,
            self.engine.alarm,
            self.connected.is_set,
            self._may,
        )
        self._certificate = CertificateKeeper(
            ground.state,
            ground.config.certificate,
            ground.config.phone_side.srtp_required,
            self._renew_certificate,
            self._may,
        )
        self._door = Door(ground.state, ground.front, self.settings, self.engine.alarm, self._may)
        self._noted: list[str] = []
        self.engine.listen(lambda _facts: self._books.feed.ring())
        self.engine.listen(self._keeper.heard)

    # ------------------------------------------------------------ life

    @cached_property
    def _publishing(self) -> Publishing:
        from ivr.cli.publishing import Publishing

        return Publishing(self)

    @property
    def house(self) -> House:
        return self.engine.house

    async def run(self) -> None:
        """Until `stopping` is set. What fails here ends the process: systemd starts it again, Asterisk stays."""
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(self.engine.run(), name="engine"),
                group.create_task(self._exchange.run(self.engine.take, self._up, self._down), name="exchange"),
                group.create_task(self._vigil.run(), name="vigil"),
                group.create_task(self._tenure.run(), name="tenure"),
                group.create_task(self._keeper.run(), name="keeper"),
                group.create_task(self._door.run(), name="door"),
                group.create_task(self._certificate.run(), name="certificate"),
                group.create_task(self._serve_pages(), name="pages"),
            ]
            if self.ground.watch:
                watching = self._publishing.watch(self.ground.config.callflows)
                tasks.append(group.create_task(watching, name="watch"))
            commands = await control.serve(self.ground.state, self._handlers())
            await self.stopping.wait()
            commands.close()
            await self.engine.settle(SETTLE_S)
            for task in tasks:
                task.cancel()
        await self.engine.stop()

    def close(self) -> None:
        self._backup.close()
        self._journal.close()
        self._books.close()

    async def _up(self) -> None:
        await self.engine.connected()
        self._vigil.begin()
        self.connected.set()
        self._keeper.tell()

    def _down(self) -> None:
        self._vigil.end()
        self.connected.clear()
        self.engine.disconnected()
        log.warning("the exchange does not answer", extra={"keys": {}})

    # ------------------------------------------------------------ in office

    async def alone(self) -> None:
        """From here on no other controller commands anything. Raises `Deposed` when it is we who were succeeded."""
        self.outwaited = await succession.be_alone(self._journal, self.ground.state)
        await self.still_in_office()
        self._backup.start()

    async def still_in_office(self) -> None:
        """After something that took long, before `run`. Raises `Deposed`."""
        await self._tenure.begin()

    def _may(self) -> bool:
        return self._journal.may_i() and not self.stopping.is_set()

    def _hold(self) -> None:
        self._vigil.end()
        self.engine.disconnected()

    async def _look_again(self) -> None:
        self._exchange.doubt()

    def _each_second(self) -> None:
        for word in self._journal.alarms():
            self._noted.append(word)
            self.engine.alarm(word)
        if self.connected.is_set():
            notify.tell(notify.ALIVE)

    async def drain(self, within_s: float) -> None:
        """Who is here gets up to so long to come to an end by themselves."""
        deadline = self.ground.clock.monotonic() + within_s
        while self.house.calls:
            if self.ground.clock.monotonic() > deadline:
                log.warning("calls were still there when the time to drain was over", extra={"keys": {}})
                return
            await self.engine.something(within_s=1.0)

    # ------------------------------------------------------------ Asterisk's configuration

    def start_asterisk(self) -> None:
        """Blocks. Raises `SipTrouble`."""
        self._certificate.make()
        settings = self.settings()
        render(settings)
        process.start(self.ground.asterisk, settings)

    def door_is_free(self) -> None:
        """Before anything is started. Raises `SipTrouble`."""
        self._door.is_free()

    def open_door(self) -> None:
        """Blocks. Raises `SipTrouble`."""
        self._door.open()

    def close_door(self) -> None:
        self._door.close()

    def front_told(self) -> dict[str, object]:
        return self._door.told()

    async def _renew_certificate(self) -> None:
        if self.ground.front is None:
            await asyncio.to_thread(process.reload, self.ground.places, ("pjsip.conf",))
        else:
            await asyncio.to_thread(self._door.renew_certificate)

    def settings(self, volunteers: Mapping[VolunteerId, Volunteer] | None = None) -> Settings:
        ground = self.ground
        known = self.house.volunteers if volunteers is None else volunteers
        passwords = ensure_accounts(ground.state, known)
        return prepare.make_settings(
            config=ground.config,
            ports=ground.ports,
            places=ground.places,
            secrets=ground.secrets,
            plan=self.house.plan,
            tables=self.house.timetables,
            people=prepare.accounts(self.house.plan, known.values(), passwords, device_passwords(ground.state)),
            partners=prepare.places(self.house.plan, known.values(), partners(ground.state)),
            now=ground.clock.now(),
            shift_s=ground.clock.shift_s,
            state=ground.state,
            states=self.house.lines,
        )

    async def renew_accounts(self) -> None:
        """Asterisk learns who has a phone, while calls go on."""
        async with self._rendering:
            changed = await asyncio.to_thread(render, self.settings())
            if changed and not await asyncio.to_thread(process.reload, self.ground.places, changed):
                log.warning("some settings take effect when Asterisk is started anew", extra={"keys": {}})

    def devices_there(self, who: VolunteerId) -> tuple[str, ...]:
        """The endpoints of this volunteer's devices that are registered and answer."""
        return self._exchange.devices(who)

    async def renew_devices(self, who: VolunteerId) -> None:
        """A device has come or gone."""
        await self.renew_accounts()
        self._exchange.keep_devices(who, (who, *of_volunteer(who, device_passwords(self.ground.state))))

    # ------------------------------------------------------------ pages

    def board(self) -> Board:
        return status.board(self.house, self.ground.clock.now(), self.sip_address, self.connected.is_set())

    @property
    def sip_address(self) -> str:
        return f"{self.ground.config.sip_bind}:{self.ground.ports.sip}"

    @property
    def phones_address(self) -> str:
        """Where phones reach us over TLS."""
        return f"{bracketed(self.ground.config.phones_name)}:{self.ground.ports.sip_tls}"

    async def _serve_pages(self) -> None:
        with suppress(TimeoutError):  # callers first
            async with asyncio.timeout(PAGES_WAIT_S):
                await self.connected.wait()
        await asyncio.to_thread(import_module, "ivr.web.app")
        from ivr.web import serve as web
        from ivr.web.app import Parts, make_app

        parts = Parts(
            feed=self._books.feed,
            records=self._books,
            board=self.board,
            status=self.status,
            tokens=partial(self._books.scopes, self.ground.secrets.api_token),
        )
        app = make_app(parts, closing=self._closing)
        await self._pages_free()
        await web.serve(app, LOOPBACK, self.ground.ports.web, closing=self._closing, ready=self.pages_up.set)

    def status(self) -> dict[str, object]:
        ground, now, house = self.ground, self.ground.clock.now(), self.house
        return {
            "running": True,
            "pid": os.getpid(),
            "now": now,
            "asterisk": {
                "version": ground.asterisk.version,
                "pid": process.find_running(ground.places),
                "connected": self.connected.is_set(),
            },
            "front": self._door.told(),
            "tls": self._certificate.told(self.phones_address),
            "plan": house.plan.version,
            "lines": [status.line_json(house, line, now) for line in house.plan.lines.values()],
            "volunteers": [status.person_json(house, who, now) for who in status.people(house)],
            "waiting": sum(len(line.queue) for line in house.lines.values()),
            "calls": len(house.calls),
            "wrong": [
                *status.wrong_things(house, self.connected.is_set(), self._exchange.holding),
                *self._wrong_with_the_log(),
                *self._certificate.wrong(),
                *self._door.wrong(),
            ],
        }

    async def _pages_free(self) -> None:
        """A frozen controller that could not be ended keeps their port until it is: calls do not wait for that."""
        while self.outwaited:
            try:
                port.listen(LOOPBACK, self.ground.ports.web).close()
            except OSError:
                self.pages_up.set()
                await asyncio.sleep(LOOK_S)
            else:
                return

    def _wrong_with_the_log(self) -> list[str]:
        return status.wrong_with_the_log(
            self._journal.trouble, self._backup.trouble, self._journal.lost, frozenset(self._noted)
        )

    # ------------------------------------------------------------ what commands ask

    def _handlers(self) -> dict[str, control.Handler]:
        return {
            "status": self._status,
            "where": self._where,
            "override": self._override,
            "handover": self._handover,
            "yield": self._yield,
            **self._staff.handlers(),
            **{do: partial(self._publish, do) for do in PUBLISHING},
        }

    async def _publish(self, do: str, asked: Mapping[str, object]) -> control.Answer:
        return await self._publishing.handlers()[do](asked)

    async def _status(self, _asked: Mapping[str, object]) -> control.Answer:
        return self.status()

    async def _where(self, _asked: Mapping[str, object]) -> control.Answer:
        config = self.ground.config
        own = config.certificate.chain is None
        return {
            "sip": self.sip_address,
            "tls": self.phones_address,
            "ca": str(ca_file(self.ground.state)) if own else None,
            "transports": ["tls"] if config.phone_side.is_outside else ["udp", "tls"],
        }

    def _line(self, asked: Mapping[str, object]) -> LineId:
        line = LineId(str(asked["line"]))
        if line not in self.house.lines:
            raise control.Refused(f"the running callflows have no line {line}.")
        return line

    async def _override(self, asked: Mapping[str, object]) -> control.Answer:
        until = datetime.fromisoformat(str(asked["until"])) if asked.get("until") is not None else None
        now = self.ground.clock.now()
        if until is not None and until <= now:
            raise control.Refused("--until lies in the past; nothing was changed.")
        opened: Any = asked.get("open")
        self.engine.take(OverrideGiven(self._line(asked), opened, until, str(asked["reason"]), now))
        return {}

    async def _handover(self, asked: Mapping[str, object]) -> control.Answer:
        line = self._line(asked)
        if self.house.lines[line].service is None:
            raise control.Refused(f"{line} is closed now, so there is nothing to hand over; open it with ivr override.")
        service = Service(str(asked["service"]))
        self.engine.take(HandoverAsked(line, service, self.ground.clock.now()))
        return {"there": bool(status.on_duty(self.house, self.house.plan.lines[line], self.house.lines[line]))}

    async def _yield(self, _asked: Mapping[str, object]) -> control.Answer:
        self.yielding = True
        self.stopping.set()
        return {}
