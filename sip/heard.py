"""What did the caller hear? Which prompts are in a recording, where music, where nothing.

Rules: a prompt is cut into windows of 400 ms; each must be found at its own place in the recording, since one good
match is not enough: prompts that begin with the same words share it. Every claim has its certainty: **coverage**, the
share of a prompt's windows that were found. A whole prompt has 0.8 and more; less is a part, with how far it was
heard. The best explanation of a stretch wins; a stretch is explained once. Tools and tests only: it needs numpy.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from sip.phone.correlate import Band, Searched, band, unit
from sip.phone.interface import RATE, Samples
from sip.phone.pattern import WHOLE, Heard, Pattern, best, look
from sip.phone.sound import read_wav

__all__ = ["WHOLE", "Ear", "Heard", "Span", "hear", "load_sounds", "silences"]

_FRAME = 160
_AROUND = 1200
_FOUND = 0.6
"""Likeness from which half a second counts as this music."""
_SILENT = 60.0
"""RMS (of 32768, -55 dBFS) below which 20 ms are silence."""


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of a recording and what it is."""

    what: Literal["prompt", "music", "silence", "sound"]
    start_s: float
    end_s: float
    name: str = ""
    coverage: float | None = None
    heard: Heard | None = None


def hear(samples: Samples, prompts: Mapping[str, Samples]) -> list[Heard]:
    """Which prompts are in a recording (8 kHz), in order; parts too, with `whole` False. For many recordings: `Ear`."""
    return Ear(prompts).hear(samples)


def silences(samples: Samples, longer_than: float = 0.3) -> list[Span]:
    """Where nothing was to be heard for longer than so many seconds."""
    quiet = ~_loud_frames(samples)
    return [
        Span("silence", first * _FRAME / RATE, last * _FRAME / RATE)
        for first, last in _runs(quiet)
        if (last - first) * _FRAME / RATE > longer_than
    ]


def load_sounds(folders: Iterable[Path]) -> dict[str, Samples]:
    """Every WAV in the folders by its name; `x.wav` before `x.placeholder.wav`. Raises BadSound."""
    found: dict[str, Path] = {}
    for folder in folders:
        for path in sorted(folder.glob("*.wav"), key=lambda one: one.name.endswith(".placeholder.wav")):
            found.setdefault(path.name.removesuffix(".wav").removesuffix(".placeholder"), path)
    return {name: read_wav(path) for name, path in sorted(found.items())}


class Ear:
    """Knows a set of prompts and music; listens to any number of recordings."""

    def __init__(self, prompts: Mapping[str, Samples], music: Mapping[str, Samples] | None = None) -> None:
        self._patterns = [one for one in (Pattern(n, s) for n, s in prompts.items()) if len(one.starts)]
        self._tunes = [_Tune(name, samples) for name, samples in (music or {}).items() if len(samples) >= RATE]

    def hear(self, samples: Samples) -> list[Heard]:
        """The prompts in a recording, in order of their beginning."""
        searched = Searched(band(samples))
        finds = [find for pattern in self._patterns for find in look(pattern, searched)]
        return sorted(best(finds), key=lambda one: one.start_s)

    def listen(self, samples: Samples) -> list[Span]:
        """The whole recording, taken apart: prompts, music, silence, other sound."""
        prompts = [
            Span("prompt", one.start_s, one.end_s, one.prompt, round(one.coverage, 2), one)
            for one in self.hear(samples)
        ]
        count = -(-len(samples) // _FRAME)
        free = np.ones(count, bool)
        for span in prompts:
            free[_frame(span.start_s) : _frame(span.end_s)] = False
        spans = list(prompts)
        sound = band(samples)
        for tune in self._tunes:
            for first, last in tune.find(sound, free):
                free[first:last] = False
                spans.append(Span("music", first * _FRAME / RATE, last * _FRAME / RATE, tune.name))
        spans += _rest(samples, free)
        return sorted(spans, key=lambda one: one.start_s)


class _Tune:
    """Music that is played from anywhere and begins again at its end."""

    def __init__(self, name: str, samples: Samples) -> None:
        self.name = name
        sound = band(samples)
        self._length = len(sound)
        self._searched = Searched(np.concatenate([sound, sound[:RATE]]))

    def find(self, sound: Band, free: NDArray[np.bool_]) -> list[tuple[int, int]]:
        """Stretches (in frames, half open) of the free part that are this music."""
        size = RATE // 2
        pieces = len(sound) // size
        found = np.zeros(len(free), bool)
        place: int | None = None
        misses = 0
        for number in range(pieces):
            frames = slice(number * size // _FRAME, (number + 1) * size // _FRAME)
            piece = sound[number * size : (number + 1) * size]
            if free[frames].mean() < 0.5 or float(np.sqrt(np.mean(piece**2))) < _SILENT / 4:
                continue
            hit = None if place is None else self._at(piece, place + number * size)
            if hit is None and misses < 8:
                hit = self._anywhere(piece)
            misses = 0 if hit is not None else misses + 1
            if misses >= 8 and number % 4 == 0:
                misses = 7  # long stretches of something else are looked at now and then only
            if hit is not None:
                place = hit - number * size
                found[frames] = free[frames]
        return _joined(found, free, 50)

    def _at(self, piece: Band, place: int) -> int | None:
        """Where it goes on from the last piece, give or take the jitter."""
        expected = np.array([place % self._length], dtype=np.int64)
        likeness, lag = self._searched.near(unit(piece[None, :]), expected, _AROUND)
        return place + int(lag[0]) if likeness[0] >= _FOUND else None

    def _anywhere(self, piece: Band) -> int | None:
        likeness = self._searched.find(unit(piece[None, :])[0])
        top = int(np.argmax(likeness))
        return top if likeness[top] >= _FOUND else None


def _joined(found: NDArray[np.bool_], free: NDArray[np.bool_], gap: int) -> list[tuple[int, int]]:
    """Runs of found frames; holes up to `gap` frames belong to it where nothing else is."""
    joined: list[tuple[int, int]] = []
    for first, last in _runs(found):
        if joined and first - joined[-1][1] <= gap and free[joined[-1][1] : first].all():
            joined[-1] = (joined[-1][0], last)
        else:
            joined.append((first, last))
    return joined


def _rest(samples: Samples, free: NDArray[np.bool_]) -> list[Span]:
    """Silence of 0.3 s and more, and sound nobody knows, in what is left."""
    loud = _loud_frames(samples)
    quiet = np.zeros(len(free), bool)
    for first, last in _runs(~loud & free):
        quiet[first:last] = last - first >= 15
    spans: list[Span] = []
    for what, mask in (("silence", quiet), ("sound", free & ~quiet)):
        for first, last in _runs(mask):
            if what == "silence" or (last - first >= 10 and loud[first:last].any()):
                kind: Literal["silence", "sound"] = "silence" if what == "silence" else "sound"
                spans.append(Span(kind, first * _FRAME / RATE, last * _FRAME / RATE))
    return spans


def _loud_frames(samples: Samples) -> NDArray[np.bool_]:
    count = -(-len(samples) // _FRAME)
    padded = np.zeros(count * _FRAME)
    padded[: len(samples)] = samples
    loud: NDArray[np.bool_] = np.sqrt(np.mean(padded.reshape(count, _FRAME) ** 2, axis=1)) >= _SILENT
    return loud


def _runs(mask: NDArray[np.bool_]) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(np.int8)))
    return [(int(first), int(last)) for first, last in edges.reshape(-1, 2)]


def _frame(seconds: float) -> int:
    return max(0, round(seconds * RATE / _FRAME))
