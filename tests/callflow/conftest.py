"""A folder of callflows to spoil: the shipped texts and sounds, and files of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path

import pytest

from ivr.core.hours import compile_hours

SHIPPED = Path(__file__).parents[2] / "callflows"
FILES = ("bornetelefonen.yaml", "foraeldretelefonen.yaml", "groups.yaml")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the shipped files; prompts and music are links, so nothing may be written there."""
    callflows = tmp_path / "callflows"
    callflows.mkdir()
    for name in FILES:
        (callflows / name).write_bytes((SHIPPED / name).read_bytes())
    (callflows / "shared").mkdir()
    for path in (SHIPPED / "shared").iterdir():
        (callflows / "shared" / path.name).write_bytes(path.read_bytes())
    for name in ("prompts", "music"):
        (callflows / name).symlink_to(SHIPPED / name)
    return callflows


@pytest.fixture(autouse=True, scope="session")
def hours_are_compiled_once() -> Iterator[None]:
    """Of the same hours the same table is made, which takes longer than all the rest of a check: a hundred mistakes are
    planted in files that mostly keep theirs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ivr.callflow.check.compile_hours", lru_cache(256)(compile_hours))
        yield


Change = Callable[[str, str, str], Path]


@pytest.fixture
def change(folder: Path) -> Change:
    """`change(file, old, new)`: the first `old` in a file of the folder becomes `new`."""

    def apply(name: str, old: str, new: str) -> Path:
        path = folder / name
        text = path.read_text(encoding="utf-8")
        assert old in text, f"the shipped {name} no longer has {old!r}"
        path.write_text(text.replace(old, new, 1), encoding="utf-8")
        return path

    return apply
