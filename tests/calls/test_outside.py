"""What the rest of the organisation sees of a call: events, reports, the page; over HTTP and from the command line."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import subprocess
import sys

import pytest

from sip.phone.own import OwnPhone
from tests.rigs.line import CARRIER, CHECKOUT, LiveLine, next_line, until

pytestmark = pytest.mark.asterisk


def one_short_call(line: LiveLine) -> str:
    """A caller who hangs up in the greeting; the call's id."""

    async def story() -> None:
        async with await OwnPhone.open(bind=CARRIER) as carrier:
            call = await line.call(carrier)
            await call.until_sound(3.0)
            await call.hangup()

    before = len(line.calls())
    asyncio.run(story())
    return str(line.last_call(before + 1)["call"])


def test_every_step_of_a_call_is_an_event_for_who_has_a_token_and_for_nobody_else(line: LiveLine) -> None:
    call = one_short_call(line)
    assert line.api("/api/events?after=0")[0] == 401
    assert line.api("/api/events?after=0", "wrong")[0] == 401
    token = line.secrets["api_token"]
    status, body = line.api("/api/events?after=0&limit=1000", token)
    assert status == 200
    ours = [event for event in json.loads(body) if event["data"].get("call") == call]
    assert [event["type"] for event in ours] == [
        "voiceline.call_started",
        "voiceline.step_entered",
        "voiceline.call_ended",
    ]
    assert all(event["specversion"] == "1.0" for event in ours)
    assert ours[-1]["data"]["outcome"] == "ended_in_menu"
    status, body = line.api(f"/api/events?after={ours[-1]['id']}", token)
    assert all(int(event["id"]) > int(ours[-1]["id"]) for event in json.loads(body))


def test_a_token_opens_only_what_it_is_for(line: LiveLine) -> None:
    made = json.loads(line.ivr("token", "create", "--scope", "events:read", "--json"))
    assert line.api("/api/events?after=0", made["token"])[0] == 200
    assert line.api("/api/calls", made["token"])[0] == 403


def test_events_are_followed_as_they_happen(line: LiveLine) -> None:
    last = line.events()[-1]["id"]
    following = subprocess.Popen(
        [sys.executable, "-m", "ivr", "events", "--after", str(last), "--follow", "--json", "--state", str(line.state)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=CHECKOUT,
    )
    try:
        call = one_short_call(line)
        seen: list[str] = []
        while "voiceline.call_ended" not in seen:
            event = json.loads(next_line(following, 20.0))
            if event["data"].get("call") == call:
                seen.append(event["type"])
        assert seen == ["voiceline.call_started", "voiceline.step_entered", "voiceline.call_ended"]
    finally:
        following.terminate()
        following.communicate(timeout=10)


def test_the_missed_call_report_counts_the_call_in_its_hour(line: LiveLine) -> None:
    def ended_in_menu() -> int:
        text = line.ivr("report", "missed", "--from", "2026-03-02", "--to", "2026-03-02", "--format", "csv")
        rows = list(csv.DictReader(io.StringIO(text)))
        return sum(int(row["ended_in_menu"]) for row in rows if (row["row"], row["line"]) == ("hour", "bornetelefonen"))

    before = ended_in_menu()
    one_short_call(line)
    until(lambda: ended_in_menu() == before + 1 or None, "the report counts it")


def test_the_page_and_the_health_checks_are_there_without_a_token_and_name_nobody(line: LiveLine) -> None:
    status, page = line.api("/")
    assert status == 200
    assert b"116111" in page or b"board.json" in page
    status, board = line.api("/board.json")
    assert status == 200
    assert b"anna" not in board
    assert json.loads(board)["ready"] is True
    assert line.api("/healthz")[0] == 200
    assert line.api("/readyz")[0] == 200
