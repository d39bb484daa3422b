"""Whose phone is rung for whom: strategies, tiers, rounds.

Rules: who waits longest is looked after first; nobody is rung who may not be; a round is over when everybody who can be
rung has been; after a tier's rounds the next tier is asked as well, and after the last tier's they go on: no caller
is sent away because nobody picked up.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import assert_never

from ivr.core import volunteer as volunteer_machine
from ivr.core.flow import Group, Line, Strategy
from ivr.core.hours import Service
from ivr.core.ids import GroupId, LineId, VolunteerId
from ivr.core.state import Alerting, Asked, Call, Free, Volunteer, Waiting


@dataclass(frozen=True, slots=True)
class Plea:
    """A caller who waits, and the tiers that may be asked for them."""

    call: Call
    line: Line
    service: Service


def serves(who: Volunteer, line: LineId) -> bool:
    return who.line is None or who.line == line


def tiers_of(line: Line, service: Service) -> tuple[GroupId, ...]:
    return line.tiers.get(service, ())


def somebody(line: Line, service: Service, volunteers: Iterable[Volunteer]) -> bool:
    """Is anybody on duty for this line and service, free or not?"""
    tiers = tiers_of(line, service)
    return any(who.group in tiers and serves(who, line.id) and volunteer_machine.on_duty(who) for who in volunteers)


def longest_idle_first(who: Volunteer) -> tuple[float, str]:
    since = who.phase.since.timestamp() if isinstance(who.phase, Free) else float("inf")
    return since, who.id


class Pool:
    """Who can be rung at this moment, by group, longest idle first; those taken during this hunt are out."""

    def __init__(self, volunteers: Iterable[Volunteer]) -> None:
        self._ready: dict[GroupId, list[Volunteer]] = {}
        self._staffed: dict[GroupId, list[Volunteer]] = {}
        self._taken: set[VolunteerId] = set()
        for who in volunteers:
            if volunteer_machine.on_duty(who):
                self._staffed.setdefault(who.group, []).append(who)
            if volunteer_machine.may_be_rung(who):
                self._ready.setdefault(who.group, []).append(who)
        for group in self._ready.values():
            group.sort(key=longest_idle_first)

    def ready(self, group: GroupId, line: LineId) -> Iterator[Volunteer]:
        for who in self._ready.get(group, ()):
            if who.id not in self._taken and serves(who, line):
                yield who

    def staffed(self, group: GroupId, line: LineId) -> Iterator[Volunteer]:
        return (who for who in self._staffed.get(group, ()) if serves(who, line))

    def take(self, who: Volunteer) -> None:
        self._taken.add(who.id)

    def anybody_left(self) -> bool:
        return any(who.id not in self._taken for group in self._ready.values() for who in group)


def hunt(plea: Plea, pool: Pool, groups: Mapping[GroupId, Group]) -> tuple[Waiting, tuple[Volunteer, ...]]:
    """Whom to ring for this caller now, and where the hunt stands after that. Those chosen are taken from the pool."""
    phase = plea.call.phase
    assert isinstance(phase, Waiting)
    tiers = [groups[group] for group in tiers_of(plea.line, plea.service) if group in groups]
    ringing = any(isinstance(ring.phase, Asked | Alerting) for ring in plea.call.rings)
    for _ in range(len(tiers) + 1):
        if not tiers:
            break
        phase = replace(phase, tier=min(phase.tier, len(tiers) - 1))
        chosen = choose(tiers[: phase.tier + 1], phase, pool, plea.line.id, ringing)
        if chosen:
            for who in chosen:
                pool.take(who)
            return replace(phase, tried=phase.tried | {who.id for who in chosen}), chosen
        onward = None if ringing else next_round(tiers, phase, pool, plea.line.id)
        if onward is None:
            break
        phase = onward
    return phase, ()


def choose(asked: Iterable[Group], phase: Waiting, pool: Pool, line: LineId, ringing: bool) -> tuple[Volunteer, ...]:
    """Who is rung now, of the groups that may be asked by now; nobody twice in a round."""
    chosen: list[Volunteer] = []
    for group in asked:
        untried = (who for who in pool.ready(group.id, line) if who.id not in phase.tried)
        match group.strategy:
            case Strategy.RING_ALL:
                chosen.extend(untried)
            case Strategy.LONGEST_IDLE:
                if not ringing and not chosen:
                    chosen.extend(islice(untried, 1))
            case _:
                assert_never(group.strategy)
    return tuple(chosen)


def next_round(tiers: Sequence[Group], phase: Waiting, pool: Pool, line: LineId) -> Waiting | None:
    """The hunt after a fruitless round; None: this round is not over, we wait for somebody to be free."""
    last = phase.tier == len(tiers) - 1
    if not any(True for group in tiers[: phase.tier + 1] for _ in pool.staffed(group.id, line)):
        return None if last else replace(phase, tier=phase.tier + 1, round=0, tried=frozenset())
    if not phase.tried:
        return None  # everybody is on the phone or resting
    if phase.round + 1 < tiers[phase.tier].rounds or last:
        return replace(phase, round=phase.round + 1, tried=frozenset())
    return replace(phase, tier=phase.tier + 1, round=0, tried=frozenset())
