"""Publishing while people are on the line: nobody is lost, who is here goes on, who comes meets the new."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from sip.phone.own import OwnCall, OwnPhone
from tests.calls.test_a_call import names
from tests.rigs.line import CARRIER, CHECKOUT, LiveLine, eventually, live_line

pytestmark = pytest.mark.asterisk

HOW_MANY = int(os.environ.get("VOICELINE_PUBLISH_CALLS", "20"))
"""Callers who are on the line during the change; set it higher for a run by hand."""
FILE = "bornetelefonen.yaml"
OLD, NEW = "on_nobody: ingen", "on_nobody: travlt"


@pytest.fixture(scope="module")
def open_line(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveLine]:
    """Open at noon; nobody answers BørneTelefonen, `dora` answers ForældreTelefonen."""
    with live_line(tmp_path_factory.mktemp("publish")) as line:
        line.ivr("volunteer", "add", "dora", "--group", "dag", "--line", "foraeldretelefonen")
        yield line


def edit(line: LiveLine, old: str, new: str) -> None:
    path = line.callflows / FILE
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def refused(line: LiveLine, *words: str) -> str:
    """What a command that is refused says."""
    done = subprocess.run(
        [sys.executable, "-m", "ivr", *words, "--state", str(line.state)],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=CHECKOUT,
        check=False,
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    return done.stderr


def in_force(line: LiveLine) -> str:
    return str(line.status()["plan"])


def test_publishing_during_live_calls_loses_none_of_them(open_line: LiveLine) -> None:
    line = open_line

    async def story() -> tuple[list[OwnCall], OwnCall]:
        async with await line.volunteer("dora") as dora, await OwnPhone.open(bind=CARRIER) as carrier:
            parent = await line.call(carrier, "35555557")
            talk = await (await dora.next_ring(25.0)).answer()
            await line.talk_stands()
            callers = [await line.call(carrier) for _ in range(HOW_MANY)]
            edit(line, OLD, NEW)
            told = json.loads(await asyncio.to_thread(line.ivr, "publish", "--note", "a busy evening", "--json"))
            assert told["calls_on_older"] == HOW_MANY + 1, "all of them are still on the line"
            late = await line.call(carrier)
            for call in (*callers, late):
                assert (await call.until_ended(60.0)).by == "them"
            assert parent.ended is None
            assert talk.ended is None
            await asyncio.gather(talk.hangup(), parent.until_ended(5.0))
            return callers, late

    before = len(line.calls())
    callers, late = asyncio.run(story())
    line.last_call(before + HOW_MANY + 2)
    records: list[dict[str, Any]] = line.ended()[before:]
    steps = [record["steps"] for record in records if record["line"] == "bornetelefonen"]
    assert len(steps) == HOW_MANY + 1
    assert all("ingen" in each and "travlt" not in each for each in steps[:HOW_MANY])
    assert "travlt" in steps[-1]
    assert "ingen" not in steps[-1]
    outcomes = [record["outcome"] for record in records]
    assert sorted(set(outcomes)) == ["answered", "not_admitted"]
    assert outcomes.count("answered") == 1
    for call in (callers[0], callers[-1]):
        assert names(line, call) == ["velkommen", "fare", "ingen", "skriv"]
    assert names(line, late) == ["velkommen", "fare", "travlt", "skriv"]
    assert not open_line.process or open_line.process.poll() is None
    line.empty()


def test_a_broken_file_is_refused_with_its_place_and_the_line_goes_on_as_before(open_line: LiveLine) -> None:
    line = open_line
    version = in_force(line)
    edit(line, "  slut: hangup", "  slut: hangpu")
    said = refused(line, "publish")
    assert f"{FILE}:" in said
    assert "the running line goes on" in said
    assert in_force(line) == version
    line.ivr("override", "bornetelefonen", "auto", "--reason", "commands go on working too")
    edit(line, "  slut: hangpu", "  slut: hangup")


def test_what_was_rolled_back_stays_back_over_a_restart_until_something_else_is_published(open_line: LiveLine) -> None:
    line = open_line
    first = in_force(line)
    edit(line, "max_wait: 45m", "max_wait: 40m")
    line.ivr("publish", "--note", "shorter")
    second = in_force(line)
    assert first != second
    line.ivr("publish", "--rollback", "--note", "a mistake")
    assert in_force(line) == first
    line.kill()
    line.start()
    assert in_force(line) == first
    assert "ROLLED BACK" in line.said.read_text(encoding="utf-8")
    edit(line, "max_wait: 40m", "max_wait: 35m")
    line.ivr("publish")
    rows = json.loads(line.ivr("publish", "--list", "--json"))
    assert [row["how"] for row in rows[-3:]] == ["published", "rolled_back", "published"]
    assert [row["note"] for row in rows[-3:]] == ["shorter", "a mistake", ""]
    assert rows[-1]["version"] == in_force(line)
    assert all(row["by"] for row in rows)


def test_a_draft_is_heard_on_its_own_number_and_children_hear_nothing_of_it(open_line: LiveLine) -> None:
    line = open_line
    edit(line, "play: [velkommen, fare]", "play: fare")
    version = in_force(line)
    line.ivr("publish", "--try", "bornetelefonen", "--number", "9901")

    async def story() -> tuple[OwnCall, OwnCall]:
        async with await OwnPhone.open(bind=CARRIER) as carrier:
            tried = await line.call(carrier, "9901")
            live = await line.call(carrier)
            await asyncio.gather(tried.until_ended(60.0), live.until_ended(60.0))
            return tried, live

    before = {record["call"] for record in line.calls()}
    tried, live = asyncio.run(story())
    line.last_call(len(before) + 2)
    assert names(line, tried)[0] == "fare"
    assert names(line, live)[0] == "velkommen"
    assert {record["line"] for record in line.calls() if record["call"] not in before} == {
        "bornetelefonen",
        "bornetelefonen-draft",
    }
    line.ivr("publish", "--end-try")
    assert in_force(line) == version
    edit(line, "play: fare", "play: [velkommen, fare]")


def test_who_saves_a_right_file_under_watch_has_it_published_and_a_wrong_one_changes_nothing(
    open_line: LiveLine,
) -> None:
    line = open_line
    line.kill()
    line.start("--watch")
    version = in_force(line)
    edit(line, "  slut: hangup", "  slut: hangpu")
    seen = line.said.read_text(encoding="utf-8").count("not used")

    async def story() -> None:
        await eventually(lambda: line.said.read_text(encoding="utf-8").count("not used") > seen, "it is said")
        assert in_force(line) == version
        edit(line, "  slut: hangpu", "  slut: hangup")
        edit(line, "max_wait: 35m", "max_wait: 30m")
        await eventually(lambda: in_force(line) != version, "the new version is in force")

    asyncio.run(story())
