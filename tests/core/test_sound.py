"""Sound in a talk: who is heard, who is not, who holds; and what becomes of the caller then."""

from __future__ import annotations

import pytest

from ivr.core.commands import Cover, HangUp, LetGo, Refresh, Uncover
from ivr.core.facts import (
    CallAnswered,
    CallEnded,
    CallerSilent,
    CallJoined,
    CallRequeued,
    RingEnded,
    SoundMissing,
    SoundReturned,
    StepEntered,
    TalkHeld,
    TalkHeldTooLong,
    TalkResumed,
    VolunteerNotHeard,
)
from ivr.core.feature import NOT_HEARD
from ivr.core.ids import CallId, RingId, VolunteerId
from ivr.core.news import (
    CallGone,
    Cause,
    PhoneDead,
    RingAnswered,
    SideHeld,
    SoundBack,
    SoundLost,
    Surveyed,
    VolunteerHeard,
)
from ivr.core.reasons import EndedBy, Heard, Loss, Outcome, RequeueReason, RingResult, Side
from ivr.core.state import InTalk, Joining, Talking, Waiting
from tests.core.small_house import LINE, Small, small

BOTH = pytest.mark.parametrize("side", [Side.VOLUNTEER, Side.CALLER])


class Talk:
    """Anna and a caller, just joined; another caller waits."""

    def __init__(self, *, stands: bool = True) -> None:
        self.house: Small = small()
        self.anna: VolunteerId = self.house.volunteer("anna")
        self.house.unheard.add(self.anna)
        self.call: CallId = self.house.waiting_caller()
        self.second: CallId = self.house.waiting_caller()
        self.join()
        if stands:
            self.house.later(1.5)
            self.heard()

    def join(self) -> None:
        self.house.answers(self.ring)
        self.house.joined(self.call)
        self.talk = self.house.talk_of(self.call)

    @property
    def ring(self) -> RingId:
        return self.house.ring_of(self.anna)

    def join_again(self) -> None:
        """When anna is rung anew; for as long as she rests nobody is."""
        before = self.ring
        for _ in range(100):
            self.house.later(1.0)
            if self.ring != before:
                return self.join()
        raise AssertionError("anna was not rung again")

    @property
    def phase(self) -> object:
        return self.house.call(self.call).phase

    def heard(self, known: bool = True) -> None:
        self.house.tell(VolunteerHeard(self.talk, self.house.at, known))

    def lost(self, loss: Loss, side: Side = Side.VOLUNTEER) -> None:
        self.house.tell(SoundLost(self.talk, side, loss, self.house.at))

    def back(self, side: Side = Side.VOLUNTEER) -> None:
        self.house.tell(SoundBack(self.talk, side, self.house.at))

    def holds(self, held: bool, side: Side = Side.VOLUNTEER) -> None:
        self.house.tell(SideHeld(self.call, side, held, self.house.at))

    def done(self) -> list[object]:
        """What was commanded since this was asked last."""
        commands: list[object] = list(self.house.commands)
        self.house.commands = [each for each in self.house.commands if not isinstance(each, Cover | Uncover | Refresh)]
        return [each for each in commands if isinstance(each, Cover | Uncover | Refresh)]

    def head(self) -> CallId:
        return next(iter(self.house.house.lines[LINE].queue))


# ---------------------------------------------------------------- answered means heard


def test_a_talk_in_which_nobody_was_heard_is_no_answered_call_however_long_it_was() -> None:
    talk = Talk(stands=False)
    talk.house.later(2.0)
    talk.lost(Loss.ABSENT)
    talk.house.later(298.0)
    talk.house.hangs_up(talk.call)
    (ended,) = talk.house.said(CallEnded)
    assert (ended.outcome, ended.talk_s, ended.answered_by, ended.heard) == (Outcome.ABANDONED, None, None, Heard.NO)
    assert ended.waited_s == 300.0
    assert talk.house.said(CallAnswered) == []
    assert [fact.result for fact in talk.house.said(RingEnded)] == [RingResult.CALLER_GONE]


def test_it_is_answered_from_the_moment_at_which_the_volunteer_was_heard_long_enough() -> None:
    talk = Talk(stands=False)
    talk.house.later(7.0)
    talk.heard()
    talk.heard()
    assert [fact.at for fact in talk.house.said(CallAnswered)] == [talk.house.at]
    assert [(fact.result, fact.rang_s) for fact in talk.house.said(RingEnded)] == [(RingResult.ANSWERED, 0.0)]
    talk.house.hangs_up(talk.call)
    (ended,) = talk.house.said(CallEnded)
    assert (ended.outcome, ended.talk_s, ended.heard) == (Outcome.ANSWERED, 7.0, Heard.YES)


