"""What is heard in a talk: whether the volunteer was heard at all, who holds, and who is not heard any more.

Rules: who hears nothing where sound is due hears music at once and is not left so; a caller is never let go because of
silence; a volunteer's phone that carries no sound costs the caller no turn; what a caller does not say is not looked
into. What is heard is told by the exchange, from what goes out on the other side.
"""

from __future__ import annotations

from datetime import datetime

from ivr.core.change import replace
from ivr.core.commands import Cover, Refresh, Uncover
from ivr.core.decision import after, seconds
from ivr.core.facts import SoundMissing, SoundReturned, TalkHeld, TalkHeldTooLong, TalkResumed
from ivr.core.news import SideHeld, SoundBack, SoundLost, VolunteerHeard
from ivr.core.reasons import SERVED, Heard, Loss, RingResult, Side
from ivr.core.state import Hold, Joining, Talking, Unheard
from ivr.core.turn import Turn

REFRESH_S = 2.0
"""So long a phone may take to be heard after it was asked anew where and how sound is sent."""
AGAIN_S = 20.0
"""How often it is asked again: shorter than the exchange's own limit for a phone that sends nothing."""
CALLER_AGAIN_S = 5.0
NOTICED_S = 5.0
"""By then it is known of every talk whether the volunteer is heard, if somebody watches."""
CALLER_ONCE_S = 60.0
"""A caller's side that falls silent is asked at most once in so long."""


# ---------------------------------------------------------------- heard


def on_heard(turn: Turn, phase: Talking, news: VolunteerHeard) -> None:
    if news.talk == phase.talk and phase.stands_at is not None:
        stand(turn, phase, Heard.YES if news.known else Heard.UNKNOWN)


def stand(turn: Turn, phase: Talking, heard: Heard) -> Talking:
    """Write that the call is answered."""
    if turn.call.fate not in SERVED:
        turn.served(phase.volunteer, turn.call.waited_s or 0.0)
    turn.answered_by = phase.volunteer
    known = turn.call.heard if turn.call.heard is Heard.YES else heard
    turn.change(answered_by=turn.call.answered_by or phase.volunteer, heard=known)
    turn.write_pick_up(phase.ring, RingResult.ANSWERED)
    standing = replace(phase, stands_at=None)
    turn.go(standing)
    return standing


def stand_unwatched(turn: Turn, phase: Talking) -> Talking:
    """After a while in which nobody watched: the two were together for long enough, and nothing says otherwise."""
    if phase.stands_at is None or turn.at < phase.stands_at or phase.unheard is not None or phase.holds:
        return phase
    return stand(turn, phase, Heard.UNKNOWN)


def stand_neither_heard_nor_missed(turn: Turn, phase: Talking) -> Talking:
    """Where somebody watches, a volunteer is heard or missed within that time: so nobody did, and nobody said so."""
    together = seconds(phase.joined_at, turn.at) >= NOTICED_S
    return stand_unwatched(turn, phase) if together else phase


# ---------------------------------------------------------------- not heard


def on_lost(turn: Turn, phase: Talking, news: SoundLost) -> None:
    if news.talk != phase.talk or held_by(phase, Side.VOLUNTEER) or held_by(phase, Side.CALLER):
        return
    if news.side is Side.VOLUNTEER:
        on_volunteer_unheard(turn, phase, news.loss)
    elif news.loss is Loss.DROPPED:
        on_caller_unheard(turn, phase)
    else:
        on_caller_sends_nothing(turn, phase, news.loss)


def on_volunteer_unheard(turn: Turn, phase: Talking, loss: Loss) -> None:
    """Music for the caller at once; and their phone is asked anew, since most of what is lost comes back by that."""
    before = phase.unheard
    if before is not None and (before.loss is not Loss.ABSENT or loss is Loss.ABSENT):
        return  # nothing new, or what is to be given up soon already
    turn.draft.say(SoundMissing(turn.call.id, turn.line.id, phase.volunteer, Side.VOLUNTEER, loss, turn.at))
    turn.draft.do(Refresh(turn.call.id, phase.ring), Cover(turn.call.id, phase.ring))
    due = after(turn.at, REFRESH_S)
    if before is None:
        lost = Unheard(loss, turn.at, due, after(turn.at, turn.line.hold_alarm_s))
    else:
        lost = Unheard(loss, before.since, due, before.alarm_at)
    turn.go(replace(phase, unheard=lost))


def on_caller_unheard(turn: Turn, phase: Talking) -> None:
    """Nobody else could hear them better: the talk goes on, and their side is asked anew until they are heard."""
    if phase.caller_unheard is None:
        turn.draft.say(SoundMissing(turn.call.id, turn.line.id, phase.volunteer, Side.CALLER, Loss.DROPPED, turn.at))
        turn.draft.do(Refresh(turn.call.id, None))
        lost = Unheard(Loss.DROPPED, turn.at, after(turn.at, CALLER_AGAIN_S), None)
        turn.go(replace(phase, caller_unheard=lost))


def on_caller_sends_nothing(turn: Turn, phase: Talking, loss: Loss) -> None:
    """A silent caller, whose phone sends nothing while they say nothing, or cannot. Or one whose sound comes from
    another place now, which looks the same: mended by asking once. Not again and again: a carrier that never answers
    would cost the call."""
    if phase.silent_since is None:
        phase = replace(phase, silent_since=turn.at)
    if loss is Loss.NEVER:  # not in pauses: what covers them would cost the first moment of the next word
        turn.draft.do(Cover(turn.call.id, phase.ring, Side.CALLER))
    asked = phase.caller_asked_at
    if loss is Loss.ABSENT and (asked is None or seconds(asked, turn.at) >= CALLER_ONCE_S):
        turn.draft.do(Refresh(turn.call.id, None))
        phase = replace(phase, caller_asked_at=turn.at)
    turn.go(phase)


