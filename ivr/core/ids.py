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
"""A volunteer's name; or `<partner>.<n>`, one of the places of a partner that takes callers for us (see `place_id`)."""
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


def place_id(partner: str, number: int) -> VolunteerId:
    """A partner has as many places as callers it takes at once; each is rung like a volunteer's phone."""
    return VolunteerId(f"{partner}.{number}")


def partner_of(volunteer: VolunteerId) -> str | None:
    """Whose place it is; None for a volunteer of ours, whose name has no dot."""
    partner, dot, _number = volunteer.partition(".")
    return partner if dot else None


def call_of(part: RingId | TalkId | PlayId) -> CallId:
    """The call that a ring, talk or playing belongs to."""
    return CallId(part.rpartition("-")[0])
