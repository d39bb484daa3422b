"""Calls that come back from the exchange's last resort, and records of those that ended there.

Rules: whoever comes back stands in the queue by when they came, hears no greeting twice, and is not sent away because
the line has closed meanwhile; a call in our hands is not ended by a record that says no more than that it is gone.
"""

from __future__ import annotations

from datetime import datetime

from ivr.core import walk
from ivr.core.change import replace
from ivr.core.commands import Answer, HangUp, LastResort, StartMusic
from ivr.core.desk import Desk
from ivr.core.facts import CallStarted, CallTakenBack, StepEntered
from ivr.core.flow import Enqueue, HoursBranch, Say, SetLanguage
from ivr.core.flow import Play as PlayStep
from ivr.core.ids import StepName
from ivr.core.news import CallBack, CallLeft, Reached, Witnessed
from ivr.core.reasons import Outcome
from ivr.core.shelter import on_left, write_down
from ivr.core.state import Call, Hearing, Leaving, Over, Sheltered
from ivr.core.turn import Turn


def on_back(desk: Desk, news: CallBack) -> None:
    known = desk.draft.calls.get(news.call)
    if news.line not in desk.draft.lines:
        desk.draft.do(LastResort(news.call))
        return
    if known is not None and isinstance(known.phase, Leaving | Over):
        desk.draft.do(HangUp(news.call))  # we had ended it, and the exchange has not understood that
        return
    if known is None:
        desk.settle_line(news.line, news.at)
        desk.draft.say(CallStarted(news.call, news.line, news.at))
        desk.draft.do(Answer(news.call))
        fresh = Call(news.call, news.line, news.came_at, Sheltered(None), Outcome.ENDED_IN_MENU)
        turn = desk.turn(replace(fresh, version=desk.draft.plan.version), news.at)
    else:
        turn = desk.turn(known, news.at)
        if not isinstance(known.phase, Sheltered):
            on_left(turn, known.phase, CallLeft(news.call, news.at))  # that was told to nobody
    if news.came_at < turn.call.arrived_at:
        turn.change(arrived_at=news.came_at)  # we had heard of it late
    turn.draft.say(CallTakenBack(turn.call.id, turn.line.id, turn.at))
    go_on(turn, news)
    desk.save(known, turn)


def go_on(turn: Turn, news: CallBack) -> None:
    """Where they were, or behind what they have heard already."""
    phase = turn.call.phase
    queue = turn.line.flow.steps.get(phase.step) if isinstance(phase, Sheltered) and phase.step is not None else None
    if isinstance(queue, Enqueue):
        wait(turn, queue, turn.call.queued_at or news.came_at)
        return
    turn.go(Hearing(walk.TECHNICAL, walk.NO_PLAY, turn.at))
    if news.reached is Reached.NEW:
        walk.walk(turn, turn.line.flow.start)
        return
    name = behind_the_greeting(turn, news.reached)
    step = turn.line.flow.steps.get(name)
    if isinstance(step, Enqueue) and (turn.around.somebody() or news.reached is Reached.LET_IN):
        turn.draft.say(StepEntered(turn.call.id, turn.line.id, name, turn.at))
        wait(turn, step, news.came_at)
    else:
        walk.walk(turn, name)


def behind_the_greeting(turn: Turn, reached: Reached) -> StepName:
    """The first step that is more than words; for who was let in the line is open, whatever the hour."""
    name = turn.line.flow.start
    for _ in turn.line.flow.steps:
        step = turn.line.flow.steps.get(name)
        match step:
            case PlayStep() | Say():
                name = step.then
            case SetLanguage():
                turn.change(language=step.language)
                name = step.then
            case HoursBranch() if reached is Reached.LET_IN or turn.around.is_open():
                name = step.open
            case _:
                break
    return name


def wait(turn: Turn, step: Enqueue, since: datetime) -> None:
    """In the queue since then, with music; announcements and the longest wait count from now on."""
    turn.fate(Outcome.ABANDONED)
    turn.change(queued_at=since)
    turn.draft.do(StartMusic(turn.call.id))
    turn.go(walk.waiting(turn, step, speaking=None))


def on_witnessed(desk: Desk, news: Witnessed) -> None:
    """Of a call that we have in our hands a record says nothing new: its end is told by itself."""
    known = desk.draft.calls.get(news.call)
    if known is not None:
        if not (isinstance(known.phase, Over) or news.outcome is Outcome.UNSEEN):
            turn = desk.turn(known, news.at)
            if not isinstance(known.phase, Sheltered):
                on_left(turn, known.phase, CallLeft(news.call, news.at))
            write_down(turn, news)
            desk.save(known, turn)
    elif news.line in desk.draft.lines:
        desk.draft.say(CallStarted(news.call, news.line, news.at))
        fresh = Call(news.call, news.line, news.came_at, Sheltered(None), Outcome.UNSEEN)
        turn = desk.turn(fresh, news.at)
        write_down(turn, news)
        desk.save(None, turn)
