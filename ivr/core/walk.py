"""How a call goes from step to step of its callflow, until a step that takes time.

Rules: every step entered is a fact; a flow that goes round without ever taking time ends in words and a farewell, not
in silence; words that are played have a latest end, so that nobody waits for ever for a prompt's end.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import assert_never

from ivr.core import spoken
from ivr.core.commands import HangUp, LetGoReason, Play, StartMusic
from ivr.core.decision import after
from ivr.core.facts import CallQueued, StepEntered
from ivr.core.flow import (
    Announcement,
    Enqueue,
    Hangup,
    HoursBranch,
    Menu,
    Say,
    SetLanguage,
    Step,
    Told,
    ToLine,
    Transfer,
    WaitForOpening,
)
from ivr.core.flow import Play as PlayStep
from ivr.core.ids import PlayId, PromptId, StepName
from ivr.core.reasons import SERVED, EndedBy, Outcome, RingResult
from ivr.core.state import Choosing, Hearing, Holding, Leaving, Waiting
from ivr.core.turn import Turn

WORDS_S = 60.0
"""No prompt is longer: by then it is taken as heard, whatever the exchange says."""
LOOK_S = 15.0
"""How often somebody who waits for the opening looks whether it was opened by hand."""
MOST_STEPS = 200
"""Entered one after the other without taking time: more is a flow that goes round."""
HANGUP_S = 5.0
"""How long the exchange may take to confirm that a caller's side has ended."""
NO_PLAY = PlayId("")
"""Before a call's first words."""
TECHNICAL = StepName("technical")
"""The name under which our own farewell in trouble stands in the log; callflows cannot name a step so."""


def walk(turn: Turn, name: StepName) -> None:
    """Enter the step, and on to the first that takes time."""
    for _ in range(MOST_STEPS):
        step = turn.line.flow.steps.get(name)
        if step is None:
            break
        turn.draft.say(StepEntered(turn.call.id, turn.line.id, name, turn.at))
        onward = enter(turn, step)
        if onward is None:
            return
        name = onward
    apologise(turn)


def enter(turn: Turn, step: Step) -> StepName | None:
    """Begin the step; the next step's name when this one takes no time."""
    match step:
        case PlayStep():
            hear(turn, step.name, step.prompts)
        case Say():
            prompts = turn.around.spoken(step.what)
            if not prompts:
                return step.then
            hear(turn, step.name, prompts)
        case HoursBranch():
            return by_hours(turn, step)
        case Menu():
            ask(turn, step, tries=1)
        case Enqueue():
            refused = not_let_in(turn, step)
            if refused is not None:
                return refused
            enqueue(turn, step)
        case WaitForOpening():
            if turn.around.is_open():
                return step.on_open
            turn.draft.do(StartMusic(turn.call.id))
            hold(turn, step.name, after(turn.at, step.max_wait_s))
        case SetLanguage():
            turn.change(language=step.language)
            return step.then
        case Transfer():
            return transfer(turn, step)
        case Hangup():
            hang_up(turn, EndedBy.SYSTEM)
        case _:
            assert_never(step)
    return None


def by_hours(turn: Turn, step: HoursBranch) -> StepName:
    if turn.around.is_open():
        return step.open
    turn.fate(Outcome.OUTSIDE_HOURS)
    opening = turn.around.next_opening() if step.soon is not None else None
    if step.soon is not None and opening is not None and opening - turn.at <= timedelta(seconds=step.soon_s):
        return step.soon
    return step.closed


def hold(turn: Turn, step: StepName, give_up_at: datetime) -> None:
    """Wait with music; look again at the opening, and now and then before it, since it may be opened by hand."""
    moments = [give_up_at, after(turn.at, LOOK_S)]
    opening = turn.around.next_opening()
    if opening is not None and opening > turn.at:
        moments.append(opening)
    turn.go(Holding(step, give_up_at, min(moments)))


def transfer(turn: Turn, step: Transfer) -> StepName | None:
    """Our own lines take every caller; a partner can only be reached once the exchange has a way to one."""
    if isinstance(step.to, ToLine) and turn.move(step.to.line):
        return turn.line.flow.start
    if step.on_failed is None:
        apologise(turn)
    return step.on_failed


def speak(turn: Turn, prompts: tuple[PromptId, ...]) -> PlayId:
    play = turn.next_play()
    turn.draft.do(Play(turn.call.id, play, turn.language, prompts))
    return play


