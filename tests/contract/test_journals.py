"""The contract of `Journal`: what was kept is there after the process has ended, however it ended."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest

from ivr.core import commands, facts, state
from ivr.core.ids import CallId
from tests.contract.journals import KINDS, JournalRig, keep
from tests.contract.samples import (
    CALL_PHASES,
    CALLS,
    COMMANDS,
    FACTS,
    LINES,
    RINGS,
    VOLUNTEERS,
    entry,
    everything,
)


@pytest.fixture(params=list(KINDS))
def rig(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[JournalRig]:
    opened = KINDS[request.param](tmp_path)
    yield opened
    opened.close()


ENDS = pytest.mark.parametrize("cleanly", [True, False], ids=["after a clean end", "after a sudden death"])


def test_the_samples_leave_nothing_out() -> None:
    assert {type(phase) for phase in CALL_PHASES} == set(get_args(state.CallPhase))
    assert {type(ring.phase) for ring in RINGS} == set(get_args(state.RingPhase))
    assert {type(who.phase) for who in VOLUNTEERS} == set(get_args(state.VolunteerPhase))
    assert {type(command) for command in COMMANDS} == set(get_args(commands.Command))
    assert {type(fact) for fact in FACTS} == set(get_args(facts.Fact))


def test_a_new_journal_remembers_nothing(rig: JournalRig) -> None:
    kept = rig.journal.load()
    assert (kept.calls, kept.volunteers, kept.lines, kept.commands) == ((), (), (), ())


@ENDS
def test_everything_comes_back_as_it_was(rig: JournalRig, cleanly: bool) -> None:
    (numbers,) = keep(rig, everything())
    rig.restart(cleanly)
    kept = rig.journal.load()
    assert {call.id: call for call in kept.calls} == {call.id: call for call in CALLS}
    assert {who.id: who for who in kept.volunteers} == {who.id: who for who in VOLUNTEERS}
    assert {line.id: line for line in kept.lines} == {line.id: line for line in LINES}
    assert kept.commands == tuple(zip(numbers, COMMANDS, strict=True))
    assert len(rig.facts()) == len(FACTS)


@ENDS
def test_of_a_thing_kept_twice_the_last_is_remembered(rig: JournalRig, cleanly: bool) -> None:
    call = CALLS[0]
    keep(rig, *(entry(calls={call.id: replace(call, counter=count)}) for count in range(10)))
    rig.restart(cleanly)
    assert [each.counter for each in rig.journal.load().calls] == [9]


@ENDS
def test_what_is_kept_as_none_is_forgotten(rig: JournalRig, cleanly: bool) -> None:
    keep(rig, everything())
    call, who, line = CALLS[0], VOLUNTEERS[0], LINES[0]
    never = CallId("never-was-here")
    keep(rig, entry({call.id: None, never: None}, {who.id: None}, {line.id: None}))
    rig.restart(cleanly)
    kept = rig.journal.load()
    assert {each.id for each in kept.calls} == {each.id for each in CALLS} - {call.id}
    assert {each.id for each in kept.volunteers} == {each.id for each in VOLUNTEERS} - {who.id}
    assert {each.id for each in kept.lines} == {each.id for each in LINES} - {line.id}


def test_commands_are_numbered_upwards_in_the_order_they_were_given_and_never_twice(rig: JournalRig) -> None:
    some = keep(rig, entry(commands=COMMANDS[:3]), entry(), entry(commands=COMMANDS[3:5]))
    for number in (number for numbers in some for number in numbers):
        rig.journal.tick(number)
    keep(rig, entry(facts=FACTS[:1]))
    rig.restart(cleanly=True)
    more = keep(rig, entry(commands=COMMANDS[5:]))
    assert [len(numbers) for numbers in (*some, *more)] == [3, 0, 2, len(COMMANDS) - 5]
    flat = [number for numbers in (*some, *more) for number in numbers]
    assert flat == sorted(set(flat))
    assert min(flat) > 0, "nought means: not journalled"


@ENDS
def test_what_was_ticked_is_not_repeated_once_something_was_kept_after_it(rig: JournalRig, cleanly: bool) -> None:
    (numbers,) = keep(rig, entry(commands=COMMANDS))
    for number in (*numbers[::2], numbers[0], max(numbers) + 1000):
        rig.journal.tick(number)
    keep(rig, entry(facts=FACTS[:1]))
    rig.restart(cleanly)
    assert [number for number, _ in rig.journal.load().commands] == list(numbers[1::2])


def test_what_was_not_ticked_is_repeated_however_often_the_process_dies(rig: JournalRig) -> None:
    keep(rig, entry(commands=COMMANDS[:1]))
    for _ in range(3):
        rig.restart(cleanly=False)
    assert [command for _, command in rig.journal.load().commands] == [COMMANDS[0]]


@ENDS
def test_facts_stay_in_the_order_in_which_they_were_said(rig: JournalRig, cleanly: bool) -> None:
    keep(rig, *(entry(facts=(fact, FACTS[0])) for fact in FACTS))
    before = rig.facts()
    rig.restart(cleanly)
    keep(rig, entry(facts=(FACTS[-1],)))
    after = rig.facts()
    assert after[:-1] == before
    assert len(after) == 2 * len(FACTS) + 1
    assert after[1::2] == ["call_started"] * len(FACTS)
    assert len(set(before)) == len(FACTS)


def test_what_is_kept_by_one_process_and_changed_by_the_next_is_whole_for_the_third(rig: JournalRig) -> None:
    call, who = CALLS[3], VOLUNTEERS[0]
    keep(rig, entry({call.id: call}, {who.id: who}))
    rig.restart(cleanly=False)
    keep(rig, entry({call.id: replace(call, requeues=1)}))
    rig.restart(cleanly=True)
    kept = rig.journal.load()
    assert kept.calls == (replace(call, requeues=1),)
    assert kept.volunteers == (who,)
