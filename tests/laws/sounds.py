"""Laws about sound: answered means heard; nobody is left without; a caller never pays for a phone, nor for silence."""

from __future__ import annotations

from datetime import timedelta

from ivr.core.commands import Cover, HangUp, LastResort, Uncover
from ivr.core.facts import CallAnswered, CallHandedOver, CallRequeued, RingEnded
from ivr.core.ids import CallId, TalkId, call_of
from ivr.core.news import (
    CallBack,
    CallGone,
    CallLeft,
    PhoneDead,
    RingGone,
    SideHeld,
    SoundBack,
    SoundLost,
    Surveyed,
    VolunteerHeard,
    Witnessed,
)
from ivr.core.reasons import Loss, RingResult, Side
from ivr.core.sound import NOTICED_S, REFRESH_S
from ivr.core.state import Call, Joining, PickedUp, Talking
from tests.laws.asking import require
from tests.laws.trace import Moment, Trace

STANDS = timedelta(seconds=1.5)
UNWATCHED = (Surveyed, CallLeft, Witnessed, CallBack)
"""After these it is known only that nobody watched for a while."""


def talk_of(call: Call | None) -> Talking | None:
    return call.phase if call is not None and isinstance(call.phase, Talking) else None


def answered_means_heard(trace: Trace) -> None:
    """Told by the exchange in this very moment; or nobody watched, and the two were together for long enough, or the
    last resort's own record says so."""
    for moment in trace:
        for fact in moment.facts:
            if not isinstance(fact, CallAnswered | CallHandedOver):
                continue
            talk = talk_of(moment.before.calls.get(fact.call))
            news = moment.news
            told = isinstance(news, VolunteerHeard) and talk is not None and news.talk == talk.talk
            together = talk is not None and news.at - talk.joined_at >= STANDS
            unwatched = isinstance(news, UNWATCHED) and (together or isinstance(news, Witnessed | Surveyed))
            if isinstance(news, CallGone | RingGone | PhoneDead) and talk is not None and talk.unheard is None:
                unwatched = news.at - talk.joined_at >= timedelta(seconds=NOTICED_S)
            require(told or unwatched, "answered, and nobody was heard", trace, fact)


def who_is_not_heard_is_covered_at_once(trace: Trace) -> None:
    """From the moment in which a loss is told the caller hears music, and it is ended when the volunteer is back."""
    for moment in trace:
        news = moment.news
        if not isinstance(news, SoundLost | SoundBack) or news.side is not Side.VOLUNTEER:
            continue
        call = call_of(news.talk)
        talk = talk_of(moment.before.calls.get(call))
        if talk is None or talk.talk != news.talk or talk.holds:
            continue
        kind = Cover if isinstance(news, SoundLost) else Uncover
        done = any(isinstance(each, kind) and each.call == call for each in moment.commands)
        already = isinstance(news, SoundLost) and talk.unheard is not None
        require(done or already, f"the caller of {news.talk} is left without a sound", trace, news)


def a_hold_is_covered_at_once(trace: Trace) -> None:
    """Whichever side holds: the exchange plays something by itself, but not to who was joined after it had heard."""
    for moment in trace:
        news = moment.news
        talk = talk_of(moment.before.calls.get(news.call)) if isinstance(news, SideHeld) else None
        if not isinstance(news, SideHeld) or talk is None or news.held is (news.side in [h.side for h in talk.holds]):
            continue
        kind, whose = Cover if news.held else Uncover, (news.call, news.side)
        done = any(isinstance(each, kind) and (each.call, each.side) == whose for each in moment.commands)
        require(done, f"{news.side} of {news.call} holds, or does so no more, and the other is not told", trace, news)


def nobody_is_left_for_long_with_a_volunteer_who_cannot_be_heard(trace: Trace) -> None:
    """Never heard, or dropped: two seconds after it was told they are not with each other any more, unless something
    was told of it meanwhile."""
    lost: dict[TalkId, Moment] = {}
    for moment in trace:
        news = moment.news
        match news:
            case SoundLost(side=Side.VOLUNTEER, loss=Loss.NEVER | Loss.DROPPED):
                talk = talk_of(moment.before.calls.get(call_of(news.talk)))
                if talk is not None and not talk.holds and (talk.unheard is None or talk.unheard.loss is Loss.ABSENT):
                    lost.setdefault(news.talk, moment)
            case SoundBack(side=Side.VOLUNTEER):
                lost.pop(news.talk, None)
            case SideHeld():
                lost = {talk: since for talk, since in lost.items() if call_of(talk) != news.call}
            case Surveyed():
                lost = {}
            case _:
                pass
        for talk_id, since in lost.items():
            talk = talk_of(moment.after.calls.get(call_of(talk_id)))
            if talk is not None and talk.talk == talk_id:
                late = news.at - since.news.at > timedelta(seconds=REFRESH_S)
                require(not late, f"in {talk_id} nobody has been heard for too long", trace)


def nobody_is_hung_up_on_for_silence(trace: Trace) -> None:
    """Of a talk we end a caller's side only when the volunteer has hung up."""
    for moment in trace:
        for command in moment.commands:
            if not isinstance(command, HangUp | LastResort):
                continue
            talk = talk_of(moment.before.calls.get(command.call))
            by_volunteer = isinstance(moment.news, RingGone) and talk is not None and moment.news.ring == talk.ring
            require(talk is None or by_volunteer or isinstance(moment.news, Surveyed), "hung up", trace, command)


def a_phone_that_failed_costs_the_caller_no_turn(trace: Trace) -> None:
    """Picked up and came to nothing: the caller is gone by themselves, or waits on, and is told to be first again."""
    for moment in trace:
        for fact in moment.facts:
            if not isinstance(fact, RingEnded) or fact.result is not RingResult.FAILED:
                continue
            before, after = moment.before.calls.get(fact.call), moment.after.calls.get(fact.call)
            picked_up = before is not None and any(
                ring.id == fact.ring and isinstance(ring.phase, PickedUp) for ring in before.rings
            )
            phase = before.phase if before is not None else None
            if not picked_up or not isinstance(phase, Talking | Joining) or phase.ring != fact.ring:
                continue
            again = {each.call for each in moment.facts if isinstance(each, CallRequeued)}
            gone = after is None or isinstance(moment.news, CallGone | CallLeft | Surveyed | Witnessed)
            require(fact.call in again or gone, "a phone failed, and the caller pays", trace, fact)


def a_dead_phone_is_let_go_and_its_caller_waits_first(trace: Trace) -> None:
    for moment in trace:
        if isinstance(moment.news, PhoneDead):
            call: CallId = call_of(moment.news.ring)
            talk = talk_of(moment.before.calls.get(call))
            if talk is not None and talk.ring == moment.news.ring:
                again = {each.call for each in moment.facts if isinstance(each, CallRequeued)}
                require(call in again, f"{moment.news.ring} is dead, and its caller stays with it", trace)
