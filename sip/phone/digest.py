"""Proving a password without sending it (RFC 3261 section 22, RFC 8760 for SHA-256).

Rules: the strongest algorithm that both sides know; a challenge we cannot answer is None, never a guess.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field

_STRENGTH = ("MD5", "SHA-256")
_PAIR = re.compile(r'([A-Za-z0-9_-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))')


@dataclass(frozen=True, slots=True)
class Challenge:
    realm: str
    nonce: str
    algorithm: str
    qop: bool
    opaque: str | None
    stale: bool


@dataclass(frozen=True, slots=True)
class Credentials:
    name: str
    password: str = field(repr=False)


def parse_challenge(value: str) -> Challenge | None:
    """A `WWW-Authenticate`/`Proxy-Authenticate` value; None when we cannot answer it."""
    scheme, _, rest = value.strip().partition(" ")
    if scheme.lower() != "digest":
        return None
    found = {match[1].lower(): match[2] if match[2] is not None else match[3] for match in _PAIR.finditer(rest)}
    algorithm = found.get("algorithm", "MD5").upper()
    qops = {word.strip().lower() for word in found.get("qop", "").split(",") if word.strip()}
    if algorithm not in _STRENGTH or "nonce" not in found or "realm" not in found or (qops and "auth" not in qops):
        return None
    stale = found.get("stale", "").lower() == "true"
    return Challenge(found["realm"], found["nonce"], algorithm, bool(qops), found.get("opaque"), stale)


def strongest(values: Iterable[str]) -> Challenge | None:
    """The challenge with the strongest algorithm among those offered; None when there is none we know."""
    known = [challenge for challenge in map(parse_challenge, values) if challenge is not None]
    return max(known, key=lambda one: _STRENGTH.index(one.algorithm), default=None)


def answer(challenge: Challenge, who: Credentials, method: str, uri: str, *, count: int = 1, cnonce: str = "") -> str:
    """The `Authorization` value. `count` is how often this nonce was used, the first time 1."""
    cnonce = cnonce or secrets.token_hex(8)
    secret = _hash(challenge.algorithm, f"{who.name}:{challenge.realm}:{who.password}")
    asked = _hash(challenge.algorithm, f"{method}:{uri}")
    number = f"{count:08x}"
    middle = f"{challenge.nonce}:{number}:{cnonce}:auth" if challenge.qop else challenge.nonce
    response = _hash(challenge.algorithm, f"{secret}:{middle}:{asked}")
    parts = [
        f'username="{who.name}"',
        f'realm="{challenge.realm}"',
        f'nonce="{challenge.nonce}"',
        f'uri="{uri}"',
        f'response="{response}"',
        f"algorithm={challenge.algorithm}",
    ]
    if challenge.qop:
        parts += [f'cnonce="{cnonce}"', f"nc={number}", "qop=auth"]
    if challenge.opaque is not None:
        parts.append(f'opaque="{challenge.opaque}"')
    return "Digest " + ", ".join(parts)


def _hash(algorithm: str, text: str) -> str:
    data = text.encode()
    if algorithm == "SHA-256":
        return hashlib.sha256(data).hexdigest()
    return hashlib.md5(data, usedforsecurity=False).hexdigest()  # what the protocol says; nothing of ours rests on it
