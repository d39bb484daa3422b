"""What a made-up caller meets is what the core decides: steps, words, phones, the end."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from ivr.callflow import load_plan
from ivr.callflow.prompts import find_prompts
from ivr.cli import ivr
from ivr.cli.simulate import setting_of
from ivr.core.ids import GroupId, LineId, PromptId
from ivr.core.reasons import Outcome
from ivr.twin.exchange import Caller, Setting, Staff, simulate
from ivr.twin.story import Ended, Ending, Rang, Story, Words
from tests.callflow.conftest import SHIPPED

BORNE = LineId("bornetelefonen")
NOON, NIGHT = datetime(2026, 3, 3, 11, tzinfo=UTC), datetime(2026, 3, 3, 3, tzinfo=UTC)
PROMPTS = find_prompts(SHIPPED)
SETTING = setting_of(load_plan(SHIPPED), PROMPTS, NOON)
ALL = {GroupId("dag"): 1, GroupId("nat"): 1}


def told(at: datetime, staff: Staff, caller: Caller | None = None, setting: Setting = SETTING) -> Story:
    return simulate(setting, BORNE, at, staff, caller or Caller(), 20_000.0)


def words(story: Story) -> list[str]:
    return [str(prompt) for event in story.events if isinstance(event, Words) for prompt in event.prompts]


def outcome(story: Story) -> Outcome | None:
    return next((event.outcome for event in story.events if isinstance(event, Ended)), None)


def test_a_caller_at_noon_is_greeted_queued_and_talks_with_a_volunteer() -> None:
    story = told(NOON, Staff(ALL))
    assert story.steps == ("velkommen", "aabent", "koe")
    assert story.ending is Ending.PERSON
    assert [event.volunteer for event in story.events if isinstance(event, Rang)] == ["dag-1"]


def test_by_night_the_night_groups_phone_rings() -> None:
    story = told(datetime(2026, 3, 3, 23, tzinfo=UTC), Staff(ALL))
    assert [event.volunteer for event in story.events if isinstance(event, Rang)] == ["nat-1"]


def test_a_caller_in_the_night_is_told_when_the_line_opens_and_hung_up_on_with_words() -> None:
    story = told(NIGHT, Staff(ALL))
    assert story.steps == ("velkommen", "aabent", "lukket", "aabner", "skriv", "slut")
    assert words(story)[3:7] == ["vi-aabner-igen", "i-dag", "klokken-6", "om-morgenen"]
    assert (story.ending, outcome(story)) == (Ending.WORDS, Outcome.OUTSIDE_HOURS)


def test_nobody_on_duty_is_said_at_once() -> None:
    story = told(NOON, Staff({}))
    assert (story.steps[-2:], outcome(story)) == (("ingen", "slut"), Outcome.NOT_ADMITTED)


def test_a_caller_whom_nobody_answers_waits_45_minutes_and_is_told_so() -> None:
    story = told(NOON, Staff(ALL, answers_after_s=None))
    assert outcome(story) is Outcome.FORCED_OUT
    assert 45 * 60 < story.took.total_seconds() < 46 * 60
    assert words(story).count("stadig") >= 5


def test_a_caller_who_loses_patience_hangs_up_then_and_counts_as_abandoned() -> None:
    story = told(NOON, Staff(ALL, answers_after_s=None), Caller(patience_s=100.0))
    assert (story.ending, outcome(story)) == (Ending.LEFT, Outcome.ABANDONED)
    assert story.took.total_seconds() == pytest.approx(100.0)


def test_nobody_hears_nothing_in_between() -> None:
    for staff in (Staff({}), Staff(ALL), Staff(ALL, answers_after_s=None)):
        assert told(NOON, staff).silent_s < 0.5
        assert told(NIGHT, staff).silent_s < 0.5


def test_a_flow_whose_last_prompt_has_no_sound_ends_in_silence_and_is_told_so() -> None:
    seconds = {key: length for key, length in SETTING.seconds.items() if key[1] in ("koe",)}
    story = told(NIGHT, Staff(ALL), setting=replace(SETTING, seconds=seconds))
    assert story.ending is Ending.SILENCE


def test_a_transfer_a_language_and_a_key_are_followed(tmp_path: Path) -> None:
    plan = load_plan(with_menu(tmp_path))
    setting = replace(SETTING, plan=plan)
    danish, english = (told(NOON, Staff(ALL), Caller(keys), setting) for keys in (("1",), ("2",)))
    assert english.steps[:2] == ("sprog.vaelg", "sprog.engelsk")
    languages = {event.language for event in english.events if isinstance(event, Words)}
    assert languages == {"da", "en"}
    assert {event.language for event in danish.events if isinstance(event, Words)} == {"da"}
    assert english.asked == (("sprog.vaelg", 1, "da"),)


def with_menu(tmp_path: Path) -> Path:
    """The shipped callflows with the language menu and the wait for the opening switched on."""
    folder = tmp_path / "callflows"
    (folder / "shared").mkdir(parents=True)
    for path in (*SHIPPED.glob("*.yaml"), *SHIPPED.glob("shared/*.yaml")):
        (folder / path.relative_to(SHIPPED)).write_bytes(path.read_bytes())
    for name in ("prompts", "music"):
        (folder / name).symlink_to(SHIPPED / name)
    line = folder / "bornetelefonen.yaml"
    text = line.read_text(encoding="utf-8")
    for old, new in (
        ("\nstart: velkommen", "\nstart: sprog"),
        ("\nsteps:\n", "\nsteps:\n  sprog:\n    call: sprog\n    then: velkommen\n\n"),
        ("      closed: lukket\n", "      closed: lukket\n      soon: snart\n      within: 10m\n"),
        ("\n  koe:\n", "\n  snart:\n    call: snart\n    then: koe\n\n  koe:\n"),
    ):
        assert old in text
        text = text.replace(old, new, 1)
    line.write_text(text, encoding="utf-8")
    return folder


def test_who_calls_minutes_too_early_may_wait_and_is_let_in(tmp_path: Path) -> None:
    setting = replace(SETTING, plan=load_plan(with_menu(tmp_path)))
    early = datetime(2026, 3, 3, 4, 55, tzinfo=UTC)
    waits = told(early, Staff(ALL), Caller(("1", "1")), setting)
    assert waits.ending is Ending.PERSON
    assert waits.took.total_seconds() >= 300
    assert "om-5-minutter" in words(waits)
    leaves = told(early, Staff(ALL), Caller(("1",)), setting)
    assert (leaves.ending, outcome(leaves)) == (Ending.WORDS, Outcome.OUTSIDE_HOURS)


def run(*words: str) -> Result:
    return CliRunner().invoke(ivr, ["simulate", *words, "--callflows", str(SHIPPED)])


def test_the_command_tells_words_and_the_end_also_as_json() -> None:
    said = run("bornetelefonen", "--at", "2026-03-03T04:00").output
    assert "“Vi åbner igen i dag klokken seks om morgenen”" in said
    document = json.loads(run("bornetelefonen", "--at", "2026-03-03T04:00", "--json").output)
    assert (document["outcome"], document["ending"]) == ("outside_hours", "words")
    assert document["steps"][-1] == "slut"
    assert document["events"][-1] == {
        "after_s": document["seconds"],
        "event": "ended",
        "outcome": "outside_hours",
        "ended_by": "system",
    }


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("bornetelefon",), "did you mean `bornetelefonen`?"),
        (("bornetelefonen", "--at", "tomorrow"), "write it as 2026-12-24T18:00"),
        (("bornetelefonen", "--digits", "1x"), "no key of a telephone"),
        (("bornetelefonen", "--volunteers", "-1"), "is not in the range"),
    ],
)
def test_wrong_use_is_told_in_a_sentence(words: tuple[str, ...], said: str) -> None:
    done = run(*words)
    assert done.exit_code == 2
    assert said in done.output


def test_a_prompt_of_another_language_does_not_stand_in() -> None:
    seconds = {(language, name): length for (language, name), length in SETTING.seconds.items() if language == "en"}
    story = told(NIGHT, Staff(ALL), setting=replace(SETTING, seconds=seconds))
    assert story.ending is Ending.SILENCE
    assert ("en", PromptId("lukket")) in seconds
