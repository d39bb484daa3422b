"""Laws about a call: its one outcome, whose it was, and what may still be done for it."""

from __future__ import annotations

from ivr.core.commands import (
    Answer,
    EndTalk,
    HangUp,
    Join,
    LastResort,
    LetGo,
    Play,
    Ring,
    StartMusic,
    StopPlay,
)
from ivr.core.facts import CallAnswered, CallEnded, CallHandedOver, CallJoined, CallStarted, CallTakenBack
from ivr.core.ids import CallId, PlayId, RingId, VolunteerId, partner_of
from ivr.core.news import (
    CallDue,
    CallGone,
    CommandFailed,
    Result,
    Surveyed,
    Witnessed,
)
from ivr.core.reasons import SERVED, Outcome
from ivr.core.state import Leaving
from tests.laws.asking import about, commands_of, facts_of, require
from tests.laws.rings import asked_again
from tests.laws.trace import LawBroken, Moment, Trace


def a_call_has_at_most_one_outcome_and_nothing_is_said_of_it_after(trace: Trace) -> None:
    started: set[CallId] = set()
    ended: set[CallId] = set()
    for fact in facts_of(trace):
        call: CallId | None = getattr(fact, "call", None)
        if call is None:
            continue
        require(call not in ended, f"{call} has ended, and yet", trace, fact)
        if isinstance(fact, CallStarted):
            require(call not in started, f"{call} starts twice", trace)
            started.add(call)
        require(call in started, f"{call} never started, and yet", trace, fact)
        if isinstance(fact, CallEnded):
            ended.add(call)


def only_who_is_gone_gets_an_outcome(trace: Trace) -> None:
    """Said by the exchange, found in a survey, shown by a command about the caller alone, or by our own hang-up."""
    for moment in trace:
        for fact in moment.facts:
            if isinstance(fact, CallEnded):
                require(is_gone(fact.call, moment), f"{fact.call} may still be on the line, and yet", trace, fact)


def is_gone(call: CallId, moment: Moment) -> bool:
    match moment.news:
        case CallGone(call=gone) | Witnessed(call=gone):
            return gone == call
        case Surveyed(calls=there, sheltered=shelter):
            return call not in there and call not in shelter
        case CommandFailed(command=command, result=result):
            alone = isinstance(command, Answer | Play | StartMusic | HangUp) and command.call == call
            return alone and result is Result.GONE
        case CallDue():
            known = moment.before.calls.get(call)
            return known is not None and isinstance(known.phase, Leaving)
        case _:
            return False


def a_call_is_answered_when_its_talk_stood_and_only_then(trace: Trace) -> None:
    joined: dict[CallId, VolunteerId] = {}
    served: dict[CallId, tuple[Outcome, VolunteerId]] = {}
    for fact in facts_of(trace):
        match fact:
            case CallJoined():
                joined[fact.call] = fact.volunteer
            case CallAnswered() | CallHandedOver():
                who = joined.get(fact.call)
                require(who is not None, f"{fact.call} is answered without having been joined", trace)
                require(fact.call not in served, f"{fact.call} is answered twice", trace)
                if who is not None:
                    ours = partner_of(who) is None
                    by = who if ours else partner_of(who)
                    told = fact.volunteer if isinstance(fact, CallAnswered) else fact.partner
                    require(ours is isinstance(fact, CallAnswered) and told == by, f"not by {who}", trace, fact)
                    served[fact.call] = (Outcome.ANSWERED if ours else Outcome.HANDED_OVER, who)
            case CallEnded():
                outcome, whom = served.get(fact.call, (None, None))
                told_so = fact.outcome if fact.outcome in SERVED else None
                require(told_so is outcome, f"{fact.call} ends falsely", trace, fact)
                require(fact.answered_by == whom, f"{fact.call} was answered by {whom}, and yet", trace, fact)
                require((fact.talk_s is not None) == (whom is not None), f"whose talk time? {fact}", trace)
            case _:
                pass


def after_its_hang_up_only_cleaning_up_is_done_for_a_call(trace: Trace) -> None:
    """Also after its outcome. A hang-up may be asked for again: it is how a lost one is repeated. Who was given to the
    last resort and comes back is ours again."""
    hung_up: set[CallId] = set()
    over: set[CallId] = set()
    for moment in trace:
        hung_up -= {fact.call for fact in moment.facts if isinstance(fact, CallTakenBack)}
        for command in moment.commands:
            call = about(command)
            if call in hung_up and not isinstance(command, LetGo | EndTalk | HangUp | StopPlay):
                raise LawBroken(f"{call} was hung up, and yet: {command}", trace)
            if call in over and not isinstance(command, LetGo | EndTalk):
                raise LawBroken(f"{call} is over, and yet: {command}", trace)
            if isinstance(command, HangUp | LastResort):
                hung_up.add(call)
        over |= {fact.call for fact in moment.facts if isinstance(fact, CallEnded)}


def names_are_never_used_twice(trace: Trace) -> None:
    """Rings, talks and playings; a survey may ask again for a ring, a join or a playing."""
    rings: set[RingId] = set()
    for moment in trace:
        now = [command.ring for command in moment.commands if isinstance(command, Ring)]
        if now:
            again_ = asked_again(moment)
            twice = len(set(now)) < len(now) or any(ring in rings and ring not in again_ for ring in now)
            require(not twice, f"a ring is asked for twice: {now}", trace)
            rings.update(now)
    talks: dict[str, tuple[CallId, RingId]] = {}
    for command in commands_of(trace):
        if isinstance(command, Join):
            pair = (command.call, command.ring)
            require(talks.setdefault(command.talk, pair) == pair, f"{command.talk} joins two pairs", trace)
    played: set[PlayId] = set()
    for moment in trace:
        plays = [command.play for command in moment.commands if isinstance(command, Play)]
        again = played.intersection(plays) or len(set(plays)) < len(plays)
        require(not again or isinstance(moment.news, Surveyed), f"a playing begins twice: {plays}", trace)
        played.update(plays)
