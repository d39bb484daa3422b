"""The legs of a ring: one channel for each device of the volunteer that is there. The core knows rings, Asterisk legs.

Rules: who picks up first has the ring, and the other devices stop at once, as answered elsewhere. A ring alerts once,
is answered once and ends once: when whoever picked up is gone, or else when no device rings any more. A person who
declines does so for all their devices; a device that fails does not, while another still rings.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from ivr.core.ids import RingId
from ivr.core.news import Cause, News, Result, RingAlerting, RingAnswered, RingGone, RingPressed
from sip.ari.parties import ring_of

REMEMBERED: Final = 1024
SAYS_MOST: Final = (
    Cause.DECLINED,
    Cause.BUSY,
    Cause.ELSEWHERE,
    Cause.NO_ANSWER,
    Cause.NORMAL,
    Cause.MEDIA_LOST,
    Cause.FAILED,
    Cause.UNREACHABLE,
)
"""Of what the devices say, the first of these is what has become of the ring."""
ANSWERS: Final = (Result.DONE, Result.ALREADY, Result.TIMEOUT, Result.UNREACHABLE)
"""Of how the asking went, the first of these counts: one device that rings is enough."""


def leg_of(ring: RingId, endpoint: str) -> str:
    """The leg's channel id: the same again for the same device, and all of a ring's equally long, for Asterisk takes a
    new channel's id for taken when a living one begins with it."""
    return f"{ring}d{zlib.crc32(endpoint.encode()):08x}"


def is_of(channel: str, endpoint: str) -> bool:
    """Is this leg the one of that device?"""
    return channel.endswith(f"d{zlib.crc32(endpoint.encode()):08x}")


@dataclass(slots=True)
class Legs:
    """Of one ring."""

    there: dict[str, None] = field(default_factory=dict)
    """Channels that live or are being asked for, in the order of their devices."""
    alerted: set[str] = field(default_factory=set)
    winner: str | None = None
    over: bool = False
    """Let go, or declined: nobody can have it any more."""
    causes: list[Cause] = field(default_factory=list)

    @property
    def cause(self) -> Cause:
        return min(self.causes, key=SAYS_MOST.index)


