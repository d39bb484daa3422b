"""A house on the fake exchange, without an engine and without a loop: what people would really have heard.

The engine's part is played in the smallest way: commands of a lane one after the other, failures come back as news,
deadlines are kept. So whatever goes wrong here is the house's decision, not the engine's plumbing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hypothesis import strategies as st

from ivr.core.commands import Command
from ivr.core.ids import CallId, LineId, RingId, VolunteerId, call_of
from ivr.core.news import CommandFailed, LineDue, News, Result
from ivr.core.state import Accepting, Choosing, House
from tests.fakes.clock import Alarm, VirtualClock
from tests.fakes.exchange import FakeExchange
from tests.fakes.hearing import Kind, Stretch
from tests.fakes.phones import Answers, AnswersAsLetGo, Behaviour, Busy, Declines, NeverAnswers, Sends, Vanished
from tests.fakes.weather import Weather
from tests.laws.deadlines import Deadlines, Due, news_of
from tests.laws.generators import NOON, Setting, settings_
from tests.laws.laws import obey
from tests.laws.trace import LawBroken, Moment, Step, take

FINE = (Result.DONE, Result.ALREADY)
LONG_ENOUGH_S = 3600.0
UNHEARD_S = 3.0
"""So long at most a caller hears nothing of the volunteer they talk with, whatever their phone does."""
MOST_AT_ONCE = 200
"""More news at one and the same moment: the house goes round in a circle."""


@dataclass(frozen=True, slots=True)
class Visit:
    """Somebody calls, presses what they press, and hangs up in the end at the latest."""

    at_s: float
    line: LineId
    stays_s: float
    presses: tuple[tuple[float, str], ...] = ()


class Evening:
    def __init__(self, step: Step, setting: Setting, weather: Weather | None = None) -> None:
        self.clock = VirtualClock(NOON)
        self.exchange = FakeExchange(self.clock, self.take, weather=weather)
        self.trace: list[Moment] = []
        self._step = step
        self._house: House = setting.nobody()
        self._at_once = 0
        self._lanes: dict[str, deque[Command]] = {}
        self._deadlines = Deadlines()
        self._watched: Due | None = None
        self._alarm: Alarm | None = None
        for news in setting.opening():
            self.take(news)

    def take(self, news: News) -> None:
        moment = take(self._step, self._house, news)
        self.trace.append(moment)
        self._number_at_once(moment)
        self._house = moment.after
        self._deadlines.follow(moment.before, moment.after, self.clock.now())
        if isinstance(news, LineDue):
            self._deadlines.ask_line(moment.after, news.line, self.clock.now())
        for command in moment.commands:
            lane = self._lanes.setdefault(command.lane, deque())
            lane.append(command)
            if len(lane) == 1:
                self._next(lane)
        self._watch()

    def _number_at_once(self, moment: Moment) -> None:
        self._at_once = self._at_once + 1 if len(self.trace) > 1 and self.trace[-2].news.at == moment.news.at else 1
        if self._at_once > MOST_AT_ONCE:
            raise LawBroken("it never comes to rest", self.trace[-20:])

    def _next(self, lane: deque[Command]) -> None:
        command = lane[0]

        def answered(result: Result) -> None:
            lane.popleft()
            if lane:
                self._next(lane)
            if result not in FINE:
                self.take(CommandFailed(command, result, self.clock.now()))

        self.exchange.submit(command, answered)

    def _watch(self) -> None:
        first = self._deadlines.first()
        if first == self._watched:
            return
        if self._alarm is not None:
            self._alarm.cancel()
        self._watched = first
        if first is not None:
            ahead_s = (first[0] - self.clock.now()).total_seconds()
            self._alarm = self.clock.after(max(0.0, ahead_s), lambda: self._due(first))

    def _due(self, due: Due) -> None:
        self._alarm = self._watched = None
        if due[0] <= self.clock.now():
            self.take(news_of(due, self.clock.now()))
        else:
            self._watch()

    def let(self, visits: Sequence[Visit], phones: Mapping[VolunteerId, Sequence[Behaviour]]) -> None:
        """Let it all happen, until everybody has gone and everything has come to rest."""
        for volunteer, behaviours in phones.items():
            self.exchange.phone(volunteer, *behaviours)
        for visit in visits:
            self.clock.after(visit.at_s, lambda visit=visit: self._call(visit))  # type: ignore[misc]
        self.clock.advance(LONG_ENOUGH_S)

    def _call(self, visit: Visit) -> None:
        self.exchange.caller(visit.line, presses=visit.presses, hangs_up_after_s=visit.stays_s)

    def judge(self) -> None:
        """Every law, and: nobody in silence, nothing asked that must not be asked. Raises `LawBroken`."""
        obey(self.trace, finished=True)
        for kind in (Kind.UNHEARD, Kind.DEAD_PHONE):
            for who, stretches in self.exchange.left_in_silence(UNHEARD_S, kind).items():
                raise LawBroken(f"{who} is left with somebody who is not heard: {stretches[0]}", self.trace)
        for who, stretches in self.exchange.left_in_silence(1.0).items():
            for stretch in stretches:
                if not (self._waits_for_a_key(who, stretch) or self._is_asked_to_accept(who, stretch)):
                    raise LawBroken(f"{who} is left in silence: {stretch}", self.trace)
        if self.exchange.floor.misuse:
            raise LawBroken(f"asked what must not be asked: {self.exchange.floor.misuse}", self.trace)
        alive = self.exchange.look()
        if alive.calls or alive.rings or alive.talks:
            raise LawBroken(f"left behind in the exchange: {alive}", self.trace)

    def _waits_for_a_key(self, who: str, stretch: Stretch) -> bool:
        """After a menu's words it is the caller's turn: the only silence that may last, and only as long as it says."""
        for moment in self.trace:
            began_s = (moment.news.at - NOON).total_seconds()
            call = moment.after.calls.get(CallId(who))
            if call is None or not stretch.start_s <= began_s <= stretch.start_s + 1.0:
                continue
            if isinstance(call.phase, Choosing) and call.phase.play is None:
                return stretch.end_s <= (call.phase.due - NOON).total_seconds() + 1.0
        return False

    def _is_asked_to_accept(self, who: str, stretch: Stretch) -> bool:
        """A phone that was picked up and asked for a key waits for it, and only for as long as its group says."""
        for moment in self.trace:
            call = moment.after.calls.get(call_of(RingId(who))) if "-r" in who else None
            for ring in call.rings if call is not None else ():
                if ring.id == who and isinstance(ring.phase, Accepting):
                    return stretch.end_s <= (ring.gives_up_at - NOON).total_seconds() + 1.0
        return False


# ---------------------------------------------------------------- drawn

MOMENTS = st.integers(0, 600).map(lambda tenths: tenths / 10)

ON = ((2.0, "*"), (2.2, "1"), (2.4, "6"))
"""A volunteer lets their caller answer with keys."""

SENDS: tuple[tuple[tuple[float, Sends], ...], ...] = (
    ((0.0, Sends.NOTHING),),
    ((0.0, Sends.ASTRAY),),
    ((4.0, Sends.NOTHING), (9.0, Sends.SOUND)),
    ((3.0, Sends.ASTRAY),),
    ((2.0, Sends.HOLDS), (8.0, Sends.SOUND), (8.5, Sends.NOTHING)),
)
"""What becomes of a volunteer's sound, from so many seconds after picking up on."""

