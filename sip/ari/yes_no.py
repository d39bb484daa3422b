"""Answers by key: a caller's 1 and 2 become words in the ear of the volunteer they talk with.

Rules: which key was pressed is looked up, said and forgotten: it is in no news, name, result or log. The words are
played on the leg itself, in the middle of its talk: Asterisk lets that one side hear them and keeps the room as it is.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from ivr.core.commands import YesNo
from ivr.core.feature import KEY_HEARD, NO, YES
from ivr.core.ids import CallId, PromptId, RingId
from sip.ari import api
from sip.ari.http import Http

ANSWERS: Final = {"1": YES, "2": NO}
MOST_WORDS: Final = 3
"""So many may wait to be said: of a key that is pressed without end no more is heard."""


@dataclass(frozen=True, slots=True)
class Side:
    """Where a caller's answers are heard."""

    ring: RingId
    folder: Path
    """The volunteer's language."""
    waiting: set[str] = field(default_factory=set)
    """Words that have not been said to their end."""
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    """One word is asked for after the other: over several connections a later one might overtake."""


class YesNoKeys:
    """Whose keys are answers at present. Remembered in this process only: after a restart we are asked for it again."""

    def __init__(self, http: Http, sounds: Path, leg: Callable[[RingId], str]) -> None:
        """`leg`: the channel of the device on which a ring was picked up."""
        self._http, self._sounds, self._leg = http, sounds, leg
        self._sides: dict[CallId, Side] = {}

    def begin(self, command: YesNo) -> bool:
        """False: the words are not there, so it is not on. A missing one would be noticed when it is needed only."""
        folder = self._sounds / command.volunteers_language
        if self._sounds.is_dir() and not all(self._file(folder, word).is_file() for word in ANSWERS.values()):
            return False
        known = self._sides.get(command.call)
        if known is None or (known.ring, known.folder) != (command.ring, folder):
            self._sides[command.call] = Side(command.ring, folder)
        return True

    def end(self, call: CallId) -> bool:
        """Whether it was on."""
        return self._sides.pop(call, None) is not None

    def end_all(self) -> None:
        """Nobody listens for a while; whoever is to answer with keys is named again."""
        self._sides.clear()

    def are_answers_of(self, call: CallId | None) -> bool:
        return call in self._sides

    def are_said(self, call: CallId) -> bool:
        """Whether the volunteer hears one at present."""
        side = self._sides.get(call)
        return side is not None and bool(side.waiting)

    def said(self, word: str) -> None:
        """A word has ended."""
        for side in self._sides.values():
            side.waiting.discard(word)

    async def pressed(self, call: CallId, channel: str, digit: str) -> None:
        """Say it to the volunteer, and to the caller, with a tone, that it has come through."""
        side, word = self._sides.get(call), ANSWERS.get(digit)
        if side is None or word is None or len(side.waiting) >= MOST_WORDS:
            return
        name = f"y{secrets.token_hex(8)}"
        side.waiting.add(name)
        tone = self._file(side.folder, KEY_HEARD)
        asked = [self._say(side, name, self._file(side.folder, word))]
        if tone.is_file():
            asked.append(self._play(channel, f"y{secrets.token_hex(8)}", tone))
        if not (await asyncio.gather(*asked))[0]:
            side.waiting.discard(name)

    async def tell(self, ring: RingId, language: str, word: PromptId) -> None:
        await self._play(self._leg(ring), f"y{secrets.token_hex(8)}", self._file(self._sounds / language, word))

    async def _say(self, side: Side, name: str, file: Path) -> bool:
        async with side.turn:
            return await self._play(self._leg(side.ring), name, file)

    async def _play(self, channel: str, name: str, file: Path) -> bool:
        request = api.channels_play_with_id(channel, name, media=[f"sound:{file.with_suffix('')}"])
        return (await self._http.ask(request, repeatable=True)).value is not None

    @staticmethod
    def _file(folder: Path, word: PromptId) -> Path:
        return folder / f"{word}.wav"
