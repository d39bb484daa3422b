"""The night line takes over while children are on the line: none is dropped, overtaken, or left in silence."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from sip.phone.own import OwnPhone
from tests.crash.nights import GROUPS, NIGHTS, files, one_night
from tests.rigs.line import CARRIER, eventually, live_line

pytestmark = pytest.mark.asterisk


def test_children_in_every_phase_of_a_call_go_through_a_hand_over(tmp_path_factory: pytest.TempPathFactory) -> None:
    verdict = one_night(tmp_path_factory.mktemp("night"), "ordinary")
    assert not verdict.wrong, "\n".join(verdict.lines())
    assert verdict.told, "somebody waited long enough to hear of it"


def test_the_day_side_stays_on_until_somebody_of_the_night_is_there(tmp_path_factory: pytest.TempPathFactory) -> None:
    clock = (NIGHTS["ordinary"] - timedelta(seconds=15)).isoformat()
    with live_line(tmp_path_factory.mktemp("late"), clock=clock, groups=GROUPS, edit=files) as line:

        def stays_on() -> bool:
            (near,) = (each["handover"] for each in line.status()["lines"] if each["line"] == "bornetelefonen")
            return near is not None and near["stays_on_until"] is not None

        async def story() -> None:
            async with await line.volunteer("anna") as anna, await OwnPhone.open(bind=CARRIER) as carrier:
                await eventually(stays_on, "the moment has come and nobody of the night is there", 30.0)
                call = await line.call(carrier)
                await line.until_heard(call, "fare")
                await call.send_digits("1")
                ring = await anna.next_ring(10.0)
                async with await line.volunteer("bo") as bo:
                    night = await bo.next_ring(10.0)
                    assert ring.ended is None, "a phone that rings rings on"
                    await line.until_heard(call, "skift-nat")
                    talk = await night.answer()
                    await line.talk_stands()
                    await asyncio.gather(call.hangup(), talk.until_ended(5.0))

        asyncio.run(story())
        assert line.last_call(1)["answered_by"] == "bo"
        events = [each for each in line.events() if each["data"].get("line") == "bornetelefonen"]
        said = [each["type"].rpartition(".")[2] for each in events if "handover" in each["type"]]
        assert said == [*["handover_endangered"] * 2, "handover_safe", "handover_began", "handover_done"]
        (began,) = (each["data"] for each in events if each["type"].endswith("handover_began"))
        assert (began["why"], began["waiting"]) == ("late", 1)
        line.empty()


@pytest.mark.trouble
@pytest.mark.parametrize("shift_s", [-4.0, -2.0, 0.0, 2.0, 4.0])
@pytest.mark.parametrize("night", NIGHTS)
def test_wherever_the_moment_falls_and_in_the_nights_in_which_the_clock_changes(
    tmp_path_factory: pytest.TempPathFactory, night: str, shift_s: float
) -> None:
    verdict = one_night(tmp_path_factory.mktemp("night"), night, shift_s)
    print("\n".join(verdict.lines()))
    assert not verdict.wrong, "\n".join(verdict.lines())
    assert not verdict.unexplained(), "\n".join(verdict.lines())
