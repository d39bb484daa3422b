"""Which volunteers have a phone that is there, kept up to date by what Asterisk tells about its endpoints.

Asterisk sums up a volunteer's devices itself (one of them is enough), so no device's address is ever held here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Final

from ivr.core.ids import VolunteerId
from ivr.core.news import VolunteerReachable, VolunteerUnreachable
from sip.ami.client import Ami
from sip.ami.wire import Fields

NAME: Final = re.compile(r"[a-z][a-z0-9_-]{0,31}")
TECHNOLOGY: Final = "PJSIP"

Told = Callable[[VolunteerReachable | VolunteerUnreachable], None]


class Phones:
    """`told` hears of every change; `now` gives the line's time."""

    def __init__(self, ami: Ami, told: Told, now: Callable[[], datetime]) -> None:
        self._told, self._now = told, now
        self._there: frozenset[VolunteerId] = frozenset()
        self._meanwhile: list[tuple[VolunteerId, bool]] | None = None
        ami.on_event(self._heard)

    @property
    def reachable(self) -> frozenset[VolunteerId]:
        return self._there

    def begin_survey(self) -> None:
        """From here on changes are remembered: what is about to be asked may be older than they are."""
        self._meanwhile = []

    def surveyed(self, names: Iterable[str]) -> frozenset[VolunteerId]:
        """These were there when asked; with what has changed meanwhile that is who is reachable. Tells nothing."""
        there = {VolunteerId(name) for name in names if NAME.fullmatch(name)}
        for volunteer, reachable in self._meanwhile or ():
            (there.add if reachable else there.discard)(volunteer)
        self._meanwhile = None
        self._there = frozenset(there)
        return self._there

    def _heard(self, event: Fields) -> None:
        technology, _, name = event.get("Peer", "").partition("/")
        if event.get("Event") != "PeerStatus" or technology != TECHNOLOGY or not NAME.fullmatch(name):
            return
        volunteer, reachable = VolunteerId(name), event.get("PeerStatus") == "Reachable"
        if self._meanwhile is not None:
            self._meanwhile.append((volunteer, reachable))
        if (volunteer in self._there) == reachable:
            return
        if reachable:
            self._there |= {volunteer}
            self._told(VolunteerReachable(volunteer, self._now()))
        else:
            self._there -= {volunteer}
            self._told(VolunteerUnreachable(volunteer, self._now()))
