"""What runs, as counts for the page and in full for `ivr status`. Reads the house, decides nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from zoneinfo import ZoneInfo

from ivr.core import handover, hunt, queue
from ivr.core import line as line_machine
from ivr.core import volunteer as volunteer_machine
from ivr.core.flow import Line
from ivr.core.hours import Timetable
from ivr.core.ids import VolunteerId, call_of, partner_of
from ivr.core.reasons import PauseKind
from ivr.core.state import (
    BeingRung,
    Free,
    House,
    InTalk,
    LineState,
    Looking,
    Overdue,
    Steady,
    Talking,
    Volunteer,
    WrappingUp,
)
from ivr.web.board import Because, Board, LineBoard
from sip.devices import device_of, of_volunteer

TZ = ZoneInfo("Europe/Copenhagen")


def board(house: House, now: datetime, sip: str, ready: bool) -> Board:
    """Counts per line, at `now` (the line's time, aware UTC)."""
    return Board(ready, now, sip, tuple(line_board(house, line, now) for line in house.plan.lines.values()))


def line_board(house: House, line: Line, now: datetime) -> LineBoard:
    state, table = house.lines[line.id], house.timetables[line.id]
    calls = [call for call in house.calls.values() if call.line == line.id]
    return LineBoard(
        line=line.id,
        name=line.name,
        number=line.number,
        open=state.service is not None,
        service=state.service,
        because=because(state),
        changes_at=line_machine.due(state, table, now),
        waiting=sum(queue.queued(call.phase) for call in calls),
        talking=sum(isinstance(call.phase, Talking) for call in calls),
        volunteers_reachable=len(on_duty(house, line, state)),
    )


def because(state: LineState) -> Because:
    if state.override is not None:
        return Because.OVERRIDE
    return Because.HANDOVER if state.handed is not None and state.service is not None else Because.HOURS


def on_duty(house: House, line: Line, state: LineState) -> list[Volunteer]:
    """Who can be rung or is on the phone for this line at present."""
    tiers = hunt.tiers_of(handover.staffed(line, state.night_by, house.plan, house.lines), state.serving)
    return [
        who
        for who in house.volunteers.values()
        if who.group in tiers and hunt.serves(who, line.id) and volunteer_machine.on_duty(who)
    ]


def doing(who: Volunteer) -> str:
    """One word for what a volunteer is doing, as on every screen."""
    match who.phase:
        case BeingRung():
            return "ringing"
        case InTalk():
            return "talking"
        case WrappingUp():
            return "wrap_up"
        case Free():
            return idle(who)


def idle(who: Volunteer) -> str:
    """Nothing of ours is on their phone: could something be?"""
    if who.off_duty:
        return "off_duty"
    if who.pause is not None:
        return "break" if who.pause.kind is PauseKind.BREAK else "paused"
    if not who.reachable:
        return "unreachable"
    return "elsewhere" if who.elsewhere else "ready"


REASONS = {
    PauseKind.BREAK: "needs a moment: please look after them",
    PauseKind.UNANSWERED: "their phone rang several times in a row and was not picked up",
    PauseKind.REFUSING: "their phone refuses calls: is it on do not disturb?",
    PauseKind.NO_SOUND: "they picked up several times in a row and were not heard: is it their microphone?",
}


def talk_of(house: House, who: Volunteer) -> Talking | None:
    """The talk they are in."""
    call = house.calls.get(call_of(who.phase.ring)) if isinstance(who.phase, InTalk) else None
    return call.phase if call is not None and isinstance(call.phase, Talking) else None


def silence(talk: Talking | None, now: datetime) -> float | None:
    """For how long nothing has been heard from the caller, once that is worth saying; seconds."""
    if talk is None or not talk.silence_said or talk.silent_since is None:
        return None
    return round((now - talk.silent_since).total_seconds())


def is_yes_no(house: House, who: VolunteerId) -> bool:
    """Does their caller answer with keys?"""
    talk = talk_of(house, house.volunteers[who])
    return talk is not None and talk.yes_no is not None


def person_json(house: House, who: Volunteer, now: datetime) -> dict[str, object]:
    """The same, with what is known of the talk they are in."""
    return volunteer_json(who, silence(talk_of(house, who), now), is_yes_no(house, who.id))


def volunteer_json(who: Volunteer, caller_silent_s: float | None = None, yes_no: bool = False) -> dict[str, object]:
    return {
        "name": who.id,
        "group": who.group,
        "line": who.line,
        "state": doing(who),
        "reachable": who.reachable,
        "on_duty": not who.off_duty,
        "paused": who.pause is not None,
        "pause": who.pause.kind if who.pause is not None else None,
        "reason": (who.pause.reason or REASONS.get(who.pause.kind)) if who.pause is not None else None,
        "since": who.pause.since if who.pause is not None else None,
        "until": who.phase.until if isinstance(who.phase, WrappingUp) else None,
        "caller_silent_s": caller_silent_s,
        "yes_no": yes_no,
    }


def devices_json(who: VolunteerId, known: Iterable[str], there: Collection[str]) -> list[dict[str, object]]:
    """The first device has the volunteer's name and none of its own. None is told of a partner's place."""
    if partner_of(who) is not None:
        return []
    return [
        {"device": device_of(name), "username": name, "registered": name in there}
        for name in (who, *of_volunteer(who, known))
    ]


def line_json(house: House, line: Line, now: datetime) -> dict[str, object]:
    state, table = house.lines[line.id], house.timetables[line.id]
    counts = line_board(house, line, now)
    opening = line_machine.next_opening(state, table, now) if state.service is None else None
    return {
        "line": line.id,
        "number": line.number,
        "open": counts.open,
        "service": counts.service,
        "because": counts.because.value,
        "rule": rule(state, table, now),
        "changes_at": counts.changes_at,
        "next_opening": opening,
        "waiting": counts.waiting,
        "talking": counts.talking,
        "volunteers_reachable": counts.volunteers_reachable,
        "handover": handover_json(state),
    }


def handover_json(state: LineState) -> dict[str, object] | None:
    """The hand-over that is near; None: none is. `there`: somebody of the side that takes over can be reached."""
    match state.handover:
        case Looking(to=to, due_at=due_at, alarm_at=alarm_at):
            return {"to": to, "due_at": due_at, "there": alarm_at is None, "stays_on_until": None}
        case Overdue(to=to, due_at=due_at, until=until):
            return {"to": to, "due_at": due_at, "there": False, "stays_on_until": until}
        case Steady():
            return None


def nobody_takes_over(house: House) -> list[str]:
    """What a coordinator must see to before a line changes hands, in one sentence each."""
    found: list[str] = []
    for line in house.plan.lines.values():
        tz, phase = ZoneInfo(line.hours.tz), house.lines[line.id].handover
        groups = " or ".join(hunt.tiers_of(line, phase.to)) if not isinstance(phase, Steady) else ""
        if isinstance(phase, Looking) and phase.alarm_at is not None:
            when = phase.due_at.astimezone(tz).strftime("%H:%M")
            what = f"{line.name} changes to the {phase.to} service at {when}, and nobody of it is reachable"
            found.append(f"{what}: see to {groups}.")
        elif isinstance(phase, Overdue):
            until = phase.until.astimezone(tz).strftime("%H:%M")
            what = f"nobody of the {phase.to} service is reachable, who serves stays on until {until} at most"
            found.append(f"{line.name}: {what}: see to {groups}.")
    return found


def rule(state: LineState, table: Timetable, now: datetime) -> str:
    """Why the line is open or closed, in words."""
    if state.override is not None:
        return f"override: {state.override.reason}"
    span = table.at(now)
    return span.rule if span is not None else "the hours table has it closed now"


ALARMS = {
    "log_restored": "The log was damaged and was restored from the backup; what was damaged lies in "
    "voiceline.db.damaged.",
    "log_started_empty": "The log was damaged, there was no backup, and it began anew; what was damaged lies in "
    "voiceline.db.damaged. See to groups and overrides (ivr volunteer list, ivr hours).",
    "log_not_read": "What was remembered could not be read at the start: see to groups and overrides "
    "(ivr volunteer list, ivr hours).",
}
"""Words of the journal that stay true until the controller is started again."""


def wrong_with_the_log(
    journal: Exception | None, backup: Exception | None, lost: int, noted: frozenset[str]
) -> list[str]:
    """The same for the log. None: nothing is the matter."""
    wrong = [sentence for word, sentence in ALARMS.items() if word in noted]
    if journal is not None:
        wrong.append(f"The log cannot be written, and is kept in memory: {journal}.")
    if backup is not None:
        wrong.append(f"There is no fresh backup of the log: {backup}.")
    if lost:
        wrong.append(f"{lost} facts could be kept neither on disk nor in memory and are missing in the log.")
    return wrong


def wrong_things(house: House, connected: bool, holding: bool = False) -> list[str]:
    """What somebody should look at, each in one sentence."""
    wrong: list[str] = []
    if not connected:
        wrong.append("Asterisk does not answer; callers are served by its last resort until it does.")
    if holding:
        wrong.append("The controller does not keep up; new callers are greeted and wait until it has caught up.")
    wrong.extend(
        f"{line.name} is open and no volunteer is reachable: start a softphone (ivr softphone NAME)."
        for line in house.plan.lines.values()
        if house.lines[line.id].service is not None and not on_duty(house, line, house.lines[line.id])
    )
    return wrong + paused_by_us(house) + failing_partners(house) + nobody_takes_over(house)


PAUSED_BY_US = (PauseKind.UNANSWERED, PauseKind.REFUSING, PauseKind.NO_SOUND)


def paused_by_us(house: House) -> list[str]:
    """Who may think that they are on duty, and is not rung; one sentence each. Nobody who has gone home."""
    paused = [who for who in people(house) if who.pause is not None and not who.off_duty and who.reachable]
    return [
        f"{who.id} is not rung any more since {who.pause.since.astimezone(TZ):%H:%M}, {REASONS[who.pause.kind]}: "
        f"call them; they dial *10, or `ivr volunteer resume {who.id}`."
        for who in paused
        if who.pause is not None and who.pause.kind in PAUSED_BY_US
    ]


def failing_partners(house: House) -> list[str]:
    """Those who take nobody and are left alone, each once."""
    failing = {
        partner_of(who.id): who.doubt.until for who in house.volunteers.values() if who.doubt and who.doubt.until
    }
    return [
        f"The partner {partner} did not take our callers several times in a row and is left alone until "
        f"{until.astimezone(TZ):%H:%M}: call them."
        for partner, until in sorted(failing.items(), key=str)
    ]


def people(house: House) -> Iterable[Volunteer]:
    return sorted(house.volunteers.values(), key=lambda who: who.id)
