"""The exchange as the engine sees it: news in order, commands performed, a survey of what lives.

Rules: connected means both interfaces, REST with its events and the manager; until the owner has surveyed after a
(re)connection, news is held; every piece of news is stamped when it is read, held or not.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Coroutine, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final, NoReturn

from ivr.core.commands import Command, Cover, EndTalk, LastResort, LetGo, Uncover
from ivr.core.ids import CallId, LineId, RingId, VolunteerId, call_of
from ivr.core.lease import Renewal
from ivr.core.news import CallBack, Cause, News, PlayEnded, Result, Surveyed
from sip.ami import Ami, AmiAddress, Phones
from sip.ari import api
from sip.ari.http import Address, Http
from sip.ari.lag import LATE_S, Lag
from sip.ari.legs import RingLegs
from sip.ari.listing import rings_of, talks_of
from sip.ari.model import (
    Channel,
    ChannelDestroyed,
    ChannelDtmfReceived,
    ChannelHangupRequest,
    ChannelStateChange,
    Event,
    MissingParams,
    PlaybackFinished,
    StasisEnd,
    StasisStart,
)
from sip.ari.news import back_of, caller_line, came_back, gone, news_of, redirected
from sip.ari.parties import Parties, play_of, ring_of
from sip.ari.performer import Performer
from sip.ari.shelter import Shelter
from sip.ari.socket import APP, EventSocket, ReplacedError
from sip.ari.statistics import Statistics
from sip.ari.watcher import Watcher

SURVEY_S: Final = 5.0
STALE_S: Final = 1.0
"""What Asterisk lists may be a moment old: another thread keeps the list."""
LEFT_S: Final = 0.5
"""Who has left Stasis and is not said to be gone by then is looked for."""
AGAIN_S: Final = 0.2
BEAT: Final = "VL_BEAT"
HOLD: Final = "VL_HOLD"
UP: Final = "Up"
"""A channel's state once it was picked up."""
DIALLED: Final = "AppDial2"
"""What Asterisk calls the application of a channel that is dialled for a request of ours."""


