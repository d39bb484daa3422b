"""The couplings between calls, rings, volunteers and lines within one step.

Rules: a call's machine sees one call; what follows from it for queue, volunteers and hunt is done here, always the same
way, so that it cannot be forgotten in a row of a table.
"""

from __future__ import annotations

from datetime import datetime
from itertools import chain

from ivr.core import call as call_machine
from ivr.core import desertion, handover, hunt, partner, queue, waiting, walk
from ivr.core import ring as ring_machine
from ivr.core import volunteer as volunteer_machine
from ivr.core.board import ONE_BY_ONE, RINGING
from ivr.core.call_events import CallEvent, VolunteerGone, VolunteerPickedUp, YesNoWanted
from ivr.core.chain import Chain
from ivr.core.change import replace
from ivr.core.commands import Answer, LetGo, LetGoReason
from ivr.core.decision import after, length
from ivr.core.draft import Draft
from ivr.core.facts import CallStarted, RingStarted, ServiceChanged, VolunteerLeftHouse
from ivr.core.feature import PRESS_ONE
from ivr.core.flow import Line, Plan
from ivr.core.hours import NightBy, Service, Timetable
from ivr.core.hunt import Plea
from ivr.core.ids import CallId, LineId, RingId, VolunteerId, call_of, ring_id
from ivr.core.news import Cause, RingAnswered
from ivr.core.reasons import Outcome, RingResult, SwitchedBy
from ivr.core.roster import Roster, calls_today, day_of
from ivr.core.state import (
    Asked,
    BeingRung,
    Call,
    Ending,
    Hearing,
    Joining,
    LineState,
    Over,
    PickedUp,
    Sheltered,
    Talking,
    Volunteer,
    Waiting,
)
from ivr.core.state import Ring as RingState
from ivr.core.surroundings import Surroundings
from ivr.core.turn import Turn
from ivr.core.volunteer import PhoneAsked, PhoneDown, PhonePickedUp, VolunteerEvent

ASKED_TIMES = 3
"""How often who picked up is told what to press: more than there is time for, so that there is no silence."""

Found = tuple[Plea, Waiting, tuple[VolunteerId, ...]]
"""A caller, how far the hunt for them has come, and whom to ring now."""


