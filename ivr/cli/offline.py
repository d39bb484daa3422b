"""Changing the house while no controller runs: the same decisions, written to the same journal."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from immutables import Map

from ivr.app.clock import SystemClock
from ivr.app.ports import Entry
from ivr.cli.common import Trouble
from ivr.cli.config import Config
from ivr.cli.lock import only_one
from ivr.cli.prepare import read_plan, timetables
from ivr.core import switchboard
from ivr.core.news import News, Published
from ivr.core.state import House
from ivr.store.journal import SqliteJournal
from ivr.store.trouble import StoreTrouble

Told = Callable[[House], News]


def tell_offline(state: Path, config: Config, told: Told | None) -> House:
    """The house as remembered, after `told` (if any) was decided on and kept. Raises `Trouble`."""
    with only_one(state):
        try:
            journal = SqliteJournal(state / "voiceline.db")
        except StoreTrouble as wrong:
            raise Trouble(f"{wrong}.") from None
        try:
            return asyncio.run(_tell(journal, config, told))
        except StoreTrouble as wrong:
            raise Trouble(f"{wrong}.") from None
        finally:
            journal.close()


async def _tell(journal: SqliteJournal, config: Config, told: Told | None) -> House:
    now = SystemClock().now()
    plan = read_plan(config)
    tables = timetables(plan, now)
    kept = journal.load()
    house = House(
        plan,
        Map(tables),
        Map(),
        Map({who.id: who for who in kept.volunteers}),
        Map({line.id: line for line in kept.lines if line.id in plan.lines}),
    )
    house = switchboard.step(house, Published(plan, tables, now)).house
    if told is None:
        return house
    decision = switchboard.step(house, told(house))
    await journal.keep(
        Entry(
            {},
            {who: decision.house.volunteers.get(who) for who in decision.volunteers},
            {line: decision.house.lines.get(line) for line in decision.lines},
            decision.facts,
            (),
        )
    )
    return decision.house
