"""The aggregate: the only place that sees more than one call, and couples the four machines.

Rules: one news item in, one decision out, whatever the news and whatever the state (total); after every change the hunt
looks once whether a phone can be rung for somebody.
"""

from __future__ import annotations

from datetime import datetime
from typing import assert_never

from immutables import Map

from ivr.core import call as call_machine
from ivr.core import desertion, dialled, handover, partner, takeback
from ivr.core import line as line_machine
from ivr.core import ring as ring_machine
from ivr.core import volunteer as volunteer_machine
from ivr.core.adopt import on_surveyed
from ivr.core.call_events import YesNoWanted
from ivr.core.change import replace
from ivr.core.commands import (
    Answer,
    Confirm,
    Cover,
    EndTalk,
    HangUp,
    Join,
    LastResort,
    LetGo,
    LetGoReason,
    Play,
    Refresh,
    Ring,
    StartMusic,
    StopPlay,
    Tell,
    Uncover,
    YesNo,
    YesNoOver,
)
from ivr.core.decision import Decision
from ivr.core.desk import Desk
from ivr.core.draft import Draft
from ivr.core.facts import OverrideChanged, PlanPublished, VolunteerJoinedHouse
from ivr.core.hours import Service
from ivr.core.ids import LineId, call_of
from ivr.core.news import (
    CallArrived,
    CallBack,
    CallDue,
    CallerTalking,
    CallGone,
    CallLeft,
    Cause,
    CommandFailed,
    DigitPressed,
    DutyChanged,
    FeatureDialled,
    HandoverAsked,
    Joined,
    LineDue,
    LineNews,
    News,
    OverrideGiven,
    PhoneDead,
    PlayEnded,
    Published,
    Result,
    RingAlerting,
    RingAnswered,
    RingGone,
    RingPressed,
    SideHeld,
    SoundBack,
    SoundLost,
    Surveyed,
    VolunteerAdded,
    VolunteerDue,
    VolunteerEngaged,
    VolunteerHeard,
    VolunteerNews,
    VolunteerPaused,
    VolunteerReachable,
    VolunteerReleased,
    VolunteerRemoved,
    VolunteerResumed,
    VolunteerUnreachable,
    Witnessed,
    WrapUpDone,
    WrapUpProlonged,
    YesNoAsked,
)
from ivr.core.reasons import SwitchedBy
from ivr.core.state import Call, Free, House, InTalk, LineState, Pause, Volunteer


def step(house: House, news: News, *, hunting: bool = True) -> Decision:
    """What follows from this news. Total: anything may come at any time, twice, or too late.

    `hunting`: False for what is heard late, before a survey: then nobody is rung yet.
    """
    draft = Draft(house, news.at)
    desk = Desk(draft)
    dispatch(desk, news)
    if draft.touched or isinstance(news, Surveyed):
        desk.settle_lines(news.at)
        desk.watch_over_queues(news.at)
        if hunting:
            desk.hunt(news.at)
    return draft.decision()


def dispatch(desk: Desk, news: News) -> None:
    match news:
        case RingAlerting() | RingAnswered() | RingPressed() | PhoneDead() | RingGone():
            desk.tell_ring(news)
        case CallArrived():
            if news.call not in desk.draft.calls and news.line in desk.draft.lines:
                desk.arrive(news.call, news.line, news.at)
            elif news.call not in desk.draft.calls:
                desk.draft.do(LastResort(news.call))  # a number that was taken away a moment ago: never silence
        case CallGone() | CallLeft() | DigitPressed() | PlayEnded() | CallerTalking() | SideHeld():
            desk.tell_call(news.call, news)
        case CallBack():
            takeback.on_back(desk, news)
        case Witnessed():
            takeback.on_witnessed(desk, news)
        case CallDue():
            on_call_due(desk, news)
        case Joined() | VolunteerHeard() | SoundLost() | SoundBack():
            desk.tell_call(call_of(news.talk), news)
        case CommandFailed():
            on_command_failed(desk, news)
        case OverrideGiven() | HandoverAsked() | LineDue():
            on_line_news(desk, news)
        case Published():
            on_published(desk, news)
        case Surveyed():
            on_surveyed(desk, news)
        case _:
            on_volunteer_news(desk, news)


# ---------------------------------------------------------------- calls and rings


def on_call_due(desk: Desk, news: CallDue) -> None:
    call = desk.draft.calls.get(news.call)
    if call is None:
        return
    for ring in call.rings:
        if ring.gives_up_at <= news.at:
            desk.tell_ring(ring_machine.RingDue(ring.id, news.at))
    now = desk.draft.calls.get(news.call)
    if now is not None:
        moment = call_machine.due(now.phase)
        if moment is not None and moment <= news.at:
            desk.tell_call(news.call, news)


def on_command_failed(desk: Desk, news: CommandFailed) -> None:
    """A command that came to nothing: for the ring or the call it was about, that is news."""
    command = news.command
    match command:
        case Ring():
            if news.result is Result.TIMEOUT:
                desk.draft.do(LetGo(command.ring, LetGoReason.OVER))  # it may ring all the same
            refused = news.result in (Result.REFUSED, Result.GONE)
            cause = Cause.UNREACHABLE if refused else Cause.FAILED
            desk.tell_ring(RingGone(command.ring, cause, news.at), ours=not refused)
        case LetGo():
            if news.result is Result.GONE:
                desk.tell_ring(RingGone(command.ring, Cause.NORMAL, news.at))
        case Tell():
            desk.tell_call(call_of(command.ring), news)
        case EndTalk() | Confirm():
            pass  # it is not there any more: what was wanted, or nobody's loss
        case Refresh() | Cover() | Uncover():
            pass  # what came of it is told by the sound
        case Answer() | Play() | StopPlay() | StartMusic() | Join() | HangUp() | LastResort() | YesNo() | YesNoOver():
            desk.tell_call(command.call, news)
        case _:
            assert_never(command)


