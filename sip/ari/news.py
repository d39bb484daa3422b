"""What Asterisk said -> what happened, in the house's words. Total: anything that means nothing to us is None.

Rules: callers are known by the Stasis arguments they came with, rings, talks and playings by their ids. An end is told
once per thing that shows it (Asterisk may send any of several); who has only left Stasis has not ended.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Final

from ivr.core.feature import Feature
from ivr.core.ids import CallId, LineId, VolunteerId, call_of
from ivr.core.news import (
    CallArrived,
    CallBack,
    CallerTalking,
    CallGone,
    Cause,
    DigitPressed,
    FeatureDialled,
    Joined,
    News,
    PlayEnded,
    Reached,
    RingAlerting,
    RingAnswered,
    RingGone,
    RingPressed,
    SideHeld,
    VolunteerReleased,
)
from ivr.core.reasons import Side
from sip.ari.model import (
    Channel,
    ChannelDestroyed,
    ChannelDtmfReceived,
    ChannelEnteredBridge,
    ChannelHold,
    ChannelStateChange,
    ChannelTalkingFinished,
    ChannelTalkingStarted,
    ChannelUnhold,
    Event,
    PlaybackFinished,
    StasisStart,
)
from sip.ari.parties import Parties, play_of, ring_of, talk_of

_LINE: Final = re.compile(r"[a-z][a-z0-9_-]{0,31}")
_DIGITS: Final = frozenset("0123456789*#")

CAUSES: Final = {
    1: Cause.UNREACHABLE,
    2: Cause.UNREACHABLE,
    3: Cause.UNREACHABLE,
    17: Cause.BUSY,
    18: Cause.NO_ANSWER,
    19: Cause.NO_ANSWER,
    20: Cause.UNREACHABLE,
    21: Cause.DECLINED,
    22: Cause.UNREACHABLE,
    26: Cause.ELSEWHERE,
    27: Cause.UNREACHABLE,
    34: Cause.FAILED,
    38: Cause.FAILED,
    41: Cause.FAILED,
    42: Cause.FAILED,
    44: Cause.MEDIA_LOST,
    58: Cause.FAILED,
    88: Cause.FAILED,
}
"""Q.850 causes as Asterisk gives them (measured, see the README); those that are not here are a normal end."""

REDIRECTED: Final = frozenset({0, 23})
"""With these a phone's channel ends that sends its callers elsewhere (SIP 302): 23, and 0 when Asterisk has followed it
before the answer's cause was written down. Nothing else that a phone which was not picked up does ends with 0."""


def redirected(event: ChannelDestroyed) -> bool:
    channel = event.channel
    return ring_of(channel.id) is not None and event.cause in REDIRECTED and channel.state != "Up"


def cause_of(code: int) -> Cause:
    return CAUSES.get(code, Cause.NORMAL)


def news_of(event: Event, parties: Parties, at: datetime) -> News | None:
    """`at`: the line's time when the event was read. Learns who arrives; forgetting is for the one who asked."""
    match event:
        case StasisStart(channel=channel, args=args):
            return _entered(channel, args, parties, at)
        case ChannelStateChange(channel=Channel(id=channel, state="Ringing")):
            ring = ring_of(channel)
            return RingAlerting(ring, at) if ring else None
        case ChannelDestroyed(channel=channel, cause=code):
            return gone(channel.id, Cause.UNREACHABLE if redirected(event) else cause_of(code), parties, at)
        case ChannelDtmfReceived(channel=channel, digit=digit):
            return _pressed(channel.id, digit, parties, at)
        case ChannelTalkingStarted(channel=channel) | ChannelTalkingFinished(channel=channel):
            call = parties.call(channel.id)
            return CallerTalking(call, isinstance(event, ChannelTalkingStarted), at) if call else None
        case ChannelHold(channel=channel) | ChannelUnhold(channel=channel):
            return _held(channel.id, parties, at, held=isinstance(event, ChannelHold))
        case PlaybackFinished():
            return _played(event, parties, at)
        case ChannelEnteredBridge():
            return _joined(event, parties, at)
        case _:
            return None


