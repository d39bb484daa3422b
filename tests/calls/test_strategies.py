"""Each way of hunting on real phones: three volunteers, one strategy after the other, published while the line runs."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from ivr.core.flow import Strategy
from sip.phone.own import OwnCall, OwnPhone
from sip.phone.ring import OwnRing
from tests.rigs.line import CARRIER, LiveLine, eventually, live_line

pytestmark = pytest.mark.asterisk

NAMES = ("anna", "carla", "dora")
SOON_S = 4.0
"""A phone rings within milliseconds; the machine may be busy."""
QUIET_S = 0.4
"""So long nothing rings where nothing should."""


def groups(strategy: Strategy, members: str = "") -> str:
    day = f"{{strategy: {strategy}, ring: 5s, rounds: 2, rest: 1s, wrap_up: 0s{members}}}"
    night = "{strategy: ring_all, ring: 5s, rounds: 2, rest: 1s, wrap_up: 1s}"
    return f"default: dag\ngroups:\n  dag: {day}\n  nat: {night}\n"


def straight_to_the_queue(line: LiveLine) -> None:
    path = line.callflows / "bornetelefonen.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("start: velkommen", "start: aabent"), encoding="utf-8")


@pytest.fixture(scope="module")
def hunting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveLine]:
    home = tmp_path_factory.mktemp("hunting")
    with live_line(home, groups=groups(Strategy.RING_ALL), edit=straight_to_the_queue) as line:
        for name in NAMES[1:]:
            line.ivr("volunteer", "add", name, "--group", "dag")
        yield line


class Crowd:
    """Three phones and a carrier."""

    def __init__(self, line: LiveLine, carrier: OwnPhone, phones: dict[str, OwnPhone]) -> None:
        self.line = line
        self.carrier = carrier
        self.phones = phones

    async def child(self) -> OwnCall:
        return await self.line.call(self.carrier)

    async def next_ring(self, within_s: float = SOON_S) -> tuple[str, OwnRing]:
        """The first of the phones that rings."""
        waits = {asyncio.create_task(phone.next_ring(within_s)): name for name, phone in self.phones.items()}
        done, rest = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)
        return next((waits[task], task.result()) for task in done)

    async def nobody_else(self) -> None:
        with pytest.raises((TimeoutError, AssertionError)):
            await self.next_ring(QUIET_S)

    async def answered_call(self) -> str:
        """A child is answered by whoever is rung and talks until that counts; who it was."""
        call = await self.child()
        name, ring = await self.next_ring()
        await ring.answer()
        await self.line.talk_stands()
        await call.hangup()
        await self.everybody_is_free()
        return name

    async def asked_in_turn(self, times: int) -> list[str]:
        """All but the last one decline: who is asked, one after the other."""
        call = await self.child()
        name, ring = await self.next_ring()
        asked = [name]
        for _ in range(times - 1):
            ring.decline()
            name, ring = await self.next_ring()
            asked.append(name)
        await call.hangup()
        await ring.until_ended(SOON_S)
        await self.everybody_is_free()
        await asyncio.sleep(1.1)  # the rest that a phone has after it was declined
        return asked

    async def everybody_is_free(self) -> None:
        await eventually(lambda: self.line.status()["calls"] == 0 or None, "the call is over")


@asynccontextmanager
async def crowd(line: LiveLine, strategy: Strategy, members: str = "") -> AsyncIterator[Crowd]:
    (line.callflows / "groups.yaml").write_text(groups(strategy, members), encoding="utf-8")
    await asyncio.to_thread(line.ivr, "publish", "--note", f"{strategy}")
    line.begin()
    async with AsyncExitStack() as there:
        phones = {name: await there.enter_async_context(await line.volunteer(name)) for name in NAMES}
        carrier = await there.enter_async_context(await OwnPhone.open(bind=CARRIER))
        yield Crowd(line, carrier, phones)
    line.empty()


def test_ring_all_rings_all_three_and_those_who_lose_see_no_missed_call(hunting: LiveLine) -> None:
    async def story() -> None:
        async with crowd(hunting, Strategy.RING_ALL) as people:
            call = await people.child()
            rings = await asyncio.gather(*(phone.next_ring(SOON_S) for phone in people.phones.values()))
            await rings[1].answer()
            ends = [await ring.until_ended(SOON_S) for ring in (rings[0], rings[2])]
            assert [end.why for end in ends] == ["CANCEL", "CANCEL"]
            assert all("elsewhere" in end.reason for end in ends), [end.reason for end in ends]
            await call.hangup()
            await people.everybody_is_free()

    asyncio.run(story())


def test_weighted_gives_two_calls_of_three_to_who_weighs_twice(hunting: LiveLine) -> None:
    async def story() -> None:
        async with crowd(hunting, Strategy.WEIGHTED, ", members: {anna: 4, carla: 1, dora: 1}") as people:
            shares = Counter([await people.answered_call() for _ in range(4)])
            assert shares["anna"] >= 3

    asyncio.run(story())


def test_fewest_calls_asks_who_answered_the_fewest_today(hunting: LiveLine) -> None:
    async def story() -> None:
        async with crowd(hunting, Strategy.FEWEST_CALLS) as people:
            for _ in range(2):
                log = await asyncio.to_thread(hunting.calls)
                taken = Counter(call["answered_by"] for call in log)
                least = {name for name in NAMES if taken[name] == min(taken[each] for each in NAMES)}
                assert await people.answered_call() in least

    asyncio.run(story())


def test_linear_begins_with_the_first_each_time_and_goes_down_the_list(hunting: LiveLine) -> None:
    async def story() -> None:
        async with crowd(hunting, Strategy.LINEAR, ", members: [dora, anna]") as people:
            assert await people.asked_in_turn(3) == ["dora", "anna", "carla"]
            assert await people.answered_call() == "dora"

    asyncio.run(story())


def test_who_takes_a_break_while_their_phone_rings_sees_no_missed_call_and_the_next_phone_rings(
    hunting: LiveLine,
) -> None:
    async def story() -> None:
        async with crowd(hunting, Strategy.LINEAR, ", members: [anna, dora, carla]") as people:
            call = await people.child()
            name, ring = await people.next_ring()
            await asyncio.to_thread(hunting.ivr, "volunteer", "break", name)
            end = await ring.until_ended(SOON_S)
            assert (name, end.why, "elsewhere" in end.reason) == ("anna", "CANCEL", True)
            name, ring = await people.next_ring()
            assert name == "dora", "long before the 5 s are over that anna's phone would have rung"
            await call.hangup()
            await ring.until_ended(SOON_S)
            await people.everybody_is_free()

    before = len(hunting.calls())
    try:
        asyncio.run(story())
    finally:
        hunting.ivr("volunteer", "resume", "anna")
    rings = hunting.last_call(before + 1)["rings"]
    assert [(ring["volunteer"], ring["result"]) for ring in rings] == [("anna", "declined"), ("dora", "caller_gone")]


def test_round_robin_goes_on_with_who_comes_after_the_last_one_asked(hunting: LiveLine) -> None:
    async def story() -> None:
        async with crowd(hunting, Strategy.ROUND_ROBIN_MEMORY) as people:
            first = await people.asked_in_turn(3)
            assert sorted(first) == sorted(NAMES)
            assert await people.asked_in_turn(1) == first[:1]
            assert await people.asked_in_turn(2) == [first[1], first[2]], "where it left off"

    asyncio.run(story())


def test_longest_idle_asks_who_has_not_talked_for_longest(hunting: LiveLine) -> None:
    async def story() -> None:
        async with crowd(hunting, Strategy.LONGEST_IDLE) as people:
            once = await people.answered_call()
            call = await people.child()
            name, ring = await people.next_ring()
            assert name != once
            await people.nobody_else()
            await call.hangup()
            await ring.until_ended(SOON_S)

    asyncio.run(story())


def test_random_asks_one_at_a_time_and_everybody_before_anybody_again(hunting: LiveLine) -> None:
    async def story() -> None:
        async with crowd(hunting, Strategy.RANDOM) as people:
            assert sorted(await people.asked_in_turn(3)) == sorted(NAMES)

    asyncio.run(story())
