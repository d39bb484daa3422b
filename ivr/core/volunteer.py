"""A volunteer, as far as being rung is concerned. One table: (phase, news) -> the volunteer afterwards.

Rules: nobody is rung twice at once, nor while talking or wrapping up; being reachable and being paused go on beside
that and change at any time; a ring that came to nothing does not cost the place in the order of the longest idle.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from ivr.core.decision import Nothing, after
from ivr.core.facts import RingResult
from ivr.core.flow import Group
from ivr.core.ids import RingId
from ivr.core.news import VolunteerDue
from ivr.core.state import BeingRung, Free, InTalk, Volunteer, VolunteerPhase, WrappingUp


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
    """The ring is gone for good; `result` is what it ended as, `talked` whether caller and volunteer were joined."""

    ring: RingId
    result: RingResult
    talked: bool
    at: datetime


VolunteerEvent = PhoneAsked | PhonePickedUp | PhoneDown | VolunteerDue

TIRING = frozenset(
    {RingResult.NO_ANSWER, RingResult.DECLINED, RingResult.BUSY, RingResult.UNREACHABLE, RingResult.FAILED}
)
"""After these the phone is left alone for the group's `rest_s`."""


def on_asked(who: Volunteer, phase: Free, news: PhoneAsked, _group: Group | None) -> Volunteer:
    return replace(who, phase=BeingRung(news.ring, phase.since), rest_until=None)


def on_picked_up(who: Volunteer, _phase: BeingRung, news: PhonePickedUp, _group: Group | None) -> Volunteer:
    return replace(who, phase=InTalk(news.ring))


def on_ring_over(who: Volunteer, phase: BeingRung, news: PhoneDown, group: Group | None) -> Volunteer:
    if phase.ring != news.ring:
        return who
    rest = group.rest_s if group is not None and news.result in TIRING else 0.0
    return replace(who, phase=Free(phase.since), rest_until=after(news.at, rest) if rest else None)


def on_talk_over(who: Volunteer, phase: InTalk, news: PhoneDown, group: Group | None) -> Volunteer:
    if phase.ring != news.ring:
        return who
    wrap_up = group.wrap_up_s if group is not None and news.talked else 0.0
    return replace(who, phase=WrappingUp(after(news.at, wrap_up)) if wrap_up else Free(news.at))


def on_rested(who: Volunteer, _phase: Free, news: VolunteerDue, _group: Group | None) -> Volunteer:
    if who.rest_until is None or who.rest_until > news.at:
        return who
    return replace(who, rest_until=None)


def on_wrapped_up(who: Volunteer, phase: WrappingUp, news: VolunteerDue, _group: Group | None) -> Volunteer:
    return replace(who, phase=Free(news.at)) if phase.until <= news.at else who


TABLE: dict[tuple[type[VolunteerPhase], type[VolunteerEvent]], Callable[..., Volunteer] | Nothing] = {
    (Free, PhoneAsked): on_asked,
    (Free, PhonePickedUp): Nothing("that ring was given up for lost before it was picked up; the ring is let go"),
    (Free, PhoneDown): Nothing("that ring was given up for lost earlier"),
    (Free, VolunteerDue): on_rested,
    (BeingRung, PhoneAsked): Nothing("the hunt asks only who is free"),
    (BeingRung, PhonePickedUp): on_picked_up,
    (BeingRung, PhoneDown): on_ring_over,
    (BeingRung, VolunteerDue): Nothing("a ring has its own deadline"),
    (InTalk, PhoneAsked): Nothing("the hunt asks only who is free"),
    (InTalk, PhonePickedUp): Nothing("told twice, after a reconnect"),
    (InTalk, PhoneDown): on_talk_over,
    (InTalk, VolunteerDue): Nothing("a talk has no longest time"),
    (WrappingUp, PhoneAsked): Nothing("the hunt asks only who is free"),
    (WrappingUp, PhonePickedUp): Nothing("a ring from before the talk; the ring is let go"),
    (WrappingUp, PhoneDown): Nothing("a ring from before the talk"),
    (WrappingUp, VolunteerDue): on_wrapped_up,
}


def step(who: Volunteer, news: VolunteerEvent, group: Group | None) -> Volunteer:
    """`group` is None when the plan no longer has it."""
    row = TABLE[type(who.phase), type(news)]
    return who if isinstance(row, Nothing) else row(who, who.phase, news, group)


def on_duty(who: Volunteer) -> bool:
    return who.reachable and who.pause is None and not who.leaving


def engaged(who: Volunteer) -> bool:
    """Is a ring or a talk of theirs under way?"""
    return isinstance(who.phase, BeingRung | InTalk)


def may_be_rung(who: Volunteer) -> bool:
    return isinstance(who.phase, Free) and on_duty(who) and who.rest_until is None and not who.elsewhere


def due(who: Volunteer) -> datetime | None:
    """The next moment at which this volunteer changes by itself."""
    if isinstance(who.phase, WrappingUp):
        return who.phase.until
    return who.rest_until if isinstance(who.phase, Free) else None
