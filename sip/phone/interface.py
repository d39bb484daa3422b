"""What a scripted phone is, whatever stack is inside.

Rules: moments are `time.monotonic()` seconds of this machine; every wait has a deadline in seconds and raises
`TimeoutError` behind it; nothing here knows which stack it is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol, Self

import numpy as np
from numpy.typing import NDArray

RATE = 8000
"""Samples per second, everywhere."""

Samples = NDArray[np.int16]
"""Mono, 8 kHz."""

Who = Literal["us", "them", "network"]


class Packet(NamedTuple):
    """One 20 ms packet as it came."""

    arrived: float
    """Monotonic seconds, stamped by the kernel where it does."""
    sequence: int
    timestamp: int
    kind: int
    """RTP payload type: 8 PCMA, 0 PCMU, else telephone-event."""
    marker: bool
    source: int
    """SSRC."""
    payload: bytes


@dataclass(frozen=True, slots=True)
class Ended:
    """How a call, or the ringing of a phone, was over."""

    by: Who
    code: int | None
    """The SIP code that refused or ended it; None when an answered call was hung up."""
    why: str
    """The code's phrase, or `BYE`, `CANCEL`, `silence`."""
    reason: str
    """The `Reason` header as it came (RFC 3326); "" without one."""
    moment: float

    @property
    def cause(self) -> int | None:
        """The Q.850 cause in the Reason header, e.g. 16 normal, 21 declined, 26 answered elsewhere."""
        match = re.search(r"Q\.850\s*;[^,]*?cause\s*=\s*(\d{1,3})\b", self.reason, re.IGNORECASE)
        return int(match[1]) if match else None

    @property
    def elsewhere(self) -> bool:
        """True when the phone was told that another phone took the call."""
        told = re.search(r"\bSIP\s*;[^,]*?cause\s*=\s*200\b", self.reason, re.IGNORECASE)
        return told is not None or self.cause == 26


@dataclass(slots=True)
class Moments:
    """When what happened first, monotonic seconds; None: not yet."""

    began: float
    """INVITE sent, or received."""
    trying: float | None = None
    ringing: float | None = None
    answered: float | None = None
    first_packet: float | None = None
    first_sound: float | None = None
    """First packet with something louder than line noise in it."""


class NotAnswered(Exception):
    """The call was over before anybody picked up."""

    def __init__(self, ended: Ended) -> None:
        super().__init__(f"not answered: {ended.code or ''} {ended.why}".replace("  ", " "))
        self.ended = ended


class NotRegistered(Exception):
    """The exchange does not take this phone: `code` is its answer, 408 when there was none."""

    def __init__(self, code: int, why: str) -> None:
        super().__init__(f"not registered: {code} {why}")
        self.code = code


class NotShown(Exception):
    """This stack does not show what was asked for; the own phone does."""


class Heard(Protocol):
    """What came out of the phone's loudspeaker."""

    @property
    def began(self) -> float | None:
        """The moment of the first sample; None as long as nothing came."""
        ...

    def samples(self) -> Samples:
        """Everything until now, holes as silence. A copy: later packets do not change it."""
        ...


class Call(Protocol):
    """One call, from either end, from INVITE to the end."""

    @property
    def call_id(self) -> str: ...
    @property
    def moments(self) -> Moments: ...
    @property
    def heard(self) -> Heard: ...
    @property
    def packets(self) -> Sequence[Packet]:
        """Every voice packet in order of arrival; raises NotShown where the stack hides them."""
        ...

    @property
    def digits(self) -> str:
        """The keys the other side pressed (RFC 4733)."""
        ...

    @property
    def ended(self) -> Ended | None: ...
    async def until_ringing(self, deadline: float) -> None:
        """Returns at 180 or at the answer; raises NotAnswered, TimeoutError."""
        ...

    async def until_answered(self, deadline: float) -> None:
        """Raises NotAnswered when it was over before, TimeoutError."""
        ...

    async def until_sound(self, deadline: float) -> float:
        """The moment of the first sound that is louder than line noise; raises TimeoutError."""
        ...

    async def until_ended(self, deadline: float) -> Ended: ...
    async def hangup(self, reason: str = "") -> Ended:
        """CANCEL or BYE, whichever the moment asks for; returns when the other side knows, or after 4 s without it."""
        ...

    async def send_digits(self, digits: str) -> None:
        """Presses keys (0-9 * # A-D), 100 ms each; returns when the last is sent. Raises ValueError, NotShown."""
        ...

    def play(self, sound: Samples, *, loop: bool = False) -> None:
        """Says this from now on, instead of what was being said."""
        ...


class Ring(Protocol):
    """A phone that rings."""

    @property
    def from_header(self) -> str:
        """The From header as it came: what the phone may show."""
        ...

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """Every header of the INVITE, names in lower case: for looking for what must not be there."""
        ...

    @property
    def moment(self) -> float: ...
    @property
    def ended(self) -> Ended | None: ...
    async def answer(self, *, sound: Samples | None = None) -> Call:
        """Picks up; returns when the other side has acknowledged. Raises NotAnswered when it was too late."""
        ...

    def decline(self, code: int = 603) -> None: ...
    def ignore(self) -> None:
        """Lets it ring."""
        ...

    async def until_ended(self, deadline: float) -> Ended:
        """How it ended without us picking up."""
        ...


class Phone(Protocol):
    """A phone on the network. Close it: `async with` does."""

    @classmethod
    async def open(cls, *, bind: str = "127.0.0.1", port: int = 0) -> Self:
        """A phone without an account, like a carrier. Port 0: any free one. Raises OSError."""
        ...

    @classmethod
    async def register(
        cls, name: str, password: str, server: str, *, bind: str = "127.0.0.1", port: int = 0, expires: int = 60
    ) -> Self:
        """A volunteer's phone: registered at `host:port` and kept so. Raises NotRegistered, OSError."""
        ...

    @property
    def address(self) -> tuple[str, int]: ...
    async def dial(
        self, to: str, *, from_user: str = "anonymous", from_name: str = "", sound: Samples | None = None
    ) -> Call:
        """Calls `sip:user@host:port`; returns once the INVITE is out."""
        ...

    async def next_ring(self, deadline: float) -> Ring:
        """The next ring that nobody fetched yet; raises TimeoutError."""
        ...

    def auto_answer(self, after: float | None, *, sound: Samples | None = None) -> None:
        """Picks up by itself after so many seconds; None: no longer. Rings still turn up in `next_ring`."""
        ...

    @property
    def calls(self) -> Sequence[Call]:
        """Every call of this phone that was dialled or answered, oldest first."""
        ...

    async def unregister(self) -> None: ...
    def drop_dead(self) -> None:
        """From now on silent like a phone without power: nothing is sent, nothing is answered."""
        ...

    async def close(self) -> None:
        """Hangs up, unregisters, and leaves no socket, thread, process or timer."""
        ...

    async def __aenter__(self) -> Self: ...
    async def __aexit__(self, *exc: object) -> None: ...
