"""How a line is handed over from one side of the house to the other. One table: (phase, outlook) -> what becomes of it.

Rules: look before you leap: some time before, and at the moment itself, somebody of the side that takes over must be
there, or the side that serves stays on, up to a limit, and a person is told; by hand it is done at once. Moments are
the hours table's (aware UTC), so that a clock change is nothing special. Who waits keeps place, order, waiting clock.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from ivr.core import hunt
from ivr.core import line as line_machine
from ivr.core.change import replace
from ivr.core.decision import Nothing, after, seconds
from ivr.core.facts import Carried, Fact, HandoverBegan, HandoverDone, HandoverEndangered, HandoverSafe
from ivr.core.flow import Handover, Line, Plan
from ivr.core.hours import NightBy, Nobody, OtherGroups, OtherLine, OwnGroups, Service, Timetable
from ivr.core.ids import LineId
from ivr.core.reasons import HandoverWhy
from ivr.core.roster import Roster
from ivr.core.state import Handed, HandoverPhase, LineState, Looking, Overdue, Passage, Steady

ALARM_EVERY_S = 300.0
"""How often it is said again that nobody is there."""

DESERTED_S = 60.0
"""So long nobody of the side that serves may be there before the other takes over early."""

There = Callable[[Service], bool]
"""Is anybody on duty of this side?"""


# ---------------------------------------------------------------- what is ahead


@dataclass(frozen=True, slots=True)
class Calm:
    """Who serves is who should, and stays so for a while."""

    at: datetime


@dataclass(frozen=True, slots=True)
class Ahead:
    """At `due_at` the other side is to take over."""

    to: Service
    due_at: datetime
    there: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class Now:
    """The other side is to serve, and does not yet."""

    to: Service
    due_at: datetime
    there: bool
    why: HandoverWhy
    at: datetime


Outlook = Calm | Ahead | Now


def outlook(line: LineState, sight: Sight, rules: Handover, there: There, at: datetime) -> Outlook:
    wanted, change = sight.wanted, sight.change
    if wanted is None or line.service is None:
        return Calm(at)  # opening and closing are no hand-over: nobody is there who could stay on
    if wanted is not line.service:
        why = line.handed.why if line.handed is not None else HandoverWhy.TABLE
        known = line.handover.due_at if isinstance(line.handover, Looking | Overdue) else at
        due_at = min(known, at) if why is HandoverWhy.TABLE else at
        return Now(wanted, due_at, there(wanted), why, at)
    if change is None or at < after(change[1], -rules.look_s):
        return Calm(at)
    return Ahead(change[0], change[1], there(change[0]), at)


@dataclass(frozen=True, slots=True)
class Sight:
    """What the rules say of a line at a moment: who is to serve (None: closed), and the hand-over that comes next."""

    wanted: Service | None
    change: tuple[Service, datetime] | None


def sight(line: LineState, table: Timetable, at: datetime) -> Sight:
    return Sight(line_machine.mode(line, table, at), coming(line, table, at))


def coming(line: LineState, table: Timetable, at: datetime) -> tuple[Service, datetime] | None:
    """The hand-over that the hours table has next, if one comes before the line closes."""
    moment = table.next_change(at)
    if line.service is None or moment is None:
        return None
    then = line_machine.mode(line_machine.lapsed(line, moment), table, moment)
    return (then, moment) if then is not None and then is not line.service else None


# ---------------------------------------------------------------- the table


@dataclass(frozen=True, slots=True)
class Verdict:
    """`made`: why the other side serves from now on; None: nothing changes."""

    phase: HandoverPhase
    made: HandoverWhy | None = None
    said: tuple[Fact, ...] = ()


@dataclass(frozen=True, slots=True)
class Terms:
    line: LineId
    rules: Handover


def on_ahead(terms: Terms, phase: Steady | Overdue, news: Ahead) -> Verdict:
    if news.there:
        safe = (HandoverSafe(terms.line, news.to, news.at),) if isinstance(phase, Overdue) else ()
        return Verdict(Looking(news.to, news.due_at, None), said=safe)
    again = after(news.at, ALARM_EVERY_S)
    return Verdict(Looking(news.to, news.due_at, again), said=(endangered(terms, news),))


def on_still_ahead(terms: Terms, phase: Looking, news: Ahead) -> Verdict:
    if news.there:
        safe = (HandoverSafe(terms.line, news.to, news.at),) if phase.alarm_at is not None else ()
        return Verdict(Looking(news.to, news.due_at, None), said=safe)
    if phase.alarm_at is None or phase.alarm_at <= news.at:
        return on_ahead(terms, Steady(), news)
    return Verdict(Looking(news.to, news.due_at, phase.alarm_at))


def on_off(terms: Terms, phase: Looking | Overdue, news: Calm) -> Verdict:
    """Closed, taken back by hand, or other hours were published."""
    safe = (HandoverSafe(terms.line, phase.to, news.at),) if phase.alarm_at is not None else ()
    return Verdict(Steady(), said=safe)


def on_moment(terms: Terms, phase: Steady | Looking, news: Now) -> Verdict:
    """Made at once by hand, and when somebody is there; else who serves stays on."""
    until = after(news.due_at, terms.rules.stay_on_s)
    alarmed = isinstance(phase, Looking) and phase.alarm_at is not None
    if news.there or news.why is not HandoverWhy.TABLE:
        safe = (HandoverSafe(terms.line, news.to, news.at),) if alarmed else ()
        return Verdict(Steady(), news.why, safe)
    if until <= news.at:
        return Verdict(Steady(), HandoverWhy.LIMIT, (endangered(terms, news),))
    return Verdict(Overdue(news.to, news.due_at, until, after(news.at, ALARM_EVERY_S)), said=(endangered(terms, news),))


def on_still_due(terms: Terms, phase: Overdue, news: Now) -> Verdict:
    safe = HandoverSafe(terms.line, news.to, news.at)
    if news.why is not HandoverWhy.TABLE:
        return Verdict(Steady(), news.why, (safe,))
    if news.there:
        return Verdict(Steady(), HandoverWhy.LATE, (safe,))
    until = after(news.due_at, terms.rules.stay_on_s)
    if until <= news.at:
        return Verdict(Steady(), HandoverWhy.LIMIT, (endangered(terms, news),))
    if phase.alarm_at > news.at:
        return Verdict(replace(phase, due_at=news.due_at, until=until))
    again = after(news.at, ALARM_EVERY_S)
    return Verdict(Overdue(news.to, news.due_at, until, again), said=(endangered(terms, news),))


def endangered(terms: Terms, news: Ahead | Now) -> Fact:
    return HandoverEndangered(terms.line, news.to, news.due_at, news.at)


TABLE: dict[tuple[type[HandoverPhase], type[Outlook]], Callable[..., Verdict] | Nothing] = {
    (Steady, Calm): Nothing("nothing is ahead, nothing to look for"),
    (Steady, Ahead): on_ahead,
    (Steady, Now): on_moment,
    (Looking, Calm): on_off,
    (Looking, Ahead): on_still_ahead,
    (Looking, Now): on_moment,
    (Overdue, Calm): on_off,
    (Overdue, Ahead): on_ahead,
    (Overdue, Now): on_still_due,
}


# ---------------------------------------------------------------- a line, as it is now


@dataclass(frozen=True, slots=True)
class Settled:
    line: LineState
    said: tuple[Fact, ...]


def settle(line: LineState, table: Timetable, rules: Handover, there: There, at: datetime) -> Settled:
    """The line as it is at the moment: what has run out is gone, the service is what rules and reachability say."""
    line = line_machine.lapsed(line, at)
    seen = sight(line, table, at)
    handed = line.handed
    line = early(line, seen, rules, there, at)
    if line.handed is not handed:
        seen = sight(line, table, at)
    look = outlook(line, seen, rules, there, at)
    row = TABLE[type(line.handover), type(look)]
    verdict = Verdict(line.handover) if isinstance(row, Nothing) else row(Terms(line.id, rules), line.handover, look)
    said = verdict.said
    if verdict.phase != line.handover:
        line = replace(line, handover=verdict.phase)
    if isinstance(look, Now):
        if verdict.made is not None:
            line, more = make(line, rules, look, verdict.made)
            said += more
    else:
        wanted = seen.wanted
        if wanted is not line.service or (wanted is not None and wanted is not line.serving):
            line = replace(line, service=wanted, serving=wanted if wanted is not None else line.serving)
    night_by = table.by_night(at) if line.service is not None else line.night_by
    if line.night_by is not night_by and line.night_by != night_by:
        line = replace(line, night_by=night_by)
    line, more = follow(line, at)
    return Settled(line, said + more)


def early(line: LineState, seen: Sight, rules: Handover, there: There, at: datetime) -> LineState:
    """Everybody of the side that serves has gone, and somebody of the other is there already: asked at once, and taken
    for a hand-over when it has been so for a while, since a network that is away for seconds is none."""
    change = seen.change if line.handed is None else None
    serves = line.service if seen.wanted is line.service else None
    gone = (
        change is not None
        and serves is not None
        and at >= after(change[1], -rules.early_s)
        and not there(serves)
        and there(change[0])
    )
    if change is None or not gone:
        return line if line.deserted_at is None else replace(line, deserted_at=None)
    if line.deserted_at is None:
        return replace(line, deserted_at=at)
    if at < after(line.deserted_at, DESERTED_S):
        return line
    return replace(line, handed=Handed(change[0], change[1], HandoverWhy.EARLY), deserted_at=None)


def make(line: LineState, rules: Handover, news: Now, why: HandoverWhy) -> tuple[LineState, tuple[Fact, ...]]:
    """The other side serves from now on; who waits is counted through."""
    line, said = finish(line, news.at)
    began = HandoverBegan(line.id, news.to, why, news.due_at, len(line.queue), news.at)
    passage = Passage(news.to, why, news.at, after(news.due_at, rules.stay_on_s), tuple(line.queue))
    return replace(line, service=news.to, serving=news.to, passage=passage), (*said, began)


def finish(line: LineState, at: datetime) -> tuple[LineState, tuple[Fact, ...]]:
    """An earlier hand-over is over when the next is made, whoever still waits."""
    passage = line.passage
    if passage is None or passage.done:
        return line, ()
    rest = tuple(Carried(call, seconds(passage.at, at)) for call in passage.waiting)
    return line, (done(line, replace(passage, carried=passage.carried + rest), at),)


def done(line: LineState, passage: Passage, at: datetime) -> Fact:
    longest = max((each.waited_on_s for each in passage.carried), default=0.0)
    return HandoverDone(line.id, passage.to, passage.why, passage.at, passage.carried, longest, at)


def follow(line: LineState, at: datetime) -> tuple[LineState, tuple[Fact, ...]]:
    """Who waited through a hand-over and does not wait any more; it is over when nobody does."""
    passage = line.passage
    if passage is None:
        return line, ()
    said: tuple[Fact, ...] = ()
    queue = frozenset(line.queue)
    gone = tuple(call for call in passage.waiting if call not in queue)
    if gone:
        cost = seconds(passage.at, at)
        still = tuple(call for call in passage.waiting if call in queue)
        passage = replace(passage, waiting=still, carried=passage.carried + tuple(Carried(call, cost) for call in gone))
    if not passage.waiting and not passage.done:
        said = (done(line, passage, at),)
        passage = replace(passage, done=True)
    if passage.done and (passage.fallback_until <= at or line.service is not passage.to):
        return replace(line, passage=None), said
    return (line if passage is line.passage else replace(line, passage=passage)), said


def due(line: LineState, table: Timetable, rules: Handover, at: datetime) -> datetime | None:
    """The next moment at which the line may change by itself; what is kept in its state may lie before `at`."""
    moments = [line_machine.due(line, table, at)]
    match line.handover:
        case Looking():
            moments.append(line.handover.alarm_at)
        case Overdue():
            moments += [line.handover.until, line.handover.alarm_at]
        case Steady():
            pass
    change = coming(line, table, at)
    if change is not None:
        looks = (after(change[1], -rules.look_s), after(change[1], -rules.early_s))
        moments += [moment for moment in looks if moment > at]
    if line.deserted_at is not None:
        moments.append(after(line.deserted_at, DESERTED_S))
    if line.passage is not None and line.passage.done:
        moments.append(line.passage.fallback_until)
    return min((moment for moment in moments if moment is not None), default=None)


# ---------------------------------------------------------------- who may be asked


def other(service: Service) -> Service:
    return Service.NIGHT if service is Service.DAY else Service.DAY


def staffed(line: Line, night_by: NightBy, plan: Plan, lines: Mapping[LineId, LineState]) -> Line:
    """The line with those groups for its night that answer it: its own, others, or at present another line's."""
    if isinstance(night_by, OwnGroups):
        return line
    match night_by:
        case OtherGroups(groups=groups):
            return replace(line, tiers={**line.tiers, Service.NIGHT: groups})
        case OtherLine(line=other) if other in plan.lines and other in lines:
            tiers = hunt.tiers_of(plan.lines[other], lines[other].serving)
            return replace(line, tiers={**line.tiers, Service.NIGHT: tiers})
        case OtherLine() | Nobody():
            return line
        case _:
            assert_never(night_by)


def asked(line: Line, state: LineState, roster: Roster, at: datetime) -> Line:
    """The line with the groups that may be asked: as long as nobody of the side that serves is there, shortly before a
    hand-over the side that is to take over as well, and shortly after it the side that gave over."""
    passage = state.passage
    given_over = passage is not None and at < passage.fallback_until and passage.to is state.serving
    if not (given_over or state.deserted_at is not None) or hunt.somebody(line, state.serving, roster):
        return line
    tiers = (*hunt.tiers_of(line, state.serving), *hunt.tiers_of(line, other(state.serving)))
    return replace(line, tiers={**line.tiers, state.serving: tiers})
