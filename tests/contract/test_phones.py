"""The contract of `Exchange`: volunteers' phones ring, and every ring ends once, with its cause."""

from __future__ import annotations

import pytest

from ivr.core.commands import LetGo, LetGoReason
from ivr.core.ids import VolunteerId
from ivr.core.news import Cause, Result, RingAlerting, RingAnswered, RingGone
from tests.contract.rigs import Rig
from tests.contract.scenes import (
    OVER,
    SOON_S,
    alerting,
    answered,
    ends,
    marker,
    picked_up,
    ringing,
    rung,
    with_music,
)
from tests.fakes.phones import Answers, Busy, Declines, NeverAnswers, Unregistered, Vanished

pytestmark = pytest.mark.anyio


async def test_a_phone_rings_and_then_is_picked_up(rig: Rig) -> None:
    caller = await with_music(rig)
    ring = await picked_up(rig, caller, 1, Answers(0.5))
    about = [type(news) for news in rig.log.all if getattr(news, "ring", None) == ring]
    assert about == [RingAlerting, RingAnswered]
    assert (await rig.exchange.survey()).rings == {ring}


async def test_a_ringing_phone_is_in_the_survey(rig: Rig) -> None:
    caller = await with_music(rig)
    ring = await alerting(rig, caller, 1, NeverAnswers())
    assert (await rig.exchange.survey()).rings == {ring}
    assert await rig.exchange.perform(LetGo(ring, LetGoReason.OVER)) is Result.DONE


async def test_a_ring_asked_for_twice_rings_once(rig: Rig) -> None:
    caller = await with_music(rig)
    ring = await alerting(rig, caller, 1, NeverAnswers())
    assert await rig.exchange.perform(ringing(rig, caller.id, 1, rig.volunteers[0])) is Result.ALREADY
    assert await rig.exchange.perform(LetGo(ring, LetGoReason.OVER)) is Result.DONE
    await rig.log.until(RingGone, ring=ring)
    await marker(rig, caller, 2)
    assert len(ends(rig, ring)) == 1


async def test_a_phone_that_nobody_answers_stops_by_itself_at_its_ring_time(rig: Rig) -> None:
    caller = await with_music(rig)
    began = (await rig.exchange.survey()).at
    ring = await rung(rig, caller, 1, NeverAnswers(), timeout_s=2)
    gone = await rig.log.until(RingGone, ring=ring, within_s=6)
    assert gone.cause is Cause.NO_ANSWER
    assert 1.5 < (gone.at - began).total_seconds() < 2 + SOON_S + 1
    assert not rig.log.about(RingAnswered, ring=ring)


async def test_a_volunteer_who_declines_is_told_so(rig: Rig) -> None:
    caller = await with_music(rig)
    ring = await rung(rig, caller, 1, Declines(0.3))
    assert (await rig.log.until(RingGone, ring=ring)).cause is Cause.DECLINED
    assert not rig.log.about(RingAnswered, ring=ring)


async def test_a_busy_phone_is_told_so(rig: Rig) -> None:
    caller = await with_music(rig)
    ring = await rung(rig, caller, 1, Busy())
    assert (await rig.log.until(RingGone, ring=ring)).cause is Cause.BUSY
    assert not rig.log.about(RingAnswered, ring=ring)


async def test_a_phone_that_is_not_registered_is_refused_or_gone_as_unreachable_but_not_both(rig: Rig) -> None:
    caller = await with_music(rig)
    await rig.phone(rig.volunteers[0], Unregistered())
    command = ringing(rig, caller.id, 1, rig.volunteers[0])
    result = await rig.exchange.perform(command)
    if result is Result.DONE:
        assert (await rig.log.until(RingGone, ring=command.ring)).cause is Cause.UNREACHABLE
    else:
        assert result is Result.REFUSED
        await marker(rig, caller, 2)
        assert ends(rig, command.ring) == []


async def test_a_volunteer_without_an_account_is_refused(rig: Rig) -> None:
    caller = await with_music(rig)
    command = ringing(rig, caller.id, 1, VolunteerId("nobody-of-ours"))
    assert await rig.exchange.perform(command) is Result.REFUSED
    assert (await rig.exchange.survey()).rings == frozenset()


