"""A synthetic call, made as the carrier makes it: dial, listen, press keys, hang up, and say what was heard.

Rules: never a half-open call, whoever interrupts; the number that is shown as the caller's and the keys go to the wire
and nowhere else; seconds are counted from the INVITE.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from sip.heard import Ear, Span
from sip.phone import Call, Ended, Phone
from sip.phone.g711 import LOUD
from sip.phone.interface import RATE, Samples
from sip.trouble import SipTrouble

READY = "ready.json"
_NOBODY = 3.0
"""Seconds without any answer on the SIP port until we say that nothing runs."""
_QUIET = 0.7
"""Seconds of silence after which a caller takes the announcement for finished and presses a key."""
_IMPATIENT = 15.0
_POLL = 0.05


@dataclass(frozen=True, slots=True)
class Running:
    """Where the line answers, as `ivr up` said when it was ready."""

    sip: str
    trunk_source: str
    numbers: Mapping[str, str]
    """Line -> number."""

    def number(self, wanted: str) -> str:
        """A number, or a line's name for its number."""
        return self.numbers.get(wanted, wanted)


def running(state: Path) -> Running:
    """Raises SipTrouble when nothing was started on this state directory, or its note is broken."""
    path = state / READY
    try:
        told: object = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SipTrouble("nothing runs here; start it with: make run") from None
    except (OSError, ValueError):
        raise SipTrouble(f"{path} cannot be read; start the line again with: make run") from None
    if isinstance(told, dict):
        sip, source, lines = told.get("sip"), told.get("trunk_source"), told.get("lines")
        if isinstance(sip, str) and isinstance(source, str) and isinstance(lines, dict):
            return Running(sip, source, {str(line): str(number) for line, number in lines.items()})
    raise SipTrouble(f"{path} is not what `ivr up` writes; start the line again with: make run")


@dataclass(frozen=True, slots=True)
class Press:
    """A key to press: at that second after the answer, or, without one, when an announcement is over."""

    key: str
    at_s: float | None = None


def parse_presses(text: str) -> tuple[Press, ...]:
    """`1,2` or `1@3.5,#`; raises ValueError with one sentence."""
    presses: list[Press] = []
    for item in filter(None, (part.strip() for part in text.split(","))):
        keys, at, moment = item.partition("@")
        try:
            at_s = float(moment) if at else None
        except ValueError:
            at_s = -1.0
        if (
            any(key not in "0123456789*#ABCD" for key in keys)
            or not keys
            or (at_s is not None and not 0 <= at_s < 3600)
        ):
            raise ValueError(f"{item!r} is no key: write 0-9, * or #, several with commas, with a moment as 1@3.5")
        presses += [Press(key, at_s) for key in keys]
    return tuple(presses)


@dataclass(frozen=True, slots=True)
class Wish:
    """What the synthetic caller does."""

    number: str
    presses: tuple[Press, ...] = ()
    say: Samples | None = None
    seconds: float = 30.0
    """How long to stay after the answer; as long is waited for it."""
    from_number: str = "anonymous"


@dataclass(frozen=True, slots=True)
class Happened:
    """One thing that happened, seconds from the INVITE."""

    at_s: float
    what: str


@dataclass(frozen=True, slots=True)
class Report:
    """A call as its caller knew it; seconds from the INVITE."""

    number: str
    dialled_at: datetime
    ringing_s: float | None
    answered_s: float | None
    first_packet_s: float | None
    first_sound_s: float | None
    recording_began_s: float | None
    heard: tuple[Span, ...]
    ended: Ended
    ended_s: float
    samples: Samples


Tell = Callable[[Happened | Span], None]


