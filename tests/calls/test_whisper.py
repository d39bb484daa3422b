"""A line that whispers, a group that wants a key, and a phone that dies: with real phones."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator

import pytest

from sip.heard import hear
from sip.phone.own import OwnCall, OwnPhone
from tests.rigs.line import CARRIER, LiveLine, eventually, live_line

pytestmark = pytest.mark.asterisk

GROUPS = """\
default: dag
groups:
  dag: {strategy: ring_all, ring: 8s, rounds: 2, rest: 1s, wrap_up: 0s, auto_pause: 1, accept: press_1}
  nat: {strategy: ring_all, ring: 5s, rounds: 2, rest: 1s, wrap_up: 0s}
"""


@pytest.fixture(scope="module")
def whispering(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveLine]:
    """`anna` by day must press 1."""
    with live_line(tmp_path_factory.mktemp("whispering"), groups=GROUPS) as line:
        yield line


@pytest.fixture
def line(whispering: LiveLine) -> Iterator[LiveLine]:
    whispering.begin()
    yield whispering
    whispering.empty()


def told(line: LiveLine, talk: OwnCall) -> list[str]:
    words = {name: sound for name, sound in line.sounds.items() if name.startswith(("hvisk", "frivillig-tast"))}
    return [each.prompt for each in hear(talk.heard.samples(), words) if each.whole]


def test_who_picks_up_hears_the_line_and_what_to_press_and_is_joined_by_the_key(line: LiveLine) -> None:
    async def story() -> OwnCall:
        async with await line.volunteer("anna") as anna, await OwnPhone.open(bind=CARRIER) as carrier:
            call = await line.call(carrier)
            talk = await (await anna.next_ring(20.0)).answer()
            await asyncio.sleep(4.0)  # a volunteer who listens
            assert line.status()["waiting"] == 1
            await talk.send_digits("7")
            await talk.send_digits("1")
            await line.talk_stands()
            await call.hangup()
            await talk.until_ended(5.0)
            return talk

    before = len(line.calls())
    talk = asyncio.run(story())
    assert told(line, talk)[:2] == ["hvisk-boernetelefonen", "frivillig-tast-et"]
    record = line.last_call(before + 1)
    assert (record["outcome"], record["answered_by"]) == ("answered", "anna")
    assert [ring["result"] for ring in record["rings"]] == ["answered"]


def test_a_voice_mail_is_no_answer_the_child_hears_music_on_and_the_volunteer_is_paused_and_told(
    line: LiveLine,
) -> None:
    async def story() -> OwnCall:
        async with await line.volunteer("anna") as anna, await OwnPhone.open(bind=CARRIER) as carrier:
            call = await line.call(carrier)
            talk = await (await anna.next_ring(20.0)).answer()
            ended = await talk.until_ended(15.0)
            assert ended.by == "them"
            assert call.ended is None
            code = await anna.dial(f"sip:*10@{line.server}", from_user="anna")
            await code.until_ended(20.0)
            sentences = {name: sound for name, sound in line.sounds.items() if name.startswith("frivillig-paa")}
            heard = await asyncio.to_thread(hear, code.heard.samples(), sentences)
            assert [each.prompt for each in heard if each.whole][-1] == "frivillig-paa-vagt-igen"
            await call.hangup()
            # a phone that goes while it is rung again for this caller has not answered once more, and is paused
            await eventually(lambda: line.status()["calls"] == 0 or None, "the call is forgotten")
            return call

    before = len(line.calls())
    asyncio.run(story())
    record = line.last_call(before + 1)
    assert record["rings"][0]["result"] == "no_answer"
    assert "voiceline.volunteer_not_answering" in [event["type"] for event in line.events()]


def test_a_phone_that_dies_frees_the_child_within_six_seconds_who_is_told_so(line: LiveLine) -> None:
    async def story() -> tuple[OwnCall, float]:
        async with await OwnPhone.open(bind=CARRIER) as carrier:
            async with await line.volunteer("anna") as anna:
                call = await line.call(carrier)
                talk = await (await anna.next_ring(20.0)).answer()
                await asyncio.sleep(0.5)
                await talk.send_digits("1")
                await line.talk_stands()
                anna.drop_dead()
                died = time.monotonic()
                while line.status()["waiting"] == 0:
                    assert time.monotonic() - died < 10, "the child is still in the talk"
                    await asyncio.sleep(0.05)
                freed_s = time.monotonic() - died
            await line.until_heard(call, "afbrudt")
            await call.hangup()
            return call, freed_s

    _call, freed_s = asyncio.run(story())
    assert freed_s < 6.0
