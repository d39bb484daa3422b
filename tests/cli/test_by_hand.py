"""What was changed by hand while nothing runs is seen by the commands that an admin asks."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from ivr.cli import ivr
from tests.callflow.conftest import SHIPPED


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """A house with callflows of its own, never started."""
    place = tmp_path / "state"
    place.mkdir(mode=0o700)
    callflows = tmp_path / "callflows"
    callflows.mkdir()
    for name in ("bornetelefonen.yaml", "foraeldretelefonen.yaml", "groups.yaml"):
        shutil.copy(SHIPPED / name, callflows / name)
    for name in ("prompts", "music", "shared"):
        (callflows / name).symlink_to(SHIPPED / name)
    config = tmp_path / "voiceline.toml"
    config.write_text(f'callflows = "{callflows}"\n', encoding="utf-8")
    (place / "config.path").write_text(str(config), encoding="utf-8")
    return place


def run(state: Path, *words: str) -> Result:
    done = CliRunner().invoke(ivr, [*words, "--state", str(state)])
    assert done.exit_code == 0, done.output
    return done


def hours(state: Path, *more: str) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(run(state, "hours", "bornetelefonen", "--json", *more).output)
    return told


def test_hours_know_that_a_line_was_closed_by_hand_until_it_ends_by_itself(state: Path) -> None:
    until = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=2)
    run(state, "override", "bornetelefonen", "closed", "--until", until.isoformat(), "--reason", "storm")
    now = hours(state)
    assert (now["open"], now["rule"]) == (False, "closed by hand: storm")
    assert datetime.fromisoformat(now["next_opening"]) >= until
    assert "by hand" not in hours(state, "--at", (until + timedelta(minutes=1)).isoformat())["rule"]
    assert hours(state, "--at", "2012-04-14T14:00")["open"] is True, "the past is as it was"
    run(state, "override", "bornetelefonen", "auto", "--reason", "over")
    assert "by hand" not in hours(state)["rule"]


def test_a_group_that_nobody_is_in_is_told_once_there_are_volunteers(state: Path) -> None:
    folder = str(state.parent / "callflows")
    assert "nobody is in" not in run(state, "check", folder).output
    run(state, "volunteer", "add", "anna", "--group", "dag")
    said = run(state, "check", folder).output
    assert "warning: nobody is in the group `nat`; ivr volunteer add NAME --group nat" in said
    assert "group `dag`" not in said
    row = next(row for row in said.splitlines() if "nobody is in" in row)
    line = (state.parent / "callflows" / "groups.yaml").read_text(encoding="utf-8").splitlines().index
    assert f"groups.yaml:{line('  nat: # few at night and grave calls: whoever is fastest') + 1}:3:" in row


def test_what_is_published_while_nothing_runs_is_noted_for_the_next_start(state: Path) -> None:
    said = run(state, "publish", "--note", "first").output
    assert "from the next ivr up" in said
    (row,) = json.loads(run(state, "publish", "--list", "--json").output)
    assert (row["how"], row["note"], row["instead_of"]) == ("published", "first", None)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--rollback",), "there is no version before"),
        (("--rollback", "0123456789ab"), "is not kept here"),
        (("--rollback", "../../etc"), "is not kept here"),
        (("--end-try",), "no controller runs"),
    ],
)
def test_what_cannot_be_published_is_told_in_a_sentence(state: Path, words: tuple[str, ...], said: str) -> None:
    done = CliRunner().invoke(ivr, ["publish", *words, "--state", str(state)])
    assert done.exit_code == 1
    assert said in done.output


def test_names_are_still_known_while_the_files_are_being_edited(state: Path) -> None:
    run(state, "publish")
    path = state.parent / "callflows" / "groups.yaml"
    path.write_text("half a sentence", encoding="utf-8")
    run(state, "volunteer", "list")
    run(state, "override", "bornetelefonen", "closed", "--reason", "storm")
