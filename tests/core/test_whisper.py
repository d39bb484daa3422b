"""What a volunteer hears before the caller, and the key that some have to press first."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ivr.core.commands import HangUp, Join, LetGo, Play, StartMusic, Tell
from ivr.core.facts import CallJoined, RingEnded
from ivr.core.feature import PRESS_ONE
from ivr.core.flow import Strategy
from ivr.core.ids import PlayId, PromptId, RingId, VolunteerId
from ivr.core.news import Cause, CommandFailed, PlayEnded, Published, Result, RingPressed
from ivr.core.reasons import RingResult
from ivr.core.state import Joining, Waiting
from tests.core.small_house import DAY, LINE, Small, open_by_day, plan, small

WORD = PromptId("hvisk")


def house_with(*, whisper: bool = True, accept_s: float = 0.0, strategy: Strategy = Strategy.RING_ALL) -> Small:
    house = small(strategy)
    made = plan(strategy)
    groups = {**made.groups, DAY: replace(made.groups[DAY], accept_s=accept_s)}
    line = replace(made.lines[LINE], whisper=(WORD,) if whisper else ())
    house.tell(
        Published(replace(made, version="2", groups=groups, lines={LINE: line}), {LINE: open_by_day()}, house.at)
    )
    return house


def told(house: Small, ring: RingId) -> list[Tell]:
    return [each for each in house.commands if isinstance(each, Tell) and each.ring == ring]


def ended(house: Small, play: PlayId, heard: bool = True) -> None:
    call = play.rpartition("-")[0]
    house.tell(PlayEnded(next(each for each in house.house.calls if each == call), play, heard, house.at))


def press(house: Small, who: VolunteerId, digit: str) -> None:
    house.tell(RingPressed(house.ring_of(who), digit, house.at))


def joins(house: Small) -> int:
    return sum(isinstance(each, Join) for each in house.commands)


# ---------------------------------------------------------------- the word


def test_the_volunteer_hears_the_lines_word_and_is_joined_the_moment_it_ends() -> None:
    house = house_with()
    anna = house.volunteer("anna")
    call = house.waiting_caller()
    house.answers(house.ring_of(anna))
    (tell,) = told(house, house.ring_of(anna))
    assert tell.prompts == (WORD,)
    assert joins(house) == 0
    ended(house, tell.play)
    assert joins(house) == 1
    house.joined(call)
    assert len(house.said(CallJoined)) == 1


def test_the_first_who_picks_up_has_won_though_the_word_is_not_over() -> None:
    house = house_with()
    anna, bo = house.volunteer("anna"), house.volunteer("bo")
    house.waiting_caller()
    house.answers(house.ring_of(anna))
    house.answers(house.ring_of(bo))
    assert told(house, house.ring_of(bo)) == []
    assert LetGo in [type(each) for each in house.commands[-1:]]
    results = {fact.volunteer: fact.result for fact in house.said(RingEnded)}
    assert results == {bo: RingResult.WON_BY_OTHER}  # whether anna is heard is not known yet


def test_the_other_phones_ring_on_while_the_word_is_said() -> None:
    house = house_with()
    anna, bo = house.volunteer("anna"), house.volunteer("bo")
    call = house.waiting_caller()
    house.answers(house.ring_of(anna))
    assert not any(isinstance(each, LetGo) for each in house.commands)
    house.ring_gone(house.ring_of(anna))
    assert isinstance(house.call(call).phase, Waiting)
    house.answers(house.ring_of(bo))
    ended(house, told(house, house.ring_of(bo))[0].play)
    assert joins(house) == 1


def test_words_that_end_while_the_volunteer_hears_theirs_give_way_to_music() -> None:
    house = house_with()
    anna = house.volunteer("anna")
    call = house.caller()
    house.heard(call)
    house.answers(house.ring_of(anna))
    assert isinstance(house.call(call).phase, Joining)
    before = sum(isinstance(each, StartMusic) for each in house.commands)
    welcome = [each for each in house.commands if isinstance(each, Play)][-1]
    ended(house, welcome.play)
    assert sum(isinstance(each, StartMusic) for each in house.commands) == before + 1


@pytest.mark.parametrize("how", ["not heard", "no end", "refused", "timeout"])
def test_a_word_that_cannot_be_said_costs_nobody_the_talk(how: str) -> None:
    house = house_with()
    anna = house.volunteer("anna")
    house.waiting_caller()
    house.answers(house.ring_of(anna))
    (tell,) = told(house, house.ring_of(anna))
    if how == "not heard":
        ended(house, tell.play, heard=False)
    elif how == "no end":
        house.later(5.0)
    else:
        house.tell(CommandFailed(tell, Result(how), house.at))
    assert joins(house) == 1


def test_a_caller_who_goes_during_the_word_lets_the_volunteer_go() -> None:
    house = house_with()
    anna = house.volunteer("anna")
    call = house.waiting_caller()
    house.answers(house.ring_of(anna))
    house.hangs_up(call)
    assert any(isinstance(each, LetGo) for each in house.commands)
    assert joins(house) == 0


# ---------------------------------------------------------------- the key


def test_who_must_press_one_is_told_so_and_joined_when_they_do_without_another_word() -> None:
    house = house_with(accept_s=8.0)
    anna = house.volunteer("anna")
    call = house.waiting_caller()
    house.answers(house.ring_of(anna))
    (tell,) = told(house, house.ring_of(anna))
    assert tell.prompts[:2] == (WORD, PRESS_ONE)
    assert isinstance(house.call(call).phase, Waiting)
    press(house, anna, "1")
    assert joins(house) == 1
    assert len(told(house, house.ring_of(anna))) == 1


def test_a_wrong_key_hurts_nobody_and_the_right_one_still_counts() -> None:
    house = house_with(accept_s=8.0)
    anna = house.volunteer("anna")
    house.waiting_caller()
    house.answers(house.ring_of(anna))
    for digit in "2*#0":
        press(house, anna, digit)
    assert not any(isinstance(each, HangUp | LetGo | Join) for each in house.commands)
    press(house, anna, "1")
    assert joins(house) == 1


def test_a_voice_mail_that_presses_nothing_counts_as_not_answered_and_the_hunt_goes_on() -> None:
    house = house_with(accept_s=8.0, strategy=Strategy.LONGEST_IDLE)
    anna = house.volunteer("anna")
    house.later(1.0)
    bo = house.volunteer("bo")
    house.waiting_caller()
    house.answers(house.ring_of(anna))
    assert house.asked() == [anna]
    house.later(8.0)
    house.ring_gone(house.ring_of(anna))
    assert [fact.result for fact in house.said(RingEnded)] == [RingResult.NO_ANSWER]
    assert house.asked() == [anna, bo]
    assert house.person(anna).unanswered == 1


def test_a_voice_mail_does_not_keep_the_caller_from_a_person_who_picks_up_meanwhile() -> None:
    house = house_with(accept_s=8.0)
    anna, bo = house.volunteer("anna"), house.volunteer("bo")
    call = house.waiting_caller()
    house.answers(house.ring_of(anna))
    house.answers(house.ring_of(bo))
    press(house, bo, "1")
    house.joined(call)
    house.later(2.0)
    results = {fact.volunteer: fact.result for fact in house.said(RingEnded)}
    assert results == {anna: RingResult.WON_BY_OTHER, bo: RingResult.ANSWERED}
    press(house, anna, "1")
    assert joins(house) == 1


def test_who_hangs_up_instead_of_pressing_is_not_answering() -> None:
    house = house_with(accept_s=8.0)
    anna = house.volunteer("anna")
    call = house.waiting_caller()
    house.answers(house.ring_of(anna))
    house.ring_gone(house.ring_of(anna), Cause.NORMAL)
    assert [fact.result for fact in house.said(RingEnded)] == [RingResult.NO_ANSWER]
    assert isinstance(house.call(call).phase, Waiting)
