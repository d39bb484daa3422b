"""What a child hears who calls in the two nights in which the clock changes: when the line opens, and rightly."""

from __future__ import annotations

import asyncio
import json

import pytest

from sip.phone.own import OwnPhone
from tests.calls.test_a_call import names
from tests.rigs.line import CARRIER, live_line
from tests.rigs.share import every

pytestmark = pytest.mark.asterisk

CLOSED = ["velkommen", "fare", "lukket", "vi-aabner-igen"]


@pytest.mark.parametrize(
    ("clock", "words", "opening"),
    every(
        3,
        [
            # 02:00 does not come in spring: the line closes at the jump, and the night is three hours long
            ("2026-03-29T03:10+02:00", ["i-dag", "klokken-6", "om-morgenen"], "2026-03-29T06:00:00+02:00"),
            # five minutes before six, which an elapsed-time clock would call four minutes to five
            ("2026-03-29T05:55:30+02:00", ["om-5-minutter"], "2026-03-29T06:00:00+02:00"),
            # 02:00 comes twice in autumn: closed from its first occurrence on, also in the hour's second pass
            ("2026-10-25T02:20+02:00", ["i-dag", "klokken-6", "om-morgenen"], "2026-10-25T06:00:00+01:00"),
            ("2026-10-25T02:20+01:00", ["i-dag", "klokken-6", "om-morgenen"], "2026-10-25T06:00:00+01:00"),
        ],
    ),
)
def test_a_child_who_calls_in_the_night_of_a_clock_change_hears_when_the_line_opens(
    tmp_path_factory: pytest.TempPathFactory, clock: str, words: list[str], opening: str
) -> None:
    with live_line(tmp_path_factory.mktemp("change"), clock=clock) as line:

        async def story() -> list[str]:
            async with await OwnPhone.open(bind=CARRIER) as carrier:
                call = await line.call(carrier)
                assert (await call.until_ended(60.0)).by == "them"
                return names(line, call, fragments=True)

        heard = asyncio.run(story())
        assert heard == [*CLOSED, *words, "skriv"]
        (record,) = line.calls()
        assert (record["outcome"], record["ended_by"]) == ("outside_hours", "system")
        hours = json.loads(line.ivr("hours", "bornetelefonen", "--json"))
        assert (hours["open"], hours["next_opening"]) == (False, opening)
