"""Every law can fail: a good trace is spoilt in one place, and the law that is meant to see it does.

And the search finds mistakes in the machines themselves: a row of a table is taken out, and an order of events turns up
in which that matters.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import cache

import pytest
from immutables import Map

from ivr.core import call as call_machine
from ivr.core import ring as ring_machine
from ivr.core import switchboard
from ivr.core import volunteer as volunteer_machine
from ivr.core.call_events import VolunteerPickedUp
from ivr.core.chain import Chain
from ivr.core.commands import Command, HangUp, Join, LetGo, LetGoReason, Play, Ring, StartMusic, YesNo
from ivr.core.decision import Decision, Nothing
from ivr.core.draft import Sorted
from ivr.core.facts import (
    CallAnswered,
    CallEnded,
    CallerSilent,
    CallJoined,
    CallQueued,
    Fact,
    HandoverBegan,
    HandoverDone,
    RingEnded,
    RingStarted,
    StepEntered,
    VolunteerNotAnswering,
    VolunteerRefusing,
    YesNoEnded,
)
from ivr.core.flow import Strategy
from ivr.core.ids import CallId, PlayId, PromptId, StepName, VolunteerId, call_of, ring_id
from ivr.core.news import (
    CallArrived,
    CallerTalking,
    Cause,
    DigitPressed,
    LineDue,
    News,
    PhoneDead,
    PlayEnded,
    RingAnswered,
    RingGone,
    RingPressed,
    SideHeld,
    SoundLost,
    VolunteerHeard,
)
from ivr.core.reasons import Loss, Outcome, RingResult, Side
from ivr.core.state import Ending, Free, House, InTalk, Joining, Over, Override, Talking, Volunteer, Waiting, WrappingUp
from ivr.core.state import Ring as RingState
from tests.fakes.phones import Answers, Busy, NeverAnswers
from tests.laws import calls, fairness, handovers, indexes, laws, refusals, rings, sounds
from tests.laws.evening import ON, Evening, Visit
from tests.laws.explore import explore
from tests.laws.generators import CHILDREN, NAMES, NIGHT_SEAT, setting
from tests.laws.trace import Law, LawBroken, Moment

Spoil = Callable[[Moment], Moment | None]
"""The moment spoilt, or None where there is nothing to spoil."""


@cache
def good() -> tuple[Moment, ...]:
    """Two callers, both answered by anna while bo's phone rings; one pressed a key. The third waits through a hand-over
    and is not answered."""
    evening = Evening(switchboard.step, setting(volunteers=2, hours="night soon", menu=True))
    visits = [Visit(0.0, CHILDREN, 40.0, ((4.0, "1"),)), Visit(1.0, CHILDREN, 120.0, ((5.0, "1"),))]
    visits.append(Visit(44.0, CHILDREN, 60.0, ((4.0, "1"),)))
    nora = NIGHT_SEAT
    evening.let(
        visits,
        {
            NAMES[0]: (Answers(6.0, presses=(*ON, (9.0, "*"), (9.1, "1"), (9.2, "7"))),),
            NAMES[1]: (NeverAnswers(),),
            nora: (NeverAnswers(),),
        },
    )
    evening.judge()
    return tuple(evening.trace)


def say_again(kind: type[Fact]) -> Spoil:
    def spoil(moment: Moment) -> Moment | None:
        twice = [fact for fact in moment.facts if isinstance(fact, kind)]
        return replace(moment, facts=(*moment.facts, *twice)) if twice else None

    return spoil


def leave_out(kind: type[Fact]) -> Spoil:
    def spoil(moment: Moment) -> Moment | None:
        rest = tuple(fact for fact in moment.facts if not isinstance(fact, kind))
        return replace(moment, facts=rest) if len(rest) < len(moment.facts) else None

    return spoil


def do_not(*kinds: type[Command]) -> Spoil:
    def spoil(moment: Moment) -> Moment | None:
        rest = tuple(command for command in moment.commands if not isinstance(command, kinds))
        return replace(moment, commands=rest) if len(rest) < len(moment.commands) else None

    return spoil


def only_after(kind: type[News], spoil: Spoil) -> Spoil:
    return lambda moment: spoil(moment) if isinstance(moment.news, kind) else None


def people(house: House, change: Callable[[Volunteer], Volunteer]) -> House:
    return replace(house, volunteers=Map({who.id: change(who) for who in house.volunteers.values()}))


def rings_somebody_on_a_break(moment: Moment) -> Moment | None:
    if not any(isinstance(command, Ring) for command in moment.commands):
        return None
    return replace(moment, after=people(moment.after, lambda who: replace(who, reachable=False)))


def rings_who_wraps_up(moment: Moment) -> Moment | None:
    if not any(isinstance(command, Ring) for command in moment.commands):
        return None
    later = moment.news.at + timedelta(seconds=5)
    return replace(moment, before=people(moment.before, lambda who: replace(who, phase=WrappingUp(later))))


def went_and_it_rings(moment: Moment) -> Moment | None:
    if not any(isinstance(command, Ring) for command in moment.commands):
        return None
    return replace(moment, after=people(moment.after, lambda who: replace(who, off_duty=True)))


def paused_at_the_first_ring(moment: Moment) -> Moment | None:
    gone = [fact.volunteer for fact in moment.facts if isinstance(fact, RingEnded)]
    return replace(moment, facts=(*moment.facts, VolunteerNotAnswering(gone[0], moment.news.at))) if gone else None


def paused_for_refusing_at_the_first_ring(moment: Moment) -> Moment | None:
    gone = [fact.volunteer for fact in moment.facts if isinstance(fact, RingEnded)]
    return replace(moment, facts=(*moment.facts, VolunteerRefusing(gone[0], moment.news.at))) if gone else None


def refuses_thrice_and_is_rung(moment: Moment) -> Moment | None:
    """As if the three rings before had been refused."""
    rung = [fact for fact in moment.facts if isinstance(fact, RingStarted)]
    if not rung:
        return None
    at, first = moment.news.at, rung[0]
    busy = RingEnded(first.call, first.line, first.ring, first.volunteer, RingResult.BUSY, 0.1, at)
    return replace(moment, news=RingGone(first.ring, Cause.BUSY, at), facts=(busy,) * 3 + moment.facts)


def not_heard_and_may_be_asked(moment: Moment) -> Moment | None:
    if not any(isinstance(who.phase, InTalk) for who in moment.before.volunteers.values()):
        return None
    return replace(moment, after=people(moment.after, lambda who: replace(who, soundless=1)))


def missed_in_a_talk(moment: Moment) -> Moment | None:
    if not any(isinstance(who.phase, InTalk) for who in moment.after.volunteers.values()):
        return None
    return replace(moment, after=people(moment.after, lambda who: replace(who, unanswered=1)))


def joined_without_a_key(moment: Moment) -> Moment | None:
    if not any(isinstance(command, Join) for command in moment.commands):
        return None
    calls = {call.id: replace(call, rings=tuple(asked_to_accept(call.rings))) for call in moment.before.calls.values()}
    return replace(moment, before=replace(moment.before, calls=Map(calls)))


def asked_to_accept(rings: Sequence[RingState]) -> Iterator[RingState]:
    return (replace(ring, accept_s=8.0) for ring in rings)


def hung_up_for_a_wrong_key(moment: Moment) -> Moment | None:
    for command in moment.commands:
        if isinstance(command, Join):
            pressed = RingPressed(command.ring, "7", moment.news.at)
            return replace(moment, news=pressed, commands=(HangUp(command.call),))
    return None


def called_silent_at_once(moment: Moment) -> Moment | None:
    for fact in moment.facts:
        if isinstance(fact, CallJoined):
            silent = CallerSilent(fact.call, fact.line, fact.volunteer, 20.0, fact.at)
            return replace(moment, facts=(*moment.facts, silent))
    return None


def called_silent_while_speaking(moment: Moment) -> Moment | None:
    talk = a_talk(moment)
    if talk is None:
        return None
    call = call_of(talk.talk)
    silent = CallerSilent(call, CHILDREN, talk.volunteer, 20.0, moment.news.at)
    return replace(moment, news=CallerTalking(call, True, moment.news.at), facts=(*moment.facts, silent))


def talk_dropped_without_a_word(moment: Moment) -> Moment | None:
    for call in moment.before.calls.values():
        if isinstance(call.phase, Talking):
            left = replace(call, phase=Over())
            spoilt = replace(moment.after, calls=moment.after.calls.set(call.id, left))
            return replace(moment, after=spoilt, commands=())
    return None


def queue_turned_round(moment: Moment) -> Moment | None:
    line = moment.after.lines.get(CHILDREN)
    if line is None or len(line.queue) < 2 or moment.before.lines[CHILDREN].queue != line.queue:
        return None
    turned = replace(line, queue=Chain(line.queue[::-1]))
    return replace(moment, after=replace(moment.after, lines=moment.after.lines.set(CHILDREN, turned)))


def ghost_in_the_queue(moment: Moment) -> Moment | None:
    line = moment.after.lines.get(CHILDREN)
    if line is None:
        return None
    ghost = replace(line, queue=Chain((*line.queue, CallId("ghost"))))
    return replace(moment, after=replace(moment.after, lines=moment.after.lines.set(CHILDREN, ghost)))


def twice_in_the_queue(moment: Moment) -> Moment | None:
    line = moment.after.lines.get(CHILDREN)
    if line is None or not line.queue:
        return None
    twice = replace(line, queue=Chain((*line.queue, line.queue[0])))
    return replace(moment, after=replace(moment.after, lines=moment.after.lines.set(CHILDREN, twice)))


def place_nought(moment: Moment) -> Moment | None:
    facts = tuple(replace(fact, position=0) if isinstance(fact, CallQueued) else fact for fact in moment.facts)
    return replace(moment, facts=facts) if facts != moment.facts else None


def forgets_who_was_asked(moment: Moment) -> Moment | None:
    """Free again and in no ring, although somebody waits."""
    waits = [call for call in moment.after.calls.values() if isinstance(call.phase, Waiting) and call.rings]
    if not waits:
        return None
    call = waits[0]
    assert isinstance(call.phase, Waiting)
    unasked = replace(call, rings=(), phase=replace(call.phase, tried=frozenset()))
    fresh = people(moment.after, lambda who: replace(who, phase=good_free(who)))
    return replace(moment, after=replace(fresh, calls=fresh.calls.set(call.id, unasked)))


def good_free(who: Volunteer) -> Free:
    return who.phase if isinstance(who.phase, Free) else Free(good()[0].news.at)


def misdated(moment: Moment) -> Moment | None:
    facts = tuple(replace(fact, at=fact.at + timedelta(seconds=1)) for fact in moment.facts)
    return replace(moment, facts=facts) if facts else None


def key_as_a_step(moment: Moment) -> Moment | None:
    if not isinstance(moment.news, DigitPressed):
        return None
    key = StepEntered(moment.news.call, CHILDREN, StepName(moment.news.digit), moment.news.at)
    return replace(moment, facts=(*moment.facts, key))


def called_answered(moment: Moment) -> Moment | None:
    facts = tuple(
        replace(fact, outcome=Outcome.ABANDONED) if isinstance(fact, CallEnded) else fact for fact in moment.facts
    )
    return replace(moment, facts=facts) if facts != moment.facts else None


def hung_up_and_played_to(moment: Moment) -> Moment | None:
    calls = [command.call for command in moment.commands if isinstance(command, Play)]
    return replace(moment, commands=(HangUp(calls[0]), *moment.commands, StartMusic(calls[0]))) if calls else None


def rung_twice(moment: Moment) -> Moment | None:
    again = tuple(command for command in moment.commands if isinstance(command, Ring))
    facts = tuple(fact for fact in moment.facts if isinstance(fact, RingStarted))
    return replace(moment, commands=(*moment.commands, *again), facts=(*moment.facts, *facts)) if again else None


def somebody_is_never_told_free(moment: Moment) -> Moment | None:
    return ghost_in_the_queue(moment) if moment is good()[-1] else None


def given_up_while_here(moment: Moment) -> Moment | None:
    ended = next(fact for each in good() for fact in each.facts if isinstance(fact, CallEnded))
    return replace(moment, facts=(*moment.facts, ended)) if isinstance(moment.news, PlayEnded) else None


def lets_go_for_the_night(moment: Moment) -> Moment | None:
    if not isinstance(moment.news, LineDue) or not moment.before.calls:
        return None
    ring = ring_id(min(moment.before.calls), 1)
    return replace(moment, commands=(*moment.commands, LetGo(ring, LetGoReason.OVER)))


def tells_it_again(moment: Moment) -> Moment | None:
    words = [each for each in moment.commands if isinstance(each, Play) and each.prompts == (PromptId("skift-nat"),)]
    return replace(moment, commands=(*moment.commands, words[0])) if words else None


def is_due_for_ever(moment: Moment) -> Moment | None:
    if not isinstance(moment.news, LineDue):
        return None
    due = Override(True, moment.news.at, "stays")
    line = replace(moment.after.lines[CHILDREN], override=due)
    return replace(moment, after=replace(moment.after, lines=moment.after.lines.set(CHILDREN, line)))


def rung_for_the_second(moment: Moment) -> Moment | None:
    """Somebody else waits, came earlier, and nobody rings for them."""
    rung = next((call_of(each.ring) for each in moment.commands if isinstance(each, Ring)), None)
    call = moment.after.calls.get(rung) if rung is not None else None
    if call is None or call.queued_at is None or not isinstance(call.phase, Waiting):
        return None
    earlier = call.queued_at - timedelta(minutes=1)
    older = replace(call, id=CallId("older"), queued_at=earlier, rank=earlier, rings=())
    return replace(moment, after=replace(moment.after, calls=moment.after.calls.set(older.id, older)))


def somebody_stood_better(moment: Moment) -> Moment | None:
    """In a house that asks the longest idle first: somebody has been free since the morning, and another is rung."""
    rung = [command.volunteer for command in moment.commands if isinstance(command, Ring)]
    if not rung:
        return None
    who = moment.after.volunteers[rung[0]]
    groups = Map({id_: replace(each, strategy=Strategy.LONGEST_IDLE) for id_, each in moment.after.plan.groups.items()})
    idle = replace(who, id=VolunteerId("idle"), phase=Free(moment.news.at - timedelta(hours=9)), rest_until=None)
    house = replace(moment.after, plan=replace(moment.after.plan, groups=groups))
    return replace(moment, after=replace(house, volunteers=house.volunteers.set(idle.id, idle)))


def counted_twice(moment: Moment) -> Moment | None:
    if not any(isinstance(fact, CallAnswered) for fact in moment.facts):
        return None
    return replace(moment, after=people(moment.after, lambda who: replace(who, answered=who.answered * 2)))


def place_lost(moment: Moment) -> Moment | None:
    line = moment.after.lines.get(CHILDREN)
    if line is None or len(line.queue) < 2:
        return None
    head = moment.after.calls[line.queue[0]]
    later = replace(head, rank=moment.news.at + timedelta(hours=1))
    return replace(moment, after=replace(moment.after, calls=moment.after.calls.set(head.id, later)))


def told_one_and_then_two(moment: Moment) -> Moment | None:
    calls = [command.call for command in moment.commands if isinstance(command, Play)]
    places = tuple(
        Play(call, PlayId(f"{call}-x{n}"), "da", (PromptId(f"plads-{n}"),)) for call in calls for n in (1, 2)
    )
    return replace(moment, commands=(*moment.commands, *places)) if places else None


def somebody_is_not_seen_to_wait(moment: Moment) -> Moment | None:
    known = moment.after.sorted
    if not isinstance(known, Sorted) or known.board is None or not known.board.rows:
        return None
    spoilt = replace(moment.after)
    blind = known._replace(board=known.board._replace(rows=Map()))
    object.__setattr__(spoilt, "sorted", blind)
    return replace(moment, after=spoilt)


def a_talk(moment: Moment) -> Talking | None:
    """One that goes on before and after it."""
    phases = (call.phase for call in moment.before.calls.values() if call.id in moment.after.calls)
    return next((phase for phase in phases if isinstance(phase, Talking)), None)


def answered_without_having_been_heard(moment: Moment) -> Moment | None:
    said = isinstance(moment.news, VolunteerHeard) and any(isinstance(fact, CallAnswered) for fact in moment.facts)
    return replace(moment, news=PlayEnded(CallId(""), PlayId(""), True, moment.news.at)) if said else None


def lost_and_left(moment: Moment) -> Moment | None:
    talk = a_talk(moment)
    if talk is None:
        return None
    return replace(moment, news=SoundLost(talk.talk, Side.VOLUNTEER, Loss.NEVER, moment.news.at), commands=())


def held_and_left(moment: Moment) -> Moment | None:
    talk = a_talk(moment)
    if talk is None or talk.holds:
        return None
    return replace(moment, news=SideHeld(call_of(talk.talk), Side.CALLER, True, moment.news.at), commands=())


def hung_up_in_a_talk(moment: Moment) -> Moment | None:
    talk = a_talk(moment)
    if talk is None or isinstance(moment.news, RingGone):
        return None
    return replace(moment, commands=(*moment.commands, HangUp(call_of(talk.talk))))


def the_caller_pays(moment: Moment) -> Moment | None:
    talk = a_talk(moment)
    if talk is None:
        return None
    failed = RingEnded(call_of(talk.ring), CHILDREN, talk.ring, talk.volunteer, RingResult.FAILED, 1.0, moment.news.at)
    return replace(moment, facts=(failed,))


def with_a_dead_phone(moment: Moment) -> Moment | None:
    talk = a_talk(moment)
    return replace(moment, news=PhoneDead(talk.ring, moment.news.at), facts=()) if talk is not None else None


SPOILT: dict[Law, Spoil] = {
    sounds.answered_means_heard: answered_without_having_been_heard,
    sounds.who_is_not_heard_is_covered_at_once: lost_and_left,
    sounds.a_hold_is_covered_at_once: held_and_left,
    sounds.nobody_is_left_for_long_with_a_volunteer_who_cannot_be_heard: lost_and_left,
    sounds.nobody_is_hung_up_on_for_silence: hung_up_in_a_talk,
    sounds.a_phone_that_failed_costs_the_caller_no_turn: the_caller_pays,
    sounds.a_dead_phone_is_let_go_and_its_caller_waits_first: with_a_dead_phone,
    indexes.what_is_kept_in_order_is_what_a_look_at_everybody_gives: somebody_is_not_seen_to_wait,
    indexes.every_place_in_a_queue_is_found_by_its_rank: twice_in_the_queue,
    fairness.a_caller_is_overtaken_only_by_who_came_within_the_head_start: rung_for_the_second,
    fairness.the_group_s_strategy_says_who_is_rung: somebody_stood_better,
    fairness.an_answered_call_is_counted_once_for_who_answered_it: counted_twice,
    fairness.places_in_a_queue_are_kept: place_lost,
    fairness.nobody_is_told_a_worse_place_than_before: told_one_and_then_two,
    rings.a_ring_begins_once_and_ends_at_most_once: say_again(RingEnded),
    rings.every_ring_command_is_a_ring_that_is_said: do_not(Ring),
    rings.a_phone_is_rung_only_on_duty_and_for_a_line_it_serves: rings_somebody_on_a_break,
    rings.nobody_is_rung_in_a_talk_a_wrap_up_or_a_ring_of_their_own: rings_who_wraps_up,
    rings.nobody_s_phone_rings_on_after_they_went: went_and_it_rings,
    rings.who_is_paused_for_not_answering_has_not_answered: paused_at_the_first_ring,
    rings.in_a_row: missed_in_a_talk,
    refusals.who_is_paused_for_refusing_has_refused_so_often_in_a_row: paused_for_refusing_at_the_first_ring,
    refusals.who_was_not_heard_is_left_alone_and_paused_the_third_time: not_heard_and_may_be_asked,
    refusals.a_phone_that_refuses_too_often_is_not_asked_until_somebody_says_it_is_back: refuses_thrice_and_is_rung,
    rings.who_picked_up_is_joined_or_let_go_at_once: only_after(RingAnswered, do_not(Join, LetGo)),
    calls.only_who_is_gone_gets_an_outcome: given_up_while_here,
    rings.who_must_accept_is_joined_only_after_pressing_the_key: joined_without_a_key,
    rings.the_caller_goes_on_whatever_a_volunteer_presses: hung_up_for_a_wrong_key,
    rings.a_caller_is_called_silent_only_after_a_silence_and_once: called_silent_at_once,
    rings.who_speaks_is_not_called_silent: called_silent_while_speaking,
    rings.answers_by_key_begin_and_end_in_turn_within_a_talk: leave_out(YesNoEnded),
    rings.the_exchange_knows_for_whom_keys_are_answers: do_not(YesNo),
    rings.a_volunteer_who_is_dropped_is_told_so: talk_dropped_without_a_word,
    laws.order_in_the_queue_never_changes_but_for_who_comes_back_to_its_head: queue_turned_round,
    laws.who_is_told_a_place_in_the_queue_has_it: place_nought,
    handovers.who_answers_a_line_changes_from_side_to_side_only_in_a_hand_over: leave_out(HandoverBegan),
    handovers.a_hand_over_touches_nobody: lets_go_for_the_night,
    handovers.every_moment_of_a_line_is_to_come: is_due_for_ever,
    handovers.nobody_hears_of_a_hand_over_twice: tells_it_again,
    handovers.a_hand_over_that_is_done_had_begun_and_counts_who_waited_through_it: say_again(HandoverDone),
    laws.everybody_agrees: ghost_in_the_queue,
    laws.nobody_free_is_left_idle_while_somebody_waits: forgets_who_was_asked,
    laws.facts_are_dated_when_they_were_read: misdated,
    laws.facts_carry_no_digits_pressed: key_as_a_step,
    calls.a_call_has_at_most_one_outcome_and_nothing_is_said_of_it_after: say_again(CallEnded),
    calls.a_call_is_answered_when_its_talk_stood_and_only_then: called_answered,
    calls.after_its_hang_up_only_cleaning_up_is_done_for_a_call: hung_up_and_played_to,
    calls.names_are_never_used_twice: rung_twice,
    laws.every_ring_that_began_has_ended: leave_out(RingEnded),
    laws.every_call_that_began_has_ended: leave_out(CallEnded),
    laws.nothing_is_left_behind: somebody_is_never_told_free,
}


def test_every_law_is_tried() -> None:
    assert set(SPOILT) == {*laws.ALWAYS, *laws.FINISHED}


@pytest.mark.parametrize("law", SPOILT, ids=lambda law: law.__name__)
def test_the_good_trace_obeys_and_a_spoilt_one_breaks(law: Law) -> None:
    trace = list(good())
    law(trace)
    spoilt = [(place, found) for place, moment in enumerate(trace) if (found := SPOILT[law](moment)) is not None]
    assert spoilt, "nothing could be spoilt"
    place, moment = spoilt[0]
    trace[place] = moment
    with pytest.raises(LawBroken):
        law(trace)


def test_the_law_of_what_is_kept_in_order_sees_a_volunteer_who_is_thought_to_be_free() -> None:
    moment = next(each for each in good() if any(isinstance(command, Ring) for command in each.commands))
    known = moment.after.sorted
    assert isinstance(known, Sorted)
    assert known.roster is not None
    for wrong in (known.roster._replace(ready=Map()), known.roster._replace(staffed=Map())):
        spoilt = replace(moment.after)
        object.__setattr__(spoilt, "sorted", known._replace(roster=wrong))
        found = list(indexes.differences(spoilt, known._replace(roster=wrong)))
        assert bool(found) is (wrong.ready is not known.roster.ready or wrong.staffed is not known.roster.staffed)


def is_(kind: type[News]) -> Callable[[News], bool]:
    return lambda news: isinstance(news, kind)


IN_QUEUE = (is_(CallArrived), is_(PlayEnded))


def no_words(*_: object) -> None:
    """A row that does nothing."""


def refuses_all_evening() -> Evening:
    """One child, anna whose phone is on do not disturb, and bo who never picks up."""
    evening = Evening(switchboard.step, setting(volunteers=2, max_wait_s=None))
    evening.let([Visit(0.0, CHILDREN, 300.0)], {NAMES[0]: (Busy(),), NAMES[1]: (NeverAnswers(),)})
    return evening


def test_a_phone_that_refuses_all_evening_is_asked_three_times() -> None:
    evening = refuses_all_evening()
    evening.judge()
    asked = [fact.volunteer for moment in evening.trace for fact in moment.facts if isinstance(fact, RingStarted)]
    assert asked.count(NAMES[0]) == 3
    assert asked.count(NAMES[1]) > 3


def test_the_laws_find_a_phone_that_is_never_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(volunteer_machine, "count_refused", lambda who, *_: who)
    with pytest.raises(LawBroken, match="refuses, and is asked"):
        refuses_all_evening().judge()


def test_the_laws_find_a_pause_for_what_the_phone_did_not_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """It rang to its end each time."""
    monkeypatch.setattr(ring_machine, "refused", lambda *_: True)
    evening = Evening(switchboard.step, setting(volunteers=1, max_wait_s=None))
    evening.let([Visit(0.0, CHILDREN, 300.0)], {NAMES[0]: (NeverAnswers(),)})
    with pytest.raises(LawBroken, match="did not do"):
        evening.judge()


def search() -> None:
    explore(switchboard.step, setting(volunteers=2), how_many_callers=1, depth=4, after=IN_QUEUE)


def test_the_search_finds_a_volunteer_who_picked_up_too_late_and_is_left_in_silence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(ring_machine.TABLE, (Ending, RingAnswered), Nothing("planted"))
    with pytest.raises(LawBroken, match="left in silence"):
        search()


def test_the_search_finds_a_second_volunteer_who_is_not_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(call_machine.TABLE, (Joining, VolunteerPickedUp), no_words)
    with pytest.raises(LawBroken):
        explore(
            switchboard.step,
            setting(volunteers=2),
            how_many_callers=1,
            depth=3,
            after=(*IN_QUEUE, is_(RingAnswered)),
        )


def test_the_search_finds_a_ring_that_never_dies(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ring_machine.TABLE, (Ending, RingGone), Nothing("planted"))
    monkeypatch.setitem(ring_machine.TABLE, (Ending, ring_machine.RingDue), Nothing("planted"))
    with pytest.raises(LawBroken):
        search()


def test_the_search_finds_an_answered_call_that_nobody_wrote_down(monkeypatch: pytest.MonkeyPatch) -> None:
    def forgetful(house: House, news: News) -> Decision:
        decision = switchboard.step(house, news)
        return replace(decision, facts=tuple(fact for fact in decision.facts if not isinstance(fact, CallAnswered)))

    with pytest.raises(LawBroken, match="ends falsely"):
        explore(
            forgetful,
            setting(volunteers=1),
            how_many_callers=1,
            depth=3,
            after=(*IN_QUEUE, is_(RingAnswered)),
        )
