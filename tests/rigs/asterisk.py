"""A real Asterisk in a directory of its own, configured as in production. What callers hear are tones, so that a test
can tell by the pitch what was played."""

from __future__ import annotations

import http.client
import shutil
import wave
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlencode

import numpy as np

from ivr.core.ids import LineId, VolunteerId, place_id
from sip.asterisk.console import ask
from sip.asterisk.install import Asterisk, install
from sip.asterisk.process import find_running, start, stop
from sip.asterisk.render import make_places, render
from sip.asterisk.settings import APPLICATION, Account, Line, PartnerPlace, Places, Ports, Sentence, Settings
from sip.phone.interface import RATE, Samples
from tests.rigs.ports import shared_base

CHILDREN, PARENTS = LineId("bornetelefonen"), LineId("foraeldretelefonen")
ANNA, BO = VolunteerId("anna"), VolunteerId("bo")
GREETING, TECHNICAL, CLOSED, MUSIC, NOT_NOW = 500, 700, 900, 300, 1100
"""Hz."""
WORDS_S = 0.8
ARI_PASSWORD, AMI_SECRET = "ari-password-of-a-test", "ami-secret-of-a-test"


@dataclass(frozen=True, slots=True)
class Machine:
    asterisk: Asterisk
    settings: Settings
    state: Path

    @property
    def server(self) -> str:
        return f"127.0.0.1:{self.settings.ports.sip}"

    @property
    def pid(self) -> int:
        pid = find_running(self.settings.places)
        assert pid is not None, "no Asterisk runs"
        return pid

    def address(self, number: str) -> str:
        return f"sip:{number}@{self.server}"

    def console(self, command: str) -> str:
        return ask(self.settings.places.console, command)

    def channels(self) -> int:
        return int(self.console("core show channels count").split()[0])

    def ari(self, method: str, path: str, **query: str) -> tuple[int, str]:
        """Status and body of one request to the REST interface."""
        line = http.client.HTTPConnection("127.0.0.1", self.settings.ports.ari, timeout=5)
        try:
            who = b64encode(f"{APPLICATION}:{ARI_PASSWORD}".encode()).decode()
            line.request(method, f"/ari/{path}?{urlencode(query)}", headers={"Authorization": f"Basic {who}"})
            answer = line.getresponse()
            return answer.status, answer.read().decode()
        finally:
            line.close()

    @property
    def events(self) -> str:
        """Where a controller would listen."""
        return f"ws://127.0.0.1:{self.settings.ports.ari}/ari/events?app={APPLICATION}&api_key={APPLICATION}:{ARI_PASSWORD}"


NORD = place_id("nord", 1)
NORD_ADDRESS, NORD_LOGIN = "sip:33112233@127.0.0.9:{}", "house-1"
"""A partner, at that port of the machine's own range."""


def settings_for(asterisk: Asterisk, home: Path, base: int) -> Settings:
    """Two lines and two volunteers: anna serves both lines, bo the parents' alone."""
    words = home / "sounds" / "da"
    lines = (
        Line(
            CHILDREN,
            "116111",
            "BørneTelefonen",
            greeting=(words / "velkommen.wav",),
            technical=(words / "teknik.wav",),
            closed=(words / "lukket.wav",),
        ),
        Line(PARENTS, "35555557", "ForældreTelefonen", greeting=(words / "velkommen.wav",), technical=(), closed=()),
    )
    return Settings(
        Places.in_state(home, asterisk.modules, asterisk.data),
        Ports.from_base(base),
        lines,
        (Account(ANNA, password(ANNA), (CHILDREN, PARENTS)), Account(BO, password(BO), (PARENTS,))),
        ARI_PASSWORD,
        AMI_SECRET,
        partners=(PartnerPlace(NORD, NORD_ADDRESS.format(base + 19), NORD_LOGIN, password(NORD), ()),),
        sentences=(Sentence("da-kort", words / "kort.wav"),),
        not_now=words / "ikke-nu.wav",
    )


def password(volunteer: VolunteerId) -> str:
    return f"password-of-{volunteer}"


def lay_out(state: Path, base: int | None = None) -> Machine:
    """Everything ready in `state`, nothing started."""
    home = state / "asterisk"
    asterisk = install(home, lambda _told: None)
    settings = settings_for(asterisk, home, shared_base() if base is None else base)
    make_places(settings.places)
    for name, pitch in (("velkommen", GREETING), ("teknik", TECHNICAL), ("lukket", CLOSED), ("ikke-nu", NOT_NOW)):
        write_tone(home / "sounds" / "da" / f"{name}.wav", WORDS_S, pitch)
    write_tone(settings.places.moh / "calm.wav", 30, MUSIC)
    render(settings)
    return Machine(asterisk, settings, state)


@contextmanager
def running(machine: Machine) -> Iterator[Machine]:
    """Started, and stopped again whatever happens."""
    try:
        start(machine.asterisk, machine.settings)
        yield machine
    finally:
        stop(machine.settings.places)


def with_settings(machine: Machine, **changes: object) -> Machine:
    return replace(machine, settings=replace(machine.settings, **changes))  # type: ignore[arg-type]


def remove(machine: Machine) -> None:
    shutil.rmtree(machine.state, ignore_errors=True)


# ---------------------------------------------------------------- tones


def tone(length_s: float, pitch: float) -> Samples:
    moments = np.arange(int(length_s * RATE)) / RATE
    return (8000 * np.sin(2 * np.pi * pitch * moments)).astype(np.int16)


def write_tone(path: Path, length_s: float, pitch: float) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(tone(length_s, pitch).tobytes())


def pitches(samples: Samples) -> list[int]:
    """What was heard, in order: the pitch (to 20 Hz) of each stretch that lasted 0.2 s or more, 0 for silence."""
    window = RATE // 10
    found: list[int] = []
    counts: list[int] = []
    for place in range(0, len(samples) - window + 1, window):
        piece = samples[place : place + window].astype(np.float64)
        loud = np.sqrt(np.mean(piece**2)) > 200
        spectrum = np.abs(np.fft.rfft(piece * np.hanning(window)))
        pitch = round(float(np.argmax(spectrum)) * RATE / window / 20) * 20 if loud else 0
        if found and found[-1] == pitch:
            counts[-1] += 1
        else:
            found.append(pitch)
            counts.append(1)
    steady = [pitch for pitch, count in zip(found, counts, strict=True) if count >= 2]
    return [pitch for place, pitch in enumerate(steady) if place == 0 or steady[place - 1] != pitch]
