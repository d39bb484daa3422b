"""A child's answers reach the volunteer in the order in which the keys were pressed."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from ivr.core.commands import YesNo
from ivr.core.ids import CallId, ring_id
from ivr.core.news import Result
from sip.ari.http import Address, Http, Reply
from sip.ari.yes_no import MOST_WORDS, YesNoKeys

CALL = CallId("0123456789abcdef0123")
RING = ring_id(CALL, 1)
BEGINS = YesNo(CALL, RING, None, "da", (), "da")


class Slower(Http):
    """Every question takes less time than the one before: what is not asked in turn arrives the other way round."""

    def __init__(self) -> None:
        super().__init__(Address("127.0.0.1", 1, "voiceline", "x"))
        self.came: list[tuple[str, str]] = []
        self.turns_to_wait = 8

    async def ask(self, request: Any, *, timeout_s: float | None = None, repeatable: bool = True) -> Reply[Any]:
        self.turns_to_wait -= 2
        for _ in range(self.turns_to_wait):
            await asyncio.sleep(0)
        channel = request.target.split("/")[3]
        self.came.append((channel, str(request.body or request.target)))
        return Reply(Result.DONE, object())


@pytest.mark.anyio
async def test_two_answers_in_quick_succession_keep_their_order(tmp_path: Path) -> None:
    http = Slower()
    keys = YesNoKeys(http, tmp_path / "no-sounds-are-looked-for", str)
    assert keys.begin(BEGINS)
    await asyncio.gather(keys.pressed(CALL, "1700000000.7", "1"), keys.pressed(CALL, "1700000000.7", "2"))
    said = ["yes" if "frivillig-ja" in what else "no" for channel, what in http.came if channel == RING]
    assert said == ["yes", "no"]


@pytest.mark.anyio
async def test_of_a_key_that_is_pressed_without_end_few_words_are_heard(tmp_path: Path) -> None:
    http = Slower()
    keys = YesNoKeys(http, tmp_path / "no-sounds-are-looked-for", str)
    assert keys.begin(BEGINS)
    await asyncio.gather(*(keys.pressed(CALL, "1700000000.7", "1") for _ in range(20)))
    assert len(http.came) == MOST_WORDS
