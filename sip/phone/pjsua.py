"""A phone with somebody else's SIP stack inside (pjsua2), behind the same interface.

Rules: pjsua2 allows one endpoint per process, so each phone is a process of its own; what it hears is written by the
library into a WAV file that this side reads. Single packets are not shown.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Self

import numpy as np

from sip.phone.changes import Changes
from sip.phone.g711 import LOUD
from sip.phone.interface import RATE, Ended, Moments, NotAnswered, NotRegistered, NotShown, Packet, Samples
from sip.phone.message import Header, Request, parse
from sip.phone.sound import write_wav

_HOME = Path(__file__).resolve().parents[2]
_WAV_HEAD = 44
_FAREWELL = 4.0
_START = 15.0
_LOOK = 0.05
Do = Callable[..., None]


def pjsua_is_here() -> bool:
    return find_spec("pjsua2") is not None


class PjsuaHeard:
    """The recording the library writes, readable while it grows (in steps of a quarter of a second)."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.began: float | None = None

    def samples(self) -> Samples:
        try:
            data = self.path.read_bytes()[_WAV_HEAD:]
        except FileNotFoundError:
            return np.zeros(0, np.int16)
        return np.frombuffer(data[: len(data) & ~1], dtype="<i2").astype(np.int16)


class PjsuaCall:
    def __init__(self, number: int, do: Do, folder: Path, changes: Changes, call_id: str, began: float) -> None:
        self.number, self.call_id, self.digits = number, call_id, ""
        self.heard = PjsuaHeard(folder / f"heard{number}.wav")
        self.began_at = began
        self._do, self._folder, self._changes = do, folder, changes
        self._moments = Moments(began)
        self._ended: Ended | None = None
        self._sounds = 0
        self._leaving: float | None = None

    @property
    def moments(self) -> Moments:
        """`first_packet` stays None here: the library does not show it."""
        if self._moments.first_sound is None and self.heard.began is not None:
            loud = np.flatnonzero(np.abs(self.heard.samples().astype(np.int32)) > LOUD)
            if len(loud):
                self._moments.first_sound = self.heard.began + float(loud[0]) / RATE
        return self._moments

    @property
    def packets(self) -> Sequence[Packet]:
        raise NotShown("pjsua2 does not show single packets; use the own phone for that")

    @property
    def ended(self) -> Ended | None:
        return self._ended

    async def until_ringing(self, deadline: float) -> None:
        await self._until(lambda: (self._moments.ringing or self._moments.answered) is not None, deadline, "ringing")

    async def until_answered(self, deadline: float) -> None:
        await self._until(lambda: self._moments.answered is not None, deadline, "answer")

    async def _until(self, seen: Callable[[], bool], deadline: float, what: str) -> None:
        await self._changes.until(lambda: seen() or self._ended is not None, deadline, what)
        if self._ended is not None and not seen():
            raise NotAnswered(self._ended)

    async def until_sound(self, deadline: float) -> float:
        end = time.monotonic() + deadline
        while (moment := self.moments.first_sound) is None:
            if time.monotonic() >= end:
                raise TimeoutError(f"no sound within {deadline:g} s")
            await asyncio.sleep(_LOOK)  # the library writes a file and tells nobody
        return moment

    async def until_ended(self, deadline: float) -> Ended:
        await self._changes.until(lambda: self._ended is not None, deadline, "end of the call")
        assert self._ended is not None
        return self._ended

    async def hangup(self, reason: str = "") -> Ended:
        if self._ended is None:
            self._leaving = time.monotonic()
            self._do(do="hangup", call=self.number, code=0, reason=reason)
        try:
            return await self.until_ended(_FAREWELL)
        except TimeoutError:
            self.end(Ended("us", None, "silence", "", time.monotonic()))
            return await self.until_ended(0)

    async def send_digits(self, digits: str) -> None:
        if any(digit not in "0123456789*#ABCD" for digit in digits):
            raise ValueError("keys are 0-9, *, # and A-D")
        self._do(do="digits", call=self.number, digits=digits)
        await asyncio.sleep(0.3 * len(digits))  # the library says nothing when a key is up

    def play(self, sound: Samples, *, loop: bool = False) -> None:
        self._do(do="play", call=self.number, sound=self.keep(sound), loop=loop)

    def hold(self, on: bool = True) -> None:
        """Its own button: `sendonly` by re-INVITE, and back."""
        self._do(do="hold", call=self.number, on=on)

    def transfer(self, to: str) -> None:
        """Its own button: REFER."""
        self._do(do="transfer", call=self.number, to=to)

    def request(self, method: str, kind: str = "", body: str = "") -> None:
        """Any request within the call. Left unanswered, the library ends the call after 32 s (RFC 3261 12.2.1.2)."""
        self._do(do="request", call=self.number, method=method, type=kind, body=body)

    def keep(self, sound: Samples | None) -> str:
        """The sound as a file that the library can read; "" for none."""
        if sound is None:
            return ""
        self._sounds += 1
        path = self._folder / f"say{self.number}-{self._sounds}.wav"
        write_wav(path, sound)
        return str(path)

    def see(self, state: str, at: float) -> None:
        if state == "began":
            self._moments.began = at
            return
        self._moments.trying = self._moments.trying or at
        if state == "ringing":
            self._moments.ringing = self._moments.ringing or at
        elif state == "answered":
            self._moments.answered = self._moments.answered or at

    def end(self, ended: Ended) -> None:
        if self._ended is None:
            self._ended = ended


