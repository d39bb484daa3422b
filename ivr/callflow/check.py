"""A folder of callflows -> a plan, or everything that is wrong with it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import product
from pathlib import Path

from ivr.callflow import groups as group_files
from ivr.callflow.groups import WrittenGroups, read_groups
from ivr.callflow.lines import WrittenLine, read_line
from ivr.callflow.prompts import Prompts, check_placeholders, check_prompts, find_prompts, music, spoken_text
from ivr.callflow.speech import VOICES
from ivr.callflow.steps import Mention, WrittenStep
from ivr.callflow.subflows import FOLDER as SHARED
from ivr.callflow.subflows import read_shared, shared_files, spread
from ivr.callflow.walk import check_steps, check_transfers, languages
from ivr.core import spoken
from ivr.core.feature import SENTENCES, YES_NO_WORDS
from ivr.core.flow import Enqueue, Plan, Told
from ivr.core.hours import Nobody, OwnGroups, Service, compile_hours
from ivr.core.ids import LineId, PromptId, StepName
from ivr.source.findings import Finding, Findings, Place, did_you_mean, errors, one_of, shown
from ivr.source.tree import read_text

LOOK_AHEAD = timedelta(days=731)


class CallflowError(Exception):
    """The callflows cannot be used as they are; `findings` holds everything that was found, warnings too."""

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        wrong = errors(findings)
        more = f" (and {len(wrong) - 1} more: run `ivr check`)" if len(wrong) > 1 else ""
        super().__init__(f"{wrong[0] if wrong else 'the callflows cannot be used'}{more}")
        self.findings = findings


@dataclass(frozen=True, slots=True)
class Folder:
    """What one reading of a folder gave; `plan` is None when there is an error among the findings."""

    plan: Plan | None
    findings: tuple[Finding, ...]


def load_plan(callflows: Path) -> Plan:
    """The plan of a folder. Raises `CallflowError` with all findings when there is an error among them."""
    folder = read_folder(callflows)
    if folder.plan is None:
        raise CallflowError(folder.findings)
    return folder.plan


def check_paths(paths: Iterable[Path], today: date | None = None) -> list[Finding]:
    """Every finding in callflow folders or single files of them, in reading order. A file is looked at along with the
    rest of its folder. `today`: from when on the hours are tried (by default the present day, UTC)."""
    found: set[Finding] = set()
    for path in paths:
        if path.is_dir():
            found.update(read_folder(path, today).findings)
        elif not path.exists():
            findings = Findings()
            findings.error(Place(path), "there is no such file or folder", "correct the name")
            found.update(findings.all())
        else:
            folder, also = (path.parent.parent, None) if path.parent.name == SHARED else (path.parent, path)
            found.update(
                finding
                for finding in read_folder(folder, today, also).findings
                if finding.place.file == path or finding.place.file.suffix != ".yaml"
            )
    return sorted(found)


def step_places(callflows: Path) -> Mapping[tuple[LineId, StepName], Place]:
    """Where each step of each line stands, those of shared flows under the names they have in the line."""
    findings = Findings()
    flows = read_shared(callflows, findings)
    lines = [spread(read_line(path, findings), flows, findings) for path in _line_files(callflows)]
    return {(line.id, step.name): step.place for line in lines for step in line.steps.values()}


def line_ids(callflows: Path) -> frozenset[LineId]:
    """The lines that have a file, whatever is in it."""
    return frozenset(LineId(path.stem) for path in _line_files(callflows))


def read_folder(callflows: Path, today: date | None = None, also: Path | None = None) -> Folder:
    """Read everything in a folder; `also`: a file that is a line's whatever its name is."""
    findings = Findings()
    groups = read_groups(callflows / group_files.FILE, findings)
    files = _line_files(callflows)
    if also is not None and also not in files and also.name != group_files.FILE:
        files.append(also)
    flows = read_shared(callflows, findings)
    lines = [spread(read_line(path, findings), flows, findings) for path in files]
    prompts = find_prompts(callflows)
    if not lines:
        findings.error(Place(callflows), "there is no line in this folder", "copy a shipped line's file into it")
    for stray in sorted([*callflows.glob("*.yml"), *callflows.glob(f"{SHARED}/*.yml")]):
        findings.warn(Place(stray), "this file is not read", f"call it {shown(stray.stem)}.yaml")
    _numbers_differ(lines, findings)
    _check_night_lines(lines, findings)
    check_transfers({line.id: line for line in lines}, findings)
    for line in lines:
        _check_line(line, groups, prompts, today or datetime.now(UTC).date(), findings)
    check_prompts(prompts, _used(lines, prompts, findings), findings)
    check_placeholders(prompts, VOICES, findings)
    if not music(callflows):
        findings.error(Place(callflows), "there is no music for those who wait", "put a WAV file into music/")
    found = findings.all()
    return Folder(None if errors(found) else _plan(callflows, lines, groups, prompts), found)


