"""Volunteers' SIP accounts: name and password, in `accounts.json` (0600). Who serves what is not known here."""

from __future__ import annotations

import re
import secrets
import string
from collections.abc import Iterable, Mapping
from pathlib import Path

from ivr.core.ids import VolunteerId, partner_of
from sip.private import alone_with, read_private, write_private
from sip.trouble import SipTrouble

FILE = "accounts.json"
NAME = re.compile(r"[a-z][a-z0-9_-]{0,31}")
_LETTERS = string.ascii_letters + string.digits
_LENGTH = 24
"""143 bits: an exchange does not lock anybody out, so a password must not be guessable in any time."""


def volunteer_name(text: str) -> VolunteerId:
    """The text as a volunteer's name, or `SipTrouble` that says what a name looks like."""
    if NAME.fullmatch(text) is None:
        raise SipTrouble(
            f"{text!r} cannot be a volunteer's name: use a small letter first, then small letters, digits, - and _ "
            f"(at most 32)."
        )
    return VolunteerId(text)


def passwords(state: Path) -> Mapping[VolunteerId, str]:
    """Everybody's password, by name."""
    return {volunteer_name(name): password for name, password in read_private(state / FILE).items()}


def ensure_accounts(state: Path, volunteers: Iterable[VolunteerId]) -> Mapping[VolunteerId, str]:
    """Everybody's password, after making accounts for those of `volunteers` who have none; a partner's
    places have none."""
    path = state / FILE
    with alone_with(path):
        kept = dict(passwords(state))
        phones = (name for name in volunteers if partner_of(name) is None)
        missing = {volunteer_name(name): new_password() for name in phones if name not in kept}
        if missing:
            kept |= missing
            write_private(path, {str(name): password for name, password in kept.items()})
    return kept


def remove_account(state: Path, volunteer: VolunteerId) -> bool:
    """Whether there was one. The phone can register until the exchange has been told."""
    path = state / FILE
    with alone_with(path):
        kept = read_private(path)
        if kept.pop(volunteer, None) is None:
            return False
        write_private(path, kept)
    return True


def new_password() -> str:
    """Of one device."""
    return "".join(secrets.choice(_LETTERS) for _ in range(_LENGTH))
