"""Every order of events, up to a depth, for one small house; and single long walks through it.

The search goes deep first and does not walk twice from the same place: a place is the house, the world outside, and
what has been said for good. Laws are asked after every step. Rules: time stands still but for deadlines, of which the
earliest may come at any step; at the end of every path everybody hangs up and all deadlines pass, and then nothing may
be left.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar

from ivr.core import switchboard
from ivr.core.change import replace
from ivr.core.commands import HangUp
from ivr.core.facts import CallAnswered, CallEnded, RingEnded
from ivr.core.news import CallDue, CallGone, Cause, LineDue, News, Published, RingGone, Surveyed, VolunteerDue
from ivr.core.state import Accepting, Ending, House, PickedUp
from tests.laws.generators import HOURS, NOON, Setting, a_timetable, callers
from tests.laws.laws import obey
from tests.laws.trace import LawBroken, Moment, Step, Trace, take
from tests.laws.world import Leg, Spare, World

T = TypeVar("T")
Choose = Callable[[Sequence[T]], T]


NOTHING_SPARE = Spare()


@dataclass(frozen=True, slots=True)
class Place:
    house: House
    world: World
    now: datetime
    said: frozenset[str]
    """Rings that ended, calls that were answered or ended or hung up: what may not happen twice."""
    unasked: World | None = None
    """The world if we had died before the last commands were sent."""

    def key(self) -> object:
        house = self.house
        return (
            house.calls,
            house.volunteers,
            house.lines,
            replace(self.world, last=None),
            self.unasked,
            self.now,
            self.said,
        )


def begin(step: Step, setting: Setting, how_many_callers: int, spare: Spare) -> tuple[Place, list[Moment]]:
    """The house as the setting has it, nobody has called yet."""
    trace: list[Moment] = []
    house = setting.nobody()
    for news in setting.opening():
        trace.append(take(step, house, news))
        house = trace[-1].after
    world = World(
        to_come=callers(how_many_callers, setting),
        away=frozenset(seat.who for seat in setting.seats if not seat.reachable),
        paused=frozenset(seat.who for seat in setting.seats if seat.paused),
        staff=frozenset(seat.who for seat in setting.seats),
        other_hours=tuple(other_hours(setting)) if spare.publishes else (),
        spare=spare,
    )
    return Place(house, world, NOON, frozenset()), trace


def other_hours(setting: Setting) -> Iterator[Published]:
    """The same plan with each of the other hours there are."""
    for number, spans in enumerate(HOURS.values()):
        plan = replace(setting.plan, version=f"other {number}")
        yield Published(plan, {line: a_timetable(spans) for line in setting.plan.lines}, NOON)


def dues(place: Place) -> list[tuple[datetime, News]]:
    """Every deadline that the house wants to hear of, earliest first."""
    house, now = place.house, place.now
    found: list[tuple[datetime, News]] = []

    def add(moment: datetime | None, news: Callable[[datetime], News]) -> None:
        if moment is not None:
            found.append((moment, news(max(moment, now))))

    for call in house.calls.values():
        add(switchboard.call_due(call), lambda at, id_=call.id: CallDue(id_, at))  # type: ignore[misc]
    for who in house.volunteers.values():
        add(switchboard.volunteer_due(who), lambda at, id_=who.id: VolunteerDue(id_, at))  # type: ignore[misc]
    for line in house.lines:
        add(switchboard.line_due(house, line, now), lambda at, id_=line: LineDue(id_, at))  # type: ignore[misc]
    return sorted(found, key=lambda due: (due[0], type(due[1]).__name__, str(due[1])))


def onward(place: Place) -> Iterator[tuple[News, World]]:
    """What may come next: anything from outside, or the earliest deadline."""
    yield from place.world.possible(place.now)
    if place.world.spare.outages and place.unasked is not None:
        yield place.unasked.surveyed(place.now)
    for _moment, news in dues(place)[:1]:
        yield news, replace(place.world, last=None)


def go(step: Step, place: Place, news: News, world: World) -> tuple[Place, Moment]:
    moment = take(step, place.house, news)
    said = {
        f"{type(fact).__name__} {fact.ring if isinstance(fact, RingEnded) else fact.call}"
        for fact in moment.facts
        if isinstance(fact, RingEnded | CallEnded | CallAnswered)
    }
    said |= {f"hung up {command.call}" for command in moment.commands if isinstance(command, HangUp)}
    unasked = replace(world, last=None) if moment.commands and world.spare.outages else None
    after = Place(moment.after, world.asked(moment.commands), max(place.now, news.at), place.said | said, unasked)
    return after, moment


def nobody_hangs_on_unknown(place: Place, trace: Trace) -> None:
    """After a survey: a phone that is up out there is with its caller, or is being let go."""
    if not isinstance(trace[-1].news, Surveyed):
        return
    known = {ring.id: ring.phase for call in place.house.calls.values() for ring in call.rings}
    for ring, phone in place.world.phones.items():
        if phone.leg is Leg.UP and not phone.let_go and not isinstance(known.get(ring), PickedUp | Accepting):
            raise LawBroken(f"who picked up {ring} while nobody listened is left in silence", trace)
        if not phone.let_go and isinstance(known.get(ring), Ending):
            raise LawBroken(f"{ring} was let go, out there nobody knows, and it is not asked again", trace)


@dataclass
class Explored:
    places: int = 0
    steps: int = 0
    _seen: dict[object, int] = field(default_factory=dict)

    def is_new(self, place: Place, depth_left: int) -> bool:
        """Not been here with at least so far still to go."""
        key = place.key()
        if self._seen.get(key, -1) >= depth_left:
            return False
        self._seen[key] = depth_left
        self.places += 1
        return True


def explore(
    step: Step,
    setting: Setting,
    *,
    how_many_callers: int,
    depth: int,
    spare: Spare = NOTHING_SPARE,
    after: Sequence[Callable[[News], bool]] = (),
    finish: bool = True,
) -> Explored:
    """Every order of up to `depth` events; raises `LawBroken`. `after`: first go the way on which each of these fits
    the first event that may come (to begin in the middle of things)."""
    place, trace = begin(step, setting, how_many_callers, spare)
    opening = len(trace)
    for fits in after:
        news, world = next((news, world) for news, world in onward(place) if fits(news))
        place, moment = go(step, place, news, world)
        trace.append(moment)
    obey(trace)
    done = Explored()
    _search(step, place, trace[opening:], depth, done, finish)
    return done


def _search(step: Step, place: Place, trace: list[Moment], depth: int, done: Explored, finish: bool) -> None:
    if not done.is_new(place, depth):
        return
    if depth == 0:
        if finish:
            run_out(step, place, trace)
        return
    for news, world in onward(place):
        there, moment = go(step, place, news, world)
        done.steps += 1
        trace.append(moment)
        obey(trace, since=len(trace) - 1)
        nobody_hangs_on_unknown(there, trace)
        _search(step, there, trace, depth - 1, done, finish)
        trace.pop()


def walk(
    step: Step,
    setting: Setting,
    choose: Choose[tuple[News, World]],
    *,
    how_many_callers: int,
    length: int,
    spare: Spare,
) -> Trace:
    """One way through, each turn taken by `choose`; ends with everybody gone. Raises `LawBroken`."""
    place, trace = begin(step, setting, how_many_callers, spare)
    for _ in range(length):
        ways = list(onward(place))
        if not ways:
            break
        news, world = choose(ways)
        place, moment = go(step, place, news, world)
        trace.append(moment)
    obey(trace)
    return run_out(step, place, trace)


HOURS_ENOUGH = timedelta(hours=2)
STEPS_ENOUGH = 500


def run_out(step: Step, place: Place, trace: Sequence[Moment]) -> Trace:
    """Everybody hangs up, every phone goes down, deadlines pass: then every law of finished traces must hold."""
    place = replace(place, world=replace(place.world, to_come=(), spare=Spare()))
    whole = list(trace)
    end = place.now + HOURS_ENOUGH
    for _ in range(STEPS_ENOUGH):
        found = next(_last_things(place), None)
        if found is None:
            due = next(((moment, news) for moment, news in dues(place) if moment <= end), None)
            if due is None or not _anything_left(place.house):
                break
            found = due[1], place.world
        place, moment = go(step, place, *found)
        whole.append(moment)
    else:
        raise LawBroken("it never comes to rest", whole)
    obey(whole, finished=True, since=len(trace))
    for ring, phone in place.world.phones.items():
        if phone.leg is Leg.UP:
            raise LawBroken(f"{ring} is still on the line and nobody knows", whole)
    return whole


def _last_things(place: Place) -> Iterator[tuple[News, World]]:
    for call in sorted(place.world.callers):
        yield CallGone(call, Cause.NORMAL, place.now), place.world.without_caller(call)
    for call in sorted(place.world.sheltered):
        left = replace(place.world, sheltered=place.world.sheltered.delete(call))
        yield CallGone(call, Cause.NORMAL, place.now), left
    for ring in sorted(place.world.phones):
        yield RingGone(ring, Cause.NORMAL, place.now), place.world.without_phone(ring)


def _anything_left(house: House) -> bool:
    busy = any(type(who.phase).__name__ in ("BeingRung", "InTalk") or who.leaving for who in house.volunteers.values())
    return bool(house.calls) or busy
