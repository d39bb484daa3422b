"""`voiceline.toml`: the few things that differ from house to house and are not callflows."""

from __future__ import annotations

import difflib
import tomllib
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from ivr.cli.common import HOME, Trouble
from sip.asterisk.settings import LOOPBACK
from sip.trouble import SipTrouble
from sip.trunks import DEMO_TRUNK, Trunk, read_trunk

LAST = "config.path"


@dataclass(frozen=True, slots=True)
class Config:
    callflows: Path = HOME / "callflows"
    recordings_policy: Path = HOME / "recordings-policy"
    asterisk: Path | None = None
    """An Asterisk program to use; None: look for one, or fetch Debian's."""
    trunks: tuple[Trunk, ...] = (DEMO_TRUNK,)
    sip_bind: str = LOOPBACK

    @property
    def is_demo(self) -> bool:
        """No child can be on it: every trunk is this machine itself."""
        return all(trunk.is_demo for trunk in self.trunks)


@dataclass
class _Reader:
    path: Path
    values: dict[str, object]
    known: list[str] = field(default_factory=list)

    def text(self, key: str) -> str | None:
        self.known.append(key)
        value = self.values.get(key)
        if value is not None and not isinstance(value, str):
            raise Trouble(f'{self.path}: {key} must be a text, like {key} = "...".')
        return value

    def place(self, key: str) -> Path | None:
        text = self.text(key)
        return None if text is None else (self.path.parent / Path(text).expanduser()).resolve()

    def unknown(self) -> None:
        for key in self.values:
            if key not in self.known:
                near = difflib.get_close_matches(key, self.known, 1)
                hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(self.known)}."
                raise Trouble(f"{self.path}: {key} is not a setting; {hint}")


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
        sip_bind=reader.text("sip_bind") or blank.sip_bind,
    )
    reader.unknown()
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
    trunks: list[Trunk] = []
    for name, addresses in tables.items():
        if not isinstance(addresses, list) or not all(isinstance(each, str) for each in addresses):
            raise Trouble(f'{reader.path}: trunks.{name} must be a list of addresses, like ["192.0.2.10"].')
        try:
            trunks.append(read_trunk(name, addresses))
        except SipTrouble as wrong:
            raise Trouble(f"{reader.path}: {wrong}") from None
    return tuple(trunks)
