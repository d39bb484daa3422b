"""Two softphones that people really use, behind one small interface: pjsua2 and baresip, each behind a router of ours.

Rules: what they show is used to know when to press; what they sent and received is believed of the router alone.
A button that a phone has not, or not at this moment, is said (`Refused`) and never imitated unless its name says so.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
import signal
import socket
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol, Self

from sip.phone.changes import Changes
from sip.phone.interface import RATE
from sip.phone.sound import write_wav
from tests.crash.heard import tone
from tests.witness.router import Router

CHECKOUT = Path(__file__).resolve().parents[2]
START_S = 20.0
FAREWELL_S = 5.0


class Refused(Exception):
    """The phone has no such button, or not now."""


def baresip_is_here() -> bool:
    return shutil.which("baresip") is not None


class Softphone(Protocol):
    name: str
    kind: str
    router: Router
    pitch: int

    @property
    def ringing(self) -> bool: ...
    @property
    def up(self) -> bool: ...
    async def press(self, button: str, value: str = "") -> None: ...


class Seen:
    """What a phone has shown of its newest call."""

    def __init__(self, name: str, kind: str, router: Router, pitch: int) -> None:
        self.name, self.kind, self.router, self.pitch = name, kind, router, pitch
        self.registered = self.ringing = self.up = False
        self.refused = ""
        self.changes = Changes()

    async def until(self, seen: Callable[[], bool], what: str, within_s: float = START_S) -> None:
        await self.changes.until(seen, within_s, f"{what} at {self.name} ({self.kind})")

    def show(self, told: str, why: str = "") -> None:
        if told == "registered":
            self.registered = True
        elif told == "ring":
            self.ringing, self.up = True, False
        elif told == "answered":
            self.ringing, self.up = False, True
        elif told == "ended":
            self.ringing = self.up = False
        elif told == "trouble":
            self.refused = why
        self.changes.tell()


class PjsuaPhone(Seen):
    """One account of a `PjsuaHouse`."""

    def __init__(self, house: PjsuaHouse, name: str, router: Router, pitch: int) -> None:
        super().__init__(name, "pjsua2", router, pitch)
        self._house = house

    async def press(self, button: str, value: str = "") -> None:
        if button == "silence":  # the microphone is muted: the phone sends silence
            button, value = "speak", self._house.quiet
        elif button == "stop":  # muted, and nothing is sent
            button, value = "speak", ""
        elif button == "speak":
            value = self._house.sound(self.pitch)
        self.refused = ""
        self._house.tell(do="press", name=self.name, button=button, **{"with": value})
        if button != "speak":
            await asyncio.sleep(0.1)  # a refusal comes at once
            if self.refused:
                raise Refused(self.refused)


class PjsuaHouse:
    """One process of pjsua2 with several volunteers' accounts."""

    def __init__(self, *, vad: bool = False) -> None:
        self.phones: dict[str, PjsuaPhone] = {}
        self._vad = vad
        self._folder = tempfile.TemporaryDirectory(prefix="witness-")
        self._process: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None
        self._sounds: dict[int, str] = {}

    async def __aenter__(self) -> Self:
        pipe, quiet = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.witness.pjsua_program", stdin=pipe, stdout=pipe, stderr=quiet, cwd=CHECKOUT
        )
        self._reader = asyncio.create_task(self._read())
        self.tell(do="open", vad=self._vad)
        return self

    async def __aexit__(self, *exc: object) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            async with asyncio.timeout(FAREWELL_S):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()
        assert self._reader is not None
        await self._reader
        self._folder.cleanup()

    @property
    def full(self) -> bool:
        """The library takes four calls at a time."""
        return len(self.phones) >= 4

    def tell(self, **what: object) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(what).encode() + b"\n")

    async def _read(self) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            told: dict[str, Any] = json.loads(line)
            phone = self.phones.get(str(told.get("name")))
            if phone is not None and not (told["told"] == "registered" and told["code"] != 200):
                phone.show(told["told"], str(told.get("why", "")))

    @property
    def quiet(self) -> str:
        return self.sound(0)

    def sound(self, pitch: int) -> str:
        """A file with one second of a tone; pitch 0: silence."""
        if pitch not in self._sounds:
            path = Path(self._folder.name) / f"{pitch}.wav"
            write_wav(path, tone(pitch)[:RATE])
            self._sounds[pitch] = str(path)
        return self._sounds[pitch]

    async def register(self, name: str, password: str, router: Router, pitch: int) -> PjsuaPhone:
        phone = self.phones[name] = PjsuaPhone(self, name, router, pitch)
        server = "{}:{}".format(*router.inside)
        self.tell(do="account", name=name, password=password, server=server, sound=self.sound(pitch))
        await phone.until(lambda: phone.registered, "registration")
        return phone


