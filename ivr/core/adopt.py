"""What we remember against what the exchange has.

Rules: the exchange is the truth for what lives, we for what happened. Remembered and alive: taken up where it was
(words are begun again rather than left out). Remembered and gone: `lost`, unless the outcome stood already. Alive and
unknown: taken in. Nothing is guessed, nobody is left in silence.
"""

from __future__ import annotations

from typing import assert_never

from ivr.core import hunt, sound, yes_no
from ivr.core.change import replace
from ivr.core.commands import Answer, EndTalk, HangUp, LastResort, LetGo, LetGoReason, Play, StartMusic, Uncover
from ivr.core.decision import after
from ivr.core.desk import Desk
from ivr.core.facts import LineUp
from ivr.core.flow import Menu, Say
from ivr.core.flow import Play as PlayStep
from ivr.core.ids import PlayId, PromptId, TalkId, call_of
from ivr.core.news import CallBack, CallLeft, Cause, Joined, Reached, RingAnswered, RingGone, Surveyed
from ivr.core.reasons import EndedBy, Outcome, RingResult, Side
from ivr.core.ring import GRACE_S, asking
from ivr.core.shelter import unseen
from ivr.core.sound import stand_unwatched
from ivr.core.state import (
    Alerting,
    Asked,
    Call,
    Choosing,
    Ending,
    Free,
    Hearing,
    Holding,
    Joining,
    Leaving,
    Over,
    Ring,
    Sheltered,
    Talking,
    Waiting,
)
from ivr.core.takeback import on_back, on_witnessed
from ivr.core.talking import count_talk, on_joined
from ivr.core.turn import Turn
from ivr.core.volunteer import on_duty
from ivr.core.waiting import JOIN_S, speak_of_it
from ivr.core.walk import WORDS_S, apologise


def on_surveyed(desk: Desk, news: Surveyed) -> None:
    desk.draft.say(LineUp(news.at))
    compare_volunteers(desk, news)
    for record in news.witnessed:
        on_witnessed(desk, record)
    known = set(desk.draft.calls)
    strays = set(news.talks) - talks_of(desk)
    for talk in sorted(strays):  # first: who sits alone in a room that we had left can hear no music
        desk.draft.do(EndTalk(talk))
    for call in [desk.draft.calls[each] for each in sorted(known)]:
        if call.id in news.sheltered:
            desk.tell_call(call.id, CallLeft(call.id, news.at))
        elif call.id in news.calls and isinstance(call.phase, Sheltered):
            unheard = CallBack(call.id, call.line, call.arrived_at, Reached.GREETED, news.at)
            on_back(desk, news.returned.get(call.id, unheard))
        elif call.id not in news.calls and not isinstance(call.phase, Over):
            lose(desk, call, news)  # first, so that a talk of which nobody is left was not ended by the volunteer
        for ring in call.rings:
            if ring.id not in news.rings:
                ring_is_not_there(desk, ring, news)
            elif isinstance(ring.phase, Ending):
                desk.draft.do(LetGo(ring.id, ring.phase.reason))  # the first one may never have been sent
        now = desk.draft.calls.get(call.id)
        if now is not None and now.phase is call.phase and not isinstance(now.phase, Over):
            take_up(desk, now, news)
        for ring in call.rings:
            if ring.id in news.answered:
                desk.tell_ring(RingAnswered(ring.id, news.at))
    remembered = {ring.id for call in desk.draft.calls.values() for ring in call.rings}
    for stranger in sorted(news.rings - remembered):
        desk.draft.do(LetGo(stranger, LetGoReason.OVER))
    for talk in sorted(set(news.talks) - talks_of(desk) - strays):
        desk.draft.do(EndTalk(talk))
    for stranger_call, line in news.calls.items():
        if stranger_call in known:
            continue
        if stranger_call in news.returned:
            on_back(desk, news.returned[stranger_call])
        elif line in desk.draft.lines:
            desk.arrive(stranger_call, line, news.at)
        else:
            desk.draft.do(LastResort(stranger_call))  # of a line that was taken away: never silence


def talks_of(desk: Desk) -> set[TalkId]:
    return {call.phase.talk for call in desk.draft.calls.values() if isinstance(call.phase, Joining | Talking)}


def ring_is_not_there(desk: Desk, ring: Ring, news: Surveyed) -> None:
    """Either it was never asked for, because we ended before: asked again, it costs neither caller nor volunteer their
    turn. Or it has ended, nobody knows how: the phone has not refused, and need not rest."""
    call, who = desk.draft.calls[call_of(ring.id)], desk.draft.volunteers.get(ring.volunteer)
    waits = isinstance(call.phase, Waiting) and call.id in news.calls and ring.gives_up_at > after(news.at, GRACE_S)
    if isinstance(ring.phase, Asked) and waits and who is not None and on_duty(who) and not who.elsewhere:
        line = desk.turn(call, news.at).line
        if who.group in hunt.tiers_of(desk.asked(line, news.at), desk.line(line.id).serving):
            desk.draft.do(asking(ring, line, news.at))
            return
    desk.tell_ring(RingGone(ring.id, Cause.FAILED, news.at), ours=True)
    who = desk.draft.volunteers.get(ring.volunteer)
    if who is not None and isinstance(who.phase, Free) and isinstance(ring.phase, Asked | Alerting):
        desk.put_volunteer(replace(who, rest_until=None), news.at)


