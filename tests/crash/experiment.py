"""One experiment: traffic, blows, and afterwards nothing may be left and every call must have one outcome."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.crash import blows
from tests.crash.heard import Gap, Hole, Music, explained
from tests.crash.traffic import Tally, Traffic, outcomes
from tests.rigs.line import LiveLine, until

VOLUNTEERS = ("anna", "carla", "dorte", "erik", "freja", "gitte")
QUIET_S = 25.0
"""Long enough for the first callers to have come through the greeting."""
LONG_AGO = datetime.min.replace(tzinfo=UTC)
RING_S = 5.0
REST = timedelta(seconds=1.1)
"""So long a phone of the line under test rings, and is left alone when nobody picked up; and a little more."""
LATE_S = 1.5
"""So long may a caller wait whose next step falls into an outage of a controller that was killed."""


@dataclass(frozen=True, slots=True)
class Plan:
    blow: blows.Blow
    times: int
    pause_s: tuple[float, float]
    """Between two blows, at random."""
    calls_end: bool = False
    """Calls cannot outlive this."""
    late_s: float = LATE_S


PLANS = {
    "kill": Plan(blows.kill, 300, (0.3, 4.0)),
    "freeze": Plan(blows.freeze, 100, (2.0, 6.0), late_s=3.0),
    "upgrade": Plan(blows.upgrade, 50, (1.0, 4.0)),
    "asterisk": Plan(blows.kill_asterisk, 20, (10.0, 20.0), calls_end=True),
}


@dataclass(frozen=True, slots=True)
class Silences:
    """Every gap that is not the test machine's own, longest first (seconds)."""

    talks: list[float]
    music: list[float]
    """Music before and behind."""
    late: list[float]
    """The next step (a word, a voice) fell into an outage."""
    other: list[float]
    moments: Counter[str]
    """How many gaps that ought not to be began in which second (this machine's clock)."""

    @classmethod
    def of(cls, tally: Tally, stalls: list[Hole], outages: list[Hole], tune: Music) -> Silences:
        kinds: dict[str, list[Hole]] = {"music": [], "late": [], "other": []}
        for gap in tally.gaps_elsewhere:
            if not explained(gap.hole, stalls):
                kinds[_kind(gap, outages, tune)].append(gap.hole)
        talks = [hole for hole in tally.gaps_in_talks if not explained(hole, stalls)]
        began = Counter(wall(hole) for hole in (*talks, *kinds["music"], *kinds["other"]))
        talks_s, music_s, late_s, other_s = map(longest_first, (talks, kinds["music"], kinds["late"], kinds["other"]))
        return cls(talks_s, music_s, late_s, other_s, began)

    def told(self) -> str:
        return (
            f"gaps over 0.1 s in talks: {summary(self.talks)}; in waiting music: {summary(self.music)}; "
            f"next step came late: {summary(self.late)}; elsewhere: {summary(self.other)}"
        )

    def too_long(self, late_s: float) -> bool:
        """Is anything longer than what was promised?"""
        return bool(self.talks or self.music or (self.late and self.late[0] > late_s) or self.other)


def _kind(gap: Gap, outages: list[Hole], tune: Music) -> str:
    if gap.before in tune and gap.behind in tune:
        return "music"
    return "late" if any(gap.hole.start < outage.end and gap.hole.end > outage.start for outage in outages) else "other"


@dataclass(slots=True)
class Report:
    plan: Plan
    tally: Tally
    stalls: list[Hole]
    struck: blows.Struck
    silences: Silences
    outcomes: Counter[str] = field(default_factory=Counter)
    calls_in_log: int = 0
    twice: int = 0
    orphans: list[str] = field(default_factory=list)
    overtaken: list[str] = field(default_factory=list)
    undecided: int = 0
    """News on which the controller could not decide: a mistake of ours, whoever it cost."""

    def harm(self) -> bool:
        """Was anybody's call or place lost, or is something untrue in the log? Silences are for `too_long`."""
        tally = self.tally
        harmed = bool(
            tally.overtaken or self.overtaken or self.orphans or self.twice or self.calls_in_log != tally.calls
        )
        harmed = harmed or self.undecided > 0
        return harmed or (not self.plan.calls_end and bool(tally.dropped or tally.interrupted or tally.dead))

    def too_long(self) -> bool:
        """Calls that cannot outlive the blow say nothing about gaps."""
        return not self.plan.calls_end and self.silences.too_long(self.plan.late_s)

    def told(self) -> list[str]:
        tally, took_s = self.tally, self.struck.took_s
        lines = [
            f"{len(took_s)} blows over {tally.calls} calls and {tally.talks} talks",
            f"in control again after: median {statistics.median(took_s):.2f} s, worst {max(took_s):.2f} s",
            f"waiting callers dropped {len(tally.dropped)}, talks interrupted {len(tally.interrupted)}, "
            f"left in silence {len(tally.dead)}, order broken {len(tally.overtaken) + len(self.overtaken)}",
            self.silences.told(),
            f"volunteers waited for a caller's voice: {summary(longest_first(tally.volunteers_waits))}",
            f"when: {in_order(self.silences.moments)}",
            f"the test machine's own stalls over 0.06 s: {summary(longest_first(self.stalls))}",
            f"calls in the log {self.calls_in_log} of {tally.calls}, with two outcomes {self.twice}; "
            f"left behind: {', '.join(self.orphans) or 'nothing'}; news that could not be decided on: {self.undecided}",
            "outcomes: " + ", ".join(f"{what} {count}" for what, count in self.outcomes.most_common()),
        ]
        return (
            lines
            + [
                f"! {each}"
                for each in (*tally.dropped, *tally.dead, *tally.interrupted, *tally.overtaken, *self.overtaken)
            ][:40]
        )


