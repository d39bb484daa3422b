"""A closed line says when it opens next, and hangs up kindly."""

from __future__ import annotations

import asyncio
import json

import pytest

from sip.phone.own import OwnPhone
from tests.calls.test_a_call import names
from tests.rigs.line import CARRIER, live_line

pytestmark = pytest.mark.asterisk


def test_a_child_who_calls_at_four_in_the_night_hears_when_the_line_opens(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    with live_line(tmp_path_factory.mktemp("night"), clock="2026-03-03T04:00") as line:

        async def story() -> list[str]:
            async with await OwnPhone.open(bind=CARRIER) as carrier:
                call = await line.call(carrier)
                assert (await call.until_ended(60.0)).by == "them"
                return names(line, call, fragments=True)

        heard = asyncio.run(story())
        assert heard[:3] == ["velkommen", "fare", "lukket"]
        assert heard[3:7] == ["vi-aabner-igen", "i-dag", "klokken-6", "om-morgenen"]
        (record,) = line.calls()
        assert (record["outcome"], record["ended_by"]) == ("outside_hours", "system")
        hours = json.loads(line.ivr("hours", "bornetelefonen", "--at", "2026-03-03T04:00", "--json"))
        assert hours["open"] is False
        assert hours["next_opening"].startswith("2026-03-03T06:00")
        report = line.ivr("report", "missed", "--from", "2026-03-03", "--to", "2026-03-03", "--format", "csv")
        assert "outside_hours" in report.splitlines()[0]
        assert "bornetelefonen" in report
