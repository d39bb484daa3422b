"""What a button of a phone sends within a call is answered at once by Asterisk alone, and changes nothing else.

A request without an answer ends the call after 32 s (RFC 3261 12.2.1.2), so each is to be answered. Which ones only a
front can answer is said in `asterisk-config/README.md`.
"""

from __future__ import annotations

import asyncio
import re

import pytest

from sip.phone.own import OwnCall, OwnPhone
from tests.rigs.asterisk import ANNA, password
from tests.sip.house import NUMBER, House, shared_house, sweep
from tests.sip.leftovers import run

pytestmark = pytest.mark.asterisk

ELSEWHERE = "sip:4511223344@127.0.0.9:5099"
AT_ONCE_S = 1.0
TRANSFERS = (
    ("blind", (("Refer-To", f"<{ELSEWHERE}>"),)),
    ("attended", (("Refer-To", f"<{ELSEWHERE}?Replaces=abc%3Bto-tag%3D1%3Bfrom-tag%3D2>"),)),
    ("without saying where", ()),
    ("with a name", (("Refer-To", f"<{ELSEWHERE}>"), ("Referred-By", "<sip:Xylofonia@127.0.0.2>"))),
)
INFOS = (
    ("application/dtmf-relay", b"Signal=5\r\nDuration=160\r\n"),
    ("application/dtmf-relay", b"Signal= 5\r\nDuration= 160\r\n"),
    ("application/dtmf-relay", b""),
    ("application/dtmf", b"5"),
    ("application/hook-flash", b""),
    ("application/media_control+xml", b"<media_control><vc_primitive/></media_control>"),
    ("", b""),
)
UNREADABLE = (("application/dtmf-relay", b"Signal=?\r\n"), ("application/dtmf", b"x"))
"""Answered too, with 500: the talk goes on."""


@pytest.fixture(scope="module")
def house() -> House:
    return shared_house()


async def answers(call: OwnCall) -> dict[str, int]:
    """Each button's code, for this end of a call."""
    codes: dict[str, int] = {}
    for name, more in TRANSFERS:
        codes[f"REFER {name}"] = (await call.ask("REFER", more=more, deadline=AT_ONCE_S)).code
    for kind, body in (*INFOS, *UNREADABLE):
        more = (("Content-Type", kind),) if kind else ()
        code = (await call.ask("INFO", more=more, body=body, deadline=AT_ONCE_S)).code
        codes[f"INFO {kind} {body.decode()}"] = code
    codes["OPTIONS"] = (await call.ask("OPTIONS", deadline=AT_ONCE_S)).code
    codes["UPDATE"] = (await call.ask("UPDATE", deadline=AT_ONCE_S)).code
    return codes


def test_a_carriers_transfers_keys_and_keep_alives_are_answered_within_a_second_and_nothing_is_transferred(
    house: House,
) -> None:
    """Without a controller too: the caller is in the last resort's hands."""

    async def story() -> None:
        async with await OwnPhone.open(bind="127.0.0.2") as carrier, await OwnPhone.open(bind="127.0.0.9") as outside:
            call = await carrier.dial(f"sip:{NUMBER}@{house.machine.server}")
            await call.until_answered(5.0)
            codes = await answers(call)
            assert {name: code for name, code in codes.items() if code != expected(name)} == {}
            assert call.ended is None
            with pytest.raises(TimeoutError):
                await outside.next_ring(0.2)
            told = await asyncio.to_thread(everything_known, house)
            assert not re.search(r"4511223344|Xylofonia|refer", told, re.IGNORECASE), "nothing of it is kept anywhere"
            await call.hangup()
        await sweep(house)

    run(story)


def test_a_volunteers_phone_that_dials_a_code_gets_the_same_answers(house: House) -> None:
    """No controller takes the code up: its sentence is being played meanwhile."""

    async def story() -> None:
        async with await OwnPhone.open() as phone:
            phone.log_in(ANNA, password(ANNA))
            call = await phone.dial(f"sip:*10@{house.machine.server}", from_user=ANNA)
            await call.until_answered(8.0)
            codes = await answers(call)
            assert {name: code for name, code in codes.items() if code != expected(name)} == {}
            await call.hangup()
        await sweep(house)

    run(story)


def expected(name: str) -> int:
    if name.startswith("REFER"):
        return 603
    return 500 if name in {f"INFO {kind} {body.decode()}" for kind, body in UNREADABLE} else 200


def everything_known(house: House) -> str:
    """All variables, channels and settings Asterisk shows."""
    channels = re.findall(r"^(PJSIP/\S+?)!", house.machine.console("core show channels concise"), re.MULTILINE)
    shown = [house.machine.console(f"core show channel {name}") for name in channels]
    return "\n".join([*shown, house.machine.console("dialplan show globals"), house.machine.console("database show")])
