"""Laws about hand-overs and the service that answers a line."""

from __future__ import annotations

from collections import Counter

from ivr.core import switchboard
from ivr.core.commands import (
    Command,
    Play,
    Ring,
)
from ivr.core.facts import (
    HandoverBegan,
    HandoverDone,
)
from ivr.core.ids import CallId, LineId
from ivr.core.news import (
    HandoverAsked,
    LineDue,
    Surveyed,
)
from ivr.core.state import House
from tests.laws.asking import about, facts_of, require
from tests.laws.trace import Trace


def who_answers_a_line_changes_from_side_to_side_only_in_a_hand_over(trace: Trace) -> None:
    for moment in trace:
        began = [fact.line for fact in moment.facts if isinstance(fact, HandoverBegan)]
        if not began and moment.after.lines is moment.before.lines:
            continue
        for line, state in moment.after.lines.items():
            before = moment.before.lines.get(line)
            was = before.service if before is not None else None
            sides = was is not None and state.service is not None and was is not state.service
            require(began.count(line) == int(sides), f"{line}: from {was} to {state.service}, said: {began}", trace)


def a_hand_over_touches_nobody(trace: Trace) -> None:
    """By the clock or by hand: nothing but words to those who wait, and phones of the side that takes over. Who waits
    while nobody at all is on duty may be led on, for that reason."""
    for moment in trace:
        if not isinstance(moment.news, LineDue | HandoverAsked):
            continue
        alone = {call for line in moment.before.lines.values() if line.unattended_at is not None for call in line.queue}
        for command in moment.commands:
            fine = isinstance(command, Play | Ring) or about(command) in alone
            require(fine, f"a hand-over does {command}", trace)
        for call, before in moment.before.calls.items():
            if call in alone:
                continue
            after = moment.after.calls.get(call)
            same = after is not None and type(after.phase) is type(before.phase)
            require(same and after is not None and after.queued_at == before.queued_at, f"it touches {call}", trace)
            kept = after is not None and after.rings[: len(before.rings)] == before.rings
            require(kept, f"it touches a phone that rings for {call}", trace)
        for line, state in moment.before.lines.items():
            before_it, after_it = (
                [call for call in each.queue if call not in alone] for each in (state, moment.after.lines[line])
            )
            require(before_it == after_it, f"it touches the queue of {line}", trace)


def nobody_hears_of_a_hand_over_twice(trace: Trace) -> None:
    began: Counter[LineId] = Counter()
    told: Counter[tuple[LineId, CallId]] = Counter()
    for moment in trace:
        began.update(fact.line for fact in moment.facts if isinstance(fact, HandoverBegan))
        again = isinstance(moment.news, Surveyed)
        for command in moment.commands:
            line = line_of(command, moment.after)
            if isinstance(command, Play) and line is not None and not again:
                words = moment.after.plan.lines[line].handover.words.values()
                told[line, command.call] += command.prompts in words
    for (line, call), times in told.items():
        require(times <= began[line], f"{call} hears {times} times of {began[line]} hand-overs", trace)


def line_of(command: Command, house: House) -> LineId | None:
    call = house.calls.get(about(command))
    return call.line if call is not None else None


def a_hand_over_that_is_done_had_begun_and_counts_who_waited_through_it(trace: Trace) -> None:
    under_way: dict[LineId, HandoverBegan] = {}
    for fact in facts_of(trace):
        if isinstance(fact, HandoverBegan):
            require(fact.line not in under_way, f"{fact.line} is handed over twice at once", trace)
            under_way[fact.line] = fact
        elif isinstance(fact, HandoverDone):
            began = under_way.pop(fact.line, None)
            require(began is not None, "a hand-over ends that never began", trace, fact)
            if began is not None:
                fits = (began.service, began.at, began.waiting) == (fact.service, fact.began_at, len(fact.carried))
                require(fits, f"{fact} is not the end of {began}", trace)


def every_moment_of_a_line_is_to_come(trace: Trace) -> None:
    """A deadline that is not moved on by being told of would be told for ever."""
    for moment in trace:
        if isinstance(moment.news, LineDue) and moment.news.line in moment.after.lines:
            due = switchboard.line_due(moment.after, moment.news.line, moment.news.at)
            require(due is None or due > moment.news.at, f"{moment.news.line} is due at {due} for ever", trace)
