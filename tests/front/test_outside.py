"""What comes to the front outside a call: everything is answered, in words that fit who asks."""

from __future__ import annotations

import asyncio
import json

import pytest

from tests.front.methods import all_of_them
from tests.front.wire import BODY, SDP, bye, wire
from tests.rigs.line import CARRIER, LiveLine, until

pytestmark = pytest.mark.asterisk
STRANGER = "127.0.0.9"


async def answer(line: LiveLine, host: str, method: str, uri: str = "", **more: str) -> tuple[int, float]:
    async with wire(line.server, host) as one:
        one.send(one.request(method, uri, **more))
        return await one.final()


def test_every_request_outside_a_call_is_answered_within_a_second(line: LiveLine) -> None:
    async def story() -> dict[tuple[str, str], tuple[int, float]]:
        kinds = [(host, each.method) for host in (CARRIER, STRANGER) for each in all_of_them()]
        found = await asyncio.gather(*(answer(line, *kind) for kind in kinds))
        return dict(zip(kinds, found, strict=True))

    for (host, method), (code, took_s) in asyncio.run(story()).items():
        expected = (200,) if method == "OPTIONS" else (401, 403, 404, 405, 481, 489, 501, 603)
        assert code in expected, (host, method, code)
        assert took_s < 1.0, (host, method, took_s)


def test_who_asks_whether_calls_are_served_is_told_so_whatever_the_user_part(line: LiveLine) -> None:
    async def story() -> list[int]:
        users = ("", "116111@", "ping@", "00000000@")
        return [(await answer(line, CARRIER, "OPTIONS", f"sip:{user}{line.server}"))[0] for user in users]

    assert asyncio.run(story()) == [200] * 4


def test_the_same_invite_by_another_branch_is_one_call(line: LiveLine) -> None:
    async def story() -> tuple[int, int]:
        async with wire(line.server, CARRIER) as one, wire(line.server, CARRIER) as other:
            uri, names = f"sip:116111@{line.server}", {"call_id": "fork-1", "tag": "fork", "number": "7"}
            one.send(one.request("INVITE", uri, more=SDP, body=BODY, **names))
            await one.final()
            other.send(other.request("INVITE", uri, more=SDP, body=BODY, **names))
            first, second = await one.final(), await other.final()
            one.send(bye(one.answers[-1], CARRIER, one.port))
            return first[0], second[0]

    assert asyncio.run(story()) == (200, 482)


@pytest.mark.parametrize(
    "dialled",
    [
        "sip:116111@{}",
        "sip:+45116111@{}",
        "sip:45116111@{}",
        "sip:0045116111@{}",
        "sip:004545116111@{}",
        "tel:+45116111",
        "sip:%2B45116111@{}",
        "sip:116111;npdi;rn=4599@{}",
        "sip:116111;phone-context=+45@{};user=phone",
        "tel:116-111;phone-context=+45",
        "sip:(11)6.111@{}",
    ],
)
def test_a_line_is_called_by_every_spelling_of_its_number(line: LiveLine, dialled: str) -> None:
    async def story() -> int:
        async with wire(line.server, CARRIER) as one:
            one.send(one.request("INVITE", dialled.format(line.server), more=SDP, body=BODY))
            code, _ = await one.final()
            if code == 200:
                one.send(bye(one.answers[-1], CARRIER, one.port))
            return code

    assert asyncio.run(story()) == 200


def test_refused_calls_are_counted_by_reason_and_form_and_never_by_number(line: LiveLine) -> None:
    """A carrier that begins to write numbers otherwise is no outage with green lights."""

    async def story() -> None:
        for dialled in ("+4520999999", "20999999", "20-99.99 99", "004520999999", "hej"):
            await answer(line, CARRIER, "INVITE", f"sip:{dialled.replace(' ', '%20')}@{line.server}")
        await answer(line, STRANGER, "INVITE", f"sip:20999999@{line.server}")

    def counted() -> dict[tuple[str, int, str], int]:
        return {
            (each["trunk"], each["code"], each["form"]): each["calls"] for each in line.status()["front"]["refused"]
        }

    before = counted()
    asyncio.run(story())
    wanted = {"+/10": 1, "/8": 2, "00/10": 1, "other": 1}

    def more() -> dict[str, int] | None:
        now = counted()
        found = {form: now.get(("demo", 404, form), 0) - before.get(("demo", 404, form), 0) for form in wanted}
        return found if found == wanted else None

    assert until(more, "they are counted")
    assert any("refused" in each and "+/10" in each for each in line.status()["wrong"])
    assert any(
        event["type"] == "voiceline.alarm" and event["data"]["what"] == "calls_refused" for event in line.events()
    )
    told = json.dumps(line.status()) + json.dumps(line.events()) + line.said.read_text()
    assert "20999999" not in told


@pytest.mark.parametrize("dialled", ["sip:116112@{}", "sip:4535116111@{}", "sip:@{}", "sip:s@{}", "sip:116111*1@{}"])
def test_what_is_no_line_is_refused_at_once(line: LiveLine, dialled: str) -> None:
    code, took_s = asyncio.run(answer(line, CARRIER, "INVITE", dialled.format(line.server), more=SDP, body=BODY))  # type: ignore[arg-type]
    assert code in (400, 404, 484)
    assert took_s < 1.0
