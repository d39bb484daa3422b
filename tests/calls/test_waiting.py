"""Waiting on a real line: words and music without a gap, a key and the way back, and closing time."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import numpy as np
import pytest

from sip.heard import Heard, hear
from sip.phone.own import OwnCall, OwnPhone
from tests.rigs.line import CARRIER, LiveLine, eventually, live_line

pytestmark = pytest.mark.asterisk

RATE = 8000
MOST_GAP_S = 0.1
QUIET = 40
"""Of 32768: what is less than this is nothing."""
QUEUE = """\
        - play: stadig
          first: 12s
          every: 1m
      keys:
        "*": skriv-hvordan
"""
AWAY = """\
  skriv-hvordan:
    play: skriv
    then: koe

"""


def shorter(line: LiveLine) -> None:
    path = line.callflows / "bornetelefonen.yaml"
    text = path.read_text(encoding="utf-8").replace("start: velkommen", "start: aabent")
    before, _, rest = text.partition("        - play: [stadig, stadig-tid")
    after = rest[rest.index("      max_wait:") :]
    text = f"{before}{QUEUE}{after}".replace("  travlt:\n", f"{AWAY}  travlt:\n", 1)
    path.write_text(text, encoding="utf-8")


@pytest.fixture(scope="module")
def queue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveLine]:
    with live_line(tmp_path_factory.mktemp("queue"), edit=shorter) as line:
        yield line


def gap_after(samples: np.ndarray, end_s: float) -> float:
    """How long nothing was heard from the end of the words on, seconds."""
    after = np.abs(np.asarray(samples, dtype=np.int32)[int(end_s * RATE) :])
    loud = np.flatnonzero(after > QUIET)
    assert loud.size, "nothing more was heard"
    return float(loud[0]) / RATE


def test_a_key_leads_to_words_and_back_music_follows_words_without_a_gap(queue: LiveLine) -> None:
    async def story() -> None:
        async with await queue.volunteer("anna") as anna, await OwnPhone.open(bind=CARRIER) as carrier:
            other = await queue.call(carrier)
            talk = await (await anna.next_ring(5.0)).answer()
            call = await queue.call(carrier)
            words = await whole(queue, call, "stadig")
            await call.send_digits("*")
            await whole(queue, call, "skriv")
            await eventually(lambda: waits(queue) == 1 or None, "back in the queue")
            gap = gap_after(np.asarray(call.heard.samples()), words.end_s)
            assert gap < MOST_GAP_S, f"{gap * 1000:.0f} ms of nothing after the words"
            await asyncio.gather(other.hangup(), call.hangup())
            await talk.until_ended(5.0)

    queue.begin()
    asyncio.run(story())
    queue.empty()


async def whole(line: LiveLine, call: OwnCall, prompt: str, within_s: float = 30.0) -> Heard:
    """Until this prompt was heard to its end, whatever else was heard that begins alike."""
    only = {prompt: line.sounds[prompt]}

    def look() -> Heard | None:
        return next((each for each in hear(call.heard.samples(), only) if each.whole), None)

    return await eventually(look, f"{prompt} is heard", within_s)


async def answered(phone: OwnPhone) -> OwnCall:
    """The first ring that is not over already."""
    while True:
        ring = await phone.next_ring(8.0)
        if ring.ended is None:
            return await ring.answer()


def waits(line: LiveLine) -> int:
    return int(line.status()["waiting"])


def test_those_who_wait_hear_that_the_line_has_closed_and_are_answered_all_the_same(queue: LiveLine) -> None:
    async def story() -> None:
        async with await queue.volunteer("anna") as anna, await OwnPhone.open(bind=CARRIER) as carrier:
            call = await queue.call(carrier)
            await queue.until_heard(call, "koe")
            closing = ("override", "bornetelefonen", "closed", "--reason", "test")
            await asyncio.to_thread(queue.ivr, *closing)
            await queue.until_heard(call, "lukker")
            talk = await answered(anna)
            await queue.talk_stands()
            await call.hangup()
            await talk.until_ended(5.0)

    queue.begin()
    try:
        asyncio.run(story())
    finally:
        queue.ivr("override", "bornetelefonen", "auto", "--reason", "test")
    queue.empty()
    assert queue.ended()[-1]["outcome"] == "answered"
