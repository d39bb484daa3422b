"""The own phone while it rings.

Rules: 180 at once, then nothing until somebody decides; whoever decides second is too late and is told so.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable

from sip.phone.agent import Agent
from sip.phone.call import OwnCall
from sip.phone.changes import Changes
from sip.phone.dialog import ALLOW, Dialog
from sip.phone.interface import Ended, NotAnswered, Samples, Who
from sip.phone.message import Header, Request, reply
from sip.phone.transaction import ServerTransaction, refuse


class OwnRing:
    def __init__(self, agent: Agent, invite: ServerTransaction, on_answered: Callable[[OwnCall], None]) -> None:
        self._agent, self._invite, self._on_answered = agent, invite, on_answered
        self._tag = secrets.token_hex(6)
        self._moment = time.monotonic()
        self._ended: Ended | None = None
        self._call: OwnCall | None = None
        self._changes = Changes()
        self._dialog = Dialog(
            us="", them="", call_id=invite.request.call_id, target="", local=agent.address, via=invite.source
        )
        self._dialog.accept(invite.request, self._tag)
        agent.parties[invite.request.call_id, self._tag] = self
        agent.ringing[invite] = self
        invite.respond(reply(invite.request, 180, to_tag=self._tag, more=(self._dialog.contact,)))

    @property
    def from_header(self) -> str:
        return self._invite.request.get("from")

    @property
    def headers(self) -> tuple[Header, ...]:
        return self._invite.request.headers

    @property
    def offer(self) -> str:
        """The call's description (SDP) as it came."""
        return self._invite.request.body.decode()

    @property
    def moment(self) -> float:
        return self._moment

    @property
    def ended(self) -> Ended | None:
        return self._ended

    def pick_up(self, sound: Samples | None = None) -> OwnCall | None:
        """Answers without waiting for the ACK; None when the ringing is over."""
        if self._ended is not None or self._call is not None:
            return self._call
        self._agent.ringing.pop(self._invite, None)
        self._call = OwnCall(self._agent, self._dialog, self._tag, sound, self._moment)
        self._on_answered(self._call)
        self._call.pick_up(self._invite)
        return self._call

    async def answer(self, *, sound: Samples | None = None) -> OwnCall:
        call = self.pick_up(sound)
        if call is None:
            assert self._ended is not None
            raise NotAnswered(self._ended)
        await call.until_acknowledged(self._agent.transactions.timing.give_up + 1)
        return call

    def decline(self, code: int = 603) -> None:
        if self._ended is None and self._call is None:
            self._agent.ringing.pop(self._invite, None)
            response = reply(self._invite.request, code, to_tag=self._tag)
            self._invite.respond(response)
            self._end("us", code, response.phrase)

    def ignore(self) -> None:
        """It goes on ringing; somebody else ends it."""

    async def until_ended(self, deadline: float) -> Ended:
        await self._changes.until(lambda: self._ended is not None, deadline, "end of the ringing")
        assert self._ended is not None
        return self._ended

    def on_request(self, transaction: ServerTransaction) -> None:
        """Within a dialog that is not confirmed yet only BYE makes sense (from the caller's end)."""
        if transaction.request.method != "BYE":
            refuse(transaction, 405, more=(("Allow", ALLOW),))
            return
        transaction.respond(reply(transaction.request, 200))
        self._terminated("BYE", transaction.request.get("reason"))

    def on_ack(self, request: Request) -> None:
        """Of a refusal: nothing to do."""

    def on_cancel(self, request: Request) -> None:
        self._terminated("CANCEL", request.get("reason"))

    def _terminated(self, why: str, reason: str) -> None:
        if self._ended is None and self._call is None:
            self._agent.ringing.pop(self._invite, None)
            self._invite.respond(reply(self._invite.request, 487, to_tag=self._tag))
            self._end("them", 487, why, reason)

    def _end(self, by: Who, code: int, why: str, reason: str = "") -> None:
        self._ended = Ended(by, code, why, reason, time.monotonic())
        self._changes.tell()
