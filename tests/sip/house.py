"""A real Asterisk for tests, configured as in production, with phones made of sockets around it."""

from __future__ import annotations

import asyncio
import atexit
import functools
import math
import os
import shutil
import struct
import tempfile
import wave
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ivr.core.ids import CallId, LineId, PromptId, VolunteerId
from ivr.core.news import CallArrived, News
from sip.ami import AmiAddress
from sip.ari import api
from sip.ari.exchange import AriExchange
from sip.ari.http import Address, Http
from sip.ari.socket import ReplacedError
from sip.asterisk.install import Asterisk, install
from sip.asterisk.process import find_running, start, stop
from sip.asterisk.render import make_places, render
from sip.asterisk.settings import Account, Line, Places, Ports, Settings
from tests.contract.rigs import NewsLog
from tests.fakes.phones import (
    Answers,
    AnswersAsLetGo,
    Behaviour,
    Busy,
    Declines,
    NeverAnswers,
    Unregistered,
    Vanished,
)
from tests.sip.wirephone import Manners, WirePhone

BASE = int(os.environ.get("VOICELINE_TEST_PORT_BASE", "22000"))
LINE = LineId("bornetelefonen")
NUMBER = "116111"
VOLUNTEERS = (VolunteerId("anna"), VolunteerId("bo"))
PROMPTS = ((PromptId("kort"), 1.5), (PromptId("lang"), 4.0))
KEY = bytes(32)


@dataclass(frozen=True, slots=True)
class House:
    """An Asterisk that runs."""

    asterisk: Asterisk
    settings: Settings
    home: Path

    @property
    def server(self) -> tuple[str, int]:
        return "127.0.0.1", self.settings.ports.sip

    @property
    def ari(self) -> Address:
        return Address("127.0.0.1", self.settings.ports.ari, "voiceline", "ari-secret")

    @property
    def ami(self) -> AmiAddress:
        return AmiAddress("127.0.0.1", self.settings.ports.ami, "voiceline", "ami-secret")

    @property
    def sounds(self) -> Path:
        return self.home / "sounds"

    @property
    def pid(self) -> int:
        pid = find_running(self.settings.places)
        assert pid is not None
        return pid

    def start(self) -> None:
        start(self.asterisk, self.settings)

    def stop(self) -> None:
        stop(self.settings.places)

    def exchange(self, now: Callable[[], datetime] | None = None) -> AriExchange:
        return AriExchange(self.ari, self.ami, key=KEY, sounds=self.sounds, now=now or (lambda: datetime.now(UTC)))


def open_house(base: int) -> House:
    """Started on these ports, in a directory of its own; `close_house` ends both."""
    home = Path(tempfile.mkdtemp(prefix="voiceline-house-"))
    try:
        asterisk = install(home, lambda _text: None)
        ports = Ports(base, base + 1, base + 2, base + 3, base + 100, base + 499)
        settings = Settings(
            Places.in_state(home, asterisk.modules, asterisk.data),
            ports,
            (Line(LINE, NUMBER, "BørneTelefonen", (), (), ()),),
            tuple(Account(volunteer, f"pw-{volunteer}", (LINE,)) for volunteer in VOLUNTEERS),
            "ari-secret",
            "ami-secret",
        )
        make_places(settings.places)
        render(settings)
        (home / "sounds" / "da").mkdir(parents=True)
        for prompt, length_s in PROMPTS:
            _tone(home / "sounds" / "da" / f"{prompt}.wav", length_s, 500)
        _tone(settings.places.moh / "calm.wav", 20, 300)
        house = House(asterisk, settings, home)
        house.start()
    except BaseException:
        shutil.rmtree(home, ignore_errors=True)
        raise
    return house


def close_house(house: House) -> None:
    house.stop()
    shutil.rmtree(house.home, ignore_errors=True)


@functools.cache
def shared_house() -> House:
    """One for all tests that do not hurt it; ends with the process."""
    house = open_house(BASE)
    atexit.register(close_house, house)
    return house


def _tone(path: Path, length_s: float, pitch: float) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        samples = (int(8000 * math.sin(2 * math.pi * pitch * n / 8000)) for n in range(int(8000 * length_s)))
        file.writeframes(b"".join(struct.pack("<h", sample) for sample in samples))


# ---------------------------------------------------------------- an exchange with phones


