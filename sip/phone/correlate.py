"""Finding one stretch of sound in another, whatever its loudness (normalised cross-correlation by FFT).

Rules: telephone band only (300-3400 Hz), 8 kHz; a value is between -1 and 1, 1 is the same sound; where next to nothing
is heard the value is near 0, never noise divided by noise.
"""

from __future__ import annotations

from typing import cast

import numpy as np
from numpy.typing import NDArray

from sip.phone.interface import RATE, Samples

Band = NDArray[np.float32]

_LOW, _HIGH, _SLOPE = 300.0, 3400.0, 60.0
_QUIET = 16.0
"""RMS (of 32768) that counts as nothing: the idle noise of G.711 is below it."""
_BLOCK = 1 << 15


def band(samples: Samples) -> Band:
    """The part that every telephone carries."""
    count = len(samples)
    if count == 0:
        return np.zeros(0, np.float32)
    size = good_size(count)
    hertz = np.fft.rfftfreq(size, 1 / RATE).astype(np.float32)
    keep = np.clip((hertz - _LOW) / _SLOPE + 1, 0, 1) * np.clip((_HIGH - hertz) / _SLOPE + 1, 0, 1)
    spectrum = np.fft.rfft(samples.astype(np.float32), size)
    return cast(Band, np.fft.irfft(spectrum * keep, size)[:count].astype(np.float32))


def good_size(count: int) -> int:
    """The next length that an FFT likes: 2, 3 or 5 times a power of two."""
    power = 1 << max(0, (count - 1).bit_length())
    return min(size for size in (power, power // 4 * 3, power // 8 * 5) if size >= count)


def energy(sound: Band, length: int) -> NDArray[np.float64]:
    """Sum of squares of every stretch of `length` samples, at least that of near silence."""
    total = np.concatenate([[0.0], np.cumsum(sound.astype(np.float64) ** 2)])
    return cast(NDArray[np.float64], np.maximum(total[length:] - total[:-length], length * _QUIET**2))


class Searched:
    """A recording made ready for looking for many stretches in it."""

    def __init__(self, sound: Band) -> None:
        self.sound = sound
        self._blocks: dict[int, tuple[NDArray[np.complex64], int]] = {}
        self._loudness: dict[int, Band] = {}

    def find(self, window: Band) -> Band:
        """The likeness of `window` (of unit energy) at every place; empty when the recording is shorter."""
        length = len(window)
        places = len(self.sound) - length + 1
        if places <= 0:
            return np.zeros(0, np.float32)
        spectra, step = self._spectra(length)
        size = (spectra.shape[1] - 1) * 2
        wanted = np.conj(np.fft.rfft(window, size)).astype(np.complex64)
        likeness = np.fft.irfft(spectra * wanted, size)[:, :step].reshape(-1)[:places]
        return cast(Band, likeness * self._scale(length))

    def _spectra(self, length: int) -> tuple[NDArray[np.complex64], int]:
        """Overlapping blocks, so that no transform is longer than the processor's cache likes."""
        if length not in self._blocks:
            size = max(_BLOCK, good_size(2 * length))
            step = size - length + 1
            count = -(-max(1, len(self.sound) - length + 1) // step)
            padded = np.zeros((count - 1) * step + size, np.float32)
            padded[: len(self.sound)] = self.sound
            blocks = np.lib.stride_tricks.sliding_window_view(padded, size)[::step]
            self._blocks[length] = (np.fft.rfft(blocks, axis=1).astype(np.complex64), step)
        return self._blocks[length]

    def _scale(self, length: int) -> Band:
        if length not in self._loudness:
            self._loudness[length] = (1 / np.sqrt(energy(self.sound, length))).astype(np.float32)
        return self._loudness[length]

    def near(self, windows: Band, places: NDArray[np.int64], around: int) -> tuple[Band, NDArray[np.int64]]:
        """For each window (a row of unit energy) its best likeness within `around` samples of its place, and how
        far off. What lies outside the recording is silence.
        """
        count, length = windows.shape
        wide = length + 2 * around
        index = places[:, None] - around + np.arange(wide)[None, :]
        inside = (index >= 0) & (index < len(self.sound))
        parts = np.where(inside, self.sound[np.clip(index, 0, max(0, len(self.sound) - 1))], np.float32(0))
        size = good_size(wide)
        both = np.fft.rfft(parts, size, axis=1) * np.conj(np.fft.rfft(windows, size, axis=1))
        likeness = np.fft.irfft(both, size, axis=1)[:, : 2 * around + 1]
        squares = np.concatenate([np.zeros((count, 1)), np.cumsum(parts.astype(np.float64) ** 2, axis=1)], axis=1)
        loud = np.maximum(squares[:, length:] - squares[:, :-length], length * _QUIET**2)
        likeness = likeness / np.sqrt(loud)
        best = np.argmax(likeness, axis=1)
        return likeness[np.arange(count), best].astype(np.float32), best.astype(np.int64) - around


def unit(windows: Band) -> Band:
    """Rows scaled to unit energy."""
    size = np.sqrt(np.sum(windows.astype(np.float64) ** 2, axis=-1, keepdims=True))
    return cast(Band, (windows / np.maximum(size, 1e-9)).astype(np.float32))


def cut(sound: Band, length: int, hop: int) -> tuple[Band, NDArray[np.int64]]:
    """Windows of `length` every `hop` samples, and where they start; the end gets a window of its own."""
    last = len(sound) - length
    starts = np.arange(0, last + 1, hop, dtype=np.int64)
    if last % hop:
        starts = np.append(starts, last)
    return sound[starts[:, None] + np.arange(length)[None, :]], starts
