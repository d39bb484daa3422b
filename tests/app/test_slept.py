"""A controller that stood still rings nobody before it has seen what lives."""

from __future__ import annotations

from typing import Any

import pytest

from ivr.app.engine import Engine
from ivr.core import switchboard
from ivr.core.decision import Decision
from ivr.core.ids import VolunteerId
from ivr.core.news import News, Surveyed, VolunteerReachable
from ivr.core.state import House
from tests.fakes.clock import VirtualClock
from tests.fakes.exchange import FakeExchange
from tests.fakes.journal import FakeJournal
from tests.fakes.loop import run
from tests.fakes.vigil import no_leases


class Office:
    mine = True

    def may_i(self) -> bool:
        return self.mine

    def noticed(self) -> None: ...

    async def renew(self) -> None: ...

    def ours(self) -> bool | None:
        return True


def test_nobody_is_rung_between_a_freeze_and_the_survey_after_it(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, office, hunted = VirtualClock(), Office(), list[tuple[type[News], bool]]()
    step = switchboard.step

    def spy(house: House, news: News, *, hunting: bool = True) -> Decision:
        hunted.append((type(news), hunting))
        return step(house, news, hunting=hunting)

    monkeypatch.setattr(switchboard, "step", spy)

    async def main() -> None:
        def nothing(_news: Any) -> None: ...

        engine = Engine(FakeJournal(clock=clock), FakeExchange(clock, nothing), clock, no_leases, office)
        news = VolunteerReachable(VolunteerId("anna"), clock.now())
        await engine.connected()
        engine.take(news)
        office.mine = False
        engine.take(news)
        office.mine = True
        engine.take(news)
        await engine.connected()
        engine.take(news)

    run(main(), clock)
    assert [hunting for _kind, hunting in hunted] == [True, True, False, False, True, True]
    assert hunted[-2][0] is Surveyed
