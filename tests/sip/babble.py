"""Speech by the hour that nobody has ever said: made-up words in many voices, for asking what is taken for a key."""

from __future__ import annotations

import random
import subprocess
import tempfile
from pathlib import Path

import numpy as np

from sip.phone.interface import RATE, Samples
from sip.phone.sound import read_wav, resample, to_int16

VOICES = (
    "da", "da+f2", "da+f5", "da+m3", "en-gb+f3", "en-us+m7", "de+f4", "sv+f1", "nb+m1", "fr-fr+f5", "pl+f3", "es+m5",
    "tr+f2", "fi+m4", "nl+f1", "ru+f4", "it+m2", "pt+f3", "cs+f5", "hu+m6",
)  # fmt: skip
CHILD = 0.55
"""The share of voices that are brought to a child's: the highest pitch, and all of it a fifth to a third higher."""
_SYLLABLES = tuple(first + vowel for first in "bdfghjklmnprstv" for vowel in "aeiouyø")


def babble(seconds: float, seed: int) -> Samples:
    """The same seed gives the same sound on the same machine. Loudness differs by seed, from soft to loud."""
    chance = random.Random(seed)
    parts: list[Samples] = []
    while sum(len(part) for part in parts) < seconds * RATE:
        parts.append(_said(chance))
    return np.concatenate(parts)[: round(seconds * RATE)]


def song(seconds: float, seed: int) -> Samples:
    """Two or three voices that sing or whistle notes at random, as from a radio behind a child."""
    chance = random.Random(seed)
    sound = np.zeros(round(seconds * RATE))
    for _ in range(chance.randint(2, 3)):
        at, harmonics = 0, chance.choice([3, 5, 8])
        while at < len(sound):
            moments = np.arange(min(round(chance.uniform(0.12, 0.9) * RATE), len(sound) - at)) / RATE
            pitch = 220 * 2 ** (chance.randint(0, 36) / 12)
            sway = 0.03 * chance.random() * np.sin(2 * np.pi * 5.5 * moments)
            for number in range(1, harmonics + 1):
                if pitch * number < 3600:
                    sound[at : at + len(moments)] += (
                        np.sin(2 * np.pi * pitch * number * moments + number * sway) / number
                    )
            at += len(moments) + chance.choice([0, 0, 800])
    return to_int16(sound / float(np.max(np.abs(sound))) * 32768 * 10 ** (chance.uniform(-20, -3) / 20))


def _said(chance: random.Random) -> Samples:
    """About ten seconds of one speaker."""
    words = ["".join(chance.choices(_SYLLABLES, k=chance.randint(1, 4))) for _ in range(24)]
    text = " ".join(word + chance.choice(["", "", "", ",", ".", "?"]) for word in words)
    child = chance.random() < CHILD
    pitch = chance.randint(80, 99) if child else chance.randint(10, 80)
    with tempfile.TemporaryDirectory(prefix="babble-") as folder:
        path = Path(folder) / "said.wav"
        voice = ["-v", chance.choice(VOICES), "-p", str(pitch), "-s", str(chance.randint(130, 200))]
        subprocess.run(["espeak-ng", *voice, "-w", str(path), text], check=True, capture_output=True)
        sound = read_wav(path).astype(np.float64)
    if child:
        sound = resample(sound, round(RATE * chance.uniform(1.2, 1.33)))
    loud = 32768 * 10 ** (chance.uniform(-27, -11) / 20)
    return to_int16(sound * (loud / max(1.0, float(np.sqrt(np.mean(sound**2))))))


def pressed(digit: str, length_s: float = 0.12, level: float = 0.25) -> Samples:
    """A key as sound (ITU-T Q.23)."""
    row, column = divmod("123A456B789C*0#D".index(digit), 4)
    moments = np.arange(round(length_s * RATE)) / RATE
    pitches = (697, 770, 852, 941)[row], (1209, 1336, 1477, 1633)[column]
    both = np.sum([np.sin(2 * np.pi * pitch * moments) for pitch in pitches], axis=0)
    return to_int16(both * level * 16384)