class AriExchange:
    """`key` is the installation's; `sounds` holds `<language>/<prompt>.wav`; `now` gives the line's time, aware UTC;
    `late_s`: how old an event may be before new callers are held back (see `lag`)."""

    def __init__(
        self,
        ari: Address,
        ami: AmiAddress,
        *,
        key: bytes,
        sounds: Path,
        now: Callable[[], datetime],
        console: Path | None = None,
        ended: Callable[[CallId], bool] = lambda _call: False,
        late_s: float = LATE_S,
    ) -> None:
        self._now = now
        self._take: Callable[[News], None] = lambda _news: None
        self._http = Http(ari)
        self.ami = Ami(ami)
        self._phones = Phones(self.ami, self._tell, now)
        self._parties = Parties(key)
        self._legs = RingLegs(self._tell, self._stop_leg, now)
        self._performer = Performer(self._http, self.ami, self._parties, sounds, self._legs, self._phones)
        self._shelter = Shelter(self.ami, self._parties, self._tell, now, console, ended)
        words = self._performer.words
        self._watcher = Watcher(
            Statistics(ari), self._parties, self._tell, now, words, console, self._legs.channel, self.device_on
        )
        self.ami.on_event(self._watcher.heard)
        self._socket = EventSocket(ari, self._http, self._heard)
        self._held: list[News] | None = []
        self._back: dict[CallId, CallBack] = {}
        self._links = {"ari": False, "ami": False}
        self._losses = 0
        self._lost_at = 0.0
        self._changed = asyncio.Event()
        self._lag = Lag(late_s)
        self._left: set[str] = set()
        self._looking: set[asyncio.Task[None]] = set()

    # ------------------------------------------------------------------ connected or not

    async def run(
        self, take: Callable[[News], None], up: Callable[[], Awaitable[None]], down: Callable[[], None]
    ) -> NoReturn:
        """Until cancelled. After every (re)connection it awaits `up`, in which the owner surveys, and then gives the
        held news to `take`; `down` is called when a connection is lost. Raises ReplacedError when another controller
        has taken over: stop for good."""
        self._take = take
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._socket.run(lambda: self._link("ari", True), lambda: self._link("ari", False)))
                group.create_task(self.ami.run(lambda: self._link("ami", True), lambda: self._link("ami", False)))
                group.create_task(self._conduct(up, down))
                group.create_task(self._shelter.run())
        except* ReplacedError:
            raise ReplacedError from None
        finally:
            for task in self._looking:
                task.cancel()
            self._shelter.close()
            self._watcher.close()
            self._http.close()
        raise AssertionError("the tasks above never return")

    def _link(self, name: str, there: bool) -> None:
        self._links[name] = there
        if not there:
            self._losses += 1
            self._lost_at = time.monotonic()
            self._performer.keys.end_all()
            self._watcher.pause()
            self._held = self._held or []
        self._changed.set()

    async def _conduct(self, up: Callable[[], Awaitable[None]], down: Callable[[], None]) -> NoReturn:
        while True:
            await self._until(lambda: all(self._links.values()))
            losses = self._losses
            self.ami.tell([("Setvar", {"Variable": "VL_LEAD", "Value": "0"})])
            self._say_holding()
            try:
                await up()
            except ConnectionError:
                await asyncio.sleep(AGAIN_S)
                continue
            if self._losses == losses:
                held, self._held = self._held or [], None
                for news in held:
                    self._take(news)
                await self._end_words()
                self._shelter.begin()
                self._watcher.resume()
                await self._until(lambda since=losses: self._losses != since)  # type: ignore[misc]
            self._shelter.end()
            down()

    async def _end_words(self) -> None:
        """Words whose end was told while nobody listened: nobody shall wait for it."""
        for play in await self._performer.words_unheard():
            self._performer.words_ended(play)
            self._take(PlayEnded(call_of(play), play, heard=True, at=self._now()))

    async def _until(self, true: Callable[[], bool]) -> None:
        while not true():
            self._changed.clear()
            await self._changed.wait()

    # ------------------------------------------------------------------ news

    def _tell(self, news: News) -> None:
        if self._held is not None:
            self._held.append(news)
        else:
            self._take(news)

    def _heard(self, event: Event) -> None:
        at = self._now()
        match event:
            case MissingParams():
                return  # of our own request: it is no event
            case ChannelHangupRequest(channel=channel):
                self._parties.dying.add(channel.id)
            case StasisStart(channel=channel):
                self._returned(channel.id)
            case StasisEnd(channel=channel):
                self._look_after(channel.id)
            case PlaybackFinished(playback=playback):
                if play := play_of(playback.id):
                    self._performer.words_ended(play)
                self._performer.keys.said(playback.id)
            case _:
                pass
        if self._lag.heard(time.time() - event.timestamp.timestamp(), time.monotonic()):
            self._say_holding()
        news = None if self._is_answer(event) else news_of(event, self._parties, at)
        self._watcher.follow(event, news)
        if isinstance(event, StasisStart | ChannelStateChange | ChannelDestroyed | ChannelDtmfReceived):
            news = self._legs.sum_up(event.channel.id, news)
        if isinstance(event, ChannelDestroyed):
            self._parties.ended(event.channel.id)
            self._shelter.gone(event.channel.id)
            self._forget(event.channel.id)
            if redirected(event):
                self._later(self._stop_redirected())
        if news is not None:
            self._tell(news)

    def _is_answer(self, event: Event) -> bool:
        """A key of a caller who answers with keys: said to the volunteer, and told to nobody else."""
        call = self._parties.call(event.channel.id) if isinstance(event, ChannelDtmfReceived) else None
        if call is None or not isinstance(event, ChannelDtmfReceived) or not self._performer.keys.are_answers_of(call):
            return False
        self._later(self._performer.keys.pressed(call, event.channel.id, event.digit))
        return True

    def _forget(self, channel: str) -> None:
        self._left.discard(channel)
        call = self._parties.call(channel)
        if call is not None:
            self._performer.forget(call)
        self._parties.forget(channel)

    def _returned(self, channel: str) -> None:
        """In our hands, perhaps again: what they heard before that is over."""
        call = self._parties.call(channel)
        if call is not None:
            self._performer.forget(call)
        self._left.discard(channel)

    def _look_after(self, channel: str) -> None:
        """Left Stasis: usually the end, which is told with its cause right after; sometimes only a way elsewhere."""
        if self._parties.call(channel) is not None or ring_of(channel) is not None:
            self._left.add(channel)
            self._later(self._see_whether_gone(channel))

    def _later(self, what: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(what)
        self._looking.add(task)
        task.add_done_callback(self._looking.discard)

    async def _stop_redirected(self) -> None:
        """Asterisk follows a phone that sends its callers elsewhere, wherever that is: what it dials then is ended."""
        for channel in (await self._http.ask(api.channels_list(), timeout_s=SURVEY_S)).value or ():
            if channel.dialplan.app_name == DIALLED and ring_of(channel.id) is None:
                await self._http.ask(api.channels_hangup(channel.id))

    def _stop_leg(self, channel: str) -> None:
        """Another device of the volunteer was quicker, or they have declined on it."""
        self._later(self._performer.stop_leg(channel))

    async def _see_whether_gone(self, channel: str) -> None:
        await asyncio.sleep(LEFT_S)
        if channel not in self._left:
            return  # its end has been told meanwhile
        self._left.discard(channel)
        if (await self._http.ask(api.channels_get(channel))).result is Result.GONE:
            self._lost(channel, Cause.NORMAL)

    def _lost(self, channel: str, cause: Cause) -> None:
        self._watcher.gone(channel, time.time())
        news = self._legs.sum_up(channel, gone(channel, cause, self._parties, self._now()))
        self._parties.ended(channel)
        self._forget(channel)
        if news is not None:
            self._tell(news)

    # ------------------------------------------------------------------ who looks after whom

    def doubt(self) -> None:
        """We may have missed something: connect anew, so that the owner surveys again."""
        self._socket.doubt()

    def beat(self) -> None:
        """Say that somebody looks after every caller. The moment is the machine's, whatever the line's clock shows."""
        self.ami.tell([("Setvar", {"Variable": BEAT, "Value": str(int(time.time()))})])
        if self._lag.looked(time.monotonic()):
            self._say_holding()

    @property
    def holding(self) -> bool:
        """We do not keep up: new callers are greeted by the dialplan and wait there for a moment."""
        return self._lag.holding

    def _say_holding(self) -> None:
        self.ami.tell([("Setvar", {"Variable": HOLD, "Value": str(int(self._lag.holding))})])

    def renew(self, renewals: Sequence[Renewal]) -> None:
        self._performer.renew(renewals)

    # ------------------------------------------------------------------ a volunteer's devices

    def devices(self, volunteer: VolunteerId) -> tuple[str, ...]:
        """The endpoints of this volunteer that are there now."""
        return self._phones.devices(volunteer)

    def keep_devices(self, volunteer: VolunteerId, endpoints: Collection[str]) -> None:
        """This volunteer has these devices now and no others."""
        self._phones.only(volunteer, endpoints)

    def device_on(self, ring: RingId) -> str | None:
        """The endpoint on which this ring was picked up; None: nobody has, or it has been taken away."""
        return self._legs.device(ring, self._phones.known)

    # ------------------------------------------------------------------ commands and the survey

    async def perform(self, command: Command) -> Result:
        """Do it; never raises for anything the outside may answer."""
        given = self._parties.channel(command.call) if isinstance(command, LastResort) else None
        match command:
            case EndTalk():
                self._watcher.end(command.talk)
            case LetGo():
                self._watcher.let_go(command.ring)
            case Cover() | Uncover():
                self._watcher.cover(command.call, command.ring, command.side, covered=isinstance(command, Cover))
            case _:
                pass
        result = await self._performer.perform(command)
        if result is Result.UNREACHABLE:
            self._socket.doubt()
        if given is not None and result is Result.DONE:
            self._parties.keep_away(given)
            self._shelter.left(given)  # unless our dialplan was quicker to say so
        return result

    async def survey(self) -> Surveyed:
        """What lives there now; raises `ConnectionError` when the exchange cannot be asked."""
        asked_at = time.monotonic()
        known = self._parties.known_before(max(asked_at - STALE_S, self._lost_at))
        channels, bridges, endpoints, seen, witnessed = await asyncio.gather(
            self._http.ask(api.channels_list(), timeout_s=SURVEY_S),
            self._http.ask(api.bridges_list(), timeout_s=SURVEY_S),
            self._http.ask(api.endpoints_list_by_tech("PJSIP"), timeout_s=SURVEY_S),
            self._shelter.look(),
            self._shelter.witnessed(),
        )
        if channels.value is None or bridges.value is None or endpoints.value is None:
            raise ConnectionError("Asterisk does not say which calls there are")
        self._shelter.took(witnessed)
        there = await self._as_now(channels.value, self._shelter.away(seen))
        calls = self._callers(there)
        for channel in known - {channel.id for channel in there}:
            self._forget(channel)
        rings, answered = rings_of(there, bridges.value, self._legs)
        online = [each.resource for each in endpoints.value if each.state == "online"]
        reachable = self._phones.surveyed(online, asked_at)
        self._phones.known.update(each.resource for each in endpoints.value)
        talks = talks_of(bridges.value, self._parties)
        self._watcher.surveyed(talks, {each.resource: each.state == "online" for each in endpoints.value})
        return Surveyed(
            calls,
            rings,
            talks,
            reachable,
            self._now(),
            answered,
            self._shelter.sheltered(seen, {channel.id for channel in there}, calls),
            {call: back for call, back in self._back.items() if call in calls},
            witnessed,
            self._shelter.engaged(seen),
            frozenset(call for channel in there if channel.state != UP and (call := self._parties.call(channel.id))),
        )

    async def _as_now(self, channels: tuple[Channel, ...], away: frozenset[str]) -> tuple[Channel, ...]:
        """Those that are not over. Whom one list has in our hands and the other `away` is asked about once more."""
        there = []
        for channel in channels:
            if channel.id in away and channel.dialplan.app_name == "Stasis":
                now = (await self._http.ask(api.channels_get(channel.id))).value
                if now is not None:
                    there.append(now)
            else:
                there.append(channel)
        return tuple(channel for channel in there if not self._parties.is_over(channel.id))

    def _callers(self, channels: tuple[Channel, ...]) -> dict[CallId, LineId]:
        """In the order in which they came. Who is in the dialplan at present is not ours, nor is whom we have just
        given to it, though Asterisk still lists them with us for a moment."""
        calls: dict[CallId, LineId] = {}
        self._back = {}
        ours = (channel for channel in channels if not self._parties.is_kept(channel.id))
        for channel in sorted(ours, key=lambda each: each.creationtime):
            args = tuple(channel.dialplan.app_data.split(","))
            line = caller_line(args[1:]) if channel.dialplan.app_name == "Stasis" and args[0] == APP else None
            if line is not None and ring_of(channel.id) is None:
                known = self._parties.call(channel.id)
                call = known or self._parties.learn(channel.id, line)
                if known is None:
                    self._parties.adopted.add(call)
                calls[call] = line
                if (reached := came_back(args[1:])) is not None:
                    self._back[call] = back_of(channel, call, line, reached, self._now())
        return calls
