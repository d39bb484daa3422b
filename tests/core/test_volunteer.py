"""What volunteers are doing, what they say about it, and who says it for them."""

from __future__ import annotations

from dataclasses import replace

from ivr.core.facts import (
    VolunteerBack,
    VolunteerCameOnDuty,
    VolunteerNotAnswering,
    VolunteerTookBreak,
    VolunteerTookPause,
    VolunteerWentOffDuty,
    WrapUpEnded,
    WrapUpStarted,
)
from ivr.core.ids import VolunteerId
from ivr.core.news import (
    Cause,
    DutyChanged,
    Published,
    VolunteerPaused,
    VolunteerReachable,
    VolunteerResumed,
    VolunteerUnreachable,
    WrapUpDone,
    WrapUpProlonged,
)
from ivr.core.reasons import PauseKind
from ivr.core.state import Free, InTalk, WrappingUp
from tests.core.small_house import DAY, LINE, Small, open_by_day, plan, small


def strict(most: int) -> Small:
    """A house in which so many unanswered rings in a row pause a volunteer."""
    house = small()
    made = plan()
    groups = {**made.groups, DAY: replace(made.groups[DAY], auto_pause=most)}
    house.tell(Published(replace(made, version="2", groups=groups), {LINE: open_by_day()}, house.at))
    return house


def let_ring(house: Small, who: VolunteerId, cause: Cause = Cause.NO_ANSWER) -> None:
    """The phone rings to its end, and the rest after it passes."""
    house.rings(house.ring_of(who))
    house.later(20.0 if cause is Cause.NO_ANSWER else 1.0)
    house.ring_gone(house.ring_of(who), cause)
    house.later(6.0)


def wrapping_up() -> tuple[Small, VolunteerId]:
    house = small()
    anna = house.volunteer("anna")
    call = house.waiting_caller()
    house.talking(call, anna)
    house.hangs_up(call)
    house.ring_gone(house.ring_of(anna))
    assert isinstance(house.person(anna).phase, WrappingUp)
    return house, anna


def test_a_wrap_up_is_said_when_it_begins_and_when_it_ends_by_itself() -> None:
    house, anna = wrapping_up()
    (began,) = house.said(WrapUpStarted)
    assert (began.until - began.at).total_seconds() == 10.0
    house.later(11.0)
    assert [fact.at for fact in house.said(WrapUpEnded)] == [began.until]
    assert isinstance(house.person(anna).phase, Free)


def test_who_says_ready_is_rung_at_once() -> None:
    house, anna = wrapping_up()
    house.waiting_caller()
    assert house.asked() == [anna]
    house.tell(WrapUpDone(anna, house.at))
    assert house.asked() == [anna, anna]


def test_who_needs_longer_is_left_alone_for_longer() -> None:
    house, anna = wrapping_up()
    house.waiting_caller()
    house.tell(WrapUpProlonged(anna, 60.0, house.at))
    house.later(69.0)
    assert house.asked() == [anna]
    house.later(2.0)
    assert house.asked() == [anna, anna]


def test_who_asks_for_longer_a_moment_too_late_is_left_alone_too() -> None:
    house, anna = wrapping_up()
    house.later(12.0)
    house.tell(WrapUpProlonged(anna, 60.0, house.at))
    house.waiting_caller()
    assert house.asked() == [anna]


def test_longer_and_ready_are_nothing_in_a_talk() -> None:
    house = small()
    anna = house.volunteer("anna")
    house.talking(house.waiting_caller(), anna)
    house.tell(WrapUpProlonged(anna, 60.0, house.at))
    house.tell(WrapUpDone(anna, house.at))
    assert isinstance(house.person(anna).phase, InTalk)


def test_nobody_off_duty_is_rung_though_the_phone_is_there() -> None:
    house = small()
    anna = house.volunteer("anna")
    house.tell(DutyChanged(anna, False, house.at))
    bo = house.volunteer("bo")
    house.waiting_caller()
    assert house.asked() == [bo]
    house.tell(DutyChanged(anna, True, house.at))
    assert house.asked() == [bo, anna]
    assert len(house.said(VolunteerWentOffDuty)) == len(house.said(VolunteerCameOnDuty)) == 1


