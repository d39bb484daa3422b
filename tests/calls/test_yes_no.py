"""A caller who cannot speak presses 1 and 2, the volunteer hears yes and no, no file knows which: with real phones."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from ivr.app import control
from ivr.core.feature import NO, YES, YES_NO_BEGINS, YES_NO_ENDS
from sip.heard import Heard, hear
from sip.phone.own import OwnCall, OwnPhone
from tests.rigs.keys import press_by_info
from tests.rigs.line import CARRIER, LiveLine, eventually, live_line

pytestmark = pytest.mark.asterisk
TOLD = tuple(word.encode() for word in (YES + ".", NO + ".", YES + '"', NO + '"', "dtmf", "digit"))
"""What would tell a key, if it stood in a file: a word's file or name, or what Asterisk and we call a key."""


def without_greeting(line: LiveLine) -> None:
    path = line.callflows / "bornetelefonen.yaml"
    text = path.read_text(encoding="utf-8").replace("start: velkommen", "start: aabent")
    path.write_text(text, encoding="utf-8")


@pytest.fixture(scope="module")
def wordless(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveLine]:
    with live_line(tmp_path_factory.mktemp("wordless"), edit=without_greeting) as line:
        yield line


@pytest.fixture
def line(wordless: LiveLine) -> Iterator[LiveLine]:
    wordless.begin()
    yield wordless
    wordless.empty()


def anna(line: LiveLine) -> dict[str, Any]:
    found: dict[str, Any] = next(who for who in line.status()["volunteers"] if who["name"] == "anna")
    return found


async def until_told(line: LiveLine, talk: OwnCall, word: str, after: int = 0, within_s: float = 8.0) -> None:
    """Wait until the volunteer has heard this word, after so many samples of the recording."""
    only = {word: line.sounds[word]}
    deadline = time.monotonic() + within_s
    heard = list[Heard]()
    while not any(each.whole for each in heard):
        assert time.monotonic() < deadline, f"{word} was not heard within {within_s} s: {parts(talk, heard)}"
        await asyncio.sleep(0.1)
        heard = await asyncio.to_thread(hear, talk.heard.samples()[after:], only)


def parts(talk: OwnCall, heard: list[Heard]) -> str:
    """What was heard of a word, and whether the phone was kept from hearing the rest of it."""
    arrived = [packet.arrived for packet in talk.heard.packets]
    longest = max((later - earlier for earlier, later in pairwise(arrived)), default=0.0)
    return f"parts of it: {[each.coverage for each in heard]}; the longest time without a packet: {longest:.2f} s"


async def wait_for_it(line: LiveLine, on: bool) -> None:
    await eventually(lambda: anna(line)["yes_no"] is on or None, f"answers by key are {'on' if on else 'off'}")


def about_the_call(line: LiveLine) -> list[str]:
    """Every row of the log but those of the lease and the clock, as text."""
    with closing(sqlite3.connect(f"file:{line.state / 'voiceline.db'}?mode=ro", uri=True)) as log:
        return [row for row in log.iterdump() if row.startswith('INSERT INTO "') and ("call" in row or "fact" in row)]


async def words_known(line: LiveLine) -> None:
    """It is written that the caller has heard what to press: nobody needs to tell them again."""
    so = '"yes_no":{"play":null}'
    await eventually(lambda: so in "".join(about_the_call(line)) or None, "the end of the words is known")


def files_that_tell(line: LiveLine, since: float) -> list[str]:
    files = [path for path in (*line.state.rglob("*"), line.said) if path.is_file() and not path.is_symlink()]
    written = [path for path in files if path.suffix not in (".wav", ".so", ".xml") and path.stat().st_mtime >= since]
    return [str(path) for path in written if tells(path)]


def tells(path: Path) -> bool:
    content = path.read_bytes().lower()
    return any(trace in content for trace in TOLD)


