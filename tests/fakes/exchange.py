"""An exchange without Asterisk that behaves like it, as far as a controller can tell: commands in, news out.

Rules: virtual time only, and nothing by chance, so that a test that fails fails again. What callers and volunteers do
is scripted from outside; what the exchange does by itself (ring times, prompts' ends, lost sound) happens in `floor`,
`words` and `rings`. It also knows what nobody else does: what each person really heard.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import assert_never

from ivr.app.ports import Take
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
from ivr.core.feature import KEY_HEARD, NO, PRESS_ONE, YES, YES_NO_BEGINS, YES_NO_ENDS, Feature
from ivr.core.ids import CallId, DialId, LineId, PromptId, RingId, VolunteerId
from ivr.core.news import (
    CallArrived,
    CallGone,
    CallLeft,
    Cause,
    DigitPressed,
    FeatureDialled,
    Reached,
    Result,
    Surveyed,
    VolunteerReachable,
    VolunteerReleased,
    VolunteerUnreachable,
    Witnessed,
)
from ivr.core.reasons import Outcome
from tests.fakes import rings, survey, talks, watch, words, yes_no
from tests.fakes.clock import VirtualClock
from tests.fakes.floor import Floor, Phone
from tests.fakes.hearing import Kind, Stretch, silences
from tests.fakes.legs import Caller, Leg, LegPhase
from tests.fakes.phones import Behaviour, Sends, Unregistered
from tests.fakes.weather import Weather

Answered = Callable[[Result], None]

PROMPTS: Mapping[PromptId, float] = {
    PromptId("velkommen"): 3.0,
    PromptId("i-ko"): 2.0,
    PromptId("stadig"): 4.0,
    PromptId("lukket"): 5.0,
    PromptId("travlt"): 4.0,
    PromptId("teknisk"): 2.0,
    PromptId("valg"): 3.0,
    **{PromptId(f"plads-{place}"): 1.5 for place in range(1, 11)},
    PromptId("hvisk"): 0.8,
    PRESS_ONE: 1.5,
    PromptId("ja-nej"): 3.5,
    YES_NO_BEGINS: 1.0,
    YES_NO_ENDS: 1.0,
    YES: 0.5,
    NO: 0.5,
    KEY_HEARD: 0.2,
}
"""Sounds that are there unless a test says otherwise, with their lengths in seconds."""


class FakeExchange:
    """Satisfies `ivr.app.ports.Exchange`. `await perform(...)` needs a loop on the same clock (`tests.fakes.loop`);
    tests without a loop use `submit`."""

    def __init__(
        self,
        clock: VirtualClock,
        take: Take,
        prompts: Mapping[PromptId, float] = PROMPTS,
        weather: Weather | None = None,
    ) -> None:
        self.clock = clock
        self.weather = weather or Weather()
        self.floor = Floor(clock, take, prompts, self.weather)
        self.watches = watch.Watches(self.floor)
        self.witnessed: list[Witnessed] = []
        """What the last resort wrote down and nobody has read."""
        self.dials: dict[DialId, VolunteerId] = {}
        self.confirmed: list[tuple[VolunteerId, PromptId]] = []
        """Which sentences were said to whom."""
        self._dialled = 0
        self.performed: list[tuple[float, Command, Result]] = []
        """Every command that was answered: when (monotonic seconds), which, how."""

    # ------------------------------------------------------------ what the controller asks

    async def perform(self, command: Command) -> Result:
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()

        def answered(result: Result) -> None:
            if not future.done():
                future.set_result(result)

        self.submit(command, answered)
        return await future

    async def survey(self) -> Surveyed:
        """The truth of a moment ago: it is on its way while things go on happening."""
        await self._after(self.weather.way_s())
        found = self.look()
        await self._after(self.weather.way_s())
        self.clock.after(0, self.floor.release)
        return found

    async def _after(self, seconds: float) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.clock.after(seconds, lambda: None if future.done() else future.set_result(None))
        await future

    def submit(self, command: Command, then: Answered) -> None:
        """Ask for it; `then` is told how it went, some virtual time later."""
        floor, connection = self.floor, self.floor.connection
        fault = self.weather.fault(command) if floor.connected else None

        def answer(result: Result) -> None:
            def arrive() -> None:
                said = result if floor.is_connection(connection) else Result.UNREACHABLE
                self.performed.append((self.clock.monotonic(), command, said))
                then(said)

            self.clock.after(self.weather.way_s() + (fault.after_s if fault else 0.0), arrive)

        def reach() -> None:
            if not floor.is_connection(connection):
                answer(Result.UNREACHABLE)
            elif fault is None:
                self._carry_out(command, answer)
            elif fault.happens:
                self._carry_out(command, lambda _real: answer(fault.result))
            else:
                answer(fault.result)

        self.clock.after(self.weather.way_s(), reach)

    def look(self) -> Surveyed:
        """What lives here now, as `survey` says it; raises `ConnectionError` while the controller is away."""
        if not self.floor.connected:
            raise ConnectionError("the exchange cannot be asked: the controller is away")
        self.watches.surveyed()
        told, self.witnessed = self.witnessed, []
        return survey.look(self.floor, told)

    def _carry_out(self, command: Command, answer: Answered) -> None:
        match command:
            case Ring():
                return answer(rings.ring(self.floor, command))
            case LetGo():
                return answer(rings.let_go(self.floor, command))
            case EndTalk():
                return answer(talks.end(self.floor, command))
            case Confirm():
                return answer(self._confirm(command))
            case Tell():
                return answer(rings.tell(self.floor, command))
            case _:
                caller = self.floor.callers.get(command.call)
                if caller is None or not caller.here or caller.native:
                    return answer(Result.GONE)
                return self._for_caller(caller, command, answer)

    def _for_caller(
        self,
        caller: Caller,
        command: Answer
        | Play
        | StopPlay
        | StartMusic
        | Join
        | Refresh
        | Cover
        | Uncover
        | HangUp
        | LastResort
        | YesNo
        | YesNoOver,
        answer: Answered,
    ) -> None:
        match command:
            case Answer():
                words.answer(self.floor, caller, answer)
            case Play():
                answer(words.play(self.floor, caller, command))
            case StopPlay():
                told = [leg for leg in self.floor.legs.values() if leg.words]
                legs = [leg for leg in told if any(each.id == command.play for each in leg.words)]
                stopped = rings.stop(self.floor, legs[0], command.play) if legs else None
                answer(stopped or words.stop(self.floor, caller, command.play))
            case StartMusic():
                answer(words.music(self.floor, caller))
            case Join():
                answer(self._join(caller, command))
            case Refresh():
                answer(watch.refresh(self.floor, caller, command.ring))
            case Cover() | Uncover():
                answer(watch.cover(self.floor, caller, command))
            case YesNo():
                answer(yes_no.begin(self.floor, caller, command))
            case YesNoOver():
                answer(yes_no.end(self.floor, caller, command))
            case HangUp():
                self._caller_gone(caller, Cause.NORMAL)
                answer(Result.DONE)
            case LastResort():
                self._leave_us(caller)
                answer(Result.DONE)
            case _:
                assert_never(command)

    def _join(self, caller: Caller, command: Join) -> Result:
        joined = talks.join(self.floor, caller, command)
        if joined is Result.DONE:
            self.watches.begin(command.talk)
        return joined

    def _confirm(self, command: Confirm) -> Result:
        """The sentence is said, and the phone is down again."""
        volunteer = self.dials.pop(command.dial, None)
        if volunteer is None:
            return Result.GONE
        self.confirmed.append((volunteer, command.prompt))
        length_s = self.floor.prompts.get(command.prompt, 0.0)
        self.clock.after(length_s, lambda: self.floor.emit(volunteer, lambda at: VolunteerReleased(volunteer, at)))
        return Result.DONE

    def _leave_us(self, caller: Caller) -> None:
        self.falls(caller.id)

    def falls(self, call: CallId) -> None:
        """The caller is in the last resort from now on, by our command or because a lease ran out."""
        caller = self.floor.callers[call]
        words.drop(self.floor, caller)
        if caller.talk is not None:
            self.floor.part(caller.talk)
        caller.native, caller.returned = True, None
        self.floor.listen(caller)
        self.floor.emit(call, lambda at: CallLeft(call, at))

    # ------------------------------------------------------------ what callers do

    def caller(
        self,
        line: LineId,
        presses: Iterable[tuple[float, str]] = (),
        hangs_up_after_s: float | None = None,
    ) -> CallId:
        """Somebody calls; seconds count from now. While the controller is away the last resort takes them."""
        call = CallId(f"call{len(self.floor.callers) + 1}")
        now = self.clock.monotonic()
        came_at = self.clock.now().replace(microsecond=0)
        caller = Caller(call, line, self.floor.track(call), now, came_at, native=not self.floor.connected)
        self.floor.callers[call] = caller
        self.floor.listen(caller)
        if not caller.native:
            self._say_arrived(caller)
        for seconds, digit in presses:
            self.clock.after(seconds, lambda digit=digit: self.presses(call, digit))  # type: ignore[misc]
        if hangs_up_after_s is not None:
            self.clock.after(hangs_up_after_s, lambda: self.hangs_up(call))
        return call

    def presses(self, call: CallId, digit: str) -> None:
        def pressed(at: datetime) -> DigitPressed:
            return DigitPressed(call, digit, at)

        caller = self.floor.callers[call]
        leg = self.floor.leg_with(caller)
        if leg is not None and caller.keys_through:
            leg.keyed += 1
        if caller.here and not caller.native and caller.yes_no is not None:
            yes_no.pressed(self.floor, caller, digit)
        elif caller.here and not caller.native:
            self.floor.emit(call, pressed)

    def hangs_up(self, call: CallId, cause: Cause = Cause.NORMAL) -> None:
        caller = self.floor.callers[call]
        if caller.here:
            self._caller_gone(caller, cause)

    def hand_back(self, call: CallId, reached: Reached = Reached.LET_IN) -> None:
        """The last resort gives a caller to the controller, who has come back."""
        caller = self.floor.callers[call]
        if caller.here and caller.native:
            caller.native, caller.answered, caller.returned = False, True, reached
            self.floor.listen(caller)
            self.floor.emit(call, lambda at: survey.back(caller, at))

    def witnesses(self, call: CallId, outcome: Outcome, volunteer: VolunteerId | None = None) -> None:
        """The last resort had this call to its end."""
        caller = self.floor.callers[call]
        now = self.clock.now()
        waited = None if outcome is Outcome.OUTSIDE_HOURS else (now - caller.came_at).total_seconds()
        talked = 10.0 if volunteer is not None else None
        self.witnessed.append(
            Witnessed(call, caller.line, caller.came_at, outcome, waited, talked, volunteer, now, now)
        )
        if self.floor.connected:
            told, self.witnessed = self.witnessed, []
            for each in told:
                self.floor.emit(call, lambda at, each=each: replace(each, at=at))  # type: ignore[misc]

    def _caller_gone(self, caller: Caller, cause: Cause) -> None:
        leg, ours = self.floor.leg_with(caller), not caller.native
        self.floor.ends(caller.talk)
        words.drop(self.floor, caller)
        caller.here, caller.talk = False, None
        self.floor.listen(caller, leg)
        if ours:
            self._say_gone(caller, cause)
        else:
            self.witnesses(caller.id, Outcome.ABANDONED)

    def _say_arrived(self, caller: Caller) -> None:
        def arrived(at: datetime) -> CallArrived:
            return CallArrived(caller.id, caller.line, at)

        self.floor.emit(caller.id, arrived)

    def _say_gone(self, caller: Caller, cause: Cause) -> None:
        def gone(at: datetime) -> CallGone:
            return CallGone(caller.id, cause, at)

        self.floor.emit(caller.id, gone)

    # ------------------------------------------------------------ what phones do

    def phone(self, volunteer: VolunteerId, *scripts: Behaviour) -> None:
        """Give the volunteer a phone that behaves so: one script per ring, the last one for ever."""
        before = self.floor.phones.get(volunteer)
        phone = Phone(list(scripts))
        self.floor.phones[volunteer] = phone
        if phone.registered and not (before and before.registered):
            self.floor.emit(volunteer, lambda at: VolunteerReachable(volunteer, at))
        elif before and before.registered and not phone.registered:
            self.floor.emit(volunteer, lambda at: VolunteerUnreachable(volunteer, at))

    def dials_code(self, volunteer: VolunteerId, feature: Feature) -> None:
        """The volunteer's phone dials one of our codes."""
        self._dialled += 1
        dial = DialId(f"dial{self._dialled}")
        self.dials[dial] = volunteer
        self.floor.emit(volunteer, lambda at: FeatureDialled(dial, volunteer, feature, at))

    def unplug(self, volunteer: VolunteerId) -> None:
        """The phone is gone, also out of a talk; one that was ringing is asked in vain until its ring time is over."""
        self.phone(volunteer, Unregistered())
        for leg in self.floor.legs.values():
            if leg.phase is LegPhase.UP and leg.volunteer == volunteer:
                rings.die(self.floor, leg)

    def sends(self, who: CallId | RingId, what: Sends, *, mends: bool = False) -> None:
        """From now on this caller's phone, or that of this ring, sends that; `mends`: a re-INVITE to a caller helps."""
        caller = self.floor.callers.get(CallId(who))
        if caller is not None:
            caller.mends = mends
        watch.sends(self.floor, caller or self.floor.legs[RingId(who)], what)

    def picks_up(self, ring: RingId) -> None:
        rings.pick_up(self.floor, self.floor.legs[ring])

    def puts_down(self, ring: RingId, cause: Cause = Cause.NORMAL) -> None:
        """The volunteer ends it: in a talk the red button, before that a decline if the cause says so."""
        rings.gone(self.floor, self.floor.legs[ring], cause)

    # ------------------------------------------------------------ the connection

    def away(self) -> None:
        """The controller is gone, or the line to it: news is lost, commands do not get through, calls go on."""
        for caller in self.floor.callers.values():
            caller.yes_no = None
        self.watches.cut()
        self.floor.cut()

    def back(self, take: Take | None = None, hold: bool = False) -> None:
        """Connected again; `take` when it is another controller than before; `hold`: news waits for the next survey."""
        self.floor.connect(take, hold)

    # ------------------------------------------------------------ what was heard

    def heard(self, who: CallId | RingId) -> tuple[Stretch, ...]:
        """What this caller, or the volunteer of this ring, heard until now."""
        caller = self.floor.callers.get(CallId(who))
        track = caller.track if caller is not None else self.floor.legs[RingId(who)].track
        return track.heard(self.clock.monotonic())

    def told(self, who: CallId | RingId) -> tuple[str, ...]:
        """The same in words: `("ring tone", "prompt velkommen", "music", "person anna")`."""
        return tuple(str(stretch.sound) for stretch in self.heard(who))

    def left_in_silence(self, longer_than_s: float = 1.0, kind: Kind = Kind.SILENCE) -> dict[str, tuple[Stretch, ...]]:
        """Every caller after answer, and every volunteer after picking up, who heard nothing for longer than that.
        `kind` `UNHEARD`: who was joined with somebody of whom no sound came."""
        now = self.clock.monotonic()
        people: list[Caller | Leg] = [*self.floor.callers.values(), *self.floor.legs.values(), *self.floor.past_legs]
        found = {each.track.who: silences(each.track.heard(now), longer_than_s, kind) for each in people}
        return {who: stretches for who, stretches in found.items() if stretches}
