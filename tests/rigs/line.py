"""The whole line as a user starts it: `ivr up` in a process of its own, with a state directory of its own."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, AnyStr, TypeVar

from ivr.app import control
from ivr.core import spoken
from sip.heard import Heard, hear, load_sounds
from sip.phone.interface import Samples
from sip.phone.own import OwnCall, OwnPhone
from sip.phone.sound import speech_like
from tests.rigs.ports import free_base

T = TypeVar("T")
CHECKOUT = Path(__file__).resolve().parents[2]
CARRIER = "127.0.0.2"
SECRET_NUMBER = "4520304050"
SECRET_NAME = "Xylofonia Quistgaardinde"
"""What no file, log, event or phone of ours may ever show."""
NOON = "2026-03-02T12:00"
QUICK_GROUPS = """\
default: dag
groups:
  dag: {strategy: longest_idle, ring: 5s, rounds: 2, rest: 1s, wrap_up: 1s}
  nat: {strategy: ring_all, ring: 5s, rounds: 2, rest: 1s, wrap_up: 1s}
"""


def until(look: Callable[[], T | None], what: str, within_s: float = 10.0) -> T:
    """Look again and again until there is something to see. For places where no event reaches us."""
    deadline = time.monotonic() + within_s
    while True:
        seen = look()
        if seen:
            return seen
        assert time.monotonic() < deadline, f"not within {within_s} s: {what}"
        time.sleep(0.02)


async def eventually(look: Callable[[], T | None], what: str, within_s: float = 10.0) -> T:
    """The same beside running phones: looking happens in a thread, so that nobody's voice stops meanwhile."""
    deadline = time.monotonic() + within_s
    while True:
        seen = await asyncio.to_thread(look)
        if seen:
            return seen
        assert time.monotonic() < deadline, f"not within {within_s} s: {what}"
        await asyncio.sleep(0.02)


def next_line(process: subprocess.Popen[AnyStr], within_s: float = 60.0) -> AnyStr:
    """What this process says next; nothing when it ends, and it is ended when it says nothing for so long."""
    assert process.stdout is not None
    impatience = threading.Timer(within_s, process.kill)
    impatience.start()
    try:
        return process.stdout.readline()
    finally:
        impatience.cancel()


