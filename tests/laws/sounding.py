"""What may happen to the sound of a talk: part of the world outside."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from ivr.core.change import replace
from ivr.core.news import News, PhoneDead, SideHeld, SoundBack, SoundLost, VolunteerHeard
from ivr.core.reasons import Loss, Side

if TYPE_CHECKING:
    from tests.laws.world import World


def possible(world: World, at: datetime) -> Iterator[tuple[News, World]]:
    """Each side is lost, for whatever reason, or back; holds, or has resumed. Who holds is not judged."""
    for talk, (call, ring) in sorted(world.talks.items()):
        if call not in world.callers or ring not in world.phones:
            continue
        held = {side for side in Side if (call, side) in world.held}
        lost = {side: loss for side in Side if (loss := world.lost.get((talk, side))) is not None}
        if talk not in world.heard and not held and Side.VOLUNTEER not in lost:
            yield VolunteerHeard(talk, at), replace(world, heard=world.heard | {talk})
        if not world.spare.sounds:
            continue
        less = replace(world, spare=replace(world.spare, sounds=world.spare.sounds - 1))
        for side in Side:
            for loss in Loss if not held else ():
                never = side is Side.VOLUNTEER and loss is Loss.NEVER and talk in world.heard
                if lost.get(side) is not loss and not never:
                    yield SoundLost(talk, side, loss, at), replace(less, lost=world.lost.set((talk, side), loss))
            if side in lost:
                yield SoundBack(talk, side, at), replace(less, lost=world.lost.delete((talk, side)))
            yield SideHeld(call, side, side not in held, at), replace(less, held=world.held ^ {(call, side)})
        if Side.VOLUNTEER in lost:
            yield PhoneDead(ring, at), less
