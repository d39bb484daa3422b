"""One line, many talks side by side: a caller for each softphone, each with their own tone, one button for each."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from sip.phone.own import OwnCall, OwnPhone
from tests.crash.heard import tone
from tests.rigs.line import CARRIER, NOON, SECRET_NUMBER, LiveLine, eventually, live_line
from tests.trouble.rig import add, flow, log_after, password, records, server_of
from tests.witness.cells import QUIET, Cell, Phone, press, take_back
from tests.witness.ears import Stretch, longest_without, pitch_at
from tests.witness.router import Router
from tests.witness.softphones import Baresip, PjsuaHouse, Refused

NUMBER = "99000"
GROUPS = """\
default: dag
groups:
  dag: {strategy: longest_idle, ring: 60s, rounds: 9, rest: 0s, wrap_up: 0s}
  nat: {strategy: ring_all, ring: 5s, rounds: 2, rest: 2s, wrap_up: 0s}
  vidner: {strategy: longest_idle, ring: 60s, rounds: 9, rest: 0s, wrap_up: 0s}
"""
SILENCE_S = 3.0
SLACK_S = 0.5
"""For pausing machines; and a tone is known from 0.16 s of it."""
BUTTON_S = 12.0
"""So long a button stays pressed."""
HEARD_AFTER_S = 40.0
TALKED_S = 6.0
"""So long a talk has stood before anything is pressed: for the first 5 s Asterisk takes a voice from any address."""
Blow = Callable[[LiveLine], Awaitable[Any]]


@contextmanager
def witness_line(home: Path) -> Iterator[LiveLine]:
    def edit(line: LiveLine) -> None:
        (line.callflows / "vidne.yaml").write_text(flow("Vidne", NUMBER, "koe", "vidner"), encoding="utf-8")

    with live_line(home, NOON, GROUPS, edit) as line:
        yield line


@dataclass(slots=True)
class Pair:
    """A caller and the softphone that rang for them."""

    cell: Cell
    phone: Phone
    call: OwnCall
    pitch: int
    """The caller's."""
    began: float = 0.0
    pressed: float = 0.0
    back: float = 0.0
    """When the button was taken back."""
    listened: float = 0.0
    refused: str = ""
    sent_away: bool = False
    faults: list[str] = field(default_factory=list)


@asynccontextmanager
async def phones(
    line: LiveLine, wanted: Sequence[Cell], *, first_pitch: int = 1500
) -> AsyncIterator[dict[str, tuple[Phone, Cell]]]:
    """A registered softphone for each cell, by its volunteer's name."""
    names = [f"v{number:02}" for number in range(len(wanted))]
    await asyncio.to_thread(add, line, "vidner", names)
    async with AsyncExitStack() as stack:
        houses: dict[bool, PjsuaHouse] = {}
        found: dict[str, tuple[Phone, Cell]] = {}
        for number, (name, cell) in enumerate(zip(names, wanted, strict=True)):
            router = await Router.open(server_of(line))
            stack.callback(router.close)
            pitch, secret = first_pitch + 50 * number, password(line, name)
            if cell.kind == "pjsua2":
                house = houses.get(cell.vad)
                if house is None or house.full:
                    house = houses[cell.vad] = await stack.enter_async_context(PjsuaHouse(vad=cell.vad))
                found[name] = await house.register(name, secret, router, pitch), cell
            else:
                phone = await Baresip.register(name, secret, router, pitch)
                stack.push_async_callback(phone.close)
                found[name] = phone, cell
        for name in names:
            await eventually(partial(line.reachable, name), f"{name} is reachable")
        yield found


async def dial_all(line: LiveLine, carrier: OwnPhone, there: dict[str, tuple[Phone, Cell]]) -> list[Pair]:
    """One caller after the other, so that it is known whose phone rings for whom, and which row is whose."""
    pairs: list[Pair] = []
    waiting = dict(there)
    for number in range(len(there)):
        pitch = 400 + 50 * number if number < 20 else 3000 + 25 * number
        call = await carrier.dial(f"sip:{NUMBER}@{line.server}", from_user=SECRET_NUMBER)
        call.play(tone(pitch), loop=True)
        await call.until_answered(5.0)
        end = time.monotonic() + 20.0
        while not (rings := [name for name, (phone, _) in waiting.items() if phone.ringing]):
            assert time.monotonic() < end, _nobody(number, call, waiting)
            await asyncio.sleep(0.02)
        phone, cell = waiting.pop(rings[0])
        pairs.append(Pair(cell, phone, call, pitch))
    return pairs


def _nobody(number: int, call: OwnCall, waiting: dict[str, tuple[Phone, Cell]]) -> str:
    told = {name: [seen.first for seen in phone.router.trace[-6:]] for name, (phone, _) in waiting.items()}
    return f"nobody's phone rang for caller {number} ({call.ended}): {told}"


async def begin(pair: Pair) -> None:
    """Up to the moment in which the button is pressed."""
    if pair.cell.phase == "ringing":
        return
    await pair.phone.press("answer")
    await pair.phone.until(lambda: pair.phone.up, "answer")
    pair.began = time.monotonic()
    deadline = pair.began + 8.0
    while pitch_at(pair.call.packets, [pair.phone.pitch], time.monotonic()) is None:
        if time.monotonic() > deadline:
            pair.faults.append("the caller never heard this volunteer")
            break
        await asyncio.sleep(0.1)
    await asyncio.sleep(TALKED_S)
    if pair.cell.phase == "held":
        await asyncio.sleep(2.0)
        await pair.phone.press("hold")
        await asyncio.sleep(2.0)


