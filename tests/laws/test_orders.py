"""All orders of events, for small houses: no order breaks a law, and nothing is left when all is over.

Each case begins in the middle of things, so that the few events that are tried in every order are the interesting ones.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ivr.core import switchboard
from ivr.core.flow import Strategy
from ivr.core.hours import Service
from ivr.core.news import CallArrived, HandoverAsked, Joined, News, PlayEnded, RingAnswered
from tests.laws.explore import explore, walk
from tests.laws.generators import Setting, setting, settings_, small_settings
from tests.laws.world import Spare
from tests.rigs.share import whole_or

pytestmark = pytest.mark.scan

Fits = Callable[[News], bool]


def is_(kind: type[News]) -> Fits:
    return lambda news: isinstance(news, kind)


DEEPER = int(os.environ.get("VOICELINE_LAWS_DEEPER", "0"))
"""How many events more than usual: one more takes about five times as long, and is worth it now and then."""

ARRIVED = (is_(CallArrived),)
QUEUED = (*ARRIVED, is_(PlayEnded))
PICKED_UP = (*QUEUED, is_(RingAnswered))
TALKING = (*PICKED_UP, is_(Joined))


def to_night(news: News) -> bool:
    return isinstance(news, HandoverAsked) and news.service is Service.NIGHT


ONE_BY_ONE = setting(Strategy.LONGEST_IDLE)
NIGHT_NOW = setting(Strategy.LONGEST_IDLE, hours="night now")


@dataclass(frozen=True, slots=True)
class Case:
    name: str
    depth: int
    after: tuple[Fits, ...] = ()
    spare: Spare = Spare()  # noqa: RUF009 - frozen
    house: Setting = setting()  # noqa: RUF009 - frozen
    callers: int = 1
    whole: int = 0
    """So many events more in `make soak`: seconds, and one event less finds what is planted as well."""


CASES = (
    Case("from the first ring tone", 5),
    Case("two phones ring for one caller", 4, QUEUED),
    Case("two callers, two phones", 3, (*QUEUED, *QUEUED), callers=2),
    Case("two callers, phones one by one", 3, (*QUEUED, *QUEUED), house=ONE_BY_ONE, callers=2),
    Case("two lines share the volunteers", 3, (*QUEUED, *QUEUED), house=setting(lines=2), callers=2),
    Case("a command fails while one waits", 3, QUEUED, Spare(faults=1)),
    Case("a command fails while two are joined", 3, PICKED_UP, Spare(faults=1)),
    Case("news is told twice", 4, QUEUED, Spare(twice=2)),
    Case("news is told twice in a talk", 4, TALKING, Spare(twice=2)),
    Case("somebody in a talk is not heard, or holds", 3, TALKING, Spare(sounds=3), house=ONE_BY_ONE, whole=1),
    Case("nobody listened while somebody was not heard", 2, TALKING, Spare(sounds=2, outages=1), ONE_BY_ONE, whole=1),
    Case("volunteers come and go", 2, QUEUED, Spare(duty=2), house=ONE_BY_ONE, whole=1),
    Case("volunteers come and go in a talk", 2, TALKING, Spare(duty=1), whole=1),
    Case("the line is handed over by hand", 2, QUEUED, Spare(modes=1)),
    Case("the night line takes over by the clock", 3, QUEUED, house=setting(hours="night soon")),
    Case("the night line takes over while people come and go", 2, QUEUED, Spare(duty=2), NIGHT_NOW, whole=1),
    Case("the night line takes over in the greeting", 3, ARRIVED, Spare(duty=1), NIGHT_NOW, whole=1),
    Case("the night line takes over in a talk", 3, TALKING, Spare(duty=1), NIGHT_NOW),
    Case("a phone rings, and the night line takes over", 3, (*QUEUED, *QUEUED, to_night), Spare(modes=1), NIGHT_NOW, 2),
    Case("being joined while the night line takes over", 3, PICKED_UP, Spare(faults=1), NIGHT_NOW),
    Case("by hand and by the clock", 3, QUEUED, Spare(modes=2), NIGHT_NOW),
    Case("nobody listened while the night line took over", 3, QUEUED, Spare(outages=1), NIGHT_NOW),
    Case("into the last resort while the night line takes over", 3, QUEUED, Spare(falls=1), NIGHT_NOW),
    Case("other hours are published during a hand-over", 3, QUEUED, Spare(publishes=2), NIGHT_NOW),
    Case("the line closes while one waits", 3, QUEUED, house=setting(hours="closes soon"), whole=1),
    Case("the line is closed, or opened by hand", 4, (), Spare(modes=1), house=setting(hours="closed")),
    Case("a caller falls into the last resort out of the queue", 3, QUEUED, Spare(falls=2), whole=1),
    Case("one of two callers falls into the last resort", 3, (*QUEUED, *QUEUED), Spare(falls=1), callers=2),
    Case("a stranger comes back from the last resort before one who waits", 3, QUEUED, Spare(falls=1), callers=2),
    Case("a stranger comes back while nobody listens", 2, QUEUED, Spare(falls=1, outages=1), callers=2, whole=1),
    Case("a caller falls into the last resort while being joined", 3, PICKED_UP, Spare(falls=1)),
    Case("a caller falls into the last resort out of a talk", 3, TALKING, Spare(falls=1)),
    Case("a caller falls into the last resort while nobody listens", 2, QUEUED, Spare(falls=1, outages=1), whole=1),
    Case("answers by key begin and end in a talk", 3, TALKING, Spare(yes_no=3, faults=1), whole=1),
    Case("answers by key while a caller falls into the last resort", 3, TALKING, Spare(yes_no=2, falls=1)),
    Case("a menu", 4, ARRIVED, Spare(digits=2), house=setting(menu=True)),
)


OUTAGES = (
    Case("nobody listened for a while, in the queue", 3, QUEUED, Spare(outages=1)),
    Case("nobody listened for a while, while two are joined", 3, PICKED_UP, Spare(outages=1)),
    Case("nobody listened for a while, in a talk", 3, TALKING, Spare(outages=2)),
    Case("nobody listened for a while, with answers by key", 3, TALKING, Spare(outages=1, yes_no=2), whole=1),
)


@pytest.mark.parametrize("case", [*CASES, *OUTAGES], ids=lambda case: case.name)
def test_no_order_of_events_breaks_a_law(case: Case) -> None:
    explored = explore(
        switchboard.step,
        case.house,
        how_many_callers=case.callers,
        depth=case.depth + whole_or(0, case.whole) + DEEPER,
        spare=case.spare,
        after=case.after,
    )
    assert explored.places > 10 * case.depth, "the search saw next to nothing"


def test_a_caller_who_cannot_be_answered_breaks_no_law() -> None:
    explore(switchboard.step, setting(), how_many_callers=1, depth=2, spare=Spare(refusals=1), after=QUEUED)


@pytest.mark.parametrize(
    ("name", "house"), list(small_settings()), ids=lambda value: value if isinstance(value, str) else ""
)
def test_no_order_of_the_first_events_breaks_a_law_in_any_small_house(name: str, house: Setting) -> None:
    explore(switchboard.step, house, how_many_callers=2, depth=3)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(data=st.data(), house=settings_())
def test_no_long_walk_through_any_house_breaks_a_law(data: st.DataObject, house: Setting) -> None:
    walk(
        switchboard.step,
        house,
        lambda ways: ways[data.draw(st.integers(0, len(ways) - 1))],
        how_many_callers=3,
        length=25,
        spare=Spare(faults=1, twice=1, outages=1, duty=2, modes=1, digits=2, publishes=1, yes_no=3),
    )
