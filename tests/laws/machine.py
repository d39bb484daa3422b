"""A day that is drawn step by step: what days and evenings are made of, as rules that `hypothesis` plays with. Where a
law is broken it looks for the fewest and simplest steps that break one, and prints them as a program.

Rules: only what people and admins do; the exchange and the house do the rest, as in an evening. After every step every
law of what has happened is asked, and in the end everybody hangs up and the whole day is judged.
"""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from ivr.core import switchboard
from ivr.core.feature import Feature
from ivr.core.hours import Service
from ivr.core.ids import CallId, RingId
from ivr.core.news import (
    Cause,
    DutyChanged,
    HandoverAsked,
    News,
    OverrideGiven,
    VolunteerPaused,
    VolunteerResumed,
    WrapUpDone,
)
from tests.fakes.legs import LegPhase
from tests.fakes.phones import Behaviour, NeverAnswers
from tests.fakes.weather import Weather
from tests.laws.evening import LONG_ENOUGH_S, PHONES, Evening
from tests.laws.generators import NAMES, NOON, Seat, Setting, settings_
from tests.laws.laws import obey

PLACE = st.integers(0, 5)
"""Of those whom a step may concern, which one; counted round."""
MOST_CALLERS = 8
"""At a time."""


class DayOfSteps(RuleBasedStateMachine):
    evening: Evening
    setting: Setting

    @initialize(
        setting=settings_(),
        rough=st.none() | st.integers(0, 50),
        phones=st.lists(st.just(NeverAnswers()) | PHONES, min_size=len(NAMES), max_size=len(NAMES)),
    )
    def the_house_opens(self, setting: Setting, rough: int | None, phones: list[Behaviour]) -> None:
        self.setting = setting
        self.evening = Evening(switchboard.step, setting, Weather(rough))
        self._obeyed = 0
        for seat, behaviour in zip(setting.seats, phones, strict=False):
            if seat.reachable:
                self.evening.exchange.phone(seat.who, behaviour)

    # ------------------------------------------------------------ callers

    def _here(self) -> list[CallId]:
        return [caller.id for caller in self.evening.exchange.floor.callers.values() if caller.here]

    @precondition(lambda self: len(self._here()) < MOST_CALLERS)
    @rule(place=PLACE, how_many=st.integers(1, 3), apart_s=st.sampled_from((0.0, 0.3, 9.0)))
    def some_call(self, place: int, how_many: int, apart_s: float) -> None:
        lines = sorted(self.setting.plan.lines)
        for _ in range(how_many):
            self.evening.exchange.caller(lines[place % len(lines)])
            self.evening.clock.advance(apart_s)

    @precondition(lambda self: self._here())
    @rule(place=PLACE)
    def a_caller_hangs_up(self, place: int) -> None:
        here = self._here()
        self.evening.exchange.hangs_up(here[place % len(here)])

    @precondition(lambda self: self._here())
    @rule(place=PLACE, digit=st.sampled_from("12*"))
    def a_caller_presses(self, place: int, digit: str) -> None:
        here = self._here()
        self.evening.exchange.presses(here[place % len(here)], digit)

    # ------------------------------------------------------------ phones

    def _rings(self, phase: LegPhase) -> list[RingId]:
        return [leg.id for leg in self.evening.exchange.floor.legs.values() if leg.phase is phase]

    @rule(place=PLACE, behaviour=PHONES)
    def a_phone_behaves_so_from_now_on(self, place: int, behaviour: Behaviour) -> None:
        self.evening.exchange.phone(self._seat(place).who, behaviour)

    @rule(place=PLACE)
    def a_phone_is_unplugged(self, place: int) -> None:
        self.evening.exchange.unplug(self._seat(place).who)

    @precondition(lambda self: self._rings(LegPhase.RINGING))
    @rule(place=PLACE)
    def a_phone_is_picked_up(self, place: int) -> None:
        ringing = self._rings(LegPhase.RINGING)
        self.evening.exchange.picks_up(ringing[place % len(ringing)])

    @precondition(lambda self: self._rings(LegPhase.RINGING))
    @rule(place=PLACE)
    def a_phone_is_declined(self, place: int) -> None:
        ringing = self._rings(LegPhase.RINGING)
        self.evening.exchange.puts_down(ringing[place % len(ringing)], Cause.DECLINED)

    @precondition(lambda self: self._rings(LegPhase.UP))
    @rule(place=PLACE)
    def a_phone_is_put_down(self, place: int) -> None:
        up = self._rings(LegPhase.UP)
        self.evening.exchange.puts_down(up[place % len(up)])

    # ------------------------------------------------------------ volunteers and lines

    def _seat(self, place: int) -> Seat:
        return self.setting.seats[place % len(self.setting.seats)]

    def _take(self, news: News) -> None:
        self.evening.take(replace(news, at=self.evening.clock.now()))

    @rule(place=PLACE, pauses=st.booleans())
    def a_volunteer_pauses_or_resumes(self, place: int, pauses: bool) -> None:
        who = self._seat(place).who
        self._take(VolunteerPaused(who, None, NOON) if pauses else VolunteerResumed(who, NOON))

    @rule(place=PLACE, on=st.booleans())
    def a_volunteer_comes_on_duty_or_goes(self, place: int, on: bool) -> None:
        self._take(DutyChanged(self._seat(place).who, on, NOON))

    @rule(place=PLACE)
    def a_volunteer_is_ready(self, place: int) -> None:
        self._take(WrapUpDone(self._seat(place).who, NOON))

    @rule(place=PLACE, feature=st.sampled_from(Feature))
    def a_volunteer_dials_a_code(self, place: int, feature: Feature) -> None:
        self.evening.exchange.dials_code(self._seat(place).who, feature)

    @rule(place=PLACE, service=st.sampled_from(Service))
    def a_line_is_handed_over(self, place: int, service: Service) -> None:
        lines = sorted(self.setting.plan.lines)
        self._take(HandoverAsked(lines[place % len(lines)], service, NOON))

    @rule(place=PLACE, how=st.sampled_from((True, False, None)))
    def a_line_is_opened_or_closed(self, place: int, how: bool | None) -> None:
        lines = sorted(self.setting.plan.lines)
        self._take(OverrideGiven(lines[place % len(lines)], how, None, "test", NOON))

    @rule(seconds=st.sampled_from((0.0, 0.02, 0.5, 2.0, 6.0, 20.0, 65.0, 400.0)))
    def time_goes_by(self, seconds: float) -> None:
        self.evening.clock.advance(seconds)

    # ------------------------------------------------------------ what must be true

    @invariant()
    def every_law_holds(self) -> None:
        trace = self.evening.trace
        if len(trace) > self._obeyed:
            obey(trace, since=self._obeyed)
            self._obeyed = len(trace)

    def teardown(self) -> None:
        if not hasattr(self, "evening"):
            return
        for call in self._here():
            self.evening.exchange.hangs_up(call)
        self.evening.clock.advance(LONG_ENOUGH_S)
        self.evening.judge()
