"""This installation's secrets: made once, kept in `secrets.json` (0600), never printed."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from pathlib import Path

from sip.private import alone_with, read_private, write_private
from sip.trouble import SipTrouble

FILE = "secrets.json"


@dataclass(frozen=True, slots=True)
class Secrets:
    installation_key: bytes = field(repr=False)
    """Of this installation alone: call ids are made with it, so that they say nothing about the exchange's own."""
    ari_password: str = field(repr=False)
    ami_secret: str = field(repr=False)
    api_token: str = field(repr=False)


def open_secrets(state: Path) -> Secrets:
    """The secrets of this state directory; those that are missing are made. Raises `SipTrouble`."""
    path = state / FILE
    with alone_with(path):
        kept = read_private(path)
        whole = {
            "installation_key": secrets.token_hex(32),
            "ari_password": secrets.token_urlsafe(24),
            "ami_secret": secrets.token_urlsafe(24),
            "api_token": secrets.token_urlsafe(32),
        } | kept
        if whole != kept:
            write_private(path, whole)
    try:
        key = bytes.fromhex(whole["installation_key"])
    except ValueError:
        raise SipTrouble(f"{path} is broken: put a backup of it back, or remove it and new secrets are made.") from None
    return Secrets(key, whole["ari_password"], whole["ami_secret"], whole["api_token"])
