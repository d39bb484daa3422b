"""What happened: `ivr calls`, `ivr events`, `ivr report`. They read the log, whether the controller runs or not."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, TypeVar

import click

from ivr.cli.books import Books, opened
from ivr.cli.common import Trouble, common, say, say_json
from ivr.core.ids import CallId
from ivr.reports import show_handovers, show_missed
from ivr.reports.calls import CallRecord
from ivr.reports.calls import as_json as call_as_json
from ivr.reports.handovers import Handovers, handovers
from ivr.reports.missed import ZONE, Days, Missed, missed
from ivr.sinks.feed import Event

NOTHING_YET = "nothing has run on this state directory; start the line with `ivr up`, then call it with `ivr call`."
LOOK_AGAIN_S = 0.5

SHAPES = ("table", "json", "csv", "html", "pdf")

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])


class Moment(click.ParamType[Any]):
    """ISO 8601; without an offset it is Danish local time (of an hour that comes twice: the first). Aware UTC."""

    name = "iso"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        if isinstance(value, datetime):
            return value
        try:
            at = datetime.fromisoformat(value)
            return (at if at.tzinfo else at.replace(tzinfo=ZONE)).astimezone(UTC)
        except (ValueError, OverflowError):
            self.fail("write a moment like 2026-03-01T18:00 or 2026-03-01T17:00:00Z.", param, ctx)


class Day(click.ParamType[Any]):
    name = "day"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        if isinstance(value, date):
            return value
        try:
            return date.fromisoformat(value)
        except ValueError:
            self.fail("write a day like 2026-03-01.", param, ctx)


# ---------------------------------------------------------------- calls


@click.command()
@click.option("--since", type=Moment(), help="Calls that came at this moment or later (no offset: Danish time).")
@click.option("--until", type=Moment(), help="Calls that came before this moment.")
@click.option("--line", help="Only this line, e.g. bornetelefonen.")
@click.option("--follow", is_flag=True, help="Go on, and show each call when it has ended.")
@common
def calls(
    state: Path, as_json: bool, since: datetime | None, until: datetime | None, line: str | None, follow: bool
) -> None:
    """The call log: every ended call with its one outcome, oldest first.

    Example: ivr calls --since 2026-03-01 --line bornetelefonen
    """
    if follow:
        _until_stopped(_follow_calls(state, as_json, since, until, line))
        return
    with opened(state) as books:
        records = [] if books is None else _asked(lambda: books.records(since, until, line))
    if as_json:
        say_json([call_as_json(record) for record in records])
    elif records:
        for record in records:
            say(_call_line(record))
    else:
        say(f"no calls yet: {NOTHING_YET}" if books is None else "no calls: none that ended fits what you asked for.")


async def _follow_calls(
    state: Path, as_json: bool, since: datetime | None, until: datetime | None, line: str | None
) -> None:
    show: Callable[[CallRecord], None] = (
        (lambda record: say_json(call_as_json(record))) if as_json else (lambda record: say(_call_line(record)))
    )
    with opened(await _there(state)) as books:
        assert books is not None
        at = books.feed.last()
        known: set[CallId] = set()
        for record in _asked(lambda: books.records(since, until, line)):
            known.add(record.call)
            show(record)
        async for events in books.feed.follow(at):
            for event in events:
                if event["type"] != "voiceline.call_ended":
                    continue
                ended = books.record(CallId(event["subject"]))
                if ended is None or ended.call in known:
                    continue
                known.add(ended.call)
                early = since is not None and ended.arrived_at < since
                late = until is not None and ended.arrived_at >= until
                if not early and not late and line in (None, ended.line):
                    show(ended)


def _call_line(record: CallRecord) -> str:
    parts = [f"{record.arrived_at.astimezone(ZONE):%Y-%m-%d %H:%M:%S}", f"{record.line:<18}", record.outcome.value]
    if record.answered_by is not None:
        parts[-1] += f" by {record.answered_by}"
    if record.waited_s is not None:
        parts.append(f"waited {_length(record.waited_s)}")
    if record.talk_s is not None:
        parts.append(f"talked {_length(record.talk_s)}")
    parts.append(f"ended by {record.ended_by.value}")
    if record.rings:
        rings = ", ".join(f"{ring.volunteer} {ring.result.value} {_length(ring.rang_s)}" for ring in record.rings)
        parts.append(f"rings: {rings}")
    if record.steps:
        parts.append(f"steps: {' > '.join(record.steps)}")
    return "  ".join(parts)


def _length(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


# ---------------------------------------------------------------- events


@click.command()
@click.option("--after", type=click.IntRange(min=0), default=0, show_default=True, help="Only events after this id.")
@click.option("--follow", is_flag=True, help="Go on, and show each event when it happens.")
@common
def events(state: Path, as_json: bool, after: int, follow: bool) -> None:
    """The event feed, as CloudEvents; the last id you saw is what you give to --after.

    Example: ivr events --after 120 --follow --json
    """
    if follow:
        _until_stopped(_follow_events(state, as_json, after))
        return
    found: list[Event] = []
    with opened(state) as books:
        while books is not None and (more := books.feed.after(after, 1000)):
            found += more
            after = int(more[-1]["id"])
    if as_json:
        say_json(found)
    elif found:
        for event in found:
            say(_event_line(event))
    else:
        say(f"no events yet: {NOTHING_YET}" if books is None else "no events after that one.")


async def _follow_events(state: Path, as_json: bool, after: int) -> None:
    with opened(await _there(state)) as books:
        assert books is not None
        async for found in books.feed.follow(after):
            for event in found:
                if as_json:
                    say_json(event)
                else:
                    say(_event_line(event))


def _event_line(event: Event) -> str:
    at = datetime.fromisoformat(event["time"]).astimezone(ZONE)
    told = {name: value for name, value in event["data"].items() if name != "at" and value is not None}
    words = " ".join(f"{name}={value if isinstance(value, str) else json.dumps(value)}" for name, value in told.items())
    return f"{event['id']:>6}  {at:%Y-%m-%d %H:%M:%S}  {event['type'].removeprefix('voiceline.'):<20} {words}"


# ---------------------------------------------------------------- reports


@click.group()
def report() -> None:
    """Reports for managers.

    Example: ivr report missed --from 2026-03-01 --to 2026-03-31
    """


def about_days(command: F) -> F:
    """Which days and which line a report is about, in which form, and where to."""
    options = (
        click.option("--from", "first", type=Day(), required=True, help="The first day."),
        click.option("--to", "last", type=Day(), required=True, help="The last day; it is included."),
        click.option("--line", help="Only this line, e.g. bornetelefonen."),
        click.option("--format", "shape", type=click.Choice(SHAPES), help="[default: table]"),
        click.option("-o", "--output", "file", type=click.Path(path_type=Path, dir_okay=False), help="A file."),
    )
    for option in reversed(options):
        command = option(command)
    return common(command)


@report.command(name="missed")
@about_days
def missed_calls(
    state: Path, as_json: bool, first: date, last: date, line: str | None, shape: str | None, file: Path | None
) -> None:
    """Missed calls by reason, hour and line. Days and hours are Danish; a call belongs to the hour in which it came.

    Example: ivr report missed --from 2026-03-01 --to 2026-03-31 --format csv -o march.csv
    """
    form = _shape(as_json, shape)
    with opened(state) as books:
        found = _asked(lambda: _missed(books, first, last, line))
    show = {"json": _json_text, "csv": show_missed.as_csv, "table": show_missed.as_table}
    _put(show[form](found), file)


@report.command(name="handovers")
@about_days
def all_handovers(
    state: Path, as_json: bool, first: date, last: date, line: str | None, shape: str | None, file: Path | None
) -> None:
    """Hand-overs between day and night: when, why, who waited through each and for how many seconds. Days are Danish.

    Example: ivr report handovers --from 2026-03-01 --to 2026-03-31
    """
    form = _shape(as_json, shape)
    with opened(state) as books:
        found = _asked(lambda: _handovers(books, first, last, line))
    as_text = {"csv": show_handovers.as_csv, "table": show_handovers.as_table}
    json_text = json.dumps(show_handovers.as_json(found), ensure_ascii=False) + "\n"
    _put(json_text if form == "json" else as_text[form](found), file)


def _shape(as_json: bool, shape: str | None) -> str:
    if as_json and shape not in (None, "json"):
        raise click.UsageError("--json and another --format were asked for; give one of them.")
    if shape in ("html", "pdf"):
        raise click.UsageError(f"the {shape} form is not there yet; use --format table, json or csv.")
    return "json" if as_json else shape or "table"


def _put(text: str, file: Path | None) -> None:
    if file is None:
        click.echo(text, nl=False)
        return
    try:
        with file.open("w", encoding="utf-8", newline="") as out:
            out.write(text)
    except OSError:
        raise Trouble(f"{file} cannot be written; name a file in a directory that you may write to.") from None


def _handovers(books: Books | None, first: date, last: date, line: str | None) -> Handovers:
    return handovers(Days(first, last), None, ()) if books is None else books.handovers_report(first, last, line)


def _missed(books: Books | None, first: date, last: date, line: str | None) -> Missed:
    return missed(Days(first, last), None, (), ()) if books is None else books.missed_report(first, last, line)


def _json_text(found: Missed) -> str:
    return json.dumps(show_missed.as_json(found), ensure_ascii=False) + "\n"


# ---------------------------------------------------------------- all of them


def _asked(question: Callable[[], T]) -> T:
    """What was asked for cannot be: used wrongly, exit code 2."""
    try:
        return question()
    except ValueError as wrong:
        raise click.UsageError(f"{wrong}.") from None


async def _there(state: Path) -> Path:
    """Wait until something has been written."""
    while True:
        with opened(state) as books:
            if books is not None:
                return state
        await asyncio.sleep(LOOK_AGAIN_S)


def _until_stopped(following: Coroutine[Any, Any, None]) -> None:
    try:
        asyncio.run(following)
    except KeyboardInterrupt:
        return
