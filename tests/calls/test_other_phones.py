"""The same line with phones that are not ours: SIPp as the carrier, pjsua2 as the volunteer."""

from __future__ import annotations

import asyncio
import json

import pytest

from sip.phone import phone_kind
from sip.phone.sound import speech_like
from tests.rigs.line import CARRIER, SECRET_NUMBER, LiveLine, eventually

pytestmark = pytest.mark.asterisk


def test_a_call_from_sipp_is_answered_by_a_volunteer_at_pjsua2(line: LiveLine) -> None:
    async def story() -> int | None:
        password = json.loads((line.state / "accounts.json").read_text())["anna"]
        phone = phone_kind("pjsua2")
        async with await phone.register("anna", password, line.server) as anna:
            await eventually(lambda: line.reachable("anna") or None, "anna is reachable")
            host, port = line.server.split(":")
            words = ["sipp", "-sn", "uac", "-i", CARRIER, "-s", "116111", "-m", "1", "-d", "25000", "-nostdin"]
            words += ["-key", "caller", SECRET_NUMBER, f"{host}:{port}"]
            carrier = await asyncio.create_subprocess_exec(
                *words, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
            )
            ring = await anna.next_ring(20.0)
            assert "116111" in ring.from_header
            talk = await ring.answer(sound=speech_like(5.0, 5))
            await line.talk_stands()
            await talk.until_ended(30.0)
            return await asyncio.wait_for(carrier.wait(), 20.0)

    before = len(line.calls())
    assert asyncio.run(story()) == 0, "SIPp saw a whole call"
    record = line.last_call(before + 1)
    assert (record["outcome"], record["answered_by"], record["ended_by"]) == ("answered", "anna", "caller")