async def probe(
    line: Running,
    wish: Wish,
    kind: type[Phone],
    ear: Ear | None,
    tell: Tell,
    stop: asyncio.Event,
    *,
    eager: bool = False,
) -> Report:
    """Makes the call and follows it to its end. `stop` hangs up early; `eager` listens meanwhile, else
    afterwards.

    Raises SipTrouble when nobody answers SIP.
    """
    try:
        phone = await kind.open(bind=line.trunk_source)
    except OSError as trouble:
        raise SipTrouble(f"no phone can be opened at {line.trunk_source}: {trouble}.") from trouble
    async with phone:
        dialled_at = datetime.now(UTC)
        number = line.number(wish.number)
        call = await phone.dial(f"sip:{number}@{line.sip}", from_user=wish.from_number)
        if wish.say is not None:
            call.play(wish.say, loop=True)
        following = _Following(call, wish, ear, tell, eager)
        try:
            await following.until_over(stop)
        finally:
            ended = await call.hangup()
        if following.nobody:
            raise SipTrouble(f"nothing answers at {line.sip}: is the line running? Start it with: make run")
        heard = await following.finish(ended)
        return _report(number, dialled_at, call, ended, heard)


def _report(number: str, dialled_at: datetime, call: Call, ended: Ended, heard: Sequence[Span]) -> Report:
    moments = call.moments
    began = moments.began

    def since(moment: float | None) -> float | None:
        return None if moment is None else round(moment - began, 3)

    return Report(
        number=number,
        dialled_at=dialled_at,
        ringing_s=since(moments.ringing),
        answered_s=since(moments.answered),
        first_packet_s=since(moments.first_packet),
        first_sound_s=since(moments.first_sound),
        recording_began_s=since(call.heard.began),
        heard=tuple(heard),
        ended=ended,
        ended_s=round(ended.moment - began, 3),
        samples=call.heard.samples(),
    )


class _Following:
    """Looks at a call until it is over: tells what is new, presses what is due, knows when to leave."""

    def __init__(self, call: Call, wish: Wish, ear: Ear | None, tell: Tell, eager: bool) -> None:
        self._call, self._wish, self._tell = call, wish, tell
        self._live = Live(ear, eager) if ear is not None else None
        self._told: set[str] = set()
        self._presses = list(wish.presses)
        self._pressed_at = 0.0
        self._over = asyncio.Event()
        self._spare = ThreadPoolExecutor(1, initializer=_nice)
        self.nobody = False

    async def until_over(self, stop: asyncio.Event) -> None:
        listening = asyncio.create_task(self._listen())
        try:
            while self._call.ended is None and not stop.is_set() and not self._is_time_up():
                self._tell_moments()
                await self._press_if_due()
                await asyncio.sleep(_POLL)
        finally:
            self._over.set()
            await listening  # it may be in the middle of a piece: two must not listen at once
        self._tell_moments()

    def _is_time_up(self) -> bool:
        moments, now = self._call.moments, time.monotonic()
        nothing = moments.trying is None and moments.answered is None
        self.nobody = nothing and now - moments.began > _NOBODY
        return self.nobody or now - (moments.answered or moments.began) >= self._wish.seconds

    def _tell_moments(self) -> None:
        moments = self._call.moments
        steps = (("dialled", moments.began), ("ringing", moments.ringing), ("answered", moments.answered))
        for what, moment in (*steps, ("first sound", moments.first_sound)):
            if moment is not None and what not in self._told:
                self._told.add(what)
                self._tell(Happened(moment - moments.began, what))

    async def _press_if_due(self) -> None:
        answered = self._call.moments.answered
        if not self._presses or answered is None or self._call.ended is not None:
            return
        now, press = time.monotonic(), self._presses[0]
        since = max(answered, self._pressed_at)
        if press.at_s is not None:
            due = now - answered >= press.at_s
        else:
            last = _last_sound(self._call)
            over = last is not None and last > since and now - last >= _QUIET
            due = over or now - since >= _IMPATIENT
        if due:
            del self._presses[0]
            self._tell(Happened(now - self._call.moments.began, "pressed a key"))
            await self._send(press.key)
            self._pressed_at = time.monotonic()

    async def _send(self, key: str) -> None:
        try:
            await self._call.send_digits(key)
        except ValueError:
            raise SipTrouble("the line did not agree to pressed keys (telephone-event), so none was sent.") from None

    async def _listen(self) -> None:
        pause = 0.5
        while self._live is not None and self._live.eager and not self._over.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._over.wait()
                return
            started = time.monotonic()
            await self._hear_more(last=False)
            pause = 1.0 + 2 * (time.monotonic() - started)  # listening must not eat what sending needs

    async def _hear_more(self, *, last: bool) -> None:
        began = self._call.heard.began
        if self._live is None or began is None:
            return
        shift = began - self._call.moments.began
        # while the call goes on with what the machine has to spare: the exchange under test may be on the same cores.
        # Afterwards somebody waits for the answer, which on a busy machine would never come so.
        work = asyncio.get_running_loop().run_in_executor(
            None if last else self._spare, self._live.more, self._call.heard.samples(), last
        )
        for span in await work:
            self._tell(shifted(span, shift))

    async def finish(self, ended: Ended) -> list[Span]:
        self._spare.shutdown(wait=False)
        await self._hear_more(last=True)
        self._tell(Happened(ended.moment - self._call.moments.began, f"ended by {who(ended)}"))
        began = self._call.heard.began
        if self._live is None or began is None:
            return []
        shift = began - self._call.moments.began
        return [shifted(span, shift) for span in self._live.spans]


