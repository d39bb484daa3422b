"""`ivr check`, `ivr hours`, `ivr prompts`: what an admin asks about the files."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import click

from ivr.callflow import CallflowError, check_paths, line_ids, load_plan
from ivr.callflow.groups import FILE as GROUPS
from ivr.callflow.groups import group_places
from ivr.callflow.standing import Standing, by_line, coming_spans, moment_of, standing
from ivr.cli.common import HOME, Trouble, common, say, say_json
from ivr.cli.config import config_of
from ivr.cli.kept import kept
from ivr.cli.overrides import overrides
from ivr.core.flow import Line, Plan
from ivr.core.hours import Service, Span
from ivr.core.ids import LineId
from ivr.core.state import Volunteer
from ivr.policy import FILE as POLICY
from ivr.policy import check_policy
from ivr.source.findings import Finding, Findings, Severity, errors, excerpt, one_of, shown_path
from sip.numbers import spellings

callflows_option = click.option(
    "--callflows",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="The folder with the lines; without it the one this installation was last started with.",
)


def callflows_of(named: Path | None, state: Path) -> Path:
    return named if named is not None else config_of(state).callflows


@click.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--exhaustive", is_flag=True, help="Also walk two years of calls: every minute, step, key and staffing.")
@common
def check(paths: tuple[Path, ...], exhaustive: bool, state: Path, as_json: bool) -> None:
    """Look through every file an admin may edit, or only PATHS.

    Exit code 1 when there is an error; warnings alone are let through. --exhaustive proves (in less than a minute) that
    nobody ends in silence, and that everybody ends in a person, a queue or spoken words.

    Example: ivr check callflows/bornetelefonen.yaml
    """
    findings = check_files(paths or (HOME / "callflows", HOME / "recordings-policy"))
    findings = sorted({*findings, *empty_groups(paths or (HOME / "callflows",), state)})
    walked = None
    if exhaustive and not errors(findings):
        walked = _walk(paths or (HOME / "callflows",))
        findings = sorted({*findings, *walked.findings})
    wrong = errors(findings)
    if as_json:
        say_json([_finding_document(finding) for finding in findings])
    else:
        for finding in findings:
            show_finding(finding)
        warnings = len(findings) - len(wrong)
        if walked is not None:
            say(walked.summary)
        if not wrong:
            for told in _answers_to(paths or (HOME / "callflows",)):
                say(told)
        say(f"{_count(len(wrong), 'error')}, {_count(warnings, 'warning')}" if findings else "all is well")
    if wrong:
        raise SystemExit(1)


def _answers_to(paths: tuple[Path, ...]) -> list[str]:
    """What each line of whole folders answers to, however a carrier writes its number."""
    found = []
    for folder in sorted({path for path in _spread(paths) if path.is_dir() and line_ids(path)}):
        for line in load_plan(folder).lines.values():
            found.append(f"{line.id} answers to {', '.join(spellings(line.number))}")
    return found


@dataclass(frozen=True, slots=True)
class _Walk:
    findings: tuple[Finding, ...]
    summary: str


def _walk(paths: tuple[Path, ...]) -> _Walk:
    """Everything in the folders that the paths lie in."""
    from ivr.cli.exhaustive import summary, walk_everything

    folders = {path if path.is_dir() else path.parent for path in _spread(paths)}
    folders = {folder.parent if folder.name == "shared" else folder for folder in folders}
    walks = [walk_everything(folder) for folder in sorted(folders) if line_ids(folder)]
    found = tuple(finding for walk in walks for finding in walk.findings)
    return _Walk(found, "\n".join(summary(walk.proof) for walk in walks))


def check_files(paths: tuple[Path, ...]) -> list[Finding]:
    """All findings in callflows and policies, whichever the paths are; a folder that holds both is looked into."""
    callflows, found = [], set[Finding]()
    for path in _spread(paths):
        policy = path / POLICY if path.is_dir() else path
        if policy.name == POLICY and (policy.exists() or path.name == "recordings-policy"):
            beside = policy.parent.parent / "callflows"
            lines = line_ids(beside if beside.is_dir() else HOME / "callflows")
            found.update(check_policy(policy, lines))
        else:
            callflows.append(path)
    found.update(check_paths(callflows))
    return sorted(found)


def empty_groups(paths: tuple[Path, ...], state: Path) -> list[Finding]:
    """Groups of the running house's callflows that nobody is in; nothing is known of a house without volunteers."""
    callflows = config_of(state).callflows
    people = kept(state, Volunteer)
    looked_at = {path.resolve() for path in _spread(paths)}
    if not people or not {callflows.resolve(), (callflows / GROUPS).resolve()} & looked_at:
        return []
    findings = Findings()
    for group, place in group_places(callflows).items():
        if not any(who.group == group for who in people):
            findings.warn(place, f"nobody is in the group `{group}`", f"ivr volunteer add NAME --group {group}")
    return list(findings.all())


def _spread(paths: tuple[Path, ...]) -> list[Path]:
    spread: list[Path] = []
    for path in paths:
        inner = [path / name for name in ("callflows", "recordings-policy") if (path / name).is_dir()]
        spread += inner or [path]
    return spread


