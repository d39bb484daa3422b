"""What can happen to a caller in a line's steps, found by walking them.

The worlds: the line is open or closed; in the queue nobody is reachable or nobody answers in time; the caller presses
nothing. In each of them every step must come to an end, and the end must have words.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product

from ivr.callflow.lines import WrittenLine
from ivr.callflow.prompts import Prompts
from ivr.callflow.steps import Mention, WrittenStep
from ivr.core.flow import Enqueue
from ivr.core.ids import PromptId, StepName
from ivr.source.findings import Findings, one_of, shown

MOST_TALK_S = 20
SAY_S = 5
"""A computed sentence, about."""
HOURS_ROLES = ("open", "closed")
QUEUE_ROLES = ("on_nobody", "on_timeout")
ROLES: Mapping[str, tuple[str, ...]] = {
    "play": ("then",),
    "say": ("then",),
    "hours": HOURS_ROLES,
    "menu": ("no_input", "no_match"),
    "enqueue": QUEUE_ROLES,
    "hangup": (),
}
"""The ways on that each kind of step must have."""


def check_steps(line: WrittenLine, prompts: Prompts, findings: Findings) -> None:
    """Every finding about how the steps hang together."""
    whole = _targets_exist(line, findings)
    if line.start is None or not whole or not all(map(_complete, line.steps.values())):
        return  # what can follow what is only known when all names are there and right
    reached = set(_reachable(line, line.start.name))
    for step in line.steps.values():
        if step.name not in reached:
            what = f"no caller ever reaches the step `{shown(step.name)}`"
            findings.warn(step.place, what, "name it in another step, or delete it")
    _loops(line, reached, findings)
    _endings(line, reached, findings)
    _closed(line, findings)
    if not any(line.steps[name].kind == "enqueue" for name in reached):
        findings.warn(line.start.place, "no caller of this line ever reaches a queue", "add an `enqueue` step")
    _talk(line, prompts, findings)


def _targets_exist(line: WrittenLine, findings: Findings) -> bool:
    mentions = [target for step in line.steps.values() for target in step.targets]
    missing = [mention for mention in ([line.start] if line.start else []) + mentions if mention.name not in line.steps]
    for mention in missing:
        what = f"there is no step `{shown(mention.name)}`"
        findings.error(mention.place, what, one_of(mention.name, line.steps))
    return not missing


def _complete(step: WrittenStep) -> bool:
    """All its ways on are written, whatever else may be wrong."""
    return step.kind in ROLES and all(step.target(role) is not None for role in ROLES[step.kind])


def _reachable(line: WrittenLine, start: str, without: tuple[str, ...] = ()) -> Iterator[StepName]:
    """Steps that can follow, the start first; transitions under the keys `without` are not taken."""
    seen: set[str] = set()
    ahead = [start]
    while ahead:
        name = ahead.pop()
        if name in seen:
            continue
        seen.add(name)
        step = line.steps[StepName(name)]
        yield step.name
        ahead += [target.name for target in step.targets if target.role not in without]


def _next(step: WrittenStep, hours: str, queue: str) -> Mention | None:
    """Where a caller goes who presses nothing; None: the flow ends here, or somebody waits for a volunteer."""
    if step.kind == "enqueue":
        waits_for_ever = isinstance(step.step, Enqueue) and step.step.max_wait_s is None
        return None if queue == "on_timeout" and waits_for_ever else step.target(queue)
    role = {"hours": hours, "menu": "no_input"}.get(step.kind, "then")
    return step.target(role)


def _loops(line: WrittenLine, reached: set[StepName], findings: Findings) -> None:
    said: set[frozenset[str]] = set()
    for hours, queue in product(HOURS_ROLES, QUEUE_ROLES):
        done: set[str] = set()
        for name in sorted(reached):
            loop = _loop(line, name, hours, queue, done)
            if loop is None or frozenset(loop) in said:
                continue
            if queue == "on_timeout" and any(line.steps[StepName(step)].kind == "enqueue" for step in loop):
                continue  # waiting on after some words is still waiting
            said.add(frozenset(loop))
            first = min((line.steps[StepName(step)] for step in loop), key=lambda step: step.place)
            turn = loop.index(first.name)
            ways = " -> ".join(shown(step) for step in (*loop[turn:], *loop[:turn], first.name)[:8])
            what = f"a caller who presses nothing goes round for ever here ({ways})"
            findings.error(first.place, what, "let one of these steps lead to an end or to the queue")


def _loop(line: WrittenLine, start: str, hours: str, queue: str, done: set[str]) -> tuple[str, ...] | None:
    """The loop that a caller ends in who starts here. `done`: steps that were looked at in this world."""
    way: dict[str, int] = {}
    name: str = start
    while name not in way:
        if name in done:
            done.update(way)
            return None
        way[name] = len(way)
        following = _next(line.steps[StepName(name)], hours, queue)
        if following is None:
            done.update(way)
            return None
        name = following.name
    done.update(way)
    return tuple(way)[way[name] :]


def _endings(line: WrittenLine, reached: set[StepName], findings: Findings) -> None:
    """Nobody is hung up on without a word: what leads to a hang-up must have spoken."""
    if line.start is not None and line.steps[StepName(line.start.name)].kind == "hangup":
        findings.error(line.start.place, "every caller is hung up on without a word", "begin with a `play` step")
    for name in sorted(reached):
        step = line.steps[name]
        if step.kind in ("play", "say"):
            continue
        for target in step.targets:
            if line.steps[StepName(target.name)].kind == "hangup":
                what = f"after `{shown(target.role)}` a caller is hung up on without a word"
                findings.error(target.place, what, "lead to a `play` step that says goodbye")


def _closed(line: WrittenLine, findings: Findings) -> None:
    """Outside the hours: no way into the queue, and everybody hears when the line opens next."""
    if line.start is None:
        return
    for name in _reachable(line, line.start.name, without=("open",)):
        if line.steps[name].kind == "enqueue":
            what = "callers get into the queue also when the line is closed"
            findings.warn(line.steps[name].place, what, "put an `hours` step before it")
    step, told, seen = line.steps[StepName(line.start.name)], False, set[str]()
    while step.name not in seen:
        seen.add(step.name)
        told = told or step.kind == "say"
        following = _next(step, "closed", "on_nobody")
        if following is None:
            if step.kind == "hangup" and not told:
                what = "when the line is closed, callers are not told when it opens next"
                findings.warn(step.place, what, "add a `say: next_opening` step before it (116 numbers must say it)")
            return
        step = line.steps[StepName(following.name)]


def _talk(line: WrittenLine, prompts: Prompts, findings: Findings) -> None:
    """The longest talk on a way to a queue; a step that comes round again counts once."""
    if line.start is None:
        return
    longest: dict[str, float | None] = {}
    for name in _after_what_follows(line, line.start.name):
        step = line.steps[StepName(name)]
        if step.kind == "enqueue":
            longest[name] = 0.0
            continue
        ahead = [found for target in step.targets if (found := longest.get(target.name)) is not None]
        longest[name] = max(ahead) + _seconds(line, step, prompts) if ahead else None
    talk = longest.get(line.start.name)
    if talk is not None and talk > MOST_TALK_S:
        what = f"callers hear up to {talk:.0f} s of talk before the queue"
        findings.warn(line.start.place, what, f"shorten it to {MOST_TALK_S} s")


def _seconds(line: WrittenLine, step: WrittenStep, prompts: Prompts) -> float:
    if step.kind == "say":
        return SAY_S
    language = line.language or ""
    heard = (prompts.get((language, PromptId(mention.name))) for mention in step.spoken)
    return sum(prompt.seconds for prompt in heard if prompt is not None)


def _after_what_follows(line: WrittenLine, start: str) -> Iterator[str]:
    """Depth first, a step after the steps it leads to; no recursion, since a file may have thousands."""
    seen: set[str] = {start}
    stack: list[tuple[str, Iterator[Mention]]] = [(start, iter(line.steps[StepName(start)].targets))]
    while stack:
        name, targets = stack[-1]
        following = next(targets, None)
        if following is None:
            stack.pop()
            yield name
        elif following.name not in seen:
            seen.add(following.name)
            stack.append((following.name, iter(line.steps[StepName(following.name)].targets)))
