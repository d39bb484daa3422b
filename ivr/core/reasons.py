"""How things end, and why: the few fixed words that facts and states use, and that other people's scripts read."""

from __future__ import annotations

from enum import StrEnum


class Outcome(StrEnum):
    """How a call ended: exactly one per call."""

    ANSWERED = "answered"
    ABANDONED = "abandoned"
    SHORT_ABANDON = "short_abandon"
    ENDED_IN_MENU = "ended_in_menu"
    OUTSIDE_HOURS = "outside_hours"
    NOT_ADMITTED = "not_admitted"
    FORCED_OUT = "forced_out"
    HANDED_OVER = "handed_over"
    FAILED = "failed"
    LOST = "lost"
    UNSEEN = "unseen"


SERVED = frozenset({Outcome.ANSWERED, Outcome.HANDED_OVER})
"""Somebody has talked with the caller: stands whatever follows."""


class RingResult(StrEnum):
    """How a ring ended: exactly one per ring."""

    ANSWERED = "answered"
    NO_ANSWER = "no_answer"
    DECLINED = "declined"
    """At the phone, or by taking a pause, going off duty or leaving while it rang."""
    BUSY = "busy"
    UNREACHABLE = "unreachable"
    WON_BY_OTHER = "won_by_other"
    CALLER_GONE = "caller_gone"
    FAILED = "failed"


class EndedBy(StrEnum):
    CALLER = "caller"
    VOLUNTEER = "volunteer"
    SYSTEM = "system"
    NETWORK = "network"
    UNKNOWN = "unknown"


class ServedBy(StrEnum):
    """Who looked after a call at its end."""

    US = "us"
    LAST_RESORT = "last_resort"


class RequeueReason(StrEnum):
    """Why a caller who had been given to a volunteer is at the head of the queue again."""

    VOLUNTEER_GONE = "volunteer_gone"
    PHONE_DEAD = "phone_dead"
    NOT_JOINED = "not_joined"
    NO_SOUND = "no_sound"
    """The volunteer's phone sent nothing that could be heard."""


class Side(StrEnum):
    """One of the two of a talk."""

    CALLER = "caller"
    VOLUNTEER = "volunteer"


class Heard(StrEnum):
    """Whether a volunteer's sound went out to the caller."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"
    """Nobody watched, and the two were together for long enough."""


class Loss(StrEnum):
    """Why nothing of one side goes out to the other."""

    NEVER = "never"
    """Nothing has come from that phone since the two were joined: no microphone, no description of its sound."""
    ABSENT = "absent"
    """Nothing comes any more: muted without sending, held without saying so, on a network that is away, or dead."""
    DROPPED = "dropped"
    """Packets come and none of them is passed on: from an address that was not said, or in a codec nobody agreed on."""


class PauseKind(StrEnum):
    """Why a volunteer is left alone."""

    OWN = "own"
    BREAK = "break"
    """Needs a moment after a hard call. No report counts it, for or against anybody."""
    UNANSWERED = "unanswered"
    """Taken by us: their phone rang too often without being picked up."""
    REFUSING = "refusing"
    """Taken by us: their phone refused too many rings in a row, whatever it said (do not disturb, busy, broken)."""
    NO_SOUND = "no_sound"
    """Taken by us: they picked up too often in a row without being heard."""


class SwitchedBy(StrEnum):
    """Who began or ended answers by key."""

    VOLUNTEER = "volunteer"
    """With a code, on the phone that talks."""
    COMMAND = "command"
    """For the volunteer, by `ivr volunteer yes-no`."""
    TALK_OVER = "talk_over"
    FAILED = "failed"
    """The exchange could not do it."""


class HandoverWhy(StrEnum):
    TABLE = "table"
    HAND = "hand"
    EARLY = "early"
    """Everybody of the side that served had gone off duty."""
    LATE = "late"
    """By the table, but nobody was there at its moment."""
    LIMIT = "limit"
    """Nobody came; the side that stayed on need not any longer."""
