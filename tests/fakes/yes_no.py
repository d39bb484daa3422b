"""Answers by key at the fake exchange: a caller's 1 and 2 become words for the volunteer they talk with.

Rules (facts of Asterisk): a word is heard by one side alone, who for so long does not hear the other; nothing of what
was pressed is news, kept or counted.
"""

from __future__ import annotations

from ivr.core.commands import YesNo, YesNoOver
from ivr.core.feature import KEY_HEARD, NO, YES, YES_NO_BEGINS, YES_NO_ENDS
from ivr.core.news import Result
from tests.fakes import rings, words
from tests.fakes.floor import Floor
from tests.fakes.legs import Caller

ANSWERS = {"1": YES, "2": NO}
MOST_WORDS = 3
"""So many may wait to be said: of a key that is pressed without end no more is heard."""


def begin(floor: Floor, caller: Caller, command: YesNo) -> Result:
    leg = floor.leg_with(caller)
    if leg is None or leg.id != command.ring:
        return Result.GONE
    if YES not in floor.prompts or NO not in floor.prompts:
        return Result.REFUSED
    caller.yes_no = command.volunteers_language
    if command.play is None:
        return Result.DONE
    if words.knows(caller, command.play):
        return Result.ALREADY
    rings.say(floor, leg, None, (YES_NO_BEGINS,))
    words.say(floor, caller, command.play, command.prompts)
    return Result.DONE


def end(floor: Floor, caller: Caller, command: YesNoOver) -> Result:
    leg = floor.leg_with(caller)
    caller.yes_no = None
    if leg is None or leg.id != command.ring:
        return Result.GONE
    rings.say(floor, leg, None, (YES_NO_ENDS,))
    return Result.DONE


def pressed(floor: Floor, caller: Caller, digit: str) -> None:
    leg = floor.leg_with(caller)
    if leg is not None and digit in ANSWERS and len(leg.words) < MOST_WORDS:
        rings.say(floor, leg, None, (ANSWERS[digit],))
        if caller.playing is None:
            words.say(floor, caller, None, (KEY_HEARD,))
