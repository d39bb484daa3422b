"""What one decision costs, with few and with very many people: without Asterisk, the core alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import log
from time import perf_counter

from immutables import Map

from ivr.core import switchboard
from ivr.core.flow import Enqueue, Flow, Group, Line, Plan, Strategy
from ivr.core.flow import Play as PlayStep
from ivr.core.hours import Hours, Service, Span, Timetable
from ivr.core.ids import CallId, GroupId, LineId, PromptId, RingId, StepName, VolunteerId
from ivr.core.news import (
    CallArrived,
    CallGone,
    Cause,
    News,
    Published,
    RingGone,
    VolunteerAdded,
    VolunteerReachable,
)
from ivr.core.state import House
from tests.bench.benchmark import Bench, Benchmark
from tests.bench.figures import Figure, Series

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
LINE, DAY = LineId("bornetelefonen"), GroupId("dag")
QUEUE, BUSY = StepName("koe"), StepName("travlt")
FEW, MANY, THRONG = (10, 5), (1000, 500), (10_000, 5000)
"""Callers who wait, and volunteers."""
MOST_S = 100e-6
BLOCK = 11
"""So many decisions of each kind in one crowd, then the next crowd's turn."""


def plan(strategy: Strategy) -> Plan:
    queue = Enqueue(QUEUE, (PromptId("koe"),), (), None, BUSY, BUSY)
    busy = PlayStep(BUSY, (PromptId("travlt"),), BUSY)
    flow = Flow(QUEUE, {QUEUE: queue, BUSY: busy})
    line = Line(LINE, "116111", "Line", "da", flow, Hours("UTC"), {Service.DAY: (DAY,)}, (PromptId("teknisk"),))
    group = Group(DAY, strategy, ring_s=20.0, rounds=2, rest_s=0.0, wrap_up_s=0.0)
    return Plan("1", {LINE: line}, {DAY: group}, DAY)


class Crowd:
    """Every volunteer's phone rings for somebody, and so many more wait."""

    def __init__(self, strategy: Strategy, waiting: int, volunteers: int) -> None:
        self.at = NOON
        self.house = House(Plan("0", {}, {}, DAY), Map())
        day = timedelta(days=1)
        table = Timetable(NOON - day, NOON + day, (Span(NOON - day, NOON + day, Service.DAY, "open"),))
        self.tell(Published(plan(strategy), {LINE: table}, NOON))
        self.staff = [VolunteerId(f"v{number}") for number in range(volunteers)]
        for who in self.staff:
            self.tell(VolunteerAdded(who, DAY, None, self.at))
        # one volunteer to begin with: with all of them at once, ring_all would ring everybody for the first
        self.tell(VolunteerReachable(self.staff[0], self.at))
        for number in range(waiting + volunteers):
            self.tell(CallArrived(CallId(f"c{number:06}"), LINE, self.at))
        for who in self.staff[1:]:
            self.tell(VolunteerReachable(who, self.at))
        self.number = waiting + volunteers

    def tell(self, news: News) -> float:
        """Seconds that the decision took."""
        self.at += timedelta(milliseconds=1)
        news = replace(news, at=self.at)
        began = perf_counter()
        decision = switchboard.step(self.house, news)
        taken = perf_counter() - began
        self.house = decision.house
        return taken

    def a_phone_is_free(self) -> float:
        """Somebody else had won, and the phone is quiet: it rings for the next caller in this decision."""
        who = self.house.volunteers[self.staff[self.number % len(self.staff)]]
        ring = getattr(who.phase, "ring", RingId(""))
        return self.tell(RingGone(ring, Cause.ELSEWHERE, self.at))

    def somebody_comes(self) -> float:
        self.number += 1
        return self.tell(CallArrived(CallId(f"c{self.number:06}"), LINE, self.at))

    def somebody_goes(self) -> float:
        queue = self.house.lines[LINE].queue
        return self.tell(CallGone(queue[-1], Cause.NORMAL, self.at))


WHAT: tuple[tuple[str, Callable[[Crowd], float]], ...] = (
    ("a phone is free: whose rings next", Crowd.a_phone_is_free),
    ("a caller joins the queue", Crowd.somebody_comes),
    ("a caller hangs up", Crowd.somebody_goes),
)


def decisions(bench: Bench) -> tuple[Figure, ...]:
    rounds = bench.times(40, 1)
    # with `ring_all` one caller has as many rings as there are phones: another question than how many people there are
    return tuple(
        figure
        for strategy, crowds in ((Strategy.LONGEST_IDLE, (MANY, THRONG)), (Strategy.RING_ALL, (MANY,)))
        for figure in compared(strategy, crowds[: bench.times(2, 1)], rounds)
    )


Taken = dict[tuple[str, tuple[int, int]], list[float]]
"""What was done, in which crowd, and how long each time took (seconds)."""


def compared(strategy: Strategy, sizes: Sequence[tuple[int, int]], rounds: int) -> Iterator[Figure]:
    """Each of the larger crowds beside the small one, in turns of `BLOCK` decisions of each kind: one by one, six
    crowds would push each other out of the processor's cache."""
    crowds = {size: Crowd(strategy, *size) for size in (FEW, *sizes)}
    taken: Taken = {}
    for _ in range(rounds):
        for size, crowd in crowds.items():
            for _ in range(BLOCK):
                for name, act in WHAT:
                    crowd.number += 1
                    taken.setdefault((name, size), []).append(act(crowd))
    for size in sizes:
        for name, _act in WHAT:
            yield figure(name, strategy, size, taken)


def figure(name: str, strategy: Strategy, size: tuple[int, int], taken: Taken) -> Figure:
    promised = size == MANY and name == WHAT[0][0]
    return Figure(
        f"{name} ({strategy}), {size[0]} waiting, {size[1]} volunteers",
        Series("voiceline", tuple(taken[name, size])),
        Series(f"{FEW[0]} waiting, {FEW[1]} volunteers", tuple(taken[name, FEW])),
        limit_s=MOST_S if promised else None,
        limit_ratio=log(size[0]) / log(FEW[0]),
        with_mean=True,
    )


BENCHMARK = Benchmark("decisions", "One decision of the core, with up to a thousand times as many people.", decisions)
