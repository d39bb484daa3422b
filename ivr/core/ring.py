"""One volunteer's phone asked once for one call. One table: (phase, news) -> what becomes of the ring.

Rules: every ring ends once, with one result; who picks up is given to the call or let go; a ring that was let go stays
until the exchange confirms it, so that the same phone is not rung twice at once.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter

from ivr.core import commands, feature
from ivr.core.change import quicken, replace
from ivr.core.commands import Command, LetGo, LetGoReason
from ivr.core.decision import Nothing, after, seconds
from ivr.core.flow import Line
from ivr.core.ids import PromptId, RingId
from ivr.core.news import Cause, PhoneDead, RingAlerting, RingAnswered, RingGone, RingPressed
from ivr.core.reasons import RingResult
from ivr.core.state import Accepting, Alerting, Asked, Ending, PickedUp, Ring, RingPhase

CONFIRM_S = 2.0
"""How long a ring that was let go may take to be gone before we stop waiting for the word of it."""
GRACE_S = 2.0
"""The exchange ends a ring by itself at its ring time; this much later we do it ourselves."""
SLACK_S = 1.0
"""The exchange counts a ring's time in whole seconds, and its word takes a moment."""
FAR_S = 86_400.0 * 365
ACCEPT_KEY = "1"
ID = attrgetter("id")


@dataclass(frozen=True, slots=True)
class RingDue:
    """The ring's own deadline has come."""

    ring: RingId
    at: datetime


