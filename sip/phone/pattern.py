"""One prompt looked for in one recording: window by window, each at its own place.

Rules: one good match proves nothing, most windows at one offset do; a prompt that was torn apart by an exchange that
could not keep up is put together again only where the tear is silence and nothing of the words is missing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sip.phone.correlate import Band, Searched, band, cut, energy, unit
from sip.phone.interface import RATE, Samples

WHOLE = 0.8
"""Coverage from which a prompt was heard as a whole (right ones reach 0.94 and more, wrong ones stay below 0.3)."""

_WINDOW, _HOP = 3200, 1600
_AROUND = 1200
_AGREE = 800
"""Samples (100 ms) that windows of one prompt may be apart: jitter buffers stretch pauses."""
_FOUND = 0.6
"""Likeness from which a window counts as found; of wrong speech in the same voice 1 in 100 get there by chance."""
_PROBE = 0.5
_SHORT_FIT = 0.75
"""Mean likeness that a short word needs: it has fewer windows to speak for it."""
_FAINT = 0.2
"""Windows quieter than this share of the prompt's loudest are silence and prove nothing."""
_WHOLE_BONUS = 1.15
"""A whole prompt explains better than as much of a longer one that begins with the same words."""
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
    stalled_s: float = 0.0
    """How much silence was put in between its words, by an exchange that could not keep up."""

    @property
    def whole(self) -> bool:
        return self.coverage >= WHOLE


class Pattern:
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
class Find:
    heard: Heard
    weight: float
    """How much sound it explains, and how well: the sum of its found windows' likeness."""


