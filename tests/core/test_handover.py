"""Hand-overs: looked at before, decided at the moment, heard once, and nobody loses anything by them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from ivr.core.commands import HangUp, LetGo, Play, StartMusic, StopPlay
from ivr.core.facts import CallEnded, HandoverBegan, HandoverDone, HandoverEndangered, HandoverSafe, ServiceChanged
from ivr.core.hours import DayPlan, Hours, Opening, OtherLine, Regime, Service, Span, Timetable, compile_hours
from ivr.core.ids import CallId, GroupId, LineId, VolunteerId
from ivr.core.news import (
    CallerTalking,
    Cause,
    HandoverAsked,
    LineDue,
    OverrideGiven,
    Published,
    VolunteerPaused,
    VolunteerReachable,
    VolunteerResumed,
    VolunteerUnreachable,
)
from ivr.core.reasons import HandoverWhy
from ivr.core.state import Looking, Overdue, Steady, Talking
from tests.core.small_house import LINE, NIGHT, NOON, TO_DAY, TO_NIGHT, Small, plan, small, table

OTHERS = GroupId("andre")
TEN = NOON.replace(hour=22)
"""When the night line takes over in the small house."""


def evening(minutes: float, house: Small | None = None) -> Small:
    """So many minutes from the hand-over, with anna by day."""
    house = house or small()
    house.volunteer("anna")
    house.later((TEN + timedelta(minutes=minutes) - house.at).total_seconds())
    return house


def serves(house: Small) -> Service | None:
    return house.house.lines[LINE].service


def heard(house: Small, call: CallId) -> list[str]:
    return [
        prompt for each in house.commands if isinstance(each, Play) and each.call == call for prompt in each.prompts
    ]


def why(house: Small) -> list[HandoverWhy]:
    return [fact.why for fact in house.said(HandoverBegan)]


# ---------------------------------------------------------------- look before you leap


def test_from_a_quarter_of_an_hour_before_somebody_is_told_that_nobody_is_there_again_and_again() -> None:
    house = evening(-16)
    assert house.said(HandoverEndangered) == []
    house.later(60.0)
    (first,) = house.said(HandoverEndangered)
    assert (first.at, first.due_at, first.service) == (TEN - timedelta(minutes=15), TEN, Service.NIGHT)
    house.later(11 * 60.0)
    assert len(house.said(HandoverEndangered)) == 3


def test_the_alarm_is_over_when_somebody_comes_and_the_hand_over_is_at_its_moment() -> None:
    house = evening(-14)
    house.volunteer("nora", NIGHT)
    (safe,) = house.said(HandoverSafe)
    assert safe.at == house.at
    house.later(14 * 60.0)
    (began,) = house.said(HandoverBegan)
    assert (began.why, began.at, began.due_at) == (HandoverWhy.TABLE, TEN, TEN)
    assert len(house.said(HandoverEndangered)) == 1
    assert serves(house) is Service.NIGHT


def test_who_comes_and_goes_again_before_the_moment_is_an_alarm_again() -> None:
    house = evening(-14)
    nora = house.volunteer("nora", NIGHT)
    house.tell(VolunteerUnreachable(nora, house.at))
    assert isinstance(house.house.lines[LINE].handover, Looking)
    assert len(house.said(HandoverEndangered)) == 2


def test_at_the_moment_itself_the_day_side_stays_on_while_nobody_of_the_night_is_there() -> None:
    house = evening(1)
    assert isinstance(house.house.lines[LINE].handover, Overdue)
    call = house.waiting_caller()
    assert serves(house) is Service.DAY
    assert house.asked() == [VolunteerId("anna")]
    house.volunteer("nora", NIGHT)
    assert serves(house) is Service.NIGHT
    assert why(house) == [HandoverWhy.LATE]
    assert heard(house, call)[-1] == TO_NIGHT


def test_the_day_side_stays_on_no_longer_than_the_limit() -> None:
    house = evening(59)
    assert serves(house) is Service.DAY
    house.later(60.0)
    assert serves(house) is Service.NIGHT
    assert why(house) == [HandoverWhy.LIMIT]
    house.caller()
    house.later(60.0)
    assert house.asked() == []


def test_a_paused_night_volunteer_is_not_there() -> None:
    house = evening(-20)
    nora = house.volunteer("nora", NIGHT)
    house.tell(VolunteerPaused(nora, None, house.at))
    house.later(30 * 60.0)
    assert serves(house) is Service.DAY
    house.tell(VolunteerResumed(nora, house.at))
    assert serves(house) is Service.NIGHT


def test_closing_time_ends_the_looking_and_is_no_hand_over() -> None:
    house = small()
    spans = (NOON - timedelta(hours=6), NOON + timedelta(hours=1), Service.DAY)
    house.tell(Published(plan(), {LINE: table(spans)}, house.at))
    house.later(2 * 3600.0)
    assert serves(house) is None
    assert house.said(HandoverEndangered) == []
    assert house.said(HandoverBegan) == []


def test_the_morning_hand_back_goes_the_same_way() -> None:
    house = small()
    six = NOON + timedelta(hours=6)
    spans = ((NOON - timedelta(hours=3), six, Service.NIGHT), (six, NOON + timedelta(hours=12), Service.DAY))
    house.tell(Published(plan(), {LINE: table(*spans)}, house.at))
    house.volunteer("nora", NIGHT)
    house.tell(HandoverAsked(LINE, Service.NIGHT, house.at))
    call = house.waiting_caller()
    house.later(6 * 3600.0 + 5.0)
    assert serves(house) is Service.NIGHT
    house.volunteer("anna")
    assert serves(house) is Service.DAY
    assert house.said(HandoverBegan)[-1].why is HandoverWhy.LATE
    assert call not in house.house.calls or heard(house, call)[-1] == TO_DAY


# ---------------------------------------------------------------- by hand, and early


def test_by_hand_it_is_done_at_once_and_the_day_side_is_asked_while_nobody_of_the_night_is_there() -> None:
    house = small()
    anna = house.volunteer("anna")
    house.tell(HandoverAsked(LINE, Service.NIGHT, house.at))
    assert serves(house) is Service.NIGHT
    house.waiting_caller()
    assert house.asked() == [anna]
    nora = house.volunteer("nora", NIGHT)
    assert house.asked() == [anna, nora]


def test_after_the_limit_the_day_side_is_left_in_peace() -> None:
    house = small()
    house.volunteer("anna")
    house.tell(HandoverAsked(LINE, Service.NIGHT, house.at))
    house.later(3601.0)
    house.caller()
    house.later(120.0)
    assert house.asked() == []


def test_a_night_volunteer_who_goes_minutes_after_the_hand_over_leaves_nobody_alone() -> None:
    house = evening(-1)
    nora = house.volunteer("nora", NIGHT)
    house.later(120.0)
    house.tell(VolunteerUnreachable(nora, house.at))
    house.waiting_caller()
    assert house.asked() == [VolunteerId("anna")]


def test_when_all_of_the_day_have_gone_early_the_night_side_that_is_there_takes_over() -> None:
    house = evening(-50)
    house.volunteer("nora", NIGHT)
    house.tell(VolunteerPaused(VolunteerId("anna"), "home", house.at))
    house.waiting_caller()
    assert house.asked() == [VolunteerId("nora")], "asked at once"
    assert serves(house) is Service.DAY
    house.later(60.0)
    assert serves(house) is Service.NIGHT
    assert why(house) == [HandoverWhy.EARLY]
    house.later(3600.0)
    assert serves(house) is Service.NIGHT
    assert len(house.said(HandoverBegan)) == 1, "at the moment itself nothing is left to do"


def test_a_network_that_is_away_for_seconds_hands_nothing_over() -> None:
    house = evening(-50)
    house.volunteer("nora", NIGHT)
    house.tell(VolunteerUnreachable(VolunteerId("anna"), house.at))
    house.later(59.0)
    house.tell(VolunteerReachable(VolunteerId("anna"), house.at))
    house.later(60.0)
    assert serves(house) is Service.DAY
    assert house.said(HandoverBegan) == []


def test_a_day_volunteer_who_takes_a_break_in_the_afternoon_hands_nothing_over() -> None:
    house = small()
    anna = house.volunteer("anna")
    house.volunteer("nora", NIGHT)
    house.tell(VolunteerPaused(anna, "lunch", house.at))
    assert serves(house) is Service.DAY


def test_two_hand_overs_within_a_minute_leave_everybody_where_they_were() -> None:
    house = small()
    house.volunteer("anna")
    house.volunteer("nora", NIGHT)
    first, second = house.waiting_caller(), house.waiting_caller()
    house.tell(HandoverAsked(LINE, Service.NIGHT, house.at))
    house.later(20.0)
    house.tell(HandoverAsked(LINE, Service.DAY, house.at))
    assert house.house.lines[LINE].queue == (first, second)
    done = house.said(HandoverDone)
    assert [len(each.carried) for each in done] == [2]
    assert done[0].longest_s == 20.0


def test_override_and_schedule_at_the_same_moment_close_the_line_and_drop_nobody() -> None:
    house = evening(-1)
    house.volunteer("nora", NIGHT)
    call = house.waiting_caller()
    house.at = TEN
    house.tell(OverrideGiven(LINE, False, None, "storm", TEN))
    house.tell(LineDue(LINE, TEN))
    assert serves(house) is None
    assert house.house.lines[LINE].queue == (call,)
    house.tell(OverrideGiven(LINE, None, None, "over", TEN))
    assert serves(house) is Service.NIGHT


# ---------------------------------------------------------------- those who wait


def test_the_sentence_is_heard_once_after_the_announcement_that_is_being_heard() -> None:
    house = small()
    house.volunteer("anna")
    house.volunteer("nora", NIGHT)
    call = house.waiting_caller()
    house.later(30.0)
    running = house.play_of(call)
    house.tell(HandoverAsked(LINE, Service.NIGHT, house.at))
    assert house.play_of(call) == running
    house.heard(call)
    assert heard(house, call)[-1] == TO_NIGHT
    house.heard(call)
    assert isinstance(house.commands[-1], StartMusic)
    house.later(20.0)
    assert heard(house, call).count(TO_NIGHT) == 1


def test_whoever_picks_up_cuts_the_sentence() -> None:
    house = small()
    house.volunteer("anna")
    nora = house.volunteer("nora", NIGHT)
    call = house.waiting_caller()
    house.tell(HandoverAsked(LINE, Service.NIGHT, house.at))
    sentence = house.play_of(call)
    house.answers(house.ring_of(nora))
    assert StopPlay(call, sentence) in house.commands
    house.joined(call)
    assert isinstance(house.call(call).phase, Talking)


def test_talks_are_not_touched_and_who_talked_by_day_is_not_rung_for_the_night() -> None:
    house = evening(-1)
    nora, anna = house.volunteer("nora", NIGHT), VolunteerId("anna")
    call = house.waiting_caller()
    house.talking(call, anna)
    house.tell(CallerTalking(call, True, house.at))
    before = house.call(call)
    commands = len(house.commands)
    house.later(3600.0)
    assert house.call(call) == before
    assert not [each for each in house.commands[commands:] if isinstance(each, HangUp | LetGo)]
    house.hangs_up(call)
    house.later(60.0)
    house.waiting_caller()
    assert house.asked() == [anna, nora]


def test_what_it_cost_those_who_waited_through_it_is_said_when_the_last_of_them_is_served() -> None:
    house = evening(-1)
    nora = house.volunteer("nora", NIGHT)
    first, second = house.waiting_caller(), house.waiting_caller()
    house.ring_gone(house.ring_of(VolunteerId("anna")), Cause.DECLINED)
    house.at = TEN
    house.tell(LineDue(LINE, TEN))
    house.later(3.0)
    house.answers(house.ring_of(nora))
    house.joined(first)
    house.later(4.0)
    house.hangs_up(second)
    (done,) = house.said(HandoverDone)[-1:]
    assert [(each.call, each.waited_on_s) for each in done.carried] == [(first, 3.0), (second, 7.0)]
    assert (done.longest_s, done.why, done.began_at) == (7.0, HandoverWhy.TABLE, TEN)


def test_a_caller_in_the_very_millisecond_of_the_hand_over_is_served_by_the_night_side() -> None:
    house = evening(-1)
    nora = house.volunteer("nora", NIGHT)
    house.at = TEN
    call = house.waiting_caller()  # nobody has told the line yet that its moment has come
    assert serves(house) is Service.NIGHT
    assert house.asked() == [nora]
    house.tell(LineDue(LINE, TEN))
    assert len(house.said(HandoverBegan)) == 1
    assert TO_NIGHT not in heard(house, call), "who comes after it need not hear of it"


def test_a_caller_who_hangs_up_in_the_very_moment_loses_nobody_the_hand_over() -> None:
    house = evening(-1)
    house.volunteer("nora", NIGHT)
    call = house.waiting_caller()
    house.at = TEN
    house.hangs_up(call)  # the line is written anew, and asked when it is due next
    assert serves(house) is Service.NIGHT


def test_hours_that_are_published_during_the_looking_move_the_hand_over() -> None:
    house = evening(-10)
    later = table((NOON - timedelta(hours=6), TEN + timedelta(hours=1), Service.DAY))
    house.tell(Published(plan(), {LINE: later}, house.at))
    assert isinstance(house.house.lines[LINE].handover, Steady)
    assert len(house.said(HandoverSafe)) == 1
    house.later(11 * 60.0)
    assert serves(house) is Service.DAY


# ---------------------------------------------------------------- the nights of the clock changes


@pytest.mark.parametrize(
    ("day", "moment"),
    [
        (date(2026, 3, 28), datetime(2026, 3, 29, 1, 0, tzinfo=UTC)),  # 02:00 does not come: at the jump
        (date(2026, 10, 24), datetime(2026, 10, 25, 0, 0, tzinfo=UTC)),  # comes twice: at the first
        (date(2026, 7, 1), datetime(2026, 7, 2, 0, 0, tzinfo=UTC)),
    ],
)
def test_a_hand_over_at_two_is_made_once_in_both_nights_in_which_the_clock_changes(day: date, moment: datetime) -> None:
    every = DayPlan((Opening(0, 1440),), Opening(26 * 60 - 1440, 6 * 60))
    hours = Hours("Europe/Copenhagen", (Regime(None, (every,) * 7),))
    times = compile_hours(hours, day - timedelta(days=2), day + timedelta(days=3))
    house = Small(at=moment - timedelta(hours=3))
    house.tell(Published(plan(), {LINE: times}, house.at))
    house.volunteer("anna")
    house.volunteer("nora", NIGHT)
    call = house.waiting_caller()
    house.later(3 * 3600.0 - 1)
    assert serves(house) is Service.DAY
    house.later(2.0)
    (began,) = house.said(HandoverBegan)
    assert (began.at, began.service) == (moment, Service.NIGHT)
    house.later(2.5 * 3600.0)
    assert len(house.said(HandoverBegan)) == 1
    assert not [fact for fact in house.said(ServiceChanged)[1:] if fact.service is not Service.NIGHT]
    assert call in house.house.calls or house.said(CallEnded)


def test_a_night_side_that_is_seen_again_after_a_restart_takes_over_at_once() -> None:
    house = evening(-5)
    nora = house.volunteer("nora", NIGHT)
    house.tell(VolunteerUnreachable(nora, house.at))
    house.at = TEN + timedelta(minutes=3)  # nobody was there to be told of any moment
    house.tell(Published(plan(), {LINE: house.house.timetables[LINE]}, house.at))
    phase = house.house.lines[LINE].handover
    assert isinstance(phase, Overdue)
    assert (phase.due_at, phase.until) == (TEN, TEN + timedelta(hours=1))
    house.tell(VolunteerReachable(nora, house.at))
    assert serves(house) is Service.NIGHT


# ---------------------------------------------------------------- whose night it is


def test_a_night_that_another_line_answers_rings_the_phones_of_that_line_and_callers_stay_where_they_are() -> None:
    other = LineId("foraeldretelefonen")
    made = plan()
    lines = {LINE: made.lines[LINE], other: replace(made.lines[LINE], id=other, tiers={Service.DAY: (OTHERS,)})}
    groups = {**made.groups, OTHERS: replace(made.groups[NIGHT], id=OTHERS)}
    evening_, morning = NOON + timedelta(hours=10), NOON + timedelta(hours=18)
    theirs = Span(evening_, morning, Service.NIGHT, "test", OtherLine(other))
    by_day = Span(NOON - timedelta(hours=6), evening_, Service.DAY, "test")
    ours = Timetable(NOON - timedelta(days=1), NOON + timedelta(days=1), (by_day, theirs))
    always = table((NOON - timedelta(days=1), NOON + timedelta(days=1), Service.DAY))
    house = Small()
    house.tell(Published(replace(made, lines=lines, groups=groups), {LINE: ours, other: always}, NOON))
    house.volunteer("anna")
    otto = house.volunteer("otto", OTHERS)
    house.later(10 * 3600.0 - 35)
    call = house.waiting_caller()
    assert house.asked() == [VolunteerId("anna")]
    house.later(36.0)
    assert serves(house) is Service.NIGHT
    assert house.asked()[-1] == otto
    assert house.house.lines[LINE].queue == (call,)
    assert house.call(call).line == LINE
