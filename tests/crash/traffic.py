"""Real callers and real volunteers on a running line, for as long as wanted, with a book of what happened to each.

Rules: nobody here knows what the controller thinks; a call is dropped when it ends and nobody of ours had hung up; a
caller is with the volunteer whose tone they hear.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from dataclasses import dataclass, field

from sip.phone.interface import NotAnswered
from sip.phone.own import OwnCall, OwnPhone
from tests.crash.heard import Gap, Hole, first_heard, gaps, holes, pitch_of, tone
from tests.rigs.line import CARRIER, LiveLine

LOOK_S = 0.2
CALLERS_PITCH = 350
MARGIN_S = 45.0
"""By so much an earlier caller must have come to count as overtaken, seen from outside: each crash may begin a greeting
anew, and who has not heard it does not stand in the queue. The queue itself is judged by the log, see `experiment`."""
DEAD_S = 4.0
FAREWELL_S = 12.0
"""How long the other side's hang-up may take to arrive while nobody is there to pass it on."""


@dataclass(slots=True)
class Talk:
    caller: CallerStory
    volunteer: str
    began: float
    left_at: float | None = None
    """When the volunteer hung up by themselves: from then on nobody is there to be heard."""

    def goes_on(self, hole: Hole) -> bool:
        return self.began + 0.5 < hole.start and (self.left_at is None or hole.end < self.left_at)


@dataclass(slots=True)
class CallerStory:
    number: int
    dialled: float
    call: OwnCall
    talks: list[Talk] = field(default_factory=list)
    left_at: float | None = None
    """When this caller hung up by themselves."""
    ended_at: float | None = None


@dataclass(slots=True)
class Tally:
    calls: int = 0
    talks: int = 0
    refused: int = 0
    dropped: list[str] = field(default_factory=list)
    dead: list[str] = field(default_factory=list)
    """Nothing came any more, and nobody said why: Asterisk's own death is not told to callers."""
    interrupted: list[str] = field(default_factory=list)
    overtaken: list[str] = field(default_factory=list)
    gaps_in_talks: list[Hole] = field(default_factory=list)
    gaps_elsewhere: list[Gap] = field(default_factory=list)
    """Of callers with nobody: what each was is told later, it takes too long while phones talk."""
    volunteers_waits: list[Hole] = field(default_factory=list)
    """Between the word in their ear and the caller's voice."""
    first_words_s: list[float] = field(default_factory=list)
    """From the INVITE to the first sound of each call."""


