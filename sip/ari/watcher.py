"""Watches every talk for sound: asks for the packets of all legs that are due at once, and tells what they mean.

Rules: what is not connected is not judged; after every standstill, ours or Asterisk's, counting begins anew; a phone is
dead by two signs, no packets and no answer to signalling, and then never comes back.
"""

from __future__ import annotations

import asyncio
import math
import re
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from ivr.core.ids import CallId, RingId, TalkId, call_of
from ivr.core.news import CallerTalking, Joined, News, PhoneDead, SoundBack, SoundLost, VolunteerHeard
from ivr.core.reasons import Loss, Side
from sip.ami.wire import Fields
from sip.ari.model import (
    ChannelDestroyed,
    ChannelEnteredBridge,
    ChannelHold,
    ChannelTalkingStarted,
    ChannelUnhold,
    Event,
)
from sip.ari.parties import Parties, ring_of
from sip.ari.statistics import Counts, Statistics
from sip.ari.watch import HEARD_S, LATE_S, Back, Heard, Lost, Sample, Seen, TalkWatch, Tiding
from sip.asterisk.console import ConsoleSilent, ask

GRID_S: Final = 0.2
"""Samples are taken at multiples of it, so that all talks share five questions a second: what must be looked at then,
at the next of these moments; what is only to be looked at again, at the last one before."""
AGAIN_S: Final = 0.5
JUST_NOW_S: Final = 2.0
"""A list may be so old, and not have what has begun since."""
UNSEEN_S: Final = 2.5
"""A talk that nobody has looked at for so long when it ends may have been one in which the volunteer was heard."""
ENDPOINT: Final = re.compile(r"[a-z0-9][a-z0-9_.~-]{0,63}")

Words = Callable[[CallId, RingId], tuple[bool, bool]]
"""Whether words of ours are heard by the caller, and by the volunteer."""


@dataclass(slots=True, eq=False)
class Talk:
    id: TalkId
    ring: RingId
    began_at: float
    """When the two were joined, by the machine's clock (as Asterisk's events are stamped)."""
    adopted: bool
    due: float
    looked_at: float
    """When it was last looked at, by the machine's clock."""
    questions: tuple[bytes, bytes] | None = None
    """How the packets of the caller's and of the volunteer's leg are asked for."""
    watch: TalkWatch | None = None
    anew: bool = False
    """Time has passed of which nothing is known."""
    covered: bool = False
    leg_covered: bool = False
    doomed: bool = False
    """Its phone does not answer signalling: dead, if the next sample says so too."""
    dead: bool = False

    @property
    def call(self) -> CallId:
        return call_of(self.id)

    @property
    def heard(self) -> bool:
        return self.watch is not None and self.watch.heard

    @property
    def phone_is_mute(self) -> bool:
        return self.watch is not None and self.watch.ears[Side.VOLUNTEER].told in (Loss.ABSENT, Loss.NEVER)


def shared(due: float, sharp: bool) -> float:
    """At which moment a sample is taken that is due then."""
    return (math.ceil if sharp else math.floor)(due / GRID_S) * GRID_S


