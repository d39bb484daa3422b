"""What phones received while things were killed: gaps in the voice, beside the stalls of the test machine itself.

Rules: only what came over the wire counts; a gap that a second, direct stream between two phones of ours shows at the
same moment is the machine's and not Asterisk's or ours.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from sip.phone import g711
from sip.phone.interface import RATE, Packet, Samples

LONG_S = 0.1
"""From here on a pause between two packets is a gap."""
PURE = 0.6
"""How much of what is heard must be the one tone."""
WINDOW = 8
"""Packets that are looked at to say who is heard."""


@dataclass(frozen=True, slots=True)
class Hole:
    """No packet between these moments (monotonic seconds)."""

    start: float
    end: float

    @property
    def length_s(self) -> float:
        return self.end - self.start


def holes(packets: Sequence[Packet], longer_than_s: float = LONG_S) -> list[Hole]:
    moments = sorted(packet.arrived for packet in packets)
    return [Hole(before, after) for before, after in itertools.pairwise(moments) if after - before > longer_than_s]


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
    sound = np.concatenate([g711.decode(packet.payload, packet.kind) for packet in last]).astype(np.float64)
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound)))) ** 2
    whole = float(spectrum.sum())
    if whole < 1e9:
        return None
    for pitch in known:
        middle = round(pitch * len(sound) / RATE)
        if float(spectrum[middle - 2 : middle + 3].sum()) > PURE * whole:
            return pitch
    return None
