"""The watch of sound at the fake exchange: who is heard in a talk, whose sound is lost, who covers whom with music.

Rules (as `sip/ari/watch` does it): counted is sound that goes out to the other; a loss is told after `LOST_S`, once per
kind; what is on hold, or hidden by words, is not judged; a phone is dead when it does not answer signalling either.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from ivr.core.commands import Cover, Uncover
from ivr.core.ids import RingId, TalkId, call_of
from ivr.core.news import News, PhoneDead, Result, SideHeld, SoundBack, SoundLost, VolunteerHeard
from ivr.core.reasons import Loss, Side
from tests.fakes.clock import Alarm
from tests.fakes.floor import Floor
from tests.fakes.legs import Caller, Leg, LegPhase
from tests.fakes.phones import Answers, Sends

HEARD_S = 1.5
LOST_S = 2.0
BACK_S = 0.1
"""After a loss: so soon is it noticed that sound comes again."""
ADOPTED_S = 1.0
"""After another controller has come: so soon it knows that there is sound."""
DEAD_AFTER_S = 2.0
"""From the loss of its sound until it is known that a phone does not answer signalling either."""
MENDS_S = 0.2
"""From a re-INVITE to sound that is passed on, where it helps."""

LOST = (Sends.ASTRAY, Sends.FOREIGN)
State = Loss | bool | None
"""Of one side: True: passed on; False: it could be, but for the music; None: not judged."""


@dataclass(slots=True)
class Eye:
    """What is known of one side in one talk."""

    state: State = None
    told: Loss | None = None
    adopted: bool = False
    """Nothing has been told of this side to this controller."""
    came: bool = False
    alarm: Alarm | None = None

    def plan(self, alarm: Alarm | None) -> None:
        if self.alarm is not None:
            self.alarm.cancel()
        self.alarm = alarm


@dataclass(slots=True)
class Watch:
    talk: TalkId
    began_s: float
    eyes: dict[Side, Eye]
    heard_s: float = 0.0
    since_s: float | None = None
    """Since when the volunteer is heard without a break."""
    told: bool = False
    hears: Alarm | None = None
    dies: Alarm | None = None

    def close(self) -> None:
        for alarm in (self.hears, self.dies, *(eye.alarm for eye in self.eyes.values())):
            if alarm is not None:
                alarm.cancel()


class Watches:
    """Every talk that the controller at this connection knows of."""

    def __init__(self, floor: Floor) -> None:
        self._floor = floor
        self._watches: dict[TalkId, Watch] = {}
        self.looks = True
        """False: the controller stands still and sees nothing."""
        floor.changed, floor.ends = self.follow, self.ends

    # ------------------------------------------------------------ which talks

    def begin(self, talk: TalkId, *, adopted: bool = False) -> None:
        eyes = {side: Eye(adopted=adopted) for side in Side}
        self._watches[talk] = Watch(talk, self._floor.clock.monotonic(), eyes)
        self.follow(talk)

    def surveyed(self) -> None:
        """Another controller, or the same after an outage: it knows nothing of the talks that go on."""
        for talk in self._floor.talks:
            if talk not in self._watches:
                self.begin(talk, adopted=True)

    def cut(self) -> None:
        for watch in self._watches.values():
            watch.close()
        self._watches.clear()

    def ends(self, talk: TalkId | None) -> None:
        """One of the two is going. Who had not looked cannot say whether they were heard."""
        watch = None if talk is None else self._watches.get(talk)
        if talk is None or watch is None or watch.told or self.looks or self._pair(talk) is None:
            return
        if self._floor.clock.monotonic() - watch.began_s >= HEARD_S:
            watch.told = True
            self._floor.emit(talk, lambda at: VolunteerHeard(talk, at, known=False))

    # ------------------------------------------------------------ what is heard

    def _pair(self, talk: TalkId) -> tuple[Caller, Leg] | None:
        members = self._floor.talks.get(talk)
        if members is None:
            return None
        caller, leg = self._floor.callers[members[0]], self._floor.legs[members[1]]
        together = caller.here and leg.here and caller.talk == talk and leg.talk == talk
        return (caller, leg) if together else None

    def follow(self, talk: TalkId) -> None:
        """Something has changed there: count what was, and see what is due next."""
        watch = self._watches.get(talk)
        if watch is None:
            return
        now = self._floor.clock.monotonic()
        if watch.since_s is not None:
            watch.heard_s, watch.since_s = watch.heard_s + now - watch.since_s, None
        if watch.hears is not None:
            watch.hears.cancel()
        pair = self._pair(talk)
        if pair is None:
            watch.close()
            del self._watches[talk]
            return
        for side, eye in watch.eyes.items():
            self._judge(watch, side, eye, _state(*pair, side))
        if watch.eyes[Side.VOLUNTEER].state is True and not watch.told:
            watch.since_s = now
            watch.hears = self._floor.clock.after(max(0.0, HEARD_S - watch.heard_s), lambda: self._heard(watch))
        self._see_whether_dead(watch, pair[1])

    def _judge(self, watch: Watch, side: Side, eye: Eye, state: State) -> None:
        if isinstance(state, Loss):
            state = Loss.NEVER if state is Loss.ABSENT and not eye.came else state
        eye.came = eye.came or state not in (Loss.NEVER, None)
        hidden = self._covered(watch, side)
        if state is Loss.DROPPED and hidden and eye.told is not Loss.DROPPED:
            state = False  # behind the music it looks like sound
        if state == eye.state and state is not None:
            return
        eye.state = state
        eye.plan(None)
        after = self._floor.clock.after
        if isinstance(state, bool) and (eye.told is not None or eye.adopted):
            eye.plan(after(ADOPTED_S if eye.told is None else BACK_S, lambda: self._back(watch, side, eye)))
        elif isinstance(state, Loss) and state is not eye.told:
            loss = state
            eye.plan(after(LOST_S, lambda: self._lost(watch, side, eye, loss)))

    def _covered(self, watch: Watch, side: Side) -> bool:
        call, ring = self._floor.talks[watch.talk]
        return (self._floor.callers[call] if side is Side.VOLUNTEER else self._floor.legs[ring]).covered

    def _see_whether_dead(self, watch: Watch, leg: Leg) -> None:
        silent = watch.eyes[Side.VOLUNTEER].told in (Loss.ABSENT, Loss.NEVER)
        if silent and not leg.alive and watch.dies is None:
            ring = leg.id
            watch.dies = self._floor.clock.after(
                DEAD_AFTER_S, lambda: self._tell(watch, lambda at: PhoneDead(ring, at), ring)
            )

    # ------------------------------------------------------------ telling

    def _tell(self, watch: Watch, news: Callable[[datetime], News], stream: str | None = None) -> None:
        """Not when one of the two has gone meanwhile."""

        def said(at: datetime) -> News | None:
            return news(at) if self._pair(watch.talk) is not None else None

        if self.looks:
            self._floor.emit(stream or watch.talk, said)

    def _heard(self, watch: Watch) -> None:
        watch.told, watch.hears = self.looks, None
        self._tell(watch, lambda at: VolunteerHeard(watch.talk, at))

    def _lost(self, watch: Watch, side: Side, eye: Eye, loss: Loss) -> None:
        eye.told, eye.adopted = loss, False
        self._tell(watch, lambda at: SoundLost(watch.talk, side, loss, at))
        self.follow(watch.talk)

    def _back(self, watch: Watch, side: Side, eye: Eye) -> None:
        eye.told, eye.adopted = None, False
        self._tell(watch, lambda at: SoundBack(watch.talk, side, at))
        self.follow(watch.talk)


def _state(caller: Caller, leg: Leg, side: Side) -> State:
    """What becomes of this side's sound at present."""
    leg_sends = leg.sends if leg.alive else Sends.NOTHING
    sends = caller.sends if side is Side.CALLER else leg_sends
    words = caller.playing is not None if side is Side.VOLUNTEER else bool(leg.words)
    if Sends.HOLDS in (caller.sends, leg_sends) or words:
        return None
    match sends:
        case Sends.NOTHING | Sends.ASTRAY:
            return Loss.ABSENT
        case Sends.FOREIGN:
            return Loss.DROPPED
        case _:
            return not (caller.covered if side is Side.VOLUNTEER else leg.covered)


