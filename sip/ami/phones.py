"""Which devices are there, and so which volunteers can be rung: kept up to date by what Asterisk tells of endpoints.

Rules: a volunteer is reachable while one of their devices is; only a change of that is news. No device's address is
ever held here.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable
from datetime import datetime
from typing import Final

from ivr.core.ids import VolunteerId
from ivr.core.news import VolunteerReachable, VolunteerUnreachable
from sip.ami.client import Ami
from sip.ami.wire import Fields
from sip.devices import ENDPOINT, owner_of

TECHNOLOGY: Final = "PJSIP"
STALE_S: Final = 1.0
"""So much older than the events may be what Asterisk answers when asked: its list is kept by another thread."""

Told = Callable[[VolunteerReachable | VolunteerUnreachable], None]
Watched = Callable[[str, bool], None]


class Phones:
    """`told` hears of every volunteer who can be rung now and could not before, or the other way round; `now` gives the
    line's time."""

    def __init__(self, ami: Ami, told: Told, now: Callable[[], datetime]) -> None:
        self._told, self._now = told, now
        self._there: frozenset[str] = frozenset()
        self._devices: dict[VolunteerId, tuple[str, ...]] = {}
        self.known: set[str] = set()
        """All that there are, whether they are there or not."""
        self._heard_at: dict[str, tuple[float, bool]] = {}
        self._watched: list[Watched] = []
        ami.on_event(self._heard)

    def watch(self, watched: Watched) -> None:
        """Called with every endpoint that comes (True) or goes, also when the volunteer stays reachable."""
        self._watched.append(watched)

    def devices(self, volunteer: VolunteerId) -> tuple[str, ...]:
        """The endpoints of this volunteer, or partner's place, that are there now."""
        return self._devices.get(volunteer, ())

    def is_there(self, endpoint: str) -> bool:
        return endpoint in self._there

    def only(self, volunteer: VolunteerId, endpoints: Collection[str]) -> None:
        """The volunteer has no other devices any more: nobody says of an account that is taken away that it is gone."""
        for name in self.devices(volunteer):
            if name not in endpoints:
                self._changed(name, there=False)

    def surveyed(self, names: Iterable[str], asked_at: float) -> frozenset[VolunteerId]:
        """These endpoints were there when asked (`time.monotonic()`). Who that makes reachable; tells nothing."""
        there = {name for name in names if ENDPOINT.fullmatch(name)}
        for endpoint, (heard_at, reachable) in self._heard_at.items():
            if heard_at > asked_at - STALE_S:
                (there.add if reachable else there.discard)(endpoint)
        self._there = frozenset(there)
        self.known |= there
        self._devices = {}
        for name in sorted(there):
            self._devices[owner_of(name)] = (*self.devices(owner_of(name)), name)
        return frozenset(self._devices)

    def _heard(self, event: Fields) -> None:
        technology, _, name = event.get("Peer", "").partition("/")
        if event.get("Event") != "PeerStatus" or technology != TECHNOLOGY or not ENDPOINT.fullmatch(name):
            return
        there = event.get("PeerStatus") == "Reachable"
        self.known.add(name)
        self._changed(name, there)

    def _changed(self, name: str, there: bool) -> None:
        self._heard_at[name] = (time.monotonic(), there)
        if (name in self._there) == there:
            return
        self._there = self._there | {name} if there else self._there - {name}
        for watched in self._watched:
            watched(name, there)
        self._sum_up(owner_of(name), name, there)

    def _sum_up(self, volunteer: VolunteerId, name: str, there: bool) -> None:
        before = self.devices(volunteer)
        now = tuple(sorted({*before, name} if there else {*before} - {name}))
        if now:
            self._devices[volunteer] = now
        else:
            self._devices.pop(volunteer, None)
        if now and not before:
            self._told(VolunteerReachable(volunteer, self._now()))
        if before and not now:
            self._told(VolunteerUnreachable(volunteer, self._now()))
