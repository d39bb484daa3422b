"""What the shipped files say, as callers and reports rely on it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from ivr.callflow import check_paths, load_plan, music, prompt_text, sounds
from ivr.core.flow import Enqueue, Hangup, HoursBranch, Line, Play, Say, Spoken, Strategy
from ivr.core.hours import Service, compile_hours
from ivr.core.ids import GroupId, LineId, PromptId, StepName
from ivr.core.spoken import fragments
from tests.callflow.conftest import SHIPPED

PLAN = load_plan(SHIPPED)
BORNE = PLAN.lines[LineId("bornetelefonen")]
FORAELDRE = PLAN.lines[LineId("foraeldretelefonen")]


def prompts_of(line: Line) -> set[PromptId]:
    heard = set(line.technical)
    for step in line.flow.steps.values():
        if isinstance(step, Play):
            heard.update(step.prompts)
        if isinstance(step, Enqueue):
            heard.update(step.welcome, *(announcement.prompts for announcement in step.announcements))
    return heard


def test_the_shipped_files_have_no_findings_at_all() -> None:
    assert check_paths([SHIPPED]) == []


def test_the_lines_have_their_numbers_and_groups() -> None:
    assert {line.id: line.number for line in PLAN.lines.values()} == {
        "bornetelefonen": "116111",
        "foraeldretelefonen": "35555557",
    }
    assert {line.name for line in PLAN.lines.values()} == {"BørneTelefonen", "ForældreTelefonen"}
    for line in PLAN.lines.values():
        assert line.tiers == {Service.DAY: ("dag",), Service.NIGHT: ("nat",)}
    assert PLAN.default_group == "dag"
    assert PLAN.groups[GroupId("dag")].strategy is Strategy.LONGEST_IDLE
    assert PLAN.groups[GroupId("nat")].strategy is Strategy.RING_ALL


def test_a_caller_is_greeted_then_queued_or_told_when_the_line_opens() -> None:
    steps = BORNE.flow.steps
    assert steps[BORNE.flow.start] == Play(
        StepName("velkommen"), (PromptId("velkommen"), PromptId("fare")), StepName("aabent")
    )
    assert steps[StepName("aabent")] == HoursBranch(StepName("aabent"), StepName("koe"), StepName("lukket"))
    assert steps[StepName("aabner")] == Say(StepName("aabner"), Spoken.NEXT_OPENING, StepName("skriv"))
    assert steps[StepName("slut")] == Hangup(StepName("slut"))
    queue = steps[StepName("koe")]
    assert isinstance(queue, Enqueue)
    assert (queue.max_wait_s, queue.on_timeout, queue.on_nobody) == (45 * 60, "travlt", "ingen")
    assert queue.announcements[0].first_s == 45


@pytest.mark.parametrize(
    ("moment", "opens", "closes"),
    [  # the published table, one service day out of each row; None: closed
        ("2011-08-26T12:30", "12:00", "19:00"),
        ("2011-08-25T12:30", "12:00", "21:00"),
        ("2011-09-02T12:00", "11:00", "21:00"),
        ("2011-11-01T12:00", "11:00", "23:00"),
        ("2012-04-14T14:00", "13:00", "17:00"),
        ("2012-04-15T14:00", None, None),
        ("2013-02-02T12:00", "11:00", "19:00"),
        ("2014-02-02T12:00", "11:00", "23:00"),
        ("2016-03-03T12:00", "11:00", "23:00"),
        ("2016-03-04T12:00", "11:00", "02:00"),
        ("2016-11-01T12:00", "11:00", "02:00"),
        ("2018-09-01T12:00", "09:00", "02:00"),
        ("2019-01-31T12:00", "09:00", "02:00"),
        ("2019-02-01T12:00", "06:00", "02:00"),
        ("2026-12-24T12:00", "06:00", "02:00"),
    ],
)
def test_bornetelefonen_was_open_as_published(moment: str, opens: str | None, closes: str | None) -> None:
    zone = ZoneInfo(BORNE.hours.tz)
    at = datetime.fromisoformat(moment).replace(tzinfo=zone).astimezone(UTC)
    table = compile_hours(BORNE.hours, at.date() - timedelta(days=3), at.date() + timedelta(days=10))
    found = [edge.astimezone(zone).strftime("%H:%M") if edge else None for edge in (table.opened(at), table.closes(at))]
    assert found == [opens, closes]


def test_both_lines_keep_the_same_hours_today_with_the_night_from_23() -> None:
    first, last = date(2026, 1, 1), date(2027, 1, 1)
    tables = [compile_hours(line.hours, first, last) for line in (BORNE, FORAELDRE)]
    served = [[(span.start, span.end, span.service) for span in table.spans] for table in tables]
    assert served[0] == served[1]
    zone = ZoneInfo("Europe/Copenhagen")
    nights = {span[0].astimezone(zone).strftime("%H:%M") for span in served[0] if span[2] is Service.NIGHT}
    assert nights == {"23:00", "00:00"}, "00:00 is where the table begins, in the middle of a night"


def test_foraeldretelefonen_never_says_gratis() -> None:
    for prompt in prompts_of(FORAELDRE):
        assert "gratis" not in (prompt_text(SHIPPED, "da", prompt) or "").lower()
    assert "gratis" in (prompt_text(SHIPPED, "da", PromptId("velkommen")) or ""), "else this test can never fail"


def test_every_prompt_that_may_be_heard_has_a_sound_that_can_be_played() -> None:
    found = sounds(SHIPPED)
    for line in PLAN.lines.values():
        for prompt in (*prompts_of(line), *fragments()):
            assert found["da", prompt].is_file()


def test_there_is_music_and_little_of_everything() -> None:
    assert [file.name for file in music(SHIPPED)] == ["venter.wav"]
    for language in ("da", "en"):
        heard = {file for (spoken, _), file in sounds(SHIPPED).items() if spoken == language}
        assert sum(file.stat().st_size for file in heard) < 6_000_000


def test_the_version_is_the_contents_and_not_the_place(folder: Path) -> None:
    assert load_plan(folder).version == PLAN.version
    path = folder / "groups.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("ring: 20s", "ring: 21s"), encoding="utf-8")
    assert load_plan(folder).version != PLAN.version
