"""Everything outside, as far as a house can tell: what may happen next, given what was asked so far.

An honest outside: only those hang up who are there, every play that began ends, every ring ends once. Within that,
anything, in any order; and a few dishonest things, each costing one of `Spare`: a command that fails, news told twice,
a while in which nobody listened. Rules: values only (two ways to the same world are equal); nothing here knows how a
house decides.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from immutables import Map

from ivr.core.change import replace
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
from ivr.core.feature import Feature
from ivr.core.hours import Service
from ivr.core.ids import CallId, DialId, LineId, PlayId, RingId, TalkId, VolunteerId, call_of
from ivr.core.news import (
    CallArrived,
    CallBack,
    CallerTalking,
    CallGone,
    CallLeft,
    Cause,
    CommandFailed,
    DigitPressed,
    DutyChanged,
    FeatureDialled,
    HandoverAsked,
    Joined,
    News,
    OverrideGiven,
    PlayEnded,
    Published,
    Reached,
    Result,
    RingAlerting,
    RingAnswered,
    RingGone,
    RingPressed,
    Surveyed,
    VolunteerPaused,
    VolunteerReachable,
    VolunteerReleased,
    VolunteerRemoved,
    VolunteerResumed,
    VolunteerUnreachable,
    Witnessed,
    WrapUpDone,
    WrapUpProlonged,
    YesNoAsked,
)
from ivr.core.reasons import Loss, Outcome, Side
from tests.laws import sounding

EARLIER = timedelta(seconds=45)
"""So long ago has whoever the last resort gives to us, unknown until then, begun to wait."""


class Leg(StrEnum):
    ASKED = "asked"
    RINGING = "ringing"
    UP = "up"


@dataclass(frozen=True, slots=True)
class Phone:
    volunteer: VolunteerId
    leg: Leg
    let_go: bool = False


@dataclass(frozen=True, slots=True)
class Spare:
    """How many of each may still happen."""

    faults: int = 0
    """Commands that fail though they could have worked."""
    refusals: int = 0
    """Callers who cannot be answered."""
    twice: int = 0
    """News that is told a second time."""
    outages: int = 0
    """Whiles in which nobody listened, each ended by a survey."""
    duty: int = 0
    """Volunteers who come, go, pause, or are removed."""
    modes: int = 0
    """Hand-overs and overrides."""
    digits: int = 0
    publishes: int = 0
    """Other hours are published."""
    voices: int = 0
    """How often a caller in a talk falls silent or is heard."""
    yes_no: int = 0
    """How often answers by key are to begin or to end."""
    sounds: int = 0
    """How often somebody in a talk is not heard any more, is again, holds, resumes, or has a phone that dies."""
    falls: int = 0
    """Callers who fall into the last resort, from where they come back or are gone."""


@dataclass(frozen=True, slots=True)
class World:
    to_come: tuple[tuple[CallId, LineId], ...] = ()
    callers: Map[CallId, LineId] = field(default_factory=Map)
    sheltered: Map[CallId, LineId] = field(default_factory=Map)
    returned: Map[CallId, Reached] = field(default_factory=Map)
    """Who was given back by the last resort, and how far they had come there: a survey says so while they are here."""
    phones: Map[RingId, Phone] = field(default_factory=Map)
    plays: Map[PlayId, CallId] = field(default_factory=Map)
    joining: Map[TalkId, tuple[CallId, RingId]] = field(default_factory=Map)
    talks: Map[TalkId, tuple[CallId, RingId]] = field(default_factory=Map)
    heard: frozenset[TalkId] = frozenset()
    """In these the volunteer has been heard for long enough."""
    lost: Map[tuple[TalkId, Side], Loss] = field(default_factory=Map)
    """Who is not heard, and why."""
    held: frozenset[tuple[CallId, Side]] = frozenset()
    failing: tuple[Command, ...] = ()
    """Were asked in vain; nobody has said so yet."""
    away: frozenset[VolunteerId] = frozenset()
    paused: frozenset[VolunteerId] = frozenset()
    off: frozenset[VolunteerId] = frozenset()
    dialling: frozenset[VolunteerId] = frozenset()
    """On the phone with one of our codes."""
    staff: frozenset[VolunteerId] = frozenset()
    other_hours: tuple[Published, ...] = field(default=(), compare=False)
    last: News | None = None
    spare: Spare = field(default_factory=Spare)

    # ------------------------------------------------------------ what was asked

    def asked(self, commands: tuple[Command, ...]) -> World:
        """The world once these have been carried out."""
        world = self
        for command in commands:
            world = world._carry_out(command)
        return world

    def _carry_out(self, command: Command) -> World:
        match command:
            case Ring():
                if command.volunteer in self.away or command.ring in self.phones:
                    return self._in_vain(command)
                return replace(self, phones=self.phones.set(command.ring, Phone(command.volunteer, Leg.ASKED)))
            case LetGo():
                phone = self.phones.get(command.ring)
                if phone is None:
                    return self._in_vain(command)
                return replace(self, phones=self.phones.set(command.ring, replace(phone, let_go=True)))
            case EndTalk():
                joining = self.joining.delete(command.talk) if command.talk in self.joining else self.joining
                talks = self.talks.delete(command.talk) if command.talk in self.talks else self.talks
                return replace(self, joining=joining, talks=talks)
            case Confirm():
                return self
            case Tell():
                phone = self.phones.get(command.ring)
                if phone is None or phone.let_go:
                    return self._in_vain(command)
                return replace(self, plays=self.plays.set(command.play, call_of(command.ring)))
            case _ if command.call not in self.callers:
                return self._in_vain(command)
            case Join():
                phone = self.phones.get(command.ring)
                if phone is None or phone.let_go:
                    return self._in_vain(command)
                pair = (command.call, command.ring)
                return replace(self, joining=self.joining.set(command.talk, pair))
            case Play():
                return replace(self, plays=self.plays.set(command.play, command.call))
            case YesNo():
                if command.play is None or command.ring not in self.phones:
                    return self
                return replace(self, plays=self.plays.set(command.play, command.call))
            case Answer() | StopPlay() | StartMusic() | HangUp() | LastResort() | YesNoOver():
                return self
            case Refresh() | Cover() | Uncover():
                return self

    def _in_vain(self, command: Command) -> World:
        return replace(self, failing=(*self.failing, command))

    # ------------------------------------------------------------ what may happen

    def possible(self, at: datetime) -> Iterator[tuple[News, World]]:
        """Each thing that may happen next, and the world after it (before what the house asks for then)."""
        for news, world in (*self._callers(at), *self._phones(at), *self._in_between(at), *sounding.possible(self, at)):
            yield news, replace(world, last=news)
            if self.spare.outages:
                yield world.surveyed(at)
        if self.spare.twice and self.last is not None:
            yield self.last, replace(self._less(twice=1), last=None)
        for news, world in (*self._duty(at), *self._modes(at), *self._publishing(at)):
            yield news, replace(world, last=None)

    def survey(self, at: datetime) -> Surveyed:
        talks: dict[TalkId, frozenset[CallId | RingId]] = {}
        for talk, (call, ring) in sorted((*self.talks.items(), *self.joining.items())):
            members: tuple[CallId | RingId, ...] = (call, ring)
            talks[talk] = frozenset(each for each in members if each in self.callers or each in self.phones)
        up = frozenset(ring for ring, phone in self.phones.items() if phone.leg is Leg.UP)
        shelter = frozenset(self.sheltered)
        return Surveyed(
            dict(self.callers),
            frozenset(self.phones),
            talks,
            self.staff - self.away,
            at,
            up,
            shelter,
            returned={
                call: CallBack(call, self.callers[call], at - EARLIER, reached, at)
                for call, reached in self.returned.items()
                if call in self.callers
            },
            engaged=self.dialling,
        )

    def surveyed(self, at: datetime) -> tuple[News, World]:
        """What happened just now was told to nobody; what was asked and not done is forgotten."""
        world = replace(self._less(outages=1), failing=(), last=None)
        joined = world.talks.update(world.joining)
        world = replace(world, joining=Map(), talks=joined)
        return world.survey(at), world

    def _callers(self, at: datetime) -> Iterator[tuple[News, World]]:
        if self.to_come:
            (call, line), *rest = self.to_come
            world = replace(self, to_come=tuple(rest), callers=self.callers.set(call, line))
            yield CallArrived(call, line, at), world
        for call in sorted(self.callers):
            yield CallGone(call, Cause.NORMAL, at), self.without_caller(call)
            if self.spare.digits:
                for digit in "1#":
                    yield DigitPressed(call, digit, at), self._less(digits=1)
            if self.spare.voices:
                for talking in (True, False):
                    yield CallerTalking(call, talking, at), self._less(voices=1)
            if self.spare.falls:
                fallen = self._less(falls=1).without_caller(call)
                shelter = fallen.sheltered.set(call, self.callers[call])
                yield CallLeft(call, at), replace(fallen, sheltered=shelter)
        yield from self._in_shelter(at)
        for play, call in sorted(self.plays.items()):
            yield PlayEnded(call, play, True, at), replace(self, plays=self.plays.delete(play))

    def _in_shelter(self, at: datetime) -> Iterator[tuple[News, World]]:
        if self.to_come and self.spare.falls:  # came while nobody of us was there, and we have never heard of them
            (call, line), *rest = self.to_come
            came = replace(self._less(falls=1), to_come=tuple(rest), callers=self.callers.set(call, line))
            came = replace(came, returned=self.returned.set(call, Reached.LET_IN))
            yield CallBack(call, line, at - EARLIER, Reached.LET_IN, at), came
        for call, line in sorted(self.sheltered.items()):
            left = replace(self, sheltered=self.sheltered.delete(call))
            there = replace(left, callers=left.callers.set(call, line))
            came_at = at - timedelta(seconds=30)
            for reached in Reached:
                yield (
                    CallBack(call, line, came_at, reached, at),
                    replace(there, returned=self.returned.set(call, reached)),
                )
            yield CallGone(call, Cause.NORMAL, at), left
            nobody = Witnessed(call, line, came_at, Outcome.ABANDONED, 20.0, None, None, at, at)
            yield nobody, left
            anna = VolunteerId("anna")
            yield replace(nobody, outcome=Outcome.ANSWERED, talk_s=9.0, volunteer=anna), left

    def _phones(self, at: datetime) -> Iterator[tuple[News, World]]:
        for ring, phone in sorted(self.phones.items(), key=first):
            up = replace(self, phones=self.phones.set(ring, replace(phone, leg=Leg.UP)))
            gone = self.without_phone(ring)
            if phone.leg is Leg.ASKED and not phone.let_go:
                alerting = replace(self, phones=self.phones.set(ring, replace(phone, leg=Leg.RINGING)))
                yield RingAlerting(ring, at), alerting
            if phone.leg is not Leg.UP:
                yield RingAnswered(ring, at), up
                yield RingGone(ring, Cause.ELSEWHERE if phone.let_go else Cause.DECLINED, at), gone
            else:
                yield RingGone(ring, Cause.NORMAL, at), gone
                if self.spare.digits:
                    for digit in "1#":
                        yield RingPressed(ring, digit, at), self._less(digits=1)
                if self.spare.yes_no:
                    for on in (True, False):
                        yield YesNoAsked(phone.volunteer, on, at), self._less(yes_no=1)
                if not phone.let_go:
                    yield RingGone(ring, Cause.MEDIA_LOST, at), gone

    def _in_between(self, at: datetime) -> Iterator[tuple[News, World]]:
        for talk, (call, ring) in sorted(self.joining.items()):
            if call in self.callers and ring in self.phones:
                world = replace(self, joining=self.joining.delete(talk), talks=self.talks.set(talk, (call, ring)))
                yield Joined(talk, at), world
        for place, command in enumerate(self.failing):
            rest = (*self.failing[:place], *self.failing[place + 1 :])
            yield CommandFailed(command, _why(command), at), replace(self, failing=rest)
        if self.spare.faults:
            yield from self._faults(at)
        if self.spare.refusals:
            for call in sorted(self.callers):
                yield CommandFailed(Answer(call), Result.REFUSED, at), self._less(refusals=1)

    def _faults(self, at: datetime) -> Iterator[tuple[News, World]]:
        for talk, (call, ring) in sorted(self.joining.items()):
            world = replace(self._less(faults=1), joining=self.joining.delete(talk))
            yield CommandFailed(Join(talk, call, ring), Result.TIMEOUT, at), world
        for play, call in sorted(self.plays.items()):
            world = replace(self._less(faults=1), plays=self.plays.delete(play))
            yield CommandFailed(Play(call, play, "da", ()), Result.REFUSED, at), world
            yield PlayEnded(call, play, False, at), world
        for _talk, (call, ring) in sorted(self.talks.items()) if self.spare.yes_no else ():
            answers = YesNo(call, ring, None, "da", (), "da")
            yield CommandFailed(answers, Result.REFUSED, at), self._less(faults=1)
        for ring, phone in sorted(self.phones.items(), key=first):
            if phone.leg is Leg.ASKED:
                command = Ring(ring, phone.volunteer, LineId(""), "", "", 1)
                world = self._less(faults=1)
                yield CommandFailed(command, Result.REFUSED, at), world.without_phone(ring)
                yield CommandFailed(command, Result.TIMEOUT, at), world
        for call in sorted(self.callers):
            yield CommandFailed(StartMusic(call), Result.TIMEOUT, at), self._less(faults=1)

    def _duty(self, at: datetime) -> Iterator[tuple[News, World]]:
        for who in sorted(self.dialling):
            yield VolunteerReleased(who, at), replace(self, dialling=self.dialling - {who})
        if not self.spare.duty:
            return
        world = self._less(duty=1)
        for who in sorted(self.staff):
            if who in self.away:
                yield VolunteerReachable(who, at), replace(world, away=self.away - {who})
            else:
                yield VolunteerUnreachable(who, at), replace(world, away=self.away | {who})
            if who in self.paused:
                yield VolunteerResumed(who, at), replace(world, paused=self.paused - {who})
            else:
                yield VolunteerPaused(who, None, at), replace(world, paused=self.paused | {who})
            yield DutyChanged(who, who in self.off, at), replace(world, off=self.off ^ {who})
            yield WrapUpDone(who, at), world
            yield WrapUpProlonged(who, 60.0, at), world
            for feature in Feature:
                if who not in self.dialling:
                    dialling = replace(world, dialling=self.dialling | {who})
                    yield FeatureDialled(DialId(f"d-{who}"), who, feature, at), dialling
            yield VolunteerRemoved(who, at), replace(world, staff=self.staff - {who})

    def _modes(self, at: datetime) -> Iterator[tuple[News, World]]:
        if not self.spare.modes:
            return
        for line in sorted({*self.callers.values(), *(line for _call, line in self.to_come)}):
            for service in Service:
                yield HandoverAsked(line, service, at), self._less(modes=1)
            for how in (True, False, None):
                yield OverrideGiven(line, how, None, "test", at), self._less(modes=1)

    def _publishing(self, at: datetime) -> Iterator[tuple[News, World]]:
        for published in self.other_hours if self.spare.publishes else ():
            yield replace(published, at=at), self._less(publishes=1)

    # ------------------------------------------------------------ small changes

    def without_caller(self, call: CallId) -> World:
        plays = Map({play: whose for play, whose in sorted(self.plays.items()) if whose != call})
        return replace(self, callers=self.callers.delete(call), plays=plays)._joins_fail()

    def without_phone(self, ring: RingId) -> World:
        return replace(self, phones=self.phones.delete(ring))._joins_fail()

    def _joins_fail(self) -> World:
        """A joining under way of which one side is gone: its answer comes later than the word of who is gone."""
        world = self
        for talk, (call, ring) in sorted(self.joining.items()):
            if call not in self.callers or ring not in self.phones:
                failing = (*world.failing, Join(talk, call, ring))
                world = replace(world, joining=world.joining.delete(talk), failing=failing)
        return world

    def _less(self, **fewer: int) -> World:
        now = {name: getattr(self.spare, name) - count for name, count in fewer.items()}
        return replace(self, spare=replace(self.spare, **now))


def first(pair: tuple[str, object]) -> str:
    return pair[0]


def _why(command: Command) -> Result:
    return Result.REFUSED if isinstance(command, Ring) else Result.GONE
