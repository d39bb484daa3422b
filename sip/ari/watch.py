"""Whether two who talk hear each other: what samples of their packets mean. Pure: no clock, no Asterisk.

Heard is what goes out on the *other* leg, while something comes from this one: a leg's own packets are counted also
when they are dropped, and music of Asterisk's goes out when nothing comes. Times are seconds of one monotonic clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ivr.core.reasons import Loss, Side
from sip.ari.statistics import Counts

HEARD_S: Final = 1.5
"""So much of the volunteer's sound, in sum, and they are heard."""
LOST_S: Final = 2.0
"""So long after the last packet a loss is told."""
SURE_S: Final = 1.5
"""Never sooner than this after a sample up to which something may have gone out."""
PACKET_S: Final = 0.02
LONG_PACKETS: Final = 3
"""A phone may send 60 ms in one packet, which go out as three."""
FRESH_S: Final = 5.0
EVERY_S: Final = 1.0
"""Between samples in the first `FRESH_S` of a talk, and after a change."""
RARE_S: Final = 1.3
"""Otherwise: with it a loss is told 2.0 to 2.8 s after the last packet."""
STEADY: Final = 10
"""Packets in a second: a phone that sends; far fewer are a phone that does not while it is quiet there ("VAD")."""
STRAY: Final = 5
"""Packets in a second that come and are not passed on: they are dropped. Fewer: signs of life and no sound."""
LATE_S: Final = 0.5
"""Asked or answered so much too late, we or Asterisk stood still: counting begins anew."""
SOON_S: Final = 0.1
SLACK_S: Final = 0.04
"""Two packets: what a sample may be off by."""


