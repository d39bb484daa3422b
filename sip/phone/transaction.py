"""Requests and their answers over a wire that loses packets (RFC 3261 section 17, UDP only).

Rules: no task, only timers that the owner can cancel in one stroke; a retransmission is answered from memory and never
reaches the phone twice; whoever closes is silent from that moment.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass

from sip.phone.message import Message, Request, Response, has_param, param, parse, reply

Endpoint = tuple[str, int]
"""IPv4 address and port."""


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds. RFC 3261 table 4."""

    t1: float = 0.5
    t2: float = 4.0

    @property
    def give_up(self) -> float:
        return 64 * self.t1


class ClientTransaction:
    """One request we sent: asked again until answered; 3xx to 6xx answers to INVITE are acknowledged here."""

    def __init__(
        self,
        owner: Transactions,
        request: Request,
        to: Endpoint,
        on_response: Callable[[Response], None],
        on_silence: Callable[[], None],
    ) -> None:
        self.request, self.to = request, to
        self.provisional = False
        self._owner, self._on_response, self._on_silence = owner, on_response, on_silence
        self._final: int | None = None
        self._wait = owner.timing.t1
        self._again: asyncio.TimerHandle | None = None
        self._end: asyncio.TimerHandle | None = None

    def start(self) -> None:
        self._owner.send(self.request.render(), self.to)
        self._again = self._owner.later(self._wait, self._resend)
        self._end = self._owner.later(self._owner.timing.give_up, self._silence)

    def _resend(self) -> None:
        self._owner.send(self.request.render(), self.to)
        longest = float("inf") if self.request.method == "INVITE" else self._owner.timing.t2
        self._wait = self._owner.timing.t2 if self.provisional else min(self._wait * 2, longest)
        self._again = self._owner.later(self._wait, self._resend)

    def _silence(self) -> None:
        self.stop()
        self._owner.forget_client(self)
        self._on_silence()

    def receive(self, response: Response) -> None:
        invite = self.request.method == "INVITE"
        if response.code < 200:
            if self._final is None:
                self.provisional = True
                if invite:
                    self.stop()  # the far side knows; how long it may ring is the caller's business
                self._on_response(response)
            return
        first = self._final is None
        if first:
            self.stop()
            self._final = response.code
            self._end = self._owner.later(self._owner.timing.give_up, lambda: self._owner.forget_client(self))
        if invite and response.code >= 300:
            self._owner.send(self._ack(response).render(), self.to)
        if first or (invite and response.code < 300):
            self._on_response(response)

    def _ack(self, response: Response) -> Request:
        kept = [(n, v) for n, v in self.request.headers if n.lower() in ("via", "from", "call-id", "route")]
        number = self.request.cseq[0]
        headers = (*kept, ("To", response.get("to")), ("CSeq", f"{number} ACK"), ("Max-Forwards", "70"))
        return Request(headers, b"", "ACK", self.request.uri)

    def cancel(self, more: tuple[tuple[str, str], ...] = ()) -> Request:
        """The CANCEL that belongs to this INVITE: same branch, same number."""
        kept = [(n, v) for n, v in self.request.headers if n.lower() in ("via", "from", "to", "call-id", "route")]
        headers = (*kept, ("CSeq", f"{self.request.cseq[0]} CANCEL"), ("Max-Forwards", "70"), *more)
        return Request(headers, b"", "CANCEL", self.request.uri)

    def stop(self) -> None:
        for timer in (self._again, self._end):
            self._owner.cancel_timer(timer)


class ServerTransaction:
    """One request that came: its last answer is repeated when asked again; a refused INVITE until acknowledged."""

    def __init__(self, owner: Transactions, request: Request, source: Endpoint) -> None:
        self.request, self.source = request, source
        self.answered: int | None = None
        self.acknowledged = False
        self._owner = owner
        self._last = b""
        self._wait = owner.timing.t1
        self._again: asyncio.TimerHandle | None = None
        self._to = _back(request, source)

    def respond(self, response: Response) -> None:
        if self.answered is not None and self.answered >= 200:
            return
        self.answered = response.code
        self.repeat(response.render())
        if response.code >= 200:
            self._owner.later(self._owner.timing.give_up, lambda: self._owner.forget_server(self))
            if self.request.method == "INVITE":
                self._again = self._owner.later(self._wait, self._resend)

    def repeat(self, data: bytes = b"") -> None:
        self._last = data or self._last
        if self._last:
            self._owner.send(self._last, self._to)

    def _resend(self) -> None:
        """Final answers to INVITE are sent until the ACK comes, a 200 too (RFC 3261 13.3.1.4)."""
        self.repeat()
        self._wait = min(self._wait * 2, self._owner.timing.t2)
        self._again = self._owner.later(self._wait, self._resend)

    def acknowledge(self) -> None:
        self.acknowledged = True
        self.stop()

    def stop(self) -> None:
        self._owner.cancel_timer(self._again)


