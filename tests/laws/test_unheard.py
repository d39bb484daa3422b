"""Evenings with phones that carry no sound: the laws hold, and find a house that forgets the child."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ivr.core import sound, switchboard, talking, walk
from ivr.core.facts import CallAnswered, CallEnded, CallRequeued, Fact
from ivr.core.ids import VolunteerId
from ivr.core.reasons import EndedBy, Heard, Outcome
from ivr.core.state import Joining, Talking
from ivr.core.turn import Turn
from tests.fakes.phones import Answers, Behaviour, NeverAnswers, Sends
from tests.laws.evening import Evening, Visit
from tests.laws.generators import CHILDREN, NAMES, setting
from tests.laws.trace import LawBroken

Sent = tuple[tuple[float, Sends], ...]
NO_MICROPHONE: Sent = ((0.0, Sends.NOTHING),)
MOVED: Sent = ((6.0, Sends.ASTRAY),)
FOREIGN: Sent = ((6.0, Sends.FOREIGN),)
MUTED: Sent = ((6.0, Sends.NOTHING), (20.0, Sends.SOUND))
HELD: Sent = ((6.0, Sends.HOLDS), (20.0, Sends.SOUND))


def an_evening(sends: Sent, mends: bool = False) -> Evening:
    """A child who stays for two minutes, and anna, whose phone does this; bo never picks up."""
    evening = Evening(switchboard.step, setting(volunteers=2, max_wait_s=None))
    phones: dict[VolunteerId, tuple[Behaviour, ...]] = {
        NAMES[0]: (Answers(3.0, sends=sends, mends=mends),),
        NAMES[1]: (NeverAnswers(),),
    }
    evening.let([Visit(0.0, CHILDREN, 120.0)], phones)
    return evening


def said(evening: Evening) -> list[Fact]:
    return [fact for moment in evening.trace for fact in moment.facts]


@pytest.mark.parametrize(
    ("sends", "mends", "outcome"),
    [
        (NO_MICROPHONE, False, Outcome.ABANDONED),
        (FOREIGN, False, Outcome.ANSWERED),
        (FOREIGN, True, Outcome.ANSWERED),
        (MOVED, False, Outcome.ANSWERED),
        (MOVED, True, Outcome.ANSWERED),
        (MUTED, False, Outcome.ANSWERED),
        (HELD, False, Outcome.ANSWERED),
    ],
)
def test_the_child_is_never_left_without_sound_and_never_hung_up_on(sends: Sent, mends: bool, outcome: Outcome) -> None:
    evening = an_evening(sends, mends)
    evening.judge()
    (ended,) = [fact for fact in said(evening) if isinstance(fact, CallEnded)]
    assert ended.outcome is outcome
    assert ended.heard is (Heard.YES if outcome is Outcome.ANSWERED else Heard.NO)
    requeued = any(isinstance(fact, CallRequeued) for fact in said(evening))
    assert requeued is (sends in (NO_MICROPHONE, FOREIGN) and not mends)


Plant = Callable[[pytest.MonkeyPatch], None]


def nobody_is_covered(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(sound, "on_volunteer_unheard", lambda *_: None)


def nobody_is_given_up(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(sound, "is_given_up", lambda *_: False)


def who_is_not_heard_pays(patch: pytest.MonkeyPatch) -> None:
    """As it was: back to the queue twice, then the words of those who waited too long."""

    def requeue(turn: Turn, *_: object) -> None:
        walk.apologise(turn)

    patch.setattr(talking, "requeue", requeue)


def joined_is_answered(patch: pytest.MonkeyPatch) -> None:
    begin = sound.begin

    def at_once(turn: Turn, phase: Talking) -> None:
        begin(turn, phase)
        sound.stand(turn, phase, Heard.YES)

    patch.setattr(sound, "begin", at_once)


def silence_is_the_end(patch: pytest.MonkeyPatch) -> None:
    def give_up(turn: Turn, phase: Talking | Joining) -> None:
        walk.hang_up(turn, EndedBy.SYSTEM)

    patch.setattr(talking, "give_up", give_up)


@pytest.mark.parametrize(
    "plant",
    [nobody_is_covered, nobody_is_given_up, who_is_not_heard_pays, joined_is_answered, silence_is_the_end],
    ids=lambda plant: str(plant.__name__),
)
def test_the_laws_find_a_house_that_forgets_the_child(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(monkeypatch)
    with pytest.raises(LawBroken):
        an_evening(NO_MICROPHONE).judge()


def test_the_good_evening_has_an_answered_call() -> None:
    assert any(isinstance(fact, CallAnswered) for fact in said(an_evening(())))
