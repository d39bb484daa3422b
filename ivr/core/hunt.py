"""Whose phone is rung for whom: strategies, tiers, rounds.

Rules: who waits longest is looked after first, but for a line's head start; nobody is rung who may not be; a round is
over when everybody who can be rung has been; after a tier's rounds, or a time of waiting, the next tier is asked as
well, and after the last tier's they go on: no caller is sent away because nobody picked up.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from ivr.core import volunteer as volunteer_machine
from ivr.core.board import rings
from ivr.core.change import replace
from ivr.core.decision import after
from ivr.core.flow import Group, Line, Strategy
from ivr.core.hours import Service
from ivr.core.ids import GroupId, LineId, VolunteerId, partner_of
from ivr.core.roster import Roster
from ivr.core.state import Call, Volunteer, Waiting


class Plea(NamedTuple):
    """A caller who waits, and the tiers that may be asked for them."""

    call: Call
    line: Line
    service: Service


def serves(who: Volunteer, line: LineId) -> bool:
    return who.line is None or who.line == line


def tiers_of(line: Line, service: Service) -> tuple[GroupId, ...]:
    return line.tiers.get(service, ())


def somebody(line: Line, service: Service, roster: Roster) -> bool:
    """Is anybody on duty for this line and service, free or not?"""
    return roster.is_any_staffed(tiers_of(line, service), line.id)


def counts(who: Volunteer, line: LineId) -> bool:
    """Is this somebody of our own house who can be counted on for the line?"""
    return partner_of(who.id) is None and serves(who, line) and volunteer_machine.on_duty(who)


def how_many(line: Line, service: Service, roster: Roster) -> int:
    """How many are on duty for this line and service, free or not."""
    return sum(roster.how_many(group, line.id) for group in tiers_of(line, service))


def passed_over(tiers: Sequence[GroupId], tier: int, roster: Roster, line: LineId) -> int:
    """The tier that is asked: those in which nobody is on duty are passed over at once."""
    last = len(tiers) - 1
    tier = min(tier, last)
    while tier < last and not roster.is_any_staffed(tiers[: tier + 1], line):
        tier += 1
    return tier


def widened(phase: Waiting, line: Line, service: Service, since: datetime, at: datetime) -> Waiting:
    """With the tiers whose time has come, and when the next one's will."""
    late = line.late.get(service)
    if not late:
        return phase if phase.widen_at is None else replace(phase, widen_at=None)
    tier, widen_at = phase.tier, None
    for place, group in enumerate(tiers_of(line, service)):
        moment = after(since, late[group]) if group in late else None
        if moment is not None and moment <= at:
            tier = max(tier, place)
        elif moment is not None and place > tier and (widen_at is None or moment < widen_at):
            widen_at = moment
    if tier == phase.tier and widen_at == phase.widen_at:
        return phase
    return replace(phase, tier=tier, widen_at=widen_at)


def hunt(plea: Plea, roster: Roster, groups: Mapping[GroupId, Group]) -> tuple[Waiting, tuple[VolunteerId, ...]]:
    """Whom to ring for this caller now, and where the hunt stands after that."""
    phase = plea.call.phase
    assert isinstance(phase, Waiting)
    tiers = [groups[group] for group in tiers_of(plea.line, plea.service) if group in groups]
    ringing = rings(plea.call)
    for _ in range(len(tiers) + 1 if tiers else 0):
        if phase.tier >= len(tiers):
            phase = replace(phase, tier=len(tiers) - 1)
        chosen = choose(tiers[: phase.tier + 1], phase, roster, plea, ringing)
        if chosen:
            return replace(phase, tried=phase.tried.union(chosen)), chosen
        onward = next_round(tiers, phase, roster, plea.line.id, ringing)
        if onward is None:
            break
        phase = onward
    return phase, ()


def choose(
    asked: Iterable[Group], phase: Waiting, roster: Roster, plea: Plea, ringing: bool
) -> tuple[VolunteerId, ...]:
    """Who is rung now, of the groups that may be asked by now; nobody twice in a round."""
    chosen: list[VolunteerId] = []
    for group in asked:
        one = group.strategy is not Strategy.RING_ALL
        if one and (ringing or chosen):
            continue
        for who in first(plea.call.prefer, roster.in_order(group.id, plea.line.id, plea.call)):
            if who not in phase.tried:
                chosen.append(who)
                if one:
                    break
    return tuple(chosen)


def first(preferred: VolunteerId | None, order: Iterable[VolunteerId]) -> Iterable[VolunteerId]:
    """The order, with this one first if they are in it."""
    if preferred is None:
        return order
    some = tuple(order)
    return (preferred, *(who for who in some if who != preferred)) if preferred in some else some


def next_round(tiers: Sequence[Group], phase: Waiting, roster: Roster, line: LineId, ringing: bool) -> Waiting | None:
    """The hunt after a fruitless round; None: this round is not over, we wait for somebody to be free, or for a phone
    that rings (`ringing`): but not for one whose owner went off duty, while other tiers have somebody."""
    last = phase.tier == len(tiers) - 1
    if not roster.is_any_staffed([group.id for group in tiers[: phase.tier + 1]], line):
        if not last:
            return replace(phase, tier=phase.tier + 1, round=0, tried=frozenset())
        return replace(phase, tried=frozenset()) if phase.tried and not ringing else None
    if ringing or not phase.tried:
        return None  # everybody is on the phone or resting
    if phase.round + 1 < tiers[phase.tier].rounds or last:
        return replace(phase, round=phase.round + 1, tried=frozenset())
    return replace(phase, tier=phase.tier + 1, round=0, tried=frozenset())
