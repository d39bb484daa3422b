"""One SIP address on the network: its socket, its transactions, and who gets which message.

Rules: what belongs to nobody is answered as RFC 3261 says (481, 405), never dropped; a password is proven only to a
challenge, once per request.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import Protocol

from sip.phone import digest
from sip.phone.dialog import ALLOW, Dialog
from sip.phone.message import Header, Request, Response, reply
from sip.phone.transaction import (
    ClientTransaction,
    Endpoint,
    ServerTransaction,
    Timing,
    Transactions,
    refuse,
)


class Party(Protocol):
    """A ring or a call: whoever a message within a dialog is for."""

    def on_request(self, transaction: ServerTransaction) -> None: ...
    def on_ack(self, request: Request) -> None: ...
    def on_cancel(self, request: Request) -> None: ...


class Agent:
    def __init__(self, one: socket.socket, timing: Timing) -> None:
        self.address: Endpoint = one.getsockname()
        self.credentials: digest.Credentials | None = None
        self.knows_keys = True
        """Whether its calls name telephone-event; without it keys are nothing but sound, or INFO."""
        self.parties: dict[tuple[str, str], Party] = {}
        """By Call-ID and our tag: a phone that calls itself has two ends of one Call-ID."""
        self.ringing: dict[ServerTransaction, Party] = {}
        self.on_invite: Callable[[ServerTransaction], None] = lambda transaction: refuse(transaction, 480)
        self.transactions = Transactions(self._put, self._on_request, self._on_ack, timing)
        self._socket = one
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(one, self._read)

    @classmethod
    def open(cls, bind: str, port: int, timing: Timing | None = None) -> Agent:
        """Raises OSError when the address or port is not to be had."""
        one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            one.setblocking(False)
            one.bind((bind, port))
        except OSError:
            one.close()
            raise
        return cls(one, timing or Timing())

    def _put(self, data: bytes, to: Endpoint) -> None:
        try:
            self._socket.sendto(data, to)
        except OSError:
            return  # as good as lost on the way: the transaction asks again

    def _read(self) -> None:
        for _ in range(32):
            try:
                data, source = self._socket.recvfrom(65535)
            except (BlockingIOError, InterruptedError):
                return
            except OSError:
                continue
            self.transactions.receive(data, source)

    def _on_request(self, transaction: ServerTransaction) -> None:
        request = transaction.request
        if request.method == "CANCEL":
            self._on_cancel(transaction)
        elif request.to_tag:
            party = self.parties.get((request.call_id, request.to_tag))
            if party is None:
                refuse(transaction, 481)
            else:
                party.on_request(transaction)
        elif request.method == "INVITE":
            self._on_invite(transaction)
        elif request.method == "OPTIONS":
            refuse(transaction, 200, more=(("Allow", ALLOW), ("Accept", "application/sdp")))
        else:
            refuse(transaction, 405, more=(("Allow", ALLOW),))

    def _on_invite(self, transaction: ServerTransaction) -> None:
        wanted = transaction.request.get("require")
        if wanted:
            refuse(transaction, 420, more=(("Unsupported", wanted),))
        else:
            self.on_invite(transaction)

    def _on_cancel(self, transaction: ServerTransaction) -> None:
        invite = self.transactions.invite_of(transaction.request)
        if invite is None:
            refuse(transaction, 481)
            return
        transaction.respond(reply(transaction.request, 200))
        party = self.ringing.pop(invite, None)
        if party is not None:
            party.on_cancel(transaction.request)

    def _on_ack(self, request: Request) -> None:
        party = self.parties.get((request.call_id, request.to_tag))
        if party is not None:
            party.on_ack(request)

    def close(self) -> None:
        self.transactions.close()
        self._loop.remove_reader(self._socket)
        self._socket.close()


class Asking:
    """A request of ours within a dialog; asked a second time, with proof, when the far side wants a password."""

    def __init__(
        self,
        agent: Agent,
        dialog: Dialog,
        method: str,
        on_response: Callable[[Response], None],
        on_silence: Callable[[], None] = lambda: None,
        *,
        more: tuple[Header, ...] = (),
        body: bytes = b"",
    ) -> None:
        self._agent, self._dialog, self._method = agent, dialog, method
        self._on_response, self._on_silence, self._more, self._body = on_response, on_silence, more, body
        self._proven = 0
        self.transaction = self._ask(())

    def _ask(self, proof: tuple[Header, ...]) -> ClientTransaction:
        request = self._dialog.request(self._method, more=(*self._more, *proof), body=self._body)
        return self._agent.transactions.request(request, self._dialog.hop, self._receive, self._on_silence)

    def _receive(self, response: Response) -> None:
        if response.code in (401, 407):
            proof = self._proof(response)
            if proof is not None:
                self.transaction = self._ask((proof,))
                return
        self._on_response(response)

    def _proof(self, response: Response) -> Header | None:
        who = self._agent.credentials
        asked = "www-authenticate" if response.code == 401 else "proxy-authenticate"
        values = [value for name, value in response.headers if name.lower() == asked]
        challenge = digest.strongest(values)
        if who is None or challenge is None or self._proven > (1 if challenge.stale else 0):
            return None
        self._proven += 1
        name = "Authorization" if response.code == 401 else "Proxy-Authorization"
        return (name, digest.answer(challenge, who, self._method, self._dialog.target))
