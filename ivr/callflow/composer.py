"""A calm minute for those who wait, composed from a seed: a soft pad of slow chords, a few quiet notes above it and a
breath of filtered noise.

It never repeats itself within the minute (a periodic sound would hide gaps and offsets from those who check what a
caller heard) and its end flows into its beginning, so that it can go round and round.
"""

from __future__ import annotations

import random
from pathlib import Path
from typing import TYPE_CHECKING

from ivr.callflow.prompts import RATE
from ivr.callflow.speech import levelled, write_wav

if TYPE_CHECKING:
    from ivr.callflow.speech import Sound

SEED = 116111
SECONDS = 60
MUSIC_LUFS = -28.0
FILE = "venter.wav"
_CHORDS = ((0, 7, 16), (5, 12, 21), (9, 16, 24), (7, 14, 23), (2, 9, 17), (4, 11, 19))
"""In half tones above `_ROOT_HZ`; neighbours share tones, whichever follows whichever."""
_MELODY = (12, 14, 16, 19, 21, 24, 26, 28)
_ROOT_HZ = 196.0


def build_music(callflows: Path) -> Path:
    """Write the minute to `music/venter.wav` and say where. Raises `speech.SpeechError` when numpy is missing."""
    from ivr.callflow.speech import _numpy

    _numpy()
    path = callflows / "music" / FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    write_wav(path, compose(SEED))
    return path


def compose(seed: int) -> Sound:
    """`SECONDS` of music at 8 kHz; the same seed gives the same minute."""
    import numpy as np

    chance = random.Random(seed)  # noqa: S311 - a composer, not a lock
    minute = np.zeros(SECONDS * RATE)
    at, chord = 0.0, 0
    while at < SECONDS:
        length = chance.uniform(5.5, 8.5)
        for tone in _CHORDS[chord]:
            _add(minute, at - 1.5, _tone(chance, tone, length + 4, 2.4, 3.0) * 0.30)
        chord = chance.choice([n for n in range(len(_CHORDS)) if n != chord])
        at += length
    at, tone = 1.0, chance.randrange(len(_MELODY))
    while at < SECONDS - 1:
        tone = min(max(tone + chance.choice([-2, -1, -1, 1, 1, 2]), 0), len(_MELODY) - 1)
        _add(minute, at, _tone(chance, _MELODY[tone], chance.uniform(1.8, 3.4), 0.12, 1.6) * chance.uniform(0.10, 0.22))
        at += chance.uniform(0.7, 2.6)
    minute += _breath(chance) * 0.045 * float(np.sqrt(np.mean(minute**2)) / 0.05)
    return levelled(minute, MUSIC_LUFS)


def _tone(chance: random.Random, half_tones: int, seconds: float, rise_s: float, fall_s: float) -> Sound:
    """One note: a few harmonics, each a hair out of tune and swaying by itself."""
    import numpy as np

    time = np.arange(int(seconds * RATE)) / RATE
    base = _ROOT_HZ * 2 ** (half_tones / 12)
    note = np.zeros(len(time))
    for harmonic in range(1, 6):
        frequency = base * harmonic * (1 + chance.uniform(-0.0016, 0.0016))
        if frequency > 3200:
            break
        sway = 0.9 * np.sin(2 * np.pi * chance.uniform(0.11, 0.37) * time + chance.uniform(0, 6.28))
        note += np.sin(2 * np.pi * frequency * time + sway + chance.uniform(0, 6.28)) / harmonic**1.8
    rise = np.clip(time / rise_s, 0, 1)
    fall = np.clip((seconds - time) / fall_s, 0, 1)
    return np.asarray(note * np.sin(rise * np.pi / 2) ** 2 * np.sin(fall * np.pi / 2) ** 2, dtype=np.float64)


def _breath(chance: random.Random) -> Sound:
    """Noise as of wind far off, around 500 Hz, coming and going; circular like the rest."""
    import numpy as np

    size = SECONDS * RATE
    spectrum = np.zeros(size // 2 + 1, dtype=np.complex128)
    low, high = 250 * SECONDS, 1100 * SECONDS
    phases = np.array([chance.uniform(0, 6.283185307) for _ in range(low, high)])
    shape = np.exp(-((np.arange(low, high) / SECONDS - 500) ** 2) / (2 * 220**2))
    spectrum[low:high] = shape * np.exp(1j * phases)
    noise = np.fft.irfft(spectrum, size)
    time = np.arange(size) / size
    swell = 0.7 + 0.3 * np.sin(2 * np.pi * 7 * time + chance.uniform(0, 6.28)) * np.sin(2 * np.pi * 3 * time)
    return np.asarray(noise / np.std(noise) * swell * 0.5, dtype=np.float64)


def _add(minute: Sound, at_s: float, note: Sound) -> None:
    """Lay a note into the minute; what goes over its end comes in at its beginning."""
    import numpy as np

    places = (np.arange(len(note)) + int(at_s * RATE)) % len(minute)
    np.add.at(minute, places, note)
