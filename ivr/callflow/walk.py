"""What can happen to a caller in a line's steps, found by walking them.

The worlds: the line is open, closed, or closed and about to open; in the queue nobody is reachable, nobody answers in
time, or it is full; the caller presses nothing. In each of them every step must come to an end, and the end must have
words.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product

from ivr.callflow.lines import WrittenLine
from ivr.callflow.prompts import Prompts
from ivr.callflow.steps import Mention, WrittenStep
from ivr.core.flow import Enqueue
from ivr.core.ids import LineId, PromptId, StepName
from ivr.source.findings import Findings, one_of, shown

MOST_TALK_S = 20
SAY_S = 5
"""A computed sentence, about."""
HOURS_ROLES = ("open", "closed")
WORLDS = (*HOURS_ROLES, "soon")
QUEUE_ROLES = ("on_nobody", "on_timeout")
QUEUES = (*QUEUE_ROLES, "on_full")
ROLES: Mapping[str, tuple[str, ...]] = {
    "play": ("then",),
    "say": ("then",),
    "hours": HOURS_ROLES,
    "menu": ("no_input", "no_match"),
    "enqueue": QUEUE_ROLES,
    "wait_for_opening": ("on_open", "on_timeout"),
    "set_language": ("then",),
    "transfer": (),
    "call": ("then",),
    "return": (),
    "hangup": (),
}
"""The ways on that each kind of step must have."""


def check_steps(line: WrittenLine, prompts: Prompts, findings: Findings) -> None:
    """Every finding about how the steps hang together."""
    if line.start is None or not line.whole:
        return  # what can follow what is only known when all names are there and right
    reached = set(_reachable(line.steps, line.start.name))
    _loops(line, reached, findings)
    _endings(line, reached, findings)
    _closed(line, findings)
    if not any(line.steps[name].kind in ("enqueue", "transfer") for name in reached):
        findings.warn(line.start.place, "no caller of this line ever reaches a queue", "add an `enqueue` step")
    _talk(line, prompts, findings)


def names_are_right(start: Mention | None, steps: Mapping[StepName, WrittenStep], findings: Findings) -> bool:
    """Of a line or a shared flow: every step that is named exists, and has all its ways on. Then it is also said
    which step nobody reaches."""
    mentions = [target for step in steps.values() for target in step.targets]
    missing = [mention for mention in ([start] if start else []) + mentions if mention.name not in steps]
    for mention in missing:
        what = f"there is no step `{shown(mention.name)}`"
        findings.error(mention.place, what, one_of(mention.name, steps))
    if start is None or missing or not all(map(_complete, steps.values())):
        return False
    reached = set(_reachable(steps, start.name))
    for step in steps.values():
        if step.name not in reached:
            what = f"no caller ever reaches the step `{shown(step.name)}`"
            findings.warn(step.place, what, "name it in another step, or delete it")
    return True


def _complete(step: WrittenStep) -> bool:
    """All its ways on are written, whatever else may be wrong."""
    if step.kind in ("transfer", "call") and step.about is None:
        return False
    roles = ("on_failed",) if step.about is not None and step.about.role == "partner" else ROLES.get(step.kind)
    return roles is not None and all(step.target(role) is not None for role in roles)


def _reachable(steps: Mapping[StepName, WrittenStep], start: str, without: tuple[str, ...] = ()) -> Iterator[StepName]:
    """Steps that can follow, the start first; transitions under the keys `without` are not taken."""
    seen: set[str] = set()
    ahead = [start]
    while ahead:
        name = ahead.pop()
        if name in seen:
            continue
        seen.add(name)
        step = steps[StepName(name)]
        yield step.name
        ahead += [target.name for target in step.targets if target.role not in without]


def _next(step: WrittenStep, hours: str, queue: str) -> Mention | None:
    """Where a caller goes who presses nothing; None: the flow ends here, or somebody waits for a volunteer."""
    if step.kind == "enqueue":
        if queue == "on_full" and step.target(queue) is None:
            return None  # they wait
        waits_for_ever = isinstance(step.step, Enqueue) and step.step.max_wait_s is None
        return None if queue == "on_timeout" and waits_for_ever else step.target(queue)
    match step.kind:
        case "hours":
            return step.target(hours) or step.target("closed")
        case "menu":
            return step.target("no_input")
        case "wait_for_opening":
            return step.target("on_timeout" if hours == "closed" else "on_open")
        case "transfer":
            return step.target("on_failed")
        case _:
            return step.target("then")


def _loops(line: WrittenLine, reached: set[StepName], findings: Findings) -> None:
    said: set[frozenset[str]] = set()
    for hours, queue in product(WORLDS, QUEUES):
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
    for name in _reachable(line.steps, line.start.name, without=("open", "on_open")):
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


def check_transfers(lines: Mapping[LineId, WrittenLine], findings: Findings) -> None:
    """Of all lines together: those transferred to are there, and nobody is passed round in a circle."""
    whole = True
    for line in lines.values():
        for step in line.steps.values():
            whole = _transfer_is_right(line, step, lines, findings) and whole
    if not whole or not all(line.whole and line.start for line in lines.values()):
        return
    for line, hours, queue in product(lines.values(), WORLDS, QUEUES):
        way = [line.id]
        while (there := _leads_to(lines[way[-1]], hours, queue)) is not None and there not in way:
            way.append(there)
        if there == line.id and line.start is not None:
            what = f"a caller who presses nothing is passed round for ever ({' -> '.join((*way, line.id))})"
            findings.error(line.start.place, what, "let one of these lines lead to an end or to the queue")


def _transfer_is_right(
    line: WrittenLine, step: WrittenStep, lines: Mapping[LineId, WrittenLine], findings: Findings
) -> bool:
    about = step.about
    if step.kind != "transfer" or about is None:
        return True
    if about.role == "partner":
        if step.step is None:
            return False  # what is wrong with it is said already
        what = f"the partner `{shown(about.name)}` cannot be reached: this house has no trunk that may dial out"
        findings.error(about.place, what, "lead to our own queue, or to words, until partners can be set up")
        return False
    if about.name == line.id:
        findings.error(about.place, "the line is transferred to itself", "name one of its steps instead")
        return False
    if about.name not in lines:
        findings.error(about.place, f"there is no line `{shown(about.name)}`", one_of(about.name, lines))
        return False
    return True


def _leads_to(line: WrittenLine, hours: str, queue: str) -> LineId | None:
    """The line to which a caller is transferred in this world who presses nothing."""
    assert line.start is not None
    step, seen = line.steps[StepName(line.start.name)], set[str]()
    while step.name not in seen:
        seen.add(step.name)
        if step.kind == "transfer" and step.about is not None:
            return LineId(step.about.name)
        following = _next(step, hours, queue)
        if following is None:
            return None
        step = line.steps[StepName(following.name)]
    return None


def languages(line: WrittenLine) -> Mapping[StepName, frozenset[str]]:
    """In which languages a caller may come to each step; a step nobody reaches has the line's own."""
    own = line.language or ""
    found: dict[StepName, set[str]] = {}
    ahead = [(StepName(line.start.name), own)] if line.start is not None else []
    while ahead:
        name, language = ahead.pop()
        step = line.steps.get(name)
        if step is None or language in found.setdefault(name, set()):
            continue
        found[name].add(language)
        if step.kind == "set_language" and step.about is not None:
            language = step.about.name
        ahead += [(StepName(target.name), language) for target in step.targets]
    return {name: frozenset(found.get(name) or {own}) for name in line.steps}
