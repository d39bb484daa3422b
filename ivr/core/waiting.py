"""A call in the queue: announcements, leaving it, being picked up, and coming back to its head.

Rules: whoever picks up first wins, mid-announcement; a phone that is picked up too late is let go; a talk that does not
come about, that nobody hears, or whose phone dies, puts the caller back at the head of the queue, however often.
"""

from __future__ import annotations

from ivr.core import walk
from ivr.core.call_events import VolunteerPickedUp
from ivr.core.change import replace
from ivr.core.commands import LetGoReason, StartMusic, StopPlay
from ivr.core.decision import after
from ivr.core.facts import CallRequeued, PromptFailed
from ivr.core.flow import Enqueue
from ivr.core.ids import PromptId, StepName
from ivr.core.news import CallDue, DigitPressed, PlayEnded
from ivr.core.reasons import SERVED, Outcome, RequeueReason, RingResult
from ivr.core.state import CallPhase, Joining, Talking, Waiting
from ivr.core.turn import Turn

JOIN_S = 5.0
"""How long joining two people may take before the caller goes back to the queue."""
WHISPER_S = 4.0
"""By then the volunteer's word is over, whatever the exchange says: the two are joined."""
AGAIN_S = 10.0
"""How long an announcement waits that is due while others are heard: two of one rhythm are both heard."""
REQUEUES = 2
"""After so many returns to the head of the queue nobody is preferred for this caller any more: the owner of a phone
that fails again and again is left in peace. The caller keeps the turn for as long as the flow allows."""


def on_announced(turn: Turn, phase: Waiting, news: PlayEnded) -> None:
    """Words are over: music again."""
    if news.play != phase.speaking:
        return
    if not news.heard:
        turn.draft.say(PromptFailed(turn.call.id, turn.line.id, phase.step, turn.at))
    phase = replace(phase, speaking=None, speaking_due=None)
    if phase.then_told or phase.then_not_taken:
        speak_of_it(turn, phase, (*phase.then_told, *phase.then_not_taken))
        return
    turn.draft.do(StartMusic(turn.call.id))
    turn.go(phase)


def tell(turn: Turn, phase: Waiting, words: tuple[PromptId, ...]) -> None:
    """Something that those who wait are to hear once: now, or when the words being spoken have ended. Whoever has not
    heard of one hand-over when the line is handed back need hear of neither."""
    if phase.then_told or not words:
        turn.go(replace(phase, then_told=()))
    elif phase.speaking is not None:
        turn.go(replace(phase, then_told=words))
    else:
        speak_of_it(turn, phase, words)


def speak_of_it(turn: Turn, phase: Waiting, words: tuple[PromptId, ...]) -> None:
    play = walk.speak(turn, words)
    turn.go(replace(phase, speaking=play, speaking_due=after(turn.at, walk.WORDS_S), then_told=(), then_not_taken=()))


def tell_not_taken(turn: Turn, phase: Waiting) -> None:
    """A partner did not take the caller: they are told so once, with words and not with silence, and stay where they
    stand; words about a hand-over are not lost by it. Of a volunteer's phone nobody is told, the next one rings."""
    words = turn.line.handover.not_taken
    if not words or turn.call.told_not_taken:
        return
    turn.change(told_not_taken=True)
    if phase.speaking is None:
        speak_of_it(turn, phase, words)
    else:
        turn.go(replace(phase, then_not_taken=words))


def on_waiting_due(turn: Turn, phase: Waiting, news: CallDue) -> None:
    step = turn.line.flow.steps.get(phase.step)
    if phase.served_until is not None and news.at >= phase.served_until and isinstance(step, Enqueue):
        lead_on(turn, phase, step.closing.then if step.closing is not None else step.on_timeout)
        return
    if phase.give_up_at is not None and news.at >= phase.give_up_at and isinstance(step, Enqueue):
        lead_on(turn, phase, step.on_timeout)
        return
    if phase.speaking is not None and phase.speaking_due is not None and news.at >= phase.speaking_due:
        on_announced(turn, phase, PlayEnded(turn.call.id, phase.speaking, heard=False, at=news.at))
        return
    if isinstance(step, Enqueue):
        announce(turn, phase, step)
    else:  # the published flow no longer has this queue: they wait on, without announcements
        turn.go(replace(phase, give_up_at=None, served_until=None, announce_at=()))


def on_key(turn: Turn, phase: Waiting, news: DigitPressed) -> None:
    """Out of the queue by one's own choice: to words, or somewhere else; the place is kept for who comes back."""
    step = turn.line.flow.steps.get(phase.step)
    there = step.keys.get(news.digit) if isinstance(step, Enqueue) else None
    if there is not None:
        leave_queue(turn, phase, there)


