"""Calls that have ended a moment ago, against records of the last resort that come after their end.

Rules: one outcome per call. A volunteer who hangs up while we stand still sends the caller to the last resort, which
writes down how the caller went; what we decide on what we heard late may end the call first, and be forgotten, before
that record is read. The log cannot tell so soon: it may not have been written yet.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from ivr.core.facts import CallEnded, CallStarted, Fact
from ivr.core.ids import CallId
from ivr.core.news import News, Surveyed, Witnessed

MOST = 10_000
"""So many are remembered: more than end between two surveys. The log knows the others by then."""


class Ended:
    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._calls: dict[CallId, None] = {}

    def note(self, facts: Iterable[Fact]) -> None:
        """What was decided."""
        for fact in facts:
            if isinstance(fact, CallEnded):
                self._calls[fact.call] = None
                if len(self._calls) > self._most:
                    del self._calls[next(iter(self._calls))]
            elif isinstance(fact, CallStarted):
                self._calls.pop(fact.call, None)  # taken for gone, and there after all

    def without(self, news: News) -> News | None:
        """The news without records of calls that have ended; None: nothing is left of it."""
        match news:
            case Witnessed():
                return None if news.call in self._calls else news
            case Surveyed() if any(record.call in self._calls for record in news.witnessed):
                return replace(news, witnessed=tuple(each for each in news.witnessed if each.call not in self._calls))
            case _:
                return news
