"""What must be true of every house at every moment, whatever happened in whatever order.

Each law takes a trace and raises `LawBroken`. Those in `ALWAYS` hold of every trace; `FINISHED` only once everybody has
hung up, every phone is down and every deadline has passed. They look at values only, so that they hold for any step
function, a broken one included: `test_planted.py` shows that each of them can fail.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable

from ivr.core.facts import (
    CallEnded,
    CallQueued,
    CallRequeued,
    CallStarted,
    CallTakenBack,
    RingEnded,
    RingStarted,
)
from ivr.core.ids import CallId
from ivr.core.news import (
    DigitPressed,
    RingPressed,
)
from ivr.core.state import House
from tests.laws import calls, fairness, handovers, indexes, refusals, rings, sounds
from tests.laws.asking import facts_of, require
from tests.laws.mutual import at_odds, left_idle
from tests.laws.trace import Law, LawBroken, Trace

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
    rings.every_ring_command_is_a_ring_that_is_said,
    rings.a_phone_is_rung_only_on_duty_and_for_a_line_it_serves,
    rings.nobody_is_rung_in_a_talk_a_wrap_up_or_a_ring_of_their_own,
    rings.nobody_s_phone_rings_on_after_they_went,
    rings.who_is_paused_for_not_answering_has_not_answered,
    rings.in_a_row,
    refusals.who_is_paused_for_refusing_has_refused_so_often_in_a_row,
    refusals.who_was_not_heard_is_left_alone_and_paused_the_third_time,
    rings.who_picked_up_is_joined_or_let_go_at_once,
    rings.who_must_accept_is_joined_only_after_pressing_the_key,
    rings.the_caller_goes_on_whatever_a_volunteer_presses,
    rings.a_caller_is_called_silent_only_after_a_silence_and_once,
    rings.who_speaks_is_not_called_silent,
    rings.the_exchange_knows_for_whom_keys_are_answers,
    sounds.answered_means_heard,
    sounds.who_is_not_heard_is_covered_at_once,
    sounds.a_hold_is_covered_at_once,
    sounds.nobody_is_hung_up_on_for_silence,
    sounds.a_phone_that_failed_costs_the_caller_no_turn,
    sounds.a_dead_phone_is_let_go_and_its_caller_waits_first,
    calls.only_who_is_gone_gets_an_outcome,
    rings.a_volunteer_who_is_dropped_is_told_so,
    order_in_the_queue_never_changes_but_for_who_comes_back_to_its_head,
    who_is_told_a_place_in_the_queue_has_it,
    handovers.who_answers_a_line_changes_from_side_to_side_only_in_a_hand_over,
    handovers.a_hand_over_touches_nobody,
    handovers.every_moment_of_a_line_is_to_come,
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
    rings.a_ring_begins_once_and_ends_at_most_once,
    refusals.a_phone_that_refuses_too_often_is_not_asked_until_somebody_says_it_is_back,
    calls.a_call_has_at_most_one_outcome_and_nothing_is_said_of_it_after,
    calls.a_call_is_answered_when_its_talk_stood_and_only_then,
    calls.after_its_hang_up_only_cleaning_up_is_done_for_a_call,
    calls.names_are_never_used_twice,
    rings.answers_by_key_begin_and_end_in_turn_within_a_talk,
    sounds.nobody_is_left_for_long_with_a_volunteer_who_cannot_be_heard,
    handovers.nobody_hears_of_a_hand_over_twice,
    handovers.a_hand_over_that_is_done_had_begun_and_counts_who_waited_through_it,
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