class LiveLine:
    """A running line. Everything it shows is what a user could see."""

    def __init__(self, home: Path, base: int, clock: str | None, groups: str = QUICK_GROUPS) -> None:
        self.state = home / "state"
        self.base = base
        self.clock = clock
        self.callflows = home / "callflows"
        self.config = home / "voiceline.toml"
        shutil.copytree(CHECKOUT / "callflows", self.callflows)
        (self.callflows / "groups.yaml").write_text(groups, encoding="utf-8")
        self.config.write_text(f'callflows = "{self.callflows}"\n', encoding="utf-8")
        self.said = home / "controller.log"
        self.process: subprocess.Popen[bytes] | None = None
        self.ready: dict[str, Any] = {}
        self._sounds: dict[str, Samples] = {}
        self._stood = 0

    # ------------------------------------------------------------ the process

    def start(self, *more: str) -> dict[str, Any]:
        """`ivr up`, until it says that it is ready."""
        words = [sys.executable, "-m", "ivr", "up", "--state", str(self.state), "--config", str(self.config)]
        words += ["--port-base", str(self.base), "--drain", "0.5", *more]
        if self.clock is not None:
            words += ["--clock", self.clock]
        with self.said.open("ab") as said:
            self.process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=said, cwd=CHECKOUT)
        line = next_line(self.process)
        assert line, f"the line did not come up:\n{self.said.read_text()[-2000:]}"
        self.ready = json.loads(line)
        return self.ready

    def kill(self) -> None:
        """kill -9 of the controller alone."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(10)
        assert self.process.stdout is not None
        self.process.stdout.close()

    def stop(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(30)
        finally:
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait(10)
            if self.process.stdout is not None:
                self.process.stdout.close()
            self.ivr("down", check=False)

    def ivr(self, *words: str, check: bool = True) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "ivr", *words, "--state", str(self.state)],
            capture_output=True,
            text=True,
            timeout=60,
            cwd=CHECKOUT,
            check=False,
        )
        if check:
            assert done.returncode == 0, f"ivr {' '.join(words)}: {done.stderr}"
        return done.stdout

    # ------------------------------------------------------------ looking

    def status(self) -> dict[str, Any]:
        """What `ivr status` would say, asked in the same way but without a process of its own: it is asked often."""
        return control.ask(self.state, "status")

    def calls(self) -> list[dict[str, Any]]:
        told: list[dict[str, Any]] = json.loads(self.ivr("calls", "--json"))
        return told

    def events(self) -> list[dict[str, Any]]:
        told: list[dict[str, Any]] = json.loads(self.ivr("events", "--json"))
        return told

    def ended(self) -> list[dict[str, Any]]:
        """The call log in the order in which calls ended, by the events: by the clock it is not, since that of a line
        that was started anew has begun anew as well."""
        rows = {call["call"]: call for call in self.calls()}
        ended = [event["data"]["call"] for event in self.events() if event["type"] == "voiceline.call_ended"]
        return [rows[call] for call in ended if call in rows]

    def last_call(self, arrived: int) -> dict[str, Any]:
        """The call that ended last, once `arrived` are in the log."""
        return until(lambda: found if len(found := self.ended()) >= arrived else None, "the call in the log")[-1]

    def api(self, path: str, token: str | None = None, port: str = "web") -> tuple[int, bytes]:
        request = urllib.request.Request(f"{self.ready[port]}{path}")
        if token is not None:
            request.add_header("Authorization", f"Bearer {token}")
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as wrong:
            with wrong:
                return wrong.code, wrong.read()

    @property
    def secrets(self) -> dict[str, str]:
        kept: dict[str, str] = json.loads((self.state / "secrets.json").read_text())
        return kept

    def asterisk_pid(self) -> int:
        return int(self.ready["asterisk"]["pid"])

    def console(self, command: str) -> str:
        from sip.asterisk.console import ask

        return ask(self.state / "asterisk" / "run" / "asterisk.ctl", command)

    def channels(self) -> int:
        found = re.search(r"(\d+) active channel", self.console("core show channels count"))
        assert found is not None
        return int(found[1])

    def empty(self) -> None:
        """Nothing is left behind: no channel, bridge or remembered call."""
        until(lambda: self.channels() == 0 or None, "every channel ends")
        one_row = lambda: len(self.console("bridge show all").strip().splitlines()) <= 1 or None  # noqa: E731
        until(one_row, "every bridge is taken down")
        until(lambda: self.status()["calls"] == 0 or None, "every call is forgotten")

    @property
    def sounds(self) -> dict[str, Samples]:
        if not self._sounds:
            self._sounds = load_sounds([self.state / "asterisk" / "sounds" / "da"])
        return self._sounds

    def heard(self, call: OwnCall, fragments: bool = False) -> list[Heard]:
        """What this caller heard, as prompts in order; `fragments`: also those that a computed sentence is made of.

        Takes a while: not while phones of ours talk.
        """
        parts = {*spoken.fragments(), *spoken.place_fragments(), *spoken.wait_fragments()}
        among = {name: sound for name, sound in self.sounds.items() if fragments or name not in parts}
        return hear(call.heard.samples(), among)

    async def until_heard(self, call: OwnCall, prompt: str, within_s: float = 20.0) -> Heard:
        """Wait until the caller has heard this prompt to its end."""
        only = {prompt: self.sounds[prompt]}
        deadline = time.monotonic() + within_s
        while True:
            found = await asyncio.to_thread(hear, call.heard.samples(), only)
            if found and found[0].whole:
                return found[0]
            assert time.monotonic() < deadline, f"{prompt} was not heard within {within_s} s"
            await asyncio.sleep(0.2)

    # ------------------------------------------------------------ people

    @property
    def server(self) -> str:
        return str(self.ready["sip"])

    async def call(self, carrier: OwnPhone, number: str = "116111") -> OwnCall:
        call = await carrier.dial(
            f"sip:{number}@{self.server}", from_user=SECRET_NUMBER, from_name=SECRET_NAME, sound=speech_like(30.0, 7)
        )
        await call.until_answered(5.0)
        return call

    async def volunteer(self, name: str) -> OwnPhone:
        """This volunteer's phone, registered and known to be reachable."""
        password = json.loads((self.state / "accounts.json").read_text())[name]
        phone = await OwnPhone.register(name, password, self.server)
        await eventually(lambda: self.reachable(name) or None, f"{name} is reachable")
        return phone

    def begin(self) -> None:
        """A new test: talks of earlier ones do not count, whatever became of them."""
        self.empty()
        self._stood = self._standing()

    async def talk_stands(self) -> None:
        """Until one more volunteer, or partner, than at the last time was heard for long enough."""
        self._stood += 1
        wanted = self._stood
        await eventually(
            lambda: self._standing() >= wanted or None,
            "a volunteer, or a partner, has been heard for long enough",
            20.0,
        )

    def _standing(self) -> int:
        return sum(" ring_ended " in said and " result=answered" in said for said in self.said.read_text().splitlines())

    def reachable(self, name: str) -> bool:
        return any(who["name"] == name and who["reachable"] for who in self.status()["volunteers"])


@contextmanager
def live_line(
    home: Path,
    clock: str | None = NOON,
    groups: str = QUICK_GROUPS,
    edit: Callable[[LiveLine], None] = lambda _line: None,
) -> Iterator[LiveLine]:
    """`edit`: what is changed in its files before it is started."""
    with free_base() as base:
        line = LiveLine(home, base, clock, groups)
        edit(line)
        try:
            line.start()
            yield line
        finally:
            if line.process is not None:
                line.stop()
            left = subprocess.run(["pgrep", "-f", f"{home}/"], capture_output=True, text=True, check=False).stdout
            assert not left.strip(), f"processes left behind: {left}"
            assert not any(os.access(f"/proc/{pid}", os.F_OK) for pid in left.split())
