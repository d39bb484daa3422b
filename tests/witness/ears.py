"""What an ear heard, from the packets that reached it and from nothing else: silence, and whose tone.

Rules: moments are monotonic seconds; a packet is sound when it holds more than line noise (`g711.is_sound`); a packet
in a voice that is no G.711 cannot be judged here and counts as sound.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sip.phone import g711
from sip.phone.interface import Packet
from sip.phone.sdp import VOICES
from tests.crash.heard import pitch_of

EVENTS = 101


@dataclass(frozen=True, slots=True)
class Stretch:
    start: float
    end: float

    @property
    def length_s(self) -> float:
        return self.end - self.start


def longest_without(packets: Iterable[Packet], start: float, end: float, *, sound: bool = True) -> Stretch:
    """The longest stretch between these moments without sound, or (`sound=False`) without any packet at all."""
    last, longest = start, Stretch(start, start)
    for packet in packets:
        if packet.arrived < start or packet.kind == EVENTS:
            continue
        if packet.arrived > end:
            break
        if sound and packet.kind in VOICES and not g711.is_sound(packet.payload, packet.kind):
            continue
        longest = max(longest, Stretch(last, packet.arrived), key=lambda each: each.length_s)
        last = packet.arrived
    return max(longest, Stretch(last, max(last, end)), key=lambda each: each.length_s)


def pitch_at(packets: Sequence[Packet], known: Sequence[int], moment: float, within_s: float = 1.0) -> int | None:
    """Whose tone was heard just before that moment."""
    near = [each for each in packets if moment - within_s <= each.arrived <= moment and each.kind in VOICES]
    for end in range(len(near), 7, -4):
        pitch = pitch_of(near[:end], known)
        if pitch is not None:
            return pitch
    return None