@click.command()
@click.argument("line")
@click.option("--at", metavar="ISO", help="At this moment instead of now; without an offset it is local time.")
@click.option("--days", type=click.IntRange(1, 800), help="List what is open in so many days from then on.")
@callflows_option
@common
def hours(line: str, at: str | None, days: int | None, callflows: Path | None, state: Path, as_json: bool) -> None:
    """Is LINE open? Since when, until when, when next, and by which rule; by hand included, from now on.

    Example: ivr hours bornetelefonen --at 2012-04-14T14:00
    """
    found = line_of(line, plan_of(callflows_of(callflows, state)))
    by_hand = overrides(state)
    try:
        moment = moment_of(at, found.hours.tz) if at else by_hand.now
    except ValueError as problem:
        raise click.BadParameter(str(problem), param_hint="--at") from None
    zone = ZoneInfo(found.hours.tz)
    override = by_hand.of.get(found.id) if moment >= by_hand.now - timedelta(minutes=1) else None
    answer = standing(found.hours, moment, override)
    spans = coming_spans(found.hours, moment, days) if days else ()
    if as_json:
        document = hours_document(found, moment, answer)
        if days:
            document["spans"] = [_span_document(span, zone) for span in spans]
        say_json(document)
        return
    _say_standing(found, moment, answer, zone)
    for span in spans:
        say(f"  {_day(span.start, zone)} - {_day(span.end, zone)}  {span.service:5}  {span.rule}")


def hours_document(line: Line, at: datetime, answer: Standing) -> dict[str, object]:
    """The answer as others read it; moments in the line's local time, with their offset."""
    zone = ZoneInfo(line.hours.tz)
    return {
        "line": line.id,
        "at": _iso(at, zone),
        "open": answer.open,
        "opens": _iso(answer.opens, zone),
        "closes": _iso(answer.closes, zone),
        "next_opening": _iso(answer.next_opening, zone),
        "service": answer.service,
        "answered_by_line": answer.by_line,
        "rule": answer.rule,
    }


@click.group()
def prompts() -> None:
    """What callers hear.

    Example: ivr prompts build
    """


@prompts.command("build")
@click.option("--music", "with_music", is_flag=True, help="Compose the waiting music anew, too.")
@callflows_option
@common
def build(with_music: bool, callflows: Path | None, state: Path, as_json: bool) -> None:
    """Make placeholder audio for every text that is new or changed. Real recordings are never touched.

    Example: ivr prompts build
    """
    from ivr.callflow import music
    from ivr.callflow.composer import build_music
    from ivr.callflow.speech import SpeechError, build_placeholders

    callflows = callflows_of(callflows, state)
    try:
        made = build_placeholders(callflows, (lambda _: None) if as_json else lambda prompt: say(f"  {prompt.id}"))
        composed = build_music(callflows) if with_music or not music(callflows) else None
    except SpeechError as problem:
        raise Trouble(str(problem)) from None
    except OSError as problem:
        raise Trouble(f"the audio cannot be written below {callflows} ({problem.strerror}).") from None
    if as_json:
        say_json({"made": list(made), "music": composed is not None})
    else:
        say(f"{_count(len(made), 'placeholder')} made{', music composed' if composed else ''}")


def plan_of(callflows: Path) -> Plan:
    try:
        return load_plan(callflows)
    except CallflowError as problem:
        raise Trouble(str(problem)) from None


def line_of(name: str, plan: Plan) -> Line:
    line = plan.lines.get(LineId(name))
    if line is None:
        raise click.BadParameter(f"there is no line {name!r}; {one_of(name, plan.lines)}", param_hint="LINE")
    return line


def show_finding(finding: Finding, err: bool = False) -> None:
    """The finding, the line of the file, and a caret under the place."""
    click.echo(str(finding), err=err)
    found = excerpt(finding)
    if found is not None:
        line, caret = found
        click.echo(f"    {line}\n    {caret}", err=err)


def _finding_document(finding: Finding) -> dict[str, object]:
    return {
        "file": shown_path(finding.place.file),
        "line": finding.place.line,
        "column": finding.place.column,
        "severity": Severity(finding.severity).value,
        "what": finding.what,
        "instead": finding.instead,
    }


def _span_document(span: Span, zone: ZoneInfo) -> dict[str, object]:
    return {
        "start": _iso(span.start, zone),
        "end": _iso(span.end, zone),
        "service": span.service,
        "answered_by_line": by_line(span),
        "rule": span.rule,
    }


def _say_standing(line: Line, at: datetime, answer: Standing, zone: ZoneInfo) -> None:
    say(f"{line.name} ({line.id}), {_day(at, zone)}")
    if answer.open:
        since = f" since {_day(answer.opens, zone)}" if answer.opens else ""
        until = f" until {_day(answer.closes, zone)}" if answer.closes else ""
        whose = f", answered by {answer.by_line}" if answer.by_line else ""
        say(f"open{since}{until}, {'night line' if answer.service is Service.NIGHT else 'day service'}{whose}")
    else:
        say("closed")
    say(f"next opening: {_day(answer.next_opening, zone) if answer.next_opening else 'none is known'}")
    say(f"rule: {answer.rule}")


def _iso(moment: datetime | None, zone: ZoneInfo) -> str | None:
    return moment.astimezone(zone).isoformat(timespec="seconds") if moment else None


def _day(moment: datetime, zone: ZoneInfo) -> str:
    return moment.astimezone(zone).strftime("%a %Y-%m-%d %H:%M %Z")


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"
