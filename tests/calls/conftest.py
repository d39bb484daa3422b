"""Two running lines for all real calls: one at noon, one when it is closed. Each test leaves them empty."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.rigs.line import LiveLine, live_line


@pytest.fixture(scope="package")
def noon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveLine]:
    """Open, in the middle of the day; `anna` by day and `bo` by night, plus `carla` by day."""
    with live_line(tmp_path_factory.mktemp("noon")) as line:
        line.ivr("volunteer", "add", "carla", "--group", "dag")
        yield line


@pytest.fixture
def line(noon: LiveLine) -> Iterator[LiveLine]:
    """The line at noon, empty before and after."""
    noon.begin()
    yield noon
    noon.empty()
