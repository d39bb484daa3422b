"""The suite itself: what was promised is not skipped quietly."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[1]
TESTS = """\
import pytest

@pytest.mark.asterisk
@pytest.mark.skipif(True, reason="no Asterisk here")
def test_marked(): ...

@pytest.mark.skipif(True, reason="another reason")
def test_other(): ...
"""


@pytest.mark.parametrize(("promised", "outcome"), [("1", "1 skipped, 1 error"), ("0", "2 skipped")])
def test_a_test_skipped_for_want_of_asterisk_fails_where_one_was_promised(
    tmp_path: Path, promised: str, outcome: str
) -> None:
    (tmp_path / "conftest.py").write_text("from tests.conftest import pytest_runtest_makereport\n")
    (tmp_path / "test_it.py").write_text(TESTS)
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            "-c",
            os.devnull,
            "-W",
            "ignore",
            str(tmp_path),
        ],
        env={**os.environ, "VOICELINE_REQUIRE_ASTERISK": promised, "PYTHONPATH": str(CHECKOUT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert outcome in done.stdout, done.stdout