class Transactions:
    """Everything under way at one socket."""

    def __init__(
        self,
        put: Callable[[bytes, Endpoint], None],
        on_request: Callable[[ServerTransaction], None],
        on_ack: Callable[[Request], None],
        timing: Timing,
    ) -> None:
        self.timing = timing
        self.mute = False
        self._put, self._on_request, self._on_ack = put, on_request, on_ack
        self._loop = asyncio.get_running_loop()
        self._clients: dict[tuple[str, str], ClientTransaction] = {}
        self._servers: dict[tuple[str, str], ServerTransaction] = {}
        self._timers: set[asyncio.TimerHandle] = set()

    def request(
        self,
        request: Request,
        to: Endpoint,
        on_response: Callable[[Response], None],
        on_silence: Callable[[], None] = lambda: None,
    ) -> ClientTransaction:
        """Sends a request; `on_response` gets every provisional and the final answer, `on_silence` comes instead."""
        transaction = ClientTransaction(self, request, to, on_response, on_silence)
        self._clients[request.branch, request.method] = transaction
        transaction.start()
        return transaction

    def receive(self, data: bytes, source: Endpoint) -> None:
        if self.mute:
            return
        message: Message | None = parse(data)
        if isinstance(message, Response):
            waiting = self._clients.get((message.branch, message.cseq[1]))
            if waiting is not None:
                waiting.receive(message)
        elif isinstance(message, Request):
            self._receive_request(message, source)

    def _receive_request(self, request: Request, source: Endpoint) -> None:
        key = _key(request)
        known = self._servers.get(key)
        if request.method == "ACK":
            invite = known or self._answered_invite(request)
            if invite is not None:
                first = not invite.acknowledged
                invite.acknowledge()
                if first and invite.answered is not None and invite.answered < 300:
                    self._on_ack(request)
            return
        if known is not None:
            known.repeat()
            return
        fresh = self._servers[key] = ServerTransaction(self, request, source)
        self._on_request(fresh)

    def _answered_invite(self, ack: Request) -> ServerTransaction | None:
        """The ACK of a 200 has a branch of its own: found by Call-ID, number and our tag's dialog."""
        for one in self._servers.values():
            asked = one.request
            if asked.method == "INVITE" and (asked.call_id, asked.cseq[0]) == (ack.call_id, ack.cseq[0]):
                return one
        return None

    def invite_of(self, cancel: Request) -> ServerTransaction | None:
        return self._servers.get((cancel.branch + _sent_by(cancel), "INVITE"))

    def forget_client(self, one: ClientTransaction) -> None:
        self._clients.pop((one.request.branch, one.request.method), None)

    def forget_server(self, one: ServerTransaction) -> None:
        one.stop()
        self._servers.pop(_key(one.request), None)

    def send(self, data: bytes, to: Endpoint) -> None:
        if not self.mute:
            self._put(data, to)

    def later(self, seconds: float, then: Callable[[], None]) -> asyncio.TimerHandle:
        def run() -> None:
            self._timers.discard(timer)
            then()

        timer = self._loop.call_later(seconds, run)
        self._timers.add(timer)
        return timer

    def cancel_timer(self, timer: asyncio.TimerHandle | None) -> None:
        if timer is not None:
            timer.cancel()
            self._timers.discard(timer)

    def close(self) -> None:
        """Silence: nothing is sent and no timer is left."""
        self.mute = True
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()
        self._clients.clear()
        self._servers.clear()


def new_branch() -> str:
    return "z9hG4bK" + secrets.token_hex(10)


def refuse(transaction: ServerTransaction, code: int, *, more: tuple[tuple[str, str], ...] = ()) -> None:
    transaction.respond(reply(transaction.request, code, to_tag=secrets.token_hex(6), more=more))


def _key(request: Request) -> tuple[str, str]:
    method = "INVITE" if request.method == "ACK" else request.method
    return (request.branch + _sent_by(request), method)


def _sent_by(request: Request) -> str:
    vias = request.all("via")
    return vias[0].partition(";")[0] if vias else ""


def _back(request: Request, source: Endpoint) -> Endpoint:
    """Where an answer goes: the address it came from; the port of the Via unless it asks for `rport` (RFC 3581)."""
    vias = request.all("via")
    if not vias or has_param(vias[0], "rport"):
        return source
    port = param(vias[0], "rport") or vias[0].partition(";")[0].rpartition(":")[2]
    return (source[0], int(port) if port.isascii() and port.isdigit() and 0 < int(port[:6]) < 65536 else 5060)