def _line_files(callflows: Path) -> list[Path]:
    return [path for path in sorted(callflows.glob("*.yaml")) if path.name != group_files.FILE]


def _plan(callflows: Path, lines: Sequence[WrittenLine], groups: WrittenGroups, prompts: Prompts) -> Plan | None:
    if groups.default is None:
        return None
    made = {line.id: line.line for line in lines if line.line is not None}
    return Plan(_version(callflows, prompts), made, dict(groups.groups), groups.default)


def _version(callflows: Path, prompts: Prompts) -> str:
    """The same for the same contents, wherever they lie: files that decide, and sounds that are heard."""
    sum_of_all = hashlib.sha256()
    heard = [prompt.sound for prompt in prompts.values() if prompt.sound is not None]
    for path in sorted([*callflows.glob("*.yaml"), *shared_files(callflows), *heard, *music(callflows)]):
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        sum_of_all.update(f"{path.relative_to(callflows).as_posix()} {content}\n".encode())
    return sum_of_all.hexdigest()[:12]


def _numbers_differ(lines: Sequence[WrittenLine], findings: Findings) -> None:
    seen: dict[str, WrittenLine] = {}
    for line in lines:
        if line.number is None:
            continue
        other = seen.setdefault(line.number.value, line)
        if other is not line:
            what = f"the number {line.number.value} belongs to the line `{other.id}` already"
            findings.error(line.number.place, what, "give each line a number of its own")


def _check_night_lines(lines: Sequence[WrittenLine], findings: Findings) -> None:
    """Who answers for a line must answer their own."""
    known = {line.id: line for line in lines}
    for line in lines:
        for mention in line.night_lines:
            other = known.get(LineId(mention.name))
            if other is None:
                what = f"there is no line `{shown(mention.name)}`"
                findings.error(mention.place, what, one_of(mention.name, known))
            elif other is line or other.night_lines:
                what = f"the line `{other.id}` does not answer its own nights"
                findings.error(mention.place, what, "name a line whose own groups answer at night")


def _check_line(line: WrittenLine, groups: WrittenGroups, prompts: Prompts, today: date, findings: Findings) -> None:
    for mention in (*(mention for named in line.groups.values() for mention in named), *line.night_groups):
        if mention.name not in groups.named:
            guess = did_you_mean(mention.name, groups.named)
            instead = f"did you mean `{guess}`?" if guess else f"add it to {group_files.FILE}"
            findings.error(mention.place, f"there is no group `{shown(mention.name)}`", instead)
    _check_hours(line, today, findings)
    check_steps(line, prompts, findings)
    _check_words(line, prompts, findings)


def _check_hours(line: WrittenLine, today: date, findings: Findings) -> None:
    """That the line opens at all, and that somebody serves it whenever it is open."""
    if line.hours is None or not line.hours_clean:
        return
    spans = compile_hours(line.hours, today, today + LOOK_AHEAD).spans
    if not spans:
        what = "by these hours the line never opens again"
        findings.error(line.hours_place, what, "write opening times, e.g. `daily: 06:00-02:00`")
    for service in Service:
        own = (span for span in spans if span.service is service and isinstance(span.by, OwnGroups))
        first = next(own, None)
        if first is not None and not line.groups.get(service):
            who = "the night line" if service is Service.NIGHT else "the day service"
            what = f"nobody serves {who}: no group is named for `{service}` ({first.rule})"
            findings.error(line.groups_place, what, f"write `{service}: [name-of-a-group]` below `groups:`")
    has_night = any(
        plan.night and not isinstance(plan.night_by, Nobody) for regime in line.hours.regimes for plan in regime.week
    )
    if has_night and spans and all(span.service is Service.DAY for span in spans):
        findings.warn(
            line.hours_place, "the night never falls within the opening hours", "correct `night`, or delete it"
        )


def _check_words(line: WrittenLine, prompts: Prompts, findings: Findings) -> None:
    """Words that a line must not say, e.g. that a call is free when it is not."""
    spoken = {language for some in languages(line).values() for language in some}
    for mention, language in product(line.prompts() if line.never_says else (), sorted(spoken)):
        prompt = prompts.get((language, PromptId(mention.name)))
        text = spoken_text(prompt).lower() if prompt is not None else ""
        for word in line.never_says:
            if word.lower() in text:
                what = f"the prompt `{mention.name}` says `{shown(word)}`, which this line must never say"
                findings.error(mention.place, what, "use another prompt, or change its text")