PHONES: st.SearchStrategy[Behaviour] = st.one_of(
    st.builds(
        Answers,
        after_s=st.sampled_from((0.0, 0.5, 3.0, 14.9)),
        hangs_up_after_s=st.sampled_from((None, 0.1, 1.0, 20.0)),
        dies_after_s=st.sampled_from((None, None, 0.5, 10.0)),
        presses=st.sampled_from(
            ((), ((1.0, "1"),), ((0.5, "7"), (3.0, "1")), ON, (*ON, (4.0, "*"), (4.1, "1"), (4.2, "7")))
        ),
        sends=st.sampled_from(((), (), *SENDS)),
        mends=st.booleans(),
    ),
    st.just(NeverAnswers()),
    st.builds(Declines, after_s=st.sampled_from((0.1, 2.0))),
    st.just(Busy()),
    st.just(Vanished()),
    st.just(AnswersAsLetGo()),
)


@dataclass(frozen=True, slots=True)
class Script:
    """One evening as drawn."""

    setting: Setting
    visits: tuple[Visit, ...]
    phones: dict[VolunteerId, tuple[Behaviour, ...]]
    seed: int | None


@st.composite
def scripts(draw: st.DrawFn) -> Script:
    setting = draw(settings_())
    visit = st.builds(
        Visit,
        at_s=MOMENTS,
        line=st.sampled_from(sorted(setting.plan.lines)),
        stays_s=st.sampled_from((0.05, 1.0, 3.2, 7.0, 25.0, 100.0, 400.0)),
        presses=st.lists(st.tuples(MOMENTS, st.sampled_from("12*")), max_size=2).map(tuple),
    )
    visits = tuple(draw(st.lists(visit, min_size=1, max_size=4)))
    phones = {
        seat.who: tuple(draw(st.lists(PHONES, min_size=1, max_size=3))) for seat in setting.seats if seat.reachable
    }
    return Script(setting, visits, phones, draw(st.one_of(st.none(), st.integers(0, 50))))
