"""Nobody is hung up on for making no sound: neither in the queue nor in a talk. In real time, so only with `make
crash`; 34 s of it run in `test_buttons.py`."""

from __future__ import annotations

import asyncio

import pytest

from sip.heard import Ear
from sip.phone.interface import RATE
from sip.phone.own import OwnPhone
from sip.phone.sound import read_wav, speech_like
from tests.rigs.line import CARRIER, LiveLine

pytestmark = [pytest.mark.asterisk, pytest.mark.trouble]

SILENT_S = 150.0
"""More than the two minutes after which a line of this kind was once cut."""
ANSWER, MUSIC = speech_like(9.1, 12), "venter"


def test_two_callers_without_any_sound_are_still_there_and_heard_after_150_s(line: LiveLine) -> None:
    async def story() -> None:
        async with await line.volunteer("anna") as anna, await OwnPhone.open(bind=CARRIER) as carrier:
            talking = await line.call(carrier)
            talking.hush()
            talk = await (await anna.next_ring(20.0)).answer()
            talk.play(ANSWER, loop=True)
            await line.talk_stands()
            waiting = await line.call(carrier)
            waiting.hush()
            sent = talking.sent, waiting.sent
            await asyncio.sleep(SILENT_S)
            assert (talking.sent, waiting.sent) == sent, "they sent nothing at all"
            assert (talking.ended, waiting.ended, talk.ended) == (None, None, None)
            ear = Ear({}, {"volunteer": ANSWER, MUSIC: read_wav(line.state / "asterisk" / "moh" / f"{MUSIC}.wav")})
            for call, heard in ((talking, "volunteer"), (waiting, MUSIC)):
                spans = ear.listen(call.heard.samples()[-4 * RATE :])
                assert sum(span.end_s - span.start_s for span in spans if span.name == heard) > 3.0, heard
            packets = len(talk.packets)
            talking.hush(False)
            await asyncio.sleep(2.0)
            assert len(talk.packets) - packets > 80, "and who speaks after all is heard"
            await waiting.hangup()
            await asyncio.gather(talking.hangup(), talk.until_ended(5.0))

    before = len(line.calls())
    asyncio.run(story())
    ended = {record["outcome"]: record["ended_by"] for record in line.ended()[before:]}
    assert ended == {"answered": "caller", "abandoned": "caller"}
