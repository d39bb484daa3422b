"""Every 67th fuse: deaths and freezes in all phases of a call (all of them: `python -m tests.crash.fuses`)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.crash.fuses import SCENES, Scene, burn, steps_of
from tests.fakes.journal import FakeJournal
from tests.rigs.share import whole_or

pytestmark = pytest.mark.scan

EVERY = whole_or(67, 31)


def name_of(scene: Scene) -> str:
    return scene.name.replace(" ", "-")


@pytest.mark.parametrize("scene", SCENES, ids=name_of)
@pytest.mark.parametrize("freezes", [False, True], ids=["killed", "frozen for ten seconds"])
@pytest.mark.parametrize("late", [False, True], ids=["written at once", "written late"])
def test_no_call_is_lost_doubled_or_left_in_silence_wherever_the_controller_is(
    scene: Scene, freezes: bool, late: bool
) -> None:
    first = 1 + SCENES.index(scene) * 7 + 3 * late + 11 * freezes  # not the same steps everywhere
    broken = [burnt for burnt in burn(scene, late, freezes, range(first, steps_of(scene, late), EVERY)) if burnt.broken]
    assert broken == []


def anything_broken(freezes: bool) -> bool:
    found = burn(SCENES[0], late=False, freezes=freezes, fuses=range(1, steps_of(SCENES[0], False), EVERY))
    return any(burnt.broken for burnt in found)


def test_the_fuses_find_a_controller_that_takes_up_nothing_after_a_freeze(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ivr.core.adopt.take_up", lambda desk, call, news: None)
    assert anything_broken(freezes=True)


def test_the_fuses_find_a_controller_that_remembers_no_calls_after_a_death(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = FakeJournal.load
    monkeypatch.setattr("tests.fakes.journal.FakeJournal.load", lambda self: replace(whole(self), calls=()))
    assert anything_broken(freezes=False)
