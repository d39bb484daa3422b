"""The two volunteers of an installation that nobody can call from outside: `anna` by day, `bo` by night."""

from __future__ import annotations

from ivr.app.engine import Engine
from ivr.core.hours import Service
from ivr.core.ids import VolunteerId
from ivr.core.news import VolunteerAdded

DEMO = {"anna": Service.DAY, "bo": Service.NIGHT}


def add_demo_volunteers(engine: Engine) -> None:
    """Only into a house where nobody has been yet; an admin's own volunteers are never mixed with them."""
    if engine.house.volunteers:
        return
    for name, service in DEMO.items():
        groups = [tiers[0] for line in engine.house.plan.lines.values() if (tiers := line.tiers.get(service))]
        if groups:
            engine.take(VolunteerAdded(VolunteerId(name), groups[0], None, engine.clock.now()))