def test_off_duty_stays_off_duty_however_often_the_phone_comes_and_goes() -> None:
    house = small()
    anna = house.volunteer("anna")
    house.tell(DutyChanged(anna, False, house.at))
    house.tell(VolunteerUnreachable(anna, house.at))
    house.tell(VolunteerReachable(anna, house.at))
    assert house.person(anna).off_duty


def test_saying_the_same_twice_is_said_once() -> None:
    house = small()
    anna = house.volunteer("anna")
    for _ in range(2):
        house.tell(DutyChanged(anna, False, house.at))
        house.tell(VolunteerPaused(anna, "frokost", house.at))
    assert len(house.said(VolunteerWentOffDuty)) == len(house.said(VolunteerTookPause)) == 1


def test_an_emotional_break_is_told_as_what_it_is_and_as_no_pause() -> None:
    house = small()
    anna = house.volunteer("anna")
    house.tell(VolunteerPaused(anna, None, house.at, PauseKind.BREAK))
    assert len(house.said(VolunteerTookBreak)) == 1
    assert not house.said(VolunteerTookPause)
    bo = house.volunteer("bo")
    house.waiting_caller()
    assert house.asked() == [bo]
    house.tell(VolunteerResumed(anna, house.at))
    assert house.asked() == [bo, anna]
    assert len(house.said(VolunteerBack)) == 1


def test_a_break_taken_in_a_talk_begins_when_the_talk_is_over_and_cuts_nothing() -> None:
    house = small()
    anna = house.volunteer("anna")
    call = house.waiting_caller()
    house.talking(call, anna)
    house.tell(VolunteerPaused(anna, None, house.at, PauseKind.BREAK))
    assert isinstance(house.person(anna).phase, InTalk)
    house.hangs_up(call)
    house.ring_gone(house.ring_of(anna))
    house.waiting_caller()
    house.later(30.0)
    assert house.asked() == [anna]


def test_three_unanswered_rings_in_a_row_pause_a_volunteer_and_say_why() -> None:
    house = strict(3)
    anna = house.volunteer("anna")
    house.waiting_caller()
    for _ in range(2):
        let_ring(house, anna)
    assert house.person(anna).pause is None
    let_ring(house, anna)
    pause = house.person(anna).pause
    assert pause is not None
    assert pause.kind is PauseKind.UNANSWERED
    assert len(house.said(VolunteerNotAnswering)) == 1
    house.later(60.0)
    assert house.asked() == [anna] * 3
    house.tell(VolunteerResumed(anna, house.at))
    assert house.asked() == [anna] * 4


def test_a_declined_ring_shows_that_somebody_is_there() -> None:
    house = strict(2)
    anna = house.volunteer("anna")
    house.waiting_caller()
    for cause in (Cause.NO_ANSWER, Cause.DECLINED, Cause.NO_ANSWER, Cause.BUSY, Cause.DECLINED, Cause.NO_ANSWER):
        let_ring(house, anna, cause)
    assert house.person(anna).pause is None


def test_rings_that_were_won_by_another_or_whose_caller_left_are_not_held_against_anybody() -> None:
    house = strict(1)
    anna, bo = house.volunteer("anna"), house.volunteer("bo")
    call = house.waiting_caller()
    house.talking(call, bo)
    house.ring_gone(house.ring_of(anna), Cause.ELSEWHERE)
    other = house.waiting_caller()
    house.hangs_up(other)
    house.ring_gone(house.ring_of(anna))
    assert house.person(anna).pause is None


def test_without_a_number_nobody_is_paused_by_us() -> None:
    house = small()
    anna = house.volunteer("anna")
    house.waiting_caller()
    for _ in range(10):
        let_ring(house, anna)
    assert house.person(anna).pause is None
