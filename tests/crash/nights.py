"""A hand-over with real calls in every phase: its moment falls into the greeting of one, the menu of another, the
welcome, several places in the queue, an announcement, the ringing of a phone, a talk.

Rules: what callers heard is judged by the packets that came; a gap that the test machine itself had is told apart (see
`heard`); who is dropped, overtaken or told twice counts whatever the reason.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from ivr.app import control
from sip.heard import hear
from sip.phone.interface import NotAnswered
from sip.phone.own import OwnCall, OwnPhone, OwnRing
from tests.crash.experiment import overtaken
from tests.crash.heard import Hole, explained, holes, pitch_of, tone
from tests.rigs.line import CARRIER, LiveLine, eventually, live_line

NIGHTS = {
    "ordinary": datetime(2026, 3, 3, 1, 0, tzinfo=UTC),
    "spring": datetime(2026, 3, 29, 1, 0, tzinfo=UTC),
    "autumn": datetime(2026, 10, 25, 0, 0, tzinfo=UTC),
}
"""02:00 in Denmark: an ordinary one; the one that does not come; the first of two."""
GROUPS = """\
default: dag
groups:
  dag: {strategy: longest_idle, ring: 6s, rounds: 2, rest: 0s, wrap_up: 1s}
  nat: {strategy: ring_all, ring: 20s, rounds: 2, rest: 1s, wrap_up: 1s}
"""
NIGHT_PITCHES = {"bo": 600, "nina": 750, "otto": 900}
DAY_PITCHES = {"anna": 1050, "carla": 1200}
PITCHES = {**NIGHT_PITCHES, **DAY_PITCHES}
LEAD_S = 28.0
"""From the start of the line to the moment: enough to come up and to fill the queue."""
NIGHT_ANSWERS_S = 3.0
TALK_S = 2.5
"""Long enough to count as answered."""


@dataclass(frozen=True, slots=True)
class Part:
    """One caller: dials so many seconds before the moment (negative: after it) and presses the menu's key then."""

    what: str
    dials: float
    presses: float


def parts(shift_s: float = 0.0) -> tuple[Part, ...]:
    """Everybody, moved by `shift_s` against the moment. The greeting takes 2.2 s, the menu 5 s, the welcome 3.5 s."""
    plan = (
        Part("talking", 15.5, 12.0),
        Part("ringing, first in the queue", 14.0, 10.5),
        Part("second in the queue", 13.0, 9.5),
        Part("third in the queue", 12.0, 8.5),
        Part("welcome", 6.5, 2.5),
        Part("menu", 5.0, -1.0),
        Part("greeting", 1.0, -3.0),
        Part("after it", -0.5, -4.0),
    )
    return tuple(Part(each.what, each.dials - shift_s, each.presses - shift_s) for each in plan)


@dataclass(slots=True)
class Caller:
    part: Part
    call: OwnCall
    talked_with: str = ""
    left: bool = False


@dataclass(slots=True)
class Verdict:
    night: str
    wrong: list[str] = field(default_factory=list)
    gaps: list[Hole] = field(default_factory=list)
    stalls: list[Hole] = field(default_factory=list)
    told: int = 0
    """How many heard the sentence."""
    calls: int = 0
    longest_s: float = 0.0
    where: list[str] = field(default_factory=list)
    """Each gap that is not the machine's own."""

    def unexplained(self) -> list[float]:
        return sorted((gap.length_s for gap in self.gaps if not explained(gap, self.stalls)), reverse=True)

    def lines(self) -> list[str]:
        stalls = sorted((stall.length_s for stall in self.stalls), reverse=True)
        return [
            f"{self.night}: {self.calls} calls, {self.told} heard the sentence, {len(self.gaps)} gaps over 0.1 s, "
            f"of which {len(self.unexplained())} are not the machine's own "
            f"({', '.join(f'{each:.3f} s' for each in self.unexplained()[:5]) or 'none'}); the machine stood still "
            f"{len(stalls)} times (worst {stalls[0] if stalls else 0.0:.3f} s); "
            f"waited on at most {self.longest_s:.1f} s after it",
            *(f"  {each}" for each in self.where),
            *(f"! {each}" for each in self.wrong),
        ]


