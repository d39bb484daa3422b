"""One line's file -> `core.flow.Line`, with the places that the checks point at."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from ivr.callflow.handover import WrittenHandover, read_handover
from ivr.callflow.schedule import WrittenHours, read_hours
from ivr.callflow.steps import Mention, WrittenStep, language_of, prompts_in, read_steps
from ivr.core.flow import Flow, Line
from ivr.core.hours import Hours, Service
from ivr.core.ids import GroupId, LineId, PromptId, StepName
from ivr.source import values
from ivr.source.fields import Fields, text_of, texts_of
from ivr.source.findings import Findings, Place, shown
from ivr.source.tree import Listing, Node, Table, Text, parse_tree, read_text

KEYS = (
    "name",
    "number",
    "language",
    "never_says",
    "short_abandon",
    "head_start",
    "hold_alarm",
    "groups",
    "technical",
    "whisper",
    "yes_no",
    "hours",
    "handover",
    "start",
    "steps",
)


@dataclass(frozen=True, slots=True)
class WrittenLine:
    """A line as far as it could be read; `line` is None when something in it is wrong."""

    id: LineId
    place: Place
    line: Line | None
    number: Text | None
    language: str | None
    never_says: tuple[str, ...]
    hours: Hours | None
    night_lines: tuple[Mention, ...]
    """Other lines whose people answer this one at night."""
    night_groups: tuple[Mention, ...]
    """Groups that answer in single nights only."""
    hours_place: Place
    hours_clean: bool
    """Nothing is wrong in the hours as such, so that it is worth asking when they open."""
    groups_place: Place
    groups: Mapping[Service, tuple[Mention, ...]]
    technical: tuple[Mention, ...]
    handover: tuple[Mention, ...]
    """What those who wait hear of a hand-over."""
    whisper: tuple[Mention, ...]
    yes_no: tuple[Mention, ...]
    """What a caller hears who is let answer with keys."""
    start: Mention | None
    steps: Mapping[StepName, WrittenStep]
    whole: bool = False
    """Every name in the steps is right and shared flows are spread out (`subflows`), so that it can be told what
    follows what."""

    def prompts(self) -> tuple[Mention, ...]:
        """Every prompt that is named anywhere in the file."""
        named = self.technical + self.whisper + self.yes_no + self.handover
        return named + tuple(prompt for step in self.steps.values() for prompt in step.prompts)


class _Read(NamedTuple):
    """What stands in the file; None: missing or wrong, and said so."""

    name: str | None
    number: Text | None
    language: str | None
    groups: Mapping[Service, tuple[Mention, ...]]
    late: Mapping[Service, Mapping[GroupId, float]]
    technical: tuple[Mention, ...]
    whisper: tuple[Mention, ...]
    yes_no: tuple[Mention, ...]
    hours: tuple[WrittenHours, bool]
    handover: WrittenHandover
    start: Text | None
    steps: Mapping[StepName, WrittenStep]
    short_abandon_s: float | None
    head_start_s: float | None
    hold_alarm_s: float | None


def read_line(path: Path, findings: Findings) -> WrittenLine:
    before = len(findings.all())
    identity = Text(path.stem, Place(path), True)
    values.name(identity, "the name of a line (the file's name)", findings)
    text = read_text(path, findings)
    fields = Fields(None if text is None else parse_tree(text, path, findings), "a line", KEYS, findings)
    _lost_options(text or "", path, findings)
    read = _read(fields, findings)
    hours, hours_clean = read.hours
    return WrittenLine(
        id=LineId(path.stem),
        place=Place(path),
        line=_made(LineId(path.stem), read) if len(findings.all()) == before else None,
        number=read.number,
        language=read.language,
        never_says=tuple(text.value for text in _never_says(fields, findings)),
        hours=hours.hours,
        night_lines=tuple(each for each in hours.named if each.role == "line"),
        night_groups=tuple(each for each in hours.named if each.role == "group"),
        hours_place=fields.key("hours") or Place(path),
        hours_clean=hours_clean,
        groups_place=fields.key("groups") or Place(path),
        groups=read.groups,
        technical=read.technical,
        handover=read.handover.mentions,
        whisper=read.whisper,
        yes_no=read.yes_no,
        start=Mention(read.start.value, read.start.place, "start") if read.start else None,
        steps=read.steps,
    )


def _read(fields: Fields, findings: Findings) -> _Read:
    late: dict[Service, dict[GroupId, float]] = {}
    return _Read(
        name=_name(fields, findings),
        number=_number(fields, findings),
        language=_language(fields, findings),
        groups=_groups(fields, late, findings),
        late=late,
        technical=prompts_in(
            fields.need("technical", "`technical:` and what is heard when we fail"), "`technical`", findings
        ),
        whisper=_words(fields, "whisper", findings),
        yes_no=_words(fields, "yes_no", findings),
        hours=_hours(fields, findings),
        handover=read_handover(fields.get("handover"), findings),
        start=text_of(fields.need("start", "`start:` and the name of the first step"), "`start`", findings),
        steps=read_steps(fields.need("steps", "`steps:` and below it what a caller goes through"), findings),
        short_abandon_s=_seconds(fields, "short_abandon", 10.0, 120, findings),
        head_start_s=_seconds(fields, "head_start", 0.0, 3600, findings),
        hold_alarm_s=_seconds(fields, "hold_alarm", 180.0, 3600, findings),
    )


def _hours(fields: Fields, findings: Findings) -> tuple[WrittenHours, bool]:
    """And whether nothing is wrong with them."""
    before = len(findings.all())
    hours = read_hours(fields.need("hours", "`hours:` with the opening hours"), findings)
    return hours, len(findings.all()) == before


def _made(line: LineId, read: _Read) -> Line | None:
    hours, short_s, head_s, hold_s = read.hours[0].hours, read.short_abandon_s, read.head_start_s, read.hold_alarm_s
    if not (read.name and read.number and read.language and hours and read.start):
        return None
    if short_s is None or head_s is None or hold_s is None:
        return None
    made = [step.step for step in read.steps.values() if step.step is not None]
    return Line(
        id=line,
        number=read.number.value,
        name=read.name,
        language=read.language,
        flow=Flow(StepName(read.start.value), {step.name: step for step in made}),
        hours=hours,
        tiers={service: tuple(GroupId(group.name) for group in named) for service, named in read.groups.items()},
        technical=tuple(PromptId(mention.name) for mention in read.technical),
        whisper=tuple(PromptId(mention.name) for mention in read.whisper),
        yes_no=tuple(PromptId(mention.name) for mention in read.yes_no),
        short_abandon_s=short_s,
        head_start_s=head_s,
        hold_alarm_s=hold_s,
        late=read.late,
        handover=read.handover.rules,
    )


def _seconds(fields: Fields, key: str, else_s: float, most_s: int, findings: Findings) -> float | None:
    written = text_of(fields.get(key), f"`{key}`", findings)
    return values.duration(written, f"`{key}`", 0, most_s, findings) if written else else_s


def _words(fields: Fields, key: str, findings: Findings) -> tuple[Mention, ...]:
    """Prompts that need not be there."""
    node = fields.get(key)
    return prompts_in(node, f"`{key}`", findings) if node is not None else ()


def _lost_options(text: str, path: Path, findings: Findings) -> None:
    """`#: step` is a comment to YAML: the option would silently not be there."""
    for number, row in enumerate(text.split("\n"), 1):
        if re.match(r"[ ]+#: *\S", row):
            place = Place(path, number, row.index("#") + 1)
            findings.error(place, "`#` begins a comment, so this option is not read", 'write it in quotes: "#"')


def _name(fields: Fields, findings: Findings) -> str | None:
    text = text_of(fields.need("name", "`name:` as volunteers read it on the phone"), "`name`", findings)
    if text is None:
        return None
    if len(text.value) <= 40 and all(letter.isalnum() or letter in " -." for letter in text.value):
        return text.value
    what = f"`{shown(text.value)}` cannot be shown on every phone"
    findings.error(text.place, what, "use at most 40 letters, digits, spaces, hyphens and dots")
    return None


def _number(fields: Fields, findings: Findings) -> Text | None:
    text = text_of(fields.need("number", '`number: "116111"`'), "`number`", findings)
    if text is None:
        return None
    if re.fullmatch(r"[0-9]{3,15}", text.value) is None:
        instead = 'write 3 to 15 digits without spaces, e.g. "116111"'
        findings.error(text.place, f"`{shown(text.value)}` is not a telephone number", instead)
        return None
    if text.plain:
        findings.error(text.place, "the number stands without quotes", f'write "{text.value}"')
    return text


def _language(fields: Fields, findings: Findings) -> str | None:
    text = text_of(fields.need("language", "`language: da`"), "`language`", findings)
    return language_of(text, findings) if text else None


def _groups(
    fields: Fields, late: dict[Service, dict[GroupId, float]], findings: Findings
) -> dict[Service, tuple[Mention, ...]]:
    """`late`: is given the groups that are asked after a time of waiting at the latest."""
    node = fields.need("groups", "`groups:` with `day:` and `night:`")
    inner = Fields(node, "`groups`", tuple(Service), findings)
    found: dict[Service, tuple[Mention, ...]] = {}
    for service in Service:
        written = inner.get(service)
        if written is None:
            continue
        named: list[Mention] = []
        for item in written.items if isinstance(written, Listing) and written.items else (written,):
            text, after_s = _group(item, service, findings)
            if text is None:
                continue
            if after_s is not None and not named:
                what = f"`{shown(text.value)}` is the first group, so it is asked at once"
                findings.error(text.place, what, "delete its `after`, or name another group before it")
            named.append(Mention(text.value, text.place, service))
            if after_s is not None:
                late.setdefault(service, {})[GroupId(text.value)] = after_s
        found[service] = tuple(named)
    return found


def _group(item: Node, service: Service, findings: Findings) -> tuple[Text | None, float | None]:
    """A group's name, or `{group: NAME, after: 60s}`."""
    if not isinstance(item, Table):
        return text_of(item, f"`{service}`", findings), None
    fields = Fields(item, "a group of a line", ("group", "after"), findings)
    text = text_of(fields.need("group", "`group:` and its name"), "`group`", findings)
    after = text_of(fields.need("after", "`after: 60s`, or only the group's name"), "`after`", findings)
    return text, values.duration(after, "`after`", 5, 3600, findings) if after else None


def _never_says(fields: Fields, findings: Findings) -> tuple[Text, ...]:
    node = fields.get("never_says")
    return texts_of(node, "`never_says`", findings) if node is not None else ()
