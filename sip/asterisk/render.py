"""Fills in the templates of `asterisk-config/`. The same settings always give the same bytes."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import fields
from pathlib import Path

from sip.asterisk.hold_tone import FILE, QUIET_FILE, hold_tone, quiet
from sip.asterisk.modules import ALLOWED
from sip.asterisk.settings import APPLICATION, CODES, Places, Settings
from sip.front.settings import INSIDE, inside_partners, trunk_secret
from sip.numbers import spellings
from sip.private import write_privately
from sip.trouble import SipTrouble

TEMPLATES = Path(__file__).resolve().parents[2] / "asterisk-config"

RELOADED: dict[str, str] = {
    "extensions.conf": "dialplan reload",
    "pjsip.conf": "module reload res_pjsip.so",
    "queues.conf": "queue reload all",
    "musiconhold.conf": "moh reload",
}
"""Which console command makes a running Asterisk take up a changed file; calls go on. Any other needs a restart."""

_PATH = re.compile(r"/[\w./+@%:-]+")
"""Path names that stay one word in every one of Asterisk's languages."""
_LONGEST_SOCKET = 107
_BEHIND = "; Behind the front."
"""Stands in `pjsip_transports.conf.j2`."""


def render(settings: Settings) -> frozenset[str]:
    """Writes every file that differs into `settings.places.etc` (each in one step, 0600) and returns their names.

    Raises `SipTrouble` when settings cannot be expressed, or the place cannot be written.
    """
    changed: set[str] = set()
    for name, text in rendered(settings).items():
        path = settings.places.etc / name
        try:
            same = path.read_text(encoding="utf-8") == text
        except (OSError, UnicodeDecodeError):
            same = False
        if not same:
            write_privately(path, text.encode())
            changed.add(name)
    for sound, made in ((settings.places.hold_tone / FILE, hold_tone), (settings.places.quiet / QUIET_FILE, quiet)):
        if not sound.exists():
            write_privately(sound, made())
    return frozenset(changed)


def rendered(settings: Settings) -> dict[str, str]:
    """Every file's text by its name; writes nothing."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined  # not needed to find and use one that runs

    _check(settings)
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - not HTML; what may stand in a value is checked beforehand
    )
    environment.filters["spoken"] = _spoken
    environment.filters["sounds"] = _sounds
    environment.filters["spellings"] = spellings
    values: dict[str, object] = {field.name: getattr(settings, field.name) for field in fields(settings)}
    values["accounts"] = sorted(settings.accounts, key=lambda account: account.volunteer)
    values["partners"] = sorted(settings.partners, key=lambda place: place.volunteer)
    values |= {
        "modules": ALLOWED,
        "application": APPLICATION,
        "codes": CODES,
        "media_address": _media_address(settings.sip_bind),
        "phones_address": _media_address(settings.phones.bind) if settings.phones.bind != settings.sip_bind else None,
        "split_ports": settings.has_carrier,
        "front": settings.front_key is not None,
        "front_secrets": {trunk.name: trunk_secret(settings.front_key or "", trunk.name) for trunk in settings.trunks},
        "front_address": INSIDE,
        "front_partners": inside_partners(settings.ports),
    }
    values |= {
        "carriers": _by_version(source for trunk in settings.trunks for source in trunk.sources),
        "media": _by_version(network for trunk in settings.trunks for network in trunk.media_networks),
    }
    names = sorted(path.name.removesuffix(".j2") for path in TEMPLATES.glob("*.j2"))
    return {name: environment.get_template(f"{name}.j2").render(values) for name in names}


def is_behind_front(places: Places) -> bool | None:
    """Whether the files that an Asterisk runs by have it behind a front; None: there are none."""
    try:
        text = (places.etc / "pjsip_transports.conf").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None
    return _BEHIND in text


def reload_commands(changed: Iterable[str]) -> tuple[str, ...]:
    """The console commands that make these changed files effective, as far as that is possible without a restart."""
    return tuple(RELOADED[name] for name in sorted(changed) if name in RELOADED)


def make_places(places: Places) -> None:
    """The directories Asterisk needs, closed to other users; raises `SipTrouble`."""
    try:
        for place in places.made():
            place.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise SipTrouble(
            f"{error.filename} cannot be made ({error.strerror}): name another place with --state."
        ) from None


def _media_address(bind: str) -> str | None:
    """The address that goes into a call's description; None when we listen everywhere and each call has its own."""
    return None if ipaddress.ip_address(bind).is_unspecified else bind


def _by_version(networks: Iterable[str]) -> dict[int, list[str]]:
    """Addresses and networks of each version of IP, in order, each once."""
    read = sorted(set(networks))
    return {version: [each for each in read if ipaddress.ip_network(each).version == version] for version in (4, 6)}


def _spoken(name: str) -> str:
    """A name as a phone may show it: what could end a string in the dialplan is left out."""
    return "".join(letter for letter in name if letter.isalnum() or letter in " .-+/!").strip()


def _sounds(paths: tuple[Path, ...]) -> str:
    """`Playback`'s list: names without their ending, for Asterisk picks the format."""
    return "&".join(str(_sane(path.with_suffix(""))) for path in paths)


def _sane(path: Path) -> Path:
    if _PATH.fullmatch(str(path)) is None:
        raise SipTrouble(
            f"Asterisk cannot work with the path {path}: use one of letters, digits and . - _ + only, without spaces."
        )
    return path


def _check(settings: Settings) -> None:
    for place in fields(settings.places):
        _sane(getattr(settings.places, place.name))
    if len(str(settings.places.console).encode()) > _LONGEST_SOCKET:
        raise SipTrouble(f"The path {settings.places.run} is too long for a socket: use a shorter state directory.")
    try:
        ipaddress.ip_address(settings.sip_bind)
    except ValueError:
        raise SipTrouble(f"sip_bind is {settings.sip_bind!r}, which is no address: write it like 192.0.2.10.") from None
    for line in settings.lines:
        if re.fullmatch(r"\+?[0-9]{3,15}", line.number) is None:
            raise SipTrouble(f"The line {line.id} has the number {line.number!r}: write digits only, such as 116111.")
        if re.fullmatch(r"[a-z][a-z0-9_-]{0,31}", line.id) is None:
            raise SipTrouble(
                f"{line.id!r} cannot be a line's name: use small letters, digits, - and _, a letter first."
            )
    known: dict[str, str] = {}
    for line in settings.lines:
        for spelling in spellings(line.number):
            other = known.setdefault(spelling, line.number)
            if other != line.number or line.number in [each.number for each in settings.lines if each is not line]:
                raise SipTrouble(f"Two lines have the number {spelling}: give each its own.")