class Watcher:
    """`tell` takes news, `now` gives the line's time; `console`: Asterisk's, by which a phone is asked at once whether
    it is there; without it, that is known when Asterisk asks by itself. `leg`: the channel of who picked up a ring;
    `device`: the endpoint they picked up on."""

    def __init__(
        self,
        statistics: Statistics,
        parties: Parties,
        tell: Callable[[News], None],
        now: Callable[[], datetime],
        words: Words,
        console: Path | None,
        leg: Callable[[RingId], str],
        device: Callable[[RingId], str | None],
    ) -> None:
        self._statistics, self._parties, self._tell, self._now = statistics, parties, tell, now
        self._words, self._console, self._leg, self._device = words, console, leg, device
        self._talks: dict[TalkId, Talk] = {}
        self._holders: set[str] = set()
        """Channels whose phones have put the other side on hold."""
        self._awake = False
        self._asking = False
        self._alarm: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._away: set[str] = set()
        """Endpoints that do not answer signalling."""

    # ------------------------------------------------------------ which talks

    def joined(self, talk: TalkId, ring: RingId, at: float) -> None:
        """`at`: by Asterisk's clock."""
        if talk not in self._talks:
            self._begin(Talk(talk, ring, at, adopted=False, due=shared(time.monotonic(), sharp=True), looked_at=at))

    def surveyed(self, talks: Mapping[TalkId, frozenset[CallId | RingId]], there: Mapping[str, bool]) -> None:
        """What lives now: talks that somebody before us has begun, and those that are over; and whether each endpoint
        is there."""
        self._away = {endpoint for endpoint, online in there.items() if not online}
        just_now = time.time() - JUST_NOW_S
        self._talks = {talk: known for talk, known in self._talks.items() if talk in talks or known.began_at > just_now}
        for talk, members in talks.items():
            ring = next((RingId(who) for who in members if ring_of(who) is not None), None)
            if talk not in self._talks and ring is not None and call_of(talk) in members:
                self._begin(Talk(talk, ring, time.time(), adopted=True, due=0.0, looked_at=time.time()))

    def _begin(self, talk: Talk) -> None:
        self._talks[talk.id] = talk
        self._plan()

    def end(self, talk: TalkId) -> None:
        self._talks.pop(talk, None)

    def let_go(self, ring: RingId) -> None:
        for talk in self._with(ring):
            self.end(talk.id)

    def gone(self, channel: str, at: float) -> None:
        """A channel has ended (`at`: by Asterisk's clock). Who had not looked cannot say whether they were heard."""
        self._holders.discard(channel)
        for talk in self._of(channel):
            self.end(talk.id)
            if not talk.heard and at - talk.looked_at > UNSEEN_S and at - talk.began_at >= HEARD_S:
                self._tell(VolunteerHeard(talk.id, self._now(), known=False))

    def _of(self, channel: str) -> list[Talk]:
        """With a device that another one was quicker than nobody talks."""
        call = self._parties.call(channel)
        return [talk for talk in self._talks.values() if call == talk.call or channel == self._leg(talk.ring)]

    def _with(self, ring: RingId) -> list[Talk]:
        return [talk for talk in self._talks.values() if talk.ring == ring]

    # ------------------------------------------------------------ what happens in them

    def follow(self, event: Event, news: News | None) -> None:
        """What happens in Asterisk, and what it is to the house: before that is told."""
        match event:
            case ChannelEnteredBridge(bridge=bridge) if isinstance(news, Joined):
                rings = (ring for each in bridge.channels if (ring := ring_of(each)) is not None)
                self.joined(news.talk, next(rings), event.timestamp.timestamp())
            case ChannelTalkingStarted(channel=channel) if (ring := ring_of(channel.id)) is not None:
                for talk in self._with(ring):
                    self._speaks(talk, Side.VOLUNTEER)
            case ChannelTalkingStarted() if isinstance(news, CallerTalking):
                for talk in [each for each in self._talks.values() if each.call == news.call]:
                    self._speaks(talk, Side.CALLER)
            case ChannelHold(channel=channel) | ChannelUnhold(channel=channel):
                (self._holders.add if isinstance(event, ChannelHold) else self._holders.discard)(channel.id)
                for talk in self._of(channel.id):
                    self._look(talk)
            case ChannelDestroyed(channel=channel):
                self.gone(channel.id, event.timestamp.timestamp())
            case _:
                pass

    def _speaks(self, talk: Talk, side: Side) -> None:
        """That side's voice was heard by Asterisk."""
        if talk.watch is not None and (tiding := talk.watch.talking(time.monotonic(), side)):
            self._say(talk, tiding)
            self._look(talk)

    def cover(self, call: CallId, ring: RingId, side: Side, *, covered: bool) -> None:
        for talk in self._with(ring):
            if talk.call == call:
                if side is Side.VOLUNTEER:
                    talk.covered = covered
                else:
                    talk.leg_covered = covered
                self._look(talk)

    def _look(self, talk: Talk) -> None:
        """Something has changed there: look at once."""
        talk.due = time.monotonic()
        self._plan()

    # ------------------------------------------------------------ connected or not

    def resume(self) -> None:
        self._awake = True
        self._stood_still()
        self._plan()

    def pause(self) -> None:
        self._awake = False

    def close(self) -> None:
        self._awake = False
        for task in self._tasks:
            task.cancel()
        if self._alarm is not None:
            self._alarm.cancel()
        self._statistics.close()

    def _stood_still(self) -> None:
        for talk in self._talks.values():
            talk.anew = True

    # ------------------------------------------------------------ samples

    def _plan(self) -> None:
        """Look again when the first of them is due."""
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        if self._awake and not self._asking and self._talks:
            first = min([talk.due for talk in self._talks.values()])
            wait_s = max(0.0, first - time.monotonic())
            self._alarm = asyncio.get_running_loop().call_later(wait_s, self._sample, first)

    def _sample(self, first: float) -> None:
        """Everybody who is due, or nearly. `first`: when the first of them was."""
        self._alarm = None
        asked_at = time.monotonic()
        if first > 0.0 and asked_at - first > LATE_S:
            self._stood_still()
        due: list[Talk] = []
        questions: list[bytes] = []
        for talk in self._talks.values():
            if talk.due <= asked_at:
                due.append(talk)
                questions += talk.questions or self._ask_about(talk)
        if not due:
            self._plan()
            return
        self._asking = True
        self._statistics.ask(questions, lambda counts: self._answered(due, asked_at, counts))

    def _ask_about(self, talk: Talk) -> tuple[bytes, bytes]:
        channel = self._parties.channel(talk.call)
        asked = self._statistics.question(channel or "-"), self._statistics.question(self._leg(talk.ring))
        talk.questions = asked if channel is not None else None
        return asked

    def _answered(self, due: Sequence[Talk], asked_at: float, counts: Sequence[Counts | None] | None) -> None:
        self._asking = False
        at = time.monotonic()
        if counts is None or at - asked_at > LATE_S:
            self._stood_still()
        for place, talk in enumerate(due):
            if counts is None:
                talk.due = at + AGAIN_S
            elif self._talks.get(talk.id) is talk:
                self._judge(talk, asked_at, counts[2 * place], counts[2 * place + 1])
        self._plan()

    def _judge(self, talk: Talk, at: float, caller: Counts | None, leg: Counts | None) -> None:
        talk.looked_at = time.time()
        if caller is None or leg is None:  # its end is told by events
            talk.due = at + AGAIN_S
            return
        sample = Sample(at, caller, leg)
        if talk.watch is None:
            talk.watch, talk.anew = TalkWatch(sample, adopted=talk.adopted), False
            if not self._seen(talk).held and (tiding := talk.watch.nothing_ever()):
                self._say(talk, tiding)
        elif talk.anew:
            talk.watch.reset(sample)
            talk.anew = False
        else:
            for tiding in talk.watch.take(sample, self._seen(talk)):
                self._say(talk, tiding)
            if talk.doomed and talk.phone_is_mute and not talk.dead:
                talk.dead = True
                self._tell(PhoneDead(talk.ring, self._now()))
        talk.due = shared(*talk.watch.due())

    def _seen(self, talk: Talk) -> Seen:
        caller, leg = self._words(talk.call, talk.ring)
        held = self._leg(talk.ring) in self._holders or self._parties.channel(talk.call) in self._holders
        return Seen(held, caller, leg, talk.covered, talk.leg_covered)

    def _say(self, talk: Talk, tiding: Tiding) -> None:
        at = self._now()
        match tiding:
            case Heard():
                self._tell(VolunteerHeard(talk.id, at))
            case Lost(side=side, loss=loss) if not (talk.dead and side is Side.VOLUNTEER):
                self._tell(SoundLost(talk.id, side, loss, at))
                if talk.phone_is_mute and side is Side.VOLUNTEER:
                    self._ask_for(talk)
            case Back(side=side) if not (talk.dead and side is Side.VOLUNTEER):
                talk.doomed = talk.doomed and side is not Side.VOLUNTEER
                self._tell(SoundBack(talk.id, side, at))
            case _:
                pass

    # ------------------------------------------------------------ dead or only silent

    def heard(self, event: Fields) -> None:
        """The manager's events: phones that answer signalling, or do not."""
        technology, _, endpoint = event.get("Peer", "").partition("/")
        if event.get("Event") != "PeerStatus" or technology != "PJSIP":
            return
        if event.get("PeerStatus") == "Reachable":
            self._away.discard(endpoint)
            return
        self._away.add(endpoint)
        for talk in self._talks.values():
            if talk.phone_is_mute and self._device(talk.ring) == endpoint:
                self._doom(talk)

    def _ask_for(self, talk: Talk) -> None:
        """Nothing comes from that phone: does it answer signalling?"""
        endpoint = self._device(talk.ring) or ""
        if endpoint in self._away:
            self._doom(talk)
        elif self._console is not None and ENDPOINT.fullmatch(endpoint):
            self._later(self._qualify(self._console, endpoint))

    def _doom(self, talk: Talk) -> None:
        talk.doomed = True
        self._look(talk)

    @staticmethod
    async def _qualify(console: Path, endpoint: str) -> None:
        try:
            await asyncio.to_thread(ask, console, f"pjsip qualify {endpoint}", 1.0)
        except ConsoleSilent:
            return  # Asterisk asks by itself every few seconds

    def _later(self, what: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(what)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
