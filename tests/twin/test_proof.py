"""The proof over two years of minutes: that minutes of one class are alike, that no class is missed, and that what must
not be is found when it is planted."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ivr.callflow import load_plan
from ivr.callflow.prompts import find_prompts
from ivr.core.flow import Flow, Hangup, Line, Menu, Plan, Play, Say, SetLanguage, Step, WaitForOpening
from ivr.core.hours import compile_hours
from ivr.core.ids import LineId, PromptId, StepName
from ivr.twin.exchange import Caller, Setting, simulate
from ivr.twin.proof import (
    MINUTE,
    SAY_S,
    Proof,
    look,
    minutes_that_matter,
    prove,
    signature,
    staffings,
)
from ivr.twin.story import Ended, Gone, Music, Pressed, Rang, Spoke, Story, Words
from tests.callflow.conftest import SHIPPED
from tests.twin.test_simulate import with_menu

pytestmark = pytest.mark.scan

BORNE = LineId("bornetelefonen")
FIRST, LAST = datetime(2026, 3, 1, tzinfo=UTC), datetime(2028, 3, 1, tzinfo=UTC)
SOUNDS = {key: prompt.seconds for key, prompt in find_prompts(SHIPPED).items() if prompt.sound}
NAME = StepName


def setting_for(plan: Plan) -> Setting:
    tables = {line.id: compile_hours(line.hours, date(2026, 1, 1), date(2028, 5, 1)) for line in plan.lines.values()}
    return Setting(plan, tables, SOUNDS, SAY_S)


@pytest.fixture(scope="module")
def rich(tmp_path_factory: pytest.TempPathFactory) -> Setting:
    """With a language menu and the wait for the opening, so that more depends on the minute."""
    return setting_for(load_plan(with_menu(tmp_path_factory.mktemp("rich"))))


def shape(story: Story) -> list[tuple[object, ...]]:
    """The story without its moments and without what the computed sentence said."""
    found: list[tuple[object, ...]] = [(story.ending, round(story.silent_s, 3))]
    for event in story.events:
        after = round((event.at - story.at).total_seconds(), 3)
        what: Any = None
        match event:
            case Words():
                computed = event.prompts[0] in ("vi-aabner-igen", "aabner-ukendt")
                what = (event.language, "computed" if computed else event.prompts)
            case Ended():
                what = (event.outcome, event.by)
            case Rang() | Spoke():
                what = event.volunteer
            case Music() | Pressed() | Gone():
                pass
            case _:
                what = (event.line, event.step)
        found.append((after, type(event).__name__, what))
    return found


def test_two_minutes_of_one_class_give_the_same_story_whoever_is_there_and_whatever_is_pressed(rich: Setting) -> None:
    chance = random.Random(116111)
    ahead = timedelta(seconds=2 * look(rich.plan, BORNE))
    tables = [rich.tables[BORNE]]
    known = minutes_that_matter(tables, FIRST, LAST, ahead)
    changes = [span.start for span in tables[0].spans if FIRST < span.start < LAST]
    for number in range(24):
        near = chance.choice(changes) - timedelta(minutes=chance.randrange(0, 240))
        anywhere = FIRST + timedelta(minutes=chance.randrange(0, int((LAST - FIRST) / MINUTE)))
        at = (near if number % 2 else anywhere).replace(second=0)
        other = known[signature(tables, at, ahead)]
        staffing = chance.choice(staffings(rich.plan))
        caller = Caller(chance.choice([(), ("1",), ("2", "1"), ("", "1"), ("9", "1")]))
        stories = [simulate(rich, BORNE, each, staffing.staff, caller, look(rich.plan, BORNE)) for each in (at, other)]
        assert shape(stories[0]) == shape(stories[1]), (at, other, staffing.name, caller)


@pytest.mark.parametrize("around", [datetime(2026, 3, 29, tzinfo=UTC), datetime(2026, 10, 25, tzinfo=UTC)])
@pytest.mark.parametrize("hours", [1, 5, 12])
def test_looking_only_near_changes_misses_no_class(rich: Setting, around: datetime, hours: int) -> None:
    """Against every single minute, over the nights of both clock changes."""
    first, last = around - timedelta(days=4), around + timedelta(days=4)
    tables, ahead = [rich.tables[BORNE]], timedelta(hours=hours)
    every = {signature(tables, first + MINUTE * n, ahead) for n in range(int((last - first) / MINUTE))}
    found = minutes_that_matter(tables, first, last, ahead)
    assert set(found) == every
    assert all(signature(tables, at, ahead) == key for key, at in found.items())


def test_both_shipped_lines_hold_around_closing_time_in_the_night_of_the_clock_change() -> None:
    setting = setting_for(load_plan(SHIPPED))
    for line in setting.plan.lines.values():
        proof = prove(
            setting, line.id, datetime(2026, 3, 29, 0, 30, tzinfo=UTC), datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
        )
        assert proof.faults == []
        assert {name for _, name in proof.entered} == set(line.flow.steps)
        assert proof.sentences == 30


# ---------------------------------------------------------------- planted

Spoil = Callable[[Line], dict[StepName, Step]]


def silent_ending(_line: Line) -> dict[StepName, Step]:
    first, closed = NAME("velkommen"), NAME("lukket")
    return {closed: Hangup(closed), first: SetLanguage(first, "da", NAME("aabent"))}


def missing_sound(_line: Line) -> dict[StepName, Step]:
    return {NAME("velkommen"): Play(NAME("velkommen"), (PromptId("nowhere"),), NAME("slut"))}


def a_round(_line: Line) -> dict[StepName, Step]:
    return {NAME("lukket"): SetLanguage(NAME("lukket"), "da", NAME("lukket"))}


def key_that_hangs_up(_line: Line) -> dict[StepName, Step]:
    name = NAME("lukket")
    return {name: Menu(name, (PromptId("fare"),), {"1": NAME("slut")}, 5.0, NAME("skriv"), NAME("skriv"), 1)}


def key_into_silence(_line: Line) -> dict[StepName, Step]:
    """Only whoever presses 7 a second time is hung up on without a word."""
    name, again = NAME("lukket"), NAME("igen")
    return {
        name: Menu(name, (PromptId("fare"),), {"1": again}, 5.0, NAME("skriv"), NAME("skriv"), 1),
        again: Menu(again, (PromptId("fare"),), {"7": NAME("fald")}, 5.0, NAME("skriv"), NAME("skriv"), 1),
        NAME("fald"): SetLanguage(NAME("fald"), "xx", NAME("stum")),
        NAME("stum"): Play(NAME("stum"), (PromptId("fare"),), NAME("slut")),
    }


@pytest.mark.parametrize(
    ("spoil", "what"),
    [
        (silent_ending, "ends in silence after the step `lukket`"),
        (missing_sound, "ends in silence"),
        (a_round, "ends in our apology"),
        (key_into_silence, "ends in silence"),
        (key_that_hangs_up, "ends in silence"),
    ],
)
def test_what_must_not_be_is_found(spoil: Spoil, what: str) -> None:
    proof = spoilt(spoil)
    assert any(what in fault.what for fault in proof.faults), [fault.what for fault in proof.faults]


def spoilt(spoil: Spoil) -> Proof:
    plan = load_plan(SHIPPED)
    line = plan.lines[BORNE]
    line = replace(line, flow=Flow(line.flow.start, {**line.flow.steps, **spoil(line)}))
    setting = setting_for(replace(plan, lines={**plan.lines, BORNE: line}))
    return prove(setting, BORNE, datetime(2026, 3, 3, 3, tzinfo=UTC), datetime(2026, 3, 3, 3, 3, tzinfo=UTC))


def test_a_fragment_without_a_sound_is_found_at_the_minute_that_needs_it() -> None:
    setting = setting_for(load_plan(SHIPPED))
    sounds = {key: length for key, length in SOUNDS.items() if key != ("da", "om-7-minutter")}
    first = datetime(2026, 3, 3, 4, 40, tzinfo=UTC)
    proof = prove(replace(setting, seconds=sounds), BORNE, first, first + timedelta(minutes=30))
    assert [fault.at for fault in proof.faults if "om-7-minutter" in fault.what] == [first + timedelta(minutes=13)]


def test_every_key_of_every_menu_is_tried_in_both_languages(rich: Setting) -> None:
    first = datetime(2026, 3, 3, 4, 55, tzinfo=UTC)
    proof = prove(rich, BORNE, first, first + MINUTE)
    assert proof.faults == []
    entered = {name for _, name in proof.entered}
    assert {"sprog.engelsk", "snart.venter", "snart.skriv", "koe"} <= entered
    assert isinstance(rich.plan.lines[BORNE].flow.steps[NAME("snart.venter")], WaitForOpening)
    assert isinstance(rich.plan.lines[BORNE].flow.steps[NAME("snart.aabner")], Say)


def test_the_proof_says_what_it_walked(tmp_path: Path) -> None:
    setting = setting_for(load_plan(with_menu(tmp_path)))
    first = datetime(2026, 3, 3, 3, tzinfo=UTC)
    proof = prove(setting, BORNE, first, first + timedelta(hours=1))
    assert proof.minutes == 60
    assert 1 <= proof.classes <= 60
    assert proof.calls >= proof.classes * len(staffings(setting.plan))
