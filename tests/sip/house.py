"""A real Asterisk for tests, configured as in production, with phones made of sockets around it."""

from __future__ import annotations

import asyncio
import atexit
import functools
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn

import pytest

from ivr.core.feature import YES_NO_WORDS, Feature
from ivr.core.ids import CallId, LineId, PromptId, RingId, VolunteerId
from ivr.core.news import CallArrived
from sip.ami import AmiAddress
from sip.ari import api
from sip.ari.exchange import AriExchange
from sip.ari.http import Address, Http
from sip.ari.parties import ring_of
from sip.ari.socket import ReplacedError
from sip.asterisk.process import start
from sip.asterisk.settings import APPLICATION, CODES
from sip.phone import OwnPhone
from sip.phone.g711 import decode
from sip.phone.sdp import PCMA
from tests.contract.rigs import NewsLog
from tests.fakes.phones import (
    Answers,
    AnswersAsLetGo,
    Behaviour,
    Busy,
    Declines,
    NeverAnswers,
    Sends,
    Unregistered,
    Vanished,
)
from tests.rigs.asterisk import (
    AMI_SECRET,
    ANNA,
    ARI_PASSWORD,
    BO,
    CHILDREN,
    MUSIC,
    Machine,
    lay_out,
    password,
    pitches,
    running,
    write_tone,
)
from tests.rigs.ports import free_base
from tests.sip.wirephone import Manners, WirePhone

LINE = CHILDREN
NUMBER = "116111"
VOLUNTEERS = (ANNA, BO)
PROMPTS = ((PromptId("kort"), 1.5), (PromptId("lang"), 4.0))
PITCHES = {"kort": 500, "lang": 600} | {word: 700 + 200 * place for place, word in enumerate(YES_NO_WORDS)}
WORD_S = 0.6
KEY = bytes(32)


@dataclass(frozen=True, slots=True)
class House:
    """An Asterisk that runs, with the sounds of the contract's prompts."""

    machine: Machine

    @property
    def server(self) -> tuple[str, int]:
        return "127.0.0.1", self.machine.settings.ports.sip

    @property
    def ari(self) -> Address:
        return Address("127.0.0.1", self.machine.settings.ports.ari, APPLICATION, ARI_PASSWORD)

    @property
    def ami(self) -> AmiAddress:
        return AmiAddress("127.0.0.1", self.machine.settings.ports.ami, APPLICATION, AMI_SECRET)

    @property
    def pid(self) -> int:
        return self.machine.pid

    def start(self) -> None:
        start(self.machine.asterisk, self.machine.settings)

    def exchange(self) -> AriExchange:
        sounds = self.machine.state / "asterisk" / "sounds"
        # whatever else this machine is busy with, callers come straight to us: that is what these tests are about
        return AriExchange(
            self.ari,
            self.ami,
            key=KEY,
            sounds=sounds,
            now=lambda: datetime.now(UTC),
            console=self.machine.settings.places.console,
            late_s=60.0,
        )


@contextmanager
def open_house() -> Iterator[House]:
    """On ports and in a directory of its own; both are free again afterwards."""
    # not a TemporaryDirectory: at the end of the process that would remove itself while Asterisk still runs from it
    state = Path(tempfile.mkdtemp(prefix="voiceline-house-"))
    try:
        with free_base() as base:
            machine = lay_out(state, base)
            lengths = {**dict.fromkeys(YES_NO_WORDS, WORD_S), **dict(PROMPTS)}
            for prompt, length_s in lengths.items():
                write_tone(state / "asterisk" / "sounds" / "da" / f"{prompt}.wav", length_s, PITCHES[prompt])
            with running(machine):
                yield House(machine)
    finally:
        shutil.rmtree(state, ignore_errors=True)


@functools.cache
def shared_house() -> House:
    """One for all tests that do not hurt it; ends with the process."""
    return _for_ever.enter_context(open_house())


_for_ever = ExitStack()
atexit.register(_for_ever.close)


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

    async def sends(self, what: Sends, *, mends: bool = False) -> None:
        self.phone.manners.mends = mends
        await self.phone.sends(what)


