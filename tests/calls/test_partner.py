"""A partner takes the night's callers: on the wire it learns nothing of them, and whom it does not take is not lost."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator

import pytest

from sip.phone.own import OwnPhone
from tests.rigs.line import CARRIER, SECRET_NAME, SECRET_NUMBER, LiveLine, eventually, live_line
from tests.rigs.share import every
from tests.sip.wirephone import Manners, WirePhone
from tests.trouble.rig import server_of

pytestmark = pytest.mark.asterisk

PARTNER = "127.0.0.7"
NUMBER = "45112233"
LATE = "2026-03-02T23:30"
GROUPS = """\
default: dag
groups:
  dag: {strategy: longest_idle, ring: 5s, rounds: 2, rest: 1s, wrap_up: 1s}
  nat: {strategy: ring_all, ring: 5s, rounds: 2, rest: 1s, wrap_up: 1s}
  natlinje: {strategy: linear, ring: 5s, rounds: 2, rest: 1s, wrap_up: 0s}
"""


def by_partner(line: LiveLine) -> None:
    path = line.callflows / "bornetelefonen.yaml"
    own = "\n  night_by: groups\n"
    text = path.read_text(encoding="utf-8")
    assert own in text
    path.write_text(text.replace(own, "\n  night_by: {groups: [natlinje]}\n"), encoding="utf-8")


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveLine]:
    with live_line(tmp_path_factory.mktemp("partner"), clock=LATE, groups=GROUPS, edit=by_partner) as line:
        yield line


async def partner(line: LiveLine, manners: Manners) -> WirePhone:
    """The partner's exchange, which is known to the line and answers when it is asked whether it is there."""
    theirs = await WirePhone.open(server_of(line), NUMBER, host=PARTNER)
    theirs.manners = manners
    address = f"sip:{NUMBER}@{theirs.host}:{theirs.port}"
    await asyncio.to_thread(line.ivr, "partner", "add", "natlinje", address, "--group", "natlinje")
    await eventually(lambda: line.reachable("natlinje.1") or None, "the partner is reachable", 15.0)
    return theirs


def test_a_partner_that_takes_a_caller_learns_the_lines_number_and_nothing_else(night: LiveLine) -> None:
    async def story() -> str:
        async with await OwnPhone.open(bind=CARRIER) as carrier:
            theirs = await partner(night, Manners(answer_after_s=0.3))
            try:
                call = await night.call(carrier)
                asked = await theirs.rings(20.0)
                await night.talk_stands()
                await call.hangup()
                await eventually(lambda: not theirs.dialogs or None, "the partner's phone is down")
                assert "116111" in asked.get("From")
                return "\n".join("\n".join((one.first, *map(str, one.headers), one.body)) for one in theirs.seen)
            finally:
                theirs.close()

    before = len(night.calls())
    night.begin()
    wire = asyncio.run(story())
    for secret in (SECRET_NUMBER, SECRET_NAME, SECRET_NUMBER[2:]):
        assert secret not in wire
    record = night.last_call(before + 1)
    assert (record["outcome"], record["answered_by"], record["ended_by"]) == ("handed_over", "natlinje.1", "caller")
    assert [(ring["volunteer"], ring["result"]) for ring in record["rings"]] == [("natlinje.1", "answered")]
    (told,) = (event["data"] for event in night.events() if event["type"] == "voiceline.call_handed_over")
    assert (told["call"], told["partner"]) == (record["call"], "natlinje")
    night.empty()


@pytest.mark.parametrize(
    ("manners", "result"),
    every(
        2,
        [
            pytest.param(Manners(silent=True), "no_answer", id="gone"),  # in the very second, for all we can tell
            pytest.param(Manners(refuse=486), "busy", id="busy"),
            pytest.param(Manners(refuse=503), "failed", id="503"),
        ],
    ),
)
def test_whom_a_partner_does_not_take_hears_so_once_and_is_still_first(
    night: LiveLine, manners: Manners, result: str
) -> None:
    async def story() -> None:
        async with await OwnPhone.open(bind=CARRIER) as carrier:
            theirs = await partner(night, manners)
            try:
                call = await night.call(carrier)
                await night.until_heard(call, "nat-optaget", 30.0)
                theirs.manners = Manners(answer_after_s=0.1)
                theirs.seen.clear()
                await theirs.rings(18.0)
                await night.talk_stands()
                await call.hangup()
            finally:
                theirs.close()

    before = len(night.calls())
    night.begin()
    asyncio.run(story())
    record = night.last_call(before + 1)
    assert record["outcome"] == "handed_over"
    results = [ring["result"] for ring in record["rings"]]
    assert (set(results[:-1]), results[-1]) == ({result}, "answered")
    night.empty()


def test_a_partner_that_is_gone_is_known_to_be_and_who_comes_is_told_so_at_once(night: LiveLine) -> None:
    async def story() -> None:
        async with await OwnPhone.open(bind=CARRIER) as carrier:
            theirs = await partner(night, Manners())
            theirs.close()
            await eventually(lambda: not night.reachable("natlinje.1") or None, "the partner is gone", 20.0)
            call = await night.call(carrier)
            await night.until_heard(call, "ingen", 30.0)
            await call.hangup()

    before = len(night.calls())
    asyncio.run(story())
    assert night.last_call(before + 1)["outcome"] == "not_admitted"
    listed = json.loads(night.ivr("partner", "list", "--json"))
    assert [(each["name"], each["places"]) for each in listed] == [
        ("natlinje", [{"name": "natlinje.1", "state": "unreachable"}])
    ]
    night.empty()
