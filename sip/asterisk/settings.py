"""Everything that Asterisk's configuration is made from."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from pathlib import Path

from ivr.core.feature import Feature
from ivr.core.ids import LineId, PromptId, VolunteerId
from sip.trouble import SipTrouble
from sip.trunks import DEMO_TRUNK, Trunk

LOOPBACK = "127.0.0.1"
APPLICATION = "voiceline"
"""The controller's name at Asterisk's REST interface, and its user name there and at the manager."""


@dataclass(frozen=True, slots=True)
class Ports:
    sip: int = 5060
    web: int = 8080
    ari: int = 8088
    ami: int = 5038
    rtp_first: int = 10000
    rtp_last: int = 12099
    sip_tls: int = 5061
    sip_inside: int = 5062
    """Asterisk's own, at 127.0.0.1, where a front stands before it."""

    @staticmethod
    def from_base(base: int | None) -> Ports:
        """The ports of one copy among several, from `base` to `base` + 2199; the well-known ones without a base."""
        if base is None:
            return Ports()
        if not 1024 <= base <= 65535 - 2199:
            raise SipTrouble(f"--port-base {base} does not do: use a number from 1024 to {65535 - 2199}.")
        return Ports(base, base + 1, base + 2, base + 3, base + 100, base + 2199, base + 4, base + 5)

    @property
    def rtp_trunks_last(self) -> int:
        """Two thirds of the RTP ports are for trunks, where carriers are real: a caller who waits has one leg, and one
        who talks brings one phone."""
        return self.rtp_first + (self.rtp_last + 1 - self.rtp_first) // 6 * 4 - 1


@dataclass(frozen=True, slots=True)
class Places:
    """Where Asterisk finds and puts its things."""

    etc: Path
    run: Path
    log: Path
    varlib: Path
    spool: Path
    modules: Path
    data: Path
    moh: Path

    @staticmethod
    def in_state(home: Path, modules: Path, data: Path) -> Places:
        """Everything under the state's `asterisk` directory."""
        return Places(
            home / "etc", home / "run", home / "log", home / "varlib", home / "spool", modules, data, home / "moh"
        )

    @staticmethod
    def of_debian(etc: Path, moh: Path, triplet: str, modules: Path | None = None) -> Places:
        """Debian's own places, for an Asterisk that somebody else installed and runs."""
        lib = Path("/var/lib/asterisk")
        return Places(
            etc,
            Path("/run/asterisk"),
            Path("/var/log/asterisk"),
            lib,
            Path("/var/spool/asterisk"),
            modules or Path("/usr/lib") / triplet / "asterisk/modules",
            Path("/usr/share/asterisk"),
            moh,
        )

    @property
    def configuration(self) -> Path:
        return self.etc / "asterisk.conf"

    @property
    def console(self) -> Path:
        """The socket of Asterisk's own command line."""
        return self.run / "asterisk.ctl"

    @property
    def hold_tone(self) -> Path:
        """Where the tone lies that a volunteer hears while the caller's side holds."""
        return self.moh / "hold"

    @property
    def quiet(self) -> Path:
        """Where the noise lies that a volunteer hears while nothing has come from the caller's phone."""
        return self.moh / "quiet"

    def made(self) -> tuple[Path, ...]:
        """The directories that must be there before Asterisk starts."""
        return (self.etc, self.run, self.log, self.varlib, self.spool, self.moh, self.hold_tone, self.quiet)


@dataclass(frozen=True, slots=True)
class OpenSpan:
    """Open in [start, end), seconds since 1970 in the line's own time (which `--clock` may have shifted)."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Line:
    """What the last resort must know of a line. Sounds are WAV files of 8 kHz, 16 bit, mono, played in order."""

    id: LineId
    number: str
    name: str
    greeting: tuple[Path, ...]
    technical: tuple[Path, ...]
    """Words for when our own side has failed."""
    closed: tuple[Path, ...]
    """Words for when the line is closed and nobody can compute when it opens."""
    open: tuple[OpenSpan, ...] | None = None
    """The coming weeks, in order. None: always open. After the last span has ended it is open too: an old table must
    not shut a child out."""


@dataclass(frozen=True, slots=True)
class Device:
    """One phone of a volunteer: its endpoint's name, with which it logs in."""

    endpoint: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Account:
    """A volunteer's phones, and the lines whose callers ring them in the last resort."""

    volunteer: VolunteerId
    password: str = field(repr=False)
    """Of the first device, whose endpoint is the volunteer's name."""
    lines: tuple[LineId, ...]
    further: tuple[Device, ...] = ()

    @property
    def devices(self) -> tuple[Device, ...]:
        return (Device(self.volunteer, self.password), *self.further)


@dataclass(frozen=True, slots=True)
class PartnerPlace:
    """One of the places of a partner, and the lines whose callers ring it in the last resort."""

    volunteer: VolunteerId
    address: str
    login: str
    password: str = field(repr=False)
    lines: tuple[LineId, ...]


CODES = (
    ("*10", Feature.ON_DUTY),
    ("*11", Feature.OFF_DUTY),
    ("*12", Feature.PAUSE),
    ("*13", Feature.BREAK),
    ("*14", Feature.WRAP_UP_DONE),
    ("*15", Feature.WRAP_UP_LONGER),
)
"""What a volunteer's phone may dial, and nothing else."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence that confirms a code; `name` is the extension that says it."""

    name: str
    sound: Path


def sentence_name(language: str, prompt: PromptId) -> str:
    return f"{language}-{prompt}"


@dataclass(frozen=True, slots=True)
class PhoneSide:
    """How volunteers' phones reach us."""

    bind: str = LOOPBACK
    certificate: Path | None = None
    """Chain and key in one file (PEM); None: no TLS."""
    srtp_required: bool = False

    @property
    def is_outside(self) -> bool:
        """Phones come from elsewhere than this machine: then over TLS, or not at all."""
        return not ipaddress.ip_address(self.bind).is_loopback


@dataclass(frozen=True, slots=True)
class Settings:
    places: Places
    ports: Ports
    lines: tuple[Line, ...]
    accounts: tuple[Account, ...]
    ari_password: str = field(repr=False)
    ami_secret: str = field(repr=False)
    trunks: tuple[Trunk, ...] = (DEMO_TRUNK,)
    sip_bind: str = LOOPBACK
    """The address at which carriers reach us."""
    phones: PhoneSide = PhoneSide()
    shift_s: int = 0
    """Line's time minus real time, seconds."""
    ring_s: int = 20
    """How long phones ring in one round of the last resort."""
    sentences: tuple[Sentence, ...] = ()
    partners: tuple[PartnerPlace, ...] = ()
    not_now: Path | None = None
    """What a volunteer hears whose code nobody can take up now."""
    front: bool = False
    """A front takes SIP from everybody, and Asterisk from the front alone."""

    @property
    def has_carrier(self) -> bool:
        """Children may be on the line."""
        return any(not trunk.is_demo for trunk in self.trunks)
