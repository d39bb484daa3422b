"""What phones received while things were killed: gaps in the voice, beside the stalls of the test machine itself.

Rules: only what came over the wire counts; a gap that a second, direct stream between two phones of ours shows at the
same moment is the machine's and not Asterisk's or ours. A gap in the waiting music is told from a next step that came
late by what was heard on both sides of it.
"""

from __future__ import annotations

import itertools
import wave
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sip.phone import g711
from sip.phone.interface import RATE, Packet, Samples

LONG_S = 0.1
"""From here on a pause between two packets is a gap."""
PURE = 0.6
"""How much of what is heard must be the one tone."""
WINDOW = 8
"""Packets that are looked at to say who is heard."""
BESIDE = 20
"""Packets (of 20 ms) on each side of a gap that say what was interrupted, and by what it was followed."""
ALIKE = 0.8
"""How much (0 to 1) of a piece must be found in the music, at its best place there, to be the music."""


@dataclass(frozen=True, slots=True)
class Hole:
    """No packet between these moments (monotonic seconds)."""

    start: float
    end: float

    @property
    def length_s(self) -> float:
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class Gap:
    """A hole, and what was heard before and behind it."""

    hole: Hole
    before: Samples
    behind: Samples


def holes(packets: Sequence[Packet], longer_than_s: float = LONG_S) -> list[Hole]:
    moments = sorted(packet.arrived for packet in packets)
    return [Hole(before, after) for before, after in itertools.pairwise(moments) if after - before > longer_than_s]


def gaps(packets: Sequence[Packet]) -> list[Gap]:
    """Every hole of this call with what stood beside it."""
    found = []
    for number in range(1, len(packets)):
        start, end = packets[number - 1].arrived, packets[number].arrived
        if end - start > LONG_S:
            before, behind = packets[max(0, number - BESIDE) : number], packets[number : number + BESIDE]
            found.append(Gap(Hole(start, end), _sound(before), _sound(behind)))
    return found


def explained(hole: Hole, stalls: Iterable[Hole]) -> bool:
    """Did the machine itself stand still for all of it but an ordinary pause?"""
    stood = sum(max(0.0, min(hole.end, stall.end + 0.05) - max(hole.start, stall.start - 0.05)) for stall in stalls)
    return hole.length_s - stood < LONG_S


def tone(pitch: int, length_s: float = 1.0) -> Samples:
    """Begins where it ends, so that it can be repeated without a click: `pitch` is a whole number of Hz."""
    moments = np.arange(int(length_s * RATE)) / RATE
    return (6000 * np.sin(2 * np.pi * pitch * moments)).astype(np.int16)


def pitch_of(packets: Sequence[Packet], known: Sequence[int]) -> int | None:
    """Which of these tones is heard now; None: none of them."""
    last = packets[-WINDOW:]
    if len(last) < WINDOW:
        return None
    sound = _sound(last).astype(np.float64)
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound)))) ** 2
    whole = float(spectrum.sum())
    if whole < 1e9:
        return None
    for pitch in known:
        middle = round(pitch * len(sound) / RATE)
        if float(spectrum[middle - 2 : middle + 3].sum()) > PURE * whole:
            return pitch
    return None


def first_heard(packets: Sequence[Packet], pitch: int) -> float | None:
    """When this tone was first heard (monotonic seconds), to within half a window; None: it never was."""
    ends = range(WINDOW, len(packets) + 1, WINDOW // 2)
    return next((packets[end - 1].arrived for end in ends if pitch_of(packets[:end], [pitch])), None)


class Music:
    """Knows the waiting music again, from any moment of it on."""

    def __init__(self, file: Path) -> None:
        with wave.open(str(file)) as music:
            sound = np.frombuffer(music.readframes(music.getnframes()), dtype="<i2").astype(np.float64)
        self._sound = np.concatenate([sound, sound[: BESIDE * RATE // 50]])  # it goes round
        self._size = 1 << (len(self._sound) * 2 - 1).bit_length()
        self._spectrum = np.fft.rfft(self._sound, self._size)
        self._energy = np.concatenate([[0.0], np.cumsum(self._sound**2)])

    def __contains__(self, piece: Samples) -> bool:
        """Is this a piece of it? At least 0.1 s, and not silence."""
        wanted = piece.astype(np.float64)
        own = float((wanted**2).sum())
        if len(wanted) < RATE // 10 or own < len(wanted) * 100.0**2 / 4:
            return False
        places = len(self._sound) - len(wanted) + 1
        found = np.fft.irfft(self._spectrum * np.conj(np.fft.rfft(wanted, self._size)), self._size)[:places]
        there = self._energy[len(wanted) :] - self._energy[: len(self._energy) - len(wanted)]
        return float((found / np.sqrt(np.maximum(there * own, 1.0))).max()) > ALIKE


def _sound(packets: Sequence[Packet]) -> Samples:
    voice = [g711.decode(packet.payload, packet.kind) for packet in packets if packet.kind in g711.SILENCE]
    return np.concatenate(voice) if voice else np.zeros(0, dtype=np.int16)