def hear(turn: Turn, step: StepName, prompts: tuple[PromptId, ...]) -> None:
    turn.go(Hearing(step, speak(turn, prompts), after(turn.at, WORDS_S)))


def ask(turn: Turn, menu: Menu, tries: int) -> None:
    turn.go(Choosing(menu.name, tries, speak(turn, menu.prompts), after(turn.at, WORDS_S + menu.timeout_s)))


def not_let_in(turn: Turn, step: Enqueue) -> StepName | None:
    """Where a caller goes who cannot wait here; None: they can. Who has a place already is not told that it is full."""
    waited = turn.call.queued_at is not None
    if not turn.around.somebody():
        turn.fate(Outcome.FORCED_OUT if waited else Outcome.NOT_ADMITTED)
        return step.on_nobody
    if step.on_full is None or step.max_length is None or waited or turn.around.waiting() < step.max_length:
        return None
    turn.fate(Outcome.FORCED_OUT)
    return step.on_full


def enqueue(turn: Turn, step: Enqueue) -> None:
    """Join the queue: the switchboard puts the call at its end, or where it stood before."""
    if turn.call.fate not in SERVED:
        turn.change(fate=Outcome.ABANDONED, waited_s=None)
    turn.change(queued_at=turn.call.queued_at or turn.at)
    speaking = speak(turn, step.welcome) if step.welcome else None
    if speaking is None:
        turn.draft.do(StartMusic(turn.call.id))
    turn.go(waiting(turn, step, speaking))


def waiting(turn: Turn, step: Enqueue, speaking: PlayId | None) -> Waiting:
    closing = step.closing if step.closing is not None and not turn.around.is_open() else None
    return Waiting(
        step=step.name,
        tier=0,
        round=0,
        tried=frozenset(),
        speaking=speaking,
        speaking_due=after(turn.at, WORDS_S) if speaking is not None else None,
        announce_at=tuple(after(turn.at, each.first_s) for each in step.announcements),
        turns=tuple(0 for _ in step.announcements),
        give_up_at=give_up_at(turn, step),
        served_until=after(turn.at, closing.serve_s) if closing is not None else None,
        then_told=closing.prompts if closing is not None and speaking is not None else (),
    )


def give_up_at(turn: Turn, step: Enqueue) -> datetime | None:
    """Counted from when they came; who has waited so long already, and comes back, may wait as long again."""
    if step.max_wait_s is None:
        return None
    moment = after(turn.call.queued_at or turn.at, step.max_wait_s)
    return moment if moment > turn.at else after(turn.at, step.max_wait_s)


def words_of(turn: Turn, announcement: Announcement, heard: int) -> tuple[PromptId, ...]:
    """Which prompt's turn it is, or what can be said now; empty: nothing can."""
    place = turn.around.place(turn.call)
    match announcement.told:
        case None:
            return (announcement.prompts[heard % len(announcement.prompts)],)
        case Told.POSITION:
            turn.change(told_place=min(place, turn.call.told_place or place))
            return spoken.place_words(turn.call.told_place or place)
        case Told.WAIT:
            wait_s = turn.around.wait_s(place)
            return spoken.wait_words(wait_s) if wait_s is not None else ()
        case _:
            assert_never(announcement.told)


def queued_fact(turn: Turn, position: int) -> CallQueued:
    return CallQueued(turn.call.id, turn.line.id, position, turn.at)


def hang_up(turn: Turn, ended_by: EndedBy) -> None:
    turn.end_other_rings(LetGoReason.OVER, RingResult.CALLER_GONE)
    turn.draft.do(HangUp(turn.call.id))
    turn.go(Leaving(ended_by, after(turn.at, HANGUP_S)))


def apologise(turn: Turn) -> None:
    """Our own side cannot go on: say so, then hang up. Never silence."""
    turn.fate(Outcome.FAILED)
    if turn.line.technical:
        hear(turn, TECHNICAL, turn.line.technical)
    else:
        hang_up(turn, EndedBy.SYSTEM)


def due(phase: Waiting) -> datetime | None:
    moments = (phase.give_up_at, phase.speaking_due, phase.widen_at, phase.served_until, *phase.announce_at)
    return min((moment for moment in moments if moment is not None), default=None)