async def push(pair: Pair, elsewhere: str) -> None:
    try:
        if pair.cell.phase == "ringing":
            await pair.phone.press("answer")
            await pair.phone.until(lambda: pair.phone.up, "answer", 10.0)
            pair.began = time.monotonic()
        pair.pressed = time.monotonic()
        await press(pair.phone, pair.cell, elsewhere)
    except (Refused, TimeoutError) as why:
        pair.pressed = pair.pressed or time.monotonic()
        pair.refused = str(why)


async def unpush(pair: Pair) -> None:
    pair.back = time.monotonic()
    with contextlib.suppress(Refused):
        await take_back(pair.phone, pair.cell)


async def no_blow(_line: LiveLine) -> None:
    """The controller lives."""


async def run(line: LiveLine, wanted: Sequence[Cell], blow: Blow = no_blow) -> list[Pair]:
    """Every cell at once; each pair comes back with its faults."""
    before = len(records(line))
    async with phones(line, wanted) as there, await OwnPhone.open(bind=CARRIER) as carrier:
        pairs = await dial_all(line, carrier, there)
        await asyncio.gather(*(begin(pair) for pair in pairs))
        striking = asyncio.create_task(_struck(blow, line))
        await asyncio.sleep(0.3)
        start = time.monotonic()
        await asyncio.gather(*(push(pair, f"sip:bo@{line.server}") for pair in pairs))
        await asyncio.sleep(max(0.0, start + BUTTON_S - time.monotonic()))
        await asyncio.gather(*(unpush(pair) for pair in pairs))
        calm = await striking
        await asyncio.sleep(max(0.0, start + HEARD_AFTER_S - time.monotonic()))
        for pair in pairs:
            pair.listened = time.monotonic()
        for pair in pairs:
            judge(pair, pairs, calm)
        for pair in pairs:
            await pair.call.hangup()
    rows = await asyncio.to_thread(log_after, line, before, len(pairs))
    for pair, row in zip(pairs, rows, strict=False):
        judge_row(pair, row)
    return pairs


async def _struck(blow: Blow, line: LiveLine) -> float:
    """The moment at which somebody was in control again."""
    await blow(line)
    return time.monotonic()


# ------------------------------------------------------------ by both ears


def judge(pair: Pair, pairs: Sequence[Pair], calm: float) -> None:
    call, stream, cell = pair.call, pair.phone.router.stream, pair.cell
    if call.ended is not None:
        pair.faults.append(
            f"the child was lost {call.ended.moment - pair.pressed:.1f} s after the button ({call.ended.by})"
        )
        return
    told = [seen for seen in pair.phone.router.trace if seen.at > pair.pressed and seen.way == "in"]
    if any(seen.method == "BYE" for seen in told):
        pair.faults.append("the volunteer's phone was hung up")
    if cell.button not in QUIET:
        _silent(pair, "child", longest_without(call.packets, max(pair.pressed, pair.began + 1), pair.listened), calm)
    else:
        _silent(pair, "child (after the button)", longest_without(call.packets, pair.back, pair.listened), calm)
    held = cell.button == "hold" or cell.phase == "held"
    start = pair.back + 0.5 if held else pair.pressed
    _silent(pair, "volunteer", longest_without(stream.heard, start, pair.listened), calm)
    heard = pitch_at(call.packets, [each.phone.pitch for each in pairs], pair.listened)
    if heard is None:
        pair.faults.append("the child does not hear a volunteer at the end")
    elif heard != pair.phone.pitch:
        pair.sent_away = True
    other = next((each for each in pairs if each.phone.pitch == heard), pair)
    if pitch_at(other.phone.router.stream.heard, [pair.pitch], pair.listened) is None:
        pair.faults.append("the volunteer does not hear the child at the end")


def _silent(pair: Pair, who: str, found: Stretch, calm: float) -> None:
    """While nobody was in control the rule cannot run; it does from then on."""
    start = found.start if found.start > calm or found.end < calm else max(found.start, min(calm, found.end))
    if found.end - start > SILENCE_S + SLACK_S:
        pair.faults.append(
            f"{who} in silence for {found.length_s:.1f} s, {found.start - pair.pressed:+.1f} s from the button"
        )


def judge_row(pair: Pair, row: dict[str, Any]) -> None:
    lost = pair.call.ended is not None and pair.call.ended.by != "us"
    expected = "us" if lost else "caller"
    names = [ring["volunteer"] for ring in row["rings"]]
    if row["outcome"] != "answered" or row["ended_by"] != expected:
        pair.faults.append(f"row: {row['outcome']}, ended by {row['ended_by']}")
    if row["answered_by"] != pair.phone.name and not pair.sent_away:
        pair.faults.append(f"row: answered by {row['answered_by']}, heard {pair.phone.name}")
    if pair.phone.name not in names:
        pair.faults.append(f"row: {pair.phone.name} rang, written {names}")
    talked = pair.listened - pair.began
    if pair.began and row["talk_s"] is not None and not pair.sent_away and abs(row["talk_s"] - talked) > 5.0:
        pair.faults.append(f"row: talk of {row['talk_s']} s, heard {talked:.1f} s")
