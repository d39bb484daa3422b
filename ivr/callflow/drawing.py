"""A line's callflow as boxes and arrows, in words that people read. Where a box stands is `layout`'s, how it looks
`svg`'s and `mermaid`'s."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import assert_never

from ivr.core.flow import (
    Enqueue,
    Hangup,
    HoursBranch,
    Line,
    Menu,
    Play,
    Say,
    SetLanguage,
    Step,
    ToLine,
    Transfer,
    WaitForOpening,
)
from ivr.core.hours import NightBy, Nobody, OtherGroups, OtherLine, OwnGroups, Service
from ivr.core.ids import PromptId, StepName

DAYS = ("man", "tir", "ons", "tor", "fre", "lør", "søn")


class Kind(StrEnum):
    WORDS = "words"
    CHOICE = "choice"
    QUEUE = "queue"
    QUIET = "quiet"
    END = "end"


@dataclass(frozen=True, slots=True)
class Box:
    """`rows`: what it says, the step's own name not among it."""

    name: StepName
    kind: Kind
    title: str
    rows: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Arrow:
    start: StepName
    end: StepName
    label: str


@dataclass(frozen=True, slots=True)
class Drawing:
    boxes: Mapping[StepName, Box]
    arrows: tuple[Arrow, ...]
    first: StepName


def drawing(line: Line, texts: Mapping[PromptId, str]) -> Drawing:
    """Every step that a caller can come to; `texts`: what the prompts say in the line's language."""
    flow = line.flow
    boxes: dict[StepName, Box] = {}
    arrows: list[Arrow] = []
    ahead = [flow.start]
    while ahead:
        name = ahead.pop(0)
        if name in boxes:
            continue
        step = flow.steps[name]
        boxes[name] = box_of(step, texts)
        if isinstance(step, Enqueue):
            boxes[name] = replace(boxes[name], rows=(*boxes[name].rows, *answered_by(line)))
        found = list(arrows_of(step))
        arrows += found
        ahead += [arrow.end for arrow in found]
    return Drawing(boxes, tuple(arrows), flow.start)


def answered_by(line: Line) -> tuple[str, ...]:
    """Whose phones ring for those who wait, by day and at night; nights that differ are told apart."""
    day = ", så ".join(line.tiers.get(Service.DAY, ()))
    weeks = [regime.week for regime in line.hours.regimes]
    week = weeks[-1] if weeks else ()
    nights = [(number, plan) for number, plan in enumerate(week) if plan.night is not None]
    if not nights:
        return (f"Svarer: {day}",)
    found: dict[str, list[int]] = {}
    for number, plan in nights:
        found.setdefault(f"{plan.night} {by_night(line, plan.night_by)}", []).append(number)
    alike = len(found) == 1 and len(nights) == len(week)
    told = (what if alike else f"{', '.join(DAYS[day] for day in days)} {what}" for what, days in found.items())
    return (f"Svarer om dagen: {day}", f"Om natten: {'; '.join(told)}")


def by_night(line: Line, night_by: NightBy) -> str:
    match night_by:
        case OwnGroups():
            return ", så ".join(line.tiers.get(Service.NIGHT, ()))
        case OtherGroups():
            return ", så ".join(night_by.groups)
        case OtherLine():
            return f"de, der svarer {night_by.line}"
        case Nobody():
            return "ingen: lukket"
        case _:
            assert_never(night_by)


def box_of(step: Step, texts: Mapping[PromptId, str]) -> Box:
    match step:
        case Play():
            return Box(step.name, Kind.WORDS, step.name, words(step.prompts, texts))
        case Say():
            return Box(step.name, Kind.WORDS, step.name, ("Siger, hvornår linjen åbner",))
        case HoursBranch():
            return Box(step.name, Kind.CHOICE, step.name, ("Er linjen åben?",))
        case Menu():
            return Box(step.name, Kind.CHOICE, step.name, words(step.prompts, texts))
        case Enqueue():
            wait = f"venter højst {length(step.max_wait_s)}" if step.max_wait_s else "venter, til nogen svarer"
            return Box(step.name, Kind.QUEUE, f"Kø: {step.name}", (*words(step.welcome, texts), f"Musik; {wait}"))
        case WaitForOpening():
            return Box(step.name, Kind.QUEUE, step.name, (f"Musik, til linjen åbner; højst {length(step.max_wait_s)}",))
        case SetLanguage():
            return Box(step.name, Kind.QUIET, step.name, (f"Sprog: {step.language}",))
        case Transfer():
            there = step.to.line if isinstance(step.to, ToLine) else step.to.partner
            return Box(step.name, Kind.END, step.name, (f"Videre til {there}",))
        case Hangup():
            return Box(step.name, Kind.END, step.name, ("Læg på",))
        case _:
            assert_never(step)


def arrows_of(step: Step) -> Iterable[Arrow]:
    match step:
        case Play() | Say() | SetLanguage():
            yield Arrow(step.name, step.then, "")
        case HoursBranch():
            yield Arrow(step.name, step.open, "åben")
            if step.soon is not None:
                yield Arrow(step.name, step.soon, f"åbner inden {length(step.soon_s)}")
            yield Arrow(step.name, step.closed, "lukket")
        case Menu():
            yield from menu_arrows(step)
        case Enqueue():
            yield from ways_out(step)
        case WaitForOpening():
            yield Arrow(step.name, step.on_open, "åbnet")
            yield Arrow(step.name, step.on_timeout, "åbner ikke")
        case Transfer():
            if step.on_failed is not None:
                yield Arrow(step.name, step.on_failed, "kan ikke")
        case Hangup():
            return
        case _:
            assert_never(step)


def ways_out(queue: Enqueue) -> Iterable[Arrow]:
    """One arrow for each step that follows, with every reason why somebody goes there."""
    labels: dict[StepName, list[str]] = {queue.on_nobody: ["ingen på vagt"]}
    if queue.max_wait_s is not None:
        labels.setdefault(queue.on_timeout, []).append("ventet for længe")
    if queue.on_full is not None:
        labels.setdefault(queue.on_full, []).append(f"{queue.max_length} i kø")
    if queue.on_nobody_left is not None:
        labels.setdefault(queue.on_nobody_left, []).append(f"ingen på vagt i {length(queue.nobody_left_s)}")
    if queue.closing is not None:
        labels.setdefault(queue.closing.then, []).append(f"lukket i {length(queue.closing.serve_s)}")
    for key, step in queue.keys.items():
        labels.setdefault(step, []).append(f"tast {key}")
    for step, found in labels.items():
        yield Arrow(queue.name, step, ", ".join(found))


def menu_arrows(menu: Menu) -> Iterable[Arrow]:
    """One arrow for each step that follows, with all the keys that lead there."""
    labels: dict[StepName, list[str]] = {}
    for key, step in menu.options.items():
        labels.setdefault(step, []).append(f"tast {key}")
    labels.setdefault(menu.no_input, []).append("intet tastet")
    if menu.no_match == menu.no_input:
        labels[menu.no_input][-1] = "intet eller forkert"
    else:
        labels.setdefault(menu.no_match, []).append("forkert tast")
    for step, found in labels.items():
        yield Arrow(menu.name, step, ", ".join(found))


def words(prompts: Iterable[PromptId], texts: Mapping[PromptId, str]) -> tuple[str, ...]:
    return tuple(f"“{texts.get(prompt, prompt)}”" for prompt in prompts)


def length(seconds: float | None) -> str:
    whole = round(seconds or 0)
    if whole % 3600 == 0:
        return f"{whole // 3600} t"
    return f"{whole // 60} min" if whole % 60 == 0 else f"{whole} s"
