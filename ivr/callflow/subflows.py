"""Flows that several lines share: `callflows/shared/NAME.yaml`, entered by `call: NAME`, left by `return`.

They are spread out before anything else looks at them: a step `hej` of a flow called in the step `start` becomes the
line's step `start.hej` (a dot cannot stand in a name that is written), `call` becomes the flow's first step and
`return` the `then` of the call. So the core knows no stack, a call in progress remembers one name, and every
check walks what a caller really meets.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import assert_never

from ivr.callflow.lines import WrittenLine
from ivr.callflow.steps import Mention, WrittenStep, read_steps
from ivr.callflow.walk import names_are_right
from ivr.core.flow import (
    Enqueue,
    Flow,
    Hangup,
    HoursBranch,
    Menu,
    Play,
    Say,
    SetLanguage,
    Step,
    Transfer,
    WaitForOpening,
)
from ivr.core.ids import StepName
from ivr.source import values
from ivr.source.fields import Fields, text_of
from ivr.source.findings import Findings, Place, one_of, shown
from ivr.source.tree import Text, read_tree

FOLDER = "shared"
MOST_STEPS = 2000
"""Of one line, everything spread out."""
MOST_TURNS = 64


@dataclass(frozen=True, slots=True)
class WrittenFlow:
    """`whole`: every step that is named in it exists, and every step has its ways on."""

    name: str
    start: Mention | None
    steps: Mapping[StepName, WrittenStep]
    whole: bool


def shared_files(callflows: Path) -> list[Path]:
    return sorted((callflows / FOLDER).glob("*.yaml"))


def read_shared(callflows: Path, findings: Findings) -> Mapping[str, WrittenFlow]:
    flows = {path.stem: _read(path, findings) for path in shared_files(callflows)}
    for flow in flows.values():
        _calls_are_right(flow.steps, flows, findings, (flow.name,))
    return flows


def _read(path: Path, findings: Findings) -> WrittenFlow:
    values.name(Text(path.stem, Place(path), True), "the name of a flow (the file's name)", findings)
    fields = Fields(read_tree(path, findings), "a shared flow", ("start", "steps"), findings)
    text = text_of(fields.need("start", "`start:` and the name of the first step"), "`start`", findings)
    steps = read_steps(fields.need("steps", "`steps:` and below it what a caller goes through"), findings)
    start = Mention(text.value, text.place, "start") if text else None
    return WrittenFlow(path.stem, start, steps, names_are_right(start, steps, findings))


def spread(line: WrittenLine, flows: Mapping[str, WrittenFlow], findings: Findings) -> WrittenLine:
    """The line with the steps of the flows that it calls in it; as it was when that is not possible."""
    right = names_are_right(line.start, line.steps, findings)
    for step in line.steps.values():
        if step.kind == "return":
            what = "`return` only ends a shared flow; this is a line"
            findings.error(step.place, what, "write `hangup`, or name the step that follows")
            right = False
    if line.start is None or not right or not _calls_are_right(line.steps, flows, findings):
        return replace(line, line=None)
    try:
        scope = _Scope(flows, "", line.steps, None)
        steps = {step.name: step for step in scope.steps()}
        start = replace(line.start, name=scope.aim(line.start.name))
    except _RoundError as round_:
        findings.error(round_.place, "these calls and returns go round for ever", "let one of them lead to a step")
        return replace(line, line=None)
    except _ManyError:
        what = f"with everything it calls this line has more than {MOST_STEPS} steps"
        findings.error(line.start.place, what, "call fewer flows from flows")
        return replace(line, line=None)
    made = {step.name: step.step for step in steps.values() if step.step is not None}
    core = replace(line.line, flow=Flow(StepName(start.name), made)) if line.line is not None else None
    return replace(line, start=start, steps=steps, line=core, whole=True)


def _calls_are_right(
    steps: Mapping[StepName, WrittenStep],
    flows: Mapping[str, WrittenFlow],
    findings: Findings,
    way: tuple[str, ...] = (),
    known: dict[str, bool] | None = None,
) -> bool:
    """Every flow that is called is there, whole, and does not call itself in the end. `known`: what was found out about
    flows on other ways."""
    right, known = True, {} if known is None else known
    for step in steps.values():
        if step.kind != "call" or step.about is None:
            continue
        called, place = step.about.name, step.about.place
        if called in way:
            what = f"the flow `{shown(called)}` calls itself ({' -> '.join((*way[way.index(called) :], called))})"
            findings.error(place, what, "let it `return`, and go on from there")
            right = False
        elif called not in flows:
            instead = one_of(called, flows) if flows else f"write it into {FOLDER}/{shown(called)}.yaml"
            findings.error(place, f"there is no shared flow `{shown(called)}`", instead)
            right = False
        else:
            flow = flows[called]
            if called not in known:
                known[called] = flow.whole and _calls_are_right(flow.steps, flows, findings, (*way, called), known)
            right = known[called] and right
    return right


class _RoundError(Exception):
    def __init__(self, place: Place) -> None:
        super().__init__()
        self.place = place


class _ManyError(Exception):
    pass


@dataclass(slots=True)
class _Scope:
    """One flow as it is entered from one place; `back`: where its `return` leads."""

    flows: Mapping[str, WrittenFlow]
    prefix: str
    own: Mapping[StepName, WrittenStep]
    back: Callable[[int], str] | None

    def inner(self, step: WrittenStep) -> tuple[_Scope, str]:
        """The flow that this step calls, and its first step."""
        then, about = step.target("then"), step.about
        assert then is not None
        assert about is not None
        flow = self.flows[about.name]
        assert flow.start is not None
        return (
            _Scope(self.flows, f"{self.prefix}{step.name}.", flow.steps, lambda turns: self.aim(then.name, turns)),
            flow.start.name,
        )

    def aim(self, name: str, turns: int = 0) -> str:
        """Which step of the line it is that is called `name` in here."""
        step = self.own[StepName(name)]
        if turns > MOST_TURNS:
            raise _RoundError(step.place)
        if step.kind == "call":
            scope, first = self.inner(step)
            return scope.aim(first, turns + 1)
        if step.kind == "return" and self.back is not None:
            return self.back(turns + 1)
        return f"{self.prefix}{name}"

    def steps(self, room: list[int] | None = None) -> Iterator[WrittenStep]:
        room = room if room is not None else [MOST_STEPS]
        for step in self.own.values():
            if step.kind == "call":
                yield from self.inner(step)[0].steps(room)
            elif step.kind != "return":
                room[0] -= 1
                if room[0] < 0:
                    raise _ManyError
                yield self.placed(step)

    def placed(self, step: WrittenStep) -> WrittenStep:
        name = StepName(f"{self.prefix}{step.name}")
        targets = tuple(replace(target, name=self.aim(target.name)) for target in step.targets)
        made = renamed(step.step, name, lambda each: StepName(self.aim(each))) if step.step is not None else None
        return replace(step, name=name, step=made, targets=targets)


def renamed(step: Step, name: StepName, aim: Callable[[StepName], StepName]) -> Step:
    """The step under another name, and with the steps that it names under theirs."""
    match step:
        case Play() | Say() | SetLanguage():
            return replace(step, name=name, then=aim(step.then))
        case HoursBranch():
            soon = aim(step.soon) if step.soon is not None else None
            return replace(step, name=name, open=aim(step.open), closed=aim(step.closed), soon=soon)
        case Menu():
            options = {key: aim(each) for key, each in step.options.items()}
            no_input, no_match = aim(step.no_input), aim(step.no_match)
            return replace(step, name=name, options=options, no_input=no_input, no_match=no_match)
        case Enqueue():
            return _renamed_queue(step, name, aim)
        case WaitForOpening():
            return replace(step, name=name, on_open=aim(step.on_open), on_timeout=aim(step.on_timeout))
        case Transfer():
            return replace(step, name=name, on_failed=aim(step.on_failed) if step.on_failed is not None else None)
        case Hangup():
            return replace(step, name=name)
        case _:
            assert_never(step)


def _renamed_queue(step: Enqueue, name: StepName, aim: Callable[[StepName], StepName]) -> Enqueue:
    return replace(
        step,
        name=name,
        on_timeout=aim(step.on_timeout),
        on_nobody=aim(step.on_nobody),
        on_full=aim(step.on_full) if step.on_full is not None else None,
        on_nobody_left=aim(step.on_nobody_left) if step.on_nobody_left is not None else None,
        keys={key: aim(each) for key, each in step.keys.items()},
        closing=replace(step.closing, then=aim(step.closing.then)) if step.closing is not None else None,
    )
