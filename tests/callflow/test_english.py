"""The computed sentence in English, read aloud from the shipped texts."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from zoneinfo import ZoneInfo

import pytest

from ivr.callflow import prompt_text
from ivr.callflow.prompts import find_prompts
from ivr.core.ids import PromptId
from ivr.core.spoken import fragments, opening_words
from tests.callflow.conftest import SHIPPED

ZONE = ZoneInfo("Europe/Copenhagen")


def spoken(now: str, opening: str, language: str) -> str:
    first, then = (datetime.fromisoformat(text).replace(tzinfo=ZONE) for text in (now, opening))
    words = [prompt_text(SHIPPED, language, prompt) for prompt in opening_words(first, then, ZONE.key)]
    return " ".join(word or "?" for word in words)


@pytest.mark.parametrize(
    ("now", "opening", "english", "danish"),
    [
        ("2026-03-03T04:00", "2026-03-03T06:00", "today at six in the morning", "i dag klokken seks om morgenen"),
        ("2026-03-03T12:00", "2026-03-04T06:30", "tomorrow at half past six in", "i morgen klokken halv syv om"),
        ("2026-03-03T12:00", "2026-03-06T13:15", "on Friday at a quarter past one in the afternoon", "paa-fredag"),
        ("2026-03-03T12:00", "2026-03-04T00:30", "tonight at half past twelve", "i nat klokken halv et"),
        ("2026-03-03T12:00", "2026-05-10T10:05", "on Sunday the tenth of May at ten oh five in the morning", "maj"),
        ("2026-03-03T05:57", "2026-03-03T06:00", "in three minutes", "om tre minutter"),
        ("2026-03-03T12:00", "2026-03-06T01:00", "on the night before Friday at one", "natten til fredag klokken et"),
    ],
)
def test_when_the_line_opens_is_said_in_english_as_in_danish(now: str, opening: str, english: str, danish: str) -> None:
    assert f"We open again {english}" in spoken(now, opening, "en")
    assert danish.replace("paa-fredag", "på fredag") in spoken(now, opening, "da")


def test_every_fragment_has_an_english_text_of_its_own_and_no_danish_slipped_in(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("ivr.callflow.check.find_prompts", cache(find_prompts))  # hundreds of files, looked for once
    for fragment in fragments():
        text = prompt_text(SHIPPED, "en", PromptId(fragment))
        assert text
        assert text != prompt_text(SHIPPED, "da", PromptId(fragment))
        assert not set("æøå") & set(text.lower())