def overtaken(events: list[dict[str, Any]]) -> list[str]:
    """Who was joined with a volunteer before somebody who stood further ahead and for whom no phone was ringing?

    Where one had rung its whole time in vain it rests for a moment: meanwhile nobody else need be free. And who came
    back to the head when a volunteer had picked up for somebody already has not been passed by them."""
    standing: list[str] = []
    ringing: Counter[str] = Counter()
    in_vain: dict[str, datetime] = {}
    picked_up: dict[str, datetime] = {}
    came_back: dict[str, datetime] = {}
    found: list[str] = []
    for event in events:
        kind, call = event["type"].rpartition(".")[2], event["data"].get("call")
        at = datetime.fromisoformat(event["time"])
        match kind:
            case "call_queued":
                standing = [each for each in standing if each != call]
                standing.insert(event["data"]["position"] - 1, call)
            case "ring_started":
                ringing[call] += 1
            case "ring_ended" if event["data"]["result"] == "answered":
                picked_up[call] = at  # and is being joined, as if the phone still rang
            case "ring_ended":
                ringing[call] -= 1
                if event["data"]["rang_s"] >= RING_S:
                    in_vain[call] = at
            case "call_joined":
                ahead = standing[: standing.index(call)] if call in standing else []
                ahead = [each for each in ahead if came_back.get(each, LONG_AGO) <= picked_up.get(call, at)]
                left = [each for each in ahead if not ringing[each] and at - in_vain.get(each, LONG_AGO) > REST]
                found += [f"{call} was served before {each}" for each in left]
                standing = [each for each in standing if each != call]
            case "call_ended" | "call_sheltered":
                standing = [each for each in standing if each != call]
            case "call_requeued":
                ringing[call] = 0
                came_back[call] = at
                standing = [
                    call,
                    *(each for each in standing if each != call),
                ]  # who was being joined stood there still
            case _:
                pass
    return found


def wall(hole: Hole) -> str:
    """When it began, UTC."""
    return datetime.fromtimestamp(time.time() - time.monotonic() + hole.start, UTC).strftime("%H:%M:%S")


def in_order(moments: Counter[str]) -> str:
    return ", ".join(f"{when} {count}" for when, count in sorted(moments.items())) or "never"


def longest_first(found: list[Hole]) -> list[float]:
    return sorted((hole.length_s for hole in found), reverse=True)


def summary(lengths: list[float]) -> str:
    return f"{len(lengths)}" + (f" (worst {', '.join(f'{each:.2f}' for each in lengths[:5])} s)" if lengths else "")


def experiment(line: LiveLine, plan: Plan, times: int, calls: int, seed: int = 1, quiet_s: float = QUIET_S) -> Report:
    for name in VOLUNTEERS[1:]:
        line.ivr("volunteer", "add", name, "--group", "dag")
    line.ivr("override", "bornetelefonen", "open", "--reason", "test")
    line.ivr("handover", "bornetelefonen", "day", check=False)

    async def story() -> tuple[Traffic, blows.Struck]:
        over = asyncio.Event()
        traffic = Traffic(line, calls, list(VOLUNTEERS), seed)
        running = asyncio.create_task(traffic.run(over))
        await asyncio.sleep(quiet_s)
        struck = await blows.repeat(plan.blow, line, times, plan.pause_s, seed)
        await asyncio.sleep(quiet_s)
        over.set()
        await running
        return traffic, struck

    traffic, struck = asyncio.run(story())
    tune = Music(line.callflows / "music" / "venter.wav")
    silences = Silences.of(traffic.tally, traffic.stalls, struck.outages, tune)
    report = Report(plan, traffic.tally, traffic.stalls, struck, silences)
    settle(line, report)
    return report


def settle(line: LiveLine, report: Report) -> None:
    """When all have hung up nothing may be left, anywhere."""
    try:
        until(lambda: line.channels() == 0 or None, "every channel ends", 15.0)
    except AssertionError:
        report.orphans.append(f"{line.channels()} channels")
    bridges = len(line.console("bridge show all").strip().splitlines()) - 1
    if bridges > 0:
        report.orphans.append(f"{bridges} bridges")
    try:
        until(lambda: line.status()["calls"] == 0 or None, "every call is forgotten", 10.0)
    except AssertionError:
        report.orphans.append(f"{line.status()['calls']} remembered calls")
    report.overtaken = overtaken(line.events())
    report.undecided = line.said.read_text().count("alarm what=impossible")
    ends = Counter(each["data"]["call"] for each in line.events() if each["type"].endswith(".call_ended"))
    report.calls_in_log, report.twice = len(ends), sum(count > 1 for count in ends.values())
    report.outcomes = outcomes(line)
