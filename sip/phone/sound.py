"""Sound to say: from a WAV file, or made up from a seed.

Rules: 8 kHz mono 16 bit inside; a file that is not that is brought there or refused in one sentence.
"""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sip.phone.interface import RATE, Samples
from sip.trouble import SipTrouble

Floats = NDArray[np.float64]


class BadSound(SipTrouble):
    """A file that is no sound we can use; the message says which and why."""


def read_wav(path: Path) -> Samples:
    """A WAV file of 16 bit PCM, any rate and channels, as 8 kHz mono. Raises BadSound."""
    try:
        with wave.open(str(path), "rb") as file:
            channels, width, rate, count = file.getparams()[:4]
            data = file.readframes(count)
    except (OSError, EOFError, wave.Error) as trouble:
        why = (
            trouble.strerror if isinstance(trouble, OSError) and trouble.strerror else "it is no WAV file of PCM sound"
        )
        raise BadSound(f"{path} cannot be read: {why}.") from trouble
    if width != 2 or not 0 < channels <= 8 or rate < 1000:
        raise BadSound(f"{path} must be 16 bit PCM; make it so with: sox IN -r 8000 -c 1 -b 16 OUT.wav")
    whole = data[: len(data) - len(data) % (2 * channels)]
    sound = np.frombuffer(whole, dtype="<i2").reshape(-1, channels).astype(np.float64).mean(axis=1)
    return to_int16(resample(sound, rate))


def resample(sound: Floats, rate: int) -> Floats:
    """To 8 kHz, by its spectrum; nothing above 3.9 kHz is left to fold back."""
    if rate == RATE or not len(sound):
        return sound
    spectrum = np.fft.rfft(sound)
    wanted = max(1, round(len(sound) * RATE / rate))
    kept = np.zeros(wanted // 2 + 1, dtype=np.complex128)
    take = min(len(kept), len(spectrum))
    kept[:take] = spectrum[:take]
    kept[np.arange(len(kept)) * RATE / wanted > 3900] = 0
    back: Floats = np.fft.irfft(kept, wanted) * (wanted / len(sound))
    return back


def to_int16(sound: Floats) -> Samples:
    return np.clip(np.round(sound), -32768, 32767).astype(np.int16)


def write_wav(path: Path, samples: Samples) -> None:
    """8 kHz mono 16 bit. Raises OSError."""
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", ""))
        file.writeframes(samples.astype("<i2").tobytes())


def speech_like(seconds: float, seed: int = 1, level: float = 0.15) -> Samples:
    """Noise with the band, syllables and pauses of somebody talking; the same seed gives the same sound.

    `level` is the loudness (RMS of the loud parts) as a share of full scale.
    """
    random = np.random.default_rng(seed)
    count = max(1, round(seconds * RATE))
    spectrum = np.fft.rfft(random.standard_normal(count))
    hertz = np.fft.rfftfreq(count, 1 / RATE)
    tilt = 1 / (1 + (hertz / 800) ** 2) ** 0.5
    voice = np.fft.irfft(spectrum * tilt * ((hertz > 200) & (hertz < 3400)), count)
    points = max(4, round(seconds * 5) + 2)
    loudness = random.uniform(0.35, 1.0, points) * (random.random(points) > 0.12)
    syllables = np.interp(np.arange(count), np.linspace(0, count, points), loudness)
    spoken = voice * syllables
    return to_int16(spoken * (level * 32768 / max(1e-9, float(np.sqrt(np.mean(spoken**2))))))
