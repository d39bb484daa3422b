"""What things cost here, on this machine: `python -m tests.sip.measure_ari`. The README quotes it."""

from __future__ import annotations

import asyncio
import json
import statistics
import time
from collections.abc import Awaitable, Callable

from ivr.core.commands import Answer, Join, LetGo, LetGoReason, Ring, StartMusic
from ivr.core.ids import ring_id, talk_id
from ivr.core.news import Joined, Result, RingAnswered, RingGone, VolunteerReachable, VolunteerUnreachable
from sip.ari import api
from sip.ari.http import Http
from sip.ari.socket import event_of
from tests.fakes.phones import Answers, NeverAnswers
from tests.rigs.asterisk import ANNA
from tests.sip.house import LINE, RealRig, open_house, open_rig
from tests.sip.measure_sound import sound
from tests.sip.test_ari_news import EXAMPLES


def row(what: str, seconds: list[float]) -> None:
    middle, worst = statistics.median(seconds) * 1000, sorted(seconds)[int(len(seconds) * 0.95)] * 1000
    print(f"{what:58} p50 {middle:7.3f} ms   p95 {worst:7.3f} ms   ({len(seconds)} times)")


async def timed(times: int, what: Callable[[], Awaitable[object]]) -> list[float]:
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        await what()
        taken.append(time.perf_counter() - began)
    return taken


async def requests(http: Http) -> None:
    async def one() -> None:
        assert (await http.ask(api.channels_get("nobody"))).result is Result.GONE

    await one()
    cpu = time.process_time()
    row("one request, one after the other", await timed(2000, one))
    print(f"{'':58} our CPU {(time.process_time() - cpu) / 2000 * 1000:7.3f} ms each")
    began = time.perf_counter()
    await asyncio.gather(*(timed(250, one) for _ in range(8)))
    print(f"{'eight side by side':58} {2000 / (time.perf_counter() - began):7.0f} requests/s")


def parsing() -> None:
    texts = [json.dumps(each) for each in EXAMPLES]
    for what, parse in (
        ("json.loads alone (a TypedDict would cost this)", json.loads),
        ("into frozen shapes", event_of),
    ):
        began = time.perf_counter()
        for _ in range(2000):
            for text in texts:
                parse(text)
        print(f"{what:58} {(time.perf_counter() - began) / 2000 / len(texts) * 1e6:7.1f} us per event")


async def phones(rig: RealRig) -> None:
    loop = asyncio.get_running_loop()
    caller = await rig.caller(LINE)
    await rig.exchange.perform(Answer(caller.id))
    await rig.phone(ANNA, NeverAnswers())
    phone, to_invite, to_gone = rig.phones[ANNA], [], []
    for number in range(50):
        phone.seen.clear()
        ring = ring_id(caller.id, number)
        began = loop.time()
        await rig.exchange.perform(Ring(ring, ANNA, LINE, "BørneTelefonen", "116111", 20))
        to_invite.append((await phone.rings()).at - began)
        began = loop.time()
        await rig.exchange.perform(LetGo(ring, LetGoReason.ELSEWHERE))
        await rig.log.until(RingGone, ring=ring)
        to_gone.append(loop.time() - began)
    row("Ring asked -> INVITE on the wire", to_invite)
    row("LetGo asked -> RingGone told", to_gone)
    await rig.phone(ANNA, Answers(0.05))
    joining = []
    for number in range(100, 120):
        ring = ring_id(caller.id, number)
        await rig.exchange.perform(StartMusic(caller.id))
        await rig.exchange.perform(Ring(ring, ANNA, LINE, "BørneTelefonen", "116111", 20))
        await rig.log.until(RingAnswered, ring=ring)
        began = loop.time()
        talk = talk_id(caller.id, number)
        await rig.exchange.perform(Join(talk, caller.id, ring))
        await rig.log.until(Joined, talk=talk)
        joining.append(loop.time() - began)
        await rig.exchange.perform(LetGo(ring, LetGoReason.OVER))
        await rig.log.until(RingGone, ring=ring)
    row("RingAnswered -> Joined told (music stops, room, both in)", joining)


async def registrations(rig: RealRig) -> None:
    phone, taken = rig.phones[ANNA], []
    for _ in range(20):
        await phone.register(0)
        await rig.log.until(VolunteerUnreachable)
        phone.seen.clear()
        rig.log.all.clear()
        await phone.register()
        accepted = await phone.wait(lambda m: m.status == 200 and m.method == "REGISTER")
        await rig.log.until(VolunteerReachable)
        taken.append(max(0.0, asyncio.get_running_loop().time() - accepted.at))
        rig.log.all.clear()
    row("REGISTER accepted -> VolunteerReachable told", taken)


async def main() -> None:
    parsing()
    with open_house() as house:
        async with open_rig(house) as rig:
            http = Http(house.ari)
            await requests(http)
            http.close()
            row("survey, empty house", await timed(50, rig.exchange.survey))
            row("a variable by the manager interface", await timed(500, lambda: rig.exchange.ami.set_global("X", "1")))
            await phones(rig)
            await registrations(rig)
        async with open_rig(house) as rig:
            await sound(rig)


if __name__ == "__main__":
    asyncio.run(main())
