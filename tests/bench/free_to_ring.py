"""A volunteer's BYE confirmed -> the next INVITE at the same phone, with callers waiting; against `app_queue`.

No wrap-up on either side. Lengths of talks are drawn from a whole second's width, for `app_queue` looks once a second
and a fixed length would meet it at the same point each time. Both sides get the same lengths.
"""

from __future__ import annotations

import asyncio
import random

from tests.bench.benchmark import Bench, Benchmark
from tests.bench.figures import Figure, Series
from tests.bench.people import Scene
from tests.bench.stage import VOLUNTEERS, Side, Stage

TALK_S = (1.7, 2.7)
"""Longer than a talk must be to count: before, a volunteer who hangs up gives the caller back to the queue."""
WAITING = 2 * len(VOLUNTEERS)
"""Somebody always waits whose phone does not ring yet."""
LIMIT_RATIO = 1 / 30


async def one_round(scene: Scene, side: Side, talks: list[float]) -> list[float]:
    await scene.crowds[side.name].fill(WAITING)
    volunteers = scene.volunteers[side.name]
    for volunteer in volunteers:
        await volunteer.ringing()
    return await asyncio.gather(*(volunteer.serve(talk_s) for volunteer, talk_s in zip(volunteers, talks, strict=True)))


async def rounds(stage: Stage, times: int) -> dict[str, list[float]]:
    dice = random.Random(2)
    taken: dict[str, list[float]] = {stage.ours.name: [], stage.native.name: []}
    async with Scene(stage.ours, stage.native) as scene:
        for number in range(times):
            talks = [dice.uniform(*TALK_S) for _ in VOLUNTEERS]
            for side in stage.turn(number):
                taken[side.name] += await one_round(scene, side, talks)
    return taken


def measure(bench: Bench) -> tuple[Figure, ...]:
    stage = bench.stage
    taken = asyncio.run(rounds(stage, bench.times(full=15, brief=1)))
    ours = Series("voiceline", tuple(taken[stage.ours.name]))
    native = Series("app_queue", tuple(taken[stage.native.name]))
    return (Figure("volunteer free to phone ringing", ours, native, limit_ratio=LIMIT_RATIO),)


BENCHMARK = Benchmark("free-to-ring", "Volunteer's BYE confirmed -> next INVITE at the same phone.", measure)
