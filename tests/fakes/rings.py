"""Volunteers' phones at the fake exchange: ringing, picking up, hanging up, dying.

Rules (facts of Asterisk): a ring ends by itself at its ring time; who picks up as the ring is let go is up first and
gone right after; a phone that dies is noticed only when its sound has been missing for a while.
"""

from __future__ import annotations

from collections import deque
from datetime import datetime
from typing import assert_never

from ivr.core.commands import LetGo, LetGoReason, Ring, Tell
from ivr.core.ids import PlayId, PromptId, call_of
from ivr.core.news import Cause, PlayEnded, Result, RingAlerting, RingAnswered, RingGone, RingPressed
from tests.fakes import watch
from tests.fakes.floor import Floor
from tests.fakes.legs import Leg, LegPhase, Playing
from tests.fakes.phones import Answers, AnswersAsLetGo, Busy, Declines, NeverAnswers, Unregistered, Vanished

ALERT_S = 0.02
"""From asking a phone until it says that it rings, or is busy."""
SOUND_MISSED_AFTER_S = 30.0
"""The exchange's own backstop, for want of a controller that watches."""

CAUSES = {
    LetGoReason.ELSEWHERE: Cause.ELSEWHERE,
    LetGoReason.NO_ANSWER: Cause.NO_ANSWER,
    LetGoReason.OVER: Cause.NORMAL,
}


def ring(floor: Floor, command: Ring) -> Result:
    before = floor.legs.get(command.ring)
    if before is not None and before.here:
        return Result.ALREADY
    phone = floor.phones.get(command.volunteer)
    if phone is None or not phone.registered:
        return Result.REFUSED
    latest = floor.latest.get(command.volunteer)
    if latest is not None and latest.here:
        floor.misuse.append(f"{command.volunteer} is rung twice at once")
    if before is not None:
        floor.past_legs.append(before)
    leg = Leg(command.ring, command.volunteer, phone.next_script(), floor.track(command.ring))
    floor.legs[leg.id] = floor.latest[leg.volunteer] = leg
    _begin(floor, leg, command.timeout_s)
    return Result.DONE


def _begin(floor: Floor, leg: Leg, timeout_s: float) -> None:
    def later(seconds: float, cause: Cause) -> None:
        leg.alarms.append(floor.clock.after(seconds, lambda: gone(floor, leg, cause)))

    script = leg.behaviour
    match script:
        case Busy():
            return later(ALERT_S, Cause.BUSY)
        case Vanished():
            return later(min(script.after_s, timeout_s), Cause.UNREACHABLE)
        case Answers():
            leg.alarms.append(floor.clock.after(script.after_s, lambda: pick_up(floor, leg)))
        case Declines():
            later(script.after_s, Cause.DECLINED)
        case NeverAnswers() | AnswersAsLetGo() | Unregistered():
            pass
        case _:
            assert_never(script)
    leg.alarms.append(floor.clock.after(ALERT_S, lambda: _alert(floor, leg)))
    return later(timeout_s, Cause.NO_ANSWER)


def _alert(floor: Floor, leg: Leg) -> None:
    leg.phase = LegPhase.RINGING
    floor.listen(None, leg)

    def alerting(at: datetime) -> RingAlerting:
        return RingAlerting(leg.id, at)

    floor.emit(leg.id, alerting)


def pick_up(floor: Floor, leg: Leg) -> None:
    if leg.phase not in (LegPhase.ASKED, LegPhase.RINGING):
        return
    _forget_alarms(leg)
    leg.phase = LegPhase.UP
    floor.listen(None, leg)

    def answered(at: datetime) -> RingAnswered:
        return RingAnswered(leg.id, at)

    floor.emit(leg.id, answered)
    script = leg.behaviour
    for seconds, digit in script.presses if isinstance(script, Answers) else ():
        leg.alarms.append(floor.clock.after(seconds, lambda digit=digit: press(floor, leg, digit)))  # type: ignore[misc]
    for seconds, what in script.sends if isinstance(script, Answers) else ():
        leg.alarms.append(floor.clock.after(seconds, lambda what=what: watch.sends(floor, leg, what)))  # type: ignore[misc]
    if isinstance(script, Answers) and script.hangs_up_after_s is not None:
        leg.alarms.append(floor.clock.after(script.hangs_up_after_s, lambda: gone(floor, leg, Cause.NORMAL)))
    if isinstance(script, Answers) and script.dies_after_s is not None:
        leg.alarms.append(floor.clock.after(script.dies_after_s, lambda: die(floor, leg)))


