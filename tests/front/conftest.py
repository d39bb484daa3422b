"""One running line behind the front for this directory; each test leaves it empty."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.rigs.line import LiveLine, live_line


@pytest.fixture(scope="package")
def noon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveLine]:
    with live_line(tmp_path_factory.mktemp("front")) as line:
        line.ivr("volunteer", "add", "carla", "--group", "dag")
        yield line


@pytest.fixture
def line(noon: LiveLine) -> Iterator[LiveLine]:
    noon.begin()
    yield noon
    noon.empty()
