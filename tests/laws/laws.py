"""What must be true of every house at every moment, whatever happened in whatever order.

Each law takes a trace and raises `LawBroken`. Those in `ALWAYS` hold of every trace; `FINISHED` only once everybody has
hung up, every phone is down and every deadline has passed. They look at values only, so that they hold for any step
function, a broken one included: `test_planted.py` shows that each of them can fail.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime

from ivr.core import switchboard
from ivr.core.commands import (
    Answer,
    Command,
    Confirm,
    EndTalk,
    HangUp,
    Join,
    LastResort,
    LetGo,
    Play,
    Ring,
    StartMusic,
    StopPlay,
    Tell,
    YesNo,
    YesNoOver,
)
from ivr.core.facts import (
    SERVED,
    CallAnswered,
    CallEnded,
    CallerSilent,
    CallHandedOver,
    CallJoined,
    CallQueued,
    CallRequeued,
    CallSheltered,
    CallStarted,
    CallTakenBack,
    Fact,
    HandoverBegan,
    HandoverDone,
    Outcome,
    RingEnded,
    RingResult,
    RingStarted,
    VolunteerNotAnswering,
    YesNoBegan,
    YesNoEnded,
)
from ivr.core.ids import CallId, GroupId, LineId, PlayId, RingId, VolunteerId, call_of, partner_of
from ivr.core.news import (
    CallDue,
    CallGone,
    CommandFailed,
    DigitPressed,
    HandoverAsked,
    LineDue,
    Result,
    RingAnswered,
    RingPressed,
    Surveyed,
    VolunteerReleased,
    Witnessed,
    WrapUpDone,
)
from ivr.core.state import Asked, BeingRung, Free, House, InTalk, Leaving, PickedUp, Talking, VolunteerPhase, WrappingUp
from ivr.core.talking import SILENT_S
from tests.laws import fairness, indexes
from tests.laws.mutual import at_odds, left_idle
from tests.laws.trace import Law, LawBroken, Moment, Trace


def require(holds: bool, what: str, trace: Trace, of: object = None) -> None:
    """`of`: what it is true or false of; put into words only when it is false, since that takes longer than asking."""
    if not holds:
        raise LawBroken(what if of is None else f"{what}: {of}", trace)


def facts_of(trace: Trace) -> Iterator[Fact]:
    return (fact for moment in trace for fact in moment.facts)


def commands_of(trace: Trace) -> Iterator[Command]:
    return (command for moment in trace for command in moment.commands)


def about(command: Command) -> CallId:
    """Which call a command belongs to."""
    match command:
        case Answer() | Play() | StopPlay() | StartMusic() | Join() | HangUp() | LastResort() | YesNo() | YesNoOver():
            return command.call
        case Ring() | LetGo() | Tell():
            return call_of(command.ring)
        case EndTalk():
            return call_of(command.talk)
        case Confirm():
            return CallId(command.dial)  # of no call


# ---------------------------------------------------------------- rings


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


# ---------------------------------------------------------------- calls


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


# ---------------------------------------------------------------- queue


def order_in_the_queue_never_changes_but_for_who_comes_back_to_its_head(trace: Trace) -> None:
    for moment in trace:
        back = {fact.call for fact in moment.facts if isinstance(fact, CallRequeued)}
        placed = {fact.call for fact in moment.facts if isinstance(fact, CallTakenBack)} - back
        if moment.after.lines is moment.before.lines and not placed:
            continue
        returned = {call.id for call in moment.before.calls.values() if call.queued_at is not None} - back - placed
        for line, state in moment.after.lines.items():
            before = moment.before.lines[line].queue if line in moment.before.lines else ()
            stayed = [call for call in before if call in state.queue]
            new = [call for call in state.queue if call not in before and call not in returned]
            heads = [call for call in new if call in back]
            tail = [call for call in new if call not in back]
            tail = [call for call in tail if call not in placed]
            others = [call for call in state.queue if call not in placed and (call in before or call not in returned)]
            require(others == heads + stayed + tail, f"the queue of {line} is out of order", trace)
            require(by_arrival(moment.after, state.queue, placed), f"who came back to {line} stands wrongly", trace)


def by_arrival(house: House, queue: Iterable[CallId], placed: set[CallId]) -> bool:
    """Nobody right behind one who came back from the last resort had come earlier, nobody right before one later."""
    standing = tuple(queue)
    since = [house.calls[call].arrived_at for call in standing]
    return all(
        (call not in placed or place + 1 == len(standing) or since[place] <= since[place + 1])
        and (call not in placed or place == 0 or since[place - 1] <= since[place])
        for place, call in enumerate(standing)
    )


def who_is_told_a_place_in_the_queue_has_it(trace: Trace) -> None:
    for moment in trace:
        for fact in moment.facts:
            if isinstance(fact, CallQueued):
                require(fact.position >= 1, "a place below the first", trace, fact)


# ---------------------------------------------------------------- hand-overs


def who_answers_a_line_changes_from_side_to_side_only_in_a_hand_over(trace: Trace) -> None:
    for moment in trace:
        began = [fact.line for fact in moment.facts if isinstance(fact, HandoverBegan)]
        if not began and moment.after.lines is moment.before.lines:
            continue
        for line, state in moment.after.lines.items():
            before = moment.before.lines.get(line)
            was = before.service if before is not None else None
            sides = was is not None and state.service is not None and was is not state.service
            require(began.count(line) == int(sides), f"{line}: from {was} to {state.service}, said: {began}", trace)


def a_hand_over_touches_nobody(trace: Trace) -> None:
    """By the clock or by hand: nothing but words to those who wait, and phones of the side that takes over. Who waits
    while nobody at all is on duty may be led on, for that reason."""
    for moment in trace:
        if not isinstance(moment.news, LineDue | HandoverAsked):
            continue
        alone = {call for line in moment.before.lines.values() if line.unattended_at is not None for call in line.queue}
        for command in moment.commands:
            fine = isinstance(command, Play | Ring) or about(command) in alone
            require(fine, f"a hand-over does {command}", trace)
        for call, before in moment.before.calls.items():
            if call in alone:
                continue
            after = moment.after.calls.get(call)
            same = after is not None and type(after.phase) is type(before.phase)
            require(same and after is not None and after.queued_at == before.queued_at, f"it touches {call}", trace)
            kept = after is not None and after.rings[: len(before.rings)] == before.rings
            require(kept, f"it touches a phone that rings for {call}", trace)
        for line, state in moment.before.lines.items():
            before_it, after_it = (
                [call for call in each.queue if call not in alone] for each in (state, moment.after.lines[line])
            )
            require(before_it == after_it, f"it touches the queue of {line}", trace)


def nobody_hears_of_a_hand_over_twice(trace: Trace) -> None:
    began: Counter[LineId] = Counter()
    told: Counter[tuple[LineId, CallId]] = Counter()
    for moment in trace:
        began.update(fact.line for fact in moment.facts if isinstance(fact, HandoverBegan))
        again = isinstance(moment.news, Surveyed)
        for command in moment.commands:
            line = line_of(command, moment.after)
            if isinstance(command, Play) and line is not None and not again:
                words = moment.after.plan.lines[line].handover.words.values()
                told[line, command.call] += command.prompts in words
    for (line, call), times in told.items():
        require(times <= began[line], f"{call} hears {times} times of {began[line]} hand-overs", trace)


def line_of(command: Command, house: House) -> LineId | None:
    call = house.calls.get(about(command))
    return call.line if call is not None else None


def a_hand_over_that_is_done_had_begun_and_counts_who_waited_through_it(trace: Trace) -> None:
    under_way: dict[LineId, HandoverBegan] = {}
    for fact in facts_of(trace):
        if isinstance(fact, HandoverBegan):
            require(fact.line not in under_way, f"{fact.line} is handed over twice at once", trace)
            under_way[fact.line] = fact
        elif isinstance(fact, HandoverDone):
            began = under_way.pop(fact.line, None)
            require(began is not None, "a hand-over ends that never began", trace, fact)
            if began is not None:
                fits = (began.service, began.at, began.waiting) == (fact.service, fact.began_at, len(fact.carried))
                require(fits, f"{fact} is not the end of {began}", trace)


def every_moment_of_a_line_is_to_come(trace: Trace) -> None:
    """A deadline that is not moved on by being told of would be told for ever."""
    for moment in trace:
        if isinstance(moment.news, LineDue) and moment.news.line in moment.after.lines:
            due = switchboard.line_due(moment.after, moment.news.line, moment.news.at)
            require(due is None or due > moment.news.at, f"{moment.news.line} is due at {due} for ever", trace)


# ---------------------------------------------------------------- every moment


def everybody_agrees(trace: Trace) -> None:
    """Calls, their rings, volunteers and queues say the same of each other (see `mutual`)."""
    for moment in trace:
        for what in at_odds(moment.after):
            raise LawBroken(what, trace)


def nobody_free_is_left_idle_while_somebody_waits(trace: Trace) -> None:
    for moment in trace:
        if moment.after is not moment.before:
            for what in left_idle(moment.after):
                raise LawBroken(what, trace)


def facts_are_dated_when_they_were_read(trace: Trace) -> None:
    for moment in trace:
        for fact in moment.facts:
            require(fact.at == moment.news.at, "misdated", trace, fact)


def facts_carry_no_digits_pressed(trace: Trace) -> None:
    """What a key press leads to may be said (a step's name), the key never."""
    for moment in trace:
        if not isinstance(moment.news, DigitPressed | RingPressed):
            continue
        for fact in moment.facts:
            values = [getattr(fact, name) for name in fact.__slots__ if name not in ("at", "arrived_at")]
            require(moment.news.digit not in values, "a key in a fact", trace, fact)
            require(not any(name in ("digit", "key") for name in fact.__slots__), "a key in a fact", trace, fact)


# ---------------------------------------------------------------- when all is over


def every_ring_that_began_has_ended(trace: Trace) -> None:
    begun = {fact.ring for fact in facts_of(trace) if isinstance(fact, RingStarted)}
    ended = {fact.ring for fact in facts_of(trace) if isinstance(fact, RingEnded)}
    require(begun == ended, f"never ended: {sorted(begun - ended)}", trace)


def every_call_that_began_has_ended(trace: Trace) -> None:
    begun = {fact.call for fact in facts_of(trace) if isinstance(fact, CallStarted)}
    ended = {fact.call for fact in facts_of(trace) if isinstance(fact, CallEnded)}
    require(begun == ended, f"without an outcome: {sorted(begun - ended)}", trace)


def nothing_is_left_behind(trace: Trace) -> None:
    house: House = trace[-1].after
    require(not house.calls, f"calls that nobody is on: {sorted(house.calls)}", trace)
    queues = {line.id: tuple(line.queue) for line in house.lines.values() if line.queue}
    require(not queues, f"queues in which nobody stands: {queues}", trace)
    busy = [who.id for who in house.volunteers.values() if type(who.phase).__name__ in ("BeingRung", "InTalk")]
    require(not busy, f"busy with nothing: {busy}", trace)
    gone = [who.id for who in house.volunteers.values() if who.leaving]
    require(not gone, f"removed and still here: {gone}", trace)


EACH: tuple[Law, ...] = (
    every_ring_command_is_a_ring_that_is_said,
    a_phone_is_rung_only_on_duty_and_for_a_line_it_serves,
    nobody_is_rung_in_a_talk_a_wrap_up_or_a_ring_of_their_own,
    who_is_paused_for_not_answering_has_not_answered,
    in_a_row,
    who_picked_up_is_joined_or_let_go_at_once,
    who_must_accept_is_joined_only_after_pressing_the_key,
    the_caller_goes_on_whatever_a_volunteer_presses,
    a_caller_is_called_silent_only_after_a_silence_and_once,
    the_exchange_knows_for_whom_keys_are_answers,
    only_who_is_gone_gets_an_outcome,
    a_volunteer_who_is_dropped_is_told_so,
    order_in_the_queue_never_changes_but_for_who_comes_back_to_its_head,
    who_is_told_a_place_in_the_queue_has_it,
    who_answers_a_line_changes_from_side_to_side_only_in_a_hand_over,
    a_hand_over_touches_nobody,
    every_moment_of_a_line_is_to_come,
    everybody_agrees,
    nobody_free_is_left_idle_while_somebody_waits,
    facts_are_dated_when_they_were_read,
    facts_carry_no_digits_pressed,
    fairness.a_caller_is_overtaken_only_by_who_came_within_the_head_start,
    fairness.the_group_s_strategy_says_who_is_rung,
    fairness.an_answered_call_is_counted_once_for_who_answered_it,
    fairness.places_in_a_queue_are_kept,
    indexes.what_is_kept_in_order_is_what_a_look_at_everybody_gives,
    indexes.every_place_in_a_queue_is_found_by_its_rank,
)
"""Of every single moment."""

WHOLE: tuple[Law, ...] = (
    a_ring_begins_once_and_ends_at_most_once,
    a_call_has_at_most_one_outcome_and_nothing_is_said_of_it_after,
    a_call_is_answered_when_its_talk_stood_and_only_then,
    after_its_hang_up_only_cleaning_up_is_done_for_a_call,
    names_are_never_used_twice,
    answers_by_key_begin_and_end_in_turn_within_a_talk,
    nobody_hears_of_a_hand_over_twice,
    a_hand_over_that_is_done_had_begun_and_counts_who_waited_through_it,
    fairness.nobody_is_told_a_worse_place_than_before,
)
"""Of everything from the beginning."""

ALWAYS: tuple[Law, ...] = (*EACH, *WHOLE)

FINISHED: tuple[Law, ...] = (
    every_ring_that_began_has_ended,
    every_call_that_began_has_ended,
    nothing_is_left_behind,
)


def obey(trace: Trace, finished: bool = False, since: int = 0) -> None:
    """Raises `LawBroken` for the first law that is broken, with the trace up to where it was. `since`: the moments
    before that were asked before."""
    fresh = trace[since:]
    for law in EACH:
        try:
            law(fresh)
        except LawBroken as broken:
            until = since + 1 + next(place for place, moment in enumerate(fresh) if breaks(law, (moment,)))
            raise LawBroken(broken.what, trace[:until]) from None
    for law in WHOLE:
        try:
            law(trace)
        except LawBroken as broken:
            until = bisect_left(range(len(trace)), True, key=lambda end: breaks(law, trace[:end]))
            raise LawBroken(broken.what, trace[:until]) from None
    for law in FINISHED if finished else ():
        law(trace)


def breaks(law: Law, trace: Trace) -> bool:
    try:
        law(trace)
    except LawBroken:
        return True
    return False
