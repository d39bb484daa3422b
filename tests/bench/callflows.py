"""What the admin's files cost: opening hours, the check, the proof over two years. Without Asterisk."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from time import perf_counter

from opening_hours import OpeningHours

from ivr.callflow import load_plan, read_folder
from ivr.cli.exhaustive import DAYS, Task, prove_line, walk_everything
from ivr.core.hours import compile_hours
from ivr.core.ids import LineId
from tests.bench.benchmark import Bench, Benchmark, Effort
from tests.bench.figures import Figure, Series

CALLFLOWS = Path(__file__).resolve().parents[2] / "callflows"
FIRST = date(2026, 1, 1)
LAST = FIRST + timedelta(days=DAYS)
OTHERS = "opening-hours-py"
LOOKS = 5_000
"""Per sample: one look is too short to be timed alone."""


def timed(what: Callable[[], object]) -> float:
    began = perf_counter()
    what()
    return perf_counter() - began


def in_turns(
    times: int, ours: Callable[[], object], other: Callable[[], object], each: int = 1
) -> tuple[Series, Series]:
    """Both sides, A B, B A; seconds for one of `each` goes."""
    taken: dict[str, list[float]] = {"ours": [], "other": []}
    for number in range(times):
        sides = (("ours", ours), ("other", other))
        for name, what in sides if number % 2 == 0 else reversed(sides):
            taken[name].append(timed(what) / each)
    return Series("voiceline", tuple(taken["ours"])), Series(OTHERS, tuple(taken["other"]))


def hours(bench: Bench) -> tuple[Figure, ...]:
    line = load_plan(CALLFLOWS).lines[LineId("bornetelefonen")]
    theirs = OpeningHours("Mo-Su 06:00-26:00")
    start, end = (datetime(day.year, day.month, day.day) for day in (FIRST, LAST))  # noqa: DTZ001 - a clock face
    compiled, listed = in_turns(
        bench.times(19, 3),
        lambda: compile_hours(line.hours, FIRST, LAST),
        lambda: list(theirs.intervals(start, end)),
    )
    table = compile_hours(line.hours, FIRST, LAST)
    moments = [datetime(2026, 1, 2, tzinfo=UTC) + timedelta(minutes=209 * n) for n in range(LOOKS)]
    faces = [moment.replace(tzinfo=None) for moment in moments]
    asked, looked = in_turns(
        bench.times(19, 3),
        lambda: [table.at(moment) for moment in moments],
        lambda: [theirs.is_open(face) for face in faces],
        LOOKS,
    )
    return (
        Figure("two years of hours", compiled, listed, limit_s=0.5),
        Figure("open now?", asked, looked, limit_s=2e-6),
    )


def check(bench: Bench) -> tuple[Figure, ...]:
    taken = tuple(timed(lambda: read_folder(CALLFLOWS)) for _ in range(bench.times(9, 2)))
    return (Figure("ivr check, all shipped files", Series("voiceline", taken), limit_s=1.0),)


def exhaustive(bench: Bench) -> tuple[Figure, ...]:
    """Briefly: one night of one line."""
    if bench.effort is Effort.FULL:
        seconds = timed(lambda: walk_everything(CALLFLOWS))
    else:
        night = Task(CALLFLOWS, LineId("bornetelefonen"), datetime(2026, 3, 3, tzinfo=UTC), timedelta(minutes=5))
        seconds = timed(lambda: prove_line(night))
    return (Figure("ivr check --exhaustive, two years", Series("voiceline", (seconds,)), limit_s=60.0),)


BENCHMARKS = (
    Benchmark("hours", "Opening hours: compiling two years, and asking whether a line is open.", hours),
    Benchmark("check", "Every finding in every shipped file.", check),
    Benchmark("exhaustive", "Every minute of two years, every staffing, every key.", exhaustive),
)
