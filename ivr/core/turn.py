"""One call's turn within a step of the switchboard: the call as it is becoming, and what it may know of the house.

Rules: a turn sees one call and its line; of everybody else it learns only what `Around` tells.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Protocol

from ivr.core import ring as ring_machine
from ivr.core.board import RINGING
from ivr.core.change import replace
from ivr.core.commands import EndTalk, Join, LetGoReason, Tell
from ivr.core.decision import seconds
from ivr.core.draft import Draft
from ivr.core.facts import CallAnswered, CallEnded, CallHandedOver, CallMoved, RingEnded, YesNoEnded
from ivr.core.flow import Line, Spoken
from ivr.core.ids import LineId, PlayId, PromptId, RingId, TalkId, VolunteerId, partner_of, play_id, talk_id
from ivr.core.reasons import SERVED, EndedBy, Outcome, RingResult, ServedBy, SwitchedBy
from ivr.core.state import Call, CallPhase, Ending, Over, PickedUp, Ring, Talking


class Around(Protocol):
    """What a call may ask about the house at this moment."""

    def is_open(self) -> bool: ...
    def somebody(self) -> bool:
        """Is anybody on duty (free or not) for this line, in any tier?"""
        ...

    def place(self, call: Call) -> int:
        """In the line's queue, 1 is the head; 0: not in it."""
        ...

    def waiting(self) -> int:
        """How many stand in the line's queue."""
        ...

    def wait_s(self, place: int) -> float | None:
        """How long somebody at that place will about have to wait; None: too little is known to say."""
        ...

    def spoken(self, what: Spoken) -> tuple[PromptId, ...]: ...
    def next_opening(self) -> datetime | None:
        """When a line that is closed now opens; None: nobody knows."""
        ...

    def elsewhere(self, line: LineId) -> tuple[Line, Around] | None:
        """Another line and what may be asked there; None: there is no such line."""
        ...


