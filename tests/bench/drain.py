"""A full queue served to its end: first pick-up -> last good-bye, callers hang up after 1 s; against `app_queue`.

Talks are 1 s on average and no two alike: `app_queue` looks once a second, and talks of exactly a second would end each
time just after it has looked. Both sides get the same lengths.

Nobody's signalling says who talks with whom, and that is as it should be: each caller hums a tone of their own, and the
volunteer's phone knows by it whose time is up.
"""

from __future__ import annotations

import asyncio
import random
import time

import numpy as np

from sip.phone import g711
from sip.phone.interface import RATE, Packet, Samples
from sip.phone.own import OwnCall
from tests.bench.benchmark import Bench, Benchmark
from tests.bench.figures import Figure, Series
from tests.bench.people import PATIENCE_S, Scene, Volunteer
from tests.bench.stage import VOLUNTEERS, Side, Stage
from tests.rigs.asterisk import tone

TALK_S = (0.5, 1.5)
LIMIT_RATIO = 0.85
LOWEST, STEP = 400, 100
"""Hz. Apart enough for one packet of 20 ms to tell them apart."""


def hum(place: int) -> Samples:
    return tone(1.0, LOWEST + STEP * place)


def hummed(packet: Packet) -> int:
    """Whose tone this is."""
    spectrum = np.abs(np.fft.rfft(g711.decode(packet.payload, packet.kind)))
    pitch = float(np.argmax(spectrum[1:]) + 1) * RATE / len(packet.payload)
    return round((pitch - LOWEST) / STEP)


async def talk(volunteer: Volunteer, callers: list[OwnCall], lengths: list[float]) -> None:
    """Picks up, hears who it is, and that caller hangs up when the time is over."""
    call = await volunteer.pick_up()
    assert call.moments.answered is not None
    over = call.moments.answered + lengths.pop()
    await call.until_sound(PATIENCE_S)
    first = next(packet for packet in call.packets if g711.is_sound(packet.payload, packet.kind))
    await asyncio.sleep(over - time.monotonic())
    callers[hummed(first)].leave()
    await call.until_ended(PATIENCE_S)


async def drained(scene: Scene, side: Side, talks: list[float]) -> float:
    """Seconds. Phones ring before the clock starts, so that both begin from the same point."""
    crowd, volunteers = scene.crowds[side.name], scene.volunteers[side.name]
    await crowd.fill(len(talks), *(hum(place) for place in range(len(talks))))
    for volunteer in volunteers:
        await volunteer.ringing()
    callers, lengths = crowd.calls, list(talks)
    over: asyncio.Queue[float] = asyncio.Queue()

    async def work(volunteer: Volunteer) -> None:
        """Whose phone rings last is not ours to say: everybody stays until everybody was served."""
        while True:
            await talk(volunteer, callers, lengths)
            over.put_nowait(time.monotonic())

    began = time.monotonic()
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(work(volunteer)) for volunteer in volunteers]
        ends = [await over.get() for _ in talks]
        for task in tasks:
            task.cancel()
    return ends[-1] - began


async def rounds(stage: Stage, times: int, callers: int) -> dict[str, list[float]]:
    dice = random.Random(3)
    taken: dict[str, list[float]] = {stage.ours.name: [], stage.native.name: []}
    async with Scene(stage.ours, stage.native) as scene:
        for number in range(times):
            talks = [dice.uniform(*TALK_S) for _ in range(callers)]
            for side in stage.turn(number):
                taken[side.name].append(await drained(scene, side, talks))
    return taken


def measure(bench: Bench) -> tuple[Figure, ...]:
    stage, callers = bench.stage, bench.times(full=12, brief=len(VOLUNTEERS))
    taken = asyncio.run(rounds(stage, bench.times(full=6, brief=1), callers))
    ours = Series("voiceline", tuple(taken[stage.ours.name]))
    native = Series("app_queue", tuple(taken[stage.native.name]))
    what = f"{callers} callers served by {len(VOLUNTEERS)}, talks of 1 s"
    return (Figure(what, ours, native, limit_ratio=LIMIT_RATIO),)


BENCHMARK = Benchmark(
    "drain", "A full queue served: first pick-up -> last good-bye, callers talk for about 1 s.", measure
)
