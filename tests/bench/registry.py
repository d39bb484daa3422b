"""Every benchmark there is. A new one is a module of its own with a `Benchmark` in it, and its line below."""

from __future__ import annotations

from tests.bench import callflows, decisions, drain, first_word, free_to_ring
from tests.bench.benchmark import Benchmark

BENCHMARKS: tuple[Benchmark, ...] = (
    first_word.BENCHMARK,
    free_to_ring.BENCHMARK,
    drain.BENCHMARK,
    decisions.BENCHMARK,
    *callflows.BENCHMARKS,
)
