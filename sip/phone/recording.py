"""What came over the wire, put on a time line.

Rules: sample 0 is the arrival of the first packet; places follow the RTP timestamps, so that jitter does not tear words
apart; where a new source begins (other SSRC, marker) or the timestamps leave the clock, the arrival decides.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sip.phone import g711
from sip.phone.interface import RATE, Packet, Samples
from sip.phone.sdp import VOICES

_STRAY = 0.25
"""Seconds that timestamps may be away from the arrival before they are not believed."""
_STRAY_AT_MARKER = 0.03


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch of nothing, seconds from the start of what was looked at."""

    start_s: float
    end_s: float

    @property
    def length_s(self) -> float:
        return self.end_s - self.start_s


class Recording:
    """The voice packets of one call; cheap to add to, put together only when somebody listens."""

    def __init__(self) -> None:
        self.packets: list[Packet] = []
        self._starts: list[int] = []
        self._base = 0
        self._source: int | None = None

    @property
    def began(self) -> float | None:
        return self.packets[0].arrived if self.packets else None

    def add(self, packet: Packet) -> None:
        """A voice packet; one that came twice is dropped."""
        by_clock = round((packet.arrived - self.packets[0].arrived) * RATE) if self.packets else 0
        if packet.source != self._source:
            self._rebase(packet, by_clock)
        place = self._place(packet)
        stray = _STRAY_AT_MARKER if packet.marker else _STRAY
        if abs(place - by_clock) > stray * RATE:
            self._rebase(packet, by_clock)
            place = self._place(packet)
        elif self._is_repeat(packet):
            return
        self.packets.append(packet)
        self._starts.append(place)

    def _rebase(self, packet: Packet, place: int) -> None:
        self._source = packet.source
        self._base = (packet.timestamp - place) & 0xFFFFFFFF

    def _place(self, packet: Packet) -> int:
        distance = (packet.timestamp - self._base) & 0xFFFFFFFF
        return distance - (1 << 32) if distance >= 1 << 31 else distance

    def _is_repeat(self, packet: Packet) -> bool:
        return any(
            (one.sequence, one.timestamp, one.source) == (packet.sequence, packet.timestamp, packet.source)
            for one in self.packets[-8:]
        )

    def samples(self) -> Samples:
        packets, starts = list(self.packets), list(self._starts)
        if not packets:
            return np.zeros(0, dtype=np.int16)
        first = min(0, *starts)
        length = max(start + len(packet.payload) for start, packet in zip(starts, packets, strict=True)) - first
        line = np.zeros(length, dtype=np.int16)
        for start, packet in zip(starts, packets, strict=True):
            place = start - first
            line[place : place + len(packet.payload)] = g711.decode(packet.payload, packet.kind)
        return line


def packet_gaps(packets: Sequence[Packet], longer_than: float = 0.06) -> list[Gap]:
    """Where no packet came for longer than so many seconds, counted from the first packet.

    Raises ValueError without packets: no packet at all is dead air from end to end, not none.
    """
    if not packets:
        raise ValueError("there is no packet to look at")
    moments = sorted(packet.arrived for packet in packets)
    began = moments[0]
    return [
        Gap(before - began, after - began)
        for before, after in itertools.pairwise(moments)
        if after - before > longer_than
    ]


def sound_gaps(packets: Sequence[Packet], longer_than: float = 0.3) -> list[Gap]:
    """Where nothing but silence came, by packets and their arrival: packets missing or without sound in them.

    Raises ValueError without packets.
    """
    if not packets:
        raise ValueError("there is no packet to look at")
    ordered = sorted(packets, key=lambda one: one.arrived)
    began = ordered[0].arrived
    gaps: list[Gap] = []
    last_sound = began
    for packet in ordered:
        if packet.kind in VOICES and g711.is_sound(packet.payload, packet.kind):
            if packet.arrived - last_sound > longer_than:
                gaps.append(Gap(last_sound - began, packet.arrived - began))
            last_sound = packet.arrived
    end = ordered[-1].arrived
    if end - last_sound > longer_than:
        gaps.append(Gap(last_sound - began, end - began))
    return gaps