def _used(lines: Sequence[WrittenLine], prompts: Prompts, findings: Findings) -> Mapping[tuple[str, PromptId], Place]:
    """Every prompt some line may play -> where that stands. What is in no file at all is a finding at once."""
    used: dict[tuple[str, PromptId], Place] = {}
    there = {language for language, _ in prompts}
    for line in lines:
        if line.language is None:
            continue
        heard = languages(line)
        spoken = {line.language}.union(*heard.values())
        for step in line.steps.values():
            chosen = step.about if step.kind == "set_language" else None
            if chosen is not None and chosen.name not in there:
                what = f"there are no prompts in the language `{shown(chosen.name)}`"
                findings.error(chosen.place, what, f"write their texts into prompts/{shown(chosen.name)}/")
        spoken_mentions = [(mention, spoken) for mention in (*line.technical, *line.yes_no, *line.handover)]
        spoken_mentions += [(mention, {line.language}) for mention in line.whisper]
        spoken_mentions += [(mention, {*heard[step.name]}) for step in line.steps.values() for mention in step.prompts]
        for mention, some in spoken_mentions:
            for language in sorted(some & ({line.language} | there)):
                _use(language, mention, prompts, used, findings)
        if line.language in there:
            used |= _for_volunteers(line, line.language, prompts, findings)
        for step in line.steps.values():
            parts = _fragments(step)
            for language in sorted(heard[step.name] & there) if parts else ():
                used |= _used_fragments(language, parts, step.place, prompts, findings)
    return used


def _use(
    language: str,
    mention: Mention,
    prompts: Prompts,
    used: dict[tuple[str, PromptId], Place],
    findings: Findings,
) -> None:
    key = (language, PromptId(mention.name))
    if key in prompts:
        used.setdefault(key, mention.place)
        return
    guess = did_you_mean(mention.name, [name for known, name in prompts if known == language])
    instead = f"write its text into prompts/{language}/{mention.name}.txt, then run `ivr prompts build`"
    elsewhere = any(name == mention.name for _, name in prompts)
    what = f"there is no prompt `{shown(mention.name)}`{f' in the language `{language}`' if elsewhere else ''}"
    findings.error(mention.place, what, f"did you mean `{guess}`?" if guess and not elsewhere else instead)


def _fragments(step: WrittenStep) -> tuple[PromptId, ...]:
    """The words that the sentences are made of which this step computes."""
    if step.kind == "say":
        return spoken.fragments()
    told = {each.told for each in step.step.announcements} if isinstance(step.step, Enqueue) else set()
    places = spoken.place_fragments() if Told.POSITION in told else ()
    return (*places, *(spoken.wait_fragments() if Told.WAIT in told else ()))


def _used_fragments(
    language: str, parts: Sequence[PromptId], place: Place, prompts: Prompts, findings: Findings
) -> dict[tuple[str, PromptId], Place]:
    keys = [(language, fragment) for fragment in parts]
    missing = [name for _, name in (key for key in keys if key not in prompts)]
    if missing:
        some = ", ".join(f"`{name}`" for name in missing[:3])
        what = f"{len(missing)} of the words this step is made of are missing ({some}{', ...' if missing[3:] else ''})"
        findings.error(place, what, f"write their texts into prompts/{language}/, as for the shipped language")
    return {key: place for key in keys if key in prompts}


def _for_volunteers(
    line: WrittenLine, language: str, prompts: Prompts, findings: Findings
) -> dict[tuple[str, PromptId], Place]:
    """What volunteers hear when they dial a code, and of a caller who answers with keys."""
    keys = [(language, sentence) for sentence in SENTENCES]
    missing = [name for key in keys if key not in prompts for _, name in (key,)]
    if missing:
        what = f"volunteers who dial a code hear nothing in the language `{language}`: there is no `{missing[0]}`"
        findings.warn(line.place, what, f"write the texts of {', '.join(missing)} into prompts/{language}/")
    words = [(language, word) for word in YES_NO_WORDS] if line.yes_no else []
    unspoken = [name for key in words if key not in prompts for _, name in (key,)]
    if unspoken:
        what = f"volunteers cannot hear a caller's answers in the language `{language}`: there is no `{unspoken[0]}`"
        instead = f"write the texts of {', '.join(unspoken)} into prompts/{language}/, or leave `yes_no` out"
        findings.error(line.yes_no[0].place, what, instead)
    return {key: line.place for key in (*keys, *words) if key in prompts}


def prompt_text(callflows: Path, language: str, prompt: PromptId) -> str | None:
    """What a prompt says, on one line; None when it has no text."""
    found = find_prompts(callflows).get((language, prompt))
    text = read_text(found.text_file, Findings()) if found is not None and found.has_text else None
    return " ".join(text.split()) if text is not None else None