class Traffic:
    def __init__(self, line: LiveLine, callers: int, volunteers: list[str], seed: int = 1) -> None:
        self.line, self.wanted, self.names = line, callers, volunteers
        self.tally = Tally()
        self.stalls: list[Hole] = []
        self.stop_dialling = False
        self._chance = random.Random(seed)
        self._pitches = {600 + 150 * number: name for number, name in enumerate(volunteers)}
        self._phones: dict[str, OwnPhone] = {}
        self._here: list[CallerStory] = []
        self._hung_up: dict[str, float] = {}
        """When each volunteer last hung up by themselves."""
        self._numbers = 0

    async def run(self, until_stopped: asyncio.Event) -> None:
        """Keep so many callers on the line until stopped; then everybody hangs up."""
        async with await OwnPhone.open(bind=CARRIER) as carrier, asyncio.TaskGroup() as group:
            control = group.create_task(self._control(until_stopped))
            people = [group.create_task(self._volunteer(name, until_stopped)) for name in self.names]
            callers = [group.create_task(self._caller(carrier, slot, until_stopped)) for slot in range(self.wanted)]
            await asyncio.gather(*callers)
            await asyncio.gather(*people)
            await control

    # ------------------------------------------------------------ the machine itself

    async def _control(self, until_stopped: asyncio.Event) -> None:
        """Two phones of ours that talk past everything under test."""
        async with await OwnPhone.open() as one, await OwnPhone.open() as other:
            other.auto_answer(0.0, sound=tone(500))
            call = await one.dial(f"sip:x@{other.address[0]}:{other.address[1]}", sound=tone(400))
            await call.until_answered(5.0)
            seen = 0
            while not until_stopped.is_set():
                await asyncio.sleep(1.0)
                packets = call.packets[max(0, seen - 1) :]
                seen = len(call.packets)
                self.stalls += holes(packets, 0.06)
            await call.hangup()

    # ------------------------------------------------------------ callers

    async def _caller(self, carrier: OwnPhone, slot: int, until_stopped: asyncio.Event) -> None:
        await asyncio.sleep(slot * 0.3)
        while not until_stopped.is_set():
            dialled = time.monotonic()
            call = await carrier.dial(f"sip:116111@{self.line.server}", sound=tone(CALLERS_PITCH))
            call.play(tone(CALLERS_PITCH), loop=True)
            self._numbers += 1
            self.tally.calls += 1
            story = CallerStory(self._numbers, dialled, call)
            self._here.append(story)
            await self._one_call(story, until_stopped)
            self._here.remove(story)
            self._judge(story)

    async def _one_call(self, story: CallerStory, until_stopped: asyncio.Event) -> None:
        call = story.call
        try:
            await call.until_answered(8.0)
        except (NotAnswered, TimeoutError):
            self.tally.refused += 1
            self.tally.dropped.append(f"call {story.number} was not answered: {call.ended}")
            await call.hangup()
            return
        patience_s = self._chance.uniform(40.0, 150.0)
        talk_s = self._chance.uniform(3.0, 20.0)
        while call.ended is None and not until_stopped.is_set():
            await asyncio.sleep(LOOK_S)
            now = time.monotonic()
            name = self._pitches.get(pitch_of(call.packets, list(self._pitches)) or 0)
            if name is not None and (not story.talks or story.talks[-1].volunteer != name):
                self._begun(Talk(story, name, now))
            if call.packets and now - call.packets[-1].arrived > DEAD_S:
                self.tally.dead.append(f"call {story.number} heard nothing any more after {now - story.dialled:.1f} s")
                break
            if story.talks and now - story.talks[-1].began > talk_s:
                break
            if not story.talks and now - story.dialled > patience_s:
                break
        story.ended_at = time.monotonic()
        if call.ended is None:
            story.left_at = time.monotonic()
            await call.hangup()

    def _begun(self, talk: Talk) -> None:
        story = talk.caller
        if not story.talks:
            self.tally.talks += 1
            waits = (other for other in self._here if not other.talks and other.call.ended is None)
            for other in waits:
                if other is not story and other.dialled < story.dialled - MARGIN_S:
                    self.tally.overtaken.append(f"call {story.number} was served before call {other.number}")
        story.talks.append(talk)

    def _judge(self, story: CallerStory) -> None:
        call = story.call
        if call.moments.first_sound is not None:
            self.tally.first_words_s.append(call.moments.first_sound - story.dialled)
        if story.left_at is None and call.ended is not None and call.moments.answered is not None:
            volunteer = story.talks[-1].volunteer if story.talks else ""
            since = call.ended.moment - self._hung_up.get(volunteer, float("-inf"))
            if not -0.5 < since < FAREWELL_S:
                lasted = call.ended.moment - story.dialled
                told = f"call {story.number} ended by {call.ended.by} ({call.ended.why}) after {lasted:.1f} s"
                (self.tally.interrupted if story.talks else self.tally.dropped).append(told)
        for gap in gaps(call.packets):
            if any(talk.goes_on(gap.hole) for talk in story.talks):
                self.tally.gaps_in_talks.append(gap.hole)
            else:
                self.tally.gaps_elsewhere.append(gap)
        call.heard.packets.clear()

    # ------------------------------------------------------------ volunteers

    async def _volunteer(self, name: str, until_stopped: asyncio.Event) -> None:
        pitch = next(pitch for pitch, who in self._pitches.items() if who == name)
        async with await self.line.volunteer(name) as phone:
            self._phones[name] = phone
            while not (until_stopped.is_set() and not self._here):
                try:
                    ring = await phone.next_ring(1.0)
                except TimeoutError:
                    continue
                if ring.ended is not None:
                    continue
                try:
                    await asyncio.sleep(self._chance.uniform(0.1, 1.5))
                    talk = await ring.answer()
                except (NotAnswered, RuntimeError):
                    continue
                talk.play(tone(pitch), loop=True)
                ends_at = time.monotonic() + self._chance.uniform(4.0, 25.0)
                while talk.ended is None and time.monotonic() < ends_at and not until_stopped.is_set():
                    await asyncio.sleep(LOOK_S)
                if talk.ended is None:
                    self._hung_up[name] = time.monotonic()
                    self._leaves(name)
                    await talk.hangup()
                self._judge_talk(name, talk)

    def _leaves(self, name: str) -> None:
        for story in self._here:
            if story.talks and story.talks[-1].volunteer == name and story.talks[-1].left_at is None:
                story.talks[-1].left_at = time.monotonic()

    def _judge_talk(self, name: str, talk: OwnCall) -> None:
        """Who was let go although the caller is still there and heard them a moment ago?"""
        packets = talk.packets
        began = talk.moments.answered or 0.0
        for story in self._here:
            mine = story.talks and story.talks[-1].volunteer == name and story.talks[-1].began > began
            torn = talk.ended is not None and talk.ended.by == "them" and story.left_at is None
            if mine and torn and story.call.ended is None:
                self.tally.interrupted.append(f"{name} was let go out of a talk with call {story.number}")
        joined = first_heard(packets, CALLERS_PITCH)
        for gap in gaps(packets):  # before that the volunteer is told which line it is, and waits for the caller
            if joined is not None and gap.hole.start > joined:
                self.tally.gaps_in_talks.append(gap.hole)
            else:
                self.tally.volunteers_waits.append(gap.hole)
        talk.heard.packets.clear()


def outcomes(line: LiveLine) -> Counter[str]:
    return Counter(f"{each['outcome']} ({each['by']})" for each in line.calls())