@dataclass(slots=True)
class RealRig:
    """What the contract of exchanges needs, with everything real."""

    house: House
    exchange: AriExchange
    log: NewsLog
    phones: dict[VolunteerId, WirePhone] = field(default_factory=dict)
    callers: list[WirePhone] = field(default_factory=list)
    dialling: list[OwnPhone] = field(default_factory=list)
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
        await phone.sends(Sends.SOUND)  # as soon as it knows where to
        return RealCaller(arrived.call, phone)

    async def phone(self, volunteer: VolunteerId, behaviour: Behaviour) -> None:
        phone = self.phones.get(volunteer)
        if phone is None or phone.dead:
            phone = await WirePhone.open(self.house.server, volunteer, password(volunteer))
            self.phones[volunteer] = phone
        phone.manners = manners(behaviour)
        there = not isinstance(behaviour, Unregistered)
        await phone.register(60 if there else 0)
        # not by a survey: one that sees it before the news of it comes would take that news away
        await until(lambda: (volunteer in self.exchange._phones._there) is there)

    async def dials(self, volunteer: VolunteerId, feature: Feature) -> None:
        """From a phone of its own: who dials is whose account it is, not which device."""
        host, port = self.house.server
        agent = await OwnPhone.open()
        agent.log_in(volunteer, password(volunteer))
        self.dialling.append(agent)
        code = next(code for code, meant in CODES if meant is feature)
        await agent.dial(f"sip:{code}@{host}:{port}", from_user=volunteer)

    def times_heard(self, who: CallId | RingId, prompt: PromptId) -> int:
        people = self.callers if ring_of(who) is None else self.phones.values()
        return sum(pitches(decode(bytes(each.ears.everything), PCMA)).count(PITCHES[prompt]) for each in people)

    def hears_music(self, call: CallId) -> bool:
        (ears,) = (each.ears for each in self.callers)
        now = asyncio.get_running_loop().time() - ears.last_at < 0.1
        return now and pitches(decode(b"".join(ears.last), PCMA))[-1:] == [MUSIC]

    def keys_heard(self, who: CallId | RingId) -> int:
        people = self.callers if ring_of(who) is None else self.phones.values()
        return sum(len(each.ears.keys) for each in people)

    async def close(self) -> None:
        for agent in self.dialling:
            await agent.close()
        for volunteer, phone in self.phones.items():
            if phone.dead:
                phone.close()
                phone = await WirePhone.open(self.house.server, volunteer, password(volunteer))
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
                presses=behaviour.presses,
                sends=behaviour.sends,
                mends=behaviour.mends,
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

    task = asyncio.create_task(exchange.run(rig.log.take, up, down))
    beating = asyncio.create_task(beat(exchange))
    try:
        async with asyncio.timeout(5):
            await connected.wait()
        # a contract's caller may wait for longer than a controller that decides nothing would be trusted with
        await exchange.ami.set_global("VL_CLAIM", "600")
        await exchange.ami.set_global("VL_BEAT", str(int(time.time())))  # an earlier test's would count as gone
        yield rig
    finally:
        await rig.close()
        if replaced:
            with pytest.raises(ReplacedError):
                async with asyncio.timeout(5):
                    await task
        beating.cancel()
        task.cancel()
        with suppress(asyncio.CancelledError):
            await (asyncio.sleep(0) if replaced else task)
        await sweep(house)


async def beat(exchange: AriExchange) -> NoReturn:
    """As the controller does: without it the dialplan looks after callers by itself."""
    while True:
        exchange.beat()
        await asyncio.sleep(1.0)


async def sweep(house: House) -> None:
    """Ends whatever a test has left in Asterisk, and what the last resort begins because of that."""
    http = Http(house.ari)
    try:
        for bridge in (await http.ask(api.bridges_list())).value or ():
            await http.ask(api.bridges_destroy(bridge.id))
        async with asyncio.timeout(20):
            while left := (await http.ask(api.channels_list())).value:
                for channel in left:
                    await http.ask(api.channels_hangup(channel.id))
                await asyncio.sleep(0.05)
    finally:
        http.close()


def the_task(of: Callable[..., object]) -> asyncio.Task[Any]:
    """The one that runs this method."""
    (found,) = (task for task in asyncio.all_tasks() if task.get_coro().__qualname__ == of.__qualname__)  # type: ignore[union-attr]
    return found


async def until(true: Callable[[], bool], within_s: float = 5.0) -> None:
    async with asyncio.timeout(within_s):
        while not true():
            await asyncio.sleep(0.01)
