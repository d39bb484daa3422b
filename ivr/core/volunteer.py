"""A volunteer, as far as being rung is concerned. One table: (phase, news) -> the volunteer afterwards.

Rules: nobody is rung twice at once, nor while talking or wrapping up; being reachable, on duty and paused go on beside
that and change at any time; a ring that came to nothing does not cost the place in the order of the longest idle; what
is said about a volunteer follows from what has changed (`said`), whatever changed it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from ivr.core.change import quicken, replace
from ivr.core.decision import Nothing, after
from ivr.core.facts import (
    Fact,
    VolunteerBack,
    VolunteerCameOnDuty,
    VolunteerCameUp,
    VolunteerNotAnswering,
    VolunteerNotHeard,
    VolunteerRefusing,
    VolunteerTookBreak,
    VolunteerTookPause,
    VolunteerWentDown,
    VolunteerWentOffDuty,
    WrapUpEnded,
    WrapUpStarted,
)
from ivr.core.flow import Group
from ivr.core.ids import RingId, partner_of
from ivr.core.news import VolunteerDue, WrapUpDone, WrapUpProlonged
from ivr.core.reasons import PauseKind, RingResult
from ivr.core.state import BeingRung, Free, InTalk, Pause, Volunteer, VolunteerPhase, WrappingUp


@dataclass(frozen=True, slots=True)
class PhoneAsked:
    ring: RingId
    at: datetime


@dataclass(frozen=True, slots=True)
class PhonePickedUp:
    ring: RingId
    at: datetime


@dataclass(frozen=True, slots=True)
class PhoneDown:
    """The ring is gone for good; `result` is what it ended as, `talked` whether caller and volunteer talked."""

    ring: RingId
    result: RingResult
    talked: bool
    at: datetime
    died: bool = False
    """No sound came any more: it was not the volunteer who ended it."""
    ours: bool = False
    """It failed because of us."""
    refused: bool = False
    """The phone said no to the ring (`ring.refused`); what was our own doing is none."""


DEAD_S = 8.0
"""By then the exchange knows whether a phone that fell silent is still there (it asks every 5 s and waits 2 s)."""

VolunteerEvent = PhoneAsked | PhonePickedUp | PhoneDown | WrapUpDone | WrapUpProlonged | VolunteerDue

TIRING = frozenset(
    {RingResult.NO_ANSWER, RingResult.DECLINED, RingResult.BUSY, RingResult.UNREACHABLE, RingResult.FAILED}
)
"""After these the phone is left alone for the group's `rest_s`."""
ENGAGED = (BeingRung, InTalk)
LEAST_REST_S = 1.0
"""Also where the group rests for less: a phone that refuses at once would be rung a hundred times a second."""
SOUNDLESS_REST_S = (10.0, 60.0)
"""How long a volunteer who was not heard is left alone at least: the first time until they have heard so and may have
looked at the microphone, the second time in a row for long enough to mend it. The next time they are paused."""


def on_asked(who: Volunteer, phase: Free, news: PhoneAsked, _group: Group | None) -> Volunteer:
    return replace(who, phase=BeingRung(news.ring, phase.since), rest_until=None, asked_at=news.at)


def on_picked_up(who: Volunteer, _phase: BeingRung, news: PhonePickedUp, _group: Group | None) -> Volunteer:
    return replace(who, phase=InTalk(news.ring), unanswered=0)


def on_ring_over(who: Volunteer, phase: BeingRung, news: PhoneDown, group: Group | None) -> Volunteer:
    if phase.ring != news.ring:
        return who
    tiring = news.result in TIRING and not declines(who)  # who comes back from a pause has said that they are ready
    rest = max(group.rest_s, LEAST_REST_S) if group is not None and tiring else 0.0
    now = replace(who, phase=Free(phase.since), rest_until=after(news.at, rest) if rest else None)
    now = replace(now, unanswered=0) if news.result is RingResult.DECLINED else now  # somebody is there
    ours = group if partner_of(who.id) is None else None  # nobody could end a partner's pause
    if news.refused:
        return count_refused(now, news.at, ours.refusals if ours is not None and tiring and who.reachable else 0)
    if news.result is RingResult.NO_ANSWER:
        rang = replace(now, refused=0)  # and so refuses nothing any more
        return count_unanswered(rang, news.at, ours.auto_pause if ours is not None else 0)
    return now