# ------------------------------------------------------------ what phones send


def sends(floor: Floor, who: Caller | Leg, what: Sends) -> None:
    """From now on this phone sends that; one that has died does nothing any more."""
    if isinstance(who, Leg) and not who.alive:
        return
    before, who.sends = who.sends, what
    caller, leg = (who, floor.leg_with(who)) if isinstance(who, Caller) else (floor.caller_with(who), who)
    floor.listen(caller, leg)
    up = who.here and (who.phase is LegPhase.UP if isinstance(who, Leg) else not who.native)
    if up and Sends.HOLDS in (before, what) and before is not what:
        side, call = (Side.CALLER, who.id) if isinstance(who, Caller) else (Side.VOLUNTEER, call_of(who.id))
        held = what is Sends.HOLDS
        floor.emit(who.id, lambda at: SideHeld(call, side, held, at))


# ------------------------------------------------------------ commands


def refresh(floor: Floor, caller: Caller, ring: RingId | None) -> Result:
    """Agreed anew: a phone that says now where it sends from is heard again."""
    who: Caller | Leg | None = caller if ring is None else floor.legs.get(ring)
    if who is None or not who.here:
        return Result.GONE
    if isinstance(who, Leg) and who.phase is not LegPhase.UP:
        return Result.NOT_NOW
    mended = who.mends if isinstance(who, Caller) else isinstance(who.behaviour, Answers) and who.behaviour.mends
    if mended and who.sends in LOST:
        floor.clock.after(MENDS_S, lambda: sends(floor, who, Sends.SOUND) if who.sends in LOST else None)
    return Result.DONE


def cover(floor: Floor, caller: Caller, command: Cover | Uncover) -> Result:
    leg = floor.leg_with(caller)
    if leg is None or leg.id != command.ring:
        return Result.GONE
    covered = isinstance(command, Cover)
    who: Caller | Leg = caller if command.side is Side.VOLUNTEER else leg
    if who.covered is covered:
        return Result.ALREADY
    who.covered = covered
    floor.listen(caller, leg)
    return Result.DONE