def compare_volunteers(desk: Desk, news: Surveyed) -> None:
    for who in list(desk.draft.volunteers.values()):
        now = replace(who, reachable=who.id in news.reachable, elsewhere=who.id in news.engaged)
        desk.put_volunteer(now, news.at)


def lose(desk: Desk, call: Call, news: Surveyed) -> None:
    """Gone while we did not look."""
    turn = desk.turn(call, news.at)
    ended_by = EndedBy.UNKNOWN
    match call.phase:
        case Talking():
            phase = stand_unwatched(turn, call.phase)
            count_talk(turn, phase)
            turn.drop_volunteer(phase.ring, talked=True, result=RingResult.CALLER_GONE)
            turn.close_talk(phase.talk)
        case Joining():
            turn.drop_volunteer(call.phase.ring, talked=False, result=RingResult.CALLER_GONE)
            turn.close_talk(call.phase.talk)
        case Leaving():
            ended_by = call.phase.ended_by
        case Sheltered():
            unseen(turn)
            desk.save(call, turn)
            return
        case Hearing() | Choosing() | Waiting() | Holding() | Over():
            pass
        case _:
            assert_never(call.phase)
    if not isinstance(call.phase, Leaving):
        turn.fate(Outcome.LOST)
    turn.end_other_rings(LetGoReason.OVER, RingResult.CALLER_GONE)
    turn.end(ended_by)
    desk.save(call, turn)


def take_up(desk: Desk, call: Call, news: Surveyed) -> None:
    """Alive: what the phase needs is asked for again. Everything asked here may be asked twice."""
    turn = desk.turn(call, news.at)
    phase = call.phase
    if call.id in news.unanswered:
        turn.draft.do(Answer(call.id))  # before anything that they are to hear
    match phase:
        case Hearing():
            step = turn.line.flow.steps.get(phase.step)
            if isinstance(step, Say):
                say_again(turn, phase.play, turn.around.spoken(step.what))
            else:
                say_again(turn, phase.play, step.prompts if isinstance(step, PlayStep) else turn.line.technical)
            turn.go(replace(phase, due=after(news.at, WORDS_S)))
        case Choosing():
            menu = turn.line.flow.steps.get(phase.step)
            if not isinstance(menu, Menu):
                apologise(turn)
            elif phase.play is not None:
                say_again(turn, phase.play, menu.prompts)
        case Waiting():
            if phase.then_told or phase.then_not_taken:
                speak_of_it(turn, phase, (*phase.then_told, *phase.then_not_taken))
            else:
                turn.draft.do(StartMusic(call.id))
                turn.go(replace(phase, speaking=None, speaking_due=None))
        case Holding():
            turn.draft.do(StartMusic(call.id))
        case Joining() if {call.id, phase.ring} <= news.talks.get(phase.talk, frozenset()):
            on_joined(turn, phase, Joined(phase.talk, news.at))  # met while nobody listened, told to nobody
        case Joining():
            turn.join(phase.talk, phase.ring, phase.volunteer)
            turn.go(replace(phase, whisper=None, deadline=after(news.at, JOIN_S)))
        case Talking():
            if news.talks.get(phase.talk, frozenset()) < {call.id, phase.ring}:
                talk = turn.next_talk()
                turn.close_talk(phase.talk)
                turn.join(talk, phase.ring, phase.volunteer)
                turn.go(Joining(phase.step, phase.ring, phase.volunteer, talk, after(news.at, JOIN_S)))
            else:  # what was heard meanwhile nobody knows
                phase = stand_unwatched(turn, phase)
                phase = replace(phase, silent_since=None, silence_said=False, unheard=None, caller_unheard=None)
                for side in Side:
                    if sound.held_by(phase, side) is None:  # of before us; who is not heard still is noticed anew
                        turn.draft.do(Uncover(call.id, phase.ring, side))
                turn.go(phase)
                yes_no.ask(turn, phase)
        case Leaving():
            turn.draft.do(HangUp(call.id))
        case Sheltered() | Over():
            pass
        case _:
            assert_never(phase)
    desk.save(call, turn)


def say_again(turn: Turn, play: PlayId, prompts: tuple[PromptId, ...]) -> None:
    turn.draft.do(Play(turn.call.id, play, turn.language, prompts))
