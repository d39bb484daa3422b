"""Names of things.

Rules: opaque text; a call's is made outside the core, the rest from the call's id and a kept counter.
"""

from typing import NewType

CallId = NewType("CallId", str)
"""One attempt by one caller: a keyed hash of the exchange's own id, so that an adopted call gets the same id again."""

RingId = NewType("RingId", str)
"""One volunteer's phone asked once for one call: `<call>-r<n>`."""

TalkId = NewType("TalkId", str)
"""One joining of a caller and a volunteer, never used twice: `<call>-t<n>`."""

PlayId = NewType("PlayId", str)
"""One playing of prompts to one caller: `<call>-p<n>`."""

DialId = NewType("DialId", str)
"""A volunteer's phone that has dialled one of our codes."""

LineId = NewType("LineId", str)
GroupId = NewType("GroupId", str)
VolunteerId = NewType("VolunteerId", str)
StepName = NewType("StepName", str)
PromptId = NewType("PromptId", str)
"""A prompt's name within its language, e.g. `velkommen`; the exchange knows which file that is."""


def ring_id(call: CallId, number: int) -> RingId:
    """No id is how a longer one begins (up to a million rings): Asterisk would take the shorter one for taken."""
    return RingId(f"{call}-r{number:06d}")


def talk_id(call: CallId, number: int) -> TalkId:
    return TalkId(f"{call}-t{number}")


def play_id(call: CallId, number: int) -> PlayId:
    return PlayId(f"{call}-p{number}")


def call_of(part: RingId | TalkId | PlayId) -> CallId:
    """The call that a ring, talk or playing belongs to."""
    return CallId(part.rpartition("-")[0])
