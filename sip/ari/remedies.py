"""What is done in a talk for those who do not hear each other: agree anew with a phone, music for who waits.

Rules: nothing of it outlives the talk; everything may be repeated.
"""

from __future__ import annotations

import asyncio
from typing import Final

from ivr.core.commands import Cover, Refresh, Uncover
from ivr.core.ids import CallId, RingId
from ivr.core.news import Result
from ivr.core.reasons import Side
from sip.ami import Ami
from sip.ari import api
from sip.ari.http import Http
from sip.ari.legs import RingLegs
from sip.ari.parties import Parties

REFRESH: Final = "PJSIP_SEND_SESSION_REFRESH()"
OFFER: Final = "PJSIP_MEDIA_OFFER(audio)"
UNUSED: Final = "g719"
"""A voice that no phone here has. Offered beside the others, since what was agreed already is not offered again: asked
to, Asterisk 22.10.1 sends nothing to a phone that has all of them (`sip_session_refresh`, "Topologies are equal")."""
LISTEN: Final = "TALK_DETECT(set)"
LISTEN_NO_MORE: Final = "TALK_DETECT(remove)"
QUIET: Final = "quiet"
"""The class of music that is a soft noise (`asterisk-config/musiconhold.conf.j2`)."""
HOLD: Final = "hold"
"""The tone of a hold, which Asterisk plays to phones by itself."""
VOICE: Final = "2500,256"
"""Silent after so many milliseconds; how loud is loud enough. Counted as it passes by: nothing of it is kept."""


class Remedies:
    def __init__(self, http: Http, ami: Ami, parties: Parties, legs: RingLegs) -> None:
        self._http, self._ami, self._parties, self._legs = http, ami, parties, legs
        self._covered: dict[CallId, RingId] = {}

    async def refresh(self, command: Refresh) -> Result:
        """A re-INVITE; Asterisk does not say how it went."""
        ring = command.ring
        channel = self._parties.channel(command.call) if ring is None else self._legs.channel(ring)
        if channel is None:
            return Result.GONE
        if voices := await self._ami.get_variable(channel, OFFER):
            await self._ami.set_variable(channel, OFFER, f"{voices},{UNUSED}")
        return await self._ami.set_variable(channel, REFRESH, "invite")

    async def cover(self, command: Cover) -> Result:
        """Music on the caller's channel, inside the room; their own sound goes on to the volunteer. A first word of the
        volunteer's is told. For the volunteer a soft noise; a caller's first word is told in every talk."""
        if command.side is Side.CALLER:
            leg = self._legs.channel(command.ring)
            music = HOLD if command.held else QUIET
            return (await self._http.ask(api.channels_start_moh(leg, moh_class=music))).result
        channel = self._parties.channel(command.call)
        if channel is None:
            return Result.GONE
        result = (await self._http.ask(api.channels_start_moh(channel))).result
        if result is Result.DONE:
            self._covered[command.call] = command.ring
            await self._ami.set_variable(self._legs.channel(command.ring), LISTEN, VOICE)
        return result

    async def uncover(self, command: Uncover) -> Result:
        if command.side is Side.CALLER:
            return (await self._http.ask(api.channels_stop_moh(self._legs.channel(command.ring)))).result
        channel = self._parties.channel(command.call)
        self._covered.pop(command.call, None)
        if channel is None:
            return Result.GONE
        stopped, _ = await asyncio.gather(
            self._http.ask(api.channels_stop_moh(channel)),
            self._ami.set_variable(self._legs.channel(command.ring), LISTEN_NO_MORE, ""),
        )
        return stopped.result

    async def end(self, call: CallId) -> None:
        """The talk ends. Of one that we found here we do not know what is heard in it."""
        channel, ring = self._parties.channel(call), self._covered.pop(call, None)
        if ring is not None:
            self._ami.tell([("Setvar", {"Channel": self._legs.channel(ring), "Variable": LISTEN_NO_MORE, "Value": ""})])
        if channel is not None and (ring is not None or call in self._parties.adopted):
            await self._http.ask(api.channels_stop_moh(channel))

    def forget(self, call: CallId) -> None:
        self._covered.pop(call, None)
