"""INVITE sent -> the first packet with sound in it at the caller; against `Answer(); Playback(..)` of the same file."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass

import numpy as np

from sip.phone import g711
from sip.phone.interface import Packet, Samples
from sip.phone.media import FRAME
from sip.phone.own import OwnPhone
from sip.phone.sdp import PCMA
from sip.phone.sound import read_wav
from tests.bench.benchmark import Bench, Benchmark
from tests.bench.figures import Figure, Series
from tests.bench.stage import GREETED, Side, Stage
from tests.rigs.line import CARRIER

PATIENCE_S = 10.0
PAUSE_S = (0.03, 0.09)
"""Between two calls, at random: sound leaves in steps of 20 ms, and calls must not keep step with them."""


@dataclass(frozen=True, slots=True)
class Taken:
    """Seconds since the INVITE."""

    answered: float
    packet: float
    word: float


def frame_with_sound(words: Samples) -> Samples:
    """The first 20 ms of the prompt in which anything can be heard: what the first packet with sound must hold."""
    frames = words[: len(words) // FRAME * FRAME].reshape(-1, FRAME)
    return next(frame for frame in frames if g711.is_sound(g711.encode(frame, PCMA), PCMA))


def is_this(packet: Packet, frame: Samples) -> bool:
    heard = g711.decode(packet.payload, packet.kind)
    return len(heard) == len(frame) and float(np.corrcoef(heard, frame)[0, 1]) > 0.95


async def one(carrier: OwnPhone, side: Side, frame: Samples) -> Taken:
    call = await carrier.dial(side.address(GREETED))
    await call.until_answered(PATIENCE_S)
    word = await call.until_sound(PATIENCE_S)
    moments = call.moments
    assert moments.answered is not None
    assert moments.first_packet is not None
    first = next(packet for packet in call.packets if packet.arrived == word)
    assert is_this(first, frame), "something else than the prompt was heard first"
    await call.hangup()
    return Taken(moments.answered - moments.began, moments.first_packet - moments.began, word - moments.began)


async def pairs(stage: Stage, times: int) -> dict[str, list[Taken]]:
    dice = random.Random(1)
    frame = frame_with_sound(read_wav(stage.words))
    taken: dict[str, list[Taken]] = {stage.ours.name: [], stage.native.name: []}
    for number in range(-1, times):
        for side in stage.turn(number):
            async with await OwnPhone.open(bind=CARRIER) as carrier:
                took = await one(carrier, side, frame)
            if number >= 0:  # the first pair only warms up: files are read, connections opened
                taken[side.name].append(took)
            await asyncio.sleep(dice.uniform(*PAUSE_S))
    return taken


def measure(bench: Bench) -> tuple[Figure, ...]:
    stage = bench.stage
    taken = asyncio.run(pairs(stage, bench.times(full=100, brief=3)))

    def series(name: str, part: str, title: str) -> Series:
        return Series(title, tuple(getattr(each, part) for each in taken[name]))

    parts = {
        f"{side.name}: INVITE to {title}": series(side.name, part, side.name)
        for side in (stage.ours, stage.native)
        for part, title in (("answered", "answer"), ("packet", "first packet"))
    }
    ours = series(stage.ours.name, "word", "voiceline")
    native = series(stage.native.name, "word", "the dialplan's Playback")
    return (Figure("INVITE to first word", ours, native, parts=parts),)


BENCHMARK = Benchmark("first-word", "INVITE sent -> first packet with sound of the greeting at the caller.", measure)