def files(line: LiveLine) -> None:
    """A night from 02:00 to 06:00, a menu, and announcements at once and often."""
    path = line.callflows / "bornetelefonen.yaml"
    text = path.read_text(encoding="utf-8")
    for old, new in (
        ("daily: 06:00-02:00", "daily: 00:00-24:00"),
        ("  night: 23:00-02:00\n", "  night: 02:00-06:00\n"),
        ("play: [velkommen, fare]", "play: fare"),
        ("      open: koe\n", "      open: valg\n"),
        (
            "  koe:\n    enqueue:",
            '  valg:\n    menu: {play: stadig, options: {"1": koe}, timeout: 3s, no_input: koe, no_match: koe, '
            "max_tries: 1}\n\n  koe:\n    enqueue:",
        ),
        ("first: 45s\n          every: 75s", "first: 5s\n          every: 15s"),
    ):
        assert old in text, old
        text = text.replace(old, new, 1)
    path.write_text(text, encoding="utf-8")


class Night:
    def __init__(self, line: LiveLine, night: str, moment: datetime) -> None:
        self.line = line
        now = datetime.fromisoformat(str(control.ask(line.state, "status")["now"]))
        self.moment = time.monotonic() + (moment - now).total_seconds()
        """Monotonic."""
        self.verdict = Verdict(night)
        self.callers: list[Caller] = []
        self.over = asyncio.Event()

    async def run(self, plan: Sequence[Part]) -> None:
        async with asyncio.TaskGroup() as group:
            control_ = group.create_task(self._control())
            people = [group.create_task(self._volunteer(group, name)) for name in DAY_PITCHES]
            await eventually(lambda: all(self.line.reachable(name) for name in DAY_PITCHES) or None, "the day", 20.0)
            people += [group.create_task(self._volunteer(group, name)) for name in NIGHT_PITCHES]
            await asyncio.sleep(0)
            earliest = self.moment - max(part.dials for part in plan)
            await eventually(lambda: all(self.line.reachable(name) for name in PITCHES) or None, "all are there", 20.0)
            assert time.monotonic() < earliest, "the line was not up in time: a longer lead is needed"
            async with await OwnPhone.open(bind=CARRIER) as carrier:
                await asyncio.gather(*(self._caller(carrier, part) for part in plan))
            self.over.set()
            await asyncio.gather(control_, *people)

    async def _at(self, before_s: float) -> None:
        await asyncio.sleep(max(0.0, self.moment - before_s - time.monotonic()))

    async def _control(self) -> None:
        """Two phones of ours that talk past everything under test."""
        async with await OwnPhone.open() as one, await OwnPhone.open() as other:
            other.auto_answer(0.0, sound=tone(500))
            call = await one.dial(f"sip:x@{other.address[0]}:{other.address[1]}", sound=tone(400))
            call.play(tone(400), loop=True)
            await call.until_answered(5.0)
            other.calls[0].play(tone(500), loop=True)
            await self.over.wait()
            self.verdict.stalls = holes(call.packets, 0.06)
            await call.hangup()

    # ------------------------------------------------------------ people

    async def _caller(self, carrier: OwnPhone, part: Part) -> None:
        await self._at(part.dials)
        call = await carrier.dial(f"sip:116111@{self.line.server}", sound=tone(350))
        call.play(tone(350), loop=True)
        caller = Caller(part, call)
        self.callers.append(caller)
        self.verdict.calls += 1
        await call.until_answered(5.0)
        await self._at(part.presses)
        await call.send_digits("1")
        since: float | None = None
        patience = self.moment + 60.0
        while call.ended is None and time.monotonic() < patience:
            await asyncio.sleep(0.1)
            pitch = pitch_of(call.packets, list(PITCHES.values()))
            name = next((who for who, own in PITCHES.items() if own == pitch), "")
            if name and since is None:
                since, caller.talked_with = time.monotonic(), name
            lasts = self.moment + 4.0 if part.what == "talking" else (since or patience) + TALK_S
            if since is not None and time.monotonic() > max(lasts, since + TALK_S):
                break
        if call.ended is not None:
            self.verdict.wrong.append(f"`{part.what}` was dropped by {call.ended.by} ({call.ended.why})")
        elif not caller.talked_with:
            self.verdict.wrong.append(f"`{part.what}` met nobody within a minute")
        caller.left = True
        if call.ended is None:
            await call.hangup()

    async def _volunteer(self, group: asyncio.TaskGroup, name: str) -> None:
        """Day: anna picks up at once, carla only when the moment has passed. Night: at once."""
        async with await self.line.volunteer(name) as phone:
            while not self.over.is_set():
                try:
                    ring = await phone.next_ring(0.5)
                except TimeoutError:
                    continue
                group.create_task(self._answer(name, ring))

    async def _answer(self, name: str, ring: OwnRing) -> None:
        if name == "carla":
            began = time.monotonic()
            if began > self.moment:
                self.verdict.wrong.append(f"carla was rung {began - self.moment:.2f} s after the hand-over")
            if self.moment - began > 5.0:
                return  # lets it ring: it is asked again
            await self._at(-1.0)
        else:
            await asyncio.sleep(0.5 if name == "anna" else NIGHT_ANSWERS_S)
        if ring.ended is not None:
            if name == "carla":
                self.verdict.wrong.append("the phone that rang at the moment did not ring on")
            return
        try:
            talk = await ring.answer(sound=tone(PITCHES[name]))
            talk.play(tone(PITCHES[name]), loop=True)
            await talk.until_ended(60.0)
        except (NotAnswered, RuntimeError):
            return

    # ------------------------------------------------------------ judging

    def judge(self) -> Verdict:
        verdict, line = self.verdict, self.line
        events = [each for each in line.events() if each["data"].get("line") in (None, "bornetelefonen")]
        verdict.wrong += overtaken(events)
        outcomes = [record["outcome"] for record in line.calls()]
        if outcomes != ["answered"] * len(self.callers):
            verdict.wrong.append(f"outcomes: {outcomes}")
        self._facts(events)
        words = {"skift-nat": line.sounds["skift-nat"]}
        for caller in self.callers:
            times = len(hear(caller.call.heard.samples(), words))
            verdict.told += times > 0
            if times > 1:
                verdict.wrong.append(f"`{caller.part.what}` heard the sentence {times} times")
            waited = caller.part.what != "talking" and caller.part.presses > 0.0
            if times and not waited:
                verdict.wrong.append(f"`{caller.part.what}` heard the sentence")
            for gap in holes(caller.call.packets):
                verdict.gaps.append(gap)
                if not explained(gap, verdict.stalls):
                    when = f"{gap.start - self.moment:+.1f} s"
                    verdict.where.append(f"{gap.length_s:.3f} s at {when}, `{caller.part.what}`")
        if not verdict.told:
            verdict.wrong.append("nobody heard the sentence")
        day = {caller.part.what: caller.talked_with for caller in self.callers if caller.talked_with in DAY_PITCHES}
        if day.get("talking") != "anna":
            verdict.wrong.append(f"who talked by day: {day}")
        return verdict

    def _facts(self, events: Sequence[dict[str, Any]]) -> None:
        kinds = [each["type"].rpartition(".")[2] for each in events]
        begun = [each["data"] for each, kind in zip(events, kinds, strict=True) if kind == "handover_began"]
        done = [each["data"] for each, kind in zip(events, kinds, strict=True) if kind == "handover_done"]
        if [(each["service"], each["why"]) for each in begun] != [("night", "table")]:
            self.verdict.wrong.append(f"hand-overs: {begun}")
            return
        if len(done) != 1 or len(done[0]["carried"]) != begun[0]["waiting"]:
            self.verdict.wrong.append(f"hand-over {begun} was not done: {done}")
            return
        self.verdict.longest_s = float(done[0]["longest_s"])


def one_night(home: Path, night: str, shift_s: float = 0.0) -> Verdict:
    moment = NIGHTS[night]
    clock = (moment - timedelta(seconds=LEAD_S)).isoformat()
    with live_line(home, clock=clock, groups=GROUPS, edit=files) as line:
        for name in ("carla", *(name for name in NIGHT_PITCHES if name != "bo")):
            line_group = "dag" if name == "carla" else "nat"
            control.ask(line.state, "volunteer_add", name=name, group=line_group, line=None)
        one = Night(line, night, moment)
        asyncio.run(one.run(parts(shift_s)))
        verdict = one.judge()
        line.empty()
    return verdict
