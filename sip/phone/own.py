"""The own phone: SIP and RTP in plain asyncio, as many as wanted in one process.

Rules: no task and no thread, only sockets and timers; `close` leaves nothing; it never speaks before it is told to.
"""

from __future__ import annotations

import asyncio
import secrets
import socket
import time
from collections.abc import Sequence
from functools import partial
from ipaddress import AddressValueError, IPv4Address
from typing import Self

from sip.phone.agent import Agent, Asking
from sip.phone.call import OwnCall
from sip.phone.changes import Changes
from sip.phone.dialog import Dialog
from sip.phone.digest import Credentials
from sip.phone.interface import NotRegistered, Samples
from sip.phone.message import Response, address_of, param, parse_uri, quoted
from sip.phone.ring import OwnRing
from sip.phone.transaction import Endpoint, ServerTransaction, Timing

_REGISTER_PATIENCE = 4.0
_RETRY = 2.0


__all__ = ["OwnCall", "OwnPhone", "OwnRing"]


class OwnPhone:
    """See `interface.Phone`."""

    def __init__(self, agent: Agent, user: str) -> None:
        self._agent, self._user = agent, user
        self._rings: asyncio.Queue[OwnRing] = asyncio.Queue()
        self._ringing: list[OwnRing] = []
        self._calls: list[OwnCall] = []
        self._auto: tuple[float, Samples | None] | None = None
        self._registration: _Registration | None = None
        agent.on_invite = self._on_invite

    @classmethod
    async def open(cls, *, bind: str = "127.0.0.1", port: int = 0, timing: Timing | None = None) -> Self:
        return cls(Agent.open(bind, port, timing), "phone")

    @classmethod
    async def register(
        cls,
        name: str,
        password: str,
        server: str,
        *,
        bind: str = "127.0.0.1",
        port: int = 0,
        expires: int = 60,
        timing: Timing | None = None,
    ) -> Self:
        phone = cls(Agent.open(bind, port, timing), name)
        phone._agent.credentials = Credentials(name, password)
        phone._registration = _Registration(phone._agent, name, server, expires)
        try:
            await phone._registration.begin()
        except BaseException:
            phone._agent.close()
            raise
        return phone

    def log_in(self, name: str, password: str) -> None:
        """Who it is when it dials, without being reachable itself."""
        self._user = name
        self._agent.credentials = Credentials(name, password)

    @property
    def address(self) -> Endpoint:
        return self._agent.address

    @property
    def calls(self) -> Sequence[OwnCall]:
        return tuple(self._calls)

    def without_keys(self) -> None:
        """Its calls do not name telephone-event from now on."""
        self._agent.knows_keys = False

    @property
    def registered(self) -> bool:
        return self._registration is not None and self._registration.granted

    async def dial(
        self, to: str, *, from_user: str = "anonymous", from_name: str = "", sound: Samples | None = None
    ) -> OwnCall:
        call = await self._prepare(to, from_user, from_name, sound)
        call.dial()
        return call

    async def _prepare(self, to: str, from_user: str, from_name: str, sound: Samples | None) -> OwnCall:
        uri = parse_uri(to)
        if uri is None:
            raise ValueError("an address to dial looks like sip:116111@127.0.0.1:5060")
        tag, host = secrets.token_hex(6), self._agent.address[0]
        name = f"{quoted(from_name)} " if from_name else ""
        dialog = Dialog(
            us=f"{name}<sip:{from_user}@{host}>;tag={tag}",
            them=f"<{to}>",
            call_id=f"{secrets.token_hex(12)}@{host}",
            target=to,
            local=self._agent.address,
            via=await _resolve(uri.host, uri.port or 5060),
            user=self._user,
        )
        call = OwnCall(self._agent, dialog, tag, sound, time.monotonic())
        self._calls.append(call)
        return call

    async def next_ring(self, deadline: float) -> OwnRing:
        try:
            async with asyncio.timeout(deadline):
                return await self._rings.get()
        except TimeoutError:
            raise TimeoutError(f"no ring within {deadline:g} s") from None

    def auto_answer(self, after: float | None, *, sound: Samples | None = None) -> None:
        self._auto = None if after is None else (after, sound)

    def _on_invite(self, transaction: ServerTransaction) -> None:
        ring = OwnRing(self._agent, transaction, self._calls.append)
        self._ringing = [one for one in self._ringing if one.ended is None] + [ring]
        self._rings.put_nowait(ring)
        if self._auto is not None:
            after, sound = self._auto
            self._agent.transactions.later(after, partial(_answer, ring, sound))

    async def unregister(self) -> None:
        if self._registration is not None:
            await self._registration.end()

    def drop_dead(self) -> None:
        self._agent.transactions.mute = True
        for call in self._calls:
            call.go_mute()

    async def close(self) -> None:
        if not self._agent.transactions.mute:
            for ring in self._ringing:
                ring.decline(480)
            for call in self._calls:
                call.leave()
            for call in self._calls:
                if call.ended is None:
                    await call.hangup()
            await self.unregister()
        for call in self._calls:
            call.abandon()
        self._agent.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.close()