class PjsuaRing:
    def __init__(self, call: PjsuaCall, invite: Request, do: Do, changes: Changes, adopt: Callable[[], None]) -> None:
        self._call, self._invite, self._do, self._changes, self._adopt = call, invite, do, changes, adopt
        self.moment = call.began_at
        self._answered = False

    @property
    def from_header(self) -> str:
        return self._invite.get("from")

    @property
    def headers(self) -> tuple[Header, ...]:
        return self._invite.headers

    @property
    def ended(self) -> Ended | None:
        return None if self._call.moments.answered is not None else self._call.ended

    def pick_up(self, sound: Samples | None = None) -> None:
        if self.ended is None and not self._answered:
            self._answered = True
            self._adopt()
            record = str(self._call.heard.path)
            self._do(do="answer", call=self._call.number, sound=self._call.keep(sound), record=record)

    async def answer(self, *, sound: Samples | None = None) -> PjsuaCall:
        if self.ended is not None:
            raise NotAnswered(self.ended)
        self.pick_up(sound)
        await self._call.until_answered(34)
        return self._call

    def decline(self, code: int = 603) -> None:
        self._do(do="hangup", call=self._call.number, code=code, reason="")

    def ignore(self) -> None:
        """It goes on ringing."""

    async def until_ended(self, deadline: float) -> Ended:
        await self._changes.until(lambda: self.ended is not None, deadline, "end of the ringing")
        assert self.ended is not None
        return self.ended


