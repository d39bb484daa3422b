"""Where most contract scenarios begin: a caller who is served, a phone that was picked up, two who talk."""

from __future__ import annotations

from dataclasses import dataclass

from ivr.core.commands import Answer, Join, Play, Ring, StartMusic
from ivr.core.ids import CallId, PlayId, PromptId, RingId, TalkId, VolunteerId, play_id, ring_id, talk_id
from ivr.core.news import Joined, PlayEnded, Result, RingAlerting, RingAnswered, RingGone
from tests.contract.rigs import Caller, Rig
from tests.fakes.phones import Answers, Behaviour

FINE = (Result.DONE, Result.ALREADY)
"""How a repeated command may be answered."""
OVER = (Result.GONE, Result.ALREADY)
"""How a repeated ending may be answered."""
SOON_S = 1.5
"""Within this the exchange has done what it does at once, on a busy machine too."""


@dataclass(frozen=True, slots=True)
class Talk:
    caller: Caller
    ring: RingId
    talk: TalkId


def playing(rig: Rig, call: CallId, number: int, *prompts: PromptId) -> Play:
    return Play(call, play_id(call, number), rig.language, prompts)


def ringing(rig: Rig, call: CallId, number: int, volunteer: VolunteerId, timeout_s: int = 20) -> Ring:
    return Ring(ring_id(call, number), volunteer, rig.line, "BørneTelefonen", "116111", timeout_s)


async def answered(rig: Rig) -> Caller:
    caller = await rig.caller(rig.line)
    assert await rig.exchange.perform(Answer(caller.id)) is Result.DONE
    return caller


async def with_music(rig: Rig) -> Caller:
    caller = await answered(rig)
    assert await rig.exchange.perform(StartMusic(caller.id)) is Result.DONE
    return caller


async def in_words(rig: Rig, number: int = 1) -> tuple[Caller, PlayId]:
    """The longer prompt has just begun."""
    caller = await answered(rig)
    play = playing(rig, caller.id, number, rig.prompts[1][0])
    assert await rig.exchange.perform(play) is Result.DONE
    return caller, play.play


async def rung(
    rig: Rig, caller: Caller, number: int, behaviour: Behaviour, who: int = 0, timeout_s: int = 20
) -> RingId:
    """A phone of that behaviour was asked to ring, and the exchange took it on."""
    volunteer = rig.volunteers[who]
    await rig.phone(volunteer, behaviour)
    command = ringing(rig, caller.id, number, volunteer, timeout_s)
    assert await rig.exchange.perform(command) is Result.DONE
    return command.ring


async def alerting(rig: Rig, caller: Caller, number: int, behaviour: Behaviour, who: int = 0) -> RingId:
    ring = await rung(rig, caller, number, behaviour, who)
    await rig.log.until(RingAlerting, ring=ring)
    return ring


async def picked_up(rig: Rig, caller: Caller, number: int, behaviour: Answers | None = None, who: int = 0) -> RingId:
    ring = await rung(rig, caller, number, behaviour or Answers(0.2), who)
    await rig.log.until(RingAnswered, ring=ring)
    return ring


async def in_talk(rig: Rig, behaviour: Answers | None = None, *, keys_through: bool = False) -> Talk:
    caller = await with_music(rig)
    ring = await picked_up(rig, caller, 1, behaviour)
    talk = talk_id(caller.id, 2)
    assert await rig.exchange.perform(Join(talk, caller.id, ring, keys_through)) is Result.DONE
    await rig.log.until(Joined, talk=talk)
    return Talk(caller, ring, talk)


async def marker(rig: Rig, caller: Caller, number: int) -> None:
    """Something later that has come: whatever was going to come before it has come too."""
    play = playing(rig, caller.id, number, rig.prompts[0][0])
    assert await rig.exchange.perform(play) is Result.DONE
    await rig.log.until(PlayEnded, play=play.play, within_s=15)


def ends(rig: Rig, ring: RingId) -> list[RingGone]:
    return rig.log.about(RingGone, ring=ring)
