"""Codes that volunteers dial: what they do, and the sentence that confirms it."""

from __future__ import annotations

import pytest

from ivr.core import feature
from ivr.core.commands import Confirm
from ivr.core.feature import Feature
from ivr.core.ids import DialId, PromptId, VolunteerId
from ivr.core.news import FeatureDialled, VolunteerPaused, VolunteerReleased
from ivr.core.reasons import PauseKind
from ivr.core.state import InTalk, WrappingUp
from tests.core.small_house import Small, small


def dial(house: Small, who: VolunteerId, what: Feature, hangs_up: bool = True) -> PromptId:
    (confirm,) = [
        command
        for command in house.tell(FeatureDialled(DialId("1.1"), who, what, house.at))
        if isinstance(command, Confirm)
    ]
    if hangs_up:
        house.tell(VolunteerReleased(who, house.at))
    return confirm.prompt


@pytest.mark.parametrize(
    ("what", "says"),
    [
        (Feature.OFF_DUTY, feature.OFF_DUTY),
        (Feature.PAUSE, feature.PAUSED),
        (Feature.BREAK, feature.BREAK),
        (Feature.WRAP_UP_LONGER, feature.LONGER),
    ],
)
def test_who_dialled_that_they_cannot_be_rung_is_not_rung_until_they_dial_that_they_can(
    what: Feature, says: PromptId
) -> None:
    house = small()
    anna, bo = house.volunteer("anna"), house.volunteer("bo")
    assert dial(house, anna, what) == says
    house.waiting_caller()
    assert house.asked() == [bo]
    back = Feature.WRAP_UP_DONE if what is Feature.WRAP_UP_LONGER else Feature.ON_DUTY
    dial(house, anna, back)
    assert house.asked() == [bo, anna]


def test_nobody_is_rung_while_they_hear_the_sentence() -> None:
    house = small()
    anna = house.volunteer("anna")
    house.tell(VolunteerPaused(anna, "frokost", house.at))
    bo = house.volunteer("bo")
    house.waiting_caller()
    dial(house, anna, Feature.ON_DUTY, hangs_up=False)
    assert house.asked() == [bo]
    house.tell(VolunteerReleased(anna, house.at))
    assert house.asked() == [bo, anna]


def test_who_was_paused_for_not_answering_hears_why() -> None:
    house = small()
    anna = house.volunteer("anna")
    house.tell(VolunteerPaused(anna, None, house.at, PauseKind.UNANSWERED))
    assert dial(house, anna, Feature.ON_DUTY) == feature.WAS_NOT_ANSWERING
    assert dial(house, anna, Feature.ON_DUTY) == feature.ON_DUTY


def test_the_wrap_up_can_be_ended_and_prolonged_from_the_phone() -> None:
    house = small()
    anna = house.volunteer("anna")
    call = house.waiting_caller()
    house.talking(call, anna)
    assert dial(house, anna, Feature.WRAP_UP_LONGER) == feature.NOT_NOW
    assert isinstance(house.person(anna).phase, InTalk)
    house.hangs_up(call)
    house.ring_gone(house.ring_of(anna))
    assert dial(house, anna, Feature.WRAP_UP_LONGER) == feature.LONGER
    house.later(100.0)
    assert isinstance(house.person(anna).phase, WrappingUp)
    house.waiting_caller()
    dial(house, anna, Feature.WRAP_UP_DONE)
    assert house.asked() == [anna, anna]


def test_somebody_who_is_not_in_the_house_is_answered_and_nothing_changes() -> None:
    house = small()
    assert dial(house, VolunteerId("stranger"), Feature.ON_DUTY) == feature.NOT_NOW
    assert not house.house.volunteers


def test_a_code_is_for_nobody_but_who_dialled_it() -> None:
    house = small()
    anna, bo = house.volunteer("anna"), house.volunteer("bo")
    before = house.person(bo)
    for what in Feature:
        dial(house, anna, what)
    assert house.person(bo) == before
