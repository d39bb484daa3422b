"""Every minute, every staffing, every key: nobody ends in silence, and everybody ends in a person, a queue or words.

What becomes of a call depends on the moment only through the hours: whether its line (and every line it may be
transferred to) is open, by whom it is served, and how far off the changes are that it may live to see. Minutes that
agree in this are one class (`signature`), and one call of each class is walked through the real core, for each staffing
and each key in each menu. The sentence that tells when a line opens is another one every minute: those are gone through
by themselves, one by one.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ivr.core import spoken
from ivr.core.flow import Enqueue, HoursBranch, Menu, Plan, Say, SetLanguage, ToLine, Transfer, WaitForOpening
from ivr.core.hours import Service, Timetable
from ivr.core.ids import GroupId, LineId, StepName
from ivr.twin.exchange import KEEPS_SILENT, Caller, Setting, Staff, simulate
from ivr.twin.story import Ending, Story

SAY_S = 6.0
SILENCE_S = 2.0
"""Nobody hears nothing for longer, but where a menu waits for a key."""
LEAST_LOOK_S = 900.0
MOST_LOOK_S = 6 * 3600.0
MINUTE = timedelta(minutes=1)

Signature = tuple[object, ...]
Stepped = set[tuple[LineId, StepName]]


@dataclass(frozen=True, slots=True)
class Staffing:
    name: str
    staff: Staff


@dataclass(frozen=True, slots=True)
class Fault:
    """A call that must not be; `at` is aware UTC, `keys` what was pressed."""

    line: LineId
    at: datetime
    staffing: str
    keys: tuple[str, ...]
    what: str


@dataclass
class Proof:
    """What was walked, and everything that is wrong."""

    minutes: int = 0
    classes: int = 0
    calls: int = 0
    sentences: int = 0
    faults: list[Fault] = field(default_factory=list)
    entered: Stepped = field(default_factory=set)

    def add(self, other: Proof) -> None:
        self.minutes += other.minutes
        self.classes += other.classes
        self.calls += other.calls
        self.sentences += other.sentences
        self.faults += other.faults
        self.entered |= other.entered


def staffings(plan: Plan) -> tuple[Staffing, ...]:
    """None, some (only by day; only by night; all there and nobody picks up), and all."""
    groups: Mapping[Service, set[GroupId]] = {
        service: {group for line in plan.lines.values() for group in line.tiers.get(service, ())} for service in Service
    }
    everybody = dict.fromkeys(sorted(groups[Service.DAY] | groups[Service.NIGHT]), 1)
    return (
        Staffing("none", Staff({})),
        Staffing("some: only the day groups", Staff(dict.fromkeys(sorted(groups[Service.DAY]), 1))),
        Staffing("some: only the night groups", Staff(dict.fromkeys(sorted(groups[Service.NIGHT]), 1))),
        Staffing("some: nobody picks up", Staff(everybody, answers_after_s=None)),
        Staffing("all", Staff(everybody)),
    )


def prove(setting: Setting, line: LineId, first: datetime, last: datetime) -> Proof:
    """Every minute of [first, last) at this line. The tables must reach a day beyond on both sides."""
    setting = Setting(setting.plan, setting.tables, setting.seconds, SAY_S)
    proof = Proof()
    look_s = look(setting.plan, line)
    concerned = together(setting.plan, line)
    tables = [setting.tables[each] for each in concerned]
    classes = minutes_that_matter(tables, first, last, timedelta(seconds=2 * look_s))
    proof.minutes = int((last - first) / MINUTE)
    proof.classes = len(classes)
    for at in classes.values():
        for staffing in staffings(setting.plan):
            for story, keys in every_key(setting, line, at, staffing.staff, look_s):
                proof.calls += 1
                proof.entered |= {(line, step) for step in story.steps}
                what = wrong_with(story)
                if what is not None:
                    proof.faults.append(Fault(line, at, staffing.name, keys, what))
    prove_sentences(setting, line, first, last, proof)
    return proof


def wrong_with(story: Story) -> str | None:
    if story.ending in (Ending.SILENCE, Ending.APOLOGY, Ending.LAST_RESORT):
        ways = {Ending.SILENCE: "silence", Ending.APOLOGY: "our apology", Ending.LAST_RESORT: "the last resort"}
        last = f" after the step `{story.steps[-1]}`" if story.steps else ""
        return f"the caller ends in {ways[story.ending]}{last}"
    if story.silent_s > SILENCE_S:
        return f"the caller hears nothing for {story.silent_s:.0f} s"
    return None


# ---------------------------------------------------------------- minutes


def signature(tables: Sequence[Timetable], at: datetime, ahead: timedelta) -> Signature:
    """All that a call at this moment may come to feel of the hours."""
    found: list[object] = []
    for table in tables:
        span = table.at(at)
        found.append(span.service if span is not None else None)
        moment = at
        while (change := table.next_change(moment)) is not None and change - at <= ahead:
            then = table.at(change)
            found.append((change - at, then.service if then is not None else None))
            moment = change
    return tuple(found)


def minutes_that_matter(
    tables: Sequence[Timetable], first: datetime, last: datetime, ahead: timedelta
) -> Mapping[Signature, datetime]:
    """One minute of each class in [first, last), found without looking at all of them: a minute further from the next
    change than `ahead` is like its neighbours."""
    changes = sorted({edge for table in tables for span in table.spans for edge in (span.start, span.end)})
    found: dict[Signature, datetime] = {}
    moment = first
    while moment < last:
        found.setdefault(signature(tables, moment, ahead), moment)
        place = bisect_right(changes, moment)
        if place == len(changes):
            break
        quiet_until = min(changes[place] - ahead, last)
        moment = max(moment + MINUTE, first + (quiet_until - first) // MINUTE * MINUTE)
    return found


def look(plan: Plan, line: LineId) -> float:
    """How long a call may go on before it is in a queue for good, seconds."""
    longest = LEAST_LOOK_S
    for each in together(plan, line):
        for step in plan.lines[each].flow.steps.values():
            if isinstance(step, Enqueue):
                longest += step.max_wait_s or 0.0
            elif isinstance(step, WaitForOpening):
                longest += step.max_wait_s
            elif isinstance(step, HoursBranch):
                longest += step.soon_s
    return min(longest, MOST_LOOK_S)


def together(plan: Plan, line: LineId) -> tuple[LineId, ...]:
    """The line and those that its callers may be transferred to."""
    found, ahead = [line], [line]
    while ahead:
        for step in plan.lines[ahead.pop()].flow.steps.values():
            if isinstance(step, Transfer) and isinstance(step.to, ToLine) and step.to.line not in found:
                found.append(step.to.line)
                ahead.append(step.to.line)
    return tuple(found)


# ---------------------------------------------------------------- keys


def every_key(
    setting: Setting, line: LineId, at: datetime, staff: Staff, look_s: float
) -> Iterator[tuple[Story, tuple[str, ...]]]:
    """A call for each key (for none and a wrong one, too) at each menu, as often as the menu asks, in each language:
    what follows a key does not depend on how the caller came to that menu."""
    done: set[tuple[StepName, int, str]] = set()
    ahead: list[tuple[str, ...]] = [()]
    while ahead:
        keys = ahead.pop()
        story = simulate(setting, line, at, staff, Caller(keys), look_s)
        yield story, keys
        for place, asked in enumerate(story.asked):
            if place < len(keys) or asked in done:
                continue
            done.add(asked)
            before = (*keys, *[KEEPS_SILENT] * (place - len(keys)))
            ahead += [(*before, key) for key in keys_at(setting.plan, asked[0])]


def keys_at(plan: Plan, name: StepName) -> Iterator[str]:
    for line in plan.lines.values():
        menu = line.flow.steps.get(name)
        if isinstance(menu, Menu):
            yield from menu.options
            wrong = next((key for key in "0123456789*#" if key not in menu.options), None)
            if wrong is not None:
                yield wrong


# ---------------------------------------------------------------- sentences


def prove_sentences(setting: Setting, line: LineId, first: datetime, last: datetime, proof: Proof) -> None:
    """The computed sentence of every minute at which the line is closed: words, each with a sound in each language."""
    flow, table = setting.plan.lines[line], setting.tables[line]
    if not any(isinstance(step, Say) for step in flow.flow.steps.values()):
        return
    languages = {flow.language} | {step.language for step in flow.flow.steps.values() if isinstance(step, SetLanguage)}
    moment = first
    while moment < last:
        span = table.at(moment)
        if span is not None:
            moment = span.end if span.end > moment else moment + MINUTE
            continue
        words = spoken.opening_words(moment, table.next_opening(moment), flow.hours.tz)
        proof.sentences += 1
        for language in sorted(languages):
            silent = [word for word in words if not setting.seconds.get((language, word))]
            if silent or not words:
                what = f"the sentence about the opening has no sound for `{(*silent, '?')[0]}` ({language})"
                proof.faults.append(Fault(line, moment, "any", (), what))
        moment += MINUTE
