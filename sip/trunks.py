"""Carriers: from which addresses calls are taken. A trunk is known by its address alone, never by what it says."""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Sequence
from dataclasses import dataclass

from sip.trouble import SipTrouble

DEMO_SOURCE = "127.0.0.2"
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,31}")
_WIDEST = {4: 16, 6: 32}
"""Prefix length: a wider net than this is a slip of the pen, and would let strangers in as the carrier."""


@dataclass(frozen=True, slots=True)
class Trunk:
    name: str
    sources: tuple[str, ...]
    """Addresses or networks in CIDR form, in order, each once."""
    media: tuple[str, ...] = ()
    """Where its sound comes from, in the same form; empty: from its sources."""

    @property
    def media_networks(self) -> tuple[str, ...]:
        return self.media or self.sources

    @property
    def is_demo(self) -> bool:
        """Calls come from this machine only: for trying and testing, no child can be on it."""
        return all(ipaddress.ip_network(source).is_loopback for source in self.sources)


FIRST_SOCKET = ipaddress.ip_address("127.0.1.1")
"""From here on each trunk has an address of the front's, by which Asterisk knows it: loopback, so nobody else's."""


def socket_of(place: int) -> str:
    """The front's address for the trunk at that place (from 0)."""
    return str(FIRST_SOCKET + place)


DEMO_TRUNK = Trunk("demo", (DEMO_SOURCE,))


def read_trunk(name: str, addresses: Sequence[str], media: Sequence[str] = ()) -> Trunk:
    """A carrier as an admin names it: addresses, networks (`192.0.2.0/28`) or host names, which are looked up now.
    `media`: where its sound comes from, when that is not where its calls come from.

    Raises `SipTrouble` for an address that is none, is unknown, or stands for half the world.
    """
    if _NAME.fullmatch(name) is None:
        raise SipTrouble(f"{name!r} cannot be a trunk's name: use small letters, digits, - and _, a letter first.")
    if not addresses:
        raise SipTrouble(f"The trunk {name} has no address: name those that the carrier's calls come from.")
    sources = {source for address in addresses for source in _sources(name, address)}
    networks = {source for address in media for source in _sources(name, address)}
    return Trunk(name, tuple(sorted(sources)), tuple(sorted(networks)))


def _sources(name: str, address: str) -> list[str]:
    try:
        network = ipaddress.ip_network(address)
    except ValueError:
        return _look_up(name, address)
    if network.prefixlen < _WIDEST[network.version]:
        raise SipTrouble(
            f"The trunk {name} has the address {address}, which is too wide a net for one carrier: narrow it."
        )
    return [str(network.network_address) if network.num_addresses == 1 else str(network)]


def _look_up(name: str, address: str) -> list[str]:
    host = re.fullmatch(r"(?=.*[a-z])[a-z0-9]([a-z0-9.-]*[a-z0-9])?", address, re.IGNORECASE)
    if host is None:
        raise SipTrouble(f"The trunk {name} has the address {address!r}, which is none: write it like 192.0.2.10.")
    try:
        answers = socket.getaddrinfo(address, None, type=socket.SOCK_DGRAM)
    except OSError:
        raise SipTrouble(
            f"The trunk {name} has the address {address}, which is unknown: correct it, or write it as numbers."
        ) from None
    return [str(answer[4][0]) for answer in answers]
