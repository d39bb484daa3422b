"""The soft tone a volunteer hears while the caller's side holds: made up from a seed, so that no file of it is kept.

Single low notes that fade, one every second or two, never for long the same: it says "the line is there, wait", and is
neither a ring, nor a busy tone, nor the music that children hear. Nothing here needs more than Python has.
"""

from __future__ import annotations

import io
import math
import random
import wave
from array import array

FILE = "hold.wav"
RATE = 8000
SECONDS = 16
SEED = 603
_NOTES_HZ = (269.3, 302.3, 339.3, 403.5, 452.9)
"""A quarter tone beside the notes of the music, so that no piece of one is ever taken for a piece of the other."""
_LOUDNESS = 1500
"""Of a note's beginning, of 32767: -27 dB, about as loud as the music."""
_FADE_S = 0.55
"""In this time a note falls to a third."""
_RISE_S = 0.02


def hold_tone() -> bytes:
    """A WAV file (8 kHz, 16 bit, mono) that can go round and round; always the same bytes."""
    chance = random.Random(SEED)  # noqa: S311 - a tune, not a lock
    samples = array("d", bytes(8 * SECONDS * RATE))
    at, note = 0.0, 2
    while at < SECONDS - 0.8:
        _add(samples, at, _NOTES_HZ[note])
        note = chance.choice([other for other in range(len(_NOTES_HZ)) if other != note])
        at += chance.uniform(0.9, 1.5)
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", ""))
        file.writeframes(array("h", (round(one) for one in samples)).tobytes())
    return out.getvalue()


def _add(samples: array[float], at_s: float, pitch_hz: float) -> None:
    """Lays a note in; what goes over the end comes in at the beginning."""
    first = int(at_s * RATE)
    for place in range(int(2.2 * RATE)):
        moment = place / RATE
        loud = _LOUDNESS * min(1.0, moment / _RISE_S) * math.exp(-moment / _FADE_S)
        turn = 2 * math.pi * pitch_hz * moment
        samples[(first + place) % len(samples)] += loud * (math.sin(turn) + 0.25 * math.sin(2 * turn))