def test_where_nobody_watched_being_together_for_long_enough_counts_and_the_log_says_so() -> None:
    talk = Talk(stands=False)
    talk.house.later(5.0)
    talk.heard(known=False)
    talk.house.hangs_up(talk.call)
    (ended,) = talk.house.said(CallEnded)
    assert (ended.outcome, ended.heard) == (Outcome.ANSWERED, Heard.UNKNOWN)


@pytest.mark.parametrize(("joined_s", "outcome"), [(1.4, Outcome.LOST), (1.6, Outcome.ANSWERED)])
def test_who_was_joined_before_we_died_and_is_gone_after_it_is_answered_only_after_so_long(
    joined_s: float, outcome: Outcome
) -> None:
    talk = Talk(stands=False)
    talk.house.later(joined_s)
    at = talk.house.at
    talk.house.tell(Surveyed({talk.second: LINE}, frozenset(), {}, frozenset({talk.anna}), at))
    (ended,) = talk.house.said(CallEnded)
    assert ended.outcome is outcome
    assert ended.heard is (Heard.UNKNOWN if outcome is Outcome.ANSWERED else Heard.NO)


def test_news_of_an_earlier_talk_says_nothing_about_this_one() -> None:
    talk = Talk(stands=False)
    earlier = talk.talk
    talk.house.ring_gone(talk.ring)
    talk.house.later(11.0)
    talk.join()
    for news in (
        VolunteerHeard(earlier, talk.house.at),
        SoundLost(earlier, Side.VOLUNTEER, Loss.NEVER, talk.house.at),
        SoundBack(earlier, Side.VOLUNTEER, talk.house.at),
    ):
        before = talk.house.house
        talk.house.tell(news)
        assert talk.house.house is before


# ---------------------------------------------------------------- a phone that carries no sound


@pytest.mark.parametrize("loss", [Loss.NEVER, Loss.DROPPED])
def test_a_phone_that_is_not_heard_is_asked_anew_under_music_and_given_up_after_two_seconds(loss: Loss) -> None:
    talk = Talk(stands=False)
    talk.house.later(2.0)
    talk.lost(loss)
    assert talk.done() == [Refresh(talk.call, talk.ring), Cover(talk.call, talk.ring)]
    talk.house.later(1.9)
    assert talk.house.said(CallRequeued) == []
    talk.house.later(0.2)
    assert isinstance(talk.phase, Waiting)
    assert talk.head() == talk.call
    assert [fact.reason for fact in talk.house.said(CallRequeued)] == [RequeueReason.NO_SOUND]
    assert [fact.result for fact in talk.house.said(RingEnded)] == [RingResult.FAILED]
    let_go = [each for each in talk.house.commands if isinstance(each, LetGo) and each.ring == talk.ring]
    assert [(each.words, each.language) for each in let_go] == [(NOT_HEARD, "da")]


def test_a_volunteer_without_a_microphone_never_costs_the_child_their_turn() -> None:
    """Three times, then the volunteer is paused; the child waits on as the first, for as long as the flow allows."""
    talk = Talk(stands=False)
    for again in range(3):
        if again:
            talk.join_again()
        talk.house.later(2.0)
        talk.lost(Loss.NEVER)
        talk.house.later(2.1)
        talk.house.ring_gone(talk.ring)
    assert [fact.result for fact in talk.house.said(RingEnded)] == [RingResult.FAILED] * 3
    assert len(talk.house.said(VolunteerNotHeard)) == 1
    assert talk.head() == talk.call
    assert not any(isinstance(each, HangUp) for each in talk.house.commands)
    bo = talk.house.volunteer("bo")
    talk.house.talking(talk.call, bo)
    assert [fact.volunteer for fact in talk.house.said(CallAnswered)] == [bo]


def test_a_phone_that_hangs_up_again_and_again_never_costs_the_caller_their_turn() -> None:
    talk = Talk(stands=False)
    talk.house.ring_gone(talk.ring)
    for _ in range(2):
        talk.join_again()
        talk.house.ring_gone(talk.ring)
    assert [fact.result for fact in talk.house.said(RingEnded)] == [RingResult.FAILED] * 3
    assert talk.head() == talk.call
    talk.house.later(700.0)  # as long as the flow allows
    assert [fact.step for fact in talk.house.said(StepEntered) if fact.call == talk.call][-2:] == ["busy", "bye"]


def test_a_phone_that_is_heard_after_it_was_asked_anew_goes_on_as_if_nothing_had_been() -> None:
    talk = Talk(stands=False)
    talk.house.later(2.0)
    talk.lost(Loss.DROPPED)
    talk.done()
    talk.house.later(1.0)
    talk.back()
    assert talk.done() == [Uncover(talk.call, talk.ring)]
    talk.house.later(1.5)
    talk.heard()
    talk.house.later(600.0)
    assert isinstance(talk.phase, Talking)
    assert [fact.missing_s for fact in talk.house.said(SoundReturned)] == [1.0]