def look(pattern: Pattern, searched: Searched) -> list[Find]:
    """Every place where the prompt, or a part of it, may be: a few windows are searched everywhere, then all there."""
    places: list[int] = []
    finds: list[Find] = []
    for probe in pattern.probes:
        likeness = searched.find(pattern.windows[probe])
        for place in _peaks(likeness):
            offset = place - int(pattern.starts[probe])
            if all(abs(offset - other) > _AGREE // 2 for other in places):
                places.append(offset)
                find = _check(pattern, searched, offset) if _worth_it(pattern, searched, offset, probe) else None
                if find is not None:
                    finds.append(find)
    return [*finds, *_mended(finds, pattern, searched.sound)]


def _mended(finds: list[Find], pattern: Pattern, sound: Band) -> list[Find]:
    """Parts that follow each other with nothing but silence put in between, as one."""
    chains: list[Find] = []
    for find in sorted((one for one in finds if not one.heard.whole), key=lambda one: one.heard.start_s):
        before = chains[-1] if chains else None
        stalled = None if before is None else _tear(before.heard, find.heard, pattern, sound)
        if before is not None and stalled is not None:
            one, other = before.heard, find.heard
            whole = min(1.0, one.coverage + other.coverage)
            mended = replace(one, end_s=other.end_s, to_s=other.to_s, coverage=whole, stalled_s=one.stalled_s + stalled)
            chains[-1] = Find(mended, before.weight + find.weight)
        else:
            chains.append(find)
    return [one for one in chains if one.heard.stalled_s]


def _tear(one: Heard, other: Heard, pattern: Pattern, sound: Band) -> float | None:
    """The seconds of silence put in between two parts; None when they are not two parts of one playing."""
    behind, before = _pauses(one, other, pattern)
    missing = (other.from_s + before) - (one.to_s - behind)
    between = (other.start_s + before) - (one.end_s - behind)
    put_in = between - missing
    if not (-0.1 <= missing <= 0.7 and 0.04 <= put_in <= 2.5):
        return None
    told = _loud(pattern.sound[round((one.to_s - behind) * RATE) : round((other.from_s + before) * RATE)])
    there = _loud(sound[round((one.end_s - behind) * RATE) : round((other.start_s + before) * RATE)])
    more = _seconds(there) - _seconds(told)
    return put_in if abs(more) <= 0.12 else None  # what is there beyond the words is silence


def _pauses(one: Heard, other: Heard, pattern: Pattern) -> tuple[float, float]:
    """Seconds of silence that the prompt itself has at the end of the first part and at the beginning of the second."""
    end = np.flatnonzero(_loud(pattern.sound[round(one.from_s * RATE) : round(one.to_s * RATE)])[::-1])
    start = np.flatnonzero(_loud(pattern.sound[round(other.from_s * RATE) : round(other.to_s * RATE)]))
    return (float(end[0]) * _FRAME / RATE if len(end) else 0.0, float(start[0]) * _FRAME / RATE if len(start) else 0.0)


def _loud(sound: Band) -> NDArray[np.bool_]:
    """Each 20 ms: is there anything to hear?"""
    count = len(sound) // _FRAME
    frames = sound[: count * _FRAME].reshape(count, _FRAME).astype(np.float64)
    loud: NDArray[np.bool_] = np.sqrt(np.mean(frames**2, axis=1)) >= _SILENT
    return loud


def _seconds(frames: NDArray[np.bool_]) -> float:
    return int(frames.sum()) * _FRAME / RATE


def _worth_it(pattern: Pattern, searched: Searched, offset: int, probe: int) -> bool:
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
        high = high[np.abs(high - top) > _AGREE]
    return peaks


def _check(pattern: Pattern, searched: Searched, offset: int) -> Find | None:
    likeness, lags = searched.near(pattern.windows, pattern.starts + offset, _AROUND)
    good = likeness >= _FOUND
    middle = float(np.median(lags[good])) if good.any() else 0.0
    good &= np.abs(lags - middle) <= _AGREE
    hits = int(good.sum())
    if not hits or float(likeness[good].mean()) < pattern.fit:
        return None
    coverage = hits / len(good)
    first, last = _longest_run(good)
    if coverage < WHOLE and last - first + 1 < _PART:
        return None
    start = offset + round(middle)
    whole = coverage >= WHOLE
    begins = 0
    if not whole:
        begins = _edge(pattern, searched.sound, offset + int(lags[first]), int(pattern.starts[first]), last=False)
    ends = len(pattern.sound)
    if last < len(good) - 1 or not whole:
        at = offset + int(lags[last])
        ends = _edge(pattern, searched.sound, at, int(pattern.starts[last]), last=True)
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
    return Find(found, float(likeness[run][good[run]].sum()))


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


def _edge(pattern: Pattern, sound: Band, at: int, window: int, *, last: bool) -> int:
    """Where in the prompt it ends (`last`) or begins around a found window: 100 ms pieces in steps of 20 ms.

    A window half in silence may still be found, so the windows alone would say up to 200 ms too much.
    """
    piece = 5 * _FRAME
    low, high = (
        (window, window + 2 * pattern.length) if last else (window - pattern.length // 2, window + pattern.length)
    )
    places = range(max(0, low), min(len(pattern.sound), high) - piece + 1, _FRAME)
    for place in reversed(places) if last else places:
        theirs, ours = sound[max(0, place + at) : max(0, place + at + piece)], pattern.sound[place : place + piece]
        if len(theirs) < piece or float(energy(ours, piece)[0]) <= 4 * piece * 16.0**2:
            continue  # behind the end; or a pause within the prompt, which says nothing
        likeness = float(np.dot(ours, theirs)) / float(np.sqrt(energy(ours, piece)[0] * energy(theirs, piece)[0]))
        if likeness >= _FOUND:
            return place + piece if last else place
    return min(window + pattern.length, len(pattern.sound)) if last else window


def best(finds: list[Find]) -> list[Heard]:
    """Every stretch explained once, by what explains most of it."""
    taken: list[Heard] = []
    for find in sorted(
        finds, key=lambda one: (-one.weight * (_WHOLE_BONUS if one.heard.whole else 1), one.heard.prompt)
    ):
        one = find.heard
        shared = max((_overlap(one, other) for other in taken), default=0.0)
        if shared <= 0.4 * (one.end_s - one.start_s):
            taken.append(one)
    return taken


def _overlap(one: Heard, other: Heard) -> float:
    return max(0.0, min(one.end_s, other.end_s) - max(one.start_s, other.start_s))
