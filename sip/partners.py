"""Partners that take callers for us at night: where they are reached and how many at once, in `partners.json` (0600).

Rules: we call them and they never call us; what they are told of a caller is the line's own number and name.
"""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ivr.core.ids import GroupId, VolunteerId, place_id
from sip.accounts import NAME
from sip.private import alone_with, read_private, write_private
from sip.trouble import SipTrouble

FILE = "partners.json"
MOST_PLACES = 30
_LONGEST = 28
"""Letters of a partner's name, so that its places' names are no longer than a volunteer's may be."""
_HOST = r"[A-Za-z0-9]([A-Za-z0-9.-]{0,252}[A-Za-z0-9])?"
_ADDRESS = re.compile(rf"sip:\+?[A-Za-z0-9][A-Za-z0-9._-]{{0,63}}@{_HOST}(:[0-9]{{1,5}})?")
_NUMBERS = re.compile(r"(.*\.)?([0-9]+|0x[0-9a-f]*)", re.IGNORECASE)
"""A host that stands for an address in numbers: no name ends so. Half of one (`127.1`, `0x7f.1`) is dialled as a whole
one by whoever does not look."""
_HIGHEST_PORT = 65535
_THIS_NET, _KEPT = ipaddress.ip_network("0.0.0.0/8"), ipaddress.ip_network("240.0.0.0/4")
"""RFC 6890 2.2.2: never another machine's; the second holds the broadcast address."""
_LOGIN = re.compile(r"[A-Za-z0-9@._+-]{1,64}")
_SECRET = re.compile(r"[\x21-\x3a\x3c-\x7e]{1,128}")
"""Printable, without a space and without the sign that begins a comment in Asterisk's files."""


@dataclass(frozen=True, slots=True)
class Partner:
    name: str
    address: str
    """`sip:NUMBER@HOST` or `sip:NUMBER@HOST:PORT`: what is called, through a carrier or straight."""
    places: int
    """So many callers at once, 1 to 30."""
    group: GroupId
    """The hunt group that its places belong to."""
    login: str = ""
    """Empty: the other side knows us by our address."""
    password: str = field(default="", repr=False)

    def seats(self) -> tuple[VolunteerId, ...]:
        return tuple(place_id(self.name, number) for number in range(1, self.places + 1))

    @property
    def is_this_machine(self) -> bool:
        """It is reached at a loopback address: for trying only, since nobody else can be there."""
        host = _host_of(self.address)
        if host == "localhost" or host.endswith(".localhost"):
            return True
        return _NUMBERS.fullmatch(host) is not None and ipaddress.ip_address(host).is_loopback


def read_partner(name: str, address: str, places: int, group: GroupId, login: str = "", password: str = "") -> Partner:
    """A partner as an admin names it; raises `SipTrouble` that says what does not do."""
    if NAME.fullmatch(name) is None or len(name) > _LONGEST:
        raise SipTrouble(
            f"{name!r} cannot be a partner's name: use a small letter first, then small letters, digits, - and _ "
            f"(at most {_LONGEST})."
        )
    if _ADDRESS.fullmatch(address) is None:
        raise SipTrouble(f"The partner {name} has the address {address!r}: write it like sip:45112233@192.0.2.20:5060.")
    _check_reachable(name, address)
    if not 1 <= places <= MOST_PLACES:
        raise SipTrouble(f"The partner {name} has {places} places: a number from 1 to {MOST_PLACES} does.")
    if login and _LOGIN.fullmatch(login) is None:
        raise SipTrouble(f"The partner {name} has a login that does not do: use letters, digits and . _ + - @")
    if bool(login) is not bool(password) or (password and _SECRET.fullmatch(password) is None):
        raise SipTrouble(f"The partner {name} needs a login and a password, without spaces or `;`, or neither.")
    return Partner(name, address, places, group, login, password)


def _host_of(address: str) -> str:
    return address.partition("@")[2].partition(":")[0].lower()


def _check_reachable(name: str, address: str) -> None:
    """Raises `SipTrouble` for a port that is none, and for a host in numbers where no other exchange can be."""
    host, port = _host_of(address), address.partition("@")[2].partition(":")[2]
    if port and not 1 <= int(port) <= _HIGHEST_PORT:
        raise SipTrouble(f"The partner {name} has the port {port}: a number from 1 to {_HIGHEST_PORT} does.")
    if _NUMBERS.fullmatch(host) is None:
        return
    try:
        number = ipaddress.ip_address(host)
    except ValueError:
        raise SipTrouble(f"The partner {name} is at {host}, which is no address: write it like 192.0.2.20.") from None
    if number.is_multicast or number.is_unspecified or number.is_link_local or number in _THIS_NET or number in _KEPT:
        raise SipTrouble(f"The partner {name} is at {host}, where no exchange can be: ask the partner for theirs.")


def partners(state: Path) -> Mapping[str, Partner]:
    """All of them by name. Raises `SipTrouble` when the file is broken."""
    return {name: _read(state, name, text) for name, text in read_private(state / FILE).items()}


def keep_partner(state: Path, partner: Partner) -> None:
    """A new one, or another address, login or number of places for one that is known."""
    path = state / FILE
    told = {
        "address": partner.address,
        "places": partner.places,
        "group": partner.group,
        "login": partner.login,
        "password": partner.password,
    }
    with alone_with(path):
        write_private(path, read_private(path) | {partner.name: json.dumps(told)})


def remove_partner(state: Path, name: str) -> bool:
    """Whether there was one."""
    path = state / FILE
    with alone_with(path):
        kept = read_private(path)
        if kept.pop(name, None) is None:
            return False
        write_private(path, kept)
    return True


def _read(state: Path, name: str, text: str) -> Partner:
    try:
        told = json.loads(text)
        places, group = int(told["places"]), GroupId(str(told["group"]))
        return read_partner(name, str(told["address"]), places, group, str(told["login"]), str(told["password"]))
    except (ValueError, KeyError, TypeError):
        raise SipTrouble(f"{state / FILE} is broken: remove it, then name the partners again.") from None
