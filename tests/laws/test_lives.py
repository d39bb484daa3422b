"""The engine itself in virtual time: whole evenings, and a death at every single entry of the journal.

What must hold: every call has one outcome and every ring one end, in the log that was kept; nobody hears nothing for
longer than the outage and a second; nothing is left in the exchange.
"""

from __future__ import annotations

import pytest

from ivr.core.facts import CallEnded, CallJoined, HandoverBegan, HandoverDone, YesNoBegan
from ivr.core.feature import NO, YES
from ivr.core.hours import Service
from ivr.core.ids import VolunteerId
from ivr.core.reasons import Outcome
from tests.fakes.journal import Crash
from tests.fakes.phones import Answers, Behaviour, Busy, NeverAnswers
from tests.laws.evening import ON, Visit
from tests.laws.generators import CHILDREN, NAMES, NIGHT_SEAT, setting
from tests.laws.lives import Lives
from tests.laws.verdict import judge
from tests.rigs.share import every

pytestmark = pytest.mark.scan

ANNA, BO, *_ = NAMES
OUTAGE_S = 0.5
VISITS = (Visit(0.5, CHILDREN, 45.0), Visit(2.0, CHILDREN, 60.0), Visit(4.0, CHILDREN, 12.0))
PHONES = {ANNA: (Answers(4.0, hangs_up_after_s=15.0),), BO: (NeverAnswers(), Answers(3.0))}
LASTS_S = 120.0


def one(death: tuple[int, Crash] | None = None) -> Lives:
    lives = Lives(setting(volunteers=2), OUTAGE_S)
    if death is not None:
        lives.journal.crash(*death)
    lives.let(VISITS, PHONES, LASTS_S)
    return lives


def test_an_evening_without_trouble_is_whole() -> None:
    lives = one()
    judge(lives, OUTAGE_S + 1.0)
    assert lives.deaths == 0
    heard = [lives.exchange.told(call) for call in lives.exchange.floor.callers]
    assert any("person anna" in sounds for sounds in heard)


ENTRIES = one().journal.disk.entries


@pytest.mark.parametrize("how", [Crash.BEFORE, Crash.AFTER])
def test_a_death_at_any_entry_of_the_journal_costs_no_outcome_and_no_silence(how: Crash) -> None:
    for entry in every(3, range(4, ENTRIES + 1)):  # the first three make the house, before anybody called
        lives = one((entry, how))
        assert lives.deaths == 1, f"at entry {entry}"
        try:
            judge(lives, OUTAGE_S + 1.0)
        except AssertionError as broken:
            raise AssertionError(f"dying {how} entry {entry}: {broken}") from broken


# ---------------------------------------------------------------- around a hand-over

NORA = NIGHT_SEAT
EVENING = (Visit(44.0, CHILDREN, 60.0), Visit(46.0, CHILDREN, 70.0), Visit(59.0, CHILDREN, 40.0))
"""The hand-over is a minute after the beginning: two wait, and one hears the greeting."""
NIGHT_PHONES: dict[VolunteerId, tuple[Behaviour, ...]] = {
    ANNA: (NeverAnswers(),),
    NORA: (Answers(4.0, hangs_up_after_s=8.0),),
}


def evening(death: tuple[int, Crash] | None = None) -> Lives:
    lives = Lives(setting(volunteers=1, hours="night soon"), OUTAGE_S)
    if death is not None:
        lives.journal.crash(*death)
    lives.let(EVENING, NIGHT_PHONES, 180.0)
    return lives


def handed_over_once(lives: Lives) -> None:
    facts = lives.journal.disk.facts
    began = [fact for fact in facts if isinstance(fact, HandoverBegan)]
    done = [fact for fact in facts if isinstance(fact, HandoverDone)]
    assert [fact.service for fact in began] == [Service.NIGHT]
    assert [len(fact.carried) for fact in done] == [began[0].waiting]
    (line,) = lives.journal.disk.lines.values()
    assert line.service is Service.NIGHT
    joined = [fact for fact in facts if isinstance(fact, CallJoined)]
    assert {fact.volunteer for fact in joined} == {NORA}


def test_a_hand_over_is_made_once_and_all_who_wait_are_answered() -> None:
    lives = evening()
    judge(lives, OUTAGE_S + 1.0)
    handed_over_once(lives)
    assert len([fact for fact in lives.journal.disk.facts if isinstance(fact, CallJoined)]) == 3


