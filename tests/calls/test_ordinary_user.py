"""The line needs no root: a whole call on a line that an ordinary user started."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from sip.heard import hear, load_sounds
from sip.phone.own import OwnPhone
from tests.rigs.line import CARRIER, eventually, next_line
from tests.rigs.ordinary import Ordinary, ordinary_user
from tests.rigs.ports import free_base

pytestmark = pytest.mark.asterisk


@contextmanager
def line_of(user: Ordinary, base: int) -> Iterator[dict[str, Any]]:
    """`ivr up` as this user; its ready line. Ended and gone afterwards."""
    command = f"up --state {user.home}/s --port-base {base} --drain 0 --clock 2026-03-02T12:00"
    running: subprocess.Popen[str] = user.start([*user.python, "-m", "ivr", *command.split()])
    try:
        ready = next_line(running)
        assert ready, running.stderr.read() if running.stderr is not None else ""
        yield json.loads(ready)
    finally:
        running.send_signal(signal.SIGTERM)
        running.communicate(timeout=30)


def test_an_ordinary_user_runs_the_line_and_a_child_is_answered() -> None:
    with ordinary_user() as user, free_base() as base, line_of(user, base) as ready:
        state = Path(ready["state"])
        assert Path(f"/proc/{ready['asterisk']['pid']}").stat().st_uid == state.stat().st_uid
        if user.uid is not None:
            assert state.stat().st_uid == user.uid

        async def story() -> list[str]:
            password = json.loads((state / "accounts.json").read_text())["anna"]
            async with (
                await OwnPhone.register("anna", password, ready["sip"]) as anna,
                await OwnPhone.open(bind=CARRIER) as carrier,
            ):
                call = await carrier.dial(f"sip:116111@{ready['sip']}")
                await call.until_answered(5.0)
                talk = await (await anna.next_ring(20.0)).answer()
                await eventually(lambda: talk.moments.first_packet is not None or None, "a voice")
                await asyncio.gather(call.hangup(), talk.until_ended(5.0))
                sounds = load_sounds([state / "asterisk" / "sounds" / "da"])
                return [each.prompt for each in hear(call.heard.samples(), sounds)]

        assert asyncio.run(story())[:2] == ["velkommen", "fare"]
