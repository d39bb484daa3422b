"""Who is who among Asterisk's channels: the one place where a channel's id and a call's id meet."""

from __future__ import annotations

import hmac
import re
import time
from typing import Final

from ivr.core.ids import CallId, DialId, LineId, PlayId, RingId, TalkId, VolunteerId

_PART: Final = re.compile(r"[0-9a-f]{20}-(?P<kind>[tp])[0-9]{1,9}")
_LEG: Final = re.compile(r"(?P<ring>[0-9a-f]{20}-r[0-9]{1,9})(?:d[0-9a-f]{8})?")

REMEMBERED: Final = 1024
"""How many things that are over are known as such: enough for the moment for which Asterisk still lists them."""


def ring_of(channel: str) -> RingId | None:
    """A volunteer's channel has its ring's id, and after it which of their devices it is (see `legs`)."""
    found = _LEG.fullmatch(channel)
    return RingId(found["ring"]) if found else None


def talk_of(bridge: str) -> TalkId | None:
    return TalkId(bridge) if _kind(bridge) == "t" else None


def play_of(playback: str) -> PlayId | None:
    return PlayId(playback) if _kind(playback) == "p" else None


def _kind(text: str) -> str | None:
    found = _PART.fullmatch(text)
    return found["kind"] if found else None


class Parties:
    """The callers who are here. A call's id is a keyed hash of the channel's: the same again after a restart."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._calls: dict[str, CallId] = {}
        self._channels: dict[CallId, str] = {}
        self._lines: dict[CallId, LineId] = {}
        self._learned: dict[str, float] = {}
        self._over: dict[str, None] = {}
        self._sheltered: dict[str, float] = {}
        self._kept: set[str] = set()
        self.dying: set[str] = set()
        """Channels whose hang-up has begun: what fails on them now has not failed by itself."""
        self.flawed: set[PlayId] = set()
        """Playings of which a sound is missing."""
        self.dials: dict[str, VolunteerId] = {}
        """Volunteers' phones that have dialled a code and are not down again."""
        self.adopted: set[CallId] = set()
        """Found in a survey: what they hear was asked for by somebody before us."""

    def name(self, channel: str) -> CallId:
        """What a caller's channel is called in the house."""
        return CallId(hmac.digest(self._key, channel.encode(), "sha256").hex()[:20])

    def learn(self, channel: str, line: LineId) -> CallId:
        call = self.name(channel)
        self._sheltered.pop(channel, None)
        self._calls[channel] = call
        self._channels[call] = channel
        self._lines[call] = line
        self._learned[channel] = time.monotonic()
        self._over.pop(channel, None)
        return call

    def dialled(self, channel: str, who: VolunteerId) -> DialId:
        """What a volunteer's own dialling is called in the house: Asterisk's numbers are kept nowhere."""
        self.dials[channel] = who
        return DialId(self.name(channel))

    def dial(self, dial: DialId) -> str | None:
        """The channel of it; None: it is over."""
        return next((channel for channel in self.dials if str(self.name(channel)) == str(dial)), None)

    def forget(self, channel: str) -> None:
        self.dying.discard(channel)
        call = self._calls.pop(channel, None)
        if call is not None:
            del self._channels[call], self._lines[call], self._learned[channel]
            self.adopted.discard(call)
            self.flawed = {play for play in self.flawed if not play.startswith(call)}

    def shelter(self, channel: str) -> bool:
        """This caller is in the last resort now and not with us; whether that is new."""
        if channel in self._sheltered or channel in self._over:
            return False
        self.forget(channel)
        self._sheltered[channel] = time.monotonic()
        return True

    def unshelter(self, channel: str) -> CallId | None:
        """This caller has left the last resort; None: was not there."""
        self._kept.discard(channel)
        return None if self._sheltered.pop(channel, None) is None else self.name(channel)

    def sheltered_before(self, moment: float) -> frozenset[str]:
        """Who has been in the last resort since before then (`time.monotonic()`)."""
        return frozenset(channel for channel, since in self._sheltered.items() if since < moment)

    def away(self, call: CallId) -> str | None:
        """The channel of a caller who is in the last resort now."""
        return next((channel for channel in self._sheltered if self.name(channel) == call), None)

    def anybody_sheltered(self) -> bool:
        return not self._kept.issuperset(self._sheltered)

    def keep_away(self, channel: str) -> None:
        """We have given this caller to the last resort ourselves: it is not taken back."""
        self._kept.add(channel)

    def is_kept(self, channel: str) -> bool:
        return channel in self._kept

    def call(self, channel: str) -> CallId | None:
        return self._calls.get(channel)

    def channel(self, call: CallId) -> str | None:
        return self._channels.get(call)

    def line(self, call: CallId) -> LineId | None:
        return self._lines.get(call)

    def known_before(self, moment: float) -> frozenset[str]:
        """Callers' channels that were learned before then (`time.monotonic()`)."""
        return frozenset(channel for channel, learned in self._learned.items() if learned < moment)

    def known_since(self, channel: str, moment: float) -> bool:
        """Has this caller been in our hands for less long than since then (`time.monotonic()`)?"""
        return self._learned.get(channel, float("-inf")) >= moment

    def ended(self, thing: str) -> None:
        """It is over for us, whatever a list may still say for a moment: ids are never used twice."""
        self._over[thing] = None
        if len(self._over) > REMEMBERED:
            del self._over[next(iter(self._over))]

    def is_over(self, thing: str) -> bool:
        return thing in self._over
