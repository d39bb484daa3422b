"""Who may ask what. Rules: a token opens the API; without one only this machine sees the board; a page of a stranger
cannot reach us through a visitor's browser (the Host header is checked: DNS rebinding)."""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Callable, Collection
from enum import StrEnum
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request


class Scope(StrEnum):
    """What a token allows. `admin` allows everything."""

    EVENTS = "events:read"
    CALLS = "calls:read"
    ADMIN = "admin"


TokenCheck = Callable[[str], Collection[str]]
"""The scopes of a token, none for one that nobody gave out. May read the disk: called in a thread. Raises OSError."""

LOOPBACK_NAMES: Final = frozenset({"localhost", "127.0.0.1", "[::1]"})
_WHAT_TO_SEND = "this needs a token: send `Authorization: Bearer TOKEN`; `ivr token create` makes one"


async def need(request: Request, check: TokenCheck, scope: Scope) -> None:
    """Raises HTTPException 401 without a good token, 403 when it is for something else."""
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    token = token.strip()
    if kind.lower() != "bearer" or not 0 < len(token) <= 200:
        raise HTTPException(401, _WHAT_TO_SEND, {"WWW-Authenticate": "Bearer"})
    scopes = await asyncio.to_thread(check, token)
    if not scopes:
        raise HTTPException(401, _WHAT_TO_SEND, {"WWW-Authenticate": 'Bearer error="invalid_token"'})
    if scope not in scopes and Scope.ADMIN not in scopes:
        needed = f'Bearer error="insufficient_scope", scope="{scope}"'
        raise HTTPException(
            403, f"this token does not allow it; one with scope {scope} does", {"WWW-Authenticate": needed}
        )


def need_this_machine(request: Request) -> None:
    """Raises HTTPException 403 for a visitor from elsewhere."""
    client = request.client
    try:
        near = client is not None and ipaddress.ip_address(client.host).is_loopback
    except ValueError:
        near = False
    if not near:
        raise HTTPException(403, "this page is shown on the machine itself only; the API under /api takes a token")


def known_host(header: str, names: Collection[str]) -> bool:
    """Whether a Host header (`name` or `name:port`) is one of ours. The port is not looked at: tunnels change it."""
    host, colon, port = header.strip().lower().rpartition(":")
    if not colon or not port.isdecimal():
        host = header.strip().lower()
    return host in names
