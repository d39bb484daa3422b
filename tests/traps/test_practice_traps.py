"""What helplines and clocks get wrong elsewhere (T and H of the table in this room's README), tried on ours."""

from __future__ import annotations

import inspect
from dataclasses import replace
from typing import get_args

from ivr.core.commands import Command, HangUp, Play
from ivr.core.facts import CallEnded
from ivr.core.flow import Strategy
from ivr.core.hours import Timetable
from ivr.core.news import Cause, OverrideGiven, Published, RingGone
from ivr.core.reasons import Outcome
from ivr.core.state import Choosing, Hearing, Talking
from sip.ari import performer
from sip.asterisk.modules import ALLOWED
from sip.asterisk.render import rendered
from tests.core.small_house import LINE, Small, plan, small
from tests.sip.test_render import settings


def words(house: Small) -> list[str]:
    return [prompt for each in house.commands if isinstance(each, Play) for prompt in each.prompts]


def without_hours() -> Small:
    """A line that is only ever opened by hand."""
    house = small()
    table = house.house.timetables[LINE]
    house.tell(Published(replace(plan(), version="2"), {LINE: Timetable(table.first, table.last, ())}, house.at))
    return house


def test_t3_a_line_can_be_opened_and_closed_by_hand_alone_and_says_once_that_it_is_closed() -> None:
    """https://github.com/FreePBX/issue-tracker/issues/534 and fusionpbx/issues/2868"""
    house = without_hours()
    house.volunteer("anna")
    call = house.caller()
    while isinstance(house.call(call).phase, Hearing):
        house.heard(call)
    assert words(house).count("lukket") == 1
    house.hangs_up(call)
    for way, outcome in ((True, Outcome.SHORT_ABANDON), (False, Outcome.OUTSIDE_HOURS), (None, Outcome.OUTSIDE_HOURS)):
        house.tell(OverrideGiven(LINE, way, None, "test", house.at))
        call = house.caller()
        house.heard(call)
        house.hangs_up(call)
        assert house.said(CallEnded)[-1].outcome is outcome, way


def test_h2_one_dead_phone_does_not_keep_the_others_from_ringing() -> None:
    """https://github.com/bmlt-enabled/yap/issues/823"""
    for strategy, wait_s in ((Strategy.RING_ALL, 1.0), (Strategy.LONGEST_IDLE, 22.0)):
        house = small(strategy)
        dead, bo = house.volunteer("aage"), house.volunteer("bo")
        call = house.waiting_caller()
        house.later(wait_s)  # not even the end of its ringing is told
        assert bo in house.asked(), strategy
        house.talking(call, bo)
        assert isinstance(house.call(call).phase, Talking)
        assert dead in house.asked()


def test_h4_a_wrong_key_never_hangs_up_on_a_caller() -> None:
    """https://github.com/bmlt-enabled/yap/issues/321"""
    house = small(menu=True)
    house.volunteer("anna")
    call = house.caller()
    house.heard(call)
    for digit in "0#9":
        house.presses(call, digit)
        assert not [each for each in house.commands if isinstance(each, HangUp)]
    assert not isinstance(house.call(call).phase, Choosing), "and they get into the queue in the end"


def test_h7_nothing_lets_a_third_person_listen_and_nothing_can_record() -> None:
    """https://github.com/mnjbold/agentops-platform/issues/41"""
    source = inspect.getsource(performer)
    assert not [name for name in ("snoop", "record", "external_media") if name in source]
    assert {"app_chanspy", "app_mixmonitor", "app_confbridge", "res_ari_recordings"}.isdisjoint(ALLOWED)


def test_h8_a_volunteer_can_end_an_abusive_call_at_once_and_take_a_break() -> None:
    """https://www.apr.org/2024-10-09/crisis-hotlines-are-being-targeted-for-sexually-harassing-phone-calls"""
    house = small()
    anna = house.volunteer("anna")
    call = house.waiting_caller()
    house.talking(call, anna)
    did = house.tell(RingGone(house.ring_of(anna), Cause.NORMAL, house.at))
    assert HangUp(call) in did
    house.waiting_caller()
    assert house.asked().count(anna) == 1, "and is left alone meanwhile"


def test_h11_a_silent_caller_is_not_cut_off_and_a_talk_has_no_longest_time() -> None:
    """http://www.rapecrisiscounseling.org/2-2-6-3-c-coping-with-problems"""
    house = small()
    anna = house.volunteer("anna")
    call = house.waiting_caller()
    house.talking(call, anna)
    house.later(4 * 3600.0)
    assert isinstance(house.call(call).phase, Talking)
    trunk = rendered(settings())["pjsip.conf"].partition("[trunk](!")[2].partition("\n[")[0]
    assert "rtp_timeout = 0\n" in trunk


def test_h13_nobody_can_be_called_back_there_is_no_number_and_no_command_for_it() -> None:
    """https://www.techsafety.org/resources-agencyuse/phone-communication-bestpractices"""
    names = {each.__name__: set(each.__slots__) for each in get_args(Command)}
    assert not [field for fields in names.values() for field in fields if "number" in field and "shows" not in field]
    assert "volunteer" in names["Ring"], "who is rung is named as a volunteer, never as an address"
    assert not [name for name in names if "dial" in name.lower() or "callback" in name.lower()]


def test_h14_a_phone_that_registers_from_elsewhere_replaces_its_old_contact() -> None:
    """https://github.com/irontec/ivozprovider/issues/377"""
    contacts = rendered(settings())["pjsip.conf"].partition("[contacts](!)")[2].partition("\n[")[0]
    assert "max_contacts = 1\n" in contacts
    assert "remove_existing = yes" in contacts
    assert "qualify_frequency" in contacts
