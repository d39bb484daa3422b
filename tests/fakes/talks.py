"""Talks at the fake exchange: two are joined, and parted again.

Rules (facts of Asterisk): who is joined hears no words to their end; a room's id is never used twice; a room that is
taken down leaves both on the line.
"""

from __future__ import annotations

from datetime import datetime

from ivr.core.commands import EndTalk, Join
from ivr.core.news import Joined, Result
from tests.fakes import rings, words
from tests.fakes.floor import Floor
from tests.fakes.legs import Caller, LegPhase


def join(floor: Floor, caller: Caller, command: Join) -> Result:
    leg = floor.legs.get(command.ring)
    if leg is None or not leg.here or leg.leaves:
        return Result.GONE
    if floor.talks.get(command.talk) == (command.call, command.ring):
        return Result.ALREADY
    if leg.phase is not LegPhase.UP or caller.talk is not None or leg.talk is not None:
        floor.misuse.append(f"{command.talk} joins who cannot be joined")
        return Result.NOT_NOW
    if command.talk in floor.used_talks:
        return Result.REFUSED
    words.quiet(floor, caller)
    rings.hush(floor, leg)
    floor.used_talks.add(command.talk)
    floor.talks[command.talk] = (caller.id, leg.id)
    caller.talk = leg.talk = command.talk
    caller.keys_through = command.keys_through
    caller.answered = True
    floor.listen(caller, leg)

    def joined(at: datetime) -> Joined:
        return Joined(command.talk, at)

    floor.emit(command.talk, joined)
    return Result.DONE


def end(floor: Floor, command: EndTalk) -> Result:
    if command.talk not in floor.talks:
        return Result.GONE
    caller = floor.callers[floor.talks[command.talk][0]]
    if caller.talk == command.talk:
        words.quiet(floor, caller)  # nothing that belongs to the talk is heard after it
    floor.part(command.talk)
    return Result.DONE
