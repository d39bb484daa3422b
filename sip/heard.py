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

from sip.phone.correlate import Band, Searched, band, cut, energy, unit
from sip.phone.interface import RATE, Samples
from sip.phone.sound import read_wav

WHOLE = 0.8
"""Coverage from which a prompt was heard as a whole (right ones reach 0.94 and more, wrong ones stay below 0.3)."""

_WINDOW, _HOP = 3200, 1600
_AROUND = 800
_FOUND = 0.6
"""Likeness from which a window counts as found; of wrong speech in the same voice 1 in 100 get there by chance."""
_PROBE = 0.5
_SHORT_FIT = 0.75
"""Mean likeness that a short word needs: it has fewer windows to speak for it."""
_FAINT = 0.2
"""Windows quieter than this share of the prompt's loudest are silence and prove nothing."""
_PART = 4
"""Windows in a row from which a part is worth telling."""
_FRAME = 160
_SILENT = 60.0
"""RMS (of 32768, -55 dBFS) below which 20 ms are silence."""


@dataclass(frozen=True, slots=True)
class Heard:
    """A prompt in a recording. Seconds from the recording's first sample; within 40 ms (jitter moves words)."""

    prompt: str
    start_s: float
    """Where its first heard sound is; for a whole prompt where the file begins."""
    end_s: float
    coverage: float
    """Share of the prompt's windows that were found, 0 to 1."""
    from_s: float
    to_s: float
    """Which stretch of the prompt it was, seconds from the prompt's beginning."""
    length_s: float
    """How long the prompt is."""

    @property
    def whole(self) -> bool:
        return self.coverage >= WHOLE


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


