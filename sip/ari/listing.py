"""What lists of Asterisk's say in the house's words."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, cast

from ivr.core.ids import CallId, RingId, TalkId
from sip.ari.legs import RingLegs
from sip.ari.model import Bridge, Channel
from sip.ari.parties import Parties, ring_of, talk_of

UP: Final = "Up"
"""A channel's state once it was picked up."""
RINGING: Final = "Ringing"


def rings_of(
    there: Iterable[Channel], bridges: Iterable[Bridge], legs: RingLegs
) -> tuple[frozenset[RingId], frozenset[RingId]]:
    """Those that are there, and those of them that have been answered."""
    channels = tuple(there)
    return legs.survey(
        [channel.id for channel in channels],
        {channel.id for channel in channels if channel.state == RINGING},
        {channel.id for channel in channels if channel.state == UP and channel.dialplan.app_name == "Stasis"},
        {member for bridge in bridges if talk_of(bridge.id) for member in bridge.channels},
    )


def talks_of(bridges: Iterable[Bridge], parties: Parties) -> dict[TalkId, frozenset[CallId | RingId]]:
    """Who is in which talk; who is over is in none."""
    talks: dict[TalkId, frozenset[CallId | RingId]] = {}
    for bridge in bridges:
        talk = talk_of(bridge.id)
        if talk is not None and not parties.is_over(talk):
            there = (each for each in bridge.channels if not parties.is_over(each))
            members = (ring_of(each) or parties.call(each) for each in there)
            talks[talk] = cast(frozenset[CallId | RingId], frozenset(each for each in members if each))
    return talks
