"""What each person on the phone hears, second by second, and what may be said about it.

A call that "stayed up" proves nothing: silence stays up too. Rules: one sound at a time per person; times are the
clock's monotonic seconds; a stretch of no length is not heard and not kept.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    RING_TONE = "ring tone"
    """Not answered yet: the caller's own network rings."""
    SILENCE = "silence"
    MUSIC = "music"
    PROMPT = "prompt"
    PERSON = "person"
    UNHEARD = "unheard"
    """Joined with somebody of whom not one sound comes, though their phone lives: what the watch of sound is for."""
    HOLDING = "holding"
    """Has put the other on hold: their own phone sees to what they hear."""
    DEAD_PHONE = "dead phone"
    """Joined with a phone that sends nothing any more: silence that nobody can know of yet."""
    LAST_RESORT = "last resort"
    """The controller is away: the exchange looks after the caller by itself."""


@dataclass(frozen=True, slots=True)
class Sound:
    """`of` names the prompt, or the person at the other end."""

    kind: Kind
    of: str = ""

    def __str__(self) -> str:
        return f"{self.kind} {self.of}".strip()


@dataclass(frozen=True, slots=True)
class Stretch:
    start_s: float
    end_s: float
    sound: Sound

    @property
    def lasted_s(self) -> float:
        return self.end_s - self.start_s


class Track:
    """What one person heard so far."""

    def __init__(self, who: str) -> None:
        self.who = who
        self._done: list[Stretch] = []
        self._since = 0.0
        self._now: Sound | None = None

    def note(self, at_s: float, sound: Sound | None) -> None:
        """From now on it is this sound; None: hung up."""
        if sound == self._now:
            return
        self._close(at_s)
        self._since, self._now = at_s, sound

    def restart(self, at_s: float) -> None:
        """The same sound begins anew, e.g. a prompt that is played twice running."""
        self._close(at_s)
        self._since = at_s

    def _close(self, at_s: float) -> None:
        self._done = list(self.heard(at_s))

    def heard(self, until_s: float) -> tuple[Stretch, ...]:
        """Everything, the sound that still goes on included, up to `until_s`."""
        if self._now is None or until_s <= self._since:
            return tuple(self._done)
        last = self._done[-1] if self._done else None
        if last is not None and last.end_s == self._since and last.sound == self._now and _endless(last.sound):
            return (*self._done[:-1], Stretch(last.start_s, until_s, self._now))
        return (*self._done, Stretch(self._since, until_s, self._now))

    def told(self, until_s: float) -> tuple[str, ...]:
        """The sounds in words and in order, e.g. `("ring tone", "prompt velkommen", "music")`."""
        return tuple(str(stretch.sound) for stretch in self.heard(until_s))


def _endless(sound: Sound) -> bool:
    """Two silences with nothing in between are one; two playings of a prompt are two."""
    return sound.kind is not Kind.PROMPT


def silences(heard: Iterable[Stretch], longer_than_s: float = 1.0, kind: Kind = Kind.SILENCE) -> tuple[Stretch, ...]:
    """The stretches of silence that are longer than that: what must be empty for every caller, and for every volunteer
    who picked up. (Silence after a dead phone does not count: nobody can know of it yet.)"""
    return tuple(stretch for stretch in heard if stretch.sound.kind is kind and stretch.lasted_s > longer_than_s)
