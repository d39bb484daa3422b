"""Who serves the line: table, override, hand-over; and nobody loses their place by it."""

from __future__ import annotations

from datetime import timedelta

from ivr.core import switchboard
from ivr.core.facts import OverrideChanged, ServiceChanged
from ivr.core.hours import Service
from ivr.core.news import Cause, HandoverAsked, LineDue, OverrideGiven
from tests.core.small_house import LINE, NIGHT, NOON, Small, small


def until_line_changes(house: Small) -> None:
    """Until who serves is somebody else, or nobody; what was handed over by hand ends, too."""

    def now() -> tuple[object, ...]:
        line = house.house.lines[LINE]
        return line.service, line.handed, line.override

    before = now()
    while now() == before:
        due = switchboard.line_due(house.house, LINE, house.at)
        assert due is not None
        house.at = due
        house.tell(LineDue(LINE, due))


def test_the_table_changes_the_service_at_its_moments() -> None:
    house = small()
    house.volunteer("anna")
    house.volunteer("nora", NIGHT)
    until_line_changes(house)
    assert house.at == NOON.replace(hour=22)
    assert house.house.lines[LINE].service is Service.NIGHT
    until_line_changes(house)
    assert house.house.lines[LINE].service is None
    until_line_changes(house)
    assert house.house.lines[LINE].service is Service.DAY
    assert [(fact.service, fact.by_hand) for fact in house.said(ServiceChanged)][1:] == [
        (Service.NIGHT, False),
        (None, False),
        (Service.DAY, False),
    ]


def test_those_who_wait_keep_their_place_in_a_handover_and_the_night_phones_ring() -> None:
    house = small()
    house.volunteer("anna")
    nora = house.volunteer("nora", NIGHT)
    first, second = house.waiting_caller(), house.waiting_caller()
    house.tell(HandoverAsked(LINE, Service.NIGHT, house.at))
    assert house.house.lines[LINE].queue == (first, second)
    assert house.asked()[-1] == nora
    assert house.said(ServiceChanged)[-1].by_hand


def test_phones_that_ring_at_a_handover_ring_on_and_whoever_picks_up_gets_the_caller() -> None:
    house = small()
    anna = house.volunteer("anna")
    house.volunteer("nora", NIGHT)
    call = house.waiting_caller()
    house.tell(HandoverAsked(LINE, Service.NIGHT, house.at))
    house.answers(house.ring_of(anna))
    house.joined(call)
    assert house.talk_of(call)


def test_day_volunteers_are_not_rung_again_after_a_handover() -> None:
    house = small()
    anna = house.volunteer("anna")
    house.volunteer("nora", NIGHT)
    house.waiting_caller()
    house.tell(HandoverAsked(LINE, Service.NIGHT, house.at))
    house.ring_gone(house.ring_of(anna), Cause.NO_ANSWER)
    house.later(60.0)
    assert house.asked().count(anna) == 1


def test_a_handover_by_hand_ends_at_the_tables_next_change() -> None:
    house = small()
    house.tell(HandoverAsked(LINE, Service.NIGHT, house.at))
    assert house.house.lines[LINE].service is Service.NIGHT
    until_line_changes(house)
    assert house.at == NOON.replace(hour=22)
    assert house.house.lines[LINE].handed is None


def test_an_override_beats_the_table_and_ends_by_itself() -> None:
    house = small()
    until = NOON + timedelta(hours=1)
    house.tell(OverrideGiven(LINE, False, until, "storm", house.at))
    assert house.house.lines[LINE].service is None
    until_line_changes(house)
    assert house.at == until
    assert house.house.lines[LINE].service is Service.DAY
    assert house.said(OverrideChanged)[0].reason == "storm"


def test_an_override_is_taken_back() -> None:
    house = small()
    house.tell(OverrideGiven(LINE, False, None, "storm", house.at))
    house.tell(OverrideGiven(LINE, None, None, "over", house.at))
    assert house.house.lines[LINE].service is Service.DAY


def test_closing_time_drops_nobody_who_waits() -> None:
    house = small(max_wait_s=None)
    call = None
    anna = house.volunteer("anna", NIGHT)
    house.at = NOON.replace(hour=22)
    house.tell(LineDue(LINE, house.at))
    call = house.waiting_caller()
    until_line_changes(house)
    assert house.house.lines[LINE].service is None
    assert house.house.lines[LINE].queue == (call,)
    house.ring_gone(house.ring_of(anna), Cause.NO_ANSWER)
    house.later(6.0)
    assert house.asked() == [anna, anna]