def on_back(turn: Turn, phase: Talking, news: SoundBack) -> None:
    if news.talk != phase.talk:
        return
    unheard = phase.unheard if news.side is Side.VOLUNTEER else phase.caller_unheard
    if news.side is Side.VOLUNTEER:
        phase = replace(phase, unheard=None)
    else:
        silence = (None, False) if not phase.silence_said else (phase.silent_since, True)
        phase = replace(phase, caller_unheard=None, silent_since=silence[0], silence_said=silence[1])
    turn.draft.do(Uncover(turn.call.id, phase.ring, news.side))
    if unheard is not None:
        missing_s = seconds(unheard.since, turn.at)
        turn.draft.say(SoundReturned(turn.call.id, turn.line.id, phase.volunteer, news.side, missing_s, turn.at))
    turn.go(phase)


def is_given_up(phase: Talking, at: datetime) -> bool:
    """Asked anew in vain. A phone that was heard and sends nothing now may be muted: it is waited for, as long as it
    answers at all (`PhoneDead`). One that was never heard, or whose sound cannot be used, is not."""
    return phase.unheard is not None and phase.unheard.loss is not Loss.ABSENT and phase.unheard.due <= at


# ---------------------------------------------------------------- on hold


def held_by(phase: Joining | Talking, side: Side) -> Hold | None:
    return next((hold for hold in phase.holds if hold.side is side), None)


def on_held(turn: Turn, phase: Joining | Talking, news: SideHeld) -> None:
    """The exchange plays music, or a tone, to the other side by itself; that is over when it is taken back. Not where
    the button was pressed just before the two were joined, which may be told after it: so it is asked for in any case.
    """
    hold = held_by(phase, news.side)
    if news.held is (hold is not None):
        return
    call, line, volunteer = turn.call.id, turn.line.id, phase.volunteer
    if hold is None:
        turn.draft.say(TalkHeld(call, line, volunteer, news.side, turn.at))
        holds = (*phase.holds, Hold(news.side, turn.at, after(turn.at, turn.line.hold_alarm_s)))
        if isinstance(phase, Talking):
            turn.draft.do(Cover(call, phase.ring, news.side, held=True))
    else:
        turn.draft.say(TalkResumed(call, line, volunteer, news.side, seconds(hold.since, turn.at), turn.at))
        holds = tuple(each for each in phase.holds if each is not hold)
        if isinstance(phase, Talking):
            turn.draft.do(Uncover(call, phase.ring, news.side))  # also what was heard before the hold was told
    if isinstance(phase, Talking):
        turn.go(replace(phase, holds=holds, unheard=None, caller_unheard=None))
    else:
        turn.go(replace(phase, holds=holds))


def begin(turn: Turn, phase: Talking) -> None:
    """The two were just joined: a phone that holds already has told the other side nothing. Not for those whom we find
    here: who resumed while nobody looked would be covered by our music."""
    turn.draft.do(*(Cover(turn.call.id, phase.ring, hold.side, held=True) for hold in phase.holds))


# ---------------------------------------------------------------- deadlines


def due(phase: Talking) -> datetime | None:
    moments = [each.due for each in (phase.unheard, phase.caller_unheard) if each is not None]
    moments += [moment for moment, _side, _since in alarms(phase)]
    return min(moments, default=None)


def alarms(phase: Talking) -> list[tuple[datetime, Side, datetime]]:
    """When the coordinator is to be told, of which side, and since when it has been so."""
    found = [(each.alarm_at, each.side, each.since) for each in phase.holds if each.alarm_at is not None]
    if phase.unheard is not None and phase.unheard.alarm_at is not None:
        found.append((phase.unheard.alarm_at, Side.VOLUNTEER, phase.unheard.since))
    return found


def on_due(turn: Turn, phase: Talking) -> Talking:
    """What has fallen due, but for giving up (`is_given_up`)."""
    for moment, side, since in alarms(phase):
        if moment <= turn.at:
            held_s = seconds(since, turn.at)
            turn.draft.say(TalkHeldTooLong(turn.call.id, turn.line.id, phase.volunteer, side, held_s, turn.at))
            phase = said(phase, side)
    if phase.caller_unheard is not None and phase.caller_unheard.due <= turn.at:
        turn.draft.do(Refresh(turn.call.id, None))
        again = replace(phase.caller_unheard, due=after(turn.at, CALLER_AGAIN_S))
        phase = replace(phase, caller_unheard=again)
    if phase.unheard is not None and phase.unheard.due <= turn.at and phase.unheard.loss is Loss.ABSENT:
        turn.draft.do(Refresh(turn.call.id, phase.ring))
        phase = replace(phase, unheard=replace(phase.unheard, due=after(turn.at, AGAIN_S)))
    turn.go(phase)
    return phase


def said(phase: Talking, side: Side) -> Talking:
    holds = tuple(replace(each, alarm_at=None) if each.side is side else each for each in phase.holds)
    unheard = phase.unheard
    if unheard is not None and side is Side.VOLUNTEER:
        unheard = replace(unheard, alarm_at=None)
    return replace(phase, holds=holds, unheard=unheard)
