"""What costs no talk: the buttons of a real softphone (pjsua2), and a caller who makes no sound.

pjsua2 gives a call up 32 s after a request that nobody answered, so the talk is looked at after that; silent callers
are there all the while.
"""

from __future__ import annotations

import asyncio
import json

import pytest

from sip.heard import Ear
from sip.phone import PjsuaPhone, pjsua_is_here
from sip.phone.interface import RATE, Samples
from sip.phone.own import OwnPhone
from sip.phone.sound import read_wav, speech_like
from tests.rigs.line import CARRIER, SECRET_NUMBER, LiveLine, eventually

pytestmark = [
    pytest.mark.asterisk,
    pytest.mark.skipif(not pjsua_is_here(), reason="no wheel for this Python"),
]

GIVES_UP_S = 33.5
SPEAKS_S = 5.0
ELSEWHERE = "4511223344"
KEY = "Signal=6\r\nDuration=160\r\n"
VOICE, ANSWER = speech_like(9.3, 11), speech_like(11.1, 12)
MUSIC = "venter"


def share(line: LiveLine, samples: Samples, seconds: float, voice: str) -> float:
    """How much of the last seconds is this voice, or the line's music."""
    music = read_wav(line.state / "asterisk" / "moh" / f"{MUSIC}.wav")
    ear = Ear({}, {"caller": VOICE, "volunteer": ANSWER, MUSIC: music})
    last = samples[-round(seconds * RATE) :]
    return sum(span.end_s - span.start_s for span in ear.listen(last) if span.name == voice) / seconds


def test_a_softphones_transfer_keys_and_hold_cost_no_talk_and_silent_callers_stay_where_they_are(
    line: LiveLine,
) -> None:
    """All pressed in one talk, which is heard both ways when the phone would have given up."""

    async def story() -> tuple[Samples, Samples, Samples]:
        password = json.loads((line.state / "accounts.json").read_text())["anna"]
        async with (
            await PjsuaPhone.register("anna", password, line.server) as anna,
            await OwnPhone.open(bind=CARRIER) as carrier,
            await OwnPhone.open(bind="127.0.0.9") as outside,
        ):
            await eventually(lambda: line.reachable("anna") or None, "anna is reachable")
            call = await carrier.dial(f"sip:116111@{line.server}", from_user=SECRET_NUMBER)
            call.play(VOICE, loop=True)
            talk = await (await anna.next_ring(20.0)).answer(sound=ANSWER)
            await line.talk_stands()
            talk.play(ANSWER, loop=True)
            host, port = outside.address
            talk.transfer(f"sip:{ELSEWHERE}@{host}:{port}")
            talk.request("INFO", "application/dtmf-relay", KEY)
            talk.request("INFO", "application/dtmf", "6")
            talk.request("INFO")
            talk.request("OPTIONS")
            await talk.send_digits("6")
            talk.hold()
            await asyncio.sleep(0.5)
            talk.hold(False)
            call.hush()
            waiting = await line.call(carrier)
            waiting.hush()
            with pytest.raises(TimeoutError):
                await outside.next_ring(GIVES_UP_S - SPEAKS_S)
            call.hush(False)
            await asyncio.sleep(SPEAKS_S)
            assert (call.ended, waiting.ended, talk.ended) == (None, None, None)
            said, heard, music = call.heard.samples(), talk.heard.samples(), waiting.heard.samples()
            await waiting.hangup()
            shown = await asyncio.to_thread(line.console, "dialplan show globals")
            await call.hangup()
            assert ELSEWHERE not in shown + line.said.read_text()
            assert call.digits == "", "a key is for us and not for the caller"
            return said, heard, music

    said, heard, music = asyncio.run(story())
    assert share(line, said, 6.0, "volunteer") > 0.8, "the caller hears the volunteer"
    assert share(line, heard, 4.0, "caller") > 0.8, "the volunteer hears the caller"
    assert share(line, music, 2.0, MUSIC) > 0.8, "who waits and says nothing still hears the music"