@dataclass(frozen=True, slots=True)
class Sample:
    """What both legs had counted at a moment."""

    at: float
    caller: Counts
    leg: Counts


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known, when a sample is taken, of what each side hears besides the other."""

    held: bool = False
    """One of the two is on hold: Asterisk plays music by itself."""
    caller_words: bool = False
    leg_words: bool = False
    covered: bool = False
    """The caller hears music of ours."""
    leg_covered: bool = False
    """The volunteer hears a noise of ours."""


@dataclass(frozen=True, slots=True)
class Heard:
    """The volunteer was heard for long enough."""


@dataclass(frozen=True, slots=True)
class Lost:
    side: Side
    loss: Loss


@dataclass(frozen=True, slots=True)
class Back:
    side: Side


Tiding = Heard | Lost | Back


class Ear:
    """One side's sound: `came` counts its own packets, `went` those that go out on the other's leg."""

    def __init__(self, side: Side, at: float, came: int, went: int, *, adopted: bool) -> None:
        self.side = side
        self.told: Loss | None = None
        self.untold = adopted
        """Whoever we follow may have told a loss: the first that we find is told, whatever it is."""
        self._ever = adopted and came > 0
        self._judged = True
        self._begin(at, came, went)

    def _begin(self, at: float, came: int, went: int) -> None:
        """Silence is counted from here."""
        self._at, self._came, self._went = at, came, went
        self._grew_at, self._grew_came, self._silent_since = at, came, at
        self._turning = False
        self.passed_s = 0.0

    def reset(self, at: float, came: int, went: int) -> None:
        self._ever = self._ever or came > self._came
        self._begin(at, came, went)

    def take(self, at: float, came: int, went: int, *, judged: bool, covered: bool) -> Tiding | None:
        """`covered`: what goes out is music. Afterwards `passed_s` says how much of this side was heard meanwhile."""
        took_s, more, out = at - self._at, came - self._came, went - self._went
        if more < 0 or out < 0 or not judged or not self._judged:  # counted anew, or not to be judged
            self._judged = judged
            self.reset(at, came, went)
            return None
        self._judged = True
        self._ever = self._ever or more > 0
        self._at, self._came, self._went = at, came, went
        passed = 0 if covered else min(out, LONG_PACKETS * more)
        self.passed_s = min(passed * PACKET_S, took_s)
        if self.told is not None or self.untold:
            by_coming = covered and self.told is not Loss.DROPPED
            if (more if by_coming else passed) >= STEADY * max(took_s, LATE_S):
                return self._back(at, came, went)
        if covered:
            self._grew_at, self._grew_came, self._silent_since = at, came, at
            return None
        if out > 0:
            self._silent_since = min(at, at - took_s + out * PACKET_S + SLACK_S)
            self._grew_at, self._grew_came = at, came
        elif self.told is not None:
            self._turn(at - took_s, came - more, comes=more >= STRAY * took_s)
        return self._judge(at, came, went)

    def _turn(self, before: float, came: int, *, comes: bool) -> None:
        """A loss may become one of the other kind: that is counted from the sample before."""
        turns = comes is not (self.told is Loss.DROPPED)
        if turns and not self._turning:
            self._grew_at, self._grew_came, self._silent_since = before, came, before
        self._turning = turns

    @property
    def is_mute_from_the_start(self) -> bool:
        return self._came == 0 and not self._ever and self.told is None and not self.untold

    def never(self) -> Lost:
        self.told = Loss.NEVER
        return Lost(self.side, Loss.NEVER)

    def talking(self, at: float) -> Tiding | None:
        """Their voice has been heard by Asterisk, whatever the other hears."""
        return self._back(at, self._came, self._went) if self.told is not None or self.untold else None

    def _back(self, at: float, came: int, went: int) -> Back:
        self.told, self.untold = None, False
        self._begin(at, came, went)
        return Back(self.side)

    def _judge(self, at: float, came: int, went: int) -> Lost | None:
        if at + 0.001 < self.due():
            return None
        stray = came - self._grew_came >= STRAY * (at - self._grew_at)
        loss = Loss.DROPPED if stray else Loss.ABSENT if self._ever else Loss.NEVER
        new = self.told is not loss
        self.told, self.untold = loss, False
        self._begin(at, came, went)
        return Lost(self.side, loss) if new else None

    @property
    def doubtful(self) -> bool:
        """At the last sample nothing, or too little, had gone out, and that is not known yet."""
        return (self.told is None or self._turning) and self._at - self._silent_since > 2 * SLACK_S

    def due(self) -> float:
        """When the silence that goes on, if it does, is a loss."""
        return max(self._silent_since + LOST_S, self._grew_at + SURE_S)


class TalkWatch:
    """One talk, from its first sample to the end of its room."""

    def __init__(self, first: Sample, *, adopted: bool = False) -> None:
        caller, leg = first.caller, first.leg
        self.ears = {
            Side.CALLER: Ear(Side.CALLER, first.at, caller.came, leg.went, adopted=adopted),
            Side.VOLUNTEER: Ear(Side.VOLUNTEER, first.at, leg.came, caller.went, adopted=adopted),
        }
        self.heard = False
        self._heard_s = 0.0
        self._changed_at = first.at
        self._seen = Seen()
        self._passes = True
        self.last_at = first.at

    def take(self, sample: Sample, seen: Seen) -> list[Tiding]:
        caller, leg, at = sample.caller, sample.leg, sample.at
        if seen != self._seen:
            self._changed_at, self._seen = at, seen
        self.last_at = at
        volunteer = self.ears[Side.VOLUNTEER]
        tidings = [
            volunteer.take(
                at, leg.came, caller.went, judged=not (seen.held or seen.caller_words), covered=seen.covered
            ),
            self.ears[Side.CALLER].take(
                at, caller.came, leg.went, judged=not (seen.held or seen.leg_words), covered=seen.leg_covered
            ),
        ]
        self._passes = volunteer.passed_s > 0
        self._heard_s += volunteer.passed_s
        found: list[Tiding] = [tiding for tiding in tidings if tiding is not None]
        if found:
            self._changed_at = at
        if self._heard_s + SLACK_S / 2 >= HEARD_S and not self.heard:
            self.heard = True
            found.insert(0, Heard())
        return found

    def reset(self, sample: Sample) -> None:
        """We or Asterisk stood still: nothing is said of the time until here, and counting begins anew."""
        self.last_at = sample.at
        self.ears[Side.VOLUNTEER].reset(sample.at, sample.leg.came, sample.caller.went)
        self.ears[Side.CALLER].reset(sample.at, sample.caller.came, sample.leg.went)

    def nothing_ever(self) -> Tiding | None:
        """Of a caller from whom not one packet has come since their call began: that needs no waiting."""
        ear = self.ears[Side.CALLER]
        return ear.never() if ear.is_mute_from_the_start else None

    def talking(self, at: float, side: Side = Side.VOLUNTEER) -> Tiding | None:
        """That side's voice has been heard."""
        ear = self.ears[side]
        if ear.told is not None or ear.untold:
            self._changed_at = at
        return ear.talking(at)

    def due(self) -> tuple[float, bool]:
        """When the next sample is worth taking, and whether it must be that moment (else a little sooner will do)."""
        often = self.last_at - self._changed_at < FRESH_S
        at, sharp = self.last_at + (EVERY_S if often else RARE_S), False
        if self._seen.held:
            return at, sharp
        if not self.heard and self._passes and not self._seen.covered:
            at, sharp = self.last_at + max(SOON_S, HEARD_S - self._heard_s + SLACK_S), True
        for ear in self.ears.values():
            if ear.doubtful:
                at, sharp = min(at, max(ear.due(), self.last_at + SOON_S)), True
        return at, sharp
