"""A phone that holds is not dead air for the other side: with the controller alive, frozen and killed.

One talk for everything: who has to hear what is noted while it goes on, and listened to afterwards.
"""

from __future__ import annotations

import asyncio
import signal
import time
from dataclasses import dataclass, field

import pytest

from sip.heard import Ear
from sip.phone.interface import RATE
from sip.phone.own import OwnCall, OwnPhone
from sip.phone.sdp import PCMA, PCMU
from sip.phone.sound import read_wav, speech_like
from tests.rigs.line import CARRIER, SECRET_NUMBER, LiveLine

pytestmark = pytest.mark.asterisk

Voices = tuple[int, ...]
BOTH: Voices = (PCMA, PCMU)
HOLDS = (
    ("sendonly", "", BOTH),
    ("sendonly", "", (PCMU,)),
    ("inactive", "", BOTH),
    ("sendrecv", "0.0.0.0", BOTH),
    ("inactive", "0.0.0.0", (PCMU,)),
)
"""How phones say it: direction, the address they give, and the voices. Another voice than before, while the phone sends
on, has ended the music in Asterisk (issue 1027 there) or the call (2059)."""
WITHIN_S = 0.7
LISTENED_S = 1.1
VOICE, ANSWER = speech_like(120.0, 11), speech_like(120.0, 12)


@dataclass(slots=True)
class Expected:
    """From which moment (monotonic) on an end has to hear what."""

    call: OwnCall
    what: str
    moment: float
    when: str


@dataclass(slots=True)
class Hearing:
    """What both ends of a talk have to hear."""

    expected: list[Expected] = field(default_factory=list)

    async def hears(self, call: OwnCall, what: str, when: str) -> None:
        self.expected.append(Expected(call, what, time.monotonic() + WITHIN_S, when))
        await asyncio.sleep(WITHIN_S + LISTENED_S)

    def judge(self, ear: Ear) -> None:
        for one in self.expected:
            began = one.call.heard.began
            assert began is not None
            first = round((one.moment - began) * RATE)
            samples = one.call.heard.samples()[first : first + round(LISTENED_S * RATE)]
            found: dict[str, float] = {}
            for span in ear.listen(samples):
                name = span.name or span.what
                found[name] = found.get(name, 0.0) + span.end_s - span.start_s
            assert found.get(one.what, 0.0) >= 0.9, f"{one.what} was to be heard {one.when}: {found}"


def ear_of(line: LiveLine) -> Ear:
    """Knows what callers and volunteers may hear in a talk."""
    music = line.state / "asterisk" / "moh"
    tunes = {"venter": read_wav(music / "venter.wav"), "hold": read_wav(music / "hold" / "hold.wav")}
    return Ear({}, tunes | {"caller": VOICE, "volunteer": ANSWER})


class Talk:
    """A caller and anna, who speak all the time."""

    def __init__(self, call: OwnCall, talk: OwnCall) -> None:
        self.call, self.talk = call, talk
        self.hearing = Hearing()

    async def volunteer_holds(
        self, when: str, direction: str = "sendonly", host: str = "", voices: Voices = BOTH
    ) -> None:
        await self._holds(
            self.talk,
            self.call,
            "venter",
            "volunteer",
            f"{when} ({direction} {host} {voices})",
            direction,
            host,
            voices,
        )

    async def carrier_holds(
        self, when: str, direction: str = "sendonly", host: str = "", voices: Voices = BOTH
    ) -> None:
        await self._holds(
            self.call, self.talk, "hold", "caller", f"{when} ({direction} {host} {voices})", direction, host, voices
        )

    async def _holds(
        self,
        holder: OwnCall,
        other: OwnCall,
        tune: str,
        voice: str,
        when: str,
        direction: str,
        host: str,
        voices: Voices,
    ) -> None:
        assert (await holder.renegotiate(direction, host=host, voices=voices)).code == 200
        await self.hearing.hears(other, tune, when)
        assert (await holder.renegotiate()).code == 200
        await self.hearing.hears(other, voice, f"{when}, and that is over")


def test_who_holds_leaves_the_other_side_music_or_a_tone_and_the_voice_comes_back(line: LiveLine) -> None:
    """In every way in which phones say it; and while the controller is frozen, and after it was killed."""

    async def story(talk: Talk) -> None:
        assert line.process is not None
        for hold in HOLDS:
            await talk.volunteer_holds("in a talk", *hold)
        for hold in HOLDS[:3]:
            await talk.carrier_holds("in a talk", *hold)
        line.process.send_signal(signal.SIGSTOP)
        try:
            await talk.volunteer_holds("while the controller is frozen", *HOLDS[1])
        finally:
            line.process.send_signal(signal.SIGCONT)
        line.kill()
        try:
            await talk.volunteer_holds("without a controller", *HOLDS[3])
            await talk.carrier_holds("without a controller", *HOLDS[3])
        finally:
            await asyncio.to_thread(line.start)
        await talk.carrier_holds("with the next controller")

    async def whole() -> Talk:
        async with await line.volunteer("anna") as anna, await OwnPhone.open(bind=CARRIER) as carrier:
            call = await carrier.dial(f"sip:116111@{line.server}", from_user=SECRET_NUMBER, sound=VOICE)
            answered = await (await anna.next_ring(20.0)).answer(sound=ANSWER)
            await line.talk_stands()
            talk = Talk(call, answered)
            await story(talk)
            assert call.ended is None
            assert answered.ended is None
            await call.hangup()
            return talk

    asyncio.run(whole()).hearing.judge(ear_of(line))