RingEvent = RingAlerting | RingAnswered | RingPressed | PhoneDead | RingGone | RingDue


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a ring: `ring` None when it is gone for good; `result` when it ended by this."""

    ring: Ring | None
    result: RingResult | None = None
    picked_up: bool = False
    """The volunteer is on the line and must be given to the call now."""
    asks: bool = False
    """Who picked up must hear now what to press."""
    yes_no: bool | None = None
    """Who talks has asked for answers by key, or for their end."""
    hung_up: Cause | None = None
    """A volunteer who had picked up is gone."""
    commands: tuple[Command, ...] = ()


RESULTS = {
    Cause.NORMAL: RingResult.NO_ANSWER,
    Cause.NO_ANSWER: RingResult.NO_ANSWER,
    Cause.BUSY: RingResult.BUSY,
    Cause.DECLINED: RingResult.DECLINED,
    Cause.UNREACHABLE: RingResult.UNREACHABLE,
    Cause.ELSEWHERE: RingResult.WON_BY_OTHER,
    Cause.MEDIA_LOST: RingResult.FAILED,
    Cause.FAILED: RingResult.FAILED,
}


REFUSED = frozenset({RingResult.DECLINED, RingResult.BUSY, RingResult.UNREACHABLE, RingResult.FAILED})


def refused(ring: Ring, result: RingResult | None, at: datetime) -> bool:
    """Did the phone itself say no to this ring, in whatever way? `result`: what the ring ended as by the phone's own
    doing, at `at`. Phones say 480 and 408 both for "do not disturb" and for "nobody came": it is a no when the phone
    never rang, or rang for less than half of its time."""
    if not isinstance(ring.phase, Asked | Alerting):
        return False
    if result is RingResult.NO_ANSWER:
        whole_s = seconds(ring.asked_at, ring.gives_up_at) - GRACE_S
        return seconds(ring.asked_at, at) < (whole_s / 2 if isinstance(ring.phase, Alerting) else whole_s - SLACK_S)
    return result in REFUSED


def place(rings: tuple[Ring, ...], ring: RingId) -> int | None:
    """Where it is among those of a call; None: it is gone. They were numbered one after another, so their ids grow."""
    at = bisect_left(rings, ring, key=ID)
    return at if at < len(rings) and rings[at].id == ring else None


def found(rings: tuple[Ring, ...], ring: RingId) -> Ring | None:
    at = place(rings, ring)
    return None if at is None else rings[at]


def asking(ring: Ring, line: Line, at: datetime) -> commands.Ring:
    """The phone rings for as long as the ring has left."""
    left_s = max(1, round(seconds(at, ring.gives_up_at) - GRACE_S))
    return commands.Ring(ring.id, ring.volunteer, line.id, line.name, line.number, left_s)


def let_go(
    ring: Ring, ending: Ending, at: datetime, words: PromptId | None = None, language: str = ""
) -> tuple[Ring, Command]:
    """Stop it; that it ended, and as what, is for the caller of this to say."""
    command = LetGo(ring.id, ending.reason, words, language if words is not None else "")
    return replace(ring, phase=ending, gives_up_at=after(at, CONFIRM_S)), command


def is_owed(ring: Ring) -> bool:
    """Picked up, and not written yet whether the caller heard anybody."""
    return isinstance(ring.phase, PickedUp) and ring.phase.owed


def rang_until(ring: Ring, at: datetime) -> datetime:
    """When it was picked up, or now."""
    return ring.phase.since or at if isinstance(ring.phase, PickedUp) else at


def on_alerting(ring: Ring, _news: RingAlerting) -> Verdict:
    return Verdict(replace(ring, phase=Alerting()))


def on_answered(ring: Ring, news: RingAnswered) -> Verdict:
    if ring.accept_s:
        return Verdict(replace(ring, phase=Accepting(), gives_up_at=after(news.at, ring.accept_s)), asks=True)
    return picked_up(ring, news)


def on_answered_again(ring: Ring, _news: RingAnswered) -> Verdict:
    """After a reconnect: nobody knows whether the words were heard."""
    return Verdict(ring, asks=True)


def on_pressed(ring: Ring, news: RingPressed) -> Verdict:
    """A wrong key changes nothing, for the volunteer or for the caller."""
    return picked_up(ring, news) if news.digit == ACCEPT_KEY else Verdict(ring)


def picked_up(ring: Ring, news: RingAnswered | RingPressed) -> Verdict:
    there = PickedUp(since=news.at, owed=True)
    return Verdict(replace(ring, phase=there, gives_up_at=after(news.at, FAR_S)), picked_up=True)


def on_pressed_in_talk(ring: Ring, news: RingPressed) -> Verdict:
    """A code for the house; what else is pressed is between the two."""
    phase = ring.phase
    assert isinstance(phase, PickedUp)
    now, wanted = feature.keyed(phase.keyed, news.digit, news.at)
    return Verdict(ring if now == phase.keyed else replace(ring, phase=replace(phase, keyed=now)), yes_no=wanted)


def on_answered_too_late(ring: Ring, _news: RingAnswered) -> Verdict:
    """Picked up in the very moment in which it was let go: never leave them in silence."""
    return Verdict(ring, commands=(LetGo(ring.id, LetGoReason.ELSEWHERE),))


def on_unanswered(_ring: Ring, news: RingGone) -> Verdict:
    return Verdict(None, result=RESULTS[news.cause])


def on_hung_up(_ring: Ring, news: RingGone) -> Verdict:
    return Verdict(None, hung_up=news.cause)


def on_dead(ring: Ring, news: PhoneDead) -> Verdict:
    """Nothing comes from it and it answers nothing: let go, though it may never hear so."""
    result = RingResult.FAILED if is_owed(ring) else RingResult.ANSWERED
    gone, command = let_go(ring, Ending(result, talked=False, died=True), news.at)
    return Verdict(gone, hung_up=Cause.MEDIA_LOST, commands=(command,))


def on_confirmed(_ring: Ring, _news: RingGone) -> Verdict:
    return Verdict(None)


def on_overdue(ring: Ring, news: RingDue) -> Verdict:
    """The exchange should have ended it at its ring time and did not."""
    gone, command = let_go(ring, Ending(RingResult.NO_ANSWER, False, LetGoReason.NO_ANSWER), news.at)
    return Verdict(gone, result=RingResult.NO_ANSWER, commands=(command,))


def on_never_confirmed(_ring: Ring, _news: RingDue) -> Verdict:
    return Verdict(None)


NOT_UP = Nothing("only in a talk is it looked at what a phone sends; a ring has its own deadline")

TABLE: dict[tuple[type[RingPhase], type[RingEvent]], Callable[..., Verdict] | Nothing] = {
    (Asked, RingAlerting): on_alerting,
    (Asked, RingAnswered): on_answered,
    (Asked, RingPressed): Nothing("nobody has picked up"),
    (Asked, PhoneDead): NOT_UP,
    (Asked, RingGone): on_unanswered,
    (Asked, RingDue): on_overdue,
    (Alerting, RingAlerting): Nothing("told twice: phones may send 180 as often as they like"),
    (Alerting, RingAnswered): on_answered,
    (Alerting, RingPressed): Nothing("nobody has picked up"),
    (Alerting, PhoneDead): NOT_UP,
    (Alerting, RingGone): on_unanswered,
    (Alerting, RingDue): on_overdue,
    (Accepting, RingAlerting): Nothing("overtaken by the answer"),
    (Accepting, RingAnswered): on_answered_again,
    (Accepting, RingPressed): on_pressed,
    (Accepting, PhoneDead): NOT_UP,
    (Accepting, RingGone): on_unanswered,
    (Accepting, RingDue): on_overdue,
    (PickedUp, RingAlerting): Nothing("overtaken by the answer"),
    (PickedUp, RingAnswered): Nothing("told twice, after a reconnect"),
    (PickedUp, RingPressed): on_pressed_in_talk,
    (PickedUp, PhoneDead): on_dead,
    (PickedUp, RingGone): on_hung_up,
    (PickedUp, RingDue): Nothing("a talk has no longest time"),
    (Ending, RingAlerting): Nothing("overtaken by being let go"),
    (Ending, RingAnswered): on_answered_too_late,
    (Ending, RingPressed): Nothing("let go: too late"),
    (Ending, PhoneDead): Nothing("let go: nothing is due from it any more"),
    (Ending, RingGone): on_confirmed,
    (Ending, RingDue): on_never_confirmed,
}


def step(ring: Ring, news: RingEvent) -> Verdict:
    row = TABLE[type(ring.phase), type(news)]
    return Verdict(ring) if isinstance(row, Nothing) else row(ring, news)


quicken(__name__)
