"""A draft that is tried on a number of its own, beside the lines that children call."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ivr.core.flow import Flow, Line, Plan, SetLanguage, Step, ToLine, Transfer
from ivr.core.ids import LineId

MARK = "-draft"
"""After a line's name and its languages' names: a draft's calls and sounds are never mixed with the live ones."""


class CannotTry(Exception):
    """One sentence that says what to do."""


def with_draft(live: Plan, draft: Plan, line: LineId, number: str) -> Plan:
    """The live plan and one line of the draft beside it, under another name and number. Its calls ring the volunteers
    of the live house, and are counted as that line's own. Raises `CannotTry`."""
    live = without_drafts(live)
    tried = draft.lines.get(line)
    if tried is None:
        raise CannotTry(f"the draft has no line {line}; it has {', '.join(sorted(draft.lines))}")
    taken = {each.number: each.id for each in live.lines.values()}
    if number in taken:
        raise CannotTry(f"the number {number} is {taken[number]}'s: choose another for trying")
    strange = sorted({group for tier in tried.tiers.values() for group in tier} - set(live.groups))
    if strange:
        raise CannotTry(f"the draft rings the group {strange[0]}, which the running line does not have yet")
    made = _renamed(tried, number, set(live.lines))
    return replace(live, version=f"{live.version}+{draft.version}", lines={**live.lines, made.id: made})


def without_drafts(plan: Plan) -> Plan:
    lines = {line.id: line for line in plan.lines.values() if not is_draft(line.id)}
    return replace(plan, version=plan.version.partition("+")[0], lines=lines)


def is_draft(line: LineId) -> bool:
    return line.endswith(MARK)


def language_of_draft(language: str) -> str:
    return f"{language}{MARK}"


def _renamed(line: Line, number: str, live: set[LineId]) -> Line:
    name = LineId(f"{line.id}{MARK}")

    def goes_to(other: LineId) -> LineId:
        if other != line.id and other not in live:
            raise CannotTry(f"the draft transfers to the line {other}, which does not run yet: publish that first")
        return name if other == line.id else other

    steps = {step.name: _step(step, goes_to) for step in line.flow.steps.values()}
    return replace(
        line,
        id=name,
        number=number,
        name=f"Prøve {line.name}"[:40],
        language=language_of_draft(line.language),
        flow=Flow(line.flow.start, steps),
    )


def _step(step: Step, goes_to: Callable[[LineId], LineId]) -> Step:
    match step:
        case SetLanguage():
            return replace(step, language=language_of_draft(step.language))
        case Transfer(to=ToLine(line=other)):
            return replace(step, to=ToLine(goes_to(other)))
        case _:
            return step