def count_refused(who: Volunteer, at: datetime, most: int) -> Volunteer:
    """One more, of a phone that is there; it is left alone when it was the last one allowed (0: any number)."""
    if not most or who.pause is not None:
        return who
    if who.refused + 1 < most:
        return replace(who, refused=who.refused + 1)
    return replace(cleared(who), pause=Pause(None, at, PauseKind.REFUSING))


def count_unanswered(who: Volunteer, at: datetime, most: int) -> Volunteer:
    """One more in a row; nobody seems to be at that phone when it was the last one allowed (0: any number)."""
    count = who.unanswered + 1
    if not most or count < most or who.pause is not None:
        return replace(who, unanswered=count)
    return replace(who, unanswered=0, pause=Pause(None, at, PauseKind.UNANSWERED))


def on_talk_over(who: Volunteer, phase: InTalk, news: PhoneDown, group: Group | None) -> Volunteer:
    if phase.ring != news.ring:
        return who
    unheard = news.result is RingResult.FAILED and not (news.talked or news.ours)
    if unheard and partner_of(who.id) is None:
        least = max(group.rest_s if group is not None else 0.0, DEAD_S if news.died else 0.0)
        return count_soundless(replace(who, phase=Free(news.at)), news.at, least)
    if news.died:  # rung in vain until it is known whether the phone is still there; and there is a talk to go on with
        return replace(who, phase=Free(news.at), rest_until=after(news.at, DEAD_S))
    wrap_up = group.wrap_up_s if group is not None and news.talked else 0.0
    return replace(who, phase=WrappingUp(after(news.at, wrap_up)) if wrap_up else Free(news.at))


def count_soundless(who: Volunteer, at: datetime, least_rest_s: float) -> Volunteer:
    """Picked up and not heard, once more: whoever waits has nothing from that, however often it is tried."""
    count = who.soundless
    if count < len(SOUNDLESS_REST_S) or who.pause is not None:
        rest_s = max(SOUNDLESS_REST_S[min(count, len(SOUNDLESS_REST_S) - 1)], least_rest_s)
        return replace(who, soundless=count + 1, rest_until=after(at, rest_s))
    return replace(cleared(who), pause=Pause(None, at, PauseKind.NO_SOUND))


def cleared(who: Volunteer) -> Volunteer:
    """A talk of theirs stood, or they have said that they are there: what their phone did before is held against
    nobody."""
    return replace(who, unanswered=0, refused=0, soundless=0)


def on_rested(who: Volunteer, _phase: Free, news: VolunteerDue, _group: Group | None) -> Volunteer:
    if who.rest_until is None or who.rest_until > news.at:
        return who
    return replace(who, rest_until=None)


def on_wrapped_up(who: Volunteer, phase: WrappingUp, news: VolunteerDue, _group: Group | None) -> Volunteer:
    return replace(who, phase=Free(news.at)) if phase.until <= news.at else who


def on_done(who: Volunteer, _phase: WrappingUp, news: WrapUpDone, _group: Group | None) -> Volunteer:
    return replace(who, phase=Free(news.at))


def on_longer(who: Volunteer, phase: WrappingUp, news: WrapUpProlonged, _group: Group | None) -> Volunteer:
    return replace(who, phase=WrappingUp(after(max(phase.until, news.at), news.seconds)))


def on_asked_too_late(who: Volunteer, _phase: Free, news: WrapUpProlonged, _group: Group | None) -> Volunteer:
    """The time was over a moment ago: they are not ready all the same."""
    return replace(who, phase=WrappingUp(after(news.at, news.seconds)))