def lead_on(turn: Turn, phase: Waiting, there: StepName) -> None:
    """Out of the queue, and not by their own choice."""
    turn.fate(Outcome.FORCED_OUT)
    leave_queue(turn, phase, there)


def leave_queue(turn: Turn, phase: Waiting, there: StepName) -> None:
    turn.end_other_rings(LetGoReason.OVER, RingResult.CALLER_GONE)
    if phase.speaking is not None:
        turn.draft.do(StopPlay(turn.call.id, phase.speaking))
    if turn.call.fate not in SERVED:
        turn.change(waited_s=turn.waited())
    walk.walk(turn, there)


def on_closed(turn: Turn, phase: Waiting) -> None:
    """The line has closed while they wait: they are told so once, and looked after for a while."""
    step = turn.line.flow.steps.get(phase.step)
    if not isinstance(step, Enqueue) or step.closing is None:
        return
    phase = replace(phase, served_until=after(turn.at, step.closing.serve_s))
    if phase.speaking is not None:
        turn.go(replace(phase, then_told=step.closing.prompts))
    else:
        speak_of_it(turn, phase, step.closing.prompts)


def on_reopened(turn: Turn, phase: Waiting) -> None:
    turn.go(replace(phase, served_until=None, then_told=()))


def announce(turn: Turn, phase: Waiting, step: Enqueue) -> None:
    """The first announcement that is due is heard; others that are due then come a little later, and are never lost."""
    due_at, turns, speaking = list(phase.announce_at), list(phase.turns), phase.speaking
    for place, announcement in enumerate(step.announcements[: len(due_at)]):
        moment = due_at[place]
        if moment is None or turn.at < moment:
            continue
        if speaking is not None:
            due_at[place] = after(turn.at, AGAIN_S)
            continue
        due_at[place] = after(turn.at, announcement.every_s) if announcement.every_s is not None else None
        words = walk.words_of(turn, announcement, turns[place])
        if words:
            speaking = walk.speak(turn, words)
            turns[place] += 1
    until = phase.speaking_due if speaking == phase.speaking else after(turn.at, walk.WORDS_S)
    turn.go(replace(phase, announce_at=tuple(due_at), turns=tuple(turns), speaking=speaking, speaking_due=until))


def on_picked_up(turn: Turn, phase: Waiting, news: VolunteerPickedUp) -> None:
    """The first wins, and cuts an announcement mid-word. The other phones ring on until the two hear each other."""
    ring = turn.ring(news.ring)
    if ring is None:
        return
    if turn.line.whisper and not ring.accept_s:  # who accepted has heard it already
        whisper = turn.tell(ring.id, turn.line.whisper)
        talk = turn.next_talk()
        turn.go(Joining(phase.step, ring.id, ring.volunteer, talk, after(turn.at, WHISPER_S), whisper))
        return
    if phase.speaking is not None:
        turn.draft.do(StopPlay(turn.call.id, phase.speaking))
    talk = turn.next_talk()
    turn.join(talk, ring.id, ring.volunteer)
    turn.go(Joining(phase.step, ring.id, ring.volunteer, talk, after(turn.at, JOIN_S)))


def on_picked_up_too_late(turn: Turn, _phase: CallPhase, news: VolunteerPickedUp) -> None:
    """Never leave them in silence."""
    ring = turn.ring(news.ring)
    if ring is not None:
        turn.end_ring(ring, LetGoReason.ELSEWHERE, RingResult.WON_BY_OTHER)


def requeue(turn: Turn, step_name: StepName, reason: RequeueReason) -> None:
    """Back to the head of the queue, with words or music: what failed was never the caller."""
    step = turn.line.flow.steps.get(step_name)
    if turn.call.fate not in SERVED:
        turn.change(waited_s=None)
    if not isinstance(step, Enqueue):
        walk.apologise(turn)
    else:
        turn.change(requeues=turn.call.requeues + 1)
        if turn.call.requeues > REQUEUES:
            turn.change(prefer=None)
        turn.draft.say(CallRequeued(turn.call.id, turn.line.id, reason, turn.at))
        lost = isinstance(turn.call.phase, Talking)  # who never heard anybody has lost nobody
        speaking = walk.speak(turn, step.back) if step.back and lost else None
        if speaking is None:
            turn.draft.do(StartMusic(turn.call.id))
        turn.go(walk.waiting(turn, step, speaking))
