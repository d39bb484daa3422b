"""The codes a volunteer can dial on their own phone, and the sentence that confirms each; and those that are pressed
within a talk.

Rules: every code is answered with one sentence; what follows from one that was dialled is in `dialled`, and from one
that was pressed in `yes_no`.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import assert_never

from ivr.core.ids import PromptId
from ivr.core.reasons import PauseKind
from ivr.core.state import InTalk, Keyed, Volunteer

LONGER_S = 120.0
"""So much more time to wrap up per dialling; the sentence says two minutes."""


class Feature(StrEnum):
    ON_DUTY = "on_duty"
    """On duty, and back from a pause of any kind."""
    OFF_DUTY = "off_duty"
    PAUSE = "pause"
    BREAK = "break"
    WRAP_UP_DONE = "wrap_up_done"
    WRAP_UP_LONGER = "wrap_up_longer"


NOT_NOW = PromptId("frivillig-ikke-nu")
ON_DUTY = PromptId("frivillig-paa-vagt")
WAS_NOT_ANSWERING = PromptId("frivillig-paa-vagt-igen")
WAS_REFUSING = PromptId("frivillig-afviste")
WAS_NOT_HEARD = PromptId("frivillig-uden-lyd")
WHY_PAUSED = {
    PauseKind.UNANSWERED: WAS_NOT_ANSWERING,
    PauseKind.REFUSING: WAS_REFUSING,
    PauseKind.NO_SOUND: WAS_NOT_HEARD,
}
"""What who comes back from a pause hears that they did not take themselves."""
OFF_DUTY = PromptId("frivillig-fri")
PAUSED = PromptId("frivillig-pause")
BREAK = PromptId("frivillig-luft")
DONE = PromptId("frivillig-klar")
LONGER = PromptId("frivillig-mere-tid")
PRESS_ONE = PromptId("frivillig-tast-et")
"""Said to who has picked up, where a group wants the call to be accepted with a key."""
NOT_HEARD = PromptId("frivillig-hoeres-ikke")
"""Said to who has picked up and is let go because nothing is heard from their phone."""
SENTENCES = (
    PRESS_ONE,
    NOT_NOW,
    ON_DUTY,
    *WHY_PAUSED.values(),
    OFF_DUTY,
    PAUSED,
    BREAK,
    DONE,
    LONGER,
    NOT_HEARD,
)

ON_CODE, OFF_CODE = "*16", "*17"
"""Pressed within a talk: answers by key begin, and end (see `yes_no`)."""
KEYS_S = 4.0
"""So long at most between two keys of a code."""
YES_NO_BEGINS = PromptId("frivillig-ja-nej-til")
YES_NO_ENDS = PromptId("frivillig-ja-nej-fra")
YES = PromptId("frivillig-ja")
NO = PromptId("frivillig-nej")
KEY_HEARD = PromptId("tast-hoert")
"""A short tone for the caller: the key has come through, whichever it was."""
YES_NO_WORDS = (YES_NO_BEGINS, YES_NO_ENDS, YES, NO, KEY_HEARD)


def keyed(before: Keyed | None, digit: str, at: datetime) -> tuple[Keyed | None, bool | None]:
    """A volunteer in a talk has pressed one key more: how far they are with a code now; and True or False when this was
    the last key of the one or the other."""
    late = before is None or (at - before.at).total_seconds() > KEYS_S
    known = 0 if before is None or late else before.keys
    whole = ON_CODE[:known] + digit
    if whole in (ON_CODE, OFF_CODE):
        return None, whole == ON_CODE
    if ON_CODE.startswith(whole):
        return Keyed(known + 1, at), None
    return (Keyed(1, at) if digit == ON_CODE[0] else None), None


def sentence(who: Volunteer, feature: Feature) -> PromptId:
    match feature:
        case Feature.ON_DUTY:
            return ON_DUTY if who.pause is None else WHY_PAUSED.get(who.pause.kind, ON_DUTY)
        case Feature.OFF_DUTY:
            return OFF_DUTY
        case Feature.PAUSE:
            return PAUSED
        case Feature.BREAK:
            return BREAK
        case Feature.WRAP_UP_DONE:
            return DONE
        case Feature.WRAP_UP_LONGER:
            return NOT_NOW if isinstance(who.phase, InTalk) else LONGER
        case _:
            assert_never(feature)
