"""`ivr check --exhaustive`: two years of calls, walked before any child makes them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path
from zoneinfo import ZoneInfo

from ivr.callflow import load_plan
from ivr.callflow.check import step_places
from ivr.callflow.prompts import find_prompts
from ivr.core.flow import Line, Plan
from ivr.core.hours import compile_hours
from ivr.core.ids import LineId
from ivr.source.findings import Finding, Findings, Place
from ivr.twin.exchange import KEEPS_SILENT, Setting
from ivr.twin.proof import Fault, Proof, prove

DAYS = 731
MARGIN = timedelta(days=15)


@dataclass(frozen=True, slots=True)
class Task:
    callflows: Path
    line: LineId
    first: datetime
    length: timedelta = timedelta(days=DAYS)


@dataclass(frozen=True, slots=True)
class Walked:
    proof: Proof
    findings: tuple[Finding, ...]


def walk_everything(callflows: Path, today: datetime | None = None) -> Walked:
    """Of a folder without errors: every line, every minute of two years from today 00:00 UTC, on all cores."""
    first = (today or datetime.now(UTC)).replace(hour=0, minute=0, second=0, microsecond=0)
    plan = load_plan(callflows)
    tasks = [Task(callflows, line, first) for line in plan.lines]
    total = Proof()
    with ProcessPoolExecutor(max_workers=min(len(tasks), os.cpu_count() or 1), mp_context=get_context("spawn")) as pool:
        for proof in pool.map(prove_line, tasks):
            total.add(proof)
    findings = Findings()
    places = step_places(callflows)
    tell_faults(total, plan, callflows, findings)
    for line, name in sorted(places.keys() - total.entered):
        what = f"in two years no call of `{line}` comes to the step `{name}`, whoever is there, whatever is pressed"
        findings.warn(places[line, name], what, "look whether it is needed")
    return Walked(total, findings.all())


def prove_line(task: Task) -> Proof:
    """In a process of its own."""
    plan = load_plan(task.callflows)
    last = task.first + task.length
    days = (task.first - MARGIN).date(), (last + MARGIN).date()
    tables = {line.id: compile_hours(line.hours, *days) for line in plan.lines.values()}
    sounds = {key: prompt.seconds for key, prompt in find_prompts(task.callflows).items() if prompt.sound}
    return prove(Setting(plan, tables, sounds), task.line, task.first, last)


def tell_faults(proof: Proof, plan: Plan, callflows: Path, findings: Findings) -> None:
    """Each kind of fault once a line, at its first moment, with the command that lets one hear it."""
    seen: set[tuple[LineId, str]] = set()
    for fault in sorted(proof.faults, key=lambda each: (each.line, each.at)):
        if (fault.line, fault.what) in seen:
            continue
        seen.add((fault.line, fault.what))
        line = plan.lines[fault.line]
        how_many = sum((each.line, each.what) == (fault.line, fault.what) for each in proof.faults)
        others = f" ({how_many} kinds of calls)" if how_many > 1 else ""
        what = f"{fault.what}, staffing {fault.staffing}{others}"
        findings.error(Place(callflows / f"{fault.line}.yaml"), what, f"hear it: {' '.join(command(fault, line))}")


def command(fault: Fault, line: Line) -> Iterator[str]:
    at = fault.at.astimezone(ZoneInfo(line.hours.tz)).isoformat(timespec="minutes")
    yield f"ivr simulate {line.id} --at {at}"
    if fault.keys:
        yield f"--digits {','.join(key if key != KEEPS_SILENT else '-' for key in fault.keys)}"
    if fault.staffing == "none":
        yield "--volunteers 0"
    elif "picks up" in fault.staffing:
        yield "--nobody-answers"


def summary(proof: Proof) -> str:
    return (
        f"{proof.minutes:,} minutes in {proof.classes:,} classes, {proof.calls:,} calls and {proof.sentences:,} "
        "computed sentences: " + ("see above" if proof.faults else "everybody ends in a person, a queue or words")
    )
