"""The log opened for people and programs: the store's reader wired to the feed, the reports and the pages."""

from __future__ import annotations

import hmac
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path

from ivr.cli.common import Trouble
from ivr.core.ids import CallId, LineId
from ivr.reports.calls import CallRecord, call_records
from ivr.reports.calls import as_json as call_as_json
from ivr.reports.handovers import Handovers, handovers
from ivr.reports.missed import Days, Missed, missed
from ivr.reports.show_missed import as_json as missed_as_json
from ivr.sinks.feed import Feed
from ivr.store import tokens
from ivr.store.database import NAME
from ivr.store.reader import Reader
from ivr.store.trouble import StoreTrouble

AROUND = timedelta(days=1)
"""Alarms come before a hand-over, and who waited through it is known after it, at times on another day."""


class Books:
    """Serves `ivr.web` as `Feed`, `Records` and `TokenCheck`. All but `feed.follow` reads the disk where it is called.

    `poll_s`: how often the feed looks by itself; the controller rings it (`feed.ring`) and need not look often.
    Raises FileNotFoundError when nothing was ever written here, `StoreTrouble` when it cannot be read: when opened, or,
    for the controller, which must live without (`patient`), when asked.
    """

    def __init__(self, state: Path, poll_s: float = 0.2, patient: bool = False) -> None:
        self._events = Reader(state / NAME, patient)  # one for each kind of question: a long report holds up no event
        try:
            self._reader = Reader(state / NAME, patient)
        except BaseException:
            self._events.close()
            raise
        self.feed = Feed(self._events, poll_s)

    def close(self) -> None:
        self._events.close()
        self._reader.close()

    def records(
        self, since: datetime | None, until: datetime | None, line: str | None, limit: int = -1
    ) -> list[CallRecord]:
        """The ended calls that came in [since, until), oldest first. Raises ValueError for a line nobody knows."""
        return call_records(self._reader.of_ended_calls(since, until, self._line(line), limit))

    def record(self, call: CallId) -> CallRecord | None:
        """One call's record; None while it has not ended."""
        return next(iter(call_records(self._reader.of_call(call))), None)

    def missed_report(self, first: date, last: date, line: str | None) -> Missed:
        """Raises ValueError with a sentence for days or a line that cannot be."""
        days, only = Days(first, last), self._line(line)
        return missed(days, only, self._reader.lines(), self._reader.tallies(days.start, days.end, only))

    def handovers_report(self, first: date, last: date, line: str | None) -> Handovers:
        """Raises ValueError with a sentence for days or a line that cannot be."""
        days, only = Days(first, last), self._line(line)
        return handovers(days, only, self._reader.of_handovers(days.start - AROUND, days.end + AROUND, only))

    # ------------------------------------------------------------ as the pages ask

    def calls(
        self, since: datetime | None, until: datetime | None, line: str | None, limit: int
    ) -> Sequence[Mapping[str, object]]:
        return [call_as_json(record) for record in self.records(since, until, line, limit)]

    def missed(self, first: date, last: date, line: str | None) -> Mapping[str, object]:
        return missed_as_json(self.missed_report(first, last, line))

    def scopes(self, own: str, token: str) -> Collection[str]:
        """What a bearer may do; `own` is the installation's own token, which may do everything."""
        if hmac.compare_digest(own.encode(), token.encode()):
            return ("admin",)
        return tokens.scopes_of(self._events, token)

    def _line(self, line: str | None) -> LineId | None:
        if line is None:
            return None
        if not self._reader.knows(LineId(line)):
            names = ", ".join(self._reader.lines()) or "none yet"
            raise ValueError(f"there is no such line; the lines are: {names}")
        return LineId(line)


@contextmanager
def opened(state: Path) -> Iterator[Books | None]:
    """For a command: None when nothing was ever written here. Raises `Trouble`."""
    books: Books | None = None
    try:
        try:
            books = Books(state)
        except FileNotFoundError:
            books = None
        yield books
    except StoreTrouble as wrong:
        raise Trouble(f"{wrong}.") from None
    finally:
        if books is not None:
            books.close()
