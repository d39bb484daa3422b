"""Phones that refuse in every way there is, on the wire: the next one is rung, the caller hears something all the time,
and nothing is left."""

from __future__ import annotations

import asyncio
import socket
from contextlib import closing
from typing import Any

import numpy as np
import pytest

from sip.phone.own import OwnCall, OwnPhone
from tests.rigs.line import CARRIER, LiveLine, eventually
from tests.sip.wirephone import Manners, WirePhone
from tests.trouble.rig import bad_phone, child, log_after, records, server_of

pytestmark = pytest.mark.asterisk

NEXT_WITHIN_S = 1.0
REFUSALS = {
    486: "busy",
    600: "busy",
    480: "no_answer",
    408: "no_answer",
    603: "declined",
    404: "unreachable",
    488: "failed",
    415: "no_answer",
    500: "failed",
    503: "failed",
}
SHORT = {486: "busy", 480: "no_answer", 408: "no_answer", 603: "declined", 488: "failed", 500: "failed"}
"""Those that phones really give; the others with `make crash`."""


def loudness(call: OwnCall, since: int) -> list[float]:
    """How loud each fifth of a second was that the caller heard from that sample on."""
    heard = call.heard.samples()[since:].astype(np.float64)
    pieces = [heard[place : place + 1600] for place in range(0, len(heard) - 1599, 1600)]
    return [float(np.sqrt(np.mean(piece**2))) for piece in pieces]


async def next_one_answers(line: LiveLine, bad: WirePhone, carla: OwnPhone, carrier: OwnPhone) -> float:
    """A child calls, the bad phone is asked first and does what it does, carla talks; seconds from one to the other."""
    bad.seen.clear()
    call = await child(line, carrier)
    asked = await bad.rings()
    ring = await carla.next_ring(10.0)
    gap = asyncio.get_running_loop().time() - asked.at
    until_now = len(call.heard.samples())
    talk = await ring.answer()
    await line.talk_stands()
    await call.hangup()
    await talk.until_ended(5.0)
    quiet = [place for place, loud in enumerate(loudness(call, 8000)[: max(0, until_now // 1600 - 6)]) if loud < 20]
    assert not quiet, f"the caller heard nothing at {quiet} (fifths of a second)"
    return gap


def try_out(line: LiveLine, *several: Manners, within_s: float = NEXT_WITHIN_S) -> list[dict[str, Any]]:
    """One call for each of these manners of anna's phone; how they went. anna is always asked first: carla talks."""

    async def story() -> None:
        async with await line.volunteer("carla") as carla, await OwnPhone.open(bind=CARRIER) as carrier:
            bad = await bad_phone(line, "anna", several[0])
            try:
                await eventually(lambda: line.reachable("anna") or None, "anna is reachable")
                for manners in several:
                    bad.manners = manners
                    gap = await next_one_answers(line, bad, carla, carrier)
                    assert gap < within_s, manners
            finally:
                await bad.register(expires_s=0)
                bad.close()

    before = len(records(line))
    asyncio.run(story())
    found = log_after(line, before, len(several))
    assert len(found) == len(several), "one call each"
    for record in found:
        assert (record["outcome"], record["answered_by"], record["ended_by"]) == ("answered", "carla", "caller")
        assert results(record)[-1] == ("carla", "answered")
    return found


def results(record: dict[str, Any]) -> list[tuple[str, str]]:
    return [(ring["volunteer"], ring["result"]) for ring in record["rings"]]


@pytest.mark.parametrize("refusals", [SHORT, pytest.param(REFUSALS, marks=pytest.mark.trouble)], ids=["short", "all"])
def test_a_phone_that_refuses_costs_a_moment_and_the_next_one_rings(line: LiveLine, refusals: dict[int, str]) -> None:
    found = try_out(line, *(Manners(refuse=code) for code in refusals))
    assert dict(zip(refusals, (results(record)[0] for record in found), strict=True)) == {
        code: ("anna", result) for code, result in refusals.items()
    }
    assert {len(record["rings"]) for record in found} == {2}


def test_a_phone_that_sends_callers_elsewhere_is_not_followed(line: LiveLine) -> None:
    """Neither outside nor to a number of ours, where they would be a second call."""
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as outside:
        outside.bind(("127.0.0.9", 0))
        outside.settimeout(0.5)
        host, port = outside.getsockname()
        ways = (
            f"sip:4511223344@{host}:{port}",
            f"sip:*11@{line.server}",  # what a phone dials to go off duty
            f"sip:116111@{line.server}",
            f"sip:s%40leg@{line.server}",
        )
        found = try_out(line, *(Manners(moved_to=way) for way in ways))
        with pytest.raises(TimeoutError):
            outside.recv(65536)
    assert [results(record) for record in found] == [[("anna", "unreachable"), ("carla", "answered")]] * 4


def test_a_phone_that_writes_a_channels_name_into_a_redirect_gets_nobody_connected(line: LiveLine) -> None:
    """There is no forbidding Asterisk to dial that. Behind a front it does not learn where that is: nobody rings."""

    async def story() -> None:
        async with await line.volunteer("carla") as carla, await OwnPhone.open(bind=CARRIER) as carrier:
            for answers in (False, True):
                outside = await WirePhone.open(server_of(line), "accomplice", host="127.0.0.9")
                outside.manners = Manners(answer=answers)
                way = f"sip:PJSIP%2Fanna%2Fsip%3A4511%40{outside.host}%3A{outside.port}@{outside.host}"
                bad = await bad_phone(line, "anna", Manners(moved_to=way))
                try:
                    await eventually(lambda: line.reachable("anna") or None, "anna is reachable")
                    await next_one_answers(line, bad, carla, carrier)
                    with pytest.raises(TimeoutError):
                        await outside.wait(lambda _message: True, 1.0)
                finally:
                    await bad.register(expires_s=0)
                    bad.close()
                    outside.close()

    before = len(records(line))
    asyncio.run(story())
    found = log_after(line, before, 2)
    assert [results(record) for record in found] == [[("anna", "unreachable"), ("carla", "answered")]] * 2


def test_sound_before_the_answer_is_a_ringing_phone_and_the_caller_hears_nothing_of_it(line: LiveLine) -> None:
    (record,) = try_out(line, Manners(early=True), within_s=7.0)
    assert results(record) == [("anna", "no_answer"), ("carla", "answered")]
    assert record["rings"][0]["rang_s"] == pytest.approx(5.0, abs=1.0)


def test_an_answer_in_a_voice_we_do_not_speak_is_not_a_talk(line: LiveLine) -> None:
    (record,) = try_out(line, Manners(answer=True, voices="18"))
    assert results(record) == [("anna", "failed"), ("carla", "answered")]


def test_a_phone_that_picks_up_within_a_millisecond_has_the_caller(line: LiveLine) -> None:
    async def story() -> None:
        async with await OwnPhone.open(bind=CARRIER) as carrier:
            quick = await bad_phone(line, "anna", Manners(ring=False, answer_after_s=0.001))
            try:
                await eventually(lambda: line.reachable("anna") or None, "anna is reachable")
                call = await child(line, carrier)
                await line.talk_stands()
                await call.hangup()
                await quick.wait(lambda message: message.method == "BYE" and not message.status)
            finally:
                await quick.register(expires_s=0)
                quick.close()

    before = len(records(line))
    asyncio.run(story())
    (record,) = log_after(line, before)
    assert (record["outcome"], record["answered_by"]) == ("answered", "anna")
    assert results(record) == [("anna", "answered")]
    assert record["waited_s"] < 0.5
