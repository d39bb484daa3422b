"""The legs of a ring: whatever order devices' words come in, the core hears of one ring."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import permutations

import pytest

from ivr.core.ids import CallId, RingId, ring_id
from ivr.core.news import Cause, News, Result, RingAlerting, RingAnswered, RingGone, RingPressed
from sip.ari.legs import RingLegs, is_of, leg_of
from sip.ari.parties import ring_of

AT = datetime(2026, 12, 1, 20, 0, tzinfo=UTC)
RING = ring_id(CallId("0123456789abcdef0123"), 2)
DEVICES = ("anna", "anna~hjem", "anna~mobil")
OFFICE, HOME, MOBILE = (leg_of(RING, name) for name in DEVICES)


@dataclass
class Phones:
    """The devices of one volunteer, as Asterisk tells of them: who is let go ends a moment later."""

    stopped: list[str] = field(default_factory=list)
    told: list[News] = field(default_factory=list)
    legs: RingLegs = field(init=False)

    def __post_init__(self) -> None:
        self.legs = RingLegs(self.told.append, self.stopped.append, lambda: AT)
        self.legs.survey((), (), (), ())

    def rung(self, *endpoints: str) -> Phones:
        channels = self.legs.ask(RING, endpoints or DEVICES)
        assert self.legs.asked(RING, dict.fromkeys(channels, Result.DONE)) is Result.DONE
        return self

    def hear(self, channel: str, news: News) -> None:
        summed = self.legs.sum_up(channel, news)
        if summed is not None:
            self.told.append(summed)

    def alerts(self, *channels: str) -> Phones:
        for channel in channels:
            self.hear(channel, RingAlerting(RING, AT))
        return self

    def answers(self, channel: str) -> Phones:
        self.hear(channel, RingAnswered(RING, AT))
        return self

    def ends(self, channel: str, cause: Cause) -> Phones:
        self.hear(channel, RingGone(RING, cause, AT))
        return self

    def of(self, kind: type[News]) -> list[News]:
        return [news for news in self.told if isinstance(news, kind)]

    @property
    def cause(self) -> Cause | None:
        ends = [news.cause for news in self.told if isinstance(news, RingGone)]
        assert len(ends) <= 1
        return ends[0] if ends else None


def test_a_legs_name_says_whose_it_is_and_none_is_how_another_begins() -> None:
    assert {ring_of(leg) for leg in (OFFICE, HOME, MOBILE)} == {RING}
    assert len({len(leg) for leg in (OFFICE, HOME, MOBILE)}) == 1
    assert [is_of(HOME, name) for name in DEVICES] == [False, True, False]
    assert ring_of(RING) == RING, "an older version named the channel after the ring alone"


def test_all_ring_and_the_ring_alerts_once() -> None:
    assert Phones().rung().alerts(OFFICE, HOME, HOME).told == [RingAlerting(RING, AT)]


def test_the_first_answer_wins_and_the_others_are_let_go() -> None:
    phones = Phones().rung().alerts(OFFICE, HOME).answers(HOME)
    assert phones.stopped == [OFFICE, MOBILE]
    assert phones.legs.channel(RING) == HOME
    phones.answers(OFFICE)
    assert phones.of(RingAnswered) == [RingAnswered(RING, AT)]
    assert phones.stopped[2:] == [OFFICE], "never left in silence"


def test_a_ring_that_was_answered_ends_with_the_device_it_was_answered_on() -> None:
    phones = Phones().rung().answers(HOME).ends(OFFICE, Cause.ELSEWHERE)
    assert phones.cause is None
    phones.ends(HOME, Cause.MEDIA_LOST).ends(MOBILE, Cause.ELSEWHERE)
    assert phones.cause is Cause.MEDIA_LOST


def test_keys_count_on_the_device_that_was_answered() -> None:
    phones = Phones().rung().answers(HOME)
    phones.hear(MOBILE, RingPressed(RING, "1", AT))
    phones.hear(HOME, RingPressed(RING, "2", AT))
    assert phones.of(RingPressed) == [RingPressed(RING, "2", AT)]


@pytest.mark.parametrize(("cause", "rang"), [(Cause.DECLINED, True), (Cause.DECLINED, False), (Cause.BUSY, True)])
def test_a_person_who_declines_on_one_device_declines_on_all(cause: Cause, rang: bool) -> None:
    phones = Phones().rung().alerts(*((OFFICE,) if rang else ())).ends(OFFICE, cause)
    assert phones.stopped == [HOME, MOBILE]
    assert phones.cause is None, "the same phone is not rung twice at once"
    phones.ends(HOME, Cause.ELSEWHERE).answers(MOBILE)
    assert phones.of(RingAnswered) == []
    assert phones.stopped[2:] == [MOBILE]
    assert phones.ends(MOBILE, Cause.ELSEWHERE).cause is cause


FAILURES = [Cause.UNREACHABLE, Cause.FAILED, Cause.NO_ANSWER, Cause.MEDIA_LOST, Cause.BUSY, Cause.NORMAL]


@pytest.mark.parametrize("cause", FAILURES)
def test_a_device_that_fails_takes_only_itself_away(cause: Cause) -> None:
    phones = Phones().rung().ends(OFFICE, cause)
    assert (phones.stopped, phones.told) == ([], [])
    assert phones.alerts(HOME).answers(HOME).of(RingAnswered) == [RingAnswered(RING, AT)]


@pytest.mark.parametrize(
    ("causes", "sums_up"),
    [
        ((Cause.UNREACHABLE, Cause.FAILED, Cause.NO_ANSWER), Cause.NO_ANSWER),
        ((Cause.UNREACHABLE, Cause.FAILED, Cause.UNREACHABLE), Cause.FAILED),
        ((Cause.BUSY, Cause.FAILED, Cause.NO_ANSWER), Cause.BUSY),
    ],
)
def test_when_all_have_ended_the_cause_that_says_most_is_told(causes: tuple[Cause, ...], sums_up: Cause) -> None:
    for order in permutations(zip((OFFICE, HOME, MOBILE), causes, strict=True)):
        phones = Phones().rung()
        for channel, cause in order:
            phones.ends(channel, cause)
        assert phones.cause is sums_up


def test_a_ring_that_is_let_go_is_so_on_all_devices_and_nobody_can_have_it_any_more() -> None:
    phones = Phones().rung().alerts(HOME)
    assert phones.legs.stop(RING) == (OFFICE, HOME, MOBILE)
    phones.answers(HOME)
    assert (phones.of(RingAnswered), phones.stopped) == ([], [HOME])


# ---------------------------------------------------------------- while it is being asked for


def test_no_device_that_can_be_rung_is_a_refusal_and_no_news() -> None:
    phones = Phones()
    channels = phones.legs.ask(RING, DEVICES[:2])
    assert phones.legs.asked(RING, dict.fromkeys(channels, Result.REFUSED)) is Result.REFUSED
    assert phones.told == []
    assert phones.legs.channels(RING) == ()


def test_one_device_that_rings_is_enough() -> None:
    phones = Phones()
    phones.legs.ask(RING, DEVICES)
    answers = {OFFICE: Result.REFUSED, HOME: Result.DONE, MOBILE: Result.REFUSED}
    assert phones.legs.asked(RING, answers) is Result.DONE
    assert phones.ends(HOME, Cause.NO_ANSWER).cause is Cause.NO_ANSWER


def test_who_declined_before_the_last_device_had_been_asked_is_not_rung_on_it() -> None:
    phones = Phones()
    phones.legs.ask(RING, DEVICES[:2])
    phones.ends(OFFICE, Cause.DECLINED)
    phones.stopped.clear()  # it was not there yet
    assert phones.legs.asked(RING, {OFFICE: Result.DONE, HOME: Result.DONE}) is Result.DONE
    assert HOME in phones.stopped
    assert phones.ends(HOME, Cause.ELSEWHERE).cause is Cause.DECLINED


def test_who_declined_on_the_only_device_that_could_be_asked_is_told_of_once() -> None:
    phones = Phones()
    phones.legs.ask(RING, DEVICES[:2])
    phones.ends(OFFICE, Cause.DECLINED)
    assert phones.legs.asked(RING, {OFFICE: Result.DONE, HOME: Result.REFUSED}) is Result.DONE
    assert phones.cause is Cause.DECLINED


# ---------------------------------------------------------------- after a restart


def after_restart() -> Phones:
    """Another controller, which has not looked yet."""
    phones = Phones()
    phones.legs = RingLegs(phones.told.append, phones.stopped.append, lambda: AT)
    return phones


def test_of_two_who_picked_up_while_nobody_listened_always_the_same_one_has_the_ring() -> None:
    for order in permutations((OFFICE, HOME, MOBILE)):
        phones = after_restart()
        assert phones.legs.survey(order, {MOBILE}, {OFFICE, HOME}, ()) == (frozenset({RING}), frozenset({RING}))
        winner = phones.legs.channel(RING)
        assert winner == min(OFFICE, HOME)
        assert sorted(phones.stopped) == sorted({OFFICE, HOME, MOBILE} - {winner})


def test_who_is_in_a_talk_already_has_the_ring() -> None:
    for joined in (OFFICE, HOME):
        phones = after_restart()
        phones.legs.survey((OFFICE, HOME), (), {OFFICE, HOME}, {joined})
        assert phones.legs.channel(RING) == joined


def test_an_end_that_is_heard_before_the_survey_does_not_end_what_still_rings() -> None:
    phones = after_restart().ends(OFFICE, Cause.NO_ANSWER)
    assert phones.told == []
    assert phones.legs.survey((HOME,), {HOME}, (), ()) == (frozenset({RING}), frozenset())
    assert phones.ends(HOME, Cause.FAILED).cause is Cause.NO_ANSWER


def test_the_last_end_that_is_heard_before_the_survey_is_told_after_it() -> None:
    phones = after_restart().ends(OFFICE, Cause.DECLINED).ends(HOME, Cause.ELSEWHERE)
    assert phones.legs.survey((), (), (), ()) == (frozenset(), frozenset())
    assert phones.cause is Cause.DECLINED


def test_who_declined_before_the_survey_is_not_rung_on_the_other_devices_after_it() -> None:
    phones = after_restart().ends(OFFICE, Cause.DECLINED)
    phones.legs.survey((HOME,), {HOME}, (), ())
    assert phones.stopped == [HOME]
    assert phones.ends(HOME, Cause.ELSEWHERE).cause is Cause.DECLINED


def test_a_ring_whose_winner_is_gone_is_gone_whatever_else_still_rings() -> None:
    phones = Phones().rung().answers(HOME)
    phones.stopped.clear()
    assert phones.legs.survey((OFFICE,), {OFFICE}, (), ()) == (frozenset(), frozenset())
    assert phones.stopped == [OFFICE]


# ---------------------------------------------------------------- every order

Word = tuple[str, str]
STORIES: dict[str, tuple[str, ...]] = {
    "answers": ("alerts", "answers", "hangs up"),
    "answers at once": ("answers", "hangs up"),
    "declines": ("alerts", "declines"),
    "is busy": ("busy",),
    "is not there": ("unreachable",),
    "nobody comes": ("alerts", "no answer"),
}
CAUSES = {
    "hangs up": Cause.NORMAL,
    "declines": Cause.DECLINED,
    "busy": Cause.BUSY,
    "unreachable": Cause.UNREACHABLE,
    "no answer": Cause.NO_ANSWER,
}


def woven(stories: dict[str, tuple[str, ...]]) -> Iterator[tuple[Word, ...]]:
    """Every order in which the devices' words can come, each device's own in their order."""
    left = {channel: words for channel, words in stories.items() if words}
    if not left:
        yield ()
    for channel, words in left.items():
        for rest in woven({**left, channel: words[1:]}):
            yield ((channel, words[0]), *rest)


@pytest.mark.parametrize("office", STORIES)
@pytest.mark.parametrize("home", STORIES)
@pytest.mark.parametrize("mobile", ["answers", "nobody comes"])
def test_in_every_order_a_ring_alerts_and_is_answered_at_most_once_and_ends_once(
    office: str, home: str, mobile: str
) -> None:
    stories = {OFFICE: STORIES[office], HOME: STORIES[home], MOBILE: STORIES[mobile]}
    for order in woven(stories):
        phones, living = Phones().rung(), {OFFICE, HOME, MOBILE}
        for channel, word in order:
            if channel not in living:
                continue
            say(phones, channel, word)
            living -= {channel} if word in CAUSES else set()
            for stopped in set(phones.stopped) & living - {phones.legs.channel(RING)}:
                living.discard(stopped)
                phones.ends(stopped, Cause.ELSEWHERE)
        kinds = [type(news) for news in phones.told]
        assert kinds.count(RingAlerting) <= 1, order
        assert kinds.count(RingAnswered) <= 1, order
        assert kinds.count(RingGone) == 1, order
        assert kinds[-1] is RingGone, order
        assert not phones.legs._rings, order


def say(phones: Phones, channel: str, word: str) -> None:
    if word == "alerts":
        phones.alerts(channel)
    elif word == "answers":
        phones.answers(channel)
    else:
        phones.ends(channel, CAUSES[word])


def test_a_ring_that_nobody_knows_and_that_ends_is_told_of() -> None:
    """An earlier controller's last words: asked for while we were looking."""
    other = RingId(RING.replace("-r000002", "-r000007"))
    phones = Phones()
    assert phones.legs.sum_up(leg_of(other, "anna"), RingGone(other, Cause.BUSY, AT)) == RingGone(other, Cause.BUSY, AT)
