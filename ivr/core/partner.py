"""A partner that does not take our callers: they keep their places, but not for ever, and it is not rung for ever.

Rules: all places of a partner are one house, so they rest and are doubted together; a caller whom it did not take hears
so, and after `TRIES` is led on if nobody of ours is on duty for them; a partner that takes nobody `FAILURES` times in a
row counts as not there for `DOUBT_S`, and what holds for a side with nobody there holds for it. Not taken while it
talks with another of our callers, it has only no more room; a ring that we failed ourselves is held against nobody.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from ivr.core import hunt, waiting
from ivr.core.board import rings
from ivr.core.change import replace
from ivr.core.decision import after
from ivr.core.facts import PartnerFailing, PartnerTriedAgain
from ivr.core.flow import Enqueue
from ivr.core.ids import VolunteerId, partner_of
from ivr.core.ring import Verdict
from ivr.core.state import Call, Doubt, Free, InTalk, Joining, Ring, Talking, Volunteer, Waiting
from ivr.core.turn import Turn
from ivr.core.volunteer import TIRING

if TYPE_CHECKING:
    from ivr.core.desk import Desk

TRIES = 3
"""So often a partner is tried for one caller."""
REST_S = 10.0
"""Also where its group rests for less: three tries in three seconds would be none."""
FAILURES = 3
"""After so many in a row it counts as not there."""
DOUBT_S = 300.0
"""For so long; then one more failure is enough."""


def places_of(desk: Desk, partner: str) -> list[Volunteer]:
    return [who for who in desk.draft.volunteers.values() if partner_of(who.id) == partner]


def came_to_nothing(before: Call, ring: Ring, verdict: Verdict) -> bool:
    """Was this a ring of a partner's that did not become a talk which stands? `before`: the call when it was told."""
    if partner_of(ring.volunteer) is None:
        return False
    if verdict.result is not None:
        return verdict.result in TIRING
    phase = before.phase
    if verdict.hung_up is None or not isinstance(phase, Joining | Talking) or phase.ring != ring.id:
        return False
    return isinstance(phase, Joining) or phase.stands_at is not None


def refused(desk: Desk, before: Call, ring: Ring, at: datetime) -> None:
    partner = partner_of(ring.volunteer)
    places = places_of(desk, partner) if partner is not None else []
    full = any(isinstance(who.phase, InTalk) and who.id != ring.volunteer for who in places)
    if partner is not None:
        leave_alone(desk, partner, ring, full, at)
    call = desk.draft.calls.get(before.id)
    if call is not None:
        turn = desk.turn(call, at)
        if not rings(call):  # places that ring side by side are one try
            turn.change(refused=call.refused + (not full))
            if isinstance(turn.call.phase, Waiting):
                go_on(desk, turn, turn.call.phase)
        desk.save(call, turn)


def go_on(desk: Desk, turn: Turn, phase: Waiting) -> None:
    """They keep their place and hear so; after too many times they go the way of a queue with nobody there."""
    line, step = desk.draft.plan.lines[turn.call.line], turn.line.flow.steps.get(phase.step)
    tiers = hunt.tiers_of(desk.asked(line, turn.at), desk.line(line.id).serving)
    alone = not any(who.group in tiers and hunt.counts(who, line.id) for who in desk.draft.volunteers.values())
    if turn.call.refused >= TRIES and alone and isinstance(step, Enqueue):
        waiting.lead_on(turn, phase, step.on_nobody_left or step.on_nobody)
    else:
        waiting.tell_not_taken(turn, phase)


def leave_alone(desk: Desk, partner: str, ring: Ring, full: bool, at: datetime) -> None:
    """All its places rest; rings that went on side by side failed once."""
    places = places_of(desk, partner)
    doubt = next((who.doubt for who in places), None)
    if not full and (doubt is None or doubt.at < ring.asked_at):
        failed = (doubt.failed if doubt is not None else 0) + 1
        until = doubt.until if doubt is not None else None
        if failed >= FAILURES and until is None:
            until = after(at, DOUBT_S)
            desk.draft.say(PartnerFailing(partner, failed, until, at))
        doubt = Doubt(failed, at, until)
    for who in places:
        group = desk.draft.plan.groups.get(who.group)
        rest_until = after(at, max(group.rest_s, REST_S)) if group is not None else who.rest_until
        free = isinstance(who.phase, Free)
        desk.draft.put_volunteer(replace(who, doubt=doubt, rest_until=rest_until if free else who.rest_until))


def trusted(desk: Desk, who: VolunteerId) -> None:
    """It has taken a caller."""
    partner = partner_of(who)
    for place in places_of(desk, partner) if partner is not None else ():
        desk.draft.put_volunteer(replace(place, doubt=None))


def trust_again(desk: Desk, who: Volunteer, at: datetime) -> None:
    """The time is over in which it counted as not there."""
    partner = partner_of(who.id)
    if partner is None or who.doubt is None or who.doubt.until is None or who.doubt.until > at:
        return
    for place in places_of(desk, partner):
        desk.draft.put_volunteer(replace(place, doubt=replace(who.doubt, failed=FAILURES - 1, until=None)))
    desk.draft.say(PartnerTriedAgain(partner, at))