class Live:
    """Listens to a recording while it grows: tells a stretch once it is over, or has gone on for long."""

    _CLOSED, _LONG = 0.8, 8.0

    def __init__(self, ear: Ear, eager: bool) -> None:
        self._ear, self.eager = ear, eager
        self._settled = 0
        self.spans: list[Span] = []
        """Everything told so far, pieces of one stretch joined; seconds from the recording's beginning."""

    def more(self, samples: Samples, last: bool) -> list[Span]:
        """What is new. `last`: nothing comes after this."""
        part = samples[self._settled :]
        length, base = len(part) / RATE, self._settled / RATE
        fresh: list[Span] = []
        for span in self._ear.listen(part):
            if last or span.end_s < length - self._CLOSED:
                fresh.append(shifted(span, base))
            elif span.what != "prompt" and span.end_s - span.start_s > self._LONG:
                # goes on: what is told now ends before anything that may just be beginning
                fresh.append(shifted(_until(span, length - 3.0), base))
                break
            else:
                break
        if fresh:
            self._settled = min(len(samples), round(fresh[-1].end_s * RATE))
        return [span for span in fresh if self._keep(span)]

    def _keep(self, span: Span) -> bool:
        """Remembers it; False when it only continues what was told before."""
        before = self.spans[-1] if self.spans else None
        goes_on = (
            before is not None
            and span.what != "prompt"
            and (before.what, before.name) == (span.what, span.name)
            and span.start_s - before.end_s < 0.6
        )
        if goes_on and before is not None:
            self.spans[-1] = _until(before, span.end_s)
        else:
            self.spans.append(span)
        return not goes_on


def _nice() -> None:
    """This thread takes what others leave."""
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 10)


def shifted(span: Span, by: float) -> Span:
    return Span(span.what, span.start_s + by, span.end_s + by, span.name, span.coverage, span.heard)


def _until(span: Span, end_s: float) -> Span:
    return Span(span.what, span.start_s, end_s, span.name, span.coverage, span.heard)


def _last_sound(call: Call) -> float | None:
    """The moment of the last sample that was more than line noise."""
    began = call.heard.began
    if began is None:
        return None
    samples = call.heard.samples()
    tail = samples[-20 * RATE :]
    loud = np.flatnonzero(np.abs(tail.astype(np.int32)) > LOUD)
    return began + (len(samples) - len(tail) + int(loud[-1])) / RATE if len(loud) else None


def who(ended: Ended) -> str:
    """Who ended it, in words."""
    words = {"us": "this phone", "them": "the line", "network": "the network"}[ended.by]
    return f"{words}: {ended.code} {ended.why}" if ended.code is not None else words
