"""The table of traps is whole: every complaint once, and every test that it names is there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
CLOSED_LIST = [
    f"{kind}{number}" for kind, last in (("Q", 18), ("A", 8), ("T", 3), ("H", 14)) for number in range(1, last + 1)
]
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")
ENOUGH_OF_A_REASON = 30


def rows(text: str) -> list[tuple[str, str]]:
    """(id, what shows it or why not) of each row."""
    found = re.findall(r"^\| ([A-Z]\d+) \|[^|]*\|(.*)\|$", text, re.MULTILINE)
    return [(name, shown.strip()) for name, shown in found]


def names_in(file: Path) -> set[str]:
    if not file.is_file():
        return set()
    tree = ast.parse(file.read_text(encoding="utf-8"))
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return {each.name for each in ast.walk(tree) if isinstance(each, kinds) and each.name.startswith("test_")}


def faults(text: str) -> list[str]:
    """What is wrong with this table."""
    table = rows(text)
    ids = [name for name, _ in table]
    wrong = [f"{name} is there {ids.count(name)} times" for name in CLOSED_LIST if ids.count(name) != 1]
    wrong += [f"{name} is no known complaint" for name in ids if name not in CLOSED_LIST]
    for name, shown in table:
        tests = NAMED.findall(shown)
        wrong += [f"{name}: {file} has no {test}" for file, test in tests if test not in names_in(CHECKOUT / file)]
        if not tests and len(shown) < ENOUGH_OF_A_REASON:
            wrong.append(f"{name} names neither a test nor a reason")
    return wrong


def test_every_known_complaint_is_a_test_or_has_a_reason() -> None:
    assert faults((Path(__file__).parent / "README.md").read_text(encoding="utf-8")) == []


def test_a_row_that_is_missing_doubled_or_names_what_is_not_there_is_found() -> None:
    whole = (Path(__file__).parent / "README.md").read_text(encoding="utf-8")
    line = next(each for each in whole.splitlines() if each.startswith("| Q3 |"))
    assert faults(whole.replace(line + "\n", "")) == ["Q3 is there 0 times"]
    assert faults(whole + line + "\n") == ["Q3 is there 2 times"]
    assert len(faults(whole.replace("::test_q3_", "::test_q33_"))) == 1
    assert faults(whole + "| Q99 | x | `tests/none.py::test_none` |\n") == [
        "Q99 is no known complaint",
        "Q99: tests/none.py has no test_none",
    ]
    assert faults(whole.replace(line, "| Q3 | x | no |")) == ["Q3 names neither a test nor a reason"]


def test_every_trap_that_is_tried_here_is_in_the_table_under_its_own_id() -> None:
    """A test named `test_q3_..` stands in the row of Q3."""
    table = dict(rows((Path(__file__).parent / "README.md").read_text(encoding="utf-8")))
    here = [name for file in Path(__file__).parent.glob("test_*_traps.py") for name in sorted(names_in(file))]
    assert here
    for name in here:
        which = name.split("_")[1].upper()
        assert f"::{name}`" in table[which], name
