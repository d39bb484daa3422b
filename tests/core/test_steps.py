"""The steps that take a caller elsewhere: another language, another line, the wait for the opening; and by which
version of the steps a call goes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from ivr.core.commands import Command, LastResort, Play, StartMusic
from ivr.core.facts import CallEnded, CallMoved, StepEntered
from ivr.core.flow import (
    Flow,
    Hangup,
    HoursBranch,
    Line,
    Plan,
    SetLanguage,
    Step,
    ToLine,
    ToPartner,
    Transfer,
    WaitForOpening,
)
from ivr.core.flow import Play as PlayStep
from ivr.core.hours import Service
from ivr.core.ids import CallId, LineId, PromptId, StepName
from ivr.core.news import CallArrived, LineDue, OverrideGiven, Published, Surveyed
from ivr.core.reasons import Outcome
from ivr.core.state import Choosing, Hearing, Holding, Over, Waiting
from tests.core.small_house import LINE, NOON, Small, open_by_day, plan, small, table

OTHER = LineId("foraeldretelefonen")
NAME, PROMPT = StepName, PromptId
BYE = Hangup(NAME("bye"))


def with_steps(*changed: Step, start: str = "greeting", version: str = "1") -> Plan:
    """The small plan, with these steps changed or added, and a second line that only greets and queues."""
    usual = plan()
    line = usual.lines[LINE]
    steps = {**line.flow.steps, **{step.name: step for step in changed}}
    other = replace(line, id=OTHER, number="35555557", name="ForældreTelefonen", technical=(PROMPT("andet"),))
    lines = {LINE: replace(line, flow=Flow(NAME(start), steps)), OTHER: other}
    return replace(usual, version=version, lines=lines)


def house(made: Plan, at: datetime = NOON) -> Small:
    there = Small(at=at)
    there.tell(Published(made, {line: open_by_day() for line in made.lines}, at))
    return there


def played(commands: Iterable[Command]) -> list[tuple[str, tuple[PromptId, ...]]]:
    return [(each.language, each.prompts) for each in commands if isinstance(each, Play)]


# ---------------------------------------------------------------- language


def test_after_the_choice_of_a_language_everything_is_heard_in_it_also_after_a_restart() -> None:
    there = house(with_steps(SetLanguage(NAME("english"), "en", NAME("greeting")), start="english"))
    call = there.caller()
    assert played(there.commands)[-1] == ("en", ("velkommen", "fare"))
    there.heard(call)
    assert played(there.commands)[-1] == ("en", ("ingen",))
    there.commands.clear()
    there.tell(Surveyed({call: LINE}, frozenset(), {}, frozenset(), NOON))
    assert played(there.commands) == [("en", ("ingen",))]


def test_our_apology_is_heard_in_the_callers_language() -> None:
    round_ = (SetLanguage(NAME("a"), "en", NAME("b")), SetLanguage(NAME("b"), "en", NAME("a")))
    there = house(with_steps(*round_, start="a"))
    there.caller()
    assert played(there.commands) == [("en", ("teknisk",))]


# ---------------------------------------------------------------- another line


def test_a_transferred_caller_goes_on_at_the_other_line_and_is_counted_there() -> None:
    there = house(with_steps(Transfer(NAME("over"), ToLine(OTHER)), start="over"))
    there.volunteer("anna")
    call = there.caller()
    assert there.said(CallMoved) == [CallMoved(call, LINE, OTHER, NOON)]
    assert [fact.line for fact in there.said(StepEntered)] == [LINE, OTHER, OTHER][:2]
    there.heard(call)
    there.heard(call)
    assert there.house.lines[OTHER].queue == (call,)
    assert there.house.lines[LINE].queue == ()
    there.hangs_up(call)
    assert [(end.line, end.outcome) for end in there.said(CallEnded)] == [(OTHER, Outcome.SHORT_ABANDON)]


def test_a_caller_who_waited_too_long_and_is_transferred_leaves_the_old_queue_and_joins_the_new_at_its_end() -> None:
    made = with_steps(Transfer(NAME("busy"), ToLine(OTHER)))
    there = house(made)
    there.volunteer("anna")
    first = CallId("c0")
    there.tell(CallArrived(first, OTHER, there.at))
    there.heard(first)
    call = there.caller()
    there.heard(call)
    there.later(650.0)
    assert there.call(call).line == OTHER
    while isinstance(there.call(call).phase, Hearing):
        there.heard(call)
    there.later(1.0)
    if isinstance(there.call(first).phase, Waiting):
        assert there.house.lines[OTHER].queue == (first, call)
    assert there.house.lines[LINE].queue == ()


def test_lines_that_pass_callers_round_end_in_words() -> None:
    made = with_steps(Transfer(NAME("over"), ToLine(OTHER)), start="over")
    back = Transfer(NAME("back"), ToLine(LINE))
    other = made.lines[OTHER]
    other = replace(other, flow=Flow(back.name, {**other.flow.steps, back.name: back}))
    there = house(replace(made, lines={**made.lines, OTHER: other}))
    call = there.caller()
    assert played(there.commands)[-1][1] in {("teknisk",), ("andet",)}
    assert there.call(call).fate is Outcome.FAILED


def test_a_partner_who_cannot_be_reached_leads_to_the_words_for_that() -> None:
    there = house(with_steps(Transfer(NAME("over"), ToPartner("nattelinjen"), NAME("busy")), start="over"))
    there.caller()
    assert played(there.commands) == [("da", ("travlt",))]


# ---------------------------------------------------------------- the wait for the opening

CLOSED_AT = NOON + timedelta(hours=17, minutes=50)
"""05:50 of the next day; the line opens at 06:00."""


def opens_soon(max_wait_s: float = 900.0) -> Plan:
    return with_steps(
        HoursBranch(NAME("hours"), NAME("queue"), NAME("closed"), NAME("wait"), 900.0),
        WaitForOpening(NAME("wait"), max_wait_s, NAME("queue"), NAME("closed")),
    )


def test_a_caller_shortly_before_the_opening_waits_with_music_and_is_let_in_then() -> None:
    there = house(opens_soon(), CLOSED_AT)
    there.volunteer("anna")
    call = there.caller()
    there.heard(call)
    assert isinstance(there.call(call).phase, Holding)
    assert there.commands[-1] == StartMusic(call)
    there.later(599.0)
    assert isinstance(there.call(call).phase, Holding)
    there.later(1.0)
    assert isinstance(there.call(call).phase, Waiting)


def test_a_caller_earlier_than_that_is_told_that_the_line_is_closed() -> None:
    there = house(opens_soon(), CLOSED_AT - timedelta(minutes=5, seconds=1))
    call = there.caller()
    there.heard(call)
    assert played(there.commands)[-1][1] == ("lukket",)
    assert there.call(call).fate is Outcome.OUTSIDE_HOURS


def test_whoever_waits_for_the_opening_is_let_in_when_it_is_opened_by_hand_earlier() -> None:
    there = house(opens_soon(), CLOSED_AT)
    there.volunteer("anna")
    call = there.caller()
    there.heard(call)
    there.later(60.0)
    there.tell(OverrideGiven(LINE, True, None, "test", there.at))
    there.later(15.0)
    assert isinstance(there.call(call).phase, Waiting)


def test_a_line_that_does_not_open_after_all_says_so_to_those_who_wait_for_it() -> None:
    there = house(opens_soon(), CLOSED_AT)
    call = there.caller()
    there.heard(call)
    there.tell(OverrideGiven(LINE, False, None, "storm", there.at))
    there.later(900.0)
    assert played(there.commands)[-1][1] == ("lukket",)


def test_hanging_up_while_waiting_for_the_opening_counts_as_outside_hours() -> None:
    there = house(opens_soon(), CLOSED_AT)
    call = there.caller()
    there.heard(call)
    there.hangs_up(call)
    assert [end.outcome for end in there.said(CallEnded)] == [Outcome.OUTSIDE_HOURS]


def test_who_waits_for_the_opening_hears_music_again_after_a_restart_and_is_lost_if_gone() -> None:
    there = house(opens_soon(), CLOSED_AT)
    call = there.caller()
    there.heard(call)
    there.commands.clear()
    there.tell(Surveyed({call: LINE}, frozenset(), {}, frozenset(), there.at))
    assert there.commands == [StartMusic(call)]
    there.tell(Surveyed({}, frozenset(), {}, frozenset(), there.at))
    assert [end.outcome for end in there.said(CallEnded)] == [Outcome.LOST]


# ---------------------------------------------------------------- versions


def publish(there: Small, made: Plan) -> None:
    there.tell(Published(made, {line: open_by_day() for line in made.lines}, there.at))


def test_a_call_finishes_on_the_version_it_started_on_and_a_new_one_meets_the_new() -> None:
    there = house(with_steps(version="1"))
    old = there.caller()
    changed = PlayStep(NAME("nobody"), (PROMPT("ny-ingen"),), BYE.name)
    publish(there, with_steps(changed, version="2"))
    new = there.caller()
    assert (there.call(old).version, there.call(new).version) == ("1", "2")
    there.heard(old)
    assert played(there.commands)[-1][1] == ("ingen",)
    there.heard(new)
    assert played(there.commands)[-1][1] == ("ny-ingen",)


def test_a_step_that_the_new_version_no_longer_has_goes_on_for_those_who_are_in_it() -> None:
    menu = small(menu=True).house.plan
    there = house(replace(menu, version="1"))
    call = there.caller()
    there.heard(call)
    assert isinstance(there.call(call).phase, Choosing)
    publish(there, with_steps(version="2"))
    there.volunteer("anna")
    there.presses(call, "1")
    assert isinstance(there.call(call).phase, Waiting)


def test_an_older_version_is_kept_as_long_as_a_call_goes_by_it_and_not_longer() -> None:
    there = house(with_steps(version="1"))
    first, second = there.caller(), there.caller()
    publish(there, with_steps(version="2"))
    publish(there, with_steps(version="3"))
    assert set(there.house.older) == {"1"}
    there.hangs_up(first)
    assert set(there.house.older) == {"1"}
    there.hangs_up(second)
    assert not there.house.older


def test_publishing_the_same_version_again_keeps_no_copy() -> None:
    there = house(with_steps(version="1"))
    there.caller()
    publish(there, with_steps(version="1"))
    assert not there.house.older


def test_a_caller_on_a_line_that_was_taken_away_stays_to_the_end_and_a_new_one_is_not_left_in_silence() -> None:
    there = house(with_steps(version="1"))
    anna = there.volunteer("anna")
    call = CallId("c0")
    there.tell(CallArrived(call, OTHER, there.at))
    only: dict[LineId, Line] = {LINE: with_steps().lines[LINE]}
    publish(there, replace(with_steps(version="2"), lines=only))
    there.heard(call)
    assert isinstance(there.call(call).phase, Waiting)
    there.hangs_up(call)
    there.ring_gone(there.ring_of(anna))
    publish(there, replace(with_steps(version="3"), lines=only))
    late = CallId("c9")
    there.commands.clear()
    there.tell(CallArrived(late, OTHER, there.at))
    assert there.commands == [LastResort(late)]
    assert not any(isinstance(each.phase, Over) for each in there.house.calls.values())


@pytest.mark.parametrize("minutes", [1, 5])
def test_a_line_with_a_new_table_that_closes_keeps_who_waits(minutes: int) -> None:
    there = house(with_steps(version="1"))
    there.volunteer("anna")
    call = there.waiting_caller()
    end = NOON + timedelta(minutes=minutes)
    spans = table((NOON - timedelta(hours=6), end, Service.DAY))
    there.tell(Published(with_steps(version="2"), {LINE: spans, OTHER: spans}, there.at))
    there.at = end
    there.tell(LineDue(LINE, end))
    assert isinstance(there.call(call).phase, Waiting)
