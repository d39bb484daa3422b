"""Whole evenings on the fake exchange: the laws, and what people heard."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings

from ivr.core import switchboard
from ivr.core.ids import VolunteerId
from tests.fakes.phones import Answers, AnswersAsLetGo, Behaviour, NeverAnswers
from tests.fakes.weather import Weather
from tests.laws.evening import Evening, Script, Visit, scripts
from tests.laws.generators import CHILDREN, NAMES, setting

pytestmark = pytest.mark.scan

ANNA, BO, *_ = NAMES


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(script=scripts())
def test_whatever_people_do_nobody_is_left_in_silence_and_every_law_holds(script: Script) -> None:
    weather = Weather(seed=script.seed) if script.seed is not None else Weather()
    evening = Evening(switchboard.step, script.setting, weather)
    evening.let(script.visits, script.phones)
    evening.judge()


def test_a_child_hears_greeting_welcome_and_music_and_then_a_volunteer() -> None:
    evening = Evening(switchboard.step, setting(volunteers=1))
    evening.let([Visit(0.0, CHILDREN, 60.0)], {ANNA: (Answers(8.0),)})
    evening.judge()
    (call,) = evening.exchange.floor.callers
    heard = [sound for sound in evening.exchange.told(call) if sound != "silence"]
    assert heard == ["ring tone", "prompt velkommen", "prompt i-ko", "music", "person anna"]


def test_of_two_who_pick_up_at_once_one_is_joined_and_the_other_let_go() -> None:
    evening = Evening(switchboard.step, setting(volunteers=2))
    evening.let([Visit(0.0, CHILDREN, 60.0)], {ANNA: (Answers(8.0),), BO: (Answers(8.0),)})
    evening.judge()
    (call,) = evening.exchange.floor.callers
    assert sum(sound.startswith("person") for sound in evening.exchange.told(call)) == 1


def test_who_picks_up_as_another_has_won_is_let_go_at_once() -> None:
    evening = Evening(switchboard.step, setting(volunteers=2))
    evening.let([Visit(0.0, CHILDREN, 60.0)], {ANNA: (Answers(5.0),), BO: (AnswersAsLetGo(),)})
    evening.judge()


def test_a_phone_that_presses_nothing_waits_in_silence_no_longer_than_it_is_asked_to_accept() -> None:
    house = setting(volunteers=1)
    groups = {id_: replace(group, accept_s=6.0) for id_, group in house.plan.groups.items()}
    house = replace(house, plan=replace(house.plan, groups=groups))
    evening = Evening(switchboard.step, house)
    evening.let([Visit(0.0, CHILDREN, 60.0)], {ANNA: (Answers(2.0),)})
    evening.judge()
    (call,) = evening.exchange.floor.callers
    assert not any("person" in sound for sound in evening.exchange.told(call)), "nobody has pressed 1"
    assert evening.exchange.left_in_silence(1.0), "a voice mail hears nothing after the words"


def test_a_caller_whose_volunteer_s_phone_dies_meets_another() -> None:
    evening = Evening(switchboard.step, setting(volunteers=2))
    phones: dict[VolunteerId, tuple[Behaviour, ...]] = {
        ANNA: (Answers(2.0, dies_after_s=10.0), NeverAnswers()),
        BO: (NeverAnswers(), Answers(2.0)),
    }
    evening.let([Visit(0.0, CHILDREN, 120.0)], phones)
    evening.judge()
    (call,) = evening.exchange.floor.callers
    people = [sound for sound in evening.exchange.told(call) if "phone" in sound or "person" in sound]
    assert people == ["person anna", "dead phone anna", "person bo"]


@pytest.mark.parametrize("seed", range(5))
def test_ten_children_and_two_volunteers_in_rough_weather(seed: int) -> None:
    evening = Evening(switchboard.step, setting(volunteers=2, max_wait_s=None), Weather(seed))
    visits = [Visit(number * 1.5, CHILDREN, 300.0 + number) for number in range(10)]
    phones = {who: (Answers(1.0, hangs_up_after_s=20.0),) for who in (ANNA, BO)}
    evening.let(visits, phones)
    evening.judge()
    met = [any("person" in sound for sound in evening.exchange.told(call)) for call in evening.exchange.floor.callers]
    assert met == [True] * 10
