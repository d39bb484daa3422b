"""The commands as an admin types them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from ivr.cli.callflow import check, hours, prompts
from tests.callflow.conftest import SHIPPED, Change


def run(command: object, *arguments: str) -> Result:
    return CliRunner().invoke(command, list(arguments), catch_exceptions=False)  # type: ignore[arg-type]


def test_the_shipped_files_are_well() -> None:
    result = run(check)
    *answers, last = result.stdout.splitlines()
    assert (result.exit_code, last) == (0, "all is well")
    assert answers[0] == (
        "bornetelefonen answers to 116111, +45116111, 45116111, 0045116111, +4545116111, 004545116111"
    )
    assert json.loads(run(check, "--json").stdout) == []


def test_a_mistake_is_shown_with_a_caret_under_its_place(folder: Path, change: Change) -> None:
    change("bornetelefonen.yaml", "closed: lukket", "closed: luket")
    result = run(check, str(folder))
    assert result.exit_code == 1
    first, line, caret, count = result.stdout.splitlines()
    assert first.endswith("there is no step `luket`; did you mean `lukket`?")
    assert line[caret.index("^") :].startswith("luket")
    assert count == "1 error, 0 warnings"


def test_findings_as_json_have_their_place(folder: Path, change: Change) -> None:
    change("groups.yaml", "    ring: 20s", "    ring: 20")
    (document,) = json.loads(run(check, str(folder / "groups.yaml"), "--json").stdout)
    assert document.pop("file").endswith("groups.yaml")
    rows = (folder / "groups.yaml").read_text(encoding="utf-8").splitlines()
    assert document == {
        "line": rows.index("    ring: 20") + 1,
        "column": 11,
        "severity": "error",
        "what": "`20` is not a length of time",
        "instead": "write 20s or 20m",
    }


def test_warnings_alone_are_let_through(folder: Path, change: Change) -> None:
    change("bornetelefonen.yaml", "  slut: hangup", "  glemt:\n    play: skriv\n    then: slut\n  slut: hangup")
    result = run(check, str(folder))
    assert result.exit_code == 0
    assert result.stdout.endswith("0 errors, 1 warning\n")


def test_a_path_that_is_not_there_is_a_finding(tmp_path: Path) -> None:
    result = run(check, str(tmp_path / "nothing.yaml"))
    assert result.exit_code == 1
    assert "there is no such file or folder; correct the name" in result.stdout


def test_the_policy_is_looked_at_with_the_lines_beside_it(folder: Path) -> None:
    policy = folder.parent / "recordings-policy"
    policy.mkdir()
    (policy / "policy.yaml").write_text("lines:\n  bornetelefonen:\n    record: always\n    why: x\n", encoding="utf-8")
    for paths in ([str(folder.parent)], [str(policy)], [str(policy / "policy.yaml")]):
        result = run(check, *paths)
        assert result.exit_code == 1
        assert "policy.yaml:3:13: error: `always` is not allowed: calls are never recorded;" in result.stdout
        assert "the line `foraeldretelefonen` has no rule" in result.stdout


def test_a_policy_folder_without_its_file_is_a_finding(folder: Path) -> None:
    (folder.parent / "recordings-policy").mkdir()
    result = run(check, str(folder.parent))
    assert result.exit_code == 1
    assert "policy.yaml:1:1: error: there is no such file" in result.stdout


def test_hours_answer_as_it_was_in_2012() -> None:
    answer = json.loads(run(hours, "bornetelefonen", "--at", "2012-04-14T14:00", "--json").stdout)
    assert answer == {
        "line": "bornetelefonen",
        "at": "2012-04-14T14:00:00+02:00",
        "open": True,
        "opens": "2012-04-14T13:00:00+02:00",
        "closes": "2012-04-14T17:00:00+02:00",
        "next_opening": "2012-04-16T11:00:00+02:00",
        "service": "day",
        "answered_by_line": None,
        "rule": "Saturday 13:00-17:00 (from 2012-04-14)",
    }


def test_hours_of_a_closed_line_have_every_key() -> None:
    answer = json.loads(run(hours, "bornetelefonen", "--at", "2024-03-31T03:00", "--json").stdout)
    assert answer == {
        "line": "bornetelefonen",
        "at": "2024-03-31T03:00:00+02:00",
        "open": False,
        "opens": None,
        "closes": None,
        "next_opening": "2024-03-31T06:00:00+02:00",
        "service": None,
        "answered_by_line": None,
        "rule": "every day 06:00-02:00 (from 2019-02-01)",
    }


def test_the_coming_days_are_listed_when_asked_for() -> None:
    answer = json.loads(run(hours, "foraeldretelefonen", "--at", "2026-06-01T12:00", "--days", "1", "--json").stdout)
    assert [(span["start"], span["service"]) for span in answer["spans"]] == [
        ("2026-06-01T06:00:00+02:00", "day"),
        ("2026-06-01T23:00:00+02:00", "night"),
        ("2026-06-02T06:00:00+02:00", "day"),
    ]
    text = run(hours, "foraeldretelefonen", "--at", "2026-06-01T12:00", "--days", "1").stdout
    assert "open since Mon 2026-06-01 06:00 CEST until Tue 2026-06-02 02:00 CEST, day service" in text
    assert text.count("every day 06:00-02:00") == 4


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["bornetelefon"], "did you mean `bornetelefonen`?"),
        (["bornetelefonen", "--at", "yesterday"], "write it as 2026-12-24T18:00"),
        (["bornetelefonen", "--at", "0001-01-01"], "only the years"),
        (["bornetelefonen", "--days", "0"], "--days"),
        ([], "LINE"),
    ],
)
def test_hours_used_wrongly_end_with_2_and_a_sentence(arguments: list[str], said: str) -> None:
    result = run(hours, *arguments)
    assert result.exit_code == 2
    assert said in result.stderr
    assert "Traceback" not in result.output


def test_hours_of_broken_files_end_with_1_and_the_first_mistake(folder: Path, change: Change) -> None:
    change("bornetelefonen.yaml", "closed: lukket", "closed: luket")
    result = run(hours, "bornetelefonen", "--callflows", str(folder))
    assert result.exit_code == 1
    assert "there is no step `luket`" in result.stderr


def test_building_prompts_when_nothing_changed_does_nothing() -> None:
    result = run(prompts, "build", "--callflows", str(SHIPPED), "--json")
    assert result.exit_code == 0
    assert json.loads(result.stdout) == {"made": [], "music": False}


@pytest.mark.parametrize("command", [check, hours, prompts, prompts.commands["build"]])
def test_every_help_shows_an_example(command: object) -> None:
    assert "Example: ivr " in run(command, "--help").stdout
