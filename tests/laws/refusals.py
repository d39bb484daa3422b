"""Laws about phones that refuse and phones that carry no sound: how often they are asked in vain, and no more often."""

from __future__ import annotations

from dataclasses import dataclass, field

from ivr.core.facts import (
    CallAnswered,
    Fact,
    RingEnded,
    RingStarted,
    VolunteerLeftHouse,
    VolunteerNotHeard,
    VolunteerRefusing,
)
from ivr.core.feature import Feature
from ivr.core.flow import Group
from ivr.core.ids import VolunteerId, call_of, partner_of
from ivr.core.news import (
    CommandFailed,
    DutyChanged,
    FeatureDialled,
    News,
    Result,
    RingGone,
    VolunteerReachable,
    VolunteerResumed,
)
from ivr.core.reasons import RingResult
from ivr.core.state import Accepting, Asked, Ending, InTalk, PickedUp
from tests.laws.asking import require
from tests.laws.trace import Moment, Trace

NO = frozenset({RingResult.DECLINED, RingResult.BUSY, RingResult.UNREACHABLE, RingResult.FAILED})
TRIES = 3
"""So often at most in a row somebody picks up without being heard."""
LEAST_REST_S = 10.0


def group_of(moment: Moment, who: VolunteerId) -> Group | None:
    known = moment.before.volunteers.get(who)
    return moment.before.plan.groups.get(known.group) if known is not None else None


def by_the_phone(news: News) -> bool:
    """Not what we did, nor what we failed to do."""
    return isinstance(news, RingGone) or (isinstance(news, CommandFailed) and news.result is not Result.TIMEOUT)


def says_no(moment: Moment, fact: RingEnded) -> bool:
    """For certain: a phone that is there has said no, or did not ring for even half of its time."""
    known, group = moment.before.volunteers.get(fact.volunteer), group_of(moment, fact.volunteer)
    if known is None or group is None or not known.reachable or not by_the_phone(moment.news):
        return False
    call = moment.before.calls.get(call_of(fact.ring))
    ring = next((each for each in (call.rings if call is not None else ()) if each.id == fact.ring), None)
    phase = ring.phase if ring is not None else None
    if fact.result is not RingResult.NO_ANSWER:
        return fact.result in NO and not isinstance(phase, PickedUp | Accepting | Ending)
    return isinstance(phase, Asked) and fact.rang_s < group.ring_s / 2


@dataclass(slots=True)
class Tally:
    """What is known of each phone by what was told and said."""

    refused: dict[VolunteerId, int] = field(default_factory=dict)
    paused: set[VolunteerId] = field(default_factory=set)

    def begin(self, moment: Moment) -> None:
        """Somebody says that they are there, or a phone that was gone is back."""
        news = moment.news
        match news:
            case VolunteerResumed() | FeatureDialled(feature=Feature.ON_DUTY):
                self.refused.pop(news.volunteer, None)
                self.paused.discard(news.volunteer)
            case DutyChanged() | FeatureDialled(feature=Feature.OFF_DUTY) | VolunteerReachable():
                self.refused.pop(news.volunteer, None)
            case _:
                pass

    def note(self, moment: Moment, fact: Fact) -> None:
        match fact:
            case CallAnswered():
                self.refused.pop(fact.volunteer, None)
            case VolunteerLeftHouse():
                self.refused.pop(fact.volunteer, None)
                self.paused.discard(fact.volunteer)
            case RingEnded() if says_no(moment, fact):
                self.refuse(moment, fact.volunteer)
            case RingEnded(result=RingResult.NO_ANSWER):
                self.refused.pop(fact.volunteer, None)
            case _:
                pass

    def refuse(self, moment: Moment, who: VolunteerId) -> None:
        group = group_of(moment, who)
        if group is None or not group.refusals or partner_of(who) is not None:
            return
        self.refused[who] = self.refused.get(who, 0) + 1
        if self.refused[who] >= group.refusals:
            self.refused.pop(who)
            self.paused.add(who)


def a_phone_that_refuses_too_often_is_not_asked_until_somebody_says_it_is_back(trace: Trace) -> None:
    tally = Tally()
    for moment in trace:
        tally.begin(moment)
        for fact in moment.facts:
            tally.note(moment, fact)
            if isinstance(fact, RingStarted):
                require(fact.volunteer not in tally.paused, f"{fact.volunteer} refuses, and is asked", trace, fact)


def who_is_paused_for_refusing_has_refused_so_often_in_a_row(trace: Trace) -> None:
    """Never sooner than the group says, never a partner, and never without a ring that the phone itself has ended."""
    for moment in trace:
        for fact in moment.facts:
            if isinstance(fact, VolunteerRefusing):
                who, group = moment.before.volunteers[fact.volunteer], group_of(moment, fact.volunteer)
                most = group.refusals if group is not None else 0
                require(most > 0 and who.refused >= most - 1, "paused too soon", trace, fact)
                require(partner_of(who.id) is None, "a partner, whose pause nobody could end", trace, fact)
                ended = [each for each in moment.facts if isinstance(each, RingEnded) and each.volunteer == who.id]
                rings_s = group.ring_s - 1.0 if group is not None else 0.0
                by_it = any(
                    each.result in NO or (each.result is RingResult.NO_ANSWER and each.rang_s < rings_s)
                    for each in ended
                )
                require(by_it and by_the_phone(moment.news), "paused for what it did not do", trace, fact)


def who_was_not_heard_is_left_alone_and_paused_the_third_time(trace: Trace) -> None:
    for moment in trace:
        if moment.after.volunteers is moment.before.volunteers:
            continue
        said = {fact.volunteer for fact in moment.facts if isinstance(fact, VolunteerNotHeard)}
        for who in moment.after.volunteers.values():
            before = moment.before.volunteers.get(who.id)
            if before is None or (who.soundless <= before.soundless and who.id not in said):
                continue
            require(isinstance(before.phase, InTalk), f"{who.id} had not picked up", trace)
            require(partner_of(who.id) is None, f"{who.id} is a partner", trace)
            require((who.id in said) is (before.soundless == TRIES - 1), f"{who.id} paused too soon or late", trace)
            rests = who.rest_until is not None and (who.rest_until - moment.news.at).total_seconds() >= LEAST_REST_S
            require(rests or who.pause is not None, f"{who.id} was not heard, and may be asked at once", trace)