class Turn:
    """The call as it is becoming. `call.phase` is what the tables look at."""

    def __init__(self, draft: Draft, call: Call, line: Line, around: Around, at: datetime) -> None:
        self.draft = draft
        self.call = call
        self.line = line
        self.around = around
        self.at = at
        self.answered_by: VolunteerId | None = None
        """Whose talk with this caller has come to stand in this step."""
        self.talked_s: float | None = None
        """How long a talk took that ended in this step."""

    def change(self, **values: Any) -> None:
        self.call = replace(self.call, **values)

    def go(self, phase: CallPhase) -> None:
        self.call = replace(self.call, phase=phase)

    @property
    def language(self) -> str:
        return self.call.language or self.line.language

    def move(self, line: LineId) -> bool:
        """Go on as a call of another line, in that line's language; False: there is none."""
        there = self.around.elsewhere(line)
        if there is None:
            return False
        self.draft.say(CallMoved(self.call.id, self.line.id, line, self.at))
        self.line, self.around = there
        self.change(line=line, language="")
        return True

    def next_play(self) -> PlayId:
        self.change(counter=self.call.counter + 1)
        return play_id(self.call.id, self.call.counter)

    def next_talk(self) -> TalkId:
        self.change(counter=self.call.counter + 1)
        return talk_id(self.call.id, self.call.counter)

    def join(self, talk: TalkId, ring: RingId, volunteer: VolunteerId) -> None:
        self.draft.do(Join(talk, self.call.id, ring, keys_through=partner_of(volunteer) is not None))

    def tell(self, ring: RingId, prompts: tuple[PromptId, ...]) -> PlayId:
        """Words for the volunteer, in the line's language whatever the caller chose."""
        play = self.next_play()
        self.draft.do(Tell(ring, play, self.line.language, prompts))
        return play

    def fate(self, outcome: Outcome) -> None:
        """What stands if the call ended now; who has been served stays so whatever follows."""
        if self.call.fate not in SERVED:
            self.change(fate=outcome)

    def served(self, who: VolunteerId, waited_s: float) -> None:
        """Somebody of ours, or of a partner's, was heard by the caller for long enough."""
        partner = partner_of(who)
        if partner is None:
            self.draft.say(CallAnswered(self.call.id, self.line.id, who, waited_s, self.at))
        else:
            self.draft.say(CallHandedOver(self.call.id, self.line.id, partner, waited_s, self.at))
        self.change(fate=Outcome.ANSWERED if partner is None else Outcome.HANDED_OVER)

    # ------------------------------------------------------------ rings

    def ring(self, ring: RingId) -> Ring | None:
        return ring_machine.found(self.call.rings, ring)

    def put_ring(self, ring: Ring) -> None:
        rings = self.call.rings
        place = ring_machine.place(rings, ring.id)
        if place is not None:
            self.change(rings=(*rings[:place], ring, *rings[place + 1 :]))

    def forget_ring(self, ring: RingId) -> None:
        rings = self.call.rings
        place = ring_machine.place(rings, ring)
        if place is not None:
            self.change(rings=rings[:place] + rings[place + 1 :])

    def end_ring(self, ring: Ring, reason: LetGoReason, result: RingResult) -> None:
        """Let go of a ring that nobody has picked up, or picked up too late, and write how it ended."""
        gone, command = ring_machine.let_go(ring, Ending(result, False, reason), self.at)
        self.put_ring(gone)
        self.draft.do(command)
        self.ring_ended(ring, result)

    def ring_ended(self, ring: Ring, result: RingResult) -> None:
        rang_s = seconds(ring.asked_at, ring_machine.rang_until(ring, self.at))
        self.draft.say(RingEnded(self.call.id, self.line.id, ring.id, ring.volunteer, result, rang_s, self.at))

    def write_pick_up(self, ring: RingId, result: RingResult) -> None:
        """What a phone that was picked up came to, once."""
        there = self.ring(ring)
        if there is not None and isinstance(there.phase, PickedUp) and there.phase.owed:
            self.ring_ended(there, result)
            self.put_ring(replace(there, phase=replace(there.phase, owed=False)))

    def end_other_rings(self, reason: LetGoReason, result: RingResult) -> None:
        """Every phone that still rings for this call stops."""
        for ring in self.call.rings:
            if isinstance(ring.phase, RINGING):
                self.end_ring(ring, reason, result)

    def drop_volunteer(
        self, ring: RingId, talked: bool, result: RingResult, *, ours: bool = False, words: PromptId | None = None
    ) -> None:
        """The volunteer who had picked up is let go. `result`: what the ring came to, if that is not written yet;
        `words`: what they hear before it; `ours`: the phone did nothing wrong."""
        there = self.ring(ring)
        if there is None or isinstance(there.phase, Ending):
            return
        came_to = result if ring_machine.is_owed(there) else RingResult.ANSWERED
        self.write_pick_up(ring, result)
        ending = Ending(came_to, talked, ours=ours)
        gone, command = ring_machine.let_go(there, ending, self.at, words, self.line.language)
        self.put_ring(gone)
        self.draft.do(command)

    # ------------------------------------------------------------ the end

    def close_talk(self, talk: TalkId) -> None:
        """Nothing that belongs to a talk outlives it."""
        self.end_yes_no(SwitchedBy.TALK_OVER)
        self.draft.do(EndTalk(talk))

    def end_yes_no(self, by: SwitchedBy) -> None:
        """Answers by key are over, if they were on."""
        phase = self.call.phase
        if isinstance(phase, Talking) and phase.yes_no is not None:
            self.draft.say(YesNoEnded(self.call.id, self.line.id, phase.volunteer, by, self.at))
            self.go(replace(phase, yes_no=None))

    def waited(self) -> float | None:
        """Seconds in the queue until joined, sent on, or now; None: never queued."""
        if self.call.queued_at is None:
            return None
        return self.call.waited_s if self.call.waited_s is not None else seconds(self.call.queued_at, self.at)

    def end(self, ended_by: EndedBy, by: ServedBy = ServedBy.US) -> None:
        """The caller is gone: write the one outcome; rings that still live die away first."""
        self.end_other_rings(LetGoReason.OVER, RingResult.CALLER_GONE)
        waited = self.waited()
        outcome = self.call.fate
        if outcome is Outcome.ABANDONED and waited is not None and waited < self.line.short_abandon_s:
            outcome = Outcome.SHORT_ABANDON
        self.draft.say(
            CallEnded(
                self.call.id,
                self.line.id,
                self.call.arrived_at,
                outcome,
                ended_by,
                waited,
                self.call.talk_s,
                self.call.answered_by,
                self.at,
                by,
                self.call.heard,
            )
        )
        self.change(phase=Over(), waited_s=waited)
