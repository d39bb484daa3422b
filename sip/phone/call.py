"""One call of the own phone, whichever end began it.

Rules: a call never stays half open: a 200 that comes too late is acknowledged and hung up, a CANCEL waits for what it
may cancel (RFC 3261 9.1), an answer nobody acknowledges ends in BYE.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence

from sip.phone import sdp
from sip.phone.agent import Agent, Asking
from sip.phone.changes import Changes
from sip.phone.dialog import ALLOW, Dialog
from sip.phone.interface import Ended, Moments, NotAnswered, Packet, Samples, Who
from sip.phone.media import Media
from sip.phone.message import Header, Request, Response, param, reply
from sip.phone.recording import Recording
from sip.phone.transaction import ServerTransaction, refuse

_FAREWELL = 4.0
"""Seconds the other side has to confirm the end."""


class OwnCall:
    def __init__(self, agent: Agent, dialog: Dialog, tag: str, sound: Samples | None, began: float) -> None:
        self._agent, self._dialog = agent, dialog
        self._key = (dialog.call_id, tag)
        self._changes = Changes()
        self._media = Media(agent.address[0], self._on_media)
        self._moments = Moments(began)
        self._ended: Ended | None = None
        self._leaving: tuple[Header, ...] | None = None
        self._asking: Asking | None = None
        self._invite: ServerTransaction | None = None
        self._ack = b""
        self._cancelled = False
        self._bye_at: float | None = None
        self._late_offer = False
        self._version = 1
        agent.parties[self._key] = self
        if sound is not None:
            self.play(sound)

    # what others read

    @property
    def call_id(self) -> str:
        return self._dialog.call_id

    @property
    def moments(self) -> Moments:
        return self._moments

    @property
    def heard(self) -> Recording:
        return self._media.heard

    @property
    def packets(self) -> Sequence[Packet]:
        return self._media.heard.packets

    @property
    def digits(self) -> str:
        return self._media.digits

    @property
    def ended(self) -> Ended | None:
        return self._ended

    async def until_ringing(self, deadline: float) -> None:
        await self._until(lambda: (self._moments.ringing or self._moments.answered) is not None, deadline, "ringing")

    async def until_answered(self, deadline: float) -> None:
        await self._until(lambda: self._moments.answered is not None, deadline, "answer")

    async def until_acknowledged(self, deadline: float) -> None:
        await self._until(lambda: self._invite is None or self._invite.acknowledged, deadline, "ACK")

    async def _until(self, seen: Callable[[], bool], deadline: float, what: str) -> None:
        await self._changes.until(lambda: seen() or self._ended is not None, deadline, what)
        if self._ended is not None and not seen():
            raise NotAnswered(self._ended)

    async def until_sound(self, deadline: float) -> float:
        await self._changes.until(lambda: self._media.first_sound is not None, deadline, "sound")
        assert self._media.first_sound is not None
        return self._media.first_sound

    async def until_ended(self, deadline: float) -> Ended:
        await self._changes.until(lambda: self._ended is not None, deadline, "end of the call")
        assert self._ended is not None
        return self._ended

    # what we do

    def play(self, sound: Samples, *, loop: bool = False) -> None:
        self._media.play(sound, loop)

    async def send_digits(self, digits: str) -> None:
        await self._media.press(digits)

    async def hangup(self, reason: str = "") -> Ended:
        self.leave(reason)
        try:
            return await self.until_ended(_FAREWELL)
        except TimeoutError:
            self._end("us", None, "silence")
            return await self.until_ended(0)

    def leave(self, reason: str = "") -> None:
        """Begins to hang up: BYE, CANCEL, or whichever of them becomes possible first."""
        if self._ended is not None or self._leaving is not None:
            return
        self._leaving = (("Reason", reason),) if reason else ()
        if self._moments.answered is not None:
            self._bye(self._leaving)
        else:
            self._cancel()

    def hush(self, quiet: bool = True) -> None:
        """Sends no packet any more (a muted phone, or one that saves silence), or does so again."""
        self._media.hush(quiet)

    async def ask(
        self, method: str, *, more: tuple[Header, ...] = (), body: bytes = b"", deadline: float = 5.0
    ) -> Response:
        """Any request within the call, and the final answer to it; raises TimeoutError when none comes."""
        answered: asyncio.Future[Response] = asyncio.get_running_loop().create_future()

        def hear(response: Response) -> None:
            if method == "INVITE" and 200 <= response.code < 300:
                ack = self._dialog.request("ACK", number=asking.transaction.request.cseq[0])
                self._agent.transactions.send(ack.render(), self._dialog.hop)
            if response.code >= 200 and not answered.done():
                answered.set_result(response)

        asking = Asking(self._agent, self._dialog, method, hear, more=more, body=body)
        async with asyncio.timeout(deadline):
            return await answered

    async def renegotiate(
        self, direction: str = "sendrecv", *, host: str = "", voices: tuple[int, ...] = (sdp.PCMA, sdp.PCMU)
    ) -> Response:
        """A re-INVITE of ours: `sendonly`, `inactive` or `host` 0.0.0.0 hold the call, `sendrecv` resumes it."""
        self._version += 1
        here = host or self._agent.address[0]
        offered = sdp.offer(here, self._media.port, version=self._version, voices=voices, direction=direction)
        response = await self.ask("INVITE", body=offered)
        if response.code < 300 and self._agree(response.body):
            self._media.hush(direction not in ("sendrecv", "sendonly"))
        return response

    def go_mute(self) -> None:
        self._media.go_mute()

    def _cancel(self) -> None:
        asking = self._asking
        if asking is None or self._cancelled or not asking.transaction.provisional:
            return  # before any answer there is nothing to cancel: the first one triggers it
        self._cancelled = True
        cancel = asking.transaction.cancel(self._leaving or ())
        self._agent.transactions.request(cancel, asking.transaction.to, lambda response: None)

    def _bye(self, more: tuple[Header, ...] = ()) -> None:
        if self._bye_at is None:
            self._bye_at = time.monotonic()
            Asking(self._agent, self._dialog, "BYE", self._on_bye_answered, self._on_bye_silence, more=more)

    def _on_bye_answered(self, response: Response) -> None:
        if response.code >= 200:
            self._end("us", None, "BYE")

    def _on_bye_silence(self) -> None:
        self._end("us", None, "silence")

    # as the one who calls

    def dial(self) -> None:
        offer = sdp.offer(self._agent.address[0], self._media.port)
        self._moments.began = time.monotonic()
        self._asking = Asking(self._agent, self._dialog, "INVITE", self._on_response, self._on_silence, body=offer)

    def _on_response(self, response: Response) -> None:
        if 200 <= response.code < 300:
            self._on_ok(response)
            return
        if response.code >= 300:
            by: Who = "us" if self._cancelled and response.code == 487 else "them"
            self._end(by, response.code, response.phrase, response.get("reason"))
            return
        self._moments.trying = self._moments.trying or time.monotonic()
        if response.code > 100 and response.to_tag:
            self._dialog.confirm(response)
        if response.code == 180:
            self._moments.ringing = self._moments.ringing or time.monotonic()
        if response.body:
            self._agree(response.body)
        if self._leaving is not None:
            self._cancel()
        self._changes.tell()

    def _on_ok(self, response: Response) -> None:
        assert self._asking is not None
        if self._ack:
            self._acknowledge(response)
            return
        self._dialog.confirm(response)
        number = self._asking.transaction.request.cseq[0]
        self._ack = self._dialog.request("ACK", number=number).render()
        self._agent.transactions.send(self._ack, self._dialog.hop)
        self._moments.answered = time.monotonic()
        if self._leaving is not None or self._ended is not None:
            self._bye(self._leaving or ())
        elif not self._agree(response.body):
            self._bye()
        self._changes.tell()

    def _acknowledge(self, response: Response) -> None:
        """A 200 again; from a second phone behind the same number: acknowledged and hung up (13.2.2.4)."""
        if response.to_tag == param(self._dialog.them, "tag"):
            self._agent.transactions.send(self._ack, self._dialog.hop)
            return
        assert self._asking is not None
        other = Dialog(
            us=self._dialog.us,
            them="",
            call_id=self._dialog.call_id,
            target=self._dialog.target,
            local=self._agent.address,
            via=self._dialog.hop,
        )
        other.confirm(response)
        number = self._asking.transaction.request.cseq[0]
        self._agent.transactions.send(other.request("ACK", number=number).render(), other.hop)
        other.number = self._dialog.number
        Asking(self._agent, other, "BYE", lambda response: None)

    def _on_silence(self) -> None:
        self._end("network", 408, "silence")

    # as the one who is called

    def pick_up(self, invite: ServerTransaction) -> None:
        """Sends the 200; the ACK is watched."""
        self._invite = invite
        theirs = sdp.parse_session(invite.request.body)
        self._late_offer = not invite.request.body
        if self._late_offer:
            body = sdp.offer(self._agent.address[0], self._media.port)
        elif theirs is None:
            refuse(invite, 488)
            self._end("us", 488, "Not Acceptable Here")
            return
        else:
            body = sdp.answer(theirs, self._agent.address[0], self._media.port)
            self._media.connect(theirs)
        self._respond(invite, body)
        self._moments.ringing = self._moments.ringing or self._moments.began
        self._moments.answered = time.monotonic()
        self._agent.transactions.later(self._agent.transactions.timing.give_up, self._check_acknowledged)
        self._changes.tell()

    def _respond(self, invite: ServerTransaction, body: bytes) -> None:
        headers = (self._dialog.contact, ("Allow", ALLOW), ("Content-Type", "application/sdp"))
        invite.respond(reply(invite.request, 200, to_tag=self._key[1], more=headers, body=body))

    def _check_acknowledged(self) -> None:
        if self._ended is None and self._invite is not None and not self._invite.acknowledged:
            self._bye()
            self._end("network", None, "no ACK")

    def on_ack(self, request: Request) -> None:
        if self._late_offer and request.body:
            self._late_offer = False
            self._agree(request.body)
        self._changes.tell()

    def on_cancel(self, request: Request) -> None:
        """Too late: it is answered."""

    # either end, during the call

    def on_request(self, transaction: ServerTransaction) -> None:
        request = transaction.request
        if not self._dialog.refreshed(request):
            refuse(transaction, 500)
        elif request.method == "BYE":
            transaction.respond(reply(request, 200))
            self._end("them", None, "BYE", request.get("reason"))
        elif request.method == "INVITE":
            self._on_reinvite(transaction)
        elif request.method in ("OPTIONS", "INFO"):
            transaction.respond(reply(request, 200, more=(("Allow", ALLOW),)))
        else:
            refuse(transaction, 405, more=(("Allow", ALLOW),))

    def _on_reinvite(self, transaction: ServerTransaction) -> None:
        if self._ended is not None or self._bye_at is not None:
            refuse(transaction, 481)
            return
        theirs = sdp.parse_session(transaction.request.body)
        if transaction.request.body and theirs is None:
            refuse(transaction, 488)
            return
        self._version += 1
        host, port = self._agent.address[0], self._media.port
        if theirs is None:
            self._late_offer = True
            body = sdp.offer(host, port, version=self._version)
        else:
            body = sdp.answer(theirs, host, port, version=self._version)
            self._media.connect(theirs)
        self._respond(transaction, body)

    def _agree(self, body: bytes) -> bool:
        theirs = sdp.parse_session(body)
        if theirs is None or self._ended is not None:
            return False
        self._media.connect(theirs)
        return True

    def _on_media(self) -> None:
        self._moments.first_packet = self._media.first_packet
        self._moments.first_sound = self._media.first_sound
        self._changes.tell()

    def _end(self, by: Who, code: int | None, why: str, reason: str = "") -> None:
        if self._ended is not None:
            return
        moment = self._bye_at if by == "us" and self._bye_at is not None else time.monotonic()
        self._media.stop()
        self._ended = Ended(by, code, why, reason, moment)
        self._changes.tell()

    def abandon(self) -> None:
        """The phone goes: no word to anybody, nothing left open."""
        self._end("us", None, "silence")
        self._agent.parties.pop(self._key, None)
