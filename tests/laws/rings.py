"""Laws about phones that ring, and about who picks up."""

from __future__ import annotations

from datetime import datetime

from ivr.core.board import RINGING
from ivr.core.commands import (
    HangUp,
    Join,
    LastResort,
    LetGo,
    Ring,
    Tell,
    YesNo,
    YesNoOver,
)
from ivr.core.facts import (
    CallEnded,
    CallerSilent,
    CallHandedOver,
    CallJoined,
    CallRequeued,
    CallSheltered,
    RingEnded,
    RingStarted,
    VolunteerNotAnswering,
    YesNoBegan,
    YesNoEnded,
)
from ivr.core.ids import CallId, GroupId, LineId, RingId, VolunteerId, call_of
from ivr.core.news import (
    CallerTalking,
    RingAnswered,
    RingPressed,
    SoundBack,
    SoundLost,
    Surveyed,
    VolunteerReleased,
    WrapUpDone,
)
from ivr.core.reasons import RingResult
from ivr.core.state import Asked, BeingRung, Free, House, InTalk, Joining, PickedUp, Talking, VolunteerPhase, WrappingUp
from ivr.core.talking import SILENT_S
from tests.laws import fairness
from tests.laws.asking import facts_of, require
from tests.laws.trace import Moment, Trace


def a_ring_begins_once_and_ends_at_most_once(trace: Trace) -> None:
    open_: dict[RingId, RingStarted] = {}
    ended: set[RingId] = set()
    for fact in facts_of(trace):
        if isinstance(fact, RingStarted):
            require(fact.ring not in open_ and fact.ring not in ended, f"{fact.ring} begins twice", trace)
            open_[fact.ring] = fact
        elif isinstance(fact, RingEnded):
            require(fact.ring not in ended, f"{fact.ring} ends twice", trace)
            begun = open_.pop(fact.ring, None)
            require(begun is not None, f"{fact.ring} ends without having begun", trace)
            same = begun is not None and (begun.call, begun.volunteer) == (fact.call, fact.volunteer)
            require(same, f"{fact.ring} ends as somebody else's", trace)
            require(fact.rang_s >= 0, f"{fact.ring} rang for less than no time", trace)
            ended.add(fact.ring)


def asked_again(moment: Moment) -> frozenset[RingId]:
    """Rings that had been asked for before a survey which does not have them: nobody knows whether they ever were."""
    if not isinstance(moment.news, Surveyed):
        return frozenset()
    rings = (ring for call in moment.before.calls.values() for ring in call.rings)
    asked = frozenset(ring.id for ring in rings if isinstance(ring.phase, Asked))
    return asked - moment.news.rings


def every_ring_command_is_a_ring_that_is_said(trace: Trace) -> None:
    for moment in trace:
        again = asked_again(moment)
        asked = [command.ring for command in moment.commands if isinstance(command, Ring) and command.ring not in again]
        said = [fact.ring for fact in moment.facts if isinstance(fact, RingStarted)]
        require(sorted(asked) == sorted(said), "what is rung and what is said differ", trace)


def a_phone_is_rung_only_on_duty_and_for_a_line_it_serves(trace: Trace) -> None:
    for moment in trace:
        for command in moment.commands:
            if not isinstance(command, Ring):
                continue
            who = moment.after.volunteers.get(command.volunteer)
            require(who is not None, f"{command.ring} rings somebody who is not in the house", trace)
            if who is None:
                continue
            require(fairness.on_duty(who), f"{command.ring} rings {who.id}, who is not on duty", trace)
            require(who.line in (None, command.line), f"{command.ring} rings {who.id} for a strange line", trace)
            asked = who.group in groups_that_serve(moment.after, command.line, moment.news.at)
            require(asked, f"{command.ring} rings a group that does not serve now", trace)


def groups_that_serve(house: House, line: LineId, at: datetime) -> tuple[GroupId, ...]:
    """Those of the side that serves; shortly before and after a hand-over the other's as well, if nobody of it is
    there."""
    state, tiers = house.lines[line], house.plan.lines[line].tiers
    own = tiers.get(state.serving, ())
    passage = state.passage
    given_over = passage is not None and passage.to is state.serving and at < passage.fallback_until
    if not given_over and state.deserted_at is None:
        return own
    people = house.volunteers.values()
    on_duty = [who for who in people if fairness.on_duty(who)]
    if any(who.group in own and who.line in (None, line) for who in on_duty):
        return own
    return tuple(group for groups in tiers.values() for group in groups)