async def test_a_phone_that_has_vanished_ends_the_ring_by_itself(rig: Rig) -> None:
    caller = await with_music(rig)
    ring = await rung(rig, caller, 1, Vanished(), timeout_s=3)
    gone = await rig.log.until(RingGone, ring=ring, within_s=6)
    assert gone.cause in (Cause.UNREACHABLE, Cause.NO_ANSWER)


@pytest.mark.parametrize("reason", list(LetGoReason))
async def test_a_ringing_phone_that_is_let_go_stops_at_once_and_once(rig: Rig, reason: LetGoReason) -> None:
    caller = await with_music(rig)
    ring = await alerting(rig, caller, 1, NeverAnswers())
    assert await rig.exchange.perform(LetGo(ring, reason)) is Result.DONE
    gone = await rig.log.until(RingGone, ring=ring, within_s=SOON_S)
    assert gone.cause in (Cause.NORMAL, Cause.ELSEWHERE, Cause.NO_ANSWER), "it is not the volunteer's doing"
    assert await rig.exchange.perform(LetGo(ring, reason)) in OVER
    assert (await rig.exchange.survey()).rings == frozenset()
    await marker(rig, caller, 2)
    assert len(ends(rig, ring)) == 1


async def test_a_phone_that_is_let_go_before_it_could_ring_stops_too(rig: Rig) -> None:
    caller = await with_music(rig)
    ring = await rung(rig, caller, 1, NeverAnswers())
    assert await rig.exchange.perform(LetGo(ring, LetGoReason.ELSEWHERE)) is Result.DONE
    await rig.log.until(RingGone, ring=ring, within_s=SOON_S)
    assert (await rig.exchange.survey()).rings == frozenset()


async def test_a_volunteer_who_picked_up_and_is_let_go_is_gone(rig: Rig) -> None:
    caller = await with_music(rig)
    ring = await picked_up(rig, caller, 1)
    assert await rig.exchange.perform(LetGo(ring, LetGoReason.OVER)) is Result.DONE
    assert (await rig.log.until(RingGone, ring=ring, within_s=SOON_S)).cause is Cause.NORMAL
    assert await rig.exchange.perform(LetGo(ring, LetGoReason.OVER)) in OVER


async def test_letting_go_of_a_ring_that_has_ended_says_gone(rig: Rig) -> None:
    caller = await with_music(rig)
    ring = await rung(rig, caller, 1, Declines(0.2))
    await rig.log.until(RingGone, ring=ring)
    assert await rig.exchange.perform(LetGo(ring, LetGoReason.ELSEWHERE)) is Result.GONE


async def test_a_volunteer_who_picks_up_and_hangs_up_again_is_gone_as_normal(rig: Rig) -> None:
    caller = await with_music(rig)
    ring = await picked_up(rig, caller, 1, Answers(0.2, hangs_up_after_s=0.5))
    assert (await rig.log.until(RingGone, ring=ring)).cause is Cause.NORMAL
    assert len(ends(rig, ring)) == 1


async def test_two_phones_ring_side_by_side_and_both_may_pick_up(rig: Rig) -> None:
    caller = await with_music(rig)
    one = await alerting(rig, caller, 1, Answers(0.8), who=0)
    other = await rung(rig, caller, 2, Answers(0.3), who=1)
    await rig.log.until(RingAnswered, ring=one)
    await rig.log.until(RingAnswered, ring=other)
    assert (await rig.exchange.survey()).rings == {one, other}


async def test_one_phone_can_be_rung_again_after_its_ring_has_ended(rig: Rig) -> None:
    caller = await with_music(rig)
    first = await rung(rig, caller, 1, Declines(0.2))
    await rig.log.until(RingGone, ring=first)
    second = await picked_up(rig, caller, 2)
    assert (await rig.exchange.survey()).rings == {second}


async def test_who_is_registered_is_in_the_survey(rig: Rig) -> None:
    one, other = rig.volunteers
    assert (await rig.exchange.survey()).reachable == frozenset()
    await rig.phone(one, NeverAnswers())
    assert (await rig.exchange.survey()).reachable == {one}
    await rig.phone(other, NeverAnswers())
    await rig.phone(one, Unregistered())
    assert (await rig.exchange.survey()).reachable == {other}


async def test_a_ring_does_not_need_a_caller_who_hears_anything(rig: Rig) -> None:
    caller = await answered(rig)
    ring = await picked_up(rig, caller, 1)
    await caller.hangs_up()
    assert await rig.exchange.perform(LetGo(ring, LetGoReason.OVER)) is Result.DONE
