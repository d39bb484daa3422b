"""Query parameters, read strictly: an unknown, repeated or wrong one is answered with a sentence, never guessed at."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import UTC, date, datetime
from typing import Final
from zoneinfo import ZoneInfo

from starlette.exceptions import HTTPException
from starlette.requests import Request

ZONE: Final = ZoneInfo("Europe/Copenhagen")
_WHOLE = re.compile(r"[0-9]{1,18}")
_PLUS = re.compile(r"(?<=T)([0-9:.]+) (?=[0-9]{2}:?[0-9]{2}$)")
"""A `+` of an offset that nobody escaped arrives as a space."""
_LINE = re.compile(r"[a-z][a-z0-9_-]{0,63}")


class Params:
    """The query of one request. Raises HTTPException 400 with one sentence that says what would be right."""

    def __init__(self, request: Request, known: Collection[str]) -> None:
        self._given: dict[str, str] = {}
        for name, value in request.query_params.multi_items():
            if name not in known:
                names = ", ".join(sorted(known)) or "none"
                raise HTTPException(400, f"there is a parameter that is not known here; known are: {names}")
            if name in self._given:
                raise HTTPException(400, f"the parameter {name} is given twice; give it once")
            self._given[name] = value

    def whole(self, name: str, default: int, least: int, most: int) -> int:
        text = self._given.get(name)
        if text is None:
            return default
        if not _WHOLE.fullmatch(text) or not least <= int(text) <= most:
            raise HTTPException(400, f"{name} must be a whole number from {least} to {most}")
        return int(text)

    def moment(self, name: str) -> datetime | None:
        """Aware UTC. ISO 8601; without an offset it is Danish local time (of an hour that comes twice: the first)."""
        text = self._given.get(name)
        if text is None:
            return None
        try:
            at = datetime.fromisoformat(_PLUS.sub(r"\1+", text))
            return (at if at.tzinfo else at.replace(tzinfo=ZONE)).astimezone(UTC)
        except (ValueError, OverflowError):
            raise HTTPException(400, f"{name} must be a moment like 2026-03-01T18:00 or 2026-03-01T17:00:00Z") from None

    def day(self, name: str) -> date:
        """ISO 8601 day; it must be there."""
        try:
            return date.fromisoformat(self._given.get(name, ""))
        except ValueError:
            raise HTTPException(400, f"{name} must be a day like 2026-03-01") from None

    def line(self) -> str | None:
        text = self._given.get("line")
        if text is not None and not _LINE.fullmatch(text):
            raise HTTPException(400, "line must be the name of a line, like bornetelefonen")
        return text
