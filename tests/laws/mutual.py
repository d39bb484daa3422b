"""What the parts of one house say of each other, and where they contradict."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from ivr.core.flow import Strategy
from ivr.core.ids import call_of
from ivr.core.queue import rank_of
from ivr.core.state import (
    Accepting,
    Alerting,
    Asked,
    BeingRung,
    Call,
    Ending,
    Free,
    House,
    InTalk,
    Joining,
    Leaving,
    Over,
    PickedUp,
    Sheltered,
    Talking,
    Volunteer,
    Waiting,
)
from tests.laws.fairness import groups_asked, on_duty


def at_odds(house: House) -> Iterator[str]:
    """Every contradiction, in words."""
    yield from _calls(house)
    yield from _queues(house)
    yield from _volunteers(house)
    yield from _strategies(house)


def in_queue(call: Call) -> bool:
    return isinstance(call.phase, Waiting | Joining)


def _calls(house: House) -> Iterator[str]:
    for call in house.calls.values():
        if call.line not in house.lines or call.line not in house.plan.lines:
            yield f"{call.id} is on a line that is not there"
        if isinstance(call.phase, Over) and not call.rings:
            yield f"{call.id} is over, with nothing left of it, and is remembered"
        its_own = getattr(call.phase, "ring", None)
        for ring in call.rings:
            if call_of(ring.id) != call.id:
                yield f"{ring.id} rings for {call.id}"
            if isinstance(ring.phase, PickedUp) and ring.id != its_own:
                yield f"{ring.id} was picked up and is neither joined nor let go"
            rings_on = isinstance(ring.phase, Asked | Alerting | Accepting)
            if rings_on and not isinstance(call.phase, Waiting | Joining):
                yield f"{ring.id} rings on for a caller who does not wait"
        if isinstance(call.phase, Joining | Talking):
            mine = [ring for ring in call.rings if ring.id == call.phase.ring]
            if not mine or not isinstance(mine[0].phase, PickedUp) or mine[0].volunteer != call.phase.volunteer:
                yield f"{call.id} talks on {call.phase.ring}, which nobody has picked up"


def _queues(house: House) -> Iterator[str]:
    for line in house.lines.values():
        wait = {call.id for call in house.calls.values() if call.line == line.id and in_queue(call)}
        if len(set(line.queue)) != len(line.queue):
            yield f"somebody stands twice in the queue of {line.id}"
        for ghost in sorted(set(line.queue) - wait):
            call = house.calls.get(ghost)
            gone = call is None or isinstance(call.phase, Leaving | Over)
            yield f"{ghost} stands in the queue of {line.id} and {'is gone' if gone else 'does not wait'}"
        for lost in sorted(wait - set(line.queue)):
            yield f"{lost} waits and has no place in the queue of {line.id}"


def _volunteers(house: House) -> Iterator[str]:
    rings = {ring.id: ring for call in house.calls.values() for ring in call.rings}
    rung = Counter(ring.volunteer for ring in rings.values())
    for name, count in rung.items():
        if count > 1:
            yield f"{name} is in {count} rings at once"
    for who in house.volunteers.values():
        if isinstance(who.phase, BeingRung | InTalk):
            ring = rings.get(who.phase.ring)
            if ring is None or ring.volunteer != who.id:
                yield f"{who.id} is on {who.phase.ring}, which is not there"
            elif isinstance(who.phase, BeingRung) and isinstance(ring.phase, PickedUp):
                yield f"{who.id} is being rung by {ring.id}, which was picked up"
            elif isinstance(who.phase, InTalk) and isinstance(ring.phase, Asked | Alerting | Accepting):
                yield f"{who.id} is in a talk on {ring.id}, which nobody has picked up"
        elif who.id in rung:
            on = [ring for ring in rings.values() if ring.volunteer == who.id and not isinstance(ring.phase, Ending)]
            if on:
                yield f"{who.id} is {type(who.phase).__name__}, and yet {on[0].id} is on their phone"
        if who.leaving and not isinstance(who.phase, BeingRung | InTalk):
            yield f"{who.id} was removed and is not on the phone, and yet remembered"


def _strategies(house: House) -> Iterator[str]:
    """A group that is asked one by one has at most one phone ringing for a call."""
    for call in house.calls.values():
        singly: Counter[str] = Counter()
        for ring in call.rings:
            who = house.volunteers.get(ring.volunteer)
            group = house.plan.groups.get(who.group) if who is not None else None
            if (
                group is not None
                and group.strategy is not Strategy.RING_ALL
                and isinstance(ring.phase, Asked | Alerting | Accepting)
            ):
                singly[group.id] += 1
        for name, count in singly.items():
            if count > 1:
                yield f"{count} phones of {name} ring for {call.id}, which are to be asked one by one"


def _behind_who_is_away(house: House, call: Call) -> bool:
    """Somebody who stood further ahead has fallen into the last resort a moment ago, and it is still their turn."""
    return any(
        isinstance(other.phase, Sheltered)
        and other.phase.back_by is not None
        and other.line == call.line
        and rank_of(other) < rank_of(call)
        for other in house.calls.values()
    )


def left_idle(house: House) -> Iterator[str]:
    """Somebody waits, somebody is free who may be asked now and has not been asked in this round: why not?"""
    free = [who for who in house.volunteers.values() if _is_free(who)]
    for line in house.lines.values() if free else ():
        for place in line.queue:
            call = house.calls.get(place)
            if call is None or not isinstance(call.phase, Waiting) or _behind_who_is_away(house, call):
                continue
            rings_on = any(isinstance(ring.phase, Asked | Alerting | Accepting) for ring in call.rings)
            tiers = groups_asked(house, call, call.phase)
            for who in free:
                if who.group not in tiers or who.id in call.phase.tried or who.line not in (None, call.line):
                    continue
                group = house.plan.groups.get(who.group)
                if group is not None and (group.strategy is Strategy.RING_ALL or not rings_on):
                    yield f"{call.id} waits, {who.id} is free, and no phone rings"


def _is_free(who: Volunteer) -> bool:
    return isinstance(who.phase, Free) and on_duty(who) and not who.elsewhere and who.rest_until is None
