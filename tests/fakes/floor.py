"""The exchange's floor: who is here, who is joined with whom, and the wire on which news leaves for the controller."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from ivr.app.ports import Take
from ivr.core.ids import CallId, PromptId, RingId, TalkId, VolunteerId
from ivr.core.news import News
from tests.fakes.clock import VirtualClock
from tests.fakes.hearing import Track
from tests.fakes.legs import Caller, Leg
from tests.fakes.phones import Behaviour, Unregistered
from tests.fakes.weather import Weather


@dataclass(slots=True)
class Phone:
    """A volunteer's phone: its scripts are used one per ring, the last one for ever."""

    scripts: list[Behaviour]

    @property
    def registered(self) -> bool:
        return not isinstance(self.scripts[0], Unregistered)

    def next_script(self) -> Behaviour:
        return self.scripts.pop(0) if len(self.scripts) > 1 else self.scripts[0]


class Floor:
    def __init__(self, clock: VirtualClock, take: Take, prompts: Mapping[PromptId, float], weather: Weather) -> None:
        self.clock = clock
        self.prompts = prompts
        self.weather = weather
        self.callers: dict[CallId, Caller] = {}
        self.legs: dict[RingId, Leg] = {}
        self.latest: dict[VolunteerId, Leg] = {}
        """Of each volunteer, the leg that was asked to ring last."""
        self.past_legs: list[Leg] = []
        """Earlier legs whose id was used once more (a ring that was repeated after it had ended)."""
        self.phones: dict[VolunteerId, Phone] = {}
        self.talks: dict[TalkId, tuple[CallId, RingId]] = {}
        self.used_talks: set[TalkId] = set()
        self.misuse: list[str] = []
        """What no controller should ever do, in words."""
        self.changed: Callable[[TalkId], None] = lambda _talk: None
        """Called when what is heard in a talk may have changed."""
        self.ends: Callable[[TalkId | None], None] = lambda _talk: None
        """Called right before one of the two of a talk is gone."""
        self._take = take
        self._connection = 1
        self.connected = True
        self._held: list[News] | None = None

    # ------------------------------------------------------------ the wire

    def emit(self, stream: str, news: Callable[[datetime], News | None]) -> None:
        """Send news; it is stamped when it is read. Nobody connected, at either end of the way: lost. None: by then it
        is no news any more."""
        if not self.connected:
            return
        connection = self._connection

        def deliver() -> None:
            if self.is_connection(connection) and (said := news(self.clock.now())) is not None:
                self._hand_over(said)

        self.clock.after(self.weather.news_in_s(stream, self.clock.monotonic()), deliver)

    def _hand_over(self, news: News) -> None:
        if self._held is not None:
            self._held.append(news)
        else:
            self._take(news)

    def release(self) -> None:
        """What came while a survey was awaited is told now, in order."""
        held, self._held = self._held, None
        for news in held or ():
            self._take(news)

    @property
    def connection(self) -> int:
        return self._connection

    def is_connection(self, connection: int) -> bool:
        return self.connected and self._connection == connection

    def cut(self) -> None:
        self.connected = False
        self._held = None

    def connect(self, take: Take | None, hold: bool) -> None:
        self.connected = True
        self._connection += 1
        self._held = [] if hold else None
        if take is not None:
            self._take = take

    # ------------------------------------------------------------ who hears what

    def track(self, who: str) -> Track:
        return Track(who)

    def leg_with(self, caller: Caller) -> Leg | None:
        """The leg that shares a talk with this caller."""
        if caller.talk is None:
            return None
        leg = self.legs[self.talks[caller.talk][1]]
        return leg if leg.here and leg.talk == caller.talk else None

    def caller_with(self, leg: Leg) -> Caller | None:
        if leg.talk is None:
            return None
        caller = self.callers[self.talks[leg.talk][0]]
        return caller if caller.here and caller.talk == leg.talk else None

    def listen(self, caller: Caller | None, leg: Leg | None = None) -> None:
        """Note what they hear from now on."""
        now = self.clock.monotonic()
        if caller is not None:
            caller.track.note(now, caller.sound(self.leg_with(caller)))
        if leg is not None:
            leg.track.note(now, leg.sound(self.caller_with(leg)))
        for talk in {each.talk for each in (caller, leg) if each is not None and each.talk is not None}:
            self.changed(talk)

    def part(self, talk: TalkId) -> None:
        """The room is taken down; both stay on the line."""
        call, ring = self.talks[talk]
        caller, leg = self.callers[call], self.legs[ring]
        if caller.talk == talk:
            caller.talk = caller.yes_no = None
            caller.covered = False
        if leg.talk == talk:
            leg.talk, leg.covered = None, False
        del self.talks[talk]
        self.changed(talk)
        self.listen(caller, leg)
