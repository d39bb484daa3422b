"""`ivr simulate`: what a caller would hear and where they would end, without Asterisk."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import click

from ivr.callflow.prompts import Prompts, find_prompts, spoken_text
from ivr.callflow.standing import moment_of
from ivr.callflow.steps import KEYS
from ivr.cli.callflow import callflows_of, callflows_option, line_of, plan_of
from ivr.cli.common import common, say, say_json
from ivr.core.flow import Line, Plan
from ivr.core.hours import compile_hours
from ivr.core.ids import GroupId, PromptId
from ivr.core.spoken import fragments
from ivr.twin.exchange import KEEPS_SILENT, Caller, Setting, Staff, simulate
from ivr.twin.story import Ended, Ending, Entered, Event, Gone, Music, Pressed, Rang, Spoke, Story, Words

BACK, AHEAD = timedelta(days=3), timedelta(days=800)
LOOK_S = 12 * 3600.0
ENDINGS: Mapping[Ending, str] = {
    Ending.PERSON: "talks with a volunteer",
    Ending.QUEUE: "still waits in the queue",
    Ending.WORDS: "is told so and hung up on",
    Ending.LEFT: "has hung up",
    Ending.SILENCE: "IS LEFT IN SILENCE",
    Ending.APOLOGY: "HEARS THAT OUR SIDE FAILED",
    Ending.LAST_RESORT: "IS HANDED TO THE LAST RESORT",
}


@click.command(name="simulate")
@click.argument("line")
@click.option("--at", metavar="ISO", help="When they call; without an offset local time. Without it: now.")
@click.option("--digits", default="", help="Keys for the menus in turn, e.g. 1,2; - presses nothing.")
@click.option("--volunteers", type=click.IntRange(0, 50), default=1, show_default=True, help="On duty, in every group.")
@click.option("--nobody-answers", is_flag=True, help="Their phones ring and nobody picks up.")
@click.option("--wait", "wait_s", type=click.FloatRange(1, LOOK_S), help="The caller hangs up after so many seconds.")
@callflows_option
@common
def simulate_call(
    line: str,
    at: str | None,
    digits: str,
    volunteers: int,
    nobody_answers: bool,
    wait_s: float | None,
    callflows: Path | None,
    state: Path,
    as_json: bool,
) -> None:
    """What a caller to LINE would hear, and where they would end: the same rules as the live line, in no time.

    Example: ivr simulate bornetelefonen --at 2026-12-24T03:58 --volunteers 0
    """
    folder = callflows_of(callflows, state)
    plan = plan_of(folder)
    found = line_of(line, plan)
    try:
        moment = moment_of(at, found.hours.tz) if at else datetime.now(UTC)
    except ValueError as problem:
        raise click.BadParameter(str(problem), param_hint="--at") from None
    prompts = find_prompts(folder)
    staff = Staff(dict.fromkeys(groups_of(plan), volunteers), None if nobody_answers else 4.0)
    caller = Caller(keys_of(digits), wait_s)
    story = simulate(setting_of(plan, prompts, moment), found.id, moment, staff, caller, LOOK_S)
    if as_json:
        say_json(document(story, found, prompts))
        return
    zone = ZoneInfo(found.hours.tz)
    when = f"{moment.astimezone(zone):%a %Y-%m-%d %H:%M %Z}"
    say(f"{found.name} ({found.id}), {when}, volunteers in each group: {volunteers}")
    for event in story.events:
        for row in told(event, story, prompts):
            say(row)
    say(f"The caller {ENDINGS[story.ending]}.")


def groups_of(plan: Plan) -> set[GroupId]:
    return {group for line in plan.lines.values() for tier in line.tiers.values() for group in tier}


def setting_of(plan: Plan, prompts: Prompts, moment: datetime) -> Setting:
    day = moment.date()
    tables = {each.id: compile_hours(each.hours, day - BACK, day + AHEAD) for each in plan.lines.values()}
    return Setting(plan, tables, {key: prompt.seconds for key, prompt in prompts.items() if prompt.sound})


def keys_of(digits: str) -> tuple[str, ...]:
    keys = tuple(KEEPS_SILENT if key == "-" else key for key in digits.replace(",", "").replace(" ", ""))
    for key in keys:
        if key != KEEPS_SILENT and key not in KEYS:
            raise click.BadParameter(f"{key!r} is no key of a telephone: use 0-9, * and #", param_hint="--digits")
    return keys


# ---------------------------------------------------------------- as people read it


def told(event: Event, story: Story, prompts: Prompts) -> Iterator[str]:
    """Rows for one event; seconds since the call came."""
    after = f"{(event.at - story.at).total_seconds():8.1f} s  "
    match event:
        case Entered():
            elsewhere = f"{event.line}: " if event.line != story.line else ""
            yield f"{after}{elsewhere}{event.step}"
        case Words():
            texts = [text_of(event.language, prompt, prompts) for prompt in event.prompts]
            for text in [" ".join(texts)] if set(event.prompts) <= set(fragments()) else texts:
                yield f"{' ' * 12}“{text}”"
            if not event.heard:
                yield f"{' ' * 12}(not heard: a sound is missing)"
        case Music():
            yield f"{after}music"
        case Pressed():
            yield f"{after}presses {event.digit}"
        case Rang():
            yield f"{after}{event.volunteer}'s phone rings"
        case Spoke():
            yield f"{after}{event.volunteer} picks up: they hear each other"
        case Gone():
            yield f"{after}hangs up"
        case Ended():
            yield f"{after}outcome: {event.outcome}, ended by {event.by}"


def text_of(language: str, prompt: PromptId, prompts: Prompts) -> str:
    found = prompts.get((language, prompt))
    return (spoken_text(found) if found is not None else "") or f"[{prompt}]"


def document(story: Story, line: Line, prompts: Prompts) -> dict[str, object]:
    """One JSON object; keys pressed are in it, since this caller is made up."""
    zone = ZoneInfo(line.hours.tz)
    return {
        "line": story.line,
        "at": story.at.astimezone(zone).isoformat(timespec="seconds"),
        "ending": story.ending,
        "outcome": next((event.outcome for event in story.events if isinstance(event, Ended)), None),
        "seconds": round(story.took.total_seconds(), 3),
        "longest_silence_s": round(story.silent_s, 3),
        "steps": story.steps,
        "events": [_event(event, story, prompts) for event in story.events],
    }


def _event(event: Event, story: Story, prompts: Prompts) -> dict[str, object]:
    row: dict[str, object] = {"after_s": round((event.at - story.at).total_seconds(), 3)}
    match event:
        case Entered():
            return {**row, "event": "step", "line": event.line, "step": event.step}
        case Words():
            words = [text_of(event.language, prompt, prompts) for prompt in event.prompts]
            return {**row, "event": "words", "language": event.language, "prompts": event.prompts, "text": words}
        case Music():
            return {**row, "event": "music"}
        case Pressed():
            return {**row, "event": "pressed", "digit": event.digit}
        case Rang():
            return {**row, "event": "ringing", "volunteer": event.volunteer}
        case Spoke():
            return {**row, "event": "talking", "volunteer": event.volunteer}
        case Gone():
            return {**row, "event": "hung_up"}
        case Ended():
            return {**row, "event": "ended", "outcome": event.outcome, "ended_by": event.by}