def nobody_is_rung_in_a_talk_a_wrap_up_or_a_ring_of_their_own(trace: Trace) -> None:
    for moment in trace:
        for command in moment.commands:
            before = moment.before.volunteers.get(command.volunteer) if isinstance(command, Ring) else None
            if before is not None and isinstance(command, Ring) and command.ring not in asked_again(moment):
                free = not before.elsewhere or isinstance(moment.news, VolunteerReleased | Surveyed)
                require(free, f"{command} rings who is on the phone elsewhere", trace)
                require(is_over(before.phase, moment), f"{command} rings who was {before.phase}", trace)


def is_over(phase: VolunteerPhase, moment: Moment) -> bool:
    """What kept a volunteer busy had ended by itself, or has by this news."""
    match phase:
        case Free():
            return True
        case WrappingUp():
            return phase.until <= moment.news.at or isinstance(moment.news, WrapUpDone)
        case BeingRung() | InTalk():
            call = moment.after.calls.get(call_of(phase.ring))
            return call is None or all(ring.id != phase.ring for ring in call.rings)


def nobody_s_phone_rings_on_after_they_went(trace: Trace) -> None:
    """Off duty, into a pause or out of the house: from that moment the phone has been let go."""
    for moment in trace:
        if moment.after.volunteers is moment.before.volunteers:
            continue
        for who in moment.after.volunteers.values():
            if isinstance(who.phase, BeingRung) and (who.pause is not None or who.off_duty or who.leaving):
                call = moment.after.calls.get(call_of(who.phase.ring))
                on = [ring for ring in (call.rings if call is not None else ()) if isinstance(ring.phase, RINGING)]
                require(all(ring.volunteer != who.id for ring in on), f"{who.id} went, and the phone rings", trace)


def who_is_paused_for_not_answering_has_not_answered(trace: Trace) -> None:
    """Never sooner than the group says, and never by anything but rings in a row that nobody picked up."""
    for moment in trace:
        for fact in moment.facts:
            if isinstance(fact, VolunteerNotAnswering):
                who = moment.before.volunteers[fact.volunteer]
                most = moment.before.plan.groups[who.group].auto_pause
                require(most > 0 and who.unanswered == most - 1, "paused too soon or late", trace, fact)
                require(who.pause is None, "was paused already", trace, fact)


def in_a_row(trace: Trace) -> None:
    """The count is what the rings say: up by one for each that nobody picked up, nought as soon as anybody is there."""
    for moment in trace:
        if moment.after.volunteers is moment.before.volunteers:
            continue
        missed = {
            fact.volunteer
            for fact in moment.facts
            if isinstance(fact, RingEnded) and fact.result is RingResult.NO_ANSWER
        }
        for who in moment.after.volunteers.values():
            before = moment.before.volunteers.get(who.id)
            if before is not None and who.unanswered > before.unanswered:
                late = isinstance(before.phase, BeingRung)
                require(who.id in missed or late, f"{who.id} missed a ring that nobody heard of", trace)
            if isinstance(who.phase, InTalk):
                require(who.unanswered == 0, f"{who.id} is there, and yet was missed {who.unanswered} times", trace)


def who_picked_up_is_joined_or_let_go_at_once(trace: Trace) -> None:
    """Unless it is told twice: then the one who picked up is with the caller already."""
    for moment in trace:
        if not isinstance(moment.news, RingAnswered):
            continue
        ring = moment.news.ring
        joined = any(isinstance(each, Join | Tell) and each.ring == ring for each in moment.commands)
        let_go = any(isinstance(each, LetGo) and each.ring == ring for each in moment.commands)
        known = moment.before.calls.get(call_of(ring))
        with_caller = known is not None and getattr(known.phase, "ring", None) == ring
        require(joined or let_go or with_caller, f"who picked up {ring} is left in silence", trace)
        require(not (joined and let_go), f"who picked up {ring} is joined and let go", trace)


def who_must_accept_is_joined_only_after_pressing_the_key(trace: Trace) -> None:
    for moment in trace:
        joined = {command.ring for command in moment.commands if isinstance(command, Join)}
        for call in moment.before.calls.values() if joined else ():
            for ring in call.rings:
                if ring.accept_s and ring.id in joined and not isinstance(ring.phase, PickedUp):
                    pressed = isinstance(moment.news, RingPressed) and moment.news == RingPressed(
                        ring.id, "1", moment.news.at
                    )
                    require(pressed, f"{ring.id} is joined, and nobody has accepted", trace)


def the_caller_goes_on_whatever_a_volunteer_presses(trace: Trace) -> None:
    """Nothing that a volunteer presses ends a call or takes a place."""
    for moment in trace:
        if isinstance(moment.news, RingPressed):
            call = call_of(moment.news.ring)
            harm = any(isinstance(each, HangUp | LastResort) and each.call == call for each in moment.commands)
            require(not harm, f"a key of a volunteer ends {call}", trace)
            require((call in moment.before.calls) == (call in moment.after.calls), f"a key ends {call}", trace)


