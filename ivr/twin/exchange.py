"""One call in virtual time: the real core (`switchboard.step`), and around it just enough of an exchange to go on.

Rules: nothing by chance; no sleeping; an hour of waiting costs milliseconds. Prompts last as long as their sounds,
phones ring and are picked up (or not) after fixed times, the caller presses what the script says.
"""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import assert_never

from immutables import Map

from ivr.core import switchboard
from ivr.core.commands import (
    Answer,
    Command,
    Confirm,
    Cover,
    EndTalk,
    HangUp,
    Join,
    LastResort,
    LetGo,
    Play,
    Refresh,
    Ring,
    StartMusic,
    StopPlay,
    Tell,
    Uncover,
    YesNo,
    YesNoOver,
)
from ivr.core.facts import CallEnded, Fact, StepEntered
from ivr.core.flow import Plan, Say
from ivr.core.hours import Timetable
from ivr.core.ids import CallId, GroupId, LineId, PlayId, PromptId, RingId, VolunteerId
from ivr.core.news import (
    CallArrived,
    CallDue,
    CallGone,
    Cause,
    DigitPressed,
    Joined,
    LineDue,
    News,
    PlayEnded,
    Published,
    RingAlerting,
    RingAnswered,
    RingGone,
    RingPressed,
    VolunteerAdded,
    VolunteerDue,
    VolunteerHeard,
    VolunteerReachable,
)
from ivr.core.reasons import Outcome
from ivr.core.ring import ACCEPT_KEY
from ivr.core.state import Call, Choosing, Holding, House, Waiting
from ivr.core.walk import TECHNICAL
from ivr.twin.story import Ended, Ending, Entered, Event, Gone, Music, Pressed, Rang, Spoke, Story, Words

CALL = CallId("simulated")
ALERTS_S = 0.5
JOINS_S = 0.1
HEARD_S = 1.5
"""From joining to being heard: what the core counts as answered."""
PRESSES_S = 1.0
"""How long after a menu's words began the key is pressed: keys barge in."""
MOST_NEWS = 20_000
KEEPS_SILENT = ""
"""In a script: this menu gets no key."""


@dataclass(frozen=True, slots=True)
class Staff:
    """Who is on duty: `people` per group, reachable; `answers_after_s` None: their phones ring and nobody picks up."""

    people: Mapping[GroupId, int]
    answers_after_s: float | None = 4.0
    talks_s: float = 60.0


@dataclass(frozen=True, slots=True)
class Setting:
    """`tables` reach a few days around every moment that is asked for. `seconds`: how long each prompt lasts, by
    language and name; one that is not in it has no sound. `say_s`: a computed sentence lasts so long, any of them."""

    plan: Plan
    tables: Mapping[LineId, Timetable]
    seconds: Mapping[tuple[str, PromptId], float]
    say_s: float | None = None


@dataclass(frozen=True, slots=True)
class Caller:
    """`keys`: one for each menu in turn; after them, and for `KEEPS_SILENT`, nothing is pressed. `patience_s`: hangs up
    after so long in all; None: never."""

    keys: Sequence[str] = ()
    patience_s: float | None = None


def simulate(
    setting: Setting, line: LineId, at: datetime, staff: Staff, caller: Caller, look_s: float = 7200.0
) -> Story:
    """What becomes of a call to the line at the moment (aware UTC), looked at for `look_s` at most."""
    return _Call(setting, line, at, staff, caller, look_s).run()


