"""The caller's number is nowhere: not in a file, an event, a log, a phone's display, nor in anything Asterisk tells."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from sip.phone.own import OwnPhone
from tests.rigs.line import CARRIER, SECRET_NAME, SECRET_NUMBER, LiveLine

pytestmark = pytest.mark.asterisk
TRACES = (SECRET_NUMBER.encode(), SECRET_NUMBER[2:].encode(), *SECRET_NAME.encode().split())


def test_no_trace_of_the_caller_is_left_or_shown_during_and_after_a_call(line: LiveLine) -> None:
    async def story() -> None:
        async with await line.volunteer("anna") as anna, await OwnPhone.open(bind=CARRIER) as carrier:
            call = await line.call(carrier)
            ring = await anna.next_ring(20.0)
            shown = "\n".join(f"{name}: {value}" for name, value in ring.headers).encode()
            talk = await ring.answer()
            await line.talk_stands()
            token = line.secrets["ari_password"]
            said = await asyncio.to_thread(while_talking, line, token)
            await asyncio.gather(call.hangup(), talk.until_ended(5.0))
            for trace in TRACES:
                assert trace not in shown, "on the volunteer's phone"
                assert trace not in said, "told by Asterisk"

    asyncio.run(story())
    line.empty()
    found = [
        f"{path.relative_to(line.state)}"
        for path in [*line.state.rglob("*"), line.said]
        if path.is_file() and not path.is_symlink() and "tree" not in path.parts and holds_a_trace(path)
    ]
    assert found == []
    assert not any(trace in str(line.events()).encode() for trace in TRACES)


def while_talking(line: LiveLine, _password: str) -> bytes:
    """Everything Asterisk's console says about the call."""
    channels = [row.split()[0] for row in line.console("core show channels concise").splitlines() if "PJSIP/" in row]
    names = [row.split("!")[0] for row in line.console("core show channels concise").splitlines() if "!" in row]
    assert len(names) == 2, channels
    told = [line.console(f"core show channel {name}") for name in names]
    told += [line.console("core show channels verbose"), line.console("bridge show all")]
    told += [line.console("pjsip show channels")]
    return "\n".join(told).encode()


def holds_a_trace(path: Path) -> bool:
    if path.suffix in (".wav", ".so", ".xml"):
        return False
    content = path.read_bytes()
    return any(trace in content for trace in TRACES)


def test_the_trap_would_catch_a_number_that_was_written(line: LiveLine) -> None:
    planted = line.state / "planted.log"
    planted.write_text(f"INVITE from {SECRET_NUMBER}")
    try:
        assert holds_a_trace(planted)
    finally:
        planted.unlink()
