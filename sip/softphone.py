"""A scripted volunteer's phone: registers, rings, picks up or declines, talks, and says so line by line.

Rules: what the phone was shown is told as it came, since a caller's number there is a finding; stopped, it hangs up and
takes its registration back; the password is read by whoever calls us and told to nobody.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

from sip.phone import Call, Ended, NotAnswered, NotRegistered, Phone, Ring
from sip.phone.interface import Samples
from sip.trouble import SipTrouble


@dataclass(frozen=True, slots=True)
class Manners:
    """How the volunteer behaves; seconds."""

    answer_after_s: float = 2.0
    talk_s: float | None = None
    """Hangs up after so long; None: leaves it to the caller."""
    decline: bool = False
    say: Samples | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """One line: `registered`, `ringing`, `answered`, `heard`, `declined`, `missed`, `ended`, `unregistered`."""

    what: str
    shows: str | None = None
    """What the phone's display is given (`ringing`)."""
    by: str | None = None
    """Who ended it (`ended`, `missed`): us, them, network."""
    reason: str | None = None
    seconds: float | None = None
    """How long it rang (`answered`, `declined`, `missed`), or was talked (`ended`)."""


Tell = Callable[[Event], None]


async def softphone(
    name: str, password: str, server: str, kind: type[Phone], manners: Manners, tell: Tell, stop: asyncio.Event
) -> None:
    """Serves calls until `stop`. Raises SipTrouble when the exchange does not take the phone."""
    try:
        phone = await kind.register(name, password, server, expires=60)
    except NotRegistered as refused:
        raise SipTrouble(_why(name, server, refused)) from refused
    except OSError as trouble:
        raise SipTrouble(f"no phone can be opened on this machine: {trouble}.") from trouble
    async with phone:
        tell(Event("registered"))
        try:
            async with asyncio.TaskGroup() as calls:
                serving = calls.create_task(_serve(phone, manners, tell, calls))
                await stop.wait()
                serving.cancel()
                await _hang_up(phone)
        finally:
            await phone.unregister()
        tell(Event("unregistered"))


def _why(name: str, server: str, refused: NotRegistered) -> str:
    if refused.code == 408:
        return f"nothing answers at {server}: is the line running? Start it with: make run"
    return f"the exchange does not take {name!r} ({refused.code}): has the account been removed or made anew?"


async def _serve(phone: Phone, manners: Manners, tell: Tell, calls: asyncio.TaskGroup) -> None:
    while True:
        try:
            ring = await phone.next_ring(3600)
        except TimeoutError:
            continue
        calls.create_task(_one(ring, manners, tell))


async def _hang_up(phone: Phone) -> None:
    for call in phone.calls:
        if call.ended is None:
            await call.hangup()


async def _one(ring: Ring, manners: Manners, tell: Tell) -> None:
    tell(Event("ringing", shows=ring.from_header.partition(";tag=")[0]))
    try:
        missed = await ring.until_ended(manners.answer_after_s)
    except TimeoutError:
        pass
    else:
        tell(_missed(ring, missed))
        return
    if manners.decline:
        ring.decline(603)
        tell(Event("declined", seconds=_since(ring.moment)))
        return
    try:
        call = await ring.answer(sound=manners.say)
    except NotAnswered as late:
        tell(_missed(ring, late.ended))
        return
    tell(Event("answered", seconds=_since(ring.moment)))
    await _talk(call, manners, tell)


async def _talk(call: Call, manners: Manners, tell: Tell) -> None:
    if manners.say is not None:
        call.play(manners.say, loop=True)
    began = time.monotonic()
    listening = asyncio.create_task(_first_sound(call, tell))
    try:
        ended = await call.until_ended(24 * 3600 if manners.talk_s is None else manners.talk_s)
    except TimeoutError:
        ended = await call.hangup()
    finally:
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
    tell(Event("ended", by=ended.by, reason=ended.reason or None, seconds=round(ended.moment - began, 1)))


async def _first_sound(call: Call, tell: Tell) -> None:
    await call.until_sound(24 * 3600)
    tell(Event("heard"))


def _missed(ring: Ring, ended: Ended) -> Event:
    return Event("missed", by=ended.by, reason=ended.reason or None, seconds=round(ended.moment - ring.moment, 1))


def _since(moment: float) -> float:
    return round(time.monotonic() - moment, 1)
