"""Volunteers who pick up and hang up to the millisecond, and callers of whom there are always enough."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, suppress
from types import TracebackType
from typing import Self

from sip.phone.interface import Samples
from sip.phone.own import OwnCall, OwnPhone, OwnRing
from tests.bench.stage import QUEUED, VOLUNTEERS, Side
from tests.bench.wire import Wire
from tests.rigs.line import CARRIER, eventually

PATIENCE_S = 30.0


class Volunteer:
    def __init__(self, phone: OwnPhone) -> None:
        self.phone, self.wire = phone, Wire(phone)
        self._ring: OwnRing | None = None

    async def ringing(self) -> OwnRing:
        """The ring that is there, or the next; it goes on ringing until it is answered."""
        if self._ring is None:
            self._ring = await self.phone.next_ring(PATIENCE_S)
        return self._ring

    async def pick_up(self, sound: Samples | None = None) -> OwnCall:
        ring = await self.ringing()
        self._ring = None
        return await ring.answer(sound=sound)

    async def serve(self, talk_s: float) -> float:
        """One talk; the seconds from being free again to the next INVITE, whose ring is left ringing."""
        talk = await self.pick_up()
        await asyncio.sleep(talk_s)
        ended = await talk.hangup()
        assert (ended.by, ended.why) == ("us", "BYE"), f"a talk was over before it should be: {ended}"
        return self.wire.invited(call_id_of(await self.ringing())) - self.wire.let_off(talk.call_id)


def call_id_of(ring: OwnRing) -> str:
    return next(value for name, value in ring.headers if name.lower() == "call-id")


class Crowd:
    """Callers of one side. Each has a phone of their own, so that what is over leaves nothing behind."""

    def __init__(self, side: Side) -> None:
        self._side = side
        self._phones: list[tuple[OwnPhone, OwnCall]] = []

    @property
    def calls(self) -> list[OwnCall]:
        """Those who are there, in the order in which they came."""
        return [call for _, call in self._phones if call.ended is None]

    async def fill(self, wanted: int, *sounds: Samples) -> None:
        """Returns when so many wait in the queue; `sounds`: what the newcomers say, each their own."""
        await self.sweep()
        missing = wanted - await asyncio.to_thread(self._side.waiting)
        for place in range(missing):
            phone = await OwnPhone.open(bind=CARRIER)
            sound = sounds[place] if sounds else None
            call = await phone.dial(self._side.address(QUEUED), sound=sound)
            if sound is not None:
                call.play(sound, loop=True)
            self._phones.append((phone, call))
            await call.until_answered(PATIENCE_S)
        await eventually(lambda: self._side.waiting() >= wanted, f"{wanted} callers wait", PATIENCE_S)

    async def sweep(self) -> None:
        """Forgets those who have gone."""
        for phone, call in self._phones:
            if call.ended is not None:
                await phone.close()
        self._phones = [one for one in self._phones if one[1].ended is None]

    async def close(self) -> None:
        for phone, _ in self._phones:
            with suppress(TimeoutError):
                await phone.close()
        self._phones.clear()


class Scene:
    """Both sides with all volunteers at their phones; empty again afterwards."""

    def __init__(self, *sides: Side) -> None:
        self._sides = sides
        self._held = AsyncExitStack()
        self.crowds: dict[str, Crowd] = {}
        self.volunteers: dict[str, list[Volunteer]] = {}

    async def __aenter__(self) -> Self:
        for side in self._sides:
            self._held.push_async_callback(self._until_empty, side)
            phones = [await self._held.enter_async_context(await side.volunteer(name)) for name in VOLUNTEERS]
            self.volunteers[side.name] = [Volunteer(phone) for phone in phones]
            self.crowds[side.name] = Crowd(side)
            self._held.push_async_callback(self.crowds[side.name].close)
        return self

    async def _until_empty(self, side: Side) -> None:
        await eventually(lambda: side.waiting() == 0, f"nobody waits at {side.name}", PATIENCE_S)

    async def __aexit__(
        self, kind: type[BaseException] | None, wrong: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._held.aclose()
