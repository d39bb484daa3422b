"""`ivr publish`: checked callflows take effect in the running line, and every version can be taken back."""

from __future__ import annotations

import getpass
import re
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import click

from ivr.app import control
from ivr.callflow import CallflowError, read_folder
from ivr.callflow.versions import How, Row, UnknownVersion, Versions
from ivr.cli.callflow import show_finding
from ivr.cli.common import Trouble, common, say, say_json
from ivr.cli.config import config_of
from ivr.cli.prepare import make_state
from ivr.core.flow import Plan
from ivr.source.findings import errors

HERE = ZoneInfo("Europe/Copenhagen")


@click.command()
@click.option("--note", default="", help="Why; stands in the list of versions.")
@click.option("--rollback", "back", is_flag=True, help="Go back to the version before, or to VERSION.")
@click.option("--list", "listed", is_flag=True, help="What was in force since when, by whom and why.")
@click.option("--try", "tried", metavar="LINE", help="Let this line of the files be tried on a number of its own.")
@click.option("--number", help="The number for --try.")
@click.option("--end-try", is_flag=True, help="The number for trying is gone again.")
@click.argument("version", required=False)
@common
def publish(
    note: str,
    back: bool,
    listed: bool,
    tried: str | None,
    number: str | None,
    end_try: bool,
    version: str | None,
    state: Path,
    as_json: bool,
) -> None:
    """Check the callflows and let them take effect, while calls go on.

    Who is on the line finishes on the version they started on; whoever calls next meets the new one.

    Example: ivr publish --note "new greeting"
    """
    if sum((back, listed, tried is not None, end_try)) > 1:
        raise click.UsageError("choose one of --rollback, --list, --try and --end-try.")
    if version is not None and not back:
        raise click.UsageError("a VERSION is only named with --rollback.")
    place = make_state(state)
    if listed:
        show_list(Versions(place).rows(), as_json)
    elif end_try:
        tell(ask(place, "end_try"), "The number for trying is gone.", as_json)
    elif tried is not None:
        try_draft(place, tried, number, as_json)
    elif back:
        roll_back(place, version, note, as_json)
    else:
        publish_files(place, note, as_json)


def publish_files(state: Path, note: str, as_json: bool) -> None:
    plan = keep_checked(state, as_json)
    versions = Versions(state)
    values = {"version": plan.version, "how": How.PUBLISHED.value, "by": getpass.getuser(), "note": note}
    try:
        told = control.ask(state, "publish", **values)
    except control.Refused as refused:
        raise Trouble(str(refused)) from None
    except control.NobodyThere:
        versions.note(plan.version, How.PUBLISHED, getpass.getuser(), note)
        tell({"version": plan.version, "running": False}, f"{plan.version} is in force from the next ivr up.", as_json)
        return
    older = told.get("calls_on_older")
    going_on = f" {older} calls finish on the version before." if older else ""
    tell({**told, "running": True}, f"{plan.version} is in force.{going_on}", as_json)


def keep_checked(state: Path, as_json: bool) -> Plan:
    """The files on disk as a version that is kept. Every finding is shown; raises `SystemExit` when one is an error."""
    callflows = config_of(state).callflows
    findings = read_folder(callflows).findings
    if errors(findings):
        for finding in findings:
            show_finding(finding, err=True)
        if as_json:
            say_json({"published": False, "findings": [str(finding) for finding in findings]})
        raise Trouble("nothing was published, the running line goes on as before; correct this and publish again.")
    try:
        return Versions(state).keep(callflows)
    except CallflowError:
        raise Trouble("the files changed while they were read; nothing was published, publish again.") from None
    except OSError as wrong:
        raise Trouble(f"the version cannot be kept below {state} ({wrong.strerror}).") from None


def roll_back(state: Path, version: str | None, note: str, as_json: bool) -> None:
    versions = Versions(state)
    target = version or versions.before()
    if target is None:
        raise Trouble("there is no version before: ivr publish --list shows what was in force.")
    try:
        versions.folder(target)
    except UnknownVersion as wrong:
        raise Trouble(f"{wrong}.") from None
    values = {"version": target, "how": How.ROLLED_BACK.value, "by": getpass.getuser(), "note": note}
    try:
        told = control.ask(state, "publish", **values)
    except control.Refused as refused:
        raise Trouble(str(refused)) from None
    except control.NobodyThere:
        versions.note(target, How.ROLLED_BACK, getpass.getuser(), note)
        told = {"version": target}
    words = f"{target} is in force again. The files on disk are as they were: correct them, then ivr publish."
    tell(told, words, as_json)


def try_draft(state: Path, line: str, number: str | None, as_json: bool) -> None:
    if number is None or re.fullmatch(r"[0-9]{3,15}", number) is None:
        raise click.UsageError("--try needs --number and 3 to 15 digits, e.g. --number 9901.")
    plan = keep_checked(state, as_json)
    told = ask(state, "try", version=plan.version, line=line, number=number)
    tell(
        told,
        f"Call {number} to try {line} as it is on disk (ivr call {number}); ivr publish --end-try ends it.",
        as_json,
    )


def ask(state: Path, do: str, **values: object) -> control.Answer:
    try:
        return control.ask(state, do, **values)
    except control.NobodyThere:
        raise Trouble("no controller runs on this state directory: start one with ivr up.") from None
    except control.Refused as refused:
        raise Trouble(str(refused)) from None


def show_list(rows: list[Row], as_json: bool) -> None:
    if as_json:
        say_json(
            [
                {
                    "version": row.version,
                    "at": local(row.at).isoformat(timespec="seconds"),
                    "how": row.how,
                    "by": row.by,
                    "note": row.note,
                    "instead_of": row.instead_of,
                }
                for row in rows
            ]
        )
        return
    if not rows:
        say("nothing was published yet")
    for number, row in enumerate(rows, 1):
        mark = "*" if number == len(rows) else " "
        say(f"{mark} {row.version}  {local(row.at):%a %Y-%m-%d %H:%M}  {row.how:<11}  {row.by}  {row.note}".rstrip())


def local(at: datetime) -> datetime:
    return at.astimezone(HERE)


def tell(document: control.Answer, words: str, as_json: bool) -> None:
    say_json(document) if as_json else say(words)