CONFIG = """\
poll_method epoll
sip_listen 127.0.0.1:{sip}
audio_source ausine,{pitch}
ausrc_srate 48000
ausrc_channels 2
rtp_ports 33000-60000
jitter_buffer_delay 5-10
module_path {modules}
module ausine.so
module g711.so
module g722.so
module opus.so
module account.so
module menu.so
module ctrl_tcp.so
ctrl_tcp_listen 127.0.0.1:{control}
"""
ACCOUNT = "<sip:{name}@{server};transport=udp>;auth_pass={password};regint=60;answermode=manual;{more}\n"
MODULES = ("/usr/lib/baresip/modules", "/usr/lib/x86_64-linux-gnu/baresip/modules", "/usr/local/lib/baresip/modules")
SHOWN = {"REGISTER_OK": "registered", "CALL_INCOMING": "ring", "CALL_ESTABLISHED": "answered", "CALL_CLOSED": "ended"}
BUTTONS = {
    "answer": "accept",
    "hangup": "hangup",
    "hold": "hold",
    "resume": "resume",
    "silence": "mute",
    "speak": "mute",
    "key": "sndcode",
    "transfer": "transfer",
    "reinvite": "reinvite",
}


class Baresip(Seen):
    """One process of baresip with one account, steered over its control socket (JSON in netstrings)."""

    def __init__(self, name: str, router: Router, pitch: int) -> None:
        super().__init__(name, "baresip", router, pitch)
        self._folder = tempfile.TemporaryDirectory(prefix="witness-")
        self._process: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None
        self._control: asyncio.StreamWriter | None = None
        self._muted = False

    @classmethod
    async def register(cls, name: str, password: str, router: Router, pitch: int, more: str = "") -> Self:
        phone = cls(name, router, pitch)
        try:
            await phone._start(password, more)
            await phone.until(lambda: phone.registered, "registration")
        except BaseException:
            await phone.close()
            raise
        return phone

    async def _start(self, password: str, more: str) -> None:
        folder, control = Path(self._folder.name), free_port(socket.SOCK_STREAM)
        modules = next((each for each in MODULES if Path(each).is_dir()), MODULES[0])
        config = CONFIG.format(sip=free_port(socket.SOCK_DGRAM), pitch=self.pitch, modules=modules, control=control)
        (folder / "config").write_text(config, encoding="utf-8")
        server = "{}:{}".format(*self.router.inside)
        account = ACCOUNT.format(name=self.name, server=server, password=password, more=more)
        (folder / "accounts").write_text(account, encoding="utf-8")
        quiet = asyncio.subprocess.DEVNULL
        self._process = await asyncio.create_subprocess_exec(
            "baresip", "-n", "127.0.0.1", "-f", str(folder), stdin=quiet, stdout=quiet, stderr=quiet
        )
        loop = asyncio.get_running_loop()
        end = loop.time() + START_S
        while True:
            try:
                reader, self._control = await asyncio.open_connection("127.0.0.1", control)
                break
            except OSError:
                if loop.time() > end or self._process.returncode is not None:
                    raise
                await asyncio.sleep(0.05)
        self._reader = asyncio.create_task(self._read(reader))
        await self.command("reginfo")  # it may have registered before we listened
        await asyncio.sleep(0)

    async def _read(self, reader: asyncio.StreamReader) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                length = int((await reader.readuntil(b":"))[:-1])
                told = json.loads((await reader.readexactly(length + 1))[:-1])
                if told.get("event"):
                    self.show(SHOWN.get(str(told.get("type")), ""))
                elif "OK" in str(told.get("data", "")) and told.get("token") == "reginfo":
                    self.show("registered")

    async def command(self, command: str, params: str = "") -> None:
        assert self._control is not None
        text = json.dumps({"command": command, "params": params, "token": command})
        self._control.write(f"{len(text)}:{text},".encode())
        await self._control.drain()

    async def press(self, button: str, value: str = "") -> None:
        if button not in BUTTONS:
            raise Refused(f"baresip has no button {button}")
        if button in ("silence", "speak"):
            if self._muted == (button == "silence"):
                return
            self._muted = not self._muted
        await self.command(BUTTONS[button], value)

    async def close(self) -> None:
        if self._control is not None:
            await self.command("hangup")
            await self.command("quit")
        if self._process is not None:
            if self._process.returncode is None:
                self._process.send_signal(signal.SIGTERM)
            try:
                async with asyncio.timeout(FAREWELL_S):
                    await self._process.wait()
            except TimeoutError:
                self._process.kill()
                await self._process.wait()
        if self._control is not None:
            self._control.close()
        if self._reader is not None:
            self._reader.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._reader
        self._folder.cleanup()


def free_port(kind: socket.SocketKind) -> int:
    with socket.socket(socket.AF_INET, kind) as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])
