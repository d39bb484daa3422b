"""What lists of Asterisk's say in the house's words."""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

from ivr.core.ids import CallId, RingId, TalkId
from sip.ari.model import Bridge
from sip.ari.parties import Parties, ring_of, talk_of
from sip.ari.shelter import Seen


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


def phones_of(channels: Iterable[Seen]) -> dict[RingId, str]:
    """Which endpoint each of our rings rings."""
    return {RingId(each.channel): each.rings for each in channels if each.rings is not None}
