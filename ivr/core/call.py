"""One caller's call. One table: (phase, news) -> what becomes of it.

Rules: exactly one outcome, written when the caller is gone; every phase but `Waiting` and `Talking` ends by itself at a
moment kept in it; words or music that cannot be had never stop a call.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import assert_never

from ivr.core import shelter, sound, talking, waiting, walk, yes_no
from ivr.core.call_events import CallEvent, VolunteerGone, VolunteerPickedUp, YesNoWanted
from ivr.core.change import replace
from ivr.core.commands import Answer, HangUp, Play, StartMusic, StopPlay
from ivr.core.decision import Nothing, after
from ivr.core.facts import Alarm, PromptFailed
from ivr.core.flow import Menu, Say, WaitForOpening
from ivr.core.flow import Play as PlayStep
from ivr.core.ids import StepName
from ivr.core.news import (
    CallDue,
    CallerTalking,
    CallGone,
    CallLeft,
    CommandFailed,
    DigitPressed,
    Joined,
    PlayEnded,
    Result,
    SideHeld,
    SoundBack,
    SoundLost,
    VolunteerHeard,
)
from ivr.core.reasons import EndedBy, Outcome
from ivr.core.state import CallPhase, Choosing, Hearing, Holding, Joining, Leaving, Over, Sheltered, Talking, Waiting
from ivr.core.turn import Turn


def on_gone(turn: Turn, _phase: Hearing | Choosing | Waiting | Holding, news: CallGone) -> None:
    turn.end(talking.ended_by(news))


def on_gone_as_asked(turn: Turn, phase: Leaving, _news: CallGone) -> None:
    turn.end(phase.ended_by)


def on_heard(turn: Turn, phase: Hearing, news: PlayEnded) -> None:
    if news.play != phase.play:
        return  # of an earlier step
    if not news.heard:
        turn.draft.say(PromptFailed(turn.call.id, turn.line.id, phase.step, turn.at))
    go_on(turn, phase.step)


def go_on(turn: Turn, name: StepName) -> None:
    """What comes after the words of this step."""
    step = turn.line.flow.steps.get(name)
    if isinstance(step, PlayStep | Say):
        walk.walk(turn, step.then)
    else:  # our own farewell, or a step the published flow no longer has
        walk.hang_up(turn, EndedBy.SYSTEM)


def on_words_overdue(turn: Turn, phase: Hearing, news: CallDue) -> None:
    if news.at >= phase.due:
        on_heard(turn, phase, PlayEnded(turn.call.id, phase.play, heard=False, at=news.at))


def on_menu_heard(turn: Turn, phase: Choosing, news: PlayEnded) -> None:
    menu = turn.line.flow.steps.get(phase.step)
    if news.play != phase.play or not isinstance(menu, Menu):
        return
    if not news.heard:
        turn.draft.say(PromptFailed(turn.call.id, turn.line.id, phase.step, turn.at))
    turn.go(replace(phase, play=None, due=after(turn.at, menu.timeout_s)))


def on_key(turn: Turn, phase: Choosing, news: DigitPressed) -> None:
    """Keys barge in on the words."""
    menu = turn.line.flow.steps.get(phase.step)
    if not isinstance(menu, Menu):
        return
    if phase.play is not None:
        turn.draft.do(StopPlay(turn.call.id, phase.play))
    chosen = menu.options.get(news.digit)
    if chosen is not None:
        walk.walk(turn, chosen)
    else:
        again(turn, menu, phase, menu.no_match)


def on_no_key(turn: Turn, phase: Choosing, news: CallDue) -> None:
    menu = turn.line.flow.steps.get(phase.step)
    if news.at < phase.due:
        return
    if not isinstance(menu, Menu):
        walk.apologise(turn)
    else:
        again(turn, menu, phase, menu.no_input)


def again(turn: Turn, menu: Menu, phase: Choosing, otherwise: StepName) -> None:
    if phase.tries < menu.max_tries:
        walk.ask(turn, menu, phase.tries + 1)
    else:
        walk.walk(turn, otherwise)


def on_opening_due(turn: Turn, phase: Holding, news: CallDue) -> None:
    """Is the line open by now?"""
    step = turn.line.flow.steps.get(phase.step)
    if news.at < phase.due:
        return
    if not isinstance(step, WaitForOpening):
        walk.apologise(turn)
    elif turn.around.is_open():
        walk.walk(turn, step.on_open)
    elif news.at >= phase.give_up_at:
        walk.walk(turn, step.on_timeout)
    else:
        walk.hold(turn, phase.step, phase.give_up_at)


def on_failed(turn: Turn, phase: Hearing | Choosing | Waiting | Holding, news: CommandFailed) -> None:
    """Words or music that cannot be had must not stop the call; a caller who is not there is gone."""
    command = news.command
    if news.result is Result.GONE and isinstance(command, Answer | Play | StartMusic | HangUp):
        turn.end(EndedBy.CALLER)
        return
    match command:
        case Play():
            ended = PlayEnded(turn.call.id, command.play, heard=False, at=news.at)
            match phase:
                case Hearing():
                    on_heard(turn, phase, ended)
                case Choosing():
                    on_menu_heard(turn, phase, ended)
                case Waiting():
                    waiting.on_announced(turn, phase, ended)
                case Holding():
                    pass  # of an earlier step
                case _:
                    assert_never(phase)
        case StartMusic():
            turn.draft.say(Alarm("music_failed", turn.at))
        case Answer() if news.result is Result.NOT_NOW:
            pass  # in the last resort again by now, which has answered them: we are told that they left
        case Answer():
            turn.fate(Outcome.FAILED)
            walk.hang_up(turn, EndedBy.SYSTEM)
        case _:
            pass  # of an earlier phase: what it was for is over


def on_hangup_failed(turn: Turn, phase: Leaving, news: CommandFailed) -> None:
    if isinstance(news.command, HangUp) and news.result is Result.GONE:
        turn.end(phase.ended_by)


def on_hangup_overdue(turn: Turn, phase: Leaving, news: CallDue) -> None:
    """The exchange has not confirmed it: asked again, and somebody should look. Nobody is written down as gone who may
    still be on the line: when they are not, the answer says so."""
    if news.at >= phase.deadline:
        turn.draft.say(Alarm("hangup_not_confirmed", turn.at))
        walk.hang_up(turn, phase.ended_by)


NO_MENU = Nothing("nobody listens for keys now: only menus and queues do")
OLD_WORDS = Nothing("words that were cut, or of a phase that is over")
NOT_JOINING = Nothing("a talk that was given up, and taken down when it was")
UNANSWERED = Nothing("the ring was let go with what it belonged to, or its end is the hunt's business")
NO_TALK = Nothing("keys are answers only in a talk")
WRITTEN = Nothing("the outcome is written")
EARLIER_TALK = Nothing("of a talk that is over")
NO_OTHER_SIDE = Nothing("nobody listens on the other side; what we play goes on, and is heard when they come back")
UNHEARD = Nothing("only in a talk does it matter whether anything is heard from the caller")

TABLE: dict[tuple[type[CallPhase], type[CallEvent]], Callable[..., None] | Nothing] = {
    (Hearing, CallGone): on_gone,
    (Hearing, CallLeft): shelter.on_left,
    (Hearing, DigitPressed): NO_MENU,
    (Hearing, PlayEnded): on_heard,
    (Hearing, Joined): NOT_JOINING,
    (Hearing, CallerTalking): UNHEARD,
    (Hearing, VolunteerHeard): EARLIER_TALK,
    (Hearing, SoundLost): EARLIER_TALK,
    (Hearing, SoundBack): EARLIER_TALK,
    (Hearing, SideHeld): NO_OTHER_SIDE,
    (Hearing, CallDue): on_words_overdue,
    (Hearing, VolunteerPickedUp): waiting.on_picked_up_too_late,
    (Hearing, VolunteerGone): UNANSWERED,
    (Hearing, YesNoWanted): NO_TALK,
    (Hearing, CommandFailed): on_failed,
    (Choosing, CallGone): on_gone,
    (Choosing, CallLeft): shelter.on_left,
    (Choosing, DigitPressed): on_key,
    (Choosing, PlayEnded): on_menu_heard,
    (Choosing, Joined): NOT_JOINING,
    (Choosing, CallerTalking): UNHEARD,
    (Choosing, VolunteerHeard): EARLIER_TALK,
    (Choosing, SoundLost): EARLIER_TALK,
    (Choosing, SoundBack): EARLIER_TALK,
    (Choosing, SideHeld): NO_OTHER_SIDE,
    (Choosing, CallDue): on_no_key,
    (Choosing, VolunteerPickedUp): waiting.on_picked_up_too_late,
    (Choosing, VolunteerGone): UNANSWERED,
    (Choosing, YesNoWanted): NO_TALK,
    (Choosing, CommandFailed): on_failed,
    (Waiting, CallGone): on_gone,
    (Waiting, CallLeft): shelter.on_left,
    (Waiting, DigitPressed): waiting.on_key,
    (Waiting, PlayEnded): waiting.on_announced,
    (Waiting, Joined): NOT_JOINING,
    (Waiting, CallerTalking): UNHEARD,
    (Waiting, VolunteerHeard): EARLIER_TALK,
    (Waiting, SoundLost): EARLIER_TALK,
    (Waiting, SoundBack): EARLIER_TALK,
    (Waiting, SideHeld): NO_OTHER_SIDE,
    (Waiting, CallDue): waiting.on_waiting_due,
    (Waiting, VolunteerPickedUp): waiting.on_picked_up,
    (Waiting, VolunteerGone): UNANSWERED,
    (Waiting, YesNoWanted): NO_TALK,
    (Waiting, CommandFailed): on_failed,
    (Holding, CallGone): on_gone,
    (Holding, CallLeft): shelter.on_left,
    (Holding, DigitPressed): NO_MENU,
    (Holding, PlayEnded): OLD_WORDS,
    (Holding, Joined): NOT_JOINING,
    (Holding, CallerTalking): UNHEARD,
    (Holding, VolunteerHeard): EARLIER_TALK,
    (Holding, SoundLost): EARLIER_TALK,
    (Holding, SoundBack): EARLIER_TALK,
    (Holding, SideHeld): NO_OTHER_SIDE,
    (Holding, CallDue): on_opening_due,
    (Holding, VolunteerPickedUp): waiting.on_picked_up_too_late,
    (Holding, VolunteerGone): UNANSWERED,
    (Holding, YesNoWanted): NO_TALK,
    (Holding, CommandFailed): on_failed,
    (Joining, CallGone): talking.on_gone_while_joining,
    (Joining, CallLeft): shelter.on_left,
    (Joining, DigitPressed): NO_MENU,
    (Joining, PlayEnded): talking.on_words_ended,
    (Joining, Joined): talking.on_joined,
    (Joining, CallerTalking): talking.on_voice_while_joining,
    (Joining, VolunteerHeard): EARLIER_TALK,
    (Joining, SoundLost): EARLIER_TALK,
    (Joining, SoundBack): EARLIER_TALK,
    (Joining, SideHeld): sound.on_held,
    (Joining, CallDue): talking.on_join_overdue,
    (Joining, VolunteerPickedUp): waiting.on_picked_up_too_late,
    (Joining, VolunteerGone): talking.on_volunteer_gone_while_joining,
    (Joining, YesNoWanted): Nothing("the two do not hear each other yet"),
    (Joining, CommandFailed): talking.on_join_failed,
    (Talking, CallGone): talking.on_gone_while_talking,
    (Talking, CallLeft): shelter.on_left,
    (Talking, DigitPressed): Nothing("what is pressed in a talk is between the two"),
    (Talking, PlayEnded): yes_no.on_words_ended,
    (Talking, Joined): Nothing("told twice, after a reconnect"),
    (Talking, CallerTalking): talking.on_voice,
    (Talking, VolunteerHeard): sound.on_heard,
    (Talking, SoundLost): sound.on_lost,
    (Talking, SoundBack): sound.on_back,
    (Talking, SideHeld): sound.on_held,
    (Talking, CallDue): talking.on_due,
    (Talking, VolunteerPickedUp): waiting.on_picked_up_too_late,
    (Talking, VolunteerGone): talking.on_volunteer_gone,
    (Talking, YesNoWanted): yes_no.on_wanted,
    (Talking, CommandFailed): yes_no.on_failed,
    (Leaving, CallGone): on_gone_as_asked,
    (Leaving, CallLeft): Nothing("we have hung up; the last resort knows that the call is done"),
    (Leaving, DigitPressed): NO_MENU,
    (Leaving, PlayEnded): OLD_WORDS,
    (Leaving, Joined): NOT_JOINING,
    (Leaving, CallerTalking): UNHEARD,
    (Leaving, VolunteerHeard): EARLIER_TALK,
    (Leaving, SoundLost): EARLIER_TALK,
    (Leaving, SoundBack): EARLIER_TALK,
    (Leaving, SideHeld): NO_OTHER_SIDE,
    (Leaving, CallDue): on_hangup_overdue,
    (Leaving, VolunteerPickedUp): waiting.on_picked_up_too_late,
    (Leaving, VolunteerGone): UNANSWERED,
    (Leaving, YesNoWanted): NO_TALK,
    (Leaving, CommandFailed): on_hangup_failed,
    (Sheltered, CallGone): shelter.on_gone_there,
    (Sheltered, CallLeft): Nothing("told twice, or after a survey"),
    (Sheltered, DigitPressed): NO_MENU,
    (Sheltered, PlayEnded): OLD_WORDS,
    (Sheltered, Joined): NOT_JOINING,
    (Sheltered, CallerTalking): UNHEARD,
    (Sheltered, VolunteerHeard): EARLIER_TALK,
    (Sheltered, SoundLost): EARLIER_TALK,
    (Sheltered, SoundBack): EARLIER_TALK,
    (Sheltered, SideHeld): NO_OTHER_SIDE,
    (Sheltered, CallDue): shelter.on_stays,
    (Sheltered, VolunteerPickedUp): waiting.on_picked_up_too_late,
    (Sheltered, VolunteerGone): UNANSWERED,
    (Sheltered, YesNoWanted): NO_TALK,
    (Sheltered, CommandFailed): Nothing("asked for before they left us"),
    (Over, CallGone): WRITTEN,
    (Over, CallLeft): WRITTEN,
    (Over, DigitPressed): WRITTEN,
    (Over, PlayEnded): WRITTEN,
    (Over, Joined): WRITTEN,
    (Over, CallerTalking): WRITTEN,
    (Over, VolunteerHeard): WRITTEN,
    (Over, SoundLost): WRITTEN,
    (Over, SoundBack): WRITTEN,
    (Over, SideHeld): WRITTEN,
    (Over, CallDue): Nothing("rings that die away have their own deadlines"),
    (Over, VolunteerPickedUp): waiting.on_picked_up_too_late,
    (Over, VolunteerGone): WRITTEN,
    (Over, YesNoWanted): WRITTEN,
    (Over, CommandFailed): WRITTEN,
}


def step(turn: Turn, news: CallEvent) -> None:
    row = TABLE[type(turn.call.phase), type(news)]
    if not isinstance(row, Nothing):
        row(turn, turn.call.phase, news)


def due(phase: CallPhase) -> datetime | None:
    """The moment at which this phase wants to hear `CallDue`."""
    match phase:
        case Hearing() | Choosing() | Holding():
            return phase.due
        case Waiting():
            return walk.due(phase)
        case Joining() | Leaving():
            return phase.deadline
        case Talking():
            return talking.due(phase)
        case Sheltered():
            return phase.back_by
        case Over():
            return None
        case _:
            assert_never(phase)