TABLE: dict[tuple[type[VolunteerPhase], type[VolunteerEvent]], Callable[..., Volunteer] | Nothing] = {
    (Free, PhoneAsked): on_asked,
    (Free, PhonePickedUp): Nothing("that ring was given up for lost before it was picked up; the ring is let go"),
    (Free, PhoneDown): Nothing("that ring was given up for lost earlier"),
    (Free, WrapUpDone): Nothing("is ready already"),
    (Free, WrapUpProlonged): on_asked_too_late,
    (Free, VolunteerDue): on_rested,
    (BeingRung, PhoneAsked): Nothing("the hunt asks only who is free"),
    (BeingRung, PhonePickedUp): on_picked_up,
    (BeingRung, PhoneDown): on_ring_over,
    (BeingRung, WrapUpDone): Nothing("is ready already"),
    (BeingRung, WrapUpProlonged): Nothing("the phone rings: pick up, decline or let it ring; a pause makes it stop"),
    (BeingRung, VolunteerDue): Nothing("a ring has its own deadline"),
    (InTalk, PhoneAsked): Nothing("the hunt asks only who is free"),
    (InTalk, PhonePickedUp): Nothing("told twice, after a reconnect"),
    (InTalk, PhoneDown): on_talk_over,
    (InTalk, WrapUpDone): Nothing("the wrap-up comes after the talk, and may be ended then"),
    (InTalk, WrapUpProlonged): Nothing("the wrap-up comes after the talk, and may be prolonged then"),
    (InTalk, VolunteerDue): Nothing("a talk has no longest time"),
    (WrappingUp, PhoneAsked): Nothing("the hunt asks only who is free"),
    (WrappingUp, PhonePickedUp): Nothing("a ring from before the talk; the ring is let go"),
    (WrappingUp, PhoneDown): Nothing("a ring from before the talk"),
    (WrappingUp, WrapUpDone): on_done,
    (WrappingUp, WrapUpProlonged): on_longer,
    (WrappingUp, VolunteerDue): on_wrapped_up,
}


def step(who: Volunteer, news: VolunteerEvent, group: Group | None) -> Volunteer:
    """`group` is None when the plan no longer has it."""
    row = TABLE[type(who.phase), type(news)]
    return who if isinstance(row, Nothing) else row(who, who.phase, news, group)


def on_duty(who: Volunteer) -> bool:
    """Free or not, can be counted on."""
    doubted = who.doubt is not None and who.doubt.until is not None
    return who.reachable and not who.off_duty and who.pause is None and not who.leaving and not doubted


def declines(who: Volunteer) -> bool:
    """Has said, or somebody for them, that they are not to be rung now."""
    return who.pause is not None or who.off_duty or who.leaving


def engaged(who: Volunteer) -> bool:
    """Is a ring or a talk of theirs under way?"""
    return isinstance(who.phase, ENGAGED)


def may_be_rung(who: Volunteer) -> bool:
    return isinstance(who.phase, Free) and on_duty(who) and who.rest_until is None and not who.elsewhere


def due(who: Volunteer) -> datetime | None:
    """The next moment at which this volunteer changes by itself."""
    moments = [who.doubt.until if who.doubt is not None else None]
    if isinstance(who.phase, WrappingUp):
        moments.append(who.phase.until)
    elif isinstance(who.phase, Free):
        moments.append(who.rest_until)
    return min((moment for moment in moments if moment is not None), default=None)


def said(before: Volunteer, now: Volunteer, at: datetime) -> tuple[Fact, ...]:
    """Everything that is to be said about the change."""
    facts: list[Fact] = []
    if now.reachable is not before.reachable:
        facts.append((VolunteerCameUp if now.reachable else VolunteerWentDown)(now.id, at))
    if now.off_duty is not before.off_duty:
        facts.append((VolunteerWentOffDuty if now.off_duty else VolunteerCameOnDuty)(now.id, at))
    if now.pause != before.pause:
        facts.append(about_pause(now, at))
    if isinstance(now.phase, WrappingUp):
        if now.phase != before.phase:
            facts.append(WrapUpStarted(now.id, now.phase.until, at))
    elif isinstance(before.phase, WrappingUp):
        facts.append(WrapUpEnded(now.id, at))
    return tuple(facts)


def about_pause(who: Volunteer, at: datetime) -> Fact:
    if who.pause is None:
        return VolunteerBack(who.id, at)
    match who.pause.kind:
        case PauseKind.OWN:
            return VolunteerTookPause(who.id, who.pause.reason, at)
        case PauseKind.BREAK:
            return VolunteerTookBreak(who.id, at)
        case PauseKind.UNANSWERED:
            return VolunteerNotAnswering(who.id, at)
        case PauseKind.REFUSING:
            return VolunteerRefusing(who.id, at)
        case PauseKind.NO_SOUND:
            return VolunteerNotHeard(who.id, at)
        case _:
            assert_never(who.pause.kind)


quicken(__name__)