# ---------------------------------------------------------------- not heard any more


def test_a_phone_that_sends_nothing_any_more_may_be_muted_and_is_waited_for_under_music() -> None:
    talk = Talk()
    talk.house.later(30.0)
    talk.lost(Loss.ABSENT)
    assert talk.done() == [Refresh(talk.call, talk.ring), Cover(talk.call, talk.ring)]
    talk.house.later(3600.0)
    assert isinstance(talk.phase, Talking)
    again = [each for each in talk.done() if isinstance(each, Refresh)]
    assert 170 <= len(again) <= 190  # every 20 s: the exchange's own limit never falls
    assert [(fact.side, fact.held_s) for fact in talk.house.said(TalkHeldTooLong)] == [(Side.VOLUNTEER, 180.0)]
    talk.back()
    assert talk.done() == [Uncover(talk.call, talk.ring)]
    assert talk.house.said(CallRequeued) == []


def test_a_phone_that_is_silent_and_does_not_answer_signalling_gives_the_caller_the_head_of_the_queue() -> None:
    talk = Talk()
    talk.house.later(30.0)
    talk.lost(Loss.ABSENT)
    talk.house.tell(PhoneDead(talk.ring, talk.house.at))
    assert talk.head() == talk.call
    assert [fact.reason for fact in talk.house.said(CallRequeued)] == [RequeueReason.PHONE_DEAD]
    assert any(isinstance(each, LetGo) and each.ring == talk.ring for each in talk.house.commands)
    assert talk.house.call(talk.call).prefer == talk.anna
    talk.house.hangs_up(talk.call)
    assert talk.house.said(CallEnded)[0].outcome is Outcome.ANSWERED


def test_a_phone_that_was_heard_and_whose_sound_is_dropped_now_is_given_up_and_the_talk_counts() -> None:
    talk = Talk()
    talk.house.later(30.0)
    talk.lost(Loss.ABSENT)
    talk.lost(Loss.DROPPED)
    assert [fact.loss for fact in talk.house.said(SoundMissing)] == [Loss.ABSENT, Loss.DROPPED]
    talk.house.later(2.1)
    assert talk.head() == talk.call
    talk.house.hangs_up(talk.call)
    (ended,) = talk.house.said(CallEnded)
    assert (ended.outcome, ended.answered_by, ended.ended_by) == (Outcome.ANSWERED, talk.anna, EndedBy.CALLER)
    assert ended.talk_s == 33.5


def test_after_a_restart_the_music_of_before_is_ended_and_who_is_not_heard_still_is_noticed_anew() -> None:
    talk = Talk()
    talk.lost(Loss.ABSENT)
    talk.done()
    members: frozenset[CallId | RingId] = frozenset({talk.call, talk.ring})
    callers = {talk.call: LINE, talk.second: LINE}
    here = frozenset({talk.anna})
    talk.house.tell(Surveyed(callers, frozenset({talk.ring}), {talk.talk: members}, here, talk.house.at))
    assert talk.done() == [Uncover(talk.call, talk.ring, side) for side in Side]
    talk.lost(Loss.ABSENT)
    assert talk.done() == [Refresh(talk.call, talk.ring), Cover(talk.call, talk.ring)]


# ---------------------------------------------------------------- the caller


@pytest.mark.parametrize("loss", [Loss.NEVER, Loss.ABSENT])
def test_a_caller_who_sends_nothing_is_a_silent_caller_and_nothing_else(loss: Loss) -> None:
    talk = Talk()
    talk.house.later(10.0)
    talk.lost(loss, Side.CALLER)
    talk.house.later(7200.0)
    assert isinstance(talk.phase, Talking)
    # who has been heard before may have moved, which looks the same; who never was, is heard as a line that lives
    covered, moved = Cover(talk.call, talk.ring, Side.CALLER), Refresh(talk.call, None)
    assert talk.done() == [covered if loss is Loss.NEVER else moved]
    assert len(talk.house.said(CallerSilent)) == 1


def test_a_caller_who_pauses_again_and_again_is_not_asked_anew_each_time() -> None:
    """A carrier that does not answer would cost the call."""
    talk = Talk()
    for _ in range(10):
        talk.house.later(3.0)
        talk.lost(Loss.ABSENT, Side.CALLER)
        talk.house.later(3.0)
        talk.back(Side.CALLER)
    assert [each for each in talk.done() if isinstance(each, Refresh)] == [Refresh(talk.call, None)]