# ---------------------------------------------------------------- lines


def on_line_news(desk: Desk, news: LineNews) -> None:
    line = desk.draft.lines.get(news.line)
    if line is None:
        return
    desk.draft.put_line(line_machine.step(line, news, desk.timetable(news.line)))
    if isinstance(news, OverrideGiven):
        desk.draft.say(OverrideChanged(news.line, news.open, news.until, news.reason, news.at))
    desk.settle_line(news.line, news.at, by_hand=not isinstance(news, LineDue))
    desk.lead_on_deserted(news.line, news.at)


def on_published(desk: Desk, news: Published) -> None:
    """New lines open, known lines go by the new plan; a line that is no longer there stays for those who are on it."""
    draft = desk.draft
    versions = {call.version for call in draft.calls.values()} - {news.plan.version}
    plans = draft.older.set(draft.plan.version, draft.plan)
    draft.older = Map({version: plan for version, plan in plans.items() if version in versions})
    busy = {call.line for call in draft.calls.values()}
    leftover = {line: draft.plan.lines[line] for line in busy if line not in news.plan.lines}
    tables = {line: draft.timetables[line] for line in leftover}
    draft.plan = replace(news.plan, lines={**leftover, **news.plan.lines})
    draft.timetables = Map({**tables, **news.timetables})
    draft.say(PlanPublished(news.plan.version, news.at))
    for line in news.plan.lines:
        if line not in draft.lines:
            draft.put_line(LineState(line, service=None, serving=Service.DAY))
        desk.settle_line(line, news.at)
    for line in list(draft.lines):
        if line not in draft.plan.lines:
            draft.forget_line(line)


# ---------------------------------------------------------------- volunteers


def on_volunteer_news(desk: Desk, news: VolunteerNews) -> None:
    known = desk.draft.volunteers.get(news.volunteer)
    if isinstance(news, VolunteerAdded):
        on_added(desk, known, news)
        return
    if isinstance(news, FeatureDialled):
        dialled.on_dialled(desk, known, news)
        return
    if known is None:
        return
    match news:
        case VolunteerRemoved():
            on_removed(desk, known, news)
        case VolunteerReachable() | VolunteerUnreachable():
            here = isinstance(news, VolunteerReachable)
            back = here and not known.reachable  # a phone that was gone is not left alone for what it did before
            fresh = replace(known, rest_until=None, refused=0) if back else known
            desk.put_volunteer(replace(fresh, reachable=here), news.at)
            if back:
                partner.trusted(desk, known.id)
        case VolunteerEngaged() | VolunteerReleased():
            desk.put_volunteer(replace(known, elsewhere=isinstance(news, VolunteerEngaged)), news.at)
        case VolunteerPaused():
            desk.put_volunteer(replace(known, pause=Pause(news.reason, news.at, news.kind)), news.at)
        case VolunteerResumed():
            desk.put_volunteer(replace(volunteer_machine.cleared(known), pause=None), news.at)
        case DutyChanged():
            desk.put_volunteer(replace(volunteer_machine.cleared(known), off_duty=not news.on), news.at)
        case YesNoAsked():
            if isinstance(known.phase, InTalk):
                ring = known.phase.ring
                desk.tell_call(call_of(ring), YesNoWanted(ring, news.on, SwitchedBy.COMMAND, news.at))
        case WrapUpDone() | WrapUpProlonged() | VolunteerDue():
            partner.trust_again(desk, known, news.at)
            desk.tell_volunteer(known.id, news)
        case _:
            assert_never(news)


def on_added(desk: Desk, known: Volunteer | None, news: VolunteerAdded) -> None:
    """New, or moved to another group or line; one who was just being removed stays."""
    if known is None:
        fresh = Volunteer(news.volunteer, news.group, news.line, Free(news.at))
        desk.draft.put_volunteer(fresh)
    else:
        desk.draft.put_volunteer(replace(known, group=news.group, line=news.line, leaving=False))
    desk.draft.say(VolunteerJoinedHouse(news.volunteer, news.group, news.at))


def on_removed(desk: Desk, known: Volunteer, news: VolunteerRemoved) -> None:
    """At once when idle; else when the phone is down, since a talk is never cut."""
    desk.put_volunteer(replace(known, leaving=True), news.at)


# ---------------------------------------------------------------- deadlines


def call_due(call: Call) -> datetime | None:
    """When `CallDue` is wanted for this call next (aware UTC)."""
    moments = [ring.gives_up_at for ring in call.rings]
    own = call_machine.due(call.phase)
    if own is not None:
        moments.append(own)
    return min(moments, default=None)


def volunteer_due(who: Volunteer) -> datetime | None:
    return volunteer_machine.due(who)


def line_due(house: House, line: LineId, at: datetime) -> datetime | None:
    state, table = house.lines.get(line), house.timetables.get(line)
    known = house.plan.lines.get(line)
    if state is None or table is None or known is None:
        return None
    moments = (handover.due(state, table, known.handover, at), desertion.due(house, state))
    return min((moment for moment in moments if moment is not None), default=None)
