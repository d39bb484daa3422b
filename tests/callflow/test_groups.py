"""What may be written about groups beyond whose phones ring."""

from __future__ import annotations

from pathlib import Path

import pytest

from ivr.callflow.groups import read_groups
from ivr.core.ids import GroupId
from ivr.source.findings import Findings

GROUPS = """\
default: dag
groups:
  dag: {strategy: ring_all, ring: 20s, rounds: 2, rest: 10s, wrap_up: 30s%s}
"""


def read(tmp_path: Path, more: str) -> tuple[int | None, list[str]]:
    path = tmp_path / "groups.yaml"
    path.write_text(GROUPS % more, encoding="utf-8")
    findings = Findings()
    group = read_groups(path, findings).groups.get(GroupId("dag"))
    return group.auto_pause if group is not None else None, [str(each) for each in findings.all()]


@pytest.mark.parametrize(("written", "most"), [("", 0), (", auto_pause: none", 0), (", auto_pause: 3", 3)])
def test_a_pause_after_unanswered_rings_is_taken_only_where_it_is_written(
    tmp_path: Path, written: str, most: int
) -> None:
    assert read(tmp_path, written) == (most, [])


@pytest.mark.parametrize(("written", "most"), [("", 3), (", refusals: none", 0), (", refusals: 5", 5)])
def test_a_pause_after_three_refusals_is_taken_where_nothing_else_is_written(
    tmp_path: Path, written: str, most: int
) -> None:
    path = tmp_path / "groups.yaml"
    path.write_text(GROUPS % written, encoding="utf-8")
    assert read_groups(path, Findings()).groups[GroupId("dag")].refusals == most


@pytest.mark.parametrize("key", ["auto_pause", "refusals"])
@pytest.mark.parametrize("written", ["0", "-1", "often", "1000"])
def test_a_number_of_rings_that_makes_no_sense_is_told(tmp_path: Path, written: str, key: str) -> None:
    made, told = read(tmp_path, f", {key}: {written}")
    assert made is None
    assert len(told) == 1
    assert key in told[0]