class PjsuaPhone:
    """See `interface.Phone`."""

    def __init__(self, bind: str) -> None:
        self._bind, self._port = bind, 0
        self._process: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None
        self._folder = tempfile.TemporaryDirectory(prefix="pjsua-")
        self._changes = Changes()
        self._all: dict[int, PjsuaCall] = {}
        self._calls: list[PjsuaCall] = []
        self._rings: asyncio.Queue[PjsuaRing] = asyncio.Queue()
        self._auto: tuple[float, Samples | None] | None = None
        self._timers: set[asyncio.TimerHandle] = set()
        self._registration: tuple[int, str, bool] | None = None
        self._trouble = ""
        self._gone = False

    @classmethod
    async def open(cls, *, bind: str = "127.0.0.1", port: int = 0) -> Self:
        phone = cls(bind)
        await phone._start(port, None)
        return phone

    @classmethod
    async def register(
        cls, name: str, password: str, server: str, *, bind: str = "127.0.0.1", port: int = 0, expires: int = 60
    ) -> Self:
        phone = cls(bind)
        login: dict[str, object] = {"name": name, "password": password, "server": server, "expires": expires}
        await phone._start(port, login)
        try:
            await phone._changes.until(lambda: phone._registration is not None, 6, "answer to REGISTER")
        except TimeoutError:
            await phone.close()
            raise NotRegistered(408, "no answer") from None
        assert phone._registration is not None
        code, why, _ = phone._registration
        if code >= 300:
            await phone.close()
            raise NotRegistered(code, why)
        return phone

    async def _start(self, port: int, login: dict[str, object] | None) -> None:
        pipe = asyncio.subprocess.PIPE
        quiet = asyncio.subprocess.DEVNULL
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "sip.phone.pjsua_helper", stdin=pipe, stdout=pipe, stderr=quiet, cwd=_HOME
        )
        self._reader = asyncio.create_task(self._read())
        self._tell(do="open", bind=self._bind, port=port, account=login)
        try:
            await self._changes.until(lambda: bool(self._port or self._trouble or self._gone), _START, "pjsua2 phone")
        except BaseException:
            await self.close()
            raise
        if not self._port:
            await self.close()
            raise OSError(f"pjsua2 cannot open a phone at {self._bind}: {self._trouble or 'its process ended'}")

    def _tell(self, **what: object) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        if not self._gone:
            self._process.stdin.write(json.dumps(what).encode() + b"\n")

    async def _read(self) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            self._hear(json.loads(line))
            self._changes.tell()
        self._gone = True
        for call in self._all.values():
            call.end(Ended("network", None, "the phone's process ended", "", time.monotonic()))
        self._changes.tell()

    def _hear(self, told: dict[str, Any]) -> None:
        call = self._all.get(told.get("call") or 0)
        match told["told"]:
            case "open":
                self._port = told["port"]
            case "registration":
                self._registration = (told["code"], told["why"], told["active"])
            case "ring":
                self._on_ring(told)
            case "trouble":
                self._trouble = told["why"]
                if call is not None and told["do"] in ("dial", "answer"):
                    call.end(Ended("us", None, told["why"], "", time.monotonic()))
            case "state" if call is not None:
                call.call_id = told.get("call_id") or call.call_id
                call.see(told["state"], told["at"])
            case "recording" if call is not None:
                call.heard.began = told["at"]
            case "digit" if call is not None:
                call.digits += told["digit"]
            case "ended" if call is not None:
                call.end(Ended(told["by"], told["code"], told["why"], told["reason"], told["at"]))

    def _on_ring(self, told: dict[str, Any]) -> None:
        invite = parse(told["message"].encode())
        if not isinstance(invite, Request):
            return
        number = told["call"]
        call = PjsuaCall(number, self._tell, Path(self._folder.name), self._changes, invite.call_id, told["at"])
        self._all[number] = call
        ring = PjsuaRing(call, invite, self._tell, self._changes, lambda: self._calls.append(call))
        self._rings.put_nowait(ring)
        if self._auto is not None:
            after, sound = self._auto
            self._timers.add(asyncio.get_running_loop().call_later(after, ring.pick_up, sound))

    @property
    def address(self) -> tuple[str, int]:
        return (self._bind, self._port)

    @property
    def calls(self) -> Sequence[PjsuaCall]:
        return tuple(self._calls)

    async def dial(
        self, to: str, *, from_user: str = "anonymous", from_name: str = "", sound: Samples | None = None
    ) -> PjsuaCall:
        number = len(self._all) + 1
        call = PjsuaCall(number, self._tell, Path(self._folder.name), self._changes, "", time.monotonic())
        self._all[number] = call
        self._calls.append(call)
        record = str(call.heard.path)
        self._tell(do="dial", call=number, to=to, user=from_user, name=from_name, sound=call.keep(sound), record=record)
        await self._changes.until(lambda: bool(call.call_id or call.ended), _START, "INVITE")
        return call

    async def next_ring(self, deadline: float) -> PjsuaRing:
        try:
            async with asyncio.timeout(deadline):
                return await self._rings.get()
        except TimeoutError:
            raise TimeoutError(f"no ring within {deadline:g} s") from None

    def auto_answer(self, after: float | None, *, sound: Samples | None = None) -> None:
        self._auto = None if after is None else (after, sound)

    async def unregister(self) -> None:
        if self._registration is not None and self._registration[2]:
            self._registration = None
            self._tell(do="unregister")
            with contextlib.suppress(TimeoutError):  # an exchange that does not answer is left as it is
                seen = lambda: self._registration is not None or self._gone  # noqa: E731
                await self._changes.until(seen, 3, "answer to REGISTER")

    def drop_dead(self) -> None:
        """The process is frozen, not killed: its ports stay taken and answer nothing."""
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(signal.SIGSTOP)
            self._gone = True

    async def close(self) -> None:
        for timer in self._timers:
            timer.cancel()
        if self._process is not None:
            frozen = self._gone and self._process.returncode is None
            self._tell(do="close")
            await _end(self._process, frozen)
        if self._reader is not None:
            await self._reader
            self._reader = None
        self._folder.cleanup()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.close()


async def _end(process: asyncio.subprocess.Process, at_once: bool) -> None:
    """Waits for a process that was told to go; kills it when it does not."""
    assert process.stdin is not None
    try:
        if not at_once:
            async with asyncio.timeout(6):
                await process.wait()
    except TimeoutError:
        at_once = True
    if at_once and process.returncode is None:
        process.kill()
        await process.wait()
    process.stdin.close()