def die(floor: Floor, leg: Leg) -> None:
    """The phone sends nothing any more: battery, network, a closed laptop."""
    leg.alive = False
    floor.listen(floor.caller_with(leg), leg)
    leg.alarms.append(floor.clock.after(SOUND_MISSED_AFTER_S, lambda: gone(floor, leg, Cause.MEDIA_LOST)))


def tell(floor: Floor, command: Tell) -> Result:
    """Words for who has picked up; one after the other."""
    leg = floor.legs.get(command.ring)
    if leg is None or not leg.here:
        return Result.GONE
    if leg.phase is not LegPhase.UP or leg.leaves:
        return Result.NOT_NOW
    if command.play in leg.told:
        return Result.ALREADY
    leg.told.add(command.play)
    say(floor, leg, command.play, command.prompts)
    return Result.DONE


def say(floor: Floor, leg: Leg, play: PlayId | None, prompts: tuple[PromptId, ...]) -> None:
    leg.words.append(Playing(play, deque(prompts)))
    if len(leg.words) == 1:
        _next_word(floor, leg)


def _next_word(floor: Floor, leg: Leg) -> None:
    words = leg.words[0]
    while words.left:
        words.now = words.left.popleft()
        if words.now not in floor.prompts:
            words.missing, words.now = True, None
            continue
        leg.track.restart(floor.clock.monotonic())
        floor.listen(floor.caller_with(leg), leg)
        words.alarm = floor.clock.after(floor.prompts[words.now], lambda: _next_word(floor, leg))
        return
    _end(floor, leg, words, heard=not words.missing)


def stop(floor: Floor, leg: Leg, play: PlayId) -> Result:
    words = next((each for each in leg.words if each.id == play), None)
    if words is None:
        return Result.GONE
    _end(floor, leg, words, heard=True)
    return Result.DONE


def _end(floor: Floor, leg: Leg, words: Playing, heard: bool) -> None:
    first = words is leg.words[0]
    leg.words.remove(words)
    play = words.id
    if words.alarm is not None:
        words.alarm.cancel()
    if play is not None:
        floor.emit(leg.id, lambda at: PlayEnded(call_of(leg.id), play, heard, at))
    if first and leg.words:
        _next_word(floor, leg)
    else:
        floor.listen(floor.caller_with(leg), leg)


def hush(floor: Floor, leg: Leg) -> None:
    for words in tuple(leg.words)[::-1]:
        _end(floor, leg, words, heard=True)


def press(floor: Floor, leg: Leg, digit: str) -> None:
    if leg.phase is LegPhase.UP and leg.alive:
        caller = floor.caller_with(leg)
        if caller is not None and caller.keys_through:
            caller.keyed += 1
        floor.emit(leg.id, lambda at: RingPressed(leg.id, digit, at))


def let_go(floor: Floor, command: LetGo) -> Result:
    leg, reason = floor.legs.get(command.ring), command.reason
    if leg is None or not leg.here:
        return Result.GONE
    if command.words is not None and leg.phase is LegPhase.UP and leg.alive:
        return Result.ALREADY if leg.leaves else _goodbye(floor, leg, command.words)
    if isinstance(leg.behaviour, AnswersAsLetGo):
        pick_up(floor, leg)
        gone(floor, leg, CAUSES[reason])
    else:
        gone(floor, leg, Cause.NORMAL if leg.phase is LegPhase.UP else CAUSES[reason])
    return Result.DONE


def _goodbye(floor: Floor, leg: Leg, word: PromptId) -> Result:
    """Out of the talk, told one sentence, and then down; the caller is alone in the room at once."""
    caller = floor.caller_with(leg)
    hush(floor, leg)
    leg.leaves, leg.talk = True, None
    floor.listen(caller, leg)
    leg.alarms.append(floor.clock.after(floor.prompts.get(word, 0.0), lambda: gone(floor, leg, Cause.NORMAL)))
    say(floor, leg, None, (word,))
    return Result.DONE


def gone(floor: Floor, leg: Leg, cause: Cause) -> None:
    """The leg ends; a caller who was joined with it is alone in the room from now on."""
    if not leg.here:
        return
    floor.ends(leg.talk)
    _forget_alarms(leg)
    hush(floor, leg)
    caller = floor.caller_with(leg)
    leg.phase, leg.talk = LegPhase.GONE, None
    floor.listen(caller, leg)

    def ring_gone(at: datetime) -> RingGone:
        return RingGone(leg.id, cause, at)

    floor.emit(leg.id, ring_gone)


def _forget_alarms(leg: Leg) -> None:
    for alarm in leg.alarms:
        alarm.cancel()
    leg.alarms.clear()