class _Registration:
    """Being known at an exchange (RFC 3261 section 10), renewed at half its time."""

    def __init__(self, agent: Agent, name: str, server: str, expires: int) -> None:
        host, _, port = server.rpartition(":")
        self._agent, self._expires = agent, expires
        self._server, self._name = (host, port), name
        self._contact = f"<sip:{name}@{agent.address[0]}:{agent.address[1]}>"
        self._dialog: Dialog | None = None
        self._answer: Response | None = None
        self._changes = Changes()
        self._wanted = True
        self._round = 0
        self.granted = False

    async def begin(self) -> None:
        host, port = self._server
        if not port.isdigit() or not host:
            raise ValueError("a server is named host:port")
        via = await _resolve(host, int(port))
        tag = secrets.token_hex(6)
        us = f"<sip:{self._name}@{host}>"
        self._dialog = Dialog(
            us=f"{us};tag={tag}",
            them=us,
            call_id=secrets.token_hex(12),
            target=f"sip:{host}:{port}",
            local=self._agent.address,
            via=via,
            user=self._name,
        )
        self._ask(self._expires)
        try:
            await self._changes.until(lambda: self._answer is not None, _REGISTER_PATIENCE, "answer to REGISTER")
        except TimeoutError:
            raise NotRegistered(408, "no answer") from None
        assert self._answer is not None
        if self._answer.code >= 300:
            raise NotRegistered(self._answer.code, self._answer.phrase)

    def _ask(self, expires: int) -> None:
        assert self._dialog is not None
        self._round += 1
        this = self._round

        def hear(response: Response) -> None:
            if this == self._round and response.code >= 200:
                self._on_answer(response)

        more = (("Contact", f"{self._contact};expires={expires}"), ("Expires", str(expires)))
        asking = Asking(self._agent, self._dialog, "REGISTER", hear, more=more)

        def again() -> None:
            if this == self._round and self._wanted:
                asking.transaction.stop()
                self.granted = False
                self._ask(self._expires)

        if expires:
            self._agent.transactions.later(_REGISTER_PATIENCE, again)

    def _on_answer(self, response: Response) -> None:
        self._answer = response
        self._round += 1  # whatever else comes for this round is late
        self.granted = response.code < 300 and self._wanted
        if self._wanted:
            wait = max(0.5, self._time_given(response) / 2) if self.granted else _RETRY
            this = self._round
            self._agent.transactions.later(wait, lambda: self._renew(this))
        self._changes.tell()

    def _renew(self, this: int) -> None:
        if self._wanted and this == self._round:
            self._ask(self._expires)

    def _time_given(self, response: Response) -> int:
        """The expiry of our own contact, or the header's, or what we asked for."""
        for contact in response.all("contact"):
            if address_of(contact) == self._contact.strip("<>"):
                given = param(contact, "expires")
                if given.isascii() and given.isdigit():
                    return int(given[:6])
        header = response.get("expires")
        return int(header[:6]) if header.isascii() and header.isdigit() else self._expires

    async def end(self) -> None:
        """Says goodbye; an exchange that does not answer within 2 s is left as it is."""
        if not self._wanted or self._dialog is None:
            return
        self._wanted, self.granted, self._answer = False, False, None
        self._ask(0)
        try:
            await self._changes.until(lambda: self._answer is not None, 2.0, "answer to REGISTER")
        except TimeoutError:
            return


def _answer(ring: OwnRing, sound: Samples | None) -> None:
    ring.pick_up(sound)


async def _resolve(host: str, port: int) -> Endpoint:
    """An IPv4 address for a host; raises OSError."""
    try:
        return (str(IPv4Address(host)), port)
    except AddressValueError:
        pass  # a name: the only thing that needs a thread for a moment
    found = await asyncio.get_running_loop().getaddrinfo(host, port, family=socket.AF_INET, type=socket.SOCK_DGRAM)
    address = found[0][4]
    return (str(address[0]), int(address[1]))
