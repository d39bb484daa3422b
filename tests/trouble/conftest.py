"""A line for bad company: its callers wait at once, its phones ring briefly, everything is tried in seconds."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.rigs.line import LiveLine
from tests.trouble.rig import trouble_line


@pytest.fixture(scope="package")
def noon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveLine]:
    with trouble_line(tmp_path_factory.mktemp("trouble")) as line:
        yield line


@pytest.fixture
def line(noon: LiveLine) -> Iterator[LiveLine]:
    """Empty before and after."""
    noon.begin()
    yield noon
    noon.empty()
