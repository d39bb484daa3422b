"""Real phones, real buttons, judged by both ears: the short form of `python -m tests.witness`."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from sip.phone import pjsua_is_here
from tests.witness.cells import Cell
from tests.witness.softphones import baresip_is_here
from tests.witness.stage import run, witness_line

pytestmark = [
    pytest.mark.asterisk,
    pytest.mark.skipif(not pjsua_is_here(), reason="pjsua2 exists for Python 3.11 and 3.12 only"),
    pytest.mark.skipif(not baresip_is_here(), reason="Debian's package baresip-core is not installed"),
]
SHORT = (
    Cell("pjsua2", "hold", "talking"),
    Cell("pjsua2", "info", "held"),
    Cell("pjsua2", "transfer", "talking"),
    Cell("pjsua2", "codec", "talking"),
    Cell("pjsua2", "stop", "talking"),
    Cell("pjsua2", "vad", "talking"),
    Cell("baresip", "hold", "ringing"),
    Cell("baresip", "resume", "held"),
    Cell("baresip", "key", "held"),
    Cell("baresip", "silence", "ringing"),
    Cell("pjsua2", "network", "talking"),
)


def test_no_button_of_a_real_phone_costs_a_child_the_call_or_leaves_anybody_in_silence(tmp_path: Path) -> None:
    with witness_line(tmp_path) as line:
        pairs = asyncio.run(run(line, SHORT))
    assert not {str(pair.cell): pair.faults for pair in pairs if pair.faults}
    assert not {str(pair.cell): pair.refused for pair in pairs if pair.refused}, "every button could be pressed"
