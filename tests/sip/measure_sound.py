"""What the watch of sound costs, here: `python -m tests.sip.measure_ari` prints it with the rest."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Sequence
from datetime import UTC, datetime

from ivr.core.ids import CallId, TalkId, ring_id, talk_id
from ivr.core.news import VolunteerHeard
from sip.ari.parties import Parties
from sip.ari.statistics import Counts, Statistics
from sip.ari.watch import Sample, Seen, TalkWatch
from sip.ari.watcher import Watcher
from tests.contract.rigs import Rig
from tests.contract.scenes import in_talk
from tests.fakes.phones import Sends
from tests.sip.house import RealRig

RING = ring_id(CallId("0" * 20), 1)
CALLS_PER_S = 10
BEGINS_S = 10.0
AT_ONCE = 30
LOOKED_S = 20.0


def asterisks_cpu_s(pid: int) -> float:
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class OneForAll(Parties):
    """Every call here is the same real one."""

    def __init__(self, channel: str) -> None:
        super().__init__(bytes(32))
        self._channel = channel

    def channel(self, call: CallId) -> str | None:
        return self._channel


class Growing(Statistics):
    """Asked and answered for real; but every leg sounds steadily, so that no phones need to be kept going here."""

    def _answer(self, found: Sequence[Counts | None] | None) -> None:
        number = int(time.monotonic() * 50)
        super()._answer(None if found is None else [Counts(number, number)] * len(found))


async def sound(rig: RealRig) -> None:
    real: Rig = rig
    talk = await in_talk(real)
    await rig.log.until(VolunteerHeard)
    channel = rig.exchange._parties.channel(talk.caller.id)
    assert channel is not None
    leg = rig.exchange._legs.channel(talk.ring)
    await statistics(rig, [channel, leg])
    judgement()
    await watching(rig, channel, leg)


async def asked(asking: Statistics, questions: Sequence[bytes]) -> Sequence[Counts | None] | None:
    answer: asyncio.Future[Sequence[Counts | None] | None] = asyncio.get_running_loop().create_future()
    asking.ask(questions, answer.set_result)
    return await answer


async def statistics(rig: RealRig, legs: Sequence[str]) -> None:
    asking, pid = Statistics(rig.house.ari), rig.house.pid
    try:
        for number in (2, 10, 100):
            rounds, together = 4000 // number, [asking.question(each) for each in legs] * (number // 2)
            await asked(asking, together)
            ours, theirs = time.process_time(), asterisks_cpu_s(pid)
            for _ in range(rounds):
                await asked(asking, together)
            ours, theirs = time.process_time() - ours, asterisks_cpu_s(pid) - theirs
            what = f"packets of {number} legs asked for in one piece, each leg"
            per_leg = 1e3 / rounds / number
            print(f"{what:58} our CPU {ours * per_leg:6.3f} ms, Asterisk's {theirs * per_leg:6.3f} ms")
    finally:
        asking.close()


def judgement() -> None:
    talk, seen = TalkWatch(Sample(0.0, Counts(0, 0), Counts(0, 0))), Seen()
    began = time.process_time()
    for number in range(1, 10_001):
        each = Counts(number * 50, number * 50)
        talk.take(Sample(float(number), each, each), seen)
        talk.due()
    print(f"{'what a sample means, each talk':58} our CPU {(time.process_time() - began) * 100:6.3f} us")


async def watching(rig: RealRig, channel: str, leg: str) -> None:
    """The whole of it. Everything else that this process does meanwhile is measured first and taken off."""
    pid = rig.house.pid
    rig.exchange._watcher.pause()
    for phone in (*rig.phones.values(), *rig.callers):
        await phone.sends(Sends.NOTHING)
    ours, theirs = time.process_time(), asterisks_cpu_s(pid)
    await asyncio.sleep(BEGINS_S)
    idle = ((time.process_time() - ours) / BEGINS_S, (asterisks_cpu_s(pid) - theirs) / BEGINS_S)
    watcher = Watcher(
        Growing(rig.house.ari),
        OneForAll(channel),
        lambda _news: None,
        lambda: datetime.now(UTC),
        lambda _call, _ring: (False, False),
        None,
        lambda _ring: leg,
        lambda _ring: None,
    )

    def costs(began: tuple[float, float, float]) -> tuple[float, float]:
        lasted_s = time.monotonic() - began[0]
        return (
            time.process_time() - began[1] - idle[0] * lasted_s,
            asterisks_cpu_s(pid) - began[2] - idle[1] * lasted_s,
        )

    def now() -> tuple[float, float, float]:
        return time.monotonic(), time.process_time(), asterisks_cpu_s(pid)

    spent = []
    for awake in (False, True):  # what this loop itself costs is taken off too
        (watcher.resume if awake else watcher.pause)()
        begun: list[TalkId] = []
        since = now()
        for number in range(int(CALLS_PER_S * BEGINS_S) + 5 * CALLS_PER_S):
            if number < CALLS_PER_S * BEGINS_S:
                begun.append(talk_id(CallId(f"{number:020x}"), int(awake)))
                watcher.joined(begun[-1], RING, time.time())
            if number >= 5 * CALLS_PER_S:
                watcher.end(begun[number - 5 * CALLS_PER_S])
            await asyncio.sleep(1 / CALLS_PER_S)
        spent.append(costs(since))
    ours, theirs = (watched - unwatched for unwatched, watched in zip(*spent, strict=True))
    calls = CALLS_PER_S * BEGINS_S
    what = f"the first five seconds of a talk, at {CALLS_PER_S} calls a second"
    print(f"{what:58} our CPU {ours / calls * 1e3:6.3f} ms, Asterisk's {theirs / calls * 1e3:6.3f} ms")
    for number in range(AT_ONCE):
        watcher.joined(talk_id(CallId(f"{number:020x}"), 2), RING, time.time())
        await asyncio.sleep(1.3 / AT_ONCE)
    await asyncio.sleep(7.0)
    since = now()
    await asyncio.sleep(LOOKED_S)
    ours, theirs = costs(since)
    minutes = AT_ONCE * LOOKED_S / 60
    what = f"a minute of talk after that, {AT_ONCE} at once"
    print(f"{what:58} our CPU {ours / minutes * 1e3:6.3f} ms, Asterisk's {theirs / minutes * 1e3:6.3f} ms")
    watcher.close()