def test_one_is_heard_as_yes_and_two_as_no_over_the_talk_and_no_file_holds_the_key(line: LiveLine) -> None:
    async def story() -> None:
        async with await line.volunteer("anna") as phone, await OwnPhone.open(bind=CARRIER) as carrier:
            call = await line.call(carrier)
            talk = await (await phone.next_ring(20.0)).answer()
            await line.talk_stands()
            await talk.send_digits("*16")
            await wait_for_it(line, True)
            await until_told(line, talk, YES_NO_BEGINS)
            await line.until_heard(call, "ja-nej")
            await words_known(line)
            since, before = time.time(), await asyncio.to_thread(about_the_call, line)
            for press, key, word in ((call.send_digits, "1", YES), (partial(press_by_info, call), "2", NO)):
                heard = len(talk.heard.samples())
                await press(key)
                await until_told(line, talk, word, heard)
            assert await asyncio.to_thread(about_the_call, line) == before, "not a row more, and none is another"
            assert await asyncio.to_thread(files_that_tell, line, since) == []
            await press_by_info(talk, "*17")
            await wait_for_it(line, False)
            await until_told(line, talk, YES_NO_ENDS)
            assert (talk.digits, call.digits) == ("", ""), "no key is sounded to the other side"
            await asyncio.gather(call.hangup(), talk.until_ended(5.0))

    before = len(line.calls())
    asyncio.run(story())
    record = line.last_call(before + 1)
    assert (record["outcome"], record["answered_by"], record["ended_by"]) == ("answered", "anna", "caller")
    told = [event for event in line.events() if event["data"].get("call") == record["call"]]
    switched = [(event["type"], event["data"]["by"]) for event in told if "yes_no" in event["type"]]
    assert switched == [("voiceline.yes_no_began", "volunteer"), ("voiceline.yes_no_ended", "volunteer")]


def test_the_trap_would_catch_a_key_that_was_written(line: LiveLine) -> None:
    planted = line.state / "planted.log"
    planted.write_text(f"played sound:{NO}.wav")
    try:
        assert files_that_tell(line, planted.stat().st_mtime) == [str(planted)]
    finally:
        planted.unlink()


def test_by_command_and_after_the_controller_was_killed_keys_are_answers_as_before(line: LiveLine) -> None:
    async def story() -> None:
        async with await line.volunteer("anna") as phone, await OwnPhone.open(bind=CARRIER) as carrier:
            call = await line.call(carrier)
            talk = await (await phone.next_ring(20.0)).answer()
            await line.talk_stands()
            await asyncio.to_thread(line.ivr, "volunteer", "yes-no", "anna", "on")
            await line.until_heard(call, "ja-nej")
            await words_known(line)
            assert "answers with keys" in await asyncio.to_thread(line.ivr, "volunteer", "list")
            await asyncio.to_thread(line.kill)
            heard = len(talk.heard.samples())
            await asyncio.to_thread(line.start)
            await wait_for_it(line, True)
            await call.send_digits("2")
            await until_told(line, talk, NO, heard)
            begins = {str(YES_NO_BEGINS): line.sounds[YES_NO_BEGINS]}
            assert not await asyncio.to_thread(hear, talk.heard.samples()[heard:], begins), "they know it already"
            await asyncio.gather(call.hangup(), talk.until_ended(5.0))

    before = len(line.calls())
    asyncio.run(story())
    record = line.last_call(before + 1)
    told = [event for event in line.events() if event["data"].get("call") == record["call"]]
    switched = [(event["type"], event["data"]["by"]) for event in told if "yes_no" in event["type"]]
    assert switched == [("voiceline.yes_no_began", "command"), ("voiceline.yes_no_ended", "talk_over")]


def test_outside_a_talk_the_command_says_why_it_does_nothing(line: LiveLine) -> None:
    with pytest.raises(control.Refused, match="in no talk"):
        control.ask(line.state, "volunteer_yes_no", name="anna", on=True)
    assert anna(line)["yes_no"] is False
