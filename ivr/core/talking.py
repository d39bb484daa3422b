"""Caller and volunteer: being joined, talking, and the ways in which that ends.

Rules: joined for `STANDS_S`, a call is answered whatever follows; the other phones are let go once the two hear each
other; a phone that dies, or a volunteer who is gone at once, does not cost the caller the talk: back to the head.
"""

from __future__ import annotations

from dataclasses import replace

from ivr.core import walk
from ivr.core.call_events import VolunteerGone
from ivr.core.commands import Join, LetGoReason
from ivr.core.decision import after, seconds
from ivr.core.facts import CallAnswered, CallJoined, EndedBy, Outcome, RequeueReason, RingResult
from ivr.core.news import CallDue, CallGone, Cause, CommandFailed, Joined
from ivr.core.state import Joining, Talking
from ivr.core.turn import Turn
from ivr.core.waiting import requeue

STANDS_S = 1.5
"""Joined for so long, a call is answered whatever follows."""


def on_joined(turn: Turn, phase: Joining, news: Joined) -> None:
    if news.talk != phase.talk:
        return
    if turn.call.fate is not Outcome.ANSWERED:
        turn.change(waited_s=None)
        turn.change(waited_s=turn.waited())
    turn.draft.say(CallJoined(turn.call.id, turn.line.id, phase.volunteer, turn.call.waited_s or 0.0, turn.at))
    turn.go(Talking(phase.step, phase.ring, phase.volunteer, phase.talk, turn.at, stands_at=after(turn.at, STANDS_S)))
    turn.end_other_rings(LetGoReason.ELSEWHERE, RingResult.WON_BY_OTHER)


def on_not_joined(turn: Turn, phase: Joining) -> None:
    turn.drop_volunteer(phase.ring, talked=False)
    turn.close_talk(phase.talk)
    requeue(turn, phase.step, RequeueReason.NOT_JOINED)


def on_join_overdue(turn: Turn, phase: Joining, news: CallDue) -> None:
    if news.at >= phase.deadline:
        on_not_joined(turn, phase)


def on_volunteer_gone_while_joining(turn: Turn, phase: Joining, news: VolunteerGone) -> None:
    if news.ring == phase.ring:
        turn.close_talk(phase.talk)
        requeue(turn, phase.step, RequeueReason.VOLUNTEER_GONE)


def settle(turn: Turn, phase: Talking) -> Talking:
    """Write that the call is answered if it has stood long enough by now."""
    if phase.stands_at is None or turn.at < phase.stands_at:
        return phase
    if turn.call.fate is not Outcome.ANSWERED:
        turn.draft.say(CallAnswered(turn.call.id, turn.line.id, phase.volunteer, turn.call.waited_s or 0.0, turn.at))
    turn.answered_by = phase.volunteer
    turn.change(fate=Outcome.ANSWERED, answered_by=turn.call.answered_by or phase.volunteer)
    settled = replace(phase, stands_at=None)
    turn.go(settled)
    return settled


def count_talk(turn: Turn, phase: Talking) -> None:
    if phase.stands_at is None:
        turn.talked_s = seconds(phase.joined_at, turn.at)
        turn.change(talk_s=round((turn.call.talk_s or 0.0) + seconds(phase.joined_at, turn.at), 3))


def on_stands(turn: Turn, phase: Talking, _news: CallDue) -> None:
    settle(turn, phase)


def on_volunteer_gone(turn: Turn, phase: Talking, news: VolunteerGone) -> None:
    if news.ring != phase.ring:
        return
    phase = settle(turn, phase)
    count_talk(turn, phase)
    turn.close_talk(phase.talk)
    if news.cause is Cause.MEDIA_LOST:
        requeue(turn, phase.step, RequeueReason.PHONE_DEAD)
    elif phase.stands_at is not None:
        requeue(turn, phase.step, RequeueReason.VOLUNTEER_GONE)
    else:
        walk.hang_up(turn, EndedBy.VOLUNTEER)


def on_join_failed(turn: Turn, phase: Joining, news: CommandFailed) -> None:
    if isinstance(news.command, Join) and news.command.talk == phase.talk:
        on_not_joined(turn, phase)


def on_gone_while_joining(turn: Turn, phase: Joining, _news: CallGone) -> None:
    turn.drop_volunteer(phase.ring, talked=False)
    turn.close_talk(phase.talk)
    turn.end(EndedBy.CALLER)


def on_gone_while_talking(turn: Turn, phase: Talking, news: CallGone) -> None:
    count_talk(turn, settle(turn, phase))
    turn.drop_volunteer(phase.ring, talked=True)
    turn.close_talk(phase.talk)
    turn.end(EndedBy.NETWORK if news.cause is Cause.MEDIA_LOST else EndedBy.CALLER)
