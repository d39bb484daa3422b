"""Every request that a carrier or a phone may send, in every phase: each has a final answer within a second."""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import dataclass

from sip.phone.message import Header
from sip.phone.own import OwnCall

ANSWER_S = 1.0


@dataclass(frozen=True, slots=True)
class Asked:
    """`codes`: what the RFCs allow as an answer from somebody who takes calls and nothing else."""

    name: str
    method: str
    codes: tuple[int, ...]
    kind: str = ""
    body: bytes = b""

    @property
    def headers(self) -> tuple[Header, ...]:
        more = {"SUBSCRIBE": (("Event", "presence"),), "NOTIFY": (("Event", "refer"), ("Subscription-State", "active"))}
        found: tuple[Header, ...] = more.get(self.method, ())
        if self.method == "REFER":
            found = (("Refer-To", "<sip:bo@example.invalid>"),)
        if self.method == "PRACK":
            found = (("RAck", "1 1 INVITE"),)
        return (*found, ("Content-Type", self.kind)) if self.kind else found


def unknown() -> str:
    """A method that stands in no RFC, another one each time (its name is in the report)."""
    return "".join(random.Random(time.time_ns()).choices("BCDFGHJKLMNPQRSTVWXZ", k=7))


def all_of_them() -> tuple[Asked, ...]:
    return (
        Asked("OPTIONS", "OPTIONS", (200,)),
        Asked("INFO, empty", "INFO", (200,)),
        Asked("INFO, a key", "INFO", (200,), "application/dtmf-relay", b"Signal=5\r\nDuration=160\r\n"),
        Asked("INFO, ISUP", "INFO", (415,), "application/isup", b"\x01\x00"),
        Asked("NOTIFY", "NOTIFY", (481, 489)),
        Asked("SUBSCRIBE", "SUBSCRIBE", (489,)),
        Asked("PUBLISH", "PUBLISH", (405, 489)),
        Asked("MESSAGE", "MESSAGE", (405, 415), "text/plain", b"hej"),
        Asked("UPDATE", "UPDATE", (200,)),
        Asked("PRACK", "PRACK", (400, 481)),
        Asked("REFER", "REFER", (603,)),
        Asked("REGISTER", "REGISTER", (403, 405, 501)),
        Asked("unknown", unknown(), (405, 501)),
    )


@dataclass(frozen=True, slots=True)
class Answered:
    what: str
    code: int
    """0: none."""
    took_s: float

    @property
    def is_well(self) -> bool:
        expected = next(each.codes for each in all_of_them() if each.name == self.what)
        return self.code in expected and self.took_s < ANSWER_S


async def ask_everything(call: OwnCall) -> list[Answered]:
    """One after the other, within the call."""
    return [await _ask(call, each) for each in all_of_them()]


async def _ask(call: OwnCall, asked: Asked) -> Answered:
    began = time.monotonic()
    try:
        response = await call.ask(asked.method, more=asked.headers, body=asked.body, deadline=3.0)
    except TimeoutError:
        return Answered(asked.name, 0, time.monotonic() - began)
    return Answered(asked.name, response.code, time.monotonic() - began)


async def both_ask(*calls: OwnCall) -> list[list[Answered]]:
    return list(await asyncio.gather(*(ask_everything(call) for call in calls)))
