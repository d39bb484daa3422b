"""Where Debian's packages come from on this machine: its own apt sources, or a setting."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from sip.trouble import SipTrouble

SETTING = "VOICELINE_DEBIAN_MIRROR"
KEYRINGS = (
    Path("/usr/share/keyrings/debian-archive-keyring.gpg"),
    Path("/usr/share/keyrings/debian-archive-keyring.pgp"),
)

_SUITES = frozenset(
    {
        "bullseye",
        "bookworm",
        "trixie",
        "forky",
        "duke",
        "sid",
        "oldoldstable",
        "oldstable",
        "stable",
        "testing",
        "unstable",
    }
)
_DEBIAN_ITSELF = re.compile(r"^(https?://.*/debian(/\d{8}T\d{6}Z)?/?|mirror\+file:\S*/debian\.list)$")
"""A mirror of Debian (also a dated snapshot, or a cloud image's mirror list), not somebody's packages for Debian."""


@dataclass(frozen=True, slots=True)
class Source:
    """One address out of apt's sources, with what decides whether it is Debian itself."""

    uri: str
    suites: tuple[str, ...]
    components: tuple[str, ...]
    signed_by: str

    @property
    def is_debian(self) -> bool:
        return (
            _DEBIAN_ITSELF.match(self.uri) is not None
            and "main" in self.components
            and not _SUITES.isdisjoint(self.suites)
            and (not self.signed_by or "debian-archive" in self.signed_by or "BEGIN PGP" in self.signed_by)
        )


def one_line_sources(text: str) -> Iterator[Source]:
    """`deb [signed-by=..] URI suite component..` (sources.list(5), one-line style)."""
    for line in text.splitlines():
        found = re.match(r"^\s*deb\s+(?:\[([^]]*)\]\s+)?(\S+)\s+(\S+)\s*([^#]*)", line)
        if found is None:
            continue
        options, uri, suite, components = found.groups()
        signed = re.search(r"signed-by=(\S+)", options or "")
        yield Source(uri, (suite,), tuple(components.split()), signed[1] if signed else "")


def deb822_sources(text: str) -> Iterator[Source]:
    """Stanzas of `Types: .. URIs: .. Suites: ..` (sources.list(5), deb822 style)."""
    for stanza in re.split(r"\n\s*\n", _without_comments(text)):
        fields: dict[str, str] = {}
        name = ""
        for line in stanza.splitlines():
            if line[:1].isspace():
                fields[name] = f"{fields.get(name, '')} {line.strip()}"
            elif ":" in line:
                name, _, value = line.partition(":")
                name = name.strip().lower()
                fields[name] = value.strip()
        if "deb" not in fields.get("types", "").split() or fields.get("enabled", "yes").lower() in ("no", "false", "0"):
            continue
        for uri in fields.get("uris", "").split():
            yield Source(
                uri,
                tuple(fields.get("suites", "").split()),
                tuple(fields.get("components", "").split()),
                fields.get("signed-by", ""),
            )


def _without_comments(text: str) -> str:
    return "\n".join(line for line in text.splitlines() if not line.startswith("#"))


def find_mirror(apt: Path = Path("/etc/apt"), environment: Mapping[str, str] = os.environ) -> str:
    """The address that Debian's packages are fetched from; raises `SipTrouble` when nobody names one."""
    named = environment.get(SETTING, "").strip()
    if named:
        if not re.match(r"^(https?|file|mirror\+file):/\S+$", named):
            raise SipTrouble(f"{SETTING} is not the address of a Debian mirror: write http://HOST/debian.")
        return named.rstrip("/")
    for source in _machine_sources(apt):
        if source.is_debian:
            return source.uri.rstrip("/")
    raise SipTrouble(
        f"No Debian mirror is named in {apt}/sources.list or {apt}/sources.list.d: "
        f"set {SETTING}=http://HOST/debian to one near you, or install Asterisk 22 yourself."
    )


def _machine_sources(apt: Path) -> Iterator[Source]:
    places = [apt / "sources.list", *sorted((apt / "sources.list.d").glob("*"))]
    for place in places:
        try:
            text = place.read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        if place.suffix == ".list":
            yield from one_line_sources(text)
        elif place.suffix == ".sources":
            yield from deb822_sources(text)


def find_keyring(candidates: tuple[Path, ...] = KEYRINGS) -> Path:
    """Debian's own keys, against which every package is checked; raises `SipTrouble` when they are missing."""
    for keyring in candidates:
        if keyring.is_file():
            return keyring
    raise SipTrouble(
        "Debian's archive keys are missing, so Asterisk's packages could not be checked: "
        "install them with `sudo apt-get install debian-archive-keyring`, or install Asterisk 22 yourself."
    )
