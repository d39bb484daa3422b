"""Which talks are watched and what is told of them, without Asterisk: samples are handed in with their own clock."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from ivr.core.ids import CallId, LineId, RingId, ring_id, talk_id
from ivr.core.news import News, PhoneDead, SoundBack, SoundLost, VolunteerHeard
from ivr.core.reasons import Loss, Side
from sip.ari.http import Address
from sip.ari.parties import Parties
from sip.ari.statistics import Counts, Statistics
from sip.ari.watcher import Talk, Watcher

AT = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
CHANNEL, ENDPOINT = "1.2", "anna"


class House:
    """One talk, and whatever is told of it. Nothing is asked: the watcher is not awake."""

    def __init__(self) -> None:
        self.told: list[News] = []
        parties = Parties(bytes(32))
        self.call = parties.learn(CHANNEL, LineId("line"))
        self.ring, self.talk_id = ring_id(self.call, 1), talk_id(self.call, 2)
        self.watcher = Watcher(
            Statistics(Address("127.0.0.1", 1, "user", "secret")),
            parties,
            self.told.append,
            lambda: AT,
            lambda _call, _ring: (False, False),
            None,
            lambda ring: f"{ring}d00000000",
            lambda _ring: ENDPOINT,
        )
        self.watcher.joined(self.talk_id, self.ring, at=100.0)
        self.came = self.went = 0
        self.at = 0.0

    @property
    def leg(self) -> str:
        return f"{self.ring}d00000000"

    @property
    def talk(self) -> Talk:
        return self.watcher._talks[self.talk_id]

    def goes_on(self, seconds: float, *, volunteer: bool = True) -> None:
        """Second by second; the caller sends all the time."""
        for _ in range(int(seconds)):
            self.at += 1.0
            self.came += 50
            self.went += 50 if volunteer else 0
            caller, leg = Counts(self.came, self.went), Counts(self.went, self.came)
            self.watcher._judge(self.talk, self.at, caller, leg)

    def signalling(self, status: str, endpoint: str = ENDPOINT) -> None:
        self.watcher.heard({"Event": "PeerStatus", "Peer": f"PJSIP/{endpoint}", "PeerStatus": status})


def kinds(house: House) -> list[type[News]]:
    return [type(news) for news in house.told]


def test_of_who_ends_while_nobody_looked_it_is_said_that_it_is_not_known_whether_they_were_heard() -> None:
    for channel in ("leg", "caller"):
        house = House()
        house.watcher.gone(house.leg if channel == "leg" else CHANNEL, at=104.0)
        assert house.told == [VolunteerHeard(house.talk_id, AT, known=False)]
        house.watcher.gone(CHANNEL, at=105.0)
        assert len(house.told) == 1


def test_who_was_together_for_a_moment_or_looked_at_just_before_was_not_heard() -> None:
    house = House()
    house.watcher.gone(house.leg, at=101.0)
    assert house.told == []
    house = House()
    house.goes_on(1, volunteer=False)
    house.watcher.gone(house.leg, at=time.time() + 1.0)
    assert house.told == []


def test_a_device_that_lost_the_race_ends_no_talk() -> None:
    house = House()
    house.watcher.gone(f"{house.ring}d11111111", at=104.0)
    assert house.told == []
    assert house.talk.ring == house.ring


def test_who_is_heard_is_told_so_and_what_ends_after_that_says_nothing() -> None:
    house = House()
    house.goes_on(5)
    house.watcher.gone(house.leg, at=time.time() + 100.0)
    assert kinds(house) == [VolunteerHeard]


def test_a_phone_is_dead_when_it_is_silent_and_does_not_answer_and_never_comes_back_after_that() -> None:
    house = House()
    house.goes_on(5)
    house.goes_on(4, volunteer=False)
    house.signalling("Unreachable")
    assert kinds(house) == [VolunteerHeard, SoundLost]
    house.goes_on(1, volunteer=False)
    assert house.told[-1] == PhoneDead(house.ring, AT)
    house.goes_on(5)
    assert kinds(house) == [VolunteerHeard, SoundLost, PhoneDead]


def test_a_phone_that_did_not_answer_already_when_it_fell_silent_is_dead_as_well() -> None:
    house = House()
    house.signalling("Unreachable")
    house.goes_on(5)
    house.goes_on(5, volunteer=False)
    assert kinds(house) == [VolunteerHeard, SoundLost, PhoneDead]


def test_one_sign_is_not_enough() -> None:
    house = House()
    house.goes_on(5)
    house.signalling("Unreachable")
    house.goes_on(5)
    house.signalling("Reachable")
    house.goes_on(6, volunteer=False)
    house.signalling("Unreachable", "bo")
    house.goes_on(6, volunteer=False)
    assert kinds(house) == [VolunteerHeard, SoundLost]


def test_a_phone_that_sounds_again_in_that_moment_is_back_and_not_dead() -> None:
    house = House()
    house.goes_on(5)
    house.goes_on(4, volunteer=False)
    house.signalling("Unreachable")
    house.goes_on(5)
    assert kinds(house) == [VolunteerHeard, SoundLost, SoundBack]


def test_after_a_standstill_nothing_is_said_of_the_time_before() -> None:
    house = House()
    house.goes_on(5)
    house.watcher._stood_still()
    house.at += 10.0
    house.goes_on(1, volunteer=False)
    assert kinds(house) == [VolunteerHeard]
    house.goes_on(3, volunteer=False)
    assert house.told[-1] == SoundLost(house.talk_id, Side.VOLUNTEER, Loss.ABSENT, AT)


def test_what_a_survey_finds_is_watched_and_what_it_does_not_find_is_forgotten() -> None:
    house = House()
    other, ring = CallId("1" * 20), RingId("1" * 20 + "-r1")
    found = talk_id(other, 7)
    house.watcher.surveyed({found: frozenset({other, ring})}, {ENDPOINT: False})
    assert list(house.watcher._talks) == [found]
    assert house.watcher._talks[found].adopted
