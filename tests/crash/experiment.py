"""One experiment: traffic, blows, and afterwards nothing may be left and every call must have one outcome."""

from __future__ import annotations

import asyncio
import statistics
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from tests.crash import blows
from tests.crash.heard import Hole, explained
from tests.crash.traffic import Tally, Traffic, outcomes
from tests.rigs.line import LiveLine, until

VOLUNTEERS = ("anna", "carla", "dorte", "erik", "freja", "gitte")
QUIET_S = 25.0
"""Long enough for the first callers to have come through the greeting."""


@dataclass(frozen=True, slots=True)
class Plan:
    blow: blows.Blow
    times: int
    pause_s: tuple[float, float]
    """Between two blows, at random."""
    calls_end: bool = False
    """Calls cannot outlive this."""


PLANS = {
    "kill": Plan(blows.kill, 300, (0.3, 4.0)),
    "freeze": Plan(blows.freeze, 100, (2.0, 6.0)),
    "upgrade": Plan(blows.upgrade, 50, (1.0, 4.0)),
    "asterisk": Plan(blows.kill_asterisk, 20, (10.0, 20.0), calls_end=True),
}


@dataclass(slots=True)
class Report:
    plan: Plan
    tally: Tally
    stalls: list[Hole]
    took_s: list[float]
    outcomes: Counter[str] = field(default_factory=Counter)
    calls_in_log: int = 0
    twice: int = 0
    orphans: list[str] = field(default_factory=list)
    overtaken: list[str] = field(default_factory=list)

    def unexplained(self, gaps: list[Hole]) -> list[float]:
        return longest_first([hole for hole in gaps if not explained(hole, self.stalls)])

    def harm(self) -> bool:
        tally = self.tally
        harmed = bool(
            tally.overtaken or self.overtaken or self.orphans or self.twice or self.calls_in_log != tally.calls
        )
        return harmed or (not self.plan.calls_end and bool(tally.dropped or tally.interrupted or tally.dead))

    def told(self) -> list[str]:
        tally = self.tally
        talks, elsewhere = self.unexplained(tally.gaps_in_talks), self.unexplained(tally.gaps_elsewhere)
        lines = [
            f"{len(self.took_s)} blows over {tally.calls} calls and {tally.talks} talks",
            f"in control again after: median {statistics.median(self.took_s):.2f} s, worst {max(self.took_s):.2f} s",
            f"waiting callers dropped {len(tally.dropped)}, talks interrupted {len(tally.interrupted)}, "
            f"left in silence {len(tally.dead)}, order broken {len(tally.overtaken) + len(self.overtaken)}",
            f"gaps over 0.1 s in talks: {summary(talks)}; while waiting: {summary(elsewhere)}",
            f"the test machine's own stalls over 0.06 s: {summary(longest_first(self.stalls))}",
            f"calls in the log {self.calls_in_log} of {tally.calls}, with two outcomes {self.twice}; "
            f"left behind: {', '.join(self.orphans) or 'nothing'}",
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
    """Who was joined with a volunteer before somebody who stood further ahead and whose phone was not ringing?"""
    standing: list[str] = []
    ringing: Counter[str] = Counter()
    found: list[str] = []
    for event in events:
        kind, call = event["type"].rpartition(".")[2], event["data"].get("call")
        match kind:
            case "call_queued":
                standing = [each for each in standing if each != call]
                standing.insert(event["data"]["position"] - 1, call)
            case "ring_started":
                ringing[call] += 1
            case "ring_ended" if event["data"]["result"] != "answered":  # who was picked up for is being joined
                ringing[call] -= 1
            case "call_joined":
                ahead = standing[: standing.index(call)] if call in standing else []
                found += [f"{call} was served before {each}" for each in ahead if not ringing[each]]
                standing = [each for each in standing if each != call]
            case "call_ended" | "call_sheltered":
                standing = [each for each in standing if each != call]
            case "call_requeued":
                ringing[call] = 0
                standing.insert(0, call)
            case _:
                pass
    return found


def longest_first(found: list[Hole]) -> list[float]:
    return sorted((hole.length_s for hole in found), reverse=True)


def summary(lengths: list[float]) -> str:
    return f"{len(lengths)}" + (f" (worst {', '.join(f'{each:.2f}' for each in lengths[:5])} s)" if lengths else "")


def experiment(line: LiveLine, plan: Plan, times: int, calls: int, seed: int = 1, quiet_s: float = QUIET_S) -> Report:
    for name in VOLUNTEERS[1:]:
        line.ivr("volunteer", "add", name, "--group", "dag")
    line.ivr("override", "bornetelefonen", "open", "--reason", "test")
    line.ivr("handover", "bornetelefonen", "day", check=False)

    async def story() -> tuple[Traffic, list[float]]:
        over = asyncio.Event()
        traffic = Traffic(line, calls, list(VOLUNTEERS), seed)
        running = asyncio.create_task(traffic.run(over))
        await asyncio.sleep(quiet_s)
        took = await blows.repeat(plan.blow, line, times, plan.pause_s, seed)
        await asyncio.sleep(quiet_s)
        over.set()
        await running
        return traffic, took

    traffic, took = asyncio.run(story())
    report = Report(plan, traffic.tally, traffic.stalls, took)
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
    ends = Counter(each["data"]["call"] for each in line.events() if each["type"].endswith(".call_ended"))
    report.calls_in_log, report.twice = len(ends), sum(count > 1 for count in ends.values())
    report.outcomes = outcomes(line)
