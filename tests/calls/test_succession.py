"""Two real controllers on one state directory: whoever comes later decides, and the other does nothing any more."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sqlite3
import time

import pytest

from sip.phone.own import OwnPhone
from tests.rigs.line import CARRIER, LiveLine, eventually

pytestmark = [pytest.mark.asterisk, pytest.mark.trouble]


def epoch(line: LiveLine) -> int:
    con = sqlite3.connect(line.state / "voiceline.db")
    try:
        return int(con.execute("SELECT epoch FROM lease").fetchone()[0])
    finally:
        con.close()


def test_a_frozen_controller_is_replaced_its_callers_go_on_and_it_never_acts_again(line: LiveLine) -> None:
    async def story() -> None:
        async with await line.volunteer("anna") as anna, await OwnPhone.open(bind=CARRIER) as carrier:
            call = await line.call(carrier)
            ring = await anna.next_ring(20.0)
            first = line.process
            assert first is not None
            os.kill(first.pid, signal.SIGSTOP)
            before = epoch(line)
            await asyncio.to_thread(line.start)
            assert epoch(line) == before + 1
            os.kill(first.pid, signal.SIGCONT)  # it has been ended, or it finds out now
            assert await asyncio.to_thread(first.wait, 10) != 0
            assert first.stdout is not None
            first.stdout.close()
            assert call.ended is None
            if ring.ended is not None:
                ring = await anna.next_ring(20.0)
            talk = await ring.answer()
            await talk.until_sound(5.0)
            assert call.ended is None
            await asyncio.gather(call.hangup(), talk.until_ended(5.0))

    arrived = len(line.calls())
    asyncio.run(story())
    line.last_call(arrived + 1)


def beats(line: LiveLine) -> bool:
    """Whether the dialplan has heard of the controller within the last second or so."""
    found = re.search(r"VL_BEAT=(\d+)", line.console("dialplan show globals"))
    return found is not None and time.time() - int(found[1]) < 2.0


def test_a_controller_that_was_frozen_for_a_while_takes_up_its_calls_again(line: LiveLine) -> None:
    async def story() -> None:
        async with await line.volunteer("anna") as anna, await OwnPhone.open(bind=CARRIER) as carrier:
            first = await line.call(carrier)
            talk = await (await anna.next_ring(20.0)).answer()
            await line.talk_stands()
            assert line.process is not None
            os.kill(line.process.pid, signal.SIGSTOP)
            await asyncio.sleep(5.0)  # the freeze itself: longer than the lease
            os.kill(line.process.pid, signal.SIGCONT)
            await eventually(lambda: "still in office" in line.said.read_text() or None, "it finds out")
            await eventually(lambda: line.status()["asterisk"]["connected"] or None, "it is connected again")
            await eventually(lambda: beats(line) or None, "the dialplan trusts it again")
            assert first.ended is None, "a talk does not notice"
            await asyncio.gather(talk.hangup(), first.until_ended(10.0))

    before, arrived = epoch(line), len(line.calls())
    asyncio.run(story())
    assert line.last_call(arrived + 1)["outcome"] == "answered"
    assert epoch(line) == before, "nobody succeeded, so it stays in office"
