"""The waiting callers of a line, in order.

Rules: first come, first served; a place is never changed, except that a caller who was given to a volunteer and came
back stands at the head again, one who comes back from the last resort by when they came, and one who left the queue
for some words and comes back has the old place. Who is in a queue follows from the calls' phases and is never set by
itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from ivr.core.chain import Chain
from ivr.core.ids import CallId
from ivr.core.state import Call, CallPhase, Joining, Waiting

STEP = timedelta(microseconds=1)
LAST_TALKS = 20
"""How many of a line's talks are remembered for an estimate of the wait."""
LEAST_TALKS = 8
"""With fewer nothing is said."""
QUEUED = (Waiting, Joining)


def queued(phase: CallPhase | None) -> bool:
    """Joining counts: the place is kept until the two hear each other."""
    return isinstance(phase, QUEUED)


def follow(queue: Chain[CallId], before: Call | None, now: Call, calls: Mapping[CallId, Call]) -> Chain[CallId]:
    """The queue after a call changed; `calls` are as they were before."""
    was, is_now = before is not None and queued(before.phase), queued(now.phase)
    if before is not None and was and not is_now:
        return without(queue, before, calls)
    if is_now and not was:
        came_back = now.requeues > (before.requeues if before is not None else 0)
        return queue.plus(0 if came_back else len(queue), now.id)
    return queue


def without(queue: Chain[CallId], call: Call, calls: Mapping[CallId, Call]) -> Chain[CallId]:
    place = position(queue, call, calls)
    return queue.minus(place - 1) if place else queue


def by_moment(queue: Chain[CallId], call: Call, calls: Mapping[CallId, Call]) -> Chain[CallId]:
    """The queue with this call, which stands at its end, moved to before those who came later."""
    return moved(queue, call, lambda each: calls[each].arrived_at > call.arrived_at)


def by_rank(queue: Chain[CallId], call: Call, calls: Mapping[CallId, Call]) -> Chain[CallId]:
    """The queue with this call, which stands at its end, moved to where it stood before."""
    return moved(queue, call, lambda each: rank_of(calls[each]) > rank_of(call))


def moved(queue: Chain[CallId], call: Call, yields: Callable[[CallId], bool]) -> Chain[CallId]:
    place = len(queue) - 1
    others = queue.minus(place)
    while place > 0 and yields(others[place - 1]):
        place -= 1
    return others.plus(place, call.id)


def position(queue: Chain[CallId], call: Call, calls: Mapping[CallId, Call]) -> int:
    """1 is the head; 0: not in it. Found by its rank, which grows along the queue: `calls` need not know this one
    yet, nor the rank that it has now."""
    if queue and queue[-1] == call.id:
        return len(queue)
    place = queue.first_not_before(rank_of(call), lambda each: rank_of(call if each == call.id else calls[each]))
    if place < len(queue) and queue[place] == call.id:
        return place + 1
    return queue.index(call.id) + 1 if call.id in queue else 0  # whose rank is only now being changed


def rank_of(call: Call) -> datetime:
    """By when a call is looked after: along a queue this grows from each to the next."""
    return call.rank or call.queued_at or call.arrived_at


def ranked(queue: Chain[CallId], call: Call, calls: Mapping[CallId, Call]) -> Iterator[tuple[CallId, datetime]]:
    """The rank of a call that has just come to stand in this queue, and of those who must make room for it."""
    place = len(queue) - 1 if queue[-1] == call.id else queue.index(call.id)
    rank = rank_of(call)
    if place > 0:
        rank = max(rank, rank_of(calls[queue[place - 1]]) + STEP)
    elif len(queue) > 1:
        rank = min(rank, rank_of(calls[queue[1]]) - STEP)
    yield call.id, rank
    for place_behind in range(place + 1, len(queue)):
        behind = queue[place_behind]
        rank += STEP
        if rank_of(calls[behind]) >= rank:
            return
        yield behind, rank


def wait_s(place: int, talks_s: Sequence[float], on_duty: int) -> float | None:
    """About how long somebody at that place waits, with so many on duty; None: too little is known to say."""
    if len(talks_s) < LEAST_TALKS or on_duty < 1 or place < 1:
        return None
    return place * sum(talks_s) / len(talks_s) / on_duty