@dataclass(slots=True)
class _Call:
    setting: Setting
    line: LineId
    at: datetime
    staff: Staff
    caller: Caller
    look_s: float
    now: datetime = field(init=False)
    house: House = field(init=False)
    events: list[Event] = field(default_factory=list)
    asked: list[tuple[object, int, str]] = field(default_factory=list)
    ending: Ending | None = None
    silent_s: float = 0.0
    _coming: list[tuple[datetime, int, News]] = field(default_factory=list)
    _numbers: count[int] = field(default_factory=count)
    _off: set[object] = field(default_factory=set)
    """Plays that were stopped, and rings that were let go: what would have come of them does not."""
    _whispers: set[object] = field(default_factory=set)
    """Plays that the volunteer hears."""
    _quiet_since: datetime | None = None
    _spoken: bool = False
    """The last that was heard were words that may be the last."""
    _asking: tuple[object, int] | None = None

    def run(self) -> Story:
        self.now = self.at
        self.house = House(Plan("", {}, {}, GroupId("")), Map())
        self.take(Published(self.setting.plan, dict(self.setting.tables), self.at))
        for group, how_many in self.staff.people.items():
            for number in range(1, how_many + 1):
                who = VolunteerId(f"{group}-{number}")
                self.take(VolunteerAdded(who, group, None, self.at))
                self.take(VolunteerReachable(who, self.at))
        self._quiet_since = self.at
        self.take(CallArrived(CALL, self.line, self.at))
        end = self.at + timedelta(seconds=self.look_s)
        for _ in range(MOST_NEWS):
            if CALL not in self.house.calls or self.ending in (Ending.PERSON, Ending.LAST_RESORT):
                break
            news = self.next_news()
            if news is None or news.at > end:
                break
            self.now = max(self.now, news.at)
            self.take(news)
        ending = self.ending or self.where_it_stands()
        asked = tuple((step, tries, language) for step, tries, language in self.asked)
        return Story(self.line, self.at, tuple(self.events), ending, self.silent_s, asked)  # type: ignore[arg-type]

    def where_it_stands(self) -> Ending:
        """We stopped looking while the call went on."""
        call = self.house.calls.get(CALL)
        waits = call is not None and isinstance(call.phase, Waiting | Holding)
        return Ending.QUEUE if waits and self._quiet_since is None else Ending.SILENCE

    # ------------------------------------------------------------ time

    def next_news(self) -> News | None:
        while self._coming and self.is_off(self._coming[0][2]):
            heapq.heappop(self._coming)
        due = min(self.deadlines(), key=lambda each: each.at, default=None)
        if self._coming and (due is None or self._coming[0][0] <= due.at):
            return heapq.heappop(self._coming)[2]
        return due

    def deadlines(self) -> list[News]:
        found: list[News] = []
        call = self.house.calls.get(CALL)
        if call is not None and (moment := switchboard.call_due(call)) is not None:
            found.append(CallDue(CALL, max(moment, self.now)))
        for who in self.house.volunteers.values():
            if (moment := switchboard.volunteer_due(who)) is not None:
                found.append(VolunteerDue(who.id, max(moment, self.now)))
        for line in self.house.lines:
            if (moment := switchboard.line_due(self.house, line, self.now)) is not None:
                found.append(LineDue(line, max(moment, self.now)))
        return found

    def later(self, seconds: float, news: News) -> None:
        heapq.heappush(self._coming, (news.at, next(self._numbers), news))
        assert news.at >= self.now, seconds

    def after(self, seconds: float) -> datetime:
        return self.now + timedelta(seconds=seconds)

    def is_off(self, news: News) -> bool:
        match news:
            case PlayEnded():
                return news.play in self._off
            case RingAlerting() | RingAnswered():
                return news.ring in self._off
            case _:
                return False

    # ------------------------------------------------------------ the core and what it asks

    def take(self, news: News) -> None:
        match news:
            case PlayEnded() if news.play not in self._whispers:
                self.quiet()
            case Joined():
                self.spoke(news)
            case DigitPressed():
                self.events.append(Pressed(self.now, news.digit))
            case _:
                pass
        decision = switchboard.step(self.house, news)
        self.house = decision.house
        for fact in decision.facts:
            self.hear_of(fact)
        for command in decision.commands:
            self.carry_out(command)
        self.press()
        self.lose_patience()

    def hear_of(self, fact: Fact) -> None:
        if isinstance(fact, StepEntered):
            self._spoken = self._spoken and self._asking is None  # a menu's words are no farewell
            self.events.append(Entered(self.now, fact.line, fact.step))
        elif isinstance(fact, CallEnded):
            self.events.append(Ended(self.now, fact.outcome, fact.ended_by))
            if self.ending is None:
                if fact.outcome is Outcome.FAILED:
                    self.ending = Ending.APOLOGY if self._spoken else Ending.SILENCE
                else:
                    self.ending = Ending.WORDS if self._spoken else Ending.SILENCE

    def carry_out(self, command: Command) -> None:
        match command:
            case Play():
                self.play(command)
            case Tell():
                self._whispers.add(command.play)
                seconds = sum(self.setting.seconds.get((command.language, each)) or 0.0 for each in command.prompts)
                self.later(seconds, PlayEnded(CALL, command.play, True, self.after(seconds)))
                self.later(PRESSES_S, RingPressed(command.ring, ACCEPT_KEY, self.after(PRESSES_S)))
            case StopPlay():
                self._off.add(command.play)
                self.quiet()
            case StartMusic():
                self.sound()
                self._spoken = False
                self.events.append(Music(self.now))
            case Ring():
                self.ring(command)
            case LetGo():
                if command.ring not in self._off:
                    self._off.add(command.ring)
                    self.later(0, RingGone(command.ring, Cause.ELSEWHERE, self.now))
            case Join():
                self.later(JOINS_S, Joined(command.talk, self.after(JOINS_S)))
                heard_s = JOINS_S + HEARD_S
                self.later(heard_s, VolunteerHeard(command.talk, self.after(heard_s)))
            case HangUp():
                self.count_silence()
                self.later(0, CallGone(CALL, Cause.NORMAL, self.now))
            case LastResort():
                self.ending = Ending.LAST_RESORT
            case Answer() | EndTalk() | Refresh() | Cover() | Uncover() | Confirm() | YesNo() | YesNoOver():
                pass  # every phone here is heard
            case _:
                assert_never(command)

    def play(self, command: Play) -> None:
        lengths = [self.setting.seconds.get((command.language, prompt)) for prompt in command.prompts]
        heard = bool(lengths) and all(lengths)
        seconds = sum(each or 0.0 for each in lengths)
        if self.setting.say_s is not None and self.is_computed():
            seconds = self.setting.say_s
        self.events.append(Words(self.now, command.language, command.prompts, heard))
        self._spoken = heard
        if heard:
            self.sound()
        self.later(seconds, PlayEnded(CALL, PlayId(command.play), heard, self.after(seconds)))

    def is_computed(self) -> bool:
        call = self.house.calls.get(CALL)
        step = getattr(call.phase, "step", TECHNICAL) if call is not None else TECHNICAL
        return call is not None and isinstance(self.setting.plan.lines[call.line].flow.steps.get(step), Say)

    def ring(self, command: Ring) -> None:
        self.events.append(Rang(self.now, command.volunteer))
        ring, answers = RingId(command.ring), self.staff.answers_after_s
        self.later(ALERTS_S, RingAlerting(ring, self.after(ALERTS_S)))
        if answers is not None and answers < command.timeout_s:
            self.later(answers, RingAnswered(ring, self.after(answers)))
        else:
            self.later(command.timeout_s, RingGone(ring, Cause.NO_ANSWER, self.after(command.timeout_s)))

    def spoke(self, news: Joined) -> None:
        call = self.house.calls.get(CALL)
        who = getattr(call.phase, "volunteer", None) if call is not None else None
        if who is not None:
            self.sound()
            self.events.append(Spoke(self.now, VolunteerId(who)))
            self.ending = Ending.PERSON

    # ------------------------------------------------------------ the caller

    def press(self) -> None:
        """A menu is asked anew: the next key of the script, if there is one."""
        call = self.house.calls.get(CALL)
        if call is None or not isinstance(call.phase, Choosing):
            self._asking = None
            return
        asking = (call.phase.step, call.phase.tries)
        if asking == self._asking:
            return
        self._asking = asking
        language = call.language or self.setting.plan.lines[call.line].language
        place = len(self.asked)
        self.asked.append((*asking, language))
        if place < len(self.caller.keys) and self.caller.keys[place] != KEEPS_SILENT:
            self.later(PRESSES_S, DigitPressed(CALL, self.caller.keys[place], self.after(PRESSES_S)))

    def lose_patience(self) -> None:
        patience = self.caller.patience_s
        if patience is None or self.ending is not None or CALL not in self.house.calls:
            return
        leaves = self.at + timedelta(seconds=patience)
        upcoming = [self._coming[0][0]] if self._coming else []
        upcoming += [news.at for news in self.deadlines()]
        if min(upcoming, default=leaves) >= leaves:
            self.now = max(self.now, leaves)
            self.ending = Ending.LEFT
            self.events.append(Gone(self.now))
            self.take(CallGone(CALL, Cause.NORMAL, self.now))

    # ------------------------------------------------------------ silence

    def quiet(self) -> None:
        if self._quiet_since is None:
            self._quiet_since = self.now

    def sound(self) -> None:
        self.count_silence()
        self._quiet_since = None

    def count_silence(self) -> None:
        """The time that a menu gives for a key is the caller's own."""
        if self._quiet_since is None:
            return
        silent = (self.now - self._quiet_since).total_seconds()
        if self._asking is not None:
            silent -= self.menu_gives()
        self.silent_s = max(self.silent_s, silent)

    def menu_gives(self) -> float:
        call: Call | None = self.house.calls.get(CALL)
        assert self._asking is not None
        if call is None:
            return 0.0
        step = self.setting.plan.lines[call.line].flow.steps.get(self._asking[0])  # type: ignore[call-overload]
        return float(getattr(step, "timeout_s", 0.0))
