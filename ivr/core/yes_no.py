"""Answers by key in a talk, for a caller who cannot speak: 1 is yes, 2 is no.

Rules: on only in a talk, and at the latest over with it; switched by the volunteer, or for them; which key a caller
presses is none of our business: the exchange says it to the volunteer and tells nobody.
"""

from __future__ import annotations

from ivr.core import commands
from ivr.core.call_events import YesNoWanted
from ivr.core.change import replace
from ivr.core.commands import YesNoOver
from ivr.core.facts import PromptFailed, YesNoBegan
from ivr.core.ids import partner_of
from ivr.core.news import CommandFailed, PlayEnded, Result
from ivr.core.reasons import SwitchedBy
from ivr.core.state import Talking, YesNo
from ivr.core.turn import Turn


def on_wanted(turn: Turn, phase: Talking, news: YesNoWanted) -> None:
    """On once more: both hear the words again. What a partner's people press is between them and their own exchange."""
    if news.ring != phase.ring or partner_of(phase.volunteer) is not None:
        return
    if news.on and turn.line.yes_no:
        begin(turn, phase, news.by)
    elif not news.on:
        turn.draft.do(YesNoOver(turn.call.id, phase.ring, turn.line.language))
        turn.end_yes_no(news.by)


def begin(turn: Turn, phase: Talking, by: SwitchedBy) -> None:
    if phase.yes_no is None:
        turn.draft.say(YesNoBegan(turn.call.id, turn.line.id, phase.volunteer, by, turn.at))
    now = replace(phase, yes_no=YesNo(turn.next_play()))
    turn.go(now)
    ask(turn, now)


def ask(turn: Turn, phase: Talking) -> None:
    """Ask the exchange for it; also for what it has forgotten, or a new one never knew."""
    if phase.yes_no is not None:
        words, language = turn.line.yes_no, turn.line.language
        call = turn.call.id
        turn.draft.do(commands.YesNo(call, phase.ring, phase.yes_no.play, turn.language, words, language))


def on_words_ended(turn: Turn, phase: Talking, news: PlayEnded) -> None:
    """The caller has heard what to press, and need not hear it again after a restart. Of other words it is too late."""
    if phase.yes_no is None or phase.yes_no.play != news.play:
        return
    if not news.heard:
        turn.draft.say(PromptFailed(turn.call.id, turn.line.id, phase.step, turn.at))
    turn.go(replace(phase, yes_no=YesNo(None)))


def on_failed(turn: Turn, phase: Talking, news: CommandFailed) -> None:
    """Nobody is to rely on it then. When the exchange cannot be asked it is asked again later; who is gone is said to
    be gone next. Everything else belonged to a phase that is over: the two hear each other."""
    passing = news.result in (Result.GONE, Result.UNREACHABLE, Result.ALREADY)
    command = news.command
    if isinstance(command, commands.YesNo) and command.ring == phase.ring and not passing:
        turn.draft.do(YesNoOver(turn.call.id, phase.ring, turn.line.language))
        turn.end_yes_no(SwitchedBy.FAILED)
