"""Answers by key: on and off by a code of the volunteer's or by hand, never outside a talk, and no key is kept."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from ivr.core.commands import EndTalk, YesNo, YesNoOver
from ivr.core.facts import CallEnded, CallRequeued, PromptFailed, YesNoBegan, YesNoEnded
from ivr.core.feature import keyed
from ivr.core.ids import CallId, GroupId, PlayId, PromptId, RingId, VolunteerId
from ivr.core.news import (
    CallLeft,
    Cause,
    CommandFailed,
    PlayEnded,
    Published,
    Result,
    RingGone,
    RingPressed,
    Surveyed,
    YesNoAsked,
)
from ivr.core.reasons import SwitchedBy
from ivr.core.state import Talking
from ivr.store.codec import encode
from tests.core.small_house import DAY, LINE, Small, open_by_day, plan, small

SENTENCE = PromptId("ja-nej")


def talk(*, who: str = "anna", sentence: bool = True) -> tuple[Small, CallId, VolunteerId]:
    """Two seconds into a talk."""
    house = small()
    made = plan()
    line = replace(made.lines[LINE], yes_no=(SENTENCE,) if sentence else ())
    house.tell(Published(replace(made, version="2", lines={LINE: line}), {LINE: open_by_day()}, house.at))
    anna = house.volunteer(who, GroupId(DAY))
    call = house.waiting_caller()
    house.talking(call, anna)
    return house, call, anna


def press(house: Small, who: VolunteerId, keys: str, every_s: float = 0.3) -> None:
    for key in keys:
        house.tell(RingPressed(house.ring_of(who), key, house.at))
        house.later(every_s)


def asked(house: Small) -> list[YesNo]:
    return [each for each in house.commands if isinstance(each, YesNo)]


def play_of(command: YesNo) -> PlayId:
    assert command.play is not None
    return command.play


def is_on(house: Small, call: CallId) -> bool:
    phase = house.call(call).phase
    return isinstance(phase, Talking) and phase.yes_no is not None


def survey(house: Small, call: CallId, who: VolunteerId) -> Surveyed:
    ring, talking = house.ring_of(who), house.talk_of(call)
    return Surveyed(
        {call: LINE},
        frozenset({ring}),
        {talking: frozenset({call, ring})},
        frozenset({who}),
        house.at,
        frozenset({ring}),
    )


def test_a_code_in_the_talk_begins_it_and_the_caller_is_told_what_to_press() -> None:
    house, call, anna = talk()
    press(house, anna, "*16")
    (command,) = asked(house)
    assert (command.call, command.ring, command.prompts) == (call, house.ring_of(anna), (SENTENCE,))
    assert is_on(house, call)
    assert [(fact.volunteer, fact.by) for fact in house.said(YesNoBegan)] == [(anna, SwitchedBy.VOLUNTEER)]


def test_another_code_ends_it_and_the_volunteer_is_told_so() -> None:
    house, call, anna = talk()
    press(house, anna, "*16*17")
    assert not is_on(house, call)
    assert [fact.by for fact in house.said(YesNoEnded)] == [SwitchedBy.VOLUNTEER]
    assert sum(isinstance(each, YesNoOver) for each in house.commands) == 1


def test_begun_again_the_words_are_heard_again_and_nothing_new_is_said_to_have_happened() -> None:
    house, _call, anna = talk()
    press(house, anna, "*16*16")
    first, second = asked(house)
    assert first.play != second.play
    assert len(house.said(YesNoBegan)) == 1
    assert house.said(YesNoEnded) == []


def test_ended_without_having_begun_only_the_volunteer_hears_something() -> None:
    house, _call, anna = talk()
    press(house, anna, "*17")
    assert house.said(YesNoEnded) == []
    assert isinstance(house.commands[-1], YesNoOver)


@pytest.mark.parametrize("keys", ["16", "*26", "*1*6", "1*6", "*18", "6", "*1", "**6"])
def test_other_keys_of_the_volunteer_mean_nothing(keys: str) -> None:
    house, call, anna = talk()
    press(house, anna, keys)
    assert not is_on(house, call)
    assert asked(house) == []


def test_a_wrong_beginning_is_forgotten_and_a_star_begins_anew() -> None:
    house, call, anna = talk()
    press(house, anna, "*2*1*16")
    assert is_on(house, call)


def test_a_code_that_takes_too_long_is_none() -> None:
    house, call, anna = talk()
    press(house, anna, "*1", every_s=0.3)
    house.later(5.0)
    press(house, anna, "6")
    assert not is_on(house, call)


def test_what_is_kept_of_a_code_is_how_far_it_has_come() -> None:
    house, call, anna = talk()
    press(house, anna, "*")
    kept = encode(house.call(call))
    press(house, anna, "1")
    assert '"keys":1' in kept
    assert '"keys":2' in encode(house.call(call))
    assert keyed(None, "7", house.at) == (None, None)


def test_before_the_two_hear_each_other_a_code_means_nothing() -> None:
    house, call, anna = talk()
    house.hangs_up(call)
    house.later(20.0)
    second = house.waiting_caller()
    house.answers(house.ring_of(anna))
    press(house, anna, "*16", every_s=0.01)
    house.joined(second)
    assert not is_on(house, second)


def test_by_hand_it_begins_and_ends_for_who_is_in_a_talk_and_for_nobody_else() -> None:
    house, call, anna = talk()
    bo = house.volunteer("bo")
    house.tell(YesNoAsked(bo, True, house.at))
    assert asked(house) == []
    house.tell(YesNoAsked(anna, True, house.at))
    assert is_on(house, call)
    house.tell(YesNoAsked(anna, False, house.at))
    assert not is_on(house, call)
    assert [fact.by for fact in house.said(YesNoBegan)] == [SwitchedBy.COMMAND]
    assert [fact.by for fact in house.said(YesNoEnded)] == [SwitchedBy.COMMAND]


def test_a_line_without_words_for_it_does_not_have_it() -> None:
    house, call, anna = talk(sentence=False)
    press(house, anna, "*16")
    assert not is_on(house, call)
    assert asked(house) == []


def test_what_a_partners_people_press_is_theirs() -> None:
    house, call, place = talk(who="natlinje.1")
    press(house, place, "*16")
    assert not is_on(house, call)


@pytest.mark.parametrize("how", ["caller", "volunteer", "phone", "last resort", "lost"])
def test_it_ends_with_the_talk_however_that_ends_and_before_anything_else_is_said(how: str) -> None:
    house, call, anna = talk()
    press(house, anna, "*16")
    said = len(house.facts)
    ring = house.ring_of(anna)
    match how:
        case "caller":
            house.hangs_up(call)
        case "volunteer":
            house.tell(RingGone(ring, Cause.NORMAL, house.at))
        case "phone":
            house.tell(RingGone(ring, Cause.MEDIA_LOST, house.at))
        case "last resort":
            house.tell(CallLeft(call, house.at))
        case _:
            house.tell(Surveyed({}, frozenset(), {}, frozenset({anna}), house.at))
    ended = [fact for fact in house.facts[said:] if isinstance(fact, YesNoEnded)]
    assert [(fact.by, fact.volunteer) for fact in ended] == [(SwitchedBy.TALK_OVER, anna)]
    place = house.facts.index(ended[0])
    assert not any(isinstance(fact, CallEnded | CallRequeued) for fact in house.facts[:place])
    assert any(isinstance(each, EndTalk) for each in house.commands)


def test_the_next_talk_of_a_caller_who_is_first_again_begins_without_it() -> None:
    house, call, anna = talk()
    press(house, anna, "*16")
    house.tell(RingGone(house.ring_of(anna), Cause.MEDIA_LOST, house.at))
    house.later(9.0)
    house.answers(house.ring_of(anna))
    house.joined(call)
    assert isinstance(house.call(call).phase, Talking)
    assert not is_on(house, call)


def test_after_a_restart_it_is_on_as_before_and_words_that_were_heard_are_not_said_again() -> None:
    house, call, anna = talk()
    press(house, anna, "*16")
    (command,) = asked(house)
    house.tell(survey(house, call, anna))
    assert asked(house)[-1].play == command.play, "nobody knows whether they were heard"
    house.tell(PlayEnded(call, play_of(command), True, house.at))
    house.tell(survey(house, call, anna))
    assert asked(house)[-1].play is None
    assert is_on(house, call)
    assert len(house.said(YesNoBegan)) == 1


def test_without_it_a_restart_asks_for_nothing() -> None:
    house, call, anna = talk()
    house.tell(survey(house, call, anna))
    assert asked(house) == []


def test_two_who_have_to_be_joined_anew_begin_without_it() -> None:
    house, call, anna = talk()
    press(house, anna, "*16")
    alone = replace(survey(house, call, anna), talks={})
    house.tell(alone)
    assert [fact.by for fact in house.said(YesNoEnded)] == [SwitchedBy.TALK_OVER]


@pytest.mark.parametrize("result", [Result.REFUSED, Result.NOT_NOW, Result.TIMEOUT])
def test_what_the_exchange_cannot_do_is_not_said_to_be_on(result: Result) -> None:
    house, call, anna = talk()
    press(house, anna, "*16")
    house.tell(CommandFailed(asked(house)[-1], result, house.at))
    assert not is_on(house, call)
    assert [fact.by for fact in house.said(YesNoEnded)] == [SwitchedBy.FAILED]


@pytest.mark.parametrize("result", [Result.GONE, Result.UNREACHABLE])
def test_who_is_gone_or_cannot_be_asked_now_changes_nothing_yet(result: Result) -> None:
    house, call, anna = talk()
    press(house, anna, "*16")
    house.tell(CommandFailed(asked(house)[-1], result, house.at))
    assert is_on(house, call)


def test_words_that_could_not_be_played_are_said_to_have_failed_and_keys_are_answers_all_the_same() -> None:
    house, call, anna = talk()
    press(house, anna, "*16")
    house.tell(PlayEnded(call, play_of(asked(house)[-1]), False, house.at))
    assert len(house.said(PromptFailed)) == 1
    assert is_on(house, call)


def test_a_code_that_is_told_about_a_ring_of_before_changes_nothing() -> None:
    house, call, anna = talk()
    before = house.house
    house.tell(RingPressed(RingId(f"{call}-r000099"), "*", house.at + timedelta(seconds=1)))
    assert house.house is before
    assert anna in house.house.volunteers