def gone(channel: str, cause: Cause, parties: Parties, at: datetime) -> CallGone | RingGone | VolunteerReleased | None:
    """A channel has ended, however that was noticed."""
    if volunteer := parties.dials.pop(channel, None):
        return VolunteerReleased(volunteer, at)
    if ring := ring_of(channel):
        return RingGone(ring, cause, at)
    call = parties.call(channel)
    return CallGone(call, cause, at) if call else None


def _pressed(channel: str, digit: str, parties: Parties, at: datetime) -> DigitPressed | RingPressed | None:
    if digit not in _DIGITS:
        return None
    if ring := ring_of(channel):
        return RingPressed(ring, digit, at)
    call = parties.call(channel)
    return DigitPressed(call, digit, at) if call else None


def _held(channel: str, parties: Parties, at: datetime, *, held: bool) -> SideHeld | None:
    if ring := ring_of(channel):
        return SideHeld(call_of(ring), Side.VOLUNTEER, held, at)
    call = parties.call(channel)
    return SideHeld(call, Side.CALLER, held, at) if call else None


def caller_line(args: tuple[str, ...]) -> LineId | None:
    """Which line a channel came in on, from its Stasis arguments `call,<line>[,...]`; None: it is no caller."""
    match args:
        case ("call", line, *_) if _LINE.fullmatch(line):
            return LineId(line)
        case _:
            return None


def _entered(channel: Channel, args: tuple[str, ...], parties: Parties, at: datetime) -> News | None:
    if ring := ring_of(channel.id):
        return RingAnswered(ring, at)
    line = caller_line(args)
    if line is None:
        return _dialled(channel.id, args, parties, at)
    call = parties.learn(channel.id, line)
    reached = came_back(args)
    return CallArrived(call, line, at) if reached is None else back_of(channel, call, line, reached, at)


def _dialled(channel: str, args: tuple[str, ...], parties: Parties, at: datetime) -> FeatureDialled | None:
    """A volunteer's phone with one of our codes: `feature,<feature>,<volunteer>`, both of them our dialplan's words."""
    match args:
        case ("feature", feature, who) if feature in tuple(Feature) and _LINE.fullmatch(who):
            volunteer = VolunteerId(who)
            return FeatureDialled(parties.dialled(channel, volunteer), volunteer, Feature(feature), at)
        case _:
            return None


def back_of(channel: Channel, call: CallId, line: LineId, reached: Reached, at: datetime) -> CallBack:
    """When they came is the channel's beginning, in the line's time."""
    came_at = channel.creationtime.astimezone(UTC) + (at - datetime.now(UTC))
    return CallBack(call, line, min(came_at, at), reached, at)


def came_back(args: tuple[str, ...]) -> Reached | None:
    """How far a caller had come whom the last resort gives to us; None: it is not one."""
    match args:
        case ("call", _, "takeover", reached) if reached in ("0", "1", "2"):
            return Reached(int(reached))
        case _:
            return None


def _played(event: PlaybackFinished, parties: Parties, at: datetime) -> PlayEnded | None:
    play = play_of(event.playback.id)
    if play is None:
        return None
    failed = event.playback.state != "done"
    if failed and event.playback.target_uri.removeprefix("channel:") in parties.dying:
        return None  # cut short because the caller hangs up, which is told next
    return PlayEnded(call_of(play), play, not failed and play not in parties.flawed, at)


def _joined(event: ChannelEnteredBridge, parties: Parties, at: datetime) -> Joined | None:
    talk = talk_of(event.bridge.id)
    if talk is None:
        return None
    caller = parties.channel(call_of(talk))
    both = caller in event.bridge.channels and any(ring_of(each) for each in event.bridge.channels)
    return Joined(talk, at) if both else None
