"""A handful of different things that happen, in all their orders, from the middle of many a day.

What `explore` tries is everything that may come next, to a small depth; here a few things are chosen and none is left
out. Rules: a thing that cannot happen yet (nobody can be joined who has not been picked up) waits until it can; a thing
that cannot happen any more is left out; two orders that lead to the same place, with the same things still to come, are
gone on with once; in the end everybody hangs up and every law of a finished trace is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from random import Random

from ivr.core.commands import Join, Play
from ivr.core.feature import Feature
from ivr.core.hours import Service
from ivr.core.ids import CallId, RingId, VolunteerId
from ivr.core.news import (
    CallArrived,
    CallBack,
    CallDue,
    CallGone,
    CallLeft,
    Cause,
    CommandFailed,
    DigitPressed,
    DutyChanged,
    FeatureDialled,
    HandoverAsked,
    Joined,
    LineDue,
    News,
    OverrideGiven,
    PlayEnded,
    RingAlerting,
    RingAnswered,
    RingGone,
    Surveyed,
    VolunteerDue,
    VolunteerPaused,
    VolunteerReachable,
    VolunteerResumed,
    VolunteerUnreachable,
)
from tests.laws.explore import Place, begin, go, nobody_hangs_on_unknown, onward, run_out
from tests.laws.generators import NAMES, Setting
from tests.laws.laws import obey
from tests.laws.trace import LawBroken, Moment, Step
from tests.laws.world import Spare, World

Fits = Callable[[News, World], bool]
Set = frozenset[str]

MOST = 6
"""So many things: 720 orders."""
ANNA, BO = NAMES[:2]


def of(kind: type[News], **what: object) -> Fits:
    """News of this kind, with these values."""
    return lambda news, _world: isinstance(news, kind) and all(getattr(news, key) == it for key, it in what.items())


def phone(kind: type[RingAlerting | RingAnswered | RingGone], who: VolunteerId, *causes: Cause) -> Fits:
    def fits(news: News, world: World) -> bool:
        if not isinstance(news, RingAlerting | RingAnswered | RingGone) or not isinstance(news, kind):
            return False
        known = world.phones.get(RingId(news.ring))
        right = not isinstance(news, RingGone) or news.cause in causes
        return right and known is not None and known.volunteer == who

    return fits


def failed(kind: type[Join | Play]) -> Fits:
    return lambda news, _world: isinstance(news, CommandFailed) and isinstance(news.command, kind)


def timer(news: News, _world: World) -> bool:
    return isinstance(news, CallDue | VolunteerDue | LineDue)


C1, C2 = CallId("c1"), CallId("c2")
THINGS: dict[str, Fits] = {
    "somebody calls": of(CallArrived),
    "the first hangs up": of(CallGone, call=C1),
    "the second hangs up": of(CallGone, call=C2),
    "the first presses 1": of(DigitPressed, call=C1, digit="1"),
    "words end": of(PlayEnded, heard=True),
    "words cannot be had": failed(Play),
    "anna's phone rings": phone(RingAlerting, ANNA),
    "anna picks up": phone(RingAnswered, ANNA),
    "bo picks up": phone(RingAnswered, BO),
    "anna declines": phone(RingGone, ANNA, Cause.DECLINED),
    "anna's phone is down": phone(RingGone, ANNA, Cause.NORMAL, Cause.ELSEWHERE),
    "anna's phone dies": phone(RingGone, ANNA, Cause.MEDIA_LOST),
    "the two are joined": of(Joined),
    "joining fails": failed(Join),
    "anna is out of reach": of(VolunteerUnreachable, volunteer=ANNA),
    "anna is back": of(VolunteerReachable, volunteer=ANNA),
    "bo pauses": of(VolunteerPaused, volunteer=BO),
    "bo goes on": of(VolunteerResumed, volunteer=BO),
    "anna's shift is over": of(DutyChanged, volunteer=ANNA, on=False),
    "bo dials a code": of(FeatureDialled, volunteer=BO, feature=Feature.ON_DUTY),
    "handed over to the night": of(HandoverAsked, service=Service.NIGHT),
    "closed by hand": of(OverrideGiven, open=False),
    "a timer": timer,
    "another timer": timer,
    "the first falls into the last resort": of(CallLeft, call=C1),
    "the first comes back from it": of(CallBack, call=C1),
    "the second comes from it, unknown to us": of(CallBack, call=C2),
    "nobody listened for a while": of(Surveyed),
}


ON_DUTY = (
    "anna is out of reach",
    "anna is back",
    "bo pauses",
    "bo goes on",
    "anna's shift is over",
    "bo dials a code",
)


@dataclass(frozen=True, slots=True)
class Start:
    """A place to begin at, reached by the first news that fits each of these."""

    name: str
    setting: Setting
    after: tuple[Fits, ...] = ()
    callers: int = 2


@dataclass
class Permuted:
    orders: int = 0
    """Of those that can be: how many were gone through."""
    steps: int = 0
    longest: int = 0
    """How many things happened in the longest of them."""
    _known: dict[object, int] = field(default_factory=dict)


def permute(step: Step, start: Start, things: Sequence[str]) -> Permuted:
    """All orders of these things. Raises `LawBroken`."""
    place, trace = begin(step, start.setting, start.callers, spare_for(things))
    opening = len(trace)
    for fits in start.after:
        news, world = next((news, world) for news, world in onward(place) if fits(news, place.world))
        place, moment = go(step, place, news, world)
        trace.append(moment)
    obey(trace)
    done = Permuted()
    done.orders = _go_on(step, place, trace[opening:], frozenset(things), done, 0)
    return done


def spare_for(things: Sequence[str]) -> Spare:
    """What is wanted of these things and no more, so that little else is looked at on the way."""

    def wanted(*of_: str) -> int:
        return sum(each in things for each in of_)

    return Spare(
        faults=wanted("words cannot be had", "joining fails"),
        outages=wanted("nobody listened for a while"),
        duty=wanted(*ON_DUTY),
        modes=wanted("handed over to the night", "closed by hand"),
        digits=wanted("the first presses 1"),
        falls=wanted("the first falls into the last resort", "the second comes from it, unknown to us"),
    )


def _go_on(step: Step, place: Place, trace: list[Moment], left: Set, done: Permuted, deep: int) -> int:
    """How many orders there are from here."""
    key = (place.key(), left)
    known = done._known.get(key)
    if known is not None:
        return known
    done.longest = max(done.longest, deep)
    orders = 0
    for name, news, world in _possible(place, left):
        there, moment = go(step, place, news, world)
        done.steps += 1
        trace.append(moment)
        obey(trace, since=len(trace) - 1)
        nobody_hangs_on_unknown(there, trace)
        orders += _go_on(step, there, trace, left - {name}, done, deep + 1)
        trace.pop()
    if not orders and trace:
        run_out(step, place, trace)
    orders = max(orders, 1)
    done._known[key] = orders
    return orders


def _possible(place: Place, left: Set) -> Iterator[tuple[str, News, World]]:
    ways = list(onward(place)) if left else []
    for name in sorted(left):
        found = next(((news, world) for news, world in ways if THINGS[name](news, place.world)), None)
        if found is not None:
            yield name, *found


def drawn(number: int) -> tuple[str, ...]:
    """Set `number` of the things: the same number is the same set."""
    return tuple(Random(number).sample(sorted(THINGS), MOST))


def fewest(step: Step, start: Start, things: Sequence[str]) -> tuple[tuple[str, ...], LawBroken]:
    """As few of these things as break a law from here. Raises ValueError when all of them break none."""
    broken = _broken_by(step, start, things)
    if broken is None:
        raise ValueError(f"no order of {', '.join(things)} breaks a law")
    for thing in things:
        fewer = tuple(each for each in things if each != thing)
        if _broken_by(step, start, fewer) is not None:
            return fewest(step, start, fewer)
    return tuple(things), broken


def _broken_by(step: Step, start: Start, things: Sequence[str]) -> LawBroken | None:
    try:
        permute(step, start, things)
    except LawBroken as broken:
        return broken
    return None
