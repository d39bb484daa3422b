"""`ivr status`: what the running controller says of itself, for people."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from ivr.app import control
from ivr.cli.common import Trouble, common, say, say_json
from ivr.core.ids import LineId


@click.command()
@common
def status(state: Path, as_json: bool) -> None:
    """What runs, which line is open and why, who is on duty, who waits, what is wrong.

    Example: ivr status
    """
    try:
        told = control.ask(state, "status")
    except control.NobodyThere:
        raise Trouble("no controller runs on this state directory: start one with ivr up (or make run).") from None
    except control.Refused as refused:
        raise Trouble(str(refused)) from None
    if as_json:
        say_json(told)
    else:
        for line in status_lines(told):
            say(line)
    if told["wrong"]:
        raise SystemExit(1)


def status_lines(told: control.Answer) -> list[str]:
    asterisk, lines, people, wrong = told["asterisk"], told["lines"], told["volunteers"], told["wrong"]
    assert isinstance(asterisk, dict)
    assert isinstance(lines, list)
    assert isinstance(people, list)
    assert isinstance(wrong, list)
    found = [f"Asterisk {asterisk['version']} (process {asterisk['pid']}), controller process {told['pid']}"]
    found += front_lines(told.get("front"))
    found += tls_lines(told.get("tls"))
    for line in lines:
        door = f"open, {line['service']} service" if line["open"] else f"closed, opens {line['next_opening']}"
        found.append(
            f"{LineId(line['line'])} {line['number']}: {door} ({line['rule']}); waiting {line['waiting']}, "
            f"talking {line['talking']}, volunteers {line['volunteers_reachable']}"
        )
    keys = " (the caller answers with keys)"
    found += [f"  {who['name']:<16} {who['group']:<12} {who['state']}{keys if who['yes_no'] else ''}" for who in people]
    found += [f"! {each}" for each in wrong]
    return found


def front_lines(front: object) -> list[str]:
    """None from a controller of an older version, and none of a front that does not run: that is told as wrong."""
    if not isinstance(front, dict):
        return []
    if front["mode"] == "direct":
        return ["no front before Asterisk (direct), so:", *(f"  {each}" for each in front["missing"])]
    if front["pid"] is None:
        return []
    since = datetime.fromisoformat(str(front["since"])).astimezone(UTC)
    refused = [
        f"  refused: {each['calls']} of {each['trunk']} with {each['code']}, dialled as {each['form']}"
        for each in front["refused"]
    ]
    running = f"front: Kamailio {front['version']} (process {front['pid']}), running since {since:%Y-%m-%d %H:%M} UTC"
    return [running, *refused]


def tls_lines(tls: object) -> list[str]:
    """None from a controller of an older version, and none before it has looked."""
    if not isinstance(tls, dict) or tls["until"] is None:
        return []
    whose = "the house's own" if tls["own_ca"] is None else f"of our own CA ({tls['own_ca']})"
    age, left = tls["age_days"], tls["days_left"]
    return [f"phones: TLS {tls['server']}, SRTP {tls['srtp']}; certificate {whose}, {age} days old, ends in {left}"]
