"""Caller and volunteer: being joined, talking, and the ways in which that ends.

Rules: a call is answered once the volunteer has been heard for `STANDS_S`, whatever follows; the other phones are let
go once the two are joined; a phone that dies or is not heard, or a volunteer who is gone at once, does not cost the
caller the talk: back to the head.
"""

from __future__ import annotations

from datetime import datetime

from ivr.core import sound, walk
from ivr.core.call_events import VolunteerGone
from ivr.core.change import replace
from ivr.core.commands import Join, LetGoReason, StartMusic, Tell, Uncover
from ivr.core.decision import after, seconds
from ivr.core.facts import CallerHeard, CallerSilent, CallJoined, PromptFailed
from ivr.core.feature import NOT_HEARD
from ivr.core.ids import partner_of
from ivr.core.news import NETWORK_CAUSES, CallDue, CallerTalking, CallGone, Cause, CommandFailed, Joined, PlayEnded
from ivr.core.reasons import SERVED, EndedBy, RequeueReason, RingResult
from ivr.core.state import Joining, Talking
from ivr.core.turn import Turn
from ivr.core.waiting import JOIN_S, requeue

STANDS_S = 1.5
"""Heard for so long in sum, a call is answered whatever follows."""
SILENT_S = 20.0
"""After so long without a sound from the caller the volunteer's page says so."""


def on_joined(turn: Turn, phase: Joining, news: Joined) -> None:
    if news.talk != phase.talk:
        return
    if turn.call.fate not in SERVED:
        turn.change(waited_s=None)
        turn.change(waited_s=turn.waited())
    turn.draft.say(CallJoined(turn.call.id, turn.line.id, phase.volunteer, turn.call.waited_s or 0.0, turn.at))
    turn.change(prefer=None)
    silent_since = None if phase.speaks else turn.at
    talk = Talking(phase.step, phase.ring, phase.volunteer, phase.talk, turn.at, after(turn.at, STANDS_S), silent_since)
    talk = replace(talk, holds=phase.holds)
    turn.go(talk)
    sound.begin(turn, talk)
    turn.end_other_rings(LetGoReason.ELSEWHERE, RingResult.WON_BY_OTHER)


def on_voice_while_joining(turn: Turn, phase: Joining, news: CallerTalking) -> None:
    """Listened for from just before the two are joined: who speaks then is told once, and not again after it."""
    turn.go(replace(phase, speaks=news.talking))


def join(turn: Turn, phase: Joining) -> None:
    """The volunteer has heard their word, or need not."""
    turn.join(phase.talk, phase.ring, phase.volunteer)
    turn.go(replace(phase, whisper=None, deadline=after(turn.at, JOIN_S)))


def on_words_ended(turn: Turn, phase: Joining, news: PlayEnded) -> None:
    """The volunteer's word; or the caller's own words meanwhile, after which there is music until the joining."""
    if phase.whisper is None:
        return
    if news.play != phase.whisper:
        turn.draft.do(StartMusic(turn.call.id))
        return
    if not news.heard:
        turn.draft.say(PromptFailed(turn.call.id, turn.line.id, phase.step, turn.at))
    join(turn, phase)


def on_not_joined(turn: Turn, phase: Joining) -> None:
    turn.drop_volunteer(phase.ring, talked=False, result=RingResult.FAILED, ours=True)
    turn.close_talk(phase.talk)
    requeue(turn, phase.step, RequeueReason.NOT_JOINED)


def on_join_overdue(turn: Turn, phase: Joining, news: CallDue) -> None:
    if news.at < phase.deadline:
        return
    if phase.whisper is not None:
        join(turn, phase)
    else:
        on_not_joined(turn, phase)


def on_volunteer_gone_while_joining(turn: Turn, phase: Joining, news: VolunteerGone) -> None:
    if news.ring == phase.ring:
        turn.close_talk(phase.talk)
        requeue(turn, phase.step, RequeueReason.VOLUNTEER_GONE)


