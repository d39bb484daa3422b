"""Changing the house while no controller runs: the same decisions, written to the same journal."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from immutables import Map

from ivr.app.clock import SystemClock
from ivr.app.ports import Deposed, Entry
from ivr.cli.common import Trouble
from ivr.cli.config import Config
from ivr.cli.prepare import plan_by_name, timetables
from ivr.cli.succession import refuse_if_held
from ivr.core import switchboard
from ivr.core.news import News, Published
from ivr.core.state import House
from ivr.store.database import NAME
from ivr.store.journal import SqliteJournal
from ivr.store.trouble import StoreTrouble

Told = Callable[[House], News]


def tell_offline(state: Path, config: Config, told: Told | None) -> House:
    """The house as remembered, after `told` (if any) was decided on and kept. Raises `Trouble`."""
    refuse_if_held(state)
    try:
        journal = SqliteJournal(state / NAME)
    except StoreTrouble as wrong:
        raise Trouble(f"{wrong}.") from None
    try:
        if journal.trouble is not None:
            raise Trouble(f"{journal.trouble}.")
        return asyncio.run(_tell(journal, state, config, told))
    except StoreTrouble as wrong:
        raise Trouble(f"{wrong}.") from None
    except Deposed:
        raise Trouble("a controller was started meanwhile: ask again, it will do it.") from None
    finally:
        journal.close()


async def _tell(journal: SqliteJournal, state: Path, config: Config, told: Told | None) -> House:
    now = SystemClock().now()
    plan = plan_by_name(state, config)
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
