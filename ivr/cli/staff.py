"""What commands ask of the running house about volunteers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from ivr.app import control
from ivr.cli import status
from ivr.core.ids import GroupId, LineId, VolunteerId
from ivr.core.news import (
    DutyChanged,
    VolunteerAdded,
    VolunteerPaused,
    VolunteerRemoved,
    VolunteerResumed,
    WrapUpDone,
    WrapUpProlonged,
    YesNoAsked,
)
from ivr.core.reasons import PauseKind
from ivr.core.state import InTalk, WrappingUp
from sip.accounts import remove_account
from sip.devices import device_passwords, remove_devices

if TYPE_CHECKING:
    from ivr.cli.running import Running


class Staff:
    def __init__(self, running: Running) -> None:
        self._running = running

    def handlers(self) -> dict[str, control.Handler]:
        return {
            "volunteers": self._all,
            "volunteer_add": self._add,
            "volunteer_pause": self._pause,
            "volunteer_resume": self._resume,
            "volunteer_duty": self._duty,
            "volunteer_ready": self._ready,
            "volunteer_longer": self._longer,
            "volunteer_yes_no": self._yes_no,
            "volunteer_remove": self._remove,
            "volunteer_devices": self._devices,
        }

    def _now(self) -> datetime:
        return self._running.ground.clock.now()

    async def _all(self, _asked: Mapping[str, object]) -> control.Answer:
        house, now, running = self._running.house, self._now(), self._running
        known = device_passwords(running.ground.state)
        return {
            "volunteers": [
                status.person_json(house, who, now)
                | {"devices": status.devices_json(who.id, known, running.devices_there(who.id))}
                for who in status.people(house)
            ]
        }

    async def _add(self, asked: Mapping[str, object]) -> control.Answer:
        who, group = VolunteerId(str(asked["name"])), GroupId(str(asked["group"]))
        if group not in self._running.house.plan.groups:
            raise control.Refused(
                f"the running callflows have no group {group}: publish the ones on disk (ivr publish)."
            )
        line = LineId(str(asked["line"])) if asked.get("line") is not None else None
        self._running.engine.take(VolunteerAdded(who, group, line, self._now()))
        await self._running.renew_accounts()
        return {}

    def _known(self, asked: Mapping[str, object]) -> VolunteerId:
        who = VolunteerId(str(asked["name"]))
        if who not in self._running.house.volunteers:
            raise control.Refused(f"there is no volunteer {who}; `ivr volunteer list` shows them.")
        return who

    async def _pause(self, asked: Mapping[str, object]) -> control.Answer:
        reason = str(asked["reason"]) if asked.get("reason") is not None else None
        kind = PauseKind(str(asked.get("kind", PauseKind.OWN)))
        self._running.engine.take(VolunteerPaused(self._known(asked), reason, self._now(), kind))
        return {}

    async def _resume(self, asked: Mapping[str, object]) -> control.Answer:
        self._running.engine.take(VolunteerResumed(self._known(asked), self._now()))
        return {}

    async def _duty(self, asked: Mapping[str, object]) -> control.Answer:
        self._running.engine.take(DutyChanged(self._known(asked), asked["on"] is True, self._now()))
        return {}

    async def _ready(self, asked: Mapping[str, object]) -> control.Answer:
        self._running.engine.take(WrapUpDone(self._known(asked), self._now()))
        return {}

    async def _longer(self, asked: Mapping[str, object]) -> control.Answer:
        who = self._known(asked)
        if isinstance(self._running.house.volunteers[who].phase, InTalk):
            raise control.Refused(f"{who} is talking: ask again when the talk is over.")
        self._running.engine.take(WrapUpProlonged(who, float(str(asked["seconds"])), self._now()))
        phase = self._running.house.volunteers[who].phase
        return {"until": phase.until if isinstance(phase, WrappingUp) else None}

    async def _yes_no(self, asked: Mapping[str, object]) -> control.Answer:
        who, on = self._known(asked), asked["on"] is True
        house = self._running.house
        if status.talk_of(house, house.volunteers[who]) is None:
            raise control.Refused(f"{who} is in no talk: answers by key begin and end within one.")
        self._running.engine.take(YesNoAsked(who, on, self._now()))
        house = self._running.house
        if on and not status.is_yes_no(house, who):
            raise control.Refused("this caller cannot answer with keys: their line's file needs `yes_no:` (ivr check).")
        return {}

    async def _remove(self, asked: Mapping[str, object]) -> control.Answer:
        who = self._known(asked)
        self._running.engine.take(VolunteerRemoved(who, self._now()))
        if who not in self._running.house.volunteers:
            remove_account(self._running.ground.state, who)
            remove_devices(self._running.ground.state, who)
            await self._running.renew_accounts()
        return {}

    async def _devices(self, asked: Mapping[str, object]) -> control.Answer:
        """One came or went: the exchange is told."""
        await self._running.renew_devices(self._known(asked))
        return {}