def a_caller_is_called_silent_only_after_a_silence_and_once(trace: Trace) -> None:
    for moment in trace:
        for fact in moment.facts:
            if isinstance(fact, CallerSilent):
                phase = moment.before.calls[fact.call].phase
                talks = isinstance(phase, Talking) and not phase.silence_said
                since = phase.silent_since if isinstance(phase, Talking) else None
                require(talks and since is not None, "not in a silence", trace, fact)
                length = (fact.at - since).total_seconds() if since is not None else 0.0
                require(length >= SILENT_S and abs(length - fact.silent_s) < 0.01, "not so long", trace, fact)


def who_speaks_is_not_called_silent(trace: Trace) -> None:
    """From the moment in which it is told that a caller speaks, while they are joined or just before, until it is told
    that they stopped, or that nothing comes from them."""
    speaking: set[CallId] = set()
    for moment in trace:
        news = moment.news
        if isinstance(news, CallerTalking):
            call = moment.before.calls.get(news.call)
            joined = call is not None and isinstance(call.phase, Joining | Talking)
            (speaking.add if news.talking and joined else speaking.discard)(news.call)
        elif isinstance(news, SoundLost | SoundBack):
            speaking.discard(call_of(news.talk))
        elif isinstance(news, Surveyed):
            speaking.clear()
        for fact in moment.facts:
            if isinstance(fact, CallerSilent):
                require(fact.call not in speaking, "they speak", trace, fact)
            elif isinstance(fact, CallRequeued | CallSheltered | CallEnded | CallHandedOver):
                speaking.discard(fact.call)


def answers_by_key_begin_and_end_in_turn_within_a_talk(trace: Trace) -> None:
    """Begun in a talk, ended once, with it at the latest; what is said is what is so."""
    on: dict[CallId, VolunteerId] = {}
    for moment in trace:
        for fact in moment.facts:
            match fact:
                case YesNoBegan():
                    before = moment.before.calls.get(fact.call)
                    talks = before is not None and isinstance(before.phase, Talking)
                    require(talks and fact.call not in on, "not in a talk, or begun already", trace, fact)
                    on[fact.call] = fact.volunteer
                case YesNoEnded():
                    require(on.pop(fact.call, None) == fact.volunteer, "ended and had not begun", trace, fact)
                case CallJoined() | CallRequeued() | CallSheltered() | CallEnded():
                    require(fact.call not in on, "answers by key outlive the talk", trace, fact)
                case _:
                    pass
        phases = ((call.id, call.phase) for call in moment.after.calls.values())
        so = {call for call, phase in phases if isinstance(phase, Talking) and phase.yes_no is not None}
        require(so == set(on), f"said: {sorted(on)}, and so: {sorted(so)}", trace)


def the_exchange_knows_for_whom_keys_are_answers(trace: Trace) -> None:
    """It is asked when they begin, and after every survey; told when they end and the talk goes on."""
    for moment in trace:
        asked = {command.call for command in moment.commands if isinstance(command, YesNo)}
        over = {command.call for command in moment.commands if isinstance(command, YesNoOver)}
        for fact in moment.facts:
            if isinstance(fact, YesNoBegan):
                require(fact.call in asked, "nobody asks for it", trace, fact)
            elif isinstance(fact, YesNoEnded):
                now = moment.after.calls.get(fact.call)
                ended = now is None or not isinstance(now.phase, Talking) or fact.call in over
                require(ended, "the exchange is not told", trace, fact)
        for call in moment.after.calls.values() if isinstance(moment.news, Surveyed) else ():
            on = isinstance(call.phase, Talking) and call.phase.yes_no is not None
            require(not on or call.id in asked, f"after a survey nobody asks for {call.id}", trace)


def a_volunteer_who_is_dropped_is_told_so(trace: Trace) -> None:
    """A ring that is no longer the call's own has been let go, or the exchange said that it is gone."""
    for moment in trace:
        for call in moment.before.calls.values():
            now = moment.after.calls.get(call.id)
            if now is call:
                continue
            ring = getattr(call.phase, "ring", None)
            if ring is None or (now is not None and getattr(now.phase, "ring", None) == ring):
                continue
            let_go = any(isinstance(each, LetGo) and each.ring == ring for each in moment.commands)
            still = now is not None and any(each.id == ring for each in now.rings)
            require(let_go or not still, f"{ring} is dropped and not let go", trace)
