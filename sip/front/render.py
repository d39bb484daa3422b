"""Fills in the front's templates (`asterisk-config/kamailio/`). The same settings always give the same bytes."""

from __future__ import annotations

import ipaddress
import re
import secrets
from dataclasses import fields
from pathlib import Path

from sip.asterisk.render import TEMPLATES
from sip.front.install import MODULES
from sip.front.settings import FrontPlaces, FrontSettings
from sip.private import read_private, write_private, write_privately
from sip.trouble import SipTrouble

_KEY = re.compile(r"[0-9a-f]{64}")
_FILES = ("kamailio.cfg", "tls.cfg")


def keep_key(places: FrontPlaces) -> str:
    """The installation's key, made once; a broken one is told (`SipTrouble`), since a new one would cost every call."""
    kept = read_private(places.key).get("key")
    if kept is None:
        kept = secrets.token_hex(32)
        write_private(places.key, {"key": kept})
    if _KEY.fullmatch(kept) is None:
        raise SipTrouble(f"{places.key} is broken: put a backup of it back, or remove it while nobody calls.")
    return kept


def rendered(settings: FrontSettings) -> dict[str, str]:
    """Every file's text by its name; writes nothing."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined  # not needed to find and use one that runs

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES / "kamailio"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - not HTML; every value is an address, a port, a key or a path of ours
    )
    environment.filters["network"] = _network
    values: dict[str, object] = {field.name: getattr(settings, field.name) for field in fields(settings)}
    values |= {"modules": MODULES, "here": settings.here}
    return {name: environment.get_template(f"{name}.j2").render(values) for name in _FILES}


def write(settings: FrontSettings, texts: dict[str, str]) -> None:
    settings.places.run.mkdir(parents=True, exist_ok=True, mode=0o700)
    for name, text in texts.items():
        write_privately(settings.places.home / name, text.encode())


def is_written(settings: FrontSettings, texts: dict[str, str]) -> bool:
    """Whether the files on disk say just that."""
    return all(_read(settings.places.home / name) == text for name, text in texts.items())


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None


def _network(source: str) -> str:
    """An address or a network, as `is_in_subnet` wants it."""
    read = ipaddress.ip_network(source)
    return str(read.network_address) if read.num_addresses == 1 else str(read)
