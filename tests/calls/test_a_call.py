"""A child calls: what is heard, whose phone rings, and what the log says about it."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

from sip.heard import hear
from sip.phone.interface import Samples
from sip.phone.own import OwnCall, OwnPhone
from sip.phone.sound import speech_like
from tests.rigs.line import CARRIER, SECRET_NUMBER, LiveLine, eventually

pytestmark = pytest.mark.asterisk

WHISPERED = "hvisk-boernetelefonen"
"""What a volunteer hears before the two are joined."""


def names(line: LiveLine, call: OwnCall, fragments: bool = False) -> list[str]:
    return [each.prompt for each in line.heard(call, fragments)]


def test_a_child_hears_the_right_words_waits_with_music_and_talks_to_a_volunteer(line: LiveLine) -> None:
    async def story() -> None:
        child_says, volunteer_says = speech_like(4.0, seed=1), speech_like(4.0, seed=2)
        async with await line.volunteer("anna") as anna, await OwnPhone.open(bind=CARRIER) as carrier:
            call = await line.call(carrier)
            ring = await anna.next_ring(20.0)
            assert "116111" in ring.from_header
            assert not any(SECRET_NUMBER[2:] in value for _, value in ring.headers)
            await line.until_heard(call, "koe")
            talk = await ring.answer()
            await line.until_heard(talk, WHISPERED)
            heard_before, whispered = len(call.heard.samples()), len(talk.heard.samples())
            talk.play(volunteer_says)
            call.play(child_says)
            await eventually(lambda: len(talk.heard.samples()) > whispered + 5 * 8000 or None, "five seconds", 15.0)
            await call.hangup()
            assert (await talk.until_ended(5.0)).by == "them"
            assert names(line, call) == ["velkommen", "fare", "koe"], "and nothing of what the volunteer was told"
            assert names(line, talk)[0] == WHISPERED
            assert whole(call.heard.samples()[heard_before - 4000 :], volunteer_says), "the caller hears the volunteer"
            assert whole(talk.heard.samples(), child_says), "the volunteer hears the caller"

    before = len(line.calls())
    asyncio.run(story())
    record = line.last_call(before + 1)
    assert record["outcome"] == "answered"
    assert record["answered_by"] == "anna"
    assert record["ended_by"] == "caller"
    assert [ring["result"] for ring in record["rings"]] == ["answered"]
    assert record["talk_s"] == pytest.approx(5.2, abs=1.5)
    assert record["steps"] == ["velkommen", "aabent", "koe"]


def whole(heard: Samples, said: Samples) -> bool:
    found = hear(np.asarray(heard), {"said": said})
    return bool(found) and found[0].coverage > 0.8


def test_a_parent_meets_the_same_volunteers_behind_another_greeting_that_never_says_free(line: LiveLine) -> None:
    async def story() -> None:
        async with await line.volunteer("anna") as anna, await OwnPhone.open(bind=CARRIER) as carrier:
            call = await line.call(carrier, "35555557")
            ring = await anna.next_ring(20.0)
            assert "35555557" in ring.from_header
            talk = await ring.answer()
            await line.talk_stands()
            await asyncio.gather(talk.hangup(), call.until_ended(5.0))
            assert names(line, call)[0] == "foraeldre-velkommen"
            assert names(line, talk)[0] == "hvisk-foraeldretelefonen", "and the volunteer knows before the first word"

    before = len(line.calls())
    asyncio.run(story())
    record = line.last_call(before + 1)
    assert record["line"] == "foraeldretelefonen"


def test_a_caller_hears_something_within_a_second_of_the_answer(line: LiveLine) -> None:
    async def story() -> float:
        async with await OwnPhone.open(bind=CARRIER) as carrier:
            call = await line.call(carrier)
            sound = await call.until_sound(3.0)
            assert call.moments.answered is not None
            await call.hangup()
            return sound - call.moments.answered

    assert asyncio.run(story()) < 1.0


def test_who_comes_when_nobody_is_reachable_is_told_so_and_how_to_write_instead(line: LiveLine) -> None:
    async def story() -> None:
        async with await OwnPhone.open(bind=CARRIER) as carrier:
            call = await line.call(carrier)
            assert (await call.until_ended(60.0)).by == "them"
            assert names(line, call)[:3] == ["velkommen", "fare", "ingen"]
            assert len(names(line, call)) == 4, "and how to write instead"

    before = len(line.calls())
    asyncio.run(story())
    record = line.last_call(before + 1)
    assert (record["outcome"], record["ended_by"], record["rings"]) == ("not_admitted", "system", [])


def test_a_number_that_is_no_line_is_refused_and_so_is_a_stranger_who_says_to_be_the_carrier(line: LiveLine) -> None:
    async def story() -> tuple[int | None, int | None]:
        async with await OwnPhone.open(bind=CARRIER) as carrier, await OwnPhone.open(bind="127.0.0.3") as stranger:
            wrong = await carrier.dial(f"sip:112@{line.server}")
            refused = await wrong.until_ended(5.0)
            pretending = await stranger.dial(f"sip:116111@{line.server}", from_user="trunk")
            turned_away = await pretending.until_ended(5.0)
            return refused.code, turned_away.code

    before = len(line.calls())
    number, stranger = asyncio.run(story())
    assert number == 404
    assert stranger in (401, 403, 404)
    assert len(line.calls()) == before


def test_a_caller_who_withholds_the_number_is_served_like_everybody_else(line: LiveLine) -> None:
    """They are blocked elsewhere (https://github.com/bmlt-enabled/yap/issues/125)."""

    async def story() -> None:
        async with await line.volunteer("anna") as anna, await OwnPhone.open(bind=CARRIER) as carrier:
            call = await carrier.dial(f"sip:116111@{line.server}", from_user="anonymous", from_name="Anonymous")
            await call.until_answered(5.0)
            await anna.next_ring(20.0)
            await call.hangup()

    before = len(line.calls())
    asyncio.run(story())
    assert line.last_call(before + 1)["outcome"] == "short_abandon"