class Desk:
    """One step's hands: everything it does is written on the draft."""

    def __init__(self, draft: Draft) -> None:
        self.draft = draft

    # ------------------------------------------------------------ lines

    def timetable(self, line: LineId) -> Timetable:
        return self.draft.timetables[line]

    def line(self, line: LineId) -> LineState:
        return self.draft.lines[line]

    def put_line(self, now: LineState, at: datetime, by_hand: bool) -> None:
        """Keep the line as it is now; a change of service is said, and the hunt for those who wait begins anew."""
        before = self.draft.lines.get(now.id)
        self.draft.put_line(now)
        if before is None or before.service is not now.service:
            self.draft.say(ServiceChanged(now.id, now.service, by_hand, at))
        if before is not None and before.serving is not now.serving:
            for place in now.queue:
                call = self.draft.calls[place]
                if isinstance(call.phase, Waiting):
                    fresh = replace(call.phase, tier=0, round=0, tried=frozenset())
                    since = call.queued_at or call.arrived_at
                    fresh = hunt.widened(fresh, self.draft.plan.lines[call.line], now.serving, since, at)
                    self.draft.put_call(replace(call, phase=fresh))
        if before is not None and (before.service is None) is not (now.service is None):
            self.open_or_close(now, at)

    def open_or_close(self, line: LineState, at: datetime) -> None:
        """Those who wait are told that the line has closed; or it has opened again, and they wait as before."""
        for waits in line.queue:
            call = self.draft.calls[waits]
            if isinstance(call.phase, Waiting):
                turn = self.turn(call, at)
                (waiting.on_closed if line.service is None else waiting.on_reopened)(turn, call.phase)
                self.save(call, turn)

    def watch_over_queues(self, at: datetime) -> None:
        """Since when those who wait on a line have nobody who is on duty for them. That cannot change where nobody came
        on duty or went, no line is another than it was, and no hand-over is on its way."""
        moved = self.draft.changed_duty or self.draft.changed_lines
        for line in self.draft.lines.values():
            if (not moved and line.passage is None) or (not line.queue and line.unattended_at is None):
                continue
            alone = bool(line.queue) and not self.somebody(self.line_of(self.draft.calls[line.queue[0]])[1], at)
            if alone is (line.unattended_at is None):
                self.draft.put_line(replace(line, unattended_at=at if alone else None))

    def lead_on_deserted(self, line: LineId, at: datetime) -> None:
        """Those for whom nobody has been there for too long are told so."""
        for moment, call, step in list(desertion.deserted(self.draft, self.line(line))):
            if moment <= at and isinstance(call.phase, Waiting) and step.on_nobody_left is not None:
                turn = self.turn(call, at)
                waiting.lead_on(turn, call.phase, step.on_nobody_left)
                self.save(call, turn)

    def settle_line(self, line: LineId, at: datetime, by_hand: bool = False) -> None:
        """The line as it is at the moment; if it is handed over, those who wait hear so."""
        before = self.line(line)
        rules = self.staffed(self.draft.plan.lines[line], self.timetable(line).by_night(at))

        def there(service: Service) -> bool:
            return hunt.somebody(rules, service, self.draft.roster())

        settled = handover.settle(before, self.timetable(line), rules.handover, there, at)
        self.draft.say(*settled.said)
        self.put_line(settled.line, at, by_hand)
        now = settled.line.service
        if now is None or before.service is None or now is before.service:
            return
        for place in settled.line.queue:
            turn = self.turn(self.draft.calls[place], at)
            if isinstance(turn.call.phase, Waiting):
                waiting.tell(turn, turn.call.phase, turn.line.handover.words.get(now, ()))
                self.draft.put_call(turn.call)

    def staffed(self, line: Line, night_by: NightBy) -> Line:
        return handover.staffed(line, night_by, self.draft.plan, self.draft.lines)

    def asked(self, line: Line, at: datetime) -> Line:
        """The line with the groups that may be asked now."""
        state = self.line(line.id)
        return handover.asked(self.staffed(line, state.night_by), state, self.draft.roster(), at)

    def somebody(self, line: Line, at: datetime) -> bool:
        """Is anybody on duty of those who may be asked now?"""
        return hunt.somebody(self.asked(line, at), self.line(line.id).serving, self.draft.roster())

    def settle_lines(self, at: datetime) -> None:
        """After anything that may concern a hand-over: who is on duty, and who waits still. Also because a line that
        has been written is asked anew when it is due next, and a moment that has come must not be lost by that."""
        for line, state in self.draft.lines.items():  # as they were: settling one writes no other
            if self.draft.changed_duty or self.draft.changed(line) or state.passage is not None:
                self.settle_line(line, at)

    # ------------------------------------------------------------ calls

    def turn(self, call: Call, at: datetime) -> Turn:
        plan, line = self.line_of(call)
        return Turn(self.draft, call, line, Surroundings(self, plan, line, at), at)

    def line_of(self, call: Call) -> tuple[Plan, Line]:
        """As of the plan that the call goes by."""
        plan = self.draft.older.get(call.version, self.draft.plan)
        return plan, plan.lines.get(call.line) or self.draft.plan.lines[call.line]

    def arrive(self, call: CallId, line: LineId, at: datetime) -> None:
        """A caller nobody knew: answered and led into the line's callflow."""
        self.settle_line(line, at)
        self.draft.say(CallStarted(call, line, at))
        self.draft.do(Answer(call))
        fresh = Call(call, line, at, Hearing(walk.TECHNICAL, walk.NO_PLAY, at), Outcome.ENDED_IN_MENU)
        fresh = replace(fresh, version=self.draft.plan.version)
        turn = self.turn(fresh, at)
        walk.walk(turn, turn.line.flow.start)
        self.save(None, turn)

    def tell_call(self, call: CallId, news: CallEvent) -> None:
        known = self.draft.calls.get(call)
        if known is None:
            return  # forgotten: all was said about it
        turn = self.turn(known, news.at)
        call_machine.step(turn, news)
        self.save(known, turn)

    def save(self, before: Call | None, turn: Turn) -> None:
        """Keep the call, and what follows from it for its queue; forget it when nothing of it is left."""
        now = turn.call
        if before is not None and before.line != now.line:
            before = self.leave_line(before, now)
        line = self.line(now.line)
        order = queue.follow(line.queue, before, now, self.draft.calls)
        came = queue.queued(now.phase) and (before is None or not queue.queued(before.phase))
        if came:
            order, now = self.take_place(before, now, order, turn.at)
            self.draft.say(walk.queued_fact(turn, queue.position(order, now, self.draft.calls)))
        if order is not line.queue:
            self.draft.put_line(replace(line, queue=order))
        if isinstance(now.phase, Waiting):
            since = now.queued_at or now.arrived_at
            phase = hunt.widened(now.phase, self.draft.plan.lines[now.line], line.serving, since, turn.at)
            now = replace(now, phase=phase) if phase is not now.phase else now
        if turn.talked_s is not None:
            state = self.line(turn.line.id)
            self.draft.put_line(replace(state, talks_s=(*state.talks_s, turn.talked_s)[-queue.LAST_TALKS :]))
        if turn.answered_by is not None:
            self.count_answer(turn.answered_by, turn.at)
        if isinstance(now.phase, Over) and not now.rings:
            if before is not None:
                self.draft.forget_call(now.id)
                self.forget_plan(now.version)
        else:
            self.draft.put_call(now)

    def take_place(
        self, before: Call | None, now: Call, order: Chain[CallId], at: datetime
    ) -> tuple[Chain[CallId], Call]:
        """Who has just come to stand in a queue stands where they should."""
        calls = self.draft.calls
        if order[-1] == now.id and len(order) > 1:
            back = before is not None and isinstance(before.phase, Sheltered)
            if back or (now.rank is None and now.queued_at is not None and now.queued_at < at):
                order = queue.by_moment(order, now, calls)
            elif now.rank is not None:
                order = queue.by_rank(order, now, calls)
        for call, rank in list(queue.ranked(order, now, calls)):
            if call == now.id:
                now = replace(now, rank=rank)
            else:
                self.draft.put_call(replace(calls[call], rank=rank))
        return order, now

    def leave_line(self, before: Call, now: Call) -> Call:
        """A call that moved gives its place up in the old line's queue, and comes to the new line as anybody does."""
        left = self.line(before.line)
        if now.id in left.queue:
            self.draft.put_line(replace(left, queue=queue.without(left.queue, before, self.draft.calls)))
        return replace(before, line=now.line, phase=Over(), requeues=now.requeues)

    def forget_plan(self, version: str) -> None:
        """An older plan is kept as long as a call goes by it."""
        if version in self.draft.older and not any(call.version == version for call in self.draft.calls.values()):
            self.draft.older = self.draft.older.delete(version)

    # ------------------------------------------------------------ rings

    def tell_ring(self, event: ring_machine.RingEvent, ours: bool = False) -> None:
        """`ours`: if it ended, it was we who failed and not the phone."""
        known = self.draft.calls.get(call_of(event.ring))
        ring = ring_machine.found(known.rings, event.ring) if known is not None else None
        if known is None or ring is None:
            if isinstance(event, RingAnswered):
                self.draft.do(LetGo(event.ring, LetGoReason.OVER))  # nobody knows what for: not left in silence
            return
        verdict = ring_machine.step(ring, event)
        self.draft.do(*verdict.commands)
        turn = self.turn(known, event.at)
        if verdict.ring is not None:
            if verdict.hung_up is not None and ring_machine.is_owed(ring):
                turn.ring_ended(ring, RingResult.FAILED)
            turn.put_ring(verdict.ring)
        if verdict.result is not None:
            turn.ring_ended(ring, verdict.result)
        if verdict.asks:
            turn.tell(event.ring, (*turn.line.whisper, PRESS_ONE) * ASKED_TIMES)
        if verdict.picked_up:
            call_machine.step(turn, VolunteerPickedUp(event.ring, event.at))
            if isinstance(turn.call.phase, Joining) and turn.call.phase.ring == event.ring:
                self.tell_volunteer(ring.volunteer, PhonePickedUp(event.ring, event.at))
        if verdict.yes_no is not None:
            call_machine.step(turn, YesNoWanted(event.ring, verdict.yes_no, SwitchedBy.VOLUNTEER, event.at))
        stood = False
        if verdict.hung_up is not None:
            call_machine.step(turn, VolunteerGone(event.ring, verdict.hung_up, event.at))
            there = turn.ring(event.ring)
            stood = there is not None and isinstance(there.phase, PickedUp) and not there.phase.owed
            turn.write_pick_up(event.ring, RingResult.FAILED)
        if verdict.ring is None:
            turn.forget_ring(event.ring)
        self.save(known, turn)
        if verdict.ring is None:
            came_to = RingResult.ANSWERED if stood else verdict.result or RingResult.FAILED
            self.phone_down(known, ring, verdict, came_to, event.at, ours)
        if not (ours or stood) and partner.came_to_nothing(known, ring, verdict):
            partner.refused(self, known, ring, event.at)

    def phone_down(
        self,
        before: Call,
        ring: RingState,
        verdict: ring_machine.Verdict,
        came_to: RingResult,
        at: datetime,
        ours: bool,
    ) -> None:
        """The ring is gone for good: the volunteer can be rung again, or wraps up after a talk."""
        phase = ring.phase
        if isinstance(phase, Ending):
            down = PhoneDown(ring.id, phase.result, phase.talked, at, phase.died, phase.ours)
        else:
            with_caller = isinstance(before.phase, Talking) and before.phase.ring == ring.id
            talked = with_caller and came_to is RingResult.ANSWERED
            died = verdict.hung_up is Cause.MEDIA_LOST
            refused = not ours and ring_machine.refused(ring, verdict.result, at)
            down = PhoneDown(ring.id, came_to, talked, at, died, ours, refused)
        self.tell_volunteer(ring.volunteer, down)

    # ------------------------------------------------------------ volunteers

    def tell_volunteer(self, who: VolunteerId, event: VolunteerEvent) -> None:
        known = self.draft.volunteers.get(who)
        if known is None:
            return
        now = volunteer_machine.step(known, event, self.draft.plan.groups.get(known.group))
        self.put_volunteer(now, event.at)

    def count_answer(self, who: VolunteerId, at: datetime) -> None:
        """One more answered call today, once for each; and what their phone did before is made up for."""
        known = self.draft.volunteers.get(who)
        if known is not None:
            partner.trusted(self, who)
            known, day = volunteer_machine.cleared(self.draft.volunteers[who]), day_of(at)
            self.draft.put_volunteer(replace(known, answered=calls_today(known, day) + 1, answered_on=day))

    def put_volunteer(self, now: Volunteer, at: datetime) -> None:
        """Keep the volunteer, and say what has changed; one who was removed while on the phone is forgotten when that
        is over."""
        before = self.draft.volunteers.get(now.id)
        if before is not None:
            self.draft.say(*volunteer_machine.said(before, now, at))
        if now.leaving and not volunteer_machine.engaged(now):
            self.draft.forget_volunteer(now.id)
            self.draft.say(VolunteerLeftHouse(now.id, at))
        else:
            self.draft.put_volunteer(now)
        if isinstance(now.phase, BeingRung) and volunteer_machine.declines(now):
            self.withdraw(now.phase.ring, at)

    def withdraw(self, ring: RingId, at: datetime) -> None:
        """The phone of somebody who is not to be rung any more stops, so that the caller need not wait for it to."""
        call = self.draft.calls.get(call_of(ring))
        there = ring_machine.found(call.rings, ring) if call is not None else None
        if call is not None and there is not None and isinstance(there.phase, RINGING):
            turn = self.turn(call, at)
            turn.end_ring(there, LetGoReason.ELSEWHERE, RingResult.DECLINED)
            self.save(call, turn)

    # ------------------------------------------------------------ the hunt

    def hunt(self, at: datetime) -> None:
        """Ring who can be rung, for those first who are to be looked after first."""
        while self.draft.roster().anybody():
            found = self.first_plea(self.draft.roster(), at)
            if found is None:
                return
            plea, phase, chosen = found
            if chosen:
                self.ring_phones(plea, phase, chosen, at)
            else:  # a fruitless round is over: looked at anew, by the tier they are at
                self.draft.put_call(replace(plea.call, phase=phase))

    def first_plea(self, roster: Roster, at: datetime) -> Found | None:
        """The caller for whom something is to be done first; None: nobody can be rung for anybody."""
        best: tuple[datetime, LineId] | None = None
        found: Found | None = None
        for head, line_id, tier in self.draft.board().heads():
            if best is not None and (head, line_id) >= best:
                break  # and so are all that follow
            line, service = self.asked(self.draft.plan.lines[line_id], at), self.line(line_id).serving
            tiers, places = hunt.tiers_of(line, service), self.draft.board().rows[line_id, tier]
            if tier != ONE_BY_ONE:
                tiers, places = tiers[: hunt.passed_over(tiers, tier, roster, line_id) + 1], (places[0][:1],)
            if not roster.can_any_be_asked(tiers, line_id):
                continue
            ahead, away = length(line.head_start_s), self.draft.board().turn_of_who_is_away(line_id)
            for rank, call_id in chain.from_iterable(places):
                if (best is not None and (rank - ahead, line_id) >= best) or (away is not None and rank > away):
                    break
                plea = Plea(self.draft.calls[call_id], line, service)
                phase, chosen = hunt.hunt(plea, roster, self.draft.plan.groups)
                if chosen or phase is not plea.call.phase:
                    best, found = (rank - ahead, line_id), (plea, phase, chosen)
                    break
        return found

    def ring_phones(self, plea: Plea, phase: Waiting, chosen: tuple[VolunteerId, ...], at: datetime) -> None:
        """Ask those phones, and keep how far the hunt has come."""
        call, line = plea.call, plea.line
        rings, counter = list(call.rings), call.counter
        for who in (self.draft.volunteers[each] for each in chosen):
            group = self.draft.plan.groups[who.group]
            counter += 1
            ring = ring_id(call.id, counter)
            gives_up = after(at, group.ring_s + ring_machine.GRACE_S)
            rings.append(RingState(ring, who.id, at, gives_up, Asked(), group.accept_s))
            self.draft.do(ring_machine.asking(rings[-1], line, at))
            self.draft.say(RingStarted(call.id, line.id, ring, who.id, at))
            self.tell_volunteer(who.id, PhoneAsked(ring, at))
        self.draft.put_call(replace(call, phase=phase, rings=tuple(rings), counter=counter))
