"""One of everything that a journal keeps: every phase, every command, every fact."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from ivr.app.ports import Entry
from ivr.core import commands as do
from ivr.core import facts as say
from ivr.core import state as is_
from ivr.core.chain import Chain
from ivr.core.hours import Service
from ivr.core.ids import CallId, DialId, GroupId, LineId, PromptId, StepName, VolunteerId, play_id, ring_id, talk_id
from ivr.core.reasons import (
    EndedBy,
    HandoverWhy,
    Loss,
    Outcome,
    PauseKind,
    RequeueReason,
    RingResult,
    Side,
    SwitchedBy,
)

AT = datetime(2026, 10, 25, 0, 30, 0, 250_000, tzinfo=UTC)
LATER = AT + timedelta(hours=1)
LINE, GROUP, ANNA = LineId("bornetelefonen"), GroupId("day"), VolunteerId("anna")
QUEUE = StepName("queue")
CALL = CallId("0123456789abcdef0123")
RING, TALK, PLAY = ring_id(CALL, 1), talk_id(CALL, 2), play_id(CALL, 3)

CALL_PHASES: tuple[is_.CallPhase, ...] = (
    is_.Hearing(QUEUE, PLAY, LATER),
    is_.Choosing(QUEUE, 1, PLAY, LATER),
    is_.Choosing(QUEUE, 2, None, LATER),
    is_.Waiting(QUEUE, 1, 2, frozenset({ANNA}), PLAY, LATER, (LATER, None), (3, 0), LATER),
    is_.Waiting(QUEUE, 0, 0, frozenset(), None, None, (), (), None),
    is_.Waiting(QUEUE, 0, 0, frozenset(), PLAY, LATER, (), (), None, then_told=(PromptId("skift-nat"),)),
    is_.Waiting(QUEUE, 0, 0, frozenset(), PLAY, LATER, (), (), None, then_not_taken=(PromptId("nat-optaget"),)),
    is_.Holding(QUEUE, LATER, AT),
    is_.Joining(QUEUE, RING, ANNA, TALK, LATER),
    is_.Joining(QUEUE, RING, ANNA, TALK, LATER, PLAY),
    is_.Talking(QUEUE, RING, ANNA, TALK, AT, LATER),
    is_.Talking(QUEUE, RING, ANNA, TALK, AT, None),
    is_.Talking(QUEUE, RING, ANNA, TALK, AT, None, AT, True),
    is_.Talking(QUEUE, RING, ANNA, TALK, AT, None, yes_no=is_.YesNo(PLAY)),
    is_.Talking(QUEUE, RING, ANNA, TALK, AT, None, yes_no=is_.YesNo(None)),
    is_.Leaving(EndedBy.VOLUNTEER, LATER),
    is_.Sheltered(QUEUE),
    is_.Sheltered(None),
    is_.Over(),
)

RING_PHASES: tuple[is_.RingPhase, ...] = (
    is_.Asked(),
    is_.Alerting(),
    is_.Accepting(),
    is_.PickedUp(),
    is_.PickedUp(is_.Keyed(2, AT)),
    is_.Ending(RingResult.WON_BY_OTHER, True, do.LetGoReason.ELSEWHERE),
)

VOLUNTEER_PHASES: tuple[is_.VolunteerPhase, ...] = (
    is_.Free(AT),
    is_.BeingRung(RING, AT),
    is_.InTalk(RING),
    is_.WrappingUp(LATER),
)

RINGS = tuple(
    is_.Ring(ring_id(CALL, number), ANNA, AT, LATER, phase) for number, phase in enumerate(RING_PHASES, start=1)
)

CALLS = tuple(
    is_.Call(CallId(f"{number:020x}"), LINE, AT, phase, Outcome.ABANDONED, number, RINGS[: number % 5], AT)
    for number, phase in enumerate(CALL_PHASES)
)

VOLUNTEERS = (
    is_.Volunteer(ANNA, GROUP, None, is_.Free(AT), True, is_.Pause("frokost – 12:30", AT), LATER, True),
    is_.Volunteer(VolunteerId("bo"), GROUP, None, is_.Free(AT), True, is_.Pause(None, AT)),
    is_.Volunteer(
        VolunteerId("cleo"), GROUP, None, is_.Free(AT), pause=is_.Pause(None, AT, PauseKind.BREAK), off_duty=True
    ),
    is_.Volunteer(
        VolunteerId("dan"), GROUP, None, is_.Free(AT), True, is_.Pause(None, AT, PauseKind.REFUSING), soundless=2
    ),
    is_.Volunteer(VolunteerId("eva"), GROUP, None, is_.Free(AT), pause=is_.Pause(None, AT, PauseKind.NO_SOUND)),
    is_.Volunteer(VolunteerId("finn"), GROUP, None, is_.Free(AT), True, refused=2),
    *(
        is_.Volunteer(VolunteerId(f"v{number}"), GROUP, LINE if number % 2 else None, phase, reachable=bool(number % 2))
        for number, phase in enumerate(VOLUNTEER_PHASES)
    ),
    is_.Volunteer(VolunteerId("natlinje.1"), GROUP, None, is_.Free(AT), True, doubt=is_.Doubt(3, AT, LATER)),
)

PASSAGE = is_.Passage(
    Service.DAY, HandoverWhy.LATE, AT, LATER, (CALL,), (say.Carried(CallId("0123456789abcdef0124"), 2.5),)
)
LINES = (
    is_.LineState(
        LINE, Service.NIGHT, Service.NIGHT, None, is_.Handed(Service.NIGHT, LATER), Chain((CALLS[3].id, CALL))
    ),
    is_.LineState(LineId("other"), None, Service.DAY, is_.Override(False, None, "strømsvigt")),
    is_.LineState(
        LineId("third"), Service.DAY, Service.DAY, is_.Override(True, LATER, ""), is_.Handed(Service.DAY, None)
    ),
    is_.LineState(
        LineId("fourth"),
        Service.DAY,
        Service.DAY,
        handover=is_.Looking(Service.NIGHT, LATER, None),
        deserted_at=AT,
        passage=PASSAGE,
    ),
    is_.LineState(LineId("fifth"), Service.DAY, Service.DAY, handover=is_.Overdue(Service.NIGHT, AT, LATER, LATER)),
)

COMMANDS: tuple[do.Command, ...] = (
    do.Answer(CALL),
    do.Play(CALL, PLAY, "da", (PromptId("velkommen"), PromptId("kø"))),
    do.Tell(RING, PLAY, "da", (PromptId("hvisk-boernetelefonen"),)),
    do.StopPlay(CALL, PLAY),
    do.StartMusic(CALL),
    do.Ring(RING, ANNA, LINE, "BørneTelefonen", "116111", 20),
    do.LetGo(RING, do.LetGoReason.ELSEWHERE),
    do.Join(TALK, CALL, RING),
    do.EndTalk(TALK),
    do.HangUp(CALL),
    do.LastResort(CALL),
    do.Confirm(DialId("0f3a"), "da", PromptId("frivillig-pause")),
    do.YesNo(CALL, RING, PLAY, "da", (PromptId("ja-nej"),), "da"),
    do.YesNo(CALL, RING, None, "da", (), "da"),
    do.YesNoOver(CALL, RING, "da"),
    do.Refresh(CALL, RING),
    do.Refresh(CALL, None),
    do.Cover(CALL, RING),
    do.Uncover(CALL, RING),
)

FACTS: tuple[say.Fact, ...] = (
    say.CallStarted(CALL, LINE, AT),
    say.StepEntered(CALL, LINE, QUEUE, AT),
    say.CallMoved(CALL, LINE, LineId("foraeldretelefonen"), AT),
    say.CallSheltered(CALL, LINE, AT),
    say.CallTakenBack(CALL, LINE, AT),
    say.CallQueued(CALL, LINE, 1, AT),
    say.RingStarted(CALL, LINE, RING, ANNA, AT),
    say.RingEnded(CALL, LINE, RING, ANNA, RingResult.ANSWERED, 1.25, AT),
    say.CallJoined(CALL, LINE, ANNA, 12.5, AT),
    say.CallAnswered(CALL, LINE, ANNA, 12.5, AT),
    say.CallHandedOver(CALL, LINE, "natlinje", 12.5, AT),
    say.CallerSilent(CALL, LINE, ANNA, 20.0, AT),
    say.CallerHeard(CALL, LINE, ANNA, AT),
    say.YesNoBegan(CALL, LINE, ANNA, SwitchedBy.VOLUNTEER, AT),
    say.TalkHeld(CALL, LINE, ANNA, Side.VOLUNTEER, AT),
    say.TalkResumed(CALL, LINE, ANNA, Side.CALLER, 12.5, AT),
    say.SoundMissing(CALL, LINE, ANNA, Side.VOLUNTEER, Loss.DROPPED, AT),
    say.SoundReturned(CALL, LINE, ANNA, Side.VOLUNTEER, 2.0, AT),
    say.TalkHeldTooLong(CALL, LINE, ANNA, Side.VOLUNTEER, 180.0, AT),
    say.YesNoEnded(CALL, LINE, ANNA, SwitchedBy.TALK_OVER, AT),
    say.CallRequeued(CALL, LINE, RequeueReason.PHONE_DEAD, AT),
    say.PromptFailed(CALL, LINE, QUEUE, AT),
    say.CallEnded(CALL, LINE, AT, Outcome.ANSWERED, EndedBy.CALLER, 12.5, None, ANNA, LATER),
    say.VolunteerJoinedHouse(ANNA, GROUP, AT),
    say.VolunteerLeftHouse(ANNA, AT),
    say.VolunteerCameUp(ANNA, AT),
    say.VolunteerWentDown(ANNA, AT),
    say.VolunteerTookPause(ANNA, None, AT),
    say.VolunteerTookBreak(ANNA, AT),
    say.VolunteerNotAnswering(ANNA, AT),
    say.VolunteerRefusing(ANNA, AT),
    say.VolunteerNotHeard(ANNA, AT),
    say.VolunteerBack(ANNA, AT),
    say.VolunteerCameOnDuty(ANNA, AT),
    say.VolunteerWentOffDuty(ANNA, AT),
    say.PartnerFailing("natlinje", 3, LATER, AT),
    say.PartnerTriedAgain("natlinje", AT),
    say.WrapUpStarted(ANNA, LATER, AT),
    say.WrapUpEnded(ANNA, AT),
    say.ServiceChanged(LINE, None, True, AT),
    say.HandoverBegan(LINE, Service.NIGHT, HandoverWhy.LATE, AT, 2, LATER),
    say.HandoverDone(LINE, Service.DAY, HandoverWhy.HAND, AT, (say.Carried(CALL, 1.5),), 1.5, LATER),
    say.HandoverEndangered(LINE, Service.NIGHT, LATER, AT),
    say.HandoverSafe(LINE, Service.NIGHT, AT),
    say.OverrideChanged(LINE, False, None, "strømsvigt", AT),
    say.PlanPublished("2026-10", AT),
    say.LineUp(AT),
    say.Alarm("music_failed", AT),
)


def entry(
    calls: dict[CallId, is_.Call | None] | None = None,
    volunteers: dict[VolunteerId, is_.Volunteer | None] | None = None,
    lines: dict[LineId, is_.LineState | None] | None = None,
    facts: tuple[say.Fact, ...] = (),
    commands: tuple[do.Command, ...] = (),
) -> Entry:
    return Entry(calls or {}, volunteers or {}, lines or {}, facts, commands)


def everything() -> Entry:
    return Entry(
        {call.id: call for call in CALLS},
        {who.id: who for who in VOLUNTEERS},
        {line.id: line for line in LINES},
        FACTS,
        COMMANDS,
    )
