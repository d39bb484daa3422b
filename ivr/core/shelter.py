"""A call that the exchange's last resort serves without us: how it goes there, and how it ends there.

Rules: whoever falls out of our hands is still our call, with one outcome; how it ended without us is said by the last
resort's own record or not at all (`unseen`).
"""

from __future__ import annotations

from ivr.core.change import replace
from ivr.core.commands import LetGoReason
from ivr.core.decision import after
from ivr.core.facts import CallJoined, CallSheltered
from ivr.core.news import CallDue, CallGone, CallLeft, Witnessed
from ivr.core.reasons import SERVED, EndedBy, Heard, Outcome, RingResult, ServedBy
from ivr.core.sound import stand_unwatched
from ivr.core.state import CallPhase, Joining, Sheltered, Talking, Waiting
from ivr.core.talking import count_talk
from ivr.core.turn import Turn

BACK_S = 1.5
"""So long it stays the turn of who fell out of the queue: a controller that was frozen gets its callers back within
half a second, in whatever order."""


def on_left(turn: Turn, phase: CallPhase, _news: CallLeft) -> None:
    """The phones that ring for them stop, and whoever was with them is let go."""
    step = phase.step if isinstance(phase, Waiting | Joining | Talking) else None
    match phase:
        case Talking():
            talk = stand_unwatched(turn, phase)
            count_talk(turn, talk)
            turn.drop_volunteer(talk.ring, talked=True, result=RingResult.CALLER_GONE)
            turn.close_talk(talk.talk)
        case Joining():
            turn.drop_volunteer(phase.ring, talked=False, result=RingResult.CALLER_GONE)
            turn.close_talk(phase.talk)
        case _:
            pass
    turn.end_other_rings(LetGoReason.OVER, RingResult.CALLER_GONE)
    turn.draft.say(CallSheltered(turn.call.id, turn.line.id, turn.at))
    turn.go(Sheltered(step, after(turn.at, BACK_S) if isinstance(phase, Waiting) else None))


def on_stays(turn: Turn, phase: Sheltered, _news: CallDue) -> None:
    """They have not come back: the last resort serves them, and those behind them are looked after here."""
    turn.go(replace(phase, back_by=None))


def on_gone_there(turn: Turn, _phase: Sheltered, _news: CallGone) -> None:
    """Without a record of it: nobody knows what became of them."""
    unseen(turn)


def unseen(turn: Turn) -> None:
    turn.fate(Outcome.UNSEEN)
    turn.end(EndedBy.UNKNOWN, ServedBy.LAST_RESORT)


def write_down(turn: Turn, news: Witnessed) -> None:
    """A moment in the facts is when we learned of it; when the call came stands in its end."""
    if turn.call.fate not in SERVED:
        queued_at = turn.call.queued_at or (news.came_at if news.waited_s is not None else None)
        turn.change(waited_s=news.waited_s, queued_at=queued_at)
        if news.outcome is Outcome.ANSWERED and news.volunteer is not None:
            waited = news.waited_s or 0.0
            turn.draft.say(CallJoined(turn.call.id, turn.line.id, news.volunteer, waited, turn.at))
            turn.served(news.volunteer, waited)
            turn.answered_by = news.volunteer
            turn.change(answered_by=news.volunteer, talk_s=news.talk_s or 0.0, heard=Heard.UNKNOWN)
        turn.fate(news.outcome)
    by = EndedBy.SYSTEM if news.outcome is Outcome.OUTSIDE_HOURS else EndedBy.UNKNOWN
    turn.end(EndedBy.CALLER if news.outcome is Outcome.ABANDONED else by, ServedBy.LAST_RESORT)