class RingLegs:
    """All rings. `tell` takes news that no event brings; `let_go` stops a channel, as answered elsewhere."""

    def __init__(
        self, tell: Callable[[News], None], let_go: Callable[[str], None], now: Callable[[], datetime]
    ) -> None:
        self._tell, self._let_go, self._now = tell, let_go, now
        self._rings: dict[RingId, Legs] = {}
        self._gone: dict[RingId, None] = {}
        self._surveyed = False
        """Before that an end says nothing: which other devices still ring is not known yet."""

    # ------------------------------------------------------------------ asked about

    def channel(self, ring: RingId) -> str:
        """Whom a command about this ring is about: the device that was picked up."""
        legs = self._rings.get(ring)
        if legs is None:
            return str(ring)  # nobody's: whatever is asked of it is told that it is not there
        return legs.winner or next(iter(legs.there), str(ring))

    def channels(self, ring: RingId) -> tuple[str, ...]:
        """All that live."""
        legs = self._rings.get(ring)
        return tuple(legs.there) if legs is not None else ()

    def is_answered(self, ring: RingId) -> bool:
        legs = self._rings.get(ring)
        return legs is not None and legs.winner is not None

    def device(self, ring: RingId, endpoints: Iterable[str]) -> str | None:
        """Which of these endpoints the ring was picked up on."""
        leg = self.channel(ring) if self.is_answered(ring) else ""
        return next((name for name in endpoints if is_of(leg, name)), None)

    # ------------------------------------------------------------------ commands

    def ask(self, ring: RingId, endpoints: Iterable[str]) -> dict[str, str]:
        """These devices are going to ring: channel -> endpoint. Asked twice, what is known of it stays."""
        self._gone.pop(ring, None)
        asked = {leg_of(ring, endpoint): endpoint for endpoint in endpoints}
        self._rings.setdefault(ring, Legs()).there.update(dict.fromkeys(asked))
        return asked

    def asked(self, ring: RingId, results: dict[str, Result]) -> Result:
        """How the asking went, and so what has become of the command."""
        legs = self._rings.get(ring)
        for channel, result in results.items():
            rings = result in (Result.DONE, Result.ALREADY)
            if rings and (legs is None or legs.over or legs.winner not in (None, channel)):
                self._let_go(channel)  # it was over before this device began to ring
            elif not rings and result not in ANSWERS and legs is not None:
                legs.there.pop(channel, None)
        if legs is not None and not legs.there:
            self._rings.pop(ring, None)
            if legs.causes:  # the others have ended meanwhile
                self._say_gone(ring, legs.cause)
                return Result.DONE
        return next((each for each in ANSWERS if each in results.values()), next(iter(results.values())))

    def stop(self, ring: RingId) -> tuple[str, ...]:
        """The ring is let go: the channels that must be."""
        legs = self._rings.get(ring)
        if legs is None:
            return ()
        legs.over = legs.winner is None
        return tuple(legs.there)

    # ------------------------------------------------------------------ news

    def sum_up(self, channel: str, news: News | None) -> News | None:
        """News of one leg -> news of its ring; None: it is none. Other news passes."""
        match news:
            case RingAlerting():
                return news if self._alerting(channel, news.ring) else None
            case RingAnswered():
                return news if self._answered(channel, news.ring) else None
            case RingPressed():
                return news if self.channel(news.ring) == channel else None
            case RingGone():
                return self._ended(channel, news)
            case _:
                return news

    def _of(self, channel: str, ring: RingId) -> Legs:
        """A leg may be heard of first by what it does: an earlier controller has asked for it."""
        legs = self._rings.setdefault(ring, Legs())
        legs.there.setdefault(channel)
        return legs

    def _alerting(self, channel: str, ring: RingId) -> bool:
        if ring in self._gone:
            return False
        legs = self._of(channel, ring)
        first = not legs.alerted and not legs.over and legs.winner is None
        legs.alerted.add(channel)
        return first

    def _answered(self, channel: str, ring: RingId) -> bool:
        if ring in self._gone:
            self._let_go(channel)  # never in silence
            return False
        legs = self._of(channel, ring)
        if legs.over or legs.winner not in (None, channel):
            self._let_go(channel)
            return False
        self._wins(legs, channel)
        return True

    def _wins(self, legs: Legs, channel: str) -> None:
        legs.winner = channel
        self._stop_others(legs, channel)

    def _stop_others(self, legs: Legs, channel: str) -> None:
        for other in legs.there:
            if other != channel:
                self._let_go(other)

    def _ended(self, channel: str, news: RingGone) -> RingGone | None:
        ring = news.ring
        if ring in self._gone:
            return None
        legs = self._rings.get(ring)
        if legs is None and self._surveyed:
            self._remember_gone(ring)
            return news
        legs = self._of(channel, ring)
        del legs.there[channel]
        if legs.winner == channel:
            self._forget(ring)
            return news
        legs.causes.append(news.cause)
        if legs.winner is None and not legs.over and is_persons(news.cause, channel in legs.alerted):
            legs.over = True
            self._stop_others(legs, channel)
        if legs.there or not self._surveyed:
            return None
        cause = legs.cause
        self._forget(ring)
        return RingGone(ring, cause, news.at)

    def _say_gone(self, ring: RingId, cause: Cause) -> None:
        self._remember_gone(ring)
        self._tell(RingGone(ring, cause, self._now()))

    def _forget(self, ring: RingId) -> None:
        self._rings.pop(ring, None)
        self._remember_gone(ring)

    def _remember_gone(self, ring: RingId) -> None:
        self._gone[ring] = None
        if len(self._gone) > REMEMBERED:
            del self._gone[next(iter(self._gone))]

    # ------------------------------------------------------------------ survey

    def survey(
        self, living: Collection[str], ringing: Collection[str], up: Collection[str], in_talks: Collection[str]
    ) -> tuple[frozenset[RingId], frozenset[RingId]]:
        """Channels that live; those of them that ring, that have been picked up and are in our hands, and that are in a
        room. The rings that are there, and those that have been answered. Of several who picked up while nobody
        listened one has the ring, always the same one, and the others are let go."""
        listed: dict[RingId, list[str]] = {}
        for channel in sorted(living):
            ring = ring_of(channel)
            if ring is not None and ring not in self._gone:
                listed.setdefault(ring, []).append(channel)
        self._surveyed = True
        for ring in [each for each in self._rings if each not in listed]:
            legs = self._rings.pop(ring)
            if legs.causes:
                self._say_gone(ring, legs.cause)
        for ring, channels in listed.items():
            legs = self._rings.setdefault(ring, Legs())
            legs.alerted.update(channel for channel in channels if channel in ringing)
            self._compare(legs, channels, up, in_talks)
        rings = frozenset(ring for ring in listed if self._lives(ring))
        return rings, frozenset(ring for ring in rings if self._rings[ring].winner in up)

    def _compare(self, legs: Legs, channels: list[str], up: Collection[str], in_talks: Collection[str]) -> None:
        legs.there = dict.fromkeys(channels)
        if legs.winner is None and not legs.over:
            picked_up = [channel for channel in channels if channel in up]
            legs.winner = min(picked_up, key=lambda channel: (channel not in in_talks, channel), default=None)
            legs.over = legs.winner is None and Cause.DECLINED in legs.causes
        if legs.winner is not None or legs.over:
            self._stop_others(legs, legs.winner or "")

    def _lives(self, ring: RingId) -> bool:
        legs = self._rings[ring]
        if legs.winner is not None and legs.winner not in legs.there:
            self._forget(ring)
            return False
        return True


def is_persons(cause: Cause, alerted: bool) -> bool:
    """Has a person said no, for all their devices? Declined (603) means it (RFC 3261 21.6.2: nowhere else either). Busy
    means it once the device has rung, for then somebody has pressed a button; before, it is the device that is engaged
    or must not disturb."""
    return cause is Cause.DECLINED or (cause is Cause.BUSY and alerted)
