"""The one writer: news in, decision made, kept, then done.

Rules: no await between reading the state and replacing it; commands start only after the entry they came with is on
disk; if the disk fails, calls go on being served and the alarm rings; a mistake of ours costs one news item, never the
process; who is no longer in office decides and commands nothing.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import datetime
from typing import assert_never

from immutables import Map

from ivr.app.ended import Ended
from ivr.app.ports import Clock, Deposed, Entry, Exchange, Journal, Lease, NotKept
from ivr.app.timers import Kind, Timers
from ivr.app.workers import Workers
from ivr.core import switchboard
from ivr.core.commands import Command, LastResort
from ivr.core.decision import Decision
from ivr.core.facts import Alarm, Fact
from ivr.core.flow import Plan
from ivr.core.hours import Timetable
from ivr.core.ids import CallId, GroupId, LineId, VolunteerId, call_of
from ivr.core.news import (
    CallDue,
    CommandFailed,
    LineDue,
    News,
    Published,
    Result,
    RingAlerting,
    RingAnswered,
    RingGone,
    RingPressed,
    VolunteerDue,
)
from ivr.core.state import Call, House

log = logging.getLogger("voiceline")
UNNUMBERED = 0
"""The number of a command that could not be journalled."""


class Engine:
    def __init__(
        self,
        journal: Journal,
        exchange: Exchange,
        clock: Clock,
        forerunner: Callable[[tuple[Call, ...]], None],
        lease: Lease | None = None,
    ) -> None:
        """`forerunner` is told which calls have changed, as they are now, before any command about them is given out.
        `lease`: None for tests in which nobody else could be there."""
        self.clock = clock
        self._journal = journal
        self._may_i = lease.may_i if lease is not None else lambda: True
        self._away = True
        self._slept = False
        """We stood still for so long that others may have acted for us, and have not seen yet what lives now."""
        self._workers = Workers(exchange, self._tick, self._failed, self._may_i)
        self._timers = Timers(clock, self._wake)
        self._keeping: asyncio.Queue[tuple[asyncio.Future[tuple[int, ...]], Decision]] = asyncio.Queue()
        self._listeners: list[Callable[[tuple[Fact, ...]], None]] = []
        self._forerunner = forerunner
        self._exchange = exchange
        self._decided = asyncio.Event()
        self._ended = Ended()
        self.house = House(plan=Plan("", {}, {}, GroupId("")), timetables=Map())

    # ------------------------------------------------------------ life

    def recall(
        self,
        plan: Plan,
        timetables: dict[LineId, Timetable],
        older: Callable[[str], Plan | None] = lambda _version: None,
    ) -> None:
        """Begin with what the journal remembers and the plan in force; `older` finds the plans that remembered calls go
        by. Decides nothing yet: `survey` follows."""
        kept = self._journal.load()
        lines = {state.id: state for state in kept.lines if state.id in plan.lines}
        versions = {call.version for call in kept.calls if call.line in plan.lines} - {"", plan.version}
        self.house = House(
            plan,
            Map(timetables),
            Map({call.id: call for call in kept.calls if call.line in plan.lines}),
            Map({who.id: who for who in kept.volunteers}),
            Map(lines),
            Map({version: found for version in sorted(versions) if (found := older(version)) is not None}),
        )
        for number, _ in kept.commands:
            self._journal.tick(number)  # the survey asks again for all of them that are still needed
        self.take(Published(plan, timetables, self.clock.now()))
        self._watch(self.house.calls, self.house.volunteers, self.house.lines)

    async def run(self) -> None:
        """Until cancelled: deadlines and the journal's acknowledgements. Raises `Deposed`."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._timers.run(), name="deadlines")
            group.create_task(self._follow_journal(), name="journal")

    async def connected(self) -> None:
        """The exchange can be asked: compare with what lives there, then go on. Raises `ConnectionError`."""
        surveyed = await self._exchange.survey()
        self._workers.release()
        self._away = False
        self._slept = False
        self.take(surveyed)
        # what fell due meanwhile: only now it can be seen whom it still concerns
        self._watch(self.house.calls, self.house.volunteers, self.house.lines)

    def disconnected(self) -> None:
        self._away = True
        self._workers.hold()

    async def settle(self, within_s: float) -> None:
        """Wait until everything decided is kept and done, at most so long."""
        try:
            async with asyncio.timeout(within_s):
                await self._keeping.join()
                await self._workers.drained()
        except TimeoutError:
            log.warning("commands were still under way", extra={"keys": {}})

    async def something(self, within_s: float) -> None:
        """Wait until something was decided, at most so long."""
        self._decided.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                await self._decided.wait()

    async def stop(self) -> None:
        await self._workers.stop()

    def listen(self, listener: Callable[[tuple[Fact, ...]], None]) -> None:
        """Be told of facts once they are kept."""
        self._listeners.append(listener)

    # ------------------------------------------------------------ news

    def take(self, news: News) -> None:
        """Decide on this news and let follow what must. Never raises."""
        still_new = self._ended.without(news)
        if still_new is None:
            return
        try:
            decision = switchboard.step(self.house, still_new, hunting=not self._has_slept())
        except Exception as wrong:  # a mistake of ours: the process and all other calls live on
            self._impossible(news, wrong)
            return
        self._let_follow(decision)

    def _has_slept(self) -> bool:
        """Then nobody is rung before it was seen what lives: those whose turn it is may be elsewhere for a moment."""
        self._slept = self._slept or not (self._away or self._may_i())
        return self._slept

    def _let_follow(self, decision: Decision) -> None:
        self.house = decision.house
        self._ended.note(decision.facts)
        self._decided.set()
        if not (decision.facts or decision.commands or decision.calls or decision.volunteers or decision.lines):
            return
        house = decision.house
        changed = tuple(call for each in decision.calls if (call := house.calls.get(each)) is not None)
        if changed:
            self._forerunner(changed)
        entry = Entry(
            {call: house.calls.get(call) for call in decision.calls},
            {who: house.volunteers.get(who) for who in decision.volunteers},
            {line: house.lines.get(line) for line in decision.lines},
            decision.facts,
            decision.commands,
        )
        kept = asyncio.ensure_future(self._journal.keep(entry))
        self._keeping.put_nowait((kept, decision))
        self._watch(decision.calls, decision.volunteers, decision.lines)

    async def _follow_journal(self) -> None:
        while True:
            kept, decision = await self._keeping.get()
            try:
                numbers = await kept
            except Deposed:
                self._workers.hold()
                raise
            except NotKept as unkept:  # the store says what is wrong; callers come first
                numbers = unkept.numbers or tuple(UNNUMBERED for _ in decision.commands)
            except Exception:  # whatever the disk says
                log.error("the journal failed; calls go on", extra={"keys": {}})  # noqa: TRY400 - no text from outside
                numbers = tuple(UNNUMBERED for _ in decision.commands)
            for number, command in zip(numbers, decision.commands, strict=True):
                self._workers.give(number, command)
            self._tell(decision.facts)
            self._keeping.task_done()

    def _tell(self, facts: tuple[Fact, ...]) -> None:
        """Only now: killed a moment ago, we would have told of what nobody remembers."""
        for fact in facts:
            log.info(kind_of(fact), extra={"keys": keys_of(fact)})
        if facts:
            for listener in self._listeners:
                listener(facts)

    def _impossible(self, news: News, wrong: Exception) -> None:
        """The call it happened to goes to the last resort; the text of the mistake stays out of the log."""
        log.error(
            "impossible: a news item could not be decided on",
            extra={"keys": {"news": type(news).__name__, "wrong": type(wrong).__name__, "place": place_of(wrong)}},
        )
        commands: tuple[Command, ...] = ()
        call = call_in(news)
        if call is not None and call in self.house.calls:
            commands = (LastResort(call),)
        facts = (Alarm("impossible", self.clock.now()),)
        self._let_follow(Decision(self.house, commands, facts, frozenset(), frozenset(), frozenset()))

    def alarm(self, what: str) -> None:
        """Something a person must look at; `what` is one of a few fixed words."""
        facts = (Alarm(what, self.clock.now()),)
        self._let_follow(Decision(self.house, (), facts, frozenset(), frozenset(), frozenset()))

    # ------------------------------------------------------------ what comes back

    def _tick(self, number: int) -> None:
        if number != UNNUMBERED:
            self._journal.tick(number)

    def _failed(self, command: Command, result: Result) -> None:
        # To be gone already is how most endings go: news for the core, nothing for a person to look at.
        log.log(
            logging.DEBUG if result is Result.GONE else logging.WARNING,
            "a command came to nothing",
            extra={"keys": {"command": kind_of(command), "lane": command.lane, "result": result.value}},
        )
        self.take(CommandFailed(command, result, self.clock.now()))

    def _wake(self, kind: Kind, entity: str) -> None:
        now = self.clock.now()
        if self._has_slept():
            return  # looked at again after the next survey
        match kind:
            case "call":
                if self._away or not self._may_i():
                    return  # nothing could be done about it: looked at again after the next survey
                call = CallId(entity)
                before = self.house.calls.get(call)
                self.take(CallDue(call, now))
                if self.house.calls.get(call) is before:
                    log.error("a deadline changed nothing", extra={"keys": {"call": call}})
                else:
                    self._watch((call,), (), ())
            case "volunteer":
                self.take(VolunteerDue(VolunteerId(entity), now))
            case "line":
                self.take(LineDue(LineId(entity), now))
                self._watch((), (), (LineId(entity),))
            case _:
                assert_never(kind)

    def _watch(self, calls: Iterable[CallId], volunteers: Iterable[VolunteerId], lines: Iterable[LineId]) -> None:
        house = self.house
        for call in calls:
            known = house.calls.get(call)
            self._timers.watch("call", call, None if known is None else switchboard.call_due(known))
        for who in volunteers:
            there = house.volunteers.get(who)
            self._timers.watch("volunteer", who, None if there is None else switchboard.volunteer_due(there))
        for line in lines:
            self._timers.watch("line", line, switchboard.line_due(house, line, self.clock.now()))


def call_in(news: News) -> CallId | None:
    """The call a news item is about, if it is about one."""
    if isinstance(news, RingAlerting | RingAnswered | RingPressed | RingGone):
        return call_of(news.ring)
    call = getattr(news, "call", None)
    return CallId(call) if isinstance(call, str) else None


def place_of(wrong: Exception) -> str:
    """File and line of our own code where it happened: enough to find it, and nothing from outside."""
    trace = wrong.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return "" if trace is None else f"{trace.tb_frame.f_code.co_name}:{trace.tb_lineno}"


def kind_of(thing: object) -> str:
    """`CallEnded` -> `call_ended`."""
    name = type(thing).__name__
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("_")


QUIET = frozenset({"at", "reason"})
"""Not in the log: the moment is the line's own, a reason is somebody's words."""


def keys_of(fact: Fact) -> dict[str, str | float | int | bool | None]:
    keys: dict[str, str | float | int | bool | None] = {}
    for name in fact.__slots__:
        value = getattr(fact, name)
        if name not in QUIET:
            value = len(value) if isinstance(value, tuple) else value
            keys[name] = value.isoformat() if isinstance(value, datetime) else value
    return keys
