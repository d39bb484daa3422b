"""Calls joined by hand over the REST interface, with no controller: what Asterisk alone does with sound and keys."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

from sip.asterisk.settings import APPLICATION
from sip.phone.own import OwnCall, OwnPhone
from tests.rigs.asterisk import Machine

DEADLINE_S = 5.0


@dataclass(slots=True)
class Switch:
    """Asterisk's side of calls: which channels are ours, and the keys that were heard from each."""

    machine: Machine
    arrived: asyncio.Queue[str] = field(default_factory=asyncio.Queue)
    keys: dict[str, str] = field(default_factory=dict)
    held: dict[str, list[str]] = field(default_factory=dict)
    """ChannelHold and ChannelUnhold, in order."""

    async def hear(self, socket: ClientConnection) -> None:
        async for text in socket:
            told = json.loads(text)
            channel = told.get("channel", {}).get("id", "")
            match told["type"]:
                case "StasisStart":
                    self.arrived.put_nowait(channel)
                case "ChannelDtmfReceived":
                    self.keys[channel] = self.keys.get(channel, "") + told["digit"]
                case "ChannelHold" | "ChannelUnhold":
                    self.held.setdefault(channel, []).append(told["type"])

    async def ask(self, method: str, path: str, **query: str) -> Any:
        status, body = await asyncio.to_thread(lambda: self.machine.ari(method, path, **query))
        assert status < 300, f"{method} {path}: {status} {body}"
        return json.loads(body) if body else None

    async def taken(self) -> str:
        """The next channel that is ours; a caller's turn does not end by itself."""
        async with asyncio.timeout(DEADLINE_S):
            channel = await self.arrived.get()
        await self.ask("POST", f"channels/{channel}/variable", variable="TIMEOUT(absolute)", value="0")
        return channel

    async def caller(self, phone: OwnPhone, number: str = "116111", **more: Any) -> tuple[OwnCall, str]:
        """A caller who has been answered, and the channel."""
        call = await phone.dial(self.machine.address(number), **more)
        channel = await self.taken()
        await self.ask("POST", f"channels/{channel}/answer")
        await call.until_answered(DEADLINE_S)
        return call, channel

    async def ring(self, name: str) -> str:
        """Rings this phone, which answers by itself; its channel."""
        ring = f"{secrets.token_hex(10)}-r1"
        await self.ask("POST", "channels", endpoint=f"PJSIP/{name}", app=APPLICATION, channelId=ring)
        channel = await self.taken()
        assert channel == ring
        return channel

    async def join(self, *channels: str) -> str:
        bridge: str = (await self.ask("POST", "bridges", type="mixing"))["id"]
        await self.ask("POST", f"bridges/{bridge}/addChannel", channel=",".join(channels))
        return bridge

    async def key(self, channel: str, wanted: str, within_s: float = 5.0) -> None:
        """Until exactly these keys were heard from it."""
        try:
            async with asyncio.timeout(within_s):
                while self.keys.get(channel, "") != wanted:
                    await asyncio.sleep(0.01)
        except TimeoutError:
            raise AssertionError(f"not {wanted} but {self.keys.get(channel, 'nothing')}") from None

    def codec(self, channel: str) -> str:
        """What it speaks to us, as Asterisk says."""
        told = self.machine.console("core show channel " + self.name(channel))
        return told.partition("NativeFormats: (")[2].partition(")")[0]

    def name(self, channel: str) -> str:
        rows = self.machine.console("core show channels concise").splitlines()
        return next(row.partition("!")[0] for row in rows if row.rstrip().endswith(channel))

    def cpu_s(self) -> float:
        """Processor time Asterisk has used."""
        with open(f"/proc/{self.machine.pid}/stat", encoding="ascii") as stat:
            words = stat.read().rpartition(")")[2].split()
        return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


@asynccontextmanager
async def open_switch(machine: Machine) -> AsyncIterator[Switch]:
    """Every channel is gone afterwards."""
    switch = Switch(machine)
    async with connect(machine.events) as socket:
        hearing = asyncio.create_task(switch.hear(socket))
        try:
            yield switch
        finally:
            for bridge in await switch.ask("GET", "bridges"):
                await asyncio.to_thread(machine.ari, "DELETE", f"bridges/{bridge['id']}")
            for channel in await switch.ask("GET", "channels"):
                await asyncio.to_thread(machine.ari, "DELETE", f"channels/{channel['id']}")
            hearing.cancel()
    async with asyncio.timeout(DEADLINE_S):
        while machine.channels():
            await asyncio.sleep(0.05)
