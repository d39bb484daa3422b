"""`voiceline.toml`: the few things that differ from house to house and are not callflows."""

from __future__ import annotations

import difflib
import ipaddress
import re
import tomllib
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from ivr.cli.common import HOME, Trouble
from sip.asterisk.settings import LOOPBACK, PhoneSide
from sip.shown import Wish
from sip.trouble import SipTrouble
from sip.trunks import DEMO_TRUNK, Trunk, read_trunk

LAST = "config.path"


@dataclass(frozen=True, slots=True)
class Phones:
    """How volunteers' phones reach us."""

    bind: str | None = None
    """None: the same address as carriers'."""
    host: str | None = None
    """The name they dial; None: the address."""
    certificate: Path | None = None
    """The house's own, with its chain; None: one of this installation's CA."""
    key: Path | None = None
    srtp_required: bool = False
    """On this machine as well. From elsewhere it always is."""


@dataclass(frozen=True, slots=True)
class Config:
    callflows: Path = HOME / "callflows"
    recordings_policy: Path = HOME / "recordings-policy"
    asterisk: Path | None = None
    """An Asterisk program to use; None: look for one, or fetch Debian's."""
    trunks: tuple[Trunk, ...] = (DEMO_TRUNK,)
    sip_bind: str = LOOPBACK
    phones: Phones = Phones()
    front: bool | None = None
    """A front before Asterisk (`[front] mode`); None: where it can be."""

    @property
    def has_front(self) -> bool:
        """By default, but where we listen everywhere: the front writes its address into what it passes on."""
        return self.can_have_front if self.front is None else self.front

    @property
    def can_have_front(self) -> bool:
        return not _is_everywhere(self.sip_bind) and not _is_everywhere(self.phones_bind)

    @property
    def phones_bind(self) -> str:
        return self.phones.bind or self.sip_bind

    @property
    def phones_name(self) -> str:
        """What phones dial."""
        return self.phones.host or self.phones_bind

    @property
    def phone_side(self) -> PhoneSide:
        """The same for Asterisk, which adds no certificate by itself."""
        side = PhoneSide(self.phones_bind)
        return replace(side, srtp_required=self.phones.srtp_required or side.is_outside)

    @property
    def certificate(self) -> Wish:
        """What phones are to be shown."""
        near = () if self.phone_side.is_outside else ("localhost",)
        names = (self.phones_name, *near, *(() if self.phones.host is None else (self.phones_bind,)))
        shown = tuple(name for name in dict.fromkeys(names) if not _is_everywhere(name))
        if self.phones.certificate is not None:
            shown = shown[:1]  # a public CA knows no addresses
        return Wish(shown, self.phones.certificate, self.phones.key)

    @property
    def is_demo(self) -> bool:
        """No child can be on it: every trunk is this machine itself."""
        return all(trunk.is_demo for trunk in self.trunks)


@dataclass
class _Reader:
    path: Path
    values: dict[str, object]
    within: str = ""
    known: list[str] = field(default_factory=list)

    def text(self, key: str) -> str | None:
        self.known.append(key)
        value = self.values.get(key)
        if value is not None and not isinstance(value, str):
            raise Trouble(f'{self.path}: {self.within}{key} must be a text, like {key} = "...".')
        return value

    def place(self, key: str) -> Path | None:
        text = self.text(key)
        return None if text is None else (self.path.parent / Path(text).expanduser()).resolve()

    def address(self, key: str) -> str | None:
        """An address of this machine."""
        text = self.text(key)
        if text is not None and not _is_address(text):
            raise Trouble(
                f"{self.path}: {self.within}{key} is {text!r}, which is no address: write it like 192.0.2.10."
            )
        return text

    def table(self, key: str) -> _Reader:
        self.known.append(key)
        values = self.values.get(key, {})
        if not isinstance(values, dict):
            raise Trouble(f"{self.path}: {key} must be a table, like [{key}].")
        return _Reader(self.path, values, f"{key}.")

    def unknown(self) -> None:
        for key in self.values:
            if key not in self.known:
                near = difflib.get_close_matches(key, self.known, 1)
                hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(self.known)}."
                raise Trouble(f"{self.path}: {self.within}{key} is not a setting; {hint}")


