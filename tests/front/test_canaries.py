"""What a carrier says of a caller stays in the front: nothing of it in the memory of Asterisk or of the controller."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest

from tests.front.wire import SDP, bye, wire
from tests.rigs.line import CARRIER, LiveLine

pytestmark = pytest.mark.asterisk
MARK = "kanarie"
FIELDS = (
    "P-Asserted-Identity",
    "P-Preferred-Identity",
    "Remote-Party-ID",
    "Diversion",
    "History-Info",
    "Geolocation",
    "Geolocation-Routing",
    "User-to-User",
    "P-Charging-Vector",
    "P-Access-Network-Info",
    "P-Visited-Network-ID",
    "P-Called-Party-ID",
    "Referred-By",
    "Replaces",
    "In-Reply-To",
    "Call-Info",
    "Organization",
    "Subject",
    "User-Agent",
    "Identity",
    "Identity-Info",
    "Alert-Info",
    "Reply-To",
    "Session-ID",
    "X-Caller",
    "Authorization",
)
BODY = (
    f"v=0\r\no={MARK}sdpo 1 1 IN IP4 127.0.0.2\r\ns={MARK}sdps\r\n"
    "c=IN IP4 127.0.0.2\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\n"
)


def found(pid: int) -> set[str]:
    """The canaries in a process's memory."""
    seen: set[str] = set()
    with Path(f"/proc/{pid}/mem").open("rb", 0) as memory:
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            span, rights, *_ = line.split()
            if "r" not in rights or line.endswith(("[vvar]", "[vsyscall]", "[vvar_vclock]")):
                continue
            first, last = (int(each, 16) for each in span.split("-"))
            try:
                memory.seek(first)
                part = memory.read(last - first)
            except (OSError, OverflowError):
                continue
            seen |= {each.decode() for each in re.findall(rb"kanarie([a-z-]+)", part.lower())}
    return seen


def test_nothing_that_names_a_caller_is_in_asterisks_or_our_memory(line: LiveLine) -> None:
    async def story() -> tuple[set[str], set[str]]:
        async with wire(line.server, CARRIER) as one:
            more = [f"{field}: <sip:{MARK}{field.lower()}@{CARRIER}>" for field in FIELDS]
            names = {"from_": f'"{MARK}fromname" <sip:{MARK}from@{CARRIER}>', "call_id": f"{MARK}callid"}
            one.send(
                one.request("INVITE", f"sip:116111@{line.server}", more=[*SDP, *more], body=BODY, **names).replace(
                    "Contact: <sip:x@", f"Contact: <sip:{MARK}contact@"
                )
            )
            code, _ = await one.final()
            assert code == 200
            await asyncio.sleep(1.0)
            assert line.process is not None
            there = found(line.asterisk_pid()), found(line.process.pid)
            one.send(bye(one.answers[-1], CARRIER, one.port))
            return there

    asterisk, controller = asyncio.run(story())
    assert controller == set()
    assert asterisk == set()


def test_the_search_finds_what_is_there(line: LiveLine) -> None:
    """In the front itself, while it knows the call: a search that finds nothing anywhere would prove nothing."""

    async def story() -> set[str]:
        async with wire(line.server, CARRIER) as one:
            one.send(
                one.request(
                    "INVITE", f"sip:116111@{line.server}", more=SDP, body=BODY, call_id=f"{MARK}callid-again", tag="t"
                )
            )
            assert (await one.final())[0] == 200
            front = int(line.status()["front"]["pid"])
            children = Path(f"/proc/{front}/task/{front}/children").read_text().split()
            there: set[str] = set()
            for pid in (front, *map(int, children)):
                there |= found(pid)
            one.send(bye(one.answers[-1], CARRIER, one.port))
            return there

    assert "callid-again" in asyncio.run(story())