EVENING_ENTRIES = evening().journal.disk.entries


@pytest.mark.parametrize("how", [Crash.BEFORE, Crash.AFTER])
def test_a_death_at_any_entry_of_a_hand_over_makes_it_neither_twice_nor_never(how: Crash) -> None:
    for entry in every(3, range(4, EVENING_ENTRIES + 1)):
        lives = evening((entry, how))
        assert lives.deaths == 1, f"at entry {entry}"
        try:
            judge(lives, OUTAGE_S + 1.0)
            handed_over_once(lives)
        except AssertionError as broken:
            raise AssertionError(f"dying {how} entry {entry}: {broken}") from broken


def test_an_entry_that_cannot_be_written_stops_no_call() -> None:
    lives = one((12, Crash.REFUSE))
    assert lives.deaths == 0
    assert lives.exchange.left_in_silence() == {}
    alive = lives.exchange.look()
    assert (alive.calls, alive.rings, alive.talks) == ({}, frozenset(), {})


# ---------------------------------------------------------------- around answers by key


def wordless(death: tuple[int, Crash] | None = None) -> Lives:
    """A caller who does not speak; the volunteer lets them answer with keys, and long after that they do."""
    lives = Lives(setting(volunteers=1), OUTAGE_S)
    if death is not None:
        lives.journal.crash(*death)
    lives.let((Visit(0.5, CHILDREN, 50.0, ((45.0, "1"), (46.0, "2"))),), {ANNA: (Answers(1.0, presses=ON),)}, 80.0)
    return lives


def heard_by_the_volunteer(lives: Lives) -> list[str]:
    floor = lives.exchange.floor
    return [sound for leg in floor.legs.values() for sound in lives.exchange.told(leg.id)]


WORDLESS_ENTRIES = wordless().journal.disk.entries


@pytest.mark.parametrize("how", [Crash.BEFORE, Crash.AFTER])
def test_a_death_at_any_entry_leaves_answers_by_key_as_they_were(how: Crash) -> None:
    began = 0
    for entry in range(4, WORDLESS_ENTRIES + 1):
        lives = wordless((entry, how))
        judge(lives, OUTAGE_S + 1.0)
        on = any(isinstance(fact, YesNoBegan) for fact in lives.journal.disk.facts)
        heard = heard_by_the_volunteer(lives)
        answers = [f"prompt {word}" for word in (YES, NO)] if on else []
        assert [each for each in heard if each in ("prompt frivillig-ja", "prompt frivillig-nej")] == answers, entry
        began += on
    assert began > WORDLESS_ENTRIES / 2, "a code that is pressed in the outage itself is lost, and no other"


# ---------------------------------------------------------------- a partner who does not take the first at once


def at_a_partners(death: tuple[int, Crash] | None = None) -> Lives:
    """Busy at first, then gone in the very second, then there."""
    phones: dict[VolunteerId, tuple[Behaviour, ...]] = {
        ANNA: (NeverAnswers(),),
        NIGHT_SEAT: (Busy(), Answers(3.0, hangs_up_after_s=0.5), Answers(2.0, hangs_up_after_s=9.0)),
    }
    visits = (Visit(44.0, CHILDREN, 90.0), Visit(46.0, CHILDREN, 110.0), Visit(59.0, CHILDREN, 100.0))
    lives = Lives(setting(volunteers=1, hours="night soon"), OUTAGE_S)
    if death is not None:
        lives.journal.crash(*death)
    lives.let(visits, phones, 240.0)
    return lives


PARTNERS_ENTRIES = at_a_partners().journal.disk.entries


@pytest.mark.parametrize("how", [Crash.BEFORE, Crash.AFTER])
def test_a_death_at_any_entry_of_a_partners_night_costs_no_outcome_and_no_silence(how: Crash) -> None:
    for entry in every(3, range(4, PARTNERS_ENTRIES + 1)):
        lives = at_a_partners((entry, how))
        assert lives.deaths == 1, f"at entry {entry}"
        try:
            judge(lives, OUTAGE_S + 1.0)
            ended = [fact.outcome for fact in lives.journal.disk.facts if isinstance(fact, CallEnded)]
            assert ended.count(Outcome.HANDED_OVER) >= 2, ended
        except AssertionError as broken:
            raise AssertionError(f"dying {how} entry {entry}: {broken}") from broken