def read_config(path: Path | None) -> Config:
    """The settings of this file; without one, everything for trying it on this machine.

    Raises `Trouble` with the file's name and what to do.
    """
    if path is None:
        return Config()
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError:
        raise Trouble(f"{path} cannot be read: name a file that is there, or leave --config out.") from None
    except UnicodeDecodeError:
        raise Trouble(f"{path} is not a text in UTF-8: save it as such.") from None
    except tomllib.TOMLDecodeError as wrong:
        raise Trouble(f"{path}: {wrong}.") from None
    reader = _Reader(path.resolve(), values)
    blank = Config()
    config = Config(
        callflows=reader.place("callflows") or blank.callflows,
        recordings_policy=reader.place("recordings_policy") or blank.recordings_policy,
        asterisk=reader.place("asterisk"),
        trunks=_trunks(reader),
        sip_bind=reader.address("sip_bind") or blank.sip_bind,
        phones=_phones(reader),
        front=_front(reader),
    )
    reader.unknown()
    if config.front and not config.can_have_front:
        needed = "sip_bind must be an address of this machine, and phones.bind too."
        raise Trouble(f'{path}: with [front] mode = "kamailio" {needed}')
    if _is_everywhere(config.phones_name):
        raise Trouble(f'{path}: name what phones dial, like [phones] host = "sip.example.dk".')
    return config


def remember_config(state: Path, path: Path | None) -> None:
    """Which file this installation was last started with, so that other commands look at the same one."""
    note = state / LAST
    with suppress(OSError):  # a disk that takes nothing is told of elsewhere, and is no reason not to start
        if path is None:
            note.unlink(missing_ok=True)
        elif not note.exists() or note.read_text(encoding="utf-8") != str(path.resolve()):
            note.write_text(str(path.resolve()), encoding="utf-8")


def config_of(state: Path) -> Config:
    """The settings this installation was last started with. Raises `Trouble`."""
    try:
        path = Path((state / LAST).read_text(encoding="utf-8"))
    except OSError:
        return Config()
    return read_config(path)


def _trunks(reader: _Reader) -> tuple[Trunk, ...]:
    reader.known.append("trunks")
    tables = reader.values.get("trunks")
    if tables is None:
        return (DEMO_TRUNK,)
    if not isinstance(tables, dict) or not tables:
        raise Trouble(f'{reader.path}: trunks must be a table, like [trunks] carrier = ["192.0.2.10"].')
    return tuple(_trunk(reader, name, told) for name, told in tables.items())


def _trunk(reader: _Reader, name: str, told: object) -> Trunk:
    """`["192.0.2.10"]`, or `{sources = [...], media = [...]}` where sound comes from elsewhere than calls."""
    table = told if isinstance(told, dict) else {"sources": told}
    strange = sorted(set(table) - {"sources", "media"})
    if strange:
        raise Trouble(f"{reader.path}: trunks.{name}.{strange[0]} is not a setting; known are sources, media.")
    sources, media = _addresses(table.get("sources")), _addresses(table.get("media", []))
    if sources is None or media is None:
        example = '["192.0.2.10"], or {sources = ["192.0.2.10"], media = ["192.0.2.32/28"]}'
        raise Trouble(f"{reader.path}: trunks.{name} must be a list of addresses, like {example}.")
    try:
        return read_trunk(name, sources, media)
    except SipTrouble as wrong:
        raise Trouble(f"{reader.path}: {wrong}") from None


def _addresses(told: object) -> list[str] | None:
    if not isinstance(told, list):
        return None
    addresses = [each for each in told if isinstance(each, str)]
    return addresses if len(addresses) == len(told) else None


def _phones(reader: _Reader) -> Phones:
    phones = reader.table("phones")
    found = Phones(
        phones.address("bind"),
        phones.text("host"),
        phones.place("certificate"),
        phones.place("key"),
        _srtp(phones),
    )
    phones.unknown()
    if (found.certificate is None) != (found.key is None):
        raise Trouble(f"{reader.path}: phones.certificate and phones.key go together: name both files, or neither.")
    if found.host is not None and _HOST.fullmatch(found.host) is None:
        raise Trouble(f"{reader.path}: phones.host is {found.host!r}, which is no name: write it like sip.example.dk.")
    return found


def _front(reader: _Reader) -> bool | None:
    front = reader.table("front")
    mode = front.text("mode")
    front.unknown()
    if mode not in (None, "kamailio", "direct"):
        raise Trouble(f'{reader.path}: front.mode is {mode!r}; it can be "kamailio" or "direct".')
    return None if mode is None else mode == "kamailio"


def _srtp(phones: _Reader) -> bool:
    told = phones.text("srtp")
    if told not in (None, "required"):
        raise Trouble(
            f'{phones.path}: phones.srtp can only be "required"; from elsewhere than this machine it always is.'
        )
    return told is not None


_HOST = re.compile(r"(?=.{1,253}$)[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?")


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _is_everywhere(text: str) -> bool:
    return _is_address(text) and ipaddress.ip_address(text).is_unspecified
