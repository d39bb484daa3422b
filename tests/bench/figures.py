"""What a benchmark hands back, and how people read it."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Series:
    """One thing measured again and again; seconds, in the order in which they were taken, at least one."""

    name: str
    seconds: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)

    @property
    def p95(self) -> float:
        """Nearest rank: one that was really measured; of fewer than 20 it is the worst."""
        return sorted(self.seconds)[math.ceil(0.95 * len(self.seconds)) - 1]

    @property
    def mean(self) -> float:
        return statistics.fmean(self.seconds)

    def told(self) -> dict[str, object]:
        return {
            "name": self.name,
            "n": len(self.seconds),
            "median_s": self.median,
            "mean_s": self.mean,
            "p95_s": self.p95,
            "seconds": list(self.seconds),
        }


@dataclass(frozen=True, slots=True)
class Figure:
    """One row of the table."""

    what: str
    ours: Series
    other: Series | None = None
    """The same thing done by somebody else, in the same run."""
    limit_s: float | None = None
    """Our median may be this long at most; None: nothing was promised."""
    limit_ratio: float | None = None
    """Our median may be this much of the other's at most."""
    parts: Mapping[str, Series] = field(default_factory=dict)
    """Where the time goes; told with --json only."""
    with_mean: bool = False
    """Whether our mean is shown as well: where many small times add up."""

    @property
    def ratio(self) -> float | None:
        """Our median by the other's; below 1 we are faster."""
        return None if self.other is None else self.ours.median / self.other.median

    @property
    def kept(self) -> bool:
        """Whether what was promised holds."""
        ratio = self.ratio
        in_time = self.limit_s is None or self.ours.median <= self.limit_s
        return in_time and (self.limit_ratio is None or (ratio is not None and ratio <= self.limit_ratio))

    def told(self) -> dict[str, object]:
        return {
            "what": self.what,
            "ours": self.ours.told(),
            "other": None if self.other is None else self.other.told(),
            "ratio": self.ratio,
            "limit_s": self.limit_s,
            "limit_ratio": self.limit_ratio,
            "kept": self.kept,
            "parts": {name: series.told() for name, series in self.parts.items()},
        }


HEAD = ("", "n", "voiceline", "mean", "p95", "compared with", "median", "p95", "ratio", "at most")


def table(figures: Sequence[Figure]) -> str:
    """Markdown that is also easy on the eye in a terminal. Times without a heading of their own are medians."""
    unused = set() if any(figure.with_mean for figure in figures) else {"mean"}
    unused |= set() if any(promised(figure) for figure in figures) else {"at most"}
    places = [place for place, name in enumerate(HEAD) if name not in unused]
    used = tuple(HEAD[place] for place in places)
    rows = [used, *(tuple(row(figure)[place] for place in places) for figure in figures)]
    widths = [max(3, *(len(cells[column]) for cells in rows)) for column in range(len(used))]
    left = (0, used.index("compared with"))
    lines = [
        " | ".join(
            cell.ljust(width) if place in left else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(cells, widths, strict=True))
        )
        for cells in rows
    ]
    rule = " | ".join("-" * width if place in left else "-" * (width - 1) + ":" for place, width in enumerate(widths))
    return "\n".join(f"| {line} |" for line in (lines[0], rule, *lines[1:]))


def row(figure: Figure) -> tuple[str, ...]:
    other, ratio = figure.other, figure.ratio
    missed = "" if figure.kept else " (missed)"
    return (
        figure.what,
        str(len(figure.ours.seconds)),
        length(figure.ours.median),
        length(figure.ours.mean) if figure.with_mean else "-",
        length(figure.ours.p95),
        "-" if other is None else other.name,
        "-" if other is None else length(other.median),
        "-" if other is None else length(other.p95),
        "-" if ratio is None else times(ratio),
        promised(figure) + missed,
    )


def promised(figure: Figure) -> str:
    told = [] if figure.limit_s is None else [length(figure.limit_s)]
    return ", ".join(told if figure.limit_ratio is None else [*told, times(figure.limit_ratio)])


def length(seconds: float) -> str:
    for least, factor, unit in ((1.0, 1.0, "s"), (1e-3, 1e3, "ms"), (0.0, 1e6, "µs")):
        if seconds >= least:
            return f"{digits(seconds * factor)} {unit}"
    raise AssertionError("a length of time is never below zero")


def times(ratio: float) -> str:
    return f"1/{1 / ratio:.0f}" if ratio < 0.2 else f"{ratio:.2f}"


def digits(value: float) -> str:
    """Three of them tell enough."""
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"
