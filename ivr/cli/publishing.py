"""Publishing in the running controller: another version takes effect while calls go on."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from ivr.app import control
from ivr.callflow import CallflowError
from ivr.callflow.draft import CannotTry, is_draft, with_draft, without_drafts
from ivr.callflow.versions import How, UnknownVersion, Versions
from ivr.cli import prepare
from ivr.core.flow import Plan
from ivr.core.ids import LineId
from ivr.core.news import Published
from ivr.source.findings import errors

if TYPE_CHECKING:
    from ivr.cli.running import Running

log = logging.getLogger("voiceline")
WATCH_S = 1.0


class Publishing:
    """Every swap is one news item, so no call ever sees half of one; one swap at a time."""

    def __init__(self, running: Running) -> None:
        self._running = running
        self._versions = Versions(running.ground.state)
        self._one = asyncio.Lock()

    def handlers(self) -> dict[str, control.Handler]:
        return {"publish": self._publish, "try": self._try, "end_try": self._end_try, "overrides": self._overrides}

    async def _publish(self, asked: Mapping[str, object]) -> control.Answer:
        version, how = str(asked["version"]), How(str(asked["how"]))
        await self.publish(version, how, str(asked["by"]), str(asked["note"]))
        return {"version": version, "calls_on_older": self._on_older()}

    async def publish(self, version: str, how: How, by: str, note: str) -> None:
        """A version that is kept takes effect. Raises `control.Refused` and leaves everything as it was."""
        async with self._one:
            plan = await self._load(version)
            self._nobody_is_left_out(plan)
            await self._swap(plan, self._versions.folder(version))
            await asyncio.to_thread(self._versions.note, version, how, by, note)

    async def _try(self, asked: Mapping[str, object]) -> control.Answer:
        version, line, number = str(asked["version"]), LineId(str(asked["line"])), str(asked["number"])
        async with self._one:
            draft = await self._load(version)
            try:
                plan = with_draft(self._running.house.plan, draft, line, number)
            except CannotTry as wrong:
                raise control.Refused(f"{wrong}.") from None
            folder = self._versions.folder(version)
            await asyncio.to_thread(prepare.add_sounds, folder, self._running.ground.state, draft=True)
            await self._swap(plan)
        return {"line": f"{line}-draft", "number": number}

    async def _end_try(self, _asked: Mapping[str, object]) -> control.Answer:
        async with self._one:
            plan = self._running.house.plan
            tried = [line for line in plan.lines if is_draft(line)]
            if tried:
                await self._swap(without_drafts(plan))
        return {"ended": tried}

    async def _overrides(self, _asked: Mapping[str, object]) -> control.Answer:
        lines = self._running.house.lines.values()
        return {
            "now": self._running.ground.clock.now().isoformat(),
            "overrides": {
                line.id: {
                    "open": line.override.open,
                    "until": line.override.until.isoformat() if line.override.until else None,
                    "reason": line.override.reason,
                }
                for line in lines
                if line.override is not None
            },
        }

    async def _load(self, version: str) -> Plan:
        try:
            return await asyncio.to_thread(self._versions.load, version)
        except (UnknownVersion, CallflowError) as wrong:
            raise control.Refused(f"{str(wrong).rstrip('.')}.") from None

    def _nobody_is_left_out(self, plan: Plan) -> None:
        for who in self._running.house.volunteers.values():
            if who.group not in plan.groups:
                raise control.Refused(
                    f"{who.id} is in the group {who.group}, which is no longer in groups.yaml: keep the group, "
                    f"or move them first (ivr volunteer add {who.id} --group ...)."
                )

    async def _swap(self, plan: Plan, folder: Path | None = None) -> None:
        """New sounds are there before anybody may hear them; old ones stay for those who are on older steps."""
        running = self._running
        now = running.ground.clock.now()
        tables = await asyncio.to_thread(prepare.timetables, plan, now)
        if folder is not None:
            await asyncio.to_thread(prepare.add_sounds, folder, running.ground.state)
        running.engine.take(Published(plan, tables, running.ground.clock.now()))
        await running.renew_accounts()

    def _on_older(self) -> int:
        older = self._running.house.older
        return sum(call.version in older for call in self._running.house.calls.values())

    # ------------------------------------------------------------ while somebody writes

    async def watch(self, callflows: Path) -> None:
        """Publish the files whenever they changed and are right; say what is wrong with them when they are not."""
        seen = await asyncio.to_thread(footprint, callflows)
        while True:
            await asyncio.sleep(WATCH_S)
            now = await asyncio.to_thread(footprint, callflows)
            if now == seen:
                continue
            seen = now
            await self._changed(callflows)

    async def _changed(self, callflows: Path) -> None:
        try:
            plan = await asyncio.to_thread(self._versions.keep, callflows)
            if plan.version == self._running.house.plan.version:
                return
            await self.publish(plan.version, How.PUBLISHED, "watch", f"changed on disk {datetime.now(UTC):%H:%M:%S}")
        except CallflowError as wrong:
            count = len(errors(wrong.findings))
            log.warning("the changed callflows are not used", extra={"keys": {"errors": count, "see": "ivr check"}})
        except (control.Refused, OSError):
            log.warning("the changed callflows are not used", extra={"keys": {"see": "ivr publish"}})
        else:
            log.info("the changed callflows are in force", extra={"keys": {"version": plan.version}})


def footprint(callflows: Path) -> frozenset[tuple[str, int, int]]:
    """Changes when a file in the folder does."""
    found = set()
    for path in callflows.rglob("*"):
        try:
            stat = path.stat()
        except OSError:
            continue  # just being replaced
        found.add((str(path), stat.st_mtime_ns, stat.st_size))
    return frozenset(found)