def count_talk(turn: Turn, phase: Talking) -> None:
    """How long it took; who heard nobody has waited all the while."""
    if phase.stands_at is None:
        turn.talked_s = seconds(phase.joined_at, turn.at)
        turn.change(talk_s=round((turn.call.talk_s or 0.0) + seconds(phase.joined_at, turn.at), 3))
    elif turn.call.fate not in SERVED:
        turn.change(waited_s=None)


def on_due(turn: Turn, phase: Talking, _news: CallDue) -> None:
    moment = silent_at(phase)
    if phase.silent_since is not None and moment is not None and moment <= turn.at:
        silent_s = seconds(phase.silent_since, turn.at)
        turn.draft.say(CallerSilent(turn.call.id, turn.line.id, phase.volunteer, silent_s, turn.at))
        phase = replace(phase, silence_said=True)
    phase = sound.on_due(turn, phase)
    if sound.is_given_up(phase, turn.at):
        give_up(turn, phase)


def give_up(turn: Turn, phase: Talking) -> None:
    """The volunteer is not heard, and hears why; their caller, who has had music for two seconds, waits as before."""
    count_talk(turn, phase)
    words = NOT_HEARD if partner_of(phase.volunteer) is None else None
    turn.draft.do(Uncover(turn.call.id, phase.ring))
    turn.drop_volunteer(phase.ring, talked=phase.stands_at is None, result=RingResult.FAILED, words=words)
    turn.close_talk(phase.talk)
    requeue(turn, phase.step, RequeueReason.NO_SOUND)


def silent_at(phase: Talking) -> datetime | None:
    """When it is to be said that nothing is heard from the caller."""
    return after(phase.silent_since, SILENT_S) if phase.silent_since is not None and not phase.silence_said else None


def due(phase: Talking) -> datetime | None:
    return min((moment for moment in (silent_at(phase), sound.due(phase)) if moment is not None), default=None)


def on_voice(turn: Turn, phase: Talking, news: CallerTalking) -> None:
    """Told twice it changes nothing: a silence lasts from when it began."""
    if not news.talking:
        if phase.silent_since is None:
            turn.go(replace(phase, silent_since=turn.at))
        return
    if phase.silence_said:
        turn.draft.say(CallerHeard(turn.call.id, turn.line.id, phase.volunteer, turn.at))
    turn.go(replace(phase, silent_since=None, silence_said=False))


def on_volunteer_gone(turn: Turn, phase: Talking, news: VolunteerGone) -> None:
    if news.ring != phase.ring:
        return
    phase = sound.stand_neither_heard_nor_missed(turn, phase)
    count_talk(turn, phase)
    turn.close_talk(phase.talk)
    if news.cause is Cause.MEDIA_LOST:
        turn.change(prefer=phase.volunteer)
        requeue(turn, phase.step, RequeueReason.PHONE_DEAD)
    elif phase.stands_at is not None:
        requeue(turn, phase.step, RequeueReason.VOLUNTEER_GONE)
    else:
        walk.hang_up(turn, EndedBy.VOLUNTEER)


def on_join_failed(turn: Turn, phase: Joining, news: CommandFailed) -> None:
    if isinstance(news.command, Join) and news.command.talk == phase.talk:
        on_not_joined(turn, phase)
    elif isinstance(news.command, Tell) and news.command.play == phase.whisper:
        join(turn, phase)  # no word is worth a call


def ended_by(news: CallGone) -> EndedBy:
    return EndedBy.NETWORK if news.cause in NETWORK_CAUSES else EndedBy.CALLER


def on_gone_while_joining(turn: Turn, phase: Joining, news: CallGone) -> None:
    turn.drop_volunteer(phase.ring, talked=False, result=RingResult.CALLER_GONE)
    turn.close_talk(phase.talk)
    turn.end(ended_by(news))


def on_gone_while_talking(turn: Turn, phase: Talking, news: CallGone) -> None:
    phase = sound.stand_neither_heard_nor_missed(turn, phase)
    count_talk(turn, phase)
    turn.drop_volunteer(phase.ring, talked=True, result=RingResult.CALLER_GONE)
    turn.close_talk(phase.talk)
    turn.end(ended_by(news))
