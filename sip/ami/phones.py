"""Which volunteers have a phone that is there, kept up to date by what Asterisk tells about its endpoints.

Asterisk sums up a volunteer's devices itself (one of them is enough), so no device's address is ever held here.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Final

from ivr.core.ids import VolunteerId
from ivr.core.news import VolunteerReachable, VolunteerUnreachable
from sip.ami.client import Ami
from sip.ami.wire import Fields

NAME: Final = re.compile(r"[a-z][a-z0-9_-]{0,31}(?:\.[0-9]{1,2})?")
"""A volunteer, or a place of a partner's."""
TECHNOLOGY: Final = "PJSIP"
STALE_S: Final = 1.0
"""So much older than the events may be what Asterisk answers when asked: its list is kept by another thread."""

Told = Callable[[VolunteerReachable | VolunteerUnreachable], None]


class Phones:
    """`told` hears of every change; `now` gives the line's time."""

    def __init__(self, ami: Ami, told: Told, now: Callable[[], datetime]) -> None:
        self._told, self._now = told, now
        self._there: frozenset[VolunteerId] = frozenset()
        self._heard_at: dict[VolunteerId, tuple[float, bool]] = {}
        ami.on_event(self._heard)

    def surveyed(self, names: Iterable[str], asked_at: float) -> frozenset[VolunteerId]:
        """These endpoints were there when asked (`time.monotonic()`). Who that makes reachable; tells nothing."""
        there = {VolunteerId(name) for name in names if NAME.fullmatch(name)}
        for volunteer, (heard_at, reachable) in self._heard_at.items():
            if heard_at > asked_at - STALE_S:
                (there.add if reachable else there.discard)(volunteer)
        self._there = frozenset(there)
        return self._there

    def _heard(self, event: Fields) -> None:
        technology, _, name = event.get("Peer", "").partition("/")
        if event.get("Event") != "PeerStatus" or technology != TECHNOLOGY or not NAME.fullmatch(name):
            return
        volunteer, reachable = VolunteerId(name), event.get("PeerStatus") == "Reachable"
        self._heard_at[volunteer] = (time.monotonic(), reachable)
        if (volunteer in self._there) == reachable:
            return
        if reachable:
            self._there |= {volunteer}
            self._told(VolunteerReachable(volunteer, self._now()))
        else:
            self._there -= {volunteer}
            self._told(VolunteerUnreachable(volunteer, self._now()))
