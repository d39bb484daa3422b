"""Leases: who may be left to us for how long, and that telling it costs little."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from ivr.app.vigil import Vigil
from ivr.core.ids import LineId, StepName
from ivr.core.lease import BRIEF, LONG, NEVER, Renewal, lease, reached
from ivr.core.news import Reached
from ivr.core.reasons import Outcome
from ivr.core.state import Call, CallPhase, Hearing, Joining, Leaving, Over, Sheltered, Talking, Waiting
from tests.contract.samples import AT, CALL_PHASES, LATER
from tests.contract.samples import CALL as ID


def call(phase: object, **more: object) -> Call:
    return Call(ID, LineId("bornetelefonen"), AT, phase, Outcome.ABANDONED, **more)  # type: ignore[arg-type]


def test_whoever_hears_music_may_be_left_for_long_and_whoever_hears_words_only_briefly() -> None:
    for phase in CALL_PHASES:
        if isinstance(phase, Waiting):
            assert lease(phase) == (LONG if phase.speaking is None else BRIEF)
        elif isinstance(phase, Hearing):
            assert lease(phase) == BRIEF


def test_a_talk_is_free_of_leases_and_whoever_is_joined_leaves_or_is_gone_is_left_alone() -> None:
    for phase in CALL_PHASES:
        if isinstance(phase, Talking):
            assert lease(phase) == NEVER
        elif isinstance(phase, Joining | Leaving | Sheltered | Over):
            assert lease(phase) is None


def test_nobody_who_was_let_in_or_greeted_is_greeted_again() -> None:
    hearing = next(phase for phase in CALL_PHASES if isinstance(phase, Hearing))
    assert reached(call(hearing, counter=1)) is Reached.NEW
    assert reached(call(hearing, counter=2)) is Reached.GREETED
    assert reached(call(Sheltered(StepName("queue")), queued_at=LATER)) is Reached.LET_IN


class Bench:
    def __init__(self, *calls: Call) -> None:
        self.calls, self.now, self.beats = calls, 0.0, 0
        self.told: list[Renewal] = []
        self.vigil = Vigil(lambda: self.calls, self._beat, self._renew, lambda: self.now)

    def _beat(self) -> None:
        self.beats += 1

    def _renew(self, renewals: Sequence[Renewal]) -> None:
        self.told += renewals

    def pass_s(self, seconds: float) -> list[Renewal]:
        self.told = []
        end = self.now + seconds
        while self.now < end:
            self.now += 0.25
            self.vigil.tick()
        return self.told


MUSIC = next(phase for phase in CALL_PHASES if isinstance(phase, Waiting) and phase.speaking is None)
WORDS = next(phase for phase in CALL_PHASES if isinstance(phase, Hearing))


def test_a_lease_is_told_well_before_it_ends_and_no_oftener_than_needed() -> None:
    bench = Bench(call(MUSIC), call(WORDS))
    bench.calls = (call(MUSIC),)
    bench.vigil.begin()
    assert len(bench.pass_s(12.0)) == 4
    bench.calls = (call(WORDS),)
    assert len(bench.pass_s(4.0)) == 4


def test_a_change_of_phase_is_told_at_once_and_a_join_is_not_told_over() -> None:
    bench = Bench(call(MUSIC))
    bench.vigil.begin()
    joining = next(phase for phase in CALL_PHASES if isinstance(phase, Joining))
    bench.calls = (call(joining),)
    assert [each.lasts_s for each in bench.pass_s(0.25)] == [None]
    assert bench.pass_s(10.0) == []
    bench.calls = (call(WORDS),)
    assert [each.lasts_s for each in bench.pass_s(0.25)] == [3]


def test_the_beat_comes_every_second() -> None:
    bench = Bench()
    bench.vigil.begin()
    bench.pass_s(10.0)
    assert 10 <= bench.beats <= 11


def test_a_lease_that_gets_shorter_is_told_before_the_next_tick_and_only_then() -> None:
    """Words that begin right before a freeze must not be followed by silence for as long as music may go on."""
    bench = Bench(call(MUSIC))
    bench.vigil.begin()
    bench.told = []
    bench.vigil.changed((call(WORDS),))
    assert [each.lasts_s for each in bench.told] == [3]
    bench.told = []
    bench.vigil.changed((call(WORDS),))
    bench.vigil.changed((call(MUSIC),))
    assert bench.told == [], "longer can wait for the tick"
    bench.calls = (call(MUSIC),)
    assert [each.lasts_s for each in bench.pass_s(0.25)] == [12]


@pytest.mark.parametrize("before", [phase for phase in CALL_PHASES if isinstance(phase, Talking | Joining)])
@pytest.mark.parametrize("now", [WORDS, MUSIC])
def test_who_comes_back_from_a_talk_has_a_lease_at_once(before: CallPhase, now: CallPhase) -> None:
    bench = Bench(call(before))
    bench.vigil.begin()
    bench.told = []
    bench.vigil.changed((call(now),))
    assert [each.lasts_s for each in bench.told] == [3 if now is WORDS else 12]


def test_nothing_is_told_while_the_exchange_is_away_or_of_a_call_it_does_not_know_yet() -> None:
    bench = Bench(call(MUSIC))
    bench.vigil.changed((call(WORDS),))
    bench.calls = ()
    bench.vigil.begin()
    bench.vigil.changed((call(WORDS),))
    assert bench.told == []
