"""What a coordinator sees of a talk in which somebody is on hold, or not heard."""

from __future__ import annotations

from ivr.cli.duty import remark
from ivr.cli.status import person_json, wrong_things
from ivr.core.ids import CallId, VolunteerId
from ivr.core.news import CallerTalking, SideHeld, SoundBack, SoundLost
from ivr.core.reasons import Loss, Side
from tests.core.small_house import Small, small


def talk() -> tuple[Small, CallId, VolunteerId]:
    house = small()
    anna = house.volunteer("anna")
    call = house.waiting_caller()
    house.talking(call, anna)
    house.tell(CallerTalking(call, True, house.at))
    return house, call, anna


def seen(house: Small, who: VolunteerId) -> str:
    return remark(person_json(house.house, house.person(who), house.at))


def test_a_hold_is_seen_at_once_and_is_something_to_look_at_after_three_minutes() -> None:
    house, call, anna = talk()
    house.tell(SideHeld(call, Side.VOLUNTEER, True, house.at))
    assert seen(house, anna) == " (on hold by the volunteer)"
    house.later(179.0)
    assert wrong_things(house.house, True) == []
    house.later(2.0)
    assert wrong_things(house.house, True) == ["anna has had the other on hold since 13:00: look after them."]
    house.tell(SideHeld(call, Side.VOLUNTEER, False, house.at))
    assert wrong_things(house.house, True) == []
    assert seen(house, anna) == ""


def test_a_volunteer_who_is_not_heard_is_seen_with_how_long_and_told_after_three_minutes() -> None:
    house, call, anna = talk()
    house.tell(SoundLost(house.talk_of(call), Side.VOLUNTEER, Loss.ABSENT, house.at))
    house.later(12.0)
    assert seen(house, anna) == " (their caller has not heard them for 12 s, and hears music)"
    house.later(170.0)
    assert wrong_things(house.house, True) == [
        "anna has not been heard by their caller since 13:00: is their phone muted?"
    ]
    house.tell(SoundBack(house.talk_of(call), Side.VOLUNTEER, house.at))
    assert wrong_things(house.house, True) == []
