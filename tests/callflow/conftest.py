"""A folder of callflows to spoil: the shipped texts and sounds, and files of its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

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