@pytest.mark.parametrize("cause", [Cause.NO_ANSWER, Cause.MEDIA_LOST, Cause.NORMAL])
def test_a_caller_whose_carrier_does_not_answer_any_more_has_not_hung_up(cause: Cause) -> None:
    talk = Talk()
    for call in (talk.call, talk.second):
        talk.house.tell(CallGone(call, cause, talk.house.at))
    by = EndedBy.CALLER if cause is Cause.NORMAL else EndedBy.NETWORK
    assert [fact.ended_by for fact in talk.house.said(CallEnded)] == [by, by]


def test_a_silent_child_waits_and_talks_for_ten_minutes_and_nobody_hangs_up_on_them() -> None:
    house = small(max_wait_s=None)
    call = house.caller()
    bo = house.volunteer("bo")
    house.hangs_up(call)
    call = house.waiting_caller()
    house.later(600.0)
    house.talking(call, bo)
    house.tell(SoundLost(house.talk_of(call), Side.CALLER, Loss.NEVER, house.at))
    house.later(600.0)
    assert isinstance(house.call(call).phase, Talking)
    assert not any(isinstance(each, HangUp) for each in house.commands)
    assert len(house.said(CallJoined)) == 1


def test_a_caller_whose_sound_is_dropped_is_asked_anew_until_it_is_heard() -> None:
    talk = Talk()
    talk.house.later(10.0)
    talk.lost(Loss.DROPPED, Side.CALLER)
    assert talk.done() == [Refresh(talk.call, None)]
    talk.house.later(12.0)
    assert talk.done() == [Refresh(talk.call, None)] * 2
    talk.back(Side.CALLER)
    talk.house.later(60.0)
    assert talk.done() == [Uncover(talk.call, talk.ring, Side.CALLER)]
    assert [(fact.side, fact.missing_s) for fact in talk.house.said(SoundReturned)] == [(Side.CALLER, 12.0)]


# ---------------------------------------------------------------- hold


@BOTH
def test_who_holds_is_said_once_and_how_long_when_they_resume(side: Side) -> None:
    talk = Talk()
    for held in (True, True, False, False):
        talk.holds(held, side)
        talk.house.later(10.0)
    assert [fact.side for fact in talk.house.said(TalkHeld)] == [side]
    assert [(fact.side, fact.held_s) for fact in talk.house.said(TalkResumed)] == [(side, 20.0)]


@BOTH
def test_a_hold_that_takes_too_long_is_told_the_coordinator_once(side: Side) -> None:
    talk = Talk()
    talk.holds(True, side)
    talk.house.later(179.0)
    assert talk.house.said(TalkHeldTooLong) == []
    talk.house.later(3600.0)
    assert [(fact.side, fact.held_s) for fact in talk.house.said(TalkHeldTooLong)] == [(side, 180.0)]
    assert isinstance(talk.phase, Talking)


def test_who_holds_is_not_missed() -> None:
    talk = Talk()
    talk.holds(True)
    talk.lost(Loss.ABSENT)
    talk.lost(Loss.DROPPED, Side.CALLER)
    assert talk.done() == [Cover(talk.call, talk.ring, held=True)]
    assert talk.house.said(SoundMissing) == []


def test_a_hold_said_after_the_sound_was_missed_ends_our_music_only_when_it_is_taken_back() -> None:
    """Both are one music to the exchange: ended now, the caller would hear nothing."""
    talk = Talk()
    talk.lost(Loss.ABSENT)
    talk.done()
    talk.holds(True)
    talk.house.later(60.0)
    assert talk.done() == [Cover(talk.call, talk.ring, held=True)]
    talk.holds(False)
    assert talk.done() == [Uncover(talk.call, talk.ring)]


def test_a_phone_that_holds_before_it_is_joined_leaves_the_caller_with_music() -> None:
    house = small()
    anna = house.volunteer("anna")
    call = house.waiting_caller()
    ring = house.ring_of(anna)
    house.tell(RingAnswered(ring, house.at))
    assert isinstance(house.call(call).phase, Joining)
    house.tell(SideHeld(call, Side.VOLUNTEER, True, house.at))
    house.joined(call)
    assert Cover(call, ring, held=True) in house.commands
    house.tell(SideHeld(call, Side.VOLUNTEER, False, house.at))
    assert house.commands[-1] == Uncover(call, ring)


def test_a_phone_that_failed_is_held_against_nobody_when_it_was_we_who_failed() -> None:
    house = small()
    anna = house.volunteer("anna")
    call = house.waiting_caller()
    house.answers(house.ring_of(anna))
    house.later(6.0)  # never joined
    assert [fact.result for fact in house.said(RingEnded)] == [RingResult.FAILED]
    house.ring_gone(house.ring_of(anna), Cause.NORMAL)
    assert house.person(anna).soundless == 0
    assert not isinstance(house.person(anna).phase, InTalk)
    assert house.call(call).fate is Outcome.ABANDONED