class _Pattern:
    """A prompt made ready to be looked for."""

    def __init__(self, name: str, samples: Samples) -> None:
        self.name, self.sound = name, band(samples)
        length = min(_WINDOW, len(self.sound))
        windows, starts = cut(self.sound, max(1, length), _HOP) if length else (np.zeros((0, 1), np.float32), None)
        loudness = np.sqrt(np.mean(windows.astype(np.float64) ** 2, axis=1)) if length else np.zeros(0)
        told = loudness > max(_SILENT / 4, _FAINT * float(loudness.max(initial=0)))
        self.length = length
        self.windows: Band = unit(windows[told])
        self.starts: NDArray[np.int64] = np.zeros(0, np.int64) if starts is None else starts[told]
        count = len(self.starts)
        step = max(1, min(5, count // 3))
        self.probes = sorted({*range(0, count, step), *range(min(2, count)), *([count - 1] if count else [])})
        self.fit = _FOUND if count >= _PART else _SHORT_FIT


@dataclass(frozen=True, slots=True)
class _Find:
    heard: Heard
    weight: float
    """How much sound it explains, and how well: the sum of its found windows' likeness."""


class Ear:
    """Knows a set of prompts and music; listens to any number of recordings."""

    def __init__(self, prompts: Mapping[str, Samples], music: Mapping[str, Samples] | None = None) -> None:
        self._patterns = [one for one in (_Pattern(n, s) for n, s in prompts.items()) if len(one.starts)]
        self._tunes = [_Tune(name, samples) for name, samples in (music or {}).items() if len(samples) >= RATE]

    def hear(self, samples: Samples) -> list[Heard]:
        """The prompts in a recording, in order of their beginning."""
        searched = Searched(band(samples))
        finds = [find for pattern in self._patterns for find in _look(pattern, searched)]
        return sorted(_best(finds), key=lambda one: one.start_s)

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


def _look(pattern: _Pattern, searched: Searched) -> list[_Find]:
    """Every place where the prompt, or a part of it, may be: a few windows are searched everywhere, then all there."""
    places: list[int] = []
    finds: list[_Find] = []
    for probe in pattern.probes:
        likeness = searched.find(pattern.windows[probe])
        for place in _peaks(likeness):
            offset = place - int(pattern.starts[probe])
            if all(abs(offset - other) > _AROUND // 2 for other in places):
                places.append(offset)
                find = _check(pattern, searched, offset) if _worth_it(pattern, searched, offset, probe) else None
                if find is not None:
                    finds.append(find)
    return finds


def _worth_it(pattern: _Pattern, searched: Searched, offset: int, probe: int) -> bool:
    """Whether the neighbours of a match are there too: most matches are a vowel met by chance."""
    first = max(0, min(probe - 2, len(pattern.starts) - 5))
    beside = slice(first, first + 5)
    likeness, _ = searched.near(pattern.windows[beside], pattern.starts[beside] + offset, _AROUND)
    return int((likeness >= _FOUND).sum()) >= min(3, len(pattern.starts))


def _peaks(likeness: Band) -> list[int]:
    peaks: list[int] = []
    high = np.flatnonzero(likeness >= _PROBE)
    while len(high) and len(peaks) < 64:
        top = int(high[np.argmax(likeness[high])])
        peaks.append(top)
        high = high[np.abs(high - top) > _AROUND]
    return peaks


def _check(pattern: _Pattern, searched: Searched, offset: int) -> _Find | None:
    likeness, lags = searched.near(pattern.windows, pattern.starts + offset, _AROUND)
    good = likeness >= _FOUND
    middle = float(np.median(lags[good])) if good.any() else 0.0
    good &= np.abs(lags - middle) <= _AROUND // 2
    hits = int(good.sum())
    if not hits or float(likeness[good].mean()) < pattern.fit:
        return None
    coverage = hits / len(good)
    first, last = _longest_run(good)
    if coverage < WHOLE and last - first + 1 < _PART:
        return None
    start = offset + round(middle)
    whole = coverage >= WHOLE
    begins = 0 if whole and first == 0 else int(pattern.starts[first])
    ends = len(pattern.sound)
    if last < len(good) - 1 or not whole:
        at = offset + int(lags[last])
        ends = _edge(pattern, searched.sound, at, int(pattern.starts[last]))
    if whole:
        begins = 0
    found = Heard(
        pattern.name,
        max(0.0, (start + begins) / RATE),
        min(len(searched.sound), start + ends) / RATE,
        coverage if whole else min(coverage, WHOLE - 0.01),
        begins / RATE,
        ends / RATE,
        len(pattern.sound) / RATE,
    )
    run = slice(None) if whole else slice(first, last + 1)
    return _Find(found, float(likeness[run][good[run]].sum()))


def _longest_run(good: NDArray[np.bool_]) -> tuple[int, int]:
    """First and last window of the longest stretch that begins and ends found, with at most one in five missed."""
    hits = np.flatnonzero(good)
    best = (int(hits[0]), int(hits[0]))
    for left in range(len(hits)):
        for right in range(len(hits) - 1, left, -1):
            span = int(hits[right] - hits[left]) + 1
            if span <= best[1] - best[0] + 1:
                break
            if (right - left + 1) / span >= WHOLE:
                best = (int(hits[left]), int(hits[right]))
                break
    return best


def _edge(pattern: _Pattern, sound: Band, at: int, window: int) -> int:
    """How far into the prompt it goes on, in steps of 20 ms, looked at 100 ms at a time, from the last found window."""
    piece, end = 5 * _FRAME, window + _FRAME * 5
    stop = min(len(pattern.sound), window + 2 * pattern.length)
    for place in range(window, stop - piece + 1, _FRAME):
        theirs = sound[max(0, place + at) : max(0, place + at + piece)]
        ours = pattern.sound[place : place + piece]
        if len(theirs) < piece:
            break
        if float(energy(ours, piece)[0]) <= 4 * piece * 16.0**2:
            continue  # a pause within the prompt says nothing
        if float(np.dot(ours, theirs)) / float(np.sqrt(energy(ours, piece)[0] * energy(theirs, piece)[0])) >= 0.5:
            end = place + piece
    return min(end, len(pattern.sound))


def _best(finds: list[_Find]) -> list[Heard]:
    """Every stretch explained once, by what explains most of it."""
    taken: list[Heard] = []
    for find in sorted(finds, key=lambda one: (-one.weight, one.heard.prompt)):
        one = find.heard
        shared = max((_overlap(one, other) for other in taken), default=0.0)
        if shared <= 0.4 * (one.end_s - one.start_s):
            taken.append(one)
    return taken


def _overlap(one: Heard, other: Heard) -> float:
    return max(0.0, min(one.end_s, other.end_s) - max(one.start_s, other.start_s))


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
