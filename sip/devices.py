"""Volunteers' further devices: each an endpoint `<volunteer>~<device>` of its own, with a password in `devices.json`
(0600).

Rules: the first device is the volunteer's plain name and stands in `accounts.json`; `~` is in no volunteer's and no
partner's name, and a telephone may have it in its user name (RFC 3261 `mark`). Whose device it is follows from the
name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from ivr.core.ids import VolunteerId
from sip.accounts import new_password
from sip.private import alone_with, read_private, write_private
from sip.trouble import SipTrouble

FILE: Final = "devices.json"
MARK: Final = "~"
MOST: Final = 8
"""Devices of one volunteer, the first included: all ring at once."""
ENDPOINT: Final = re.compile(r"[a-z][a-z0-9_-]{0,31}(?:\.[0-9]{1,2}|~[a-z][a-z0-9_-]{0,15})?")
"""A volunteer's first device, a further one, or a place of a partner's."""
_DEVICE: Final = re.compile(r"[a-z][a-z0-9_-]{0,15}")


def endpoint_of(volunteer: VolunteerId, device: str) -> str:
    """What a further device is called at the exchange, and the user name it logs in with; raises `SipTrouble`."""
    if _DEVICE.fullmatch(device) is None:
        raise SipTrouble(
            f"{device!r} cannot be a device's name: use a small letter first, then small letters, digits, - and _ "
            f"(at most 16)."
        )
    return f"{volunteer}{MARK}{device}"


def owner_of(endpoint: str) -> VolunteerId:
    """Whose device it is; a partner's place is its own."""
    return VolunteerId(endpoint.partition(MARK)[0])


def device_of(endpoint: str) -> str | None:
    """The device's own name; None for a volunteer's first."""
    return endpoint.partition(MARK)[2] or None


def device_passwords(state: Path) -> Mapping[str, str]:
    """The passwords of all further devices, by endpoint. Raises `SipTrouble` when the file is broken."""
    return {name: word for name, word in read_private(state / FILE).items() if ENDPOINT.fullmatch(name)}


def of_volunteer(volunteer: VolunteerId, endpoints: Iterable[str]) -> tuple[str, ...]:
    """Those that are this volunteer's further devices, in the order of their names."""
    return tuple(sorted(name for name in endpoints if owner_of(name) == volunteer and MARK in name))


def add_device(state: Path, volunteer: VolunteerId, device: str) -> str:
    """The password of this device, which is made when it is new. Raises `SipTrouble`."""
    path, name = state / FILE, endpoint_of(volunteer, device)
    with alone_with(path):
        kept = read_private(path)
        if name not in kept:
            if len(of_volunteer(volunteer, kept)) + 1 >= MOST:
                raise SipTrouble(f"{volunteer} has {MOST} devices, which is the most: remove one first.")
            kept[name] = new_password()
            write_private(path, kept)
    return kept[name]


def remove_device(state: Path, volunteer: VolunteerId, device: str) -> bool:
    """Whether there was one. The phone can register until the exchange has been told."""
    return _remove(state, (endpoint_of(volunteer, device),))


def remove_devices(state: Path, volunteer: VolunteerId) -> bool:
    """All further devices of a volunteer who leaves; whether there were any."""
    return _remove(state, of_volunteer(volunteer, device_passwords(state)))


def _remove(state: Path, names: Iterable[str]) -> bool:
    path, there = state / FILE, False
    with alone_with(path):
        kept = read_private(path)
        for name in names:
            there = kept.pop(name, None) is not None or there
        if there:
            write_private(path, kept)
    return there
