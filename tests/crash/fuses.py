"""A fuse at every step: the controller dies, or freezes, before the k-th callback of its event loop, for every k.

Between two callbacks nothing of a controller changes, so all k are all awaits in engine, workers and timers; what was
given to the disk and not yet written is lost with a `late` journal, and kept with the other: all commits, both ways.
`python -m tests.crash.fuses` burns all of them; `--every N` only each N-th.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Iterator, Sequence
from contextvars import Context
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

from ivr.app.engine import Engine
from ivr.app.tenure import Tenure
from ivr.core.ids import VolunteerId
from ivr.core.news import News
from ivr.store.lease import Lease
from tests.fakes.clock import VirtualClock
from tests.fakes.journal import FakeJournal
from tests.fakes.loop import VirtualLoop
from tests.fakes.phones import Answers, Behaviour, Declines, NeverAnswers
from tests.fakes.vigil import no_leases
from tests.laws.evening import Visit
from tests.laws.generators import CHILDREN, NAMES, Setting, setting
from tests.laws.lives import Lives
from tests.laws.verdict import judge

ANNA, BO, *_ = NAMES
OUTAGE_S = 0.5
FREEZE_S = 10.0
ADDED_S = 1.0
"""What may be added to an outage before somebody hears something again."""
BEGINS_S = 0.2
"""Fuses burn from here on: the house is made, and nobody has called."""

ANSWERS_BY_KEY = ((1.0, "*"), (1.2, "1"), (1.4, "6"), (7.0, "*"), (7.2, "1"), (7.4, "7"))
"""On and off again, after picking up."""


@dataclass(frozen=True, slots=True)
class Scene:
    """One evening. `late`: an entry is on disk only when it is told so."""

    name: str
    setting: Setting
    visits: tuple[Visit, ...]
    phones: dict[VolunteerId, tuple[Behaviour, ...]]
    lasts_s: float
    pause_s: float = 0.0
    """How long callers may be waited for in silence: at a menu, for a key."""


SCENES: tuple[Scene, ...] = (
    Scene(
        "one caller: greeting, queue, nobody, again, talk, the volunteer ends it",
        setting(volunteers=1),
        (Visit(0.5, CHILDREN, 60.0),),
        {ANNA: (Declines(1.0), Answers(2.0, hangs_up_after_s=4.0))},
        75.0,
    ),
    Scene(
        "one caller hangs up while it rings",
        setting(volunteers=2),
        (Visit(0.5, CHILDREN, 9.0),),
        {ANNA: (NeverAnswers(),), BO: (NeverAnswers(),)},
        30.0,
    ),
    Scene(
        "one caller in the menu, and then a talk that the caller ends",
        setting(volunteers=1, menu=True),
        (Visit(0.5, CHILDREN, 25.0, presses=((8.0, "1"),)),),
        {ANNA: (Answers(1.0),)},
        45.0,
        pause_s=5.0,
    ),
    Scene(
        "one caller who does not speak: a talk with answers by key, ended by the volunteer",
        setting(volunteers=1),
        (Visit(0.5, CHILDREN, 40.0, presses=((9.5, "1"), (11.5, "2"))),),
        {ANNA: (Answers(1.0, hangs_up_after_s=9.0, presses=ANSWERS_BY_KEY),)},
        45.0,
    ),
    Scene(
        "one caller, closed",
        setting(volunteers=1, hours="closed"),
        (Visit(0.5, CHILDREN, 40.0),),
        {ANNA: (Answers(1.0),)},
        45.0,
    ),
    Scene(
        "two callers for one volunteer",
        setting(volunteers=1),
        (Visit(0.5, CHILDREN, 40.0), Visit(1.5, CHILDREN, 60.0)),
        {ANNA: (Answers(2.0, hangs_up_after_s=5.0),)},
        80.0,
    ),
    Scene(
        "two callers, two phones, one of the callers gives up",
        setting(volunteers=2),
        (Visit(0.5, CHILDREN, 30.0), Visit(0.6, CHILDREN, 7.0)),
        {ANNA: (Answers(3.0, hangs_up_after_s=6.0),), BO: (NeverAnswers(), Answers(2.0))},
        50.0,
    ),
)


class FakeLease:
    """Ours for ever, as long as it is proved in time; nobody else is there."""

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock
        self._lease = Lease(clock.monotonic)
        self._lease.proved(clock.monotonic())

    def may_i(self) -> bool:
        return self._lease.may_i()

    def noticed(self) -> None:
        self._lease.noticed()

    async def renew(self) -> None:
        self._lease.proved(self._clock.monotonic())

    def ours(self) -> bool | None:
        return True


class FusedLoop(VirtualLoop):
    """Calls `blow` before the k-th callback between `BEGINS_S` and `ends_s`."""

    def __init__(self, clock: VirtualClock, ends_s: float, fuse: int | None, blow: Callable[[], None]) -> None:
        self.steps = 0
        self._clock, self._ends_s, self._fuse, self._blow = clock, ends_s, fuse, blow
        super().__init__(clock)

    def call_soon(self, callback: Any, *args: Any, context: Context | None = None) -> asyncio.Handle:  # type: ignore[override]
        return super().call_soon(self._step, callback, args, context=context)

    def call_at(  # type: ignore[override]
        self, when: float, callback: Any, *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        return super().call_at(when, self._step, callback, args, context=context)

    def _step(self, callback: Any, args: tuple[Any, ...]) -> None:
        if BEGINS_S <= self._clock.monotonic() < self._ends_s:
            self.steps += 1
            if self.steps == self._fuse:
                self._blow()
        callback(*args)


class FusedLives(Lives):
    """`fuse`: the step before which it happens; None: never. `freezes`: it freezes there, and does not die."""

    def __init__(self, scene: Scene, fuse: int | None, late: bool, freezes: bool) -> None:
        super().__init__(scene.setting, OUTAGE_S)
        self.journal = FakeJournal(clock=self.clock, late=late)
        self.steps = 0
        self.happened_at: float | None = None
        self._scene, self._fuse = scene, fuse
        self._blow = self._freeze if freezes else self._die
        self._frozen = False
        self._unread: list[News] = []

    def play(self) -> None:
        self.let(self._scene.visits, self._scene.phones, self._scene.lasts_s)

    def _run(self, main: Coroutine[Any, Any, None]) -> None:
        ends_s = self._scene.lasts_s - 2.0  # so that there is time to come back
        with asyncio.Runner(loop_factory=lambda: FusedLoop(self.clock, ends_s, self._fuse, self._blow)) as runner:
            loop = runner.get_loop()
            assert isinstance(loop, FusedLoop)
            runner.run(main)
            self.steps = loop.steps

    def _make_engine(self) -> tuple[Engine, list[Coroutine[Any, Any, None]]]:
        lease = FakeLease(self.clock)
        engine = Engine(self.journal, self.exchange, self.clock, no_leases, lease)
        tenure = Tenure(lease, self.clock, engine.disconnected, self._connect_anew(engine))
        return engine, [engine.run(), tenure.run()]

    def _connect_anew(self, engine: Engine) -> Callable[[], Awaitable[None]]:
        async def connect() -> None:
            self.exchange.away()
            self.exchange.back(hold=True)
            await engine.connected()

        return connect

    def _die(self) -> None:
        self.happened_at = self.clock.monotonic()
        self.journal.dead = True
        self.exchange.away()
        self._died.set()

    def _freeze(self) -> None:
        """The world goes on; what it says lies unread until the process is continued."""
        self.happened_at = self.clock.monotonic()
        self._frozen = True
        self.clock.advance(FREEZE_S)
        self._frozen = False
        unread, self._unread = self._unread, []
        asyncio.get_running_loop().call_soon(self._read, unread)

    def _read(self, unread: Sequence[News]) -> None:
        """It is stamped when it is read."""
        for news in unread:
            self._take(replace(news, at=self.clock.now()))

    def _take(self, news: News) -> None:
        if self._frozen:
            self._unread.append(news)
        else:
            super()._take(news)


@dataclass(frozen=True, slots=True)
class Burnt:
    """One fuse, and how it went; `broken`: the law that does not hold."""

    scene: str
    late: bool
    freezes: bool
    fuse: int
    at_s: float
    broken: str | None


def steps_of(scene: Scene, late: bool) -> int:
    """How many steps this evening has when nothing happens; it must be a good one."""
    lives = FusedLives(scene, None, late, False)
    lives.play()
    judge(lives, ADDED_S + scene.pause_s)
    return lives.steps


def burn(scene: Scene, late: bool, freezes: bool, fuses: Iterable[int]) -> Iterator[Burnt]:
    for fuse in fuses:
        lives = FusedLives(scene, fuse, late, freezes)
        broken: str | None = None
        try:
            lives.play()
            judge(lives, (FREEZE_S if freezes else OUTAGE_S) + ADDED_S + scene.pause_s)
        except AssertionError as wrong:
            broken = str(wrong)
        assert lives.happened_at is not None, "this fuse never burnt"
        yield Burnt(scene.name, late, freezes, fuse, lives.happened_at, broken)


def burn_all(every: int, begin: int = 1) -> Iterator[Burnt]:
    for scene, late in product(SCENES, (False, True)):
        last = steps_of(scene, late)
        for freezes in (False, True):
            yield from burn(scene, late, freezes, range(begin, last + 1, every))


def main() -> int:
    asked = argparse.ArgumentParser(description="Burn a fuse at every step of every scene.")
    asked.add_argument("--every", type=int, default=1, help="only each N-th step")
    logging.disable(logging.CRITICAL)  # what a controller says of its own death is not of interest here
    began, count, broken = time.monotonic(), 0, 0
    for burnt in burn_all(asked.parse_args().every):
        count += 1
        if burnt.broken is not None:
            broken += 1
            how = f"{'frozen' if burnt.freezes else 'killed'} before step {burnt.fuse} ({burnt.at_s:.3f} s)"
            sys.stdout.write(f"{burnt.scene}; {how}{', late' if burnt.late else ''}:\n    {burnt.broken[:300]}\n")
    sys.stdout.write(f"{count} fuses in {time.monotonic() - began:.0f} s, {broken} laws broken\n")
    return 1 if broken else 0


if __name__ == "__main__":
    raise SystemExit(main())