@dataclass(slots=True)
class RealCaller:
    id: CallId
    phone: WirePhone

    async def presses(self, digit: str) -> None:
        await self.phone.ears.press(digit)
        await asyncio.sleep(0.06)

    async def hangs_up(self) -> None:
        await self.phone.hang_up()


@dataclass(slots=True)
class RealRig:
    """What the contract of exchanges needs, with everything real."""

    house: House
    exchange: AriExchange
    log: NewsLog
    phones: dict[VolunteerId, WirePhone] = field(default_factory=dict)
    callers: list[WirePhone] = field(default_factory=list)
    ups: int = 0
    downs: int = 0

    line = LINE
    volunteers = VOLUNTEERS
    language = "da"
    prompts = PROMPTS

    async def caller(self, line: LineId) -> RealCaller:
        phone = await WirePhone.open(self.house.server, host="127.0.0.2")
        self.callers.append(phone)
        before = len(self.log.about(CallArrived))
        phone.call(NUMBER)
        arrived = (await self.log.until_several(before + 1, CallArrived))[before]
        return RealCaller(arrived.call, phone)

    async def phone(self, volunteer: VolunteerId, behaviour: Behaviour) -> None:
        phone = self.phones.get(volunteer)
        if phone is None or phone.dead:
            phone = await WirePhone.open(self.house.server, volunteer, f"pw-{volunteer}")
            self.phones[volunteer] = phone
        phone.manners = manners(behaviour)
        there = not isinstance(behaviour, Unregistered)
        await phone.register(60 if there else 0)
        async with asyncio.timeout(5):
            while (volunteer in (await self.exchange.survey()).reachable) is not there:
                await asyncio.sleep(0.02)

    async def close(self) -> None:
        for volunteer, phone in self.phones.items():
            if phone.dead:
                phone.close()
                phone = await WirePhone.open(self.house.server, volunteer, f"pw-{volunteer}")
            with suppress(TimeoutError):
                await phone.register(0)
            phone.close()
        for phone in self.callers:
            phone.close()


def manners(behaviour: Behaviour) -> Manners:
    match behaviour:
        case Answers():
            return Manners(
                answer_after_s=behaviour.after_s,
                hang_up_after_s=behaviour.hangs_up_after_s,
                die_after_s=behaviour.dies_after_s,
            )
        case Declines():
            return Manners(decline_after_s=behaviour.after_s)
        case Busy():
            return Manners(refuse=486)
        case Vanished():
            return Manners(silent=True)
        case AnswersAsLetGo():
            return Manners(stubborn=True)
        case NeverAnswers() | Unregistered():
            return Manners()


@asynccontextmanager
async def open_rig(house: House, *, replaced: bool = False) -> AsyncIterator[RealRig]:
    """Connected and surveyed; afterwards Asterisk is as empty as before. `replaced`: another has taken over by then,
    and this one must have noticed."""
    exchange = house.exchange()
    rig = RealRig(house, exchange, NewsLog())
    connected = asyncio.Event()

    async def up() -> None:
        await exchange.survey()
        rig.ups += 1
        connected.set()

    def down() -> None:
        rig.downs += 1

    running = asyncio.create_task(exchange.run(rig.log.take, up, down))
    try:
        async with asyncio.timeout(5):
            await connected.wait()
        yield rig
    finally:
        await rig.close()
        if replaced:
            with pytest.raises(ReplacedError):
                async with asyncio.timeout(5):
                    await running
        running.cancel()
        with suppress(asyncio.CancelledError):
            await (asyncio.sleep(0) if replaced else running)
        await sweep(house)


async def sweep(house: House) -> None:
    """Ends whatever a test has left in Asterisk."""
    http = Http(house.ari)
    for channel in (await http.ask(api.channels_list())).value or ():
        await http.ask(api.channels_hangup(channel.id))
    for bridge in (await http.ask(api.bridges_list())).value or ():
        await http.ask(api.bridges_destroy(bridge.id))
    async with asyncio.timeout(5):
        while (await http.ask(api.channels_list())).value:
            await asyncio.sleep(0.02)
    http.close()


async def until(true: Callable[[], bool], within_s: float = 5.0) -> None:
    async with asyncio.timeout(within_s):
        while not true():
            await asyncio.sleep(0.01)


def kinds_of(log: NewsLog) -> list[type[News]]:
    return [type(news) for news in log.all]
