"""Who comes first, whose phone is rung, and what is counted: laws over each moment (`Law`s, see `laws`).

They judge by what can be seen of people (when they came, what they did), not by the order that the core keeps.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise

from ivr.core.commands import Play, Ring
from ivr.core.facts import CallAnswered, CallRequeued, CallTakenBack
from ivr.core.flow import Group, Strategy
from ivr.core.ids import CallId, GroupId, LineId, RingId, call_of
from ivr.core.news import Surveyed, Witnessed
from ivr.core.state import Accepting, Alerting, Asked, BeingRung, Call, Free, House, Talking, Volunteer, Waiting
from tests.laws.trace import LawBroken, Moment, Trace

STEP = timedelta(milliseconds=1)
"""Places are kept apart by less than this."""


def groups_asked(house: House, call: Call, phase: Waiting) -> tuple[GroupId, ...]:
    """Those that may be asked for this caller by now: tiers in which nobody is on duty are passed over."""
    tiers = house.plan.lines[call.line].tiers.get(house.lines[call.line].serving, ())
    tier = phase.tier
    while tier < len(tiers) - 1 and not any(
        who.group in tiers[: tier + 1] and on_duty(who) and serves(who, call.line) for who in house.volunteers.values()
    ):
        tier += 1
    return tiers[: tier + 1]


def on_duty(who: Volunteer) -> bool:
    doubted = who.doubt is not None and who.doubt.until is not None
    return who.reachable and who.pause is None and not who.leaving and not who.off_duty and not doubted


def serves(who: Volunteer, line: LineId) -> bool:
    return who.line in (None, line)


def unrung(house: House) -> Iterator[tuple[Call, Waiting]]:
    """Callers who wait and for whom no phone rings."""
    for call in house.calls.values():
        rings = any(isinstance(ring.phase, Asked | Alerting | Accepting) for ring in call.rings)
        if isinstance(call.phase, Waiting) and not rings:
            yield call, call.phase


def _known(house: House, ring: RingId) -> bool:
    call = house.calls.get(call_of(ring))
    return call is not None and any(each.id == ring for each in call.rings)


def asked(moment: Moment) -> Iterator[tuple[Call, Volunteer]]:
    """Whose phone was asked for whom, and how both stand afterwards. What is asked for again was decided earlier."""
    for command in moment.commands:
        if isinstance(command, Ring) and not _known(moment.before, command.ring):
            call = moment.after.calls.get(call_of(command.ring))
            who = moment.after.volunteers.get(command.volunteer)
            if call is not None and who is not None:
                yield call, who


def a_caller_is_overtaken_only_by_who_came_within_the_head_start(trace: Trace) -> None:
    """Of two whose place was never moved, the one who waits longer is rung for first, but for their lines' head start;
    and that is bounded, so that nobody starves."""
    for moment in trace:
        lines = moment.after.plan.lines
        for call, who in asked(moment):
            for other, phase in unrung(moment.after):
                if other.id == call.id or moved(call) or moved(other):
                    continue
                could = who.group in groups_asked(moment.after, other, phase) and serves(who, other.line)
                if not could or call.queued_at is None or other.queued_at is None:
                    continue
                ahead = timedelta(seconds=lines[call.line].head_start_s - lines[other.line].head_start_s)
                if call.queued_at - ahead > other.queued_at + STEP:
                    raise LawBroken(f"{who.id} is rung for {call.id} while {other.id} waits longer", trace)


def moved(call: Call) -> bool:
    """Came back to the head, or from the last resort, or had to make room."""
    return call.requeues > 0 or call.rank is None or call.queued_at is None or abs(call.rank - call.queued_at) > STEP


def the_group_s_strategy_says_who_is_rung(trace: Trace) -> None:
    for moment in trace:
        for call, who in asked(moment):
            group = moment.after.plan.groups[who.group]
            before = moment.before.volunteers.get(who.id)
            if group.strategy in (Strategy.RING_ALL, Strategy.RANDOM) or before is None or call.prefer == who.id:
                continue  # with these anybody may be next; and who talked with them when the phone died is asked first
            tried = call.phase.tried if isinstance(call.phase, Waiting) else frozenset()
            for other in moment.after.volunteers.values():
                ready = isinstance(other.phase, Free) and on_duty(other) and not other.elsewhere
                if not ready or other.rest_until is not None or other.group != group.id or other.id in tried:
                    continue
                if serves(other, call.line) and comes_before(group, other, who, before):
                    raise LawBroken(f"{who.id} is rung for {call.id}, and by {group.strategy} it is {other.id}", trace)


def comes_before(group: Group, other: Volunteer, who: Volunteer, before: Volunteer) -> bool:
    match group.strategy:
        case Strategy.LONGEST_IDLE:
            assert isinstance(other.phase, Free)
            return isinstance(who.phase, BeingRung) and other.phase.since < who.phase.since
        case Strategy.ROUND_ROBIN_MEMORY:
            return before.asked_at is not None and (other.asked_at is None or other.asked_at < before.asked_at)
        case Strategy.FEWEST_CALLS:
            return other.answered < who.answered
        case Strategy.WEIGHTED:
            mine, theirs = group.members.get(who.id, 1), group.members.get(other.id, 1)
            return (other.answered + 1) * mine < (who.answered + 1) * theirs
        case Strategy.LINEAR:
            order = list(group.members)
            return other.id in order and (who.id not in order or order.index(other.id) < order.index(who.id))
        case Strategy.RING_ALL | Strategy.RANDOM:
            return False


def an_answered_call_is_counted_once_for_who_answered_it(trace: Trace) -> None:
    for moment in trace:
        answered = [fact.volunteer for fact in moment.facts if isinstance(fact, CallAnswered)]
        if not answered and moment.after.volunteers is moment.before.volunteers:
            continue
        said = Counter(answered)
        without_us = isinstance(moment.news, Witnessed | Surveyed)
        stood = {
            call.phase.volunteer
            for call in moment.before.calls.values()
            if isinstance(call.phase, Talking) and call.phase.stands_at is not None
        }
        for who in moment.after.volunteers.values():
            before = moment.before.volunteers.get(who.id)
            if before is None or before.answered_on not in (None, who.answered_on):
                continue
            more = who.answered - before.answered
            most = said[who.id] + (who.id in stood) if without_us else (who.id in stood)
            if not said[who.id] <= more <= most:
                raise LawBroken(f"{who.id} answered {before.answered} calls, and now {who.answered}", trace)


def places_in_a_queue_are_kept(trace: Trace) -> None:
    """The order of looking after people is that of the queue, and nobody's changes without a word of why."""
    for moment in trace:
        for state in moment.after.lines.values():
            ranks = [moment.after.calls[call].rank for call in state.queue]
            known = [rank for rank in ranks if rank is not None]
            if len(known) < len(ranks) or any(one >= then for one, then in pairwise(known)):
                raise LawBroken(f"the queue of {state.id} is not looked after in its order: {ranks}", trace)
        excused = {fact.call for fact in moment.facts if isinstance(fact, CallRequeued | CallTakenBack)}
        for call in moment.after.calls.values():
            before = moment.before.calls.get(call.id)
            if before is call or before is None or before.rank is None or call.id in excused or call.rank is None:
                continue
            if before.line == call.line and abs(before.rank - call.rank) > STEP:
                raise LawBroken(f"{call.id} has another place than before", trace)


def nobody_is_told_a_worse_place_than_before(trace: Trace) -> None:
    told: dict[CallId, int] = {}
    for moment in trace:
        for command in moment.commands:
            if not isinstance(command, Play):
                continue
            for prompt in command.prompts:
                place = prompt.removeprefix("plads-")
                if place == prompt:
                    continue
                number = int(place) if place.isdecimal() else 1_000
                if number > told.get(command.call, number):
                    raise LawBroken(f"{command.call} is told a worse place: {prompt}", trace)
                told[command.call] = number
