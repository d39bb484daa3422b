"""Every benchmark still measures something. How fast it is, is not a test's business: the machine may be busy."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest
from click.testing import CliRunner

from tests.bench import __main__ as command
from tests.bench.benchmark import Bench, Benchmark, Effort
from tests.bench.figures import Figure, Series, table
from tests.bench.registry import BENCHMARKS

LONGEST_S = 30.0
"""Whatever is measured, it is no hang-up."""
FASTER = Figure("a thing", Series("voiceline", (0.003, 0.001, 0.002)), Series("somebody", (0.3, 0.1)))


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    with Bench(Effort.BRIEF) as brief:
        yield brief


@pytest.mark.asterisk
@pytest.mark.parametrize("benchmark", BENCHMARKS, ids=lambda each: each.name)
def test_a_benchmark_gives_sane_figures(bench: Bench, benchmark: Benchmark) -> None:
    figures = benchmark.measure(bench)
    assert figures
    for figure in figures:
        series = [figure.ours, *([figure.other] if figure.other else []), *figure.parts.values()]
        for each in series:
            assert each.seconds, each.name
            assert all(0 < taken < LONGEST_S for taken in each.seconds), each
            assert min(each.seconds) <= each.median <= each.p95 == max(each.seconds)
        if figure.other is not None:
            assert len(figure.ours.seconds) == len(figure.other.seconds), "both sides were measured equally often"
            assert figure.ours.seconds != figure.other.seconds
        assert figure.what in table([figure])


def test_a_table_shows_medians_the_slow_end_and_how_many_times_faster_it_is() -> None:
    head, rule, row = table([FASTER]).splitlines()
    assert [cell.strip() for cell in row.strip("|").split("|")] == [
        *("a thing", "3", "2.00 ms", "3.00 ms", "somebody", "200 ms", "300 ms", "1/100")
    ]
    assert head.count("|") == rule.count("|") == row.count("|")


def test_the_slow_end_is_one_that_was_measured() -> None:
    assert Series("many", tuple(range(1, 101))).p95 == 95
    assert Series("few", (1.0, 5.0, 2.0)).p95 == 5.0


def test_a_limit_that_was_missed_is_shown_and_ends_the_run_with_1(monkeypatch: pytest.MonkeyPatch) -> None:
    def told(figure: Figure) -> tuple[int, str]:
        monkeypatch.setattr(command, "BENCHMARKS", (Benchmark("one", "A thing.", lambda _bench: (figure,)),))
        done = CliRunner().invoke(command.main, [])
        return done.exit_code, done.stdout

    assert told(FASTER)[0] == 0
    assert told(replace(FASTER, limit_s=0.002, limit_ratio=0.01))[0] == 0
    for missed in (replace(FASTER, limit_s=0.001), replace(FASTER, limit_ratio=0.009)):
        code, text = told(missed)
        assert code == 1
        assert "(missed)" in text


def test_with_json_every_sample_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "BENCHMARKS", (Benchmark("one", "A thing.", lambda _bench: (FASTER,)),))
    told = json.loads(CliRunner().invoke(command.main, ["--json"]).stdout)
    assert told["figures"][0]["ours"]["seconds"] == [0.003, 0.001, 0.002]
    assert told["figures"][0]["ratio"] == pytest.approx(0.01)
    assert "cores" in told["machine"]
