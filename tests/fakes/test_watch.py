"""The fake exchange's watch of sound, second by second. (That the real one does the same is in `tests/contract`.)"""

from __future__ import annotations

import pytest

from ivr.core.commands import Cover, EndTalk, Join, LetGo, LetGoReason, Refresh, StartMusic, Uncover
from ivr.core.ids import PromptId, TalkId, talk_id
from ivr.core.news import News, PhoneDead, Result, RingGone, SideHeld, SoundBack, SoundLost, VolunteerHeard
from tests.fakes.hearing import Kind
from tests.fakes.phones import Answers, Sends
from tests.fakes.test_exchange import Bench

WATCHED = (VolunteerHeard, SoundLost, SoundBack, SideHeld, PhoneDead)


class Talk:
    """Two are joined, and so many seconds have gone by."""

    def __init__(self, behaviour: Answers, seconds: float) -> None:
        self.bench = Bench()
        self.call, self.ring = self.bench.joined(behaviour)
        self.began = self.bench.clock.now()
        self.bench.clock.advance(seconds)

    @property
    def talk(self) -> TalkId:
        return talk_id(self.call, 2)

    def told(self) -> list[tuple[str, float]]:
        """What the watch said, and when, in tenths of seconds since the two were joined."""
        return [
            (word(news), round((news.at - self.began).total_seconds(), 1))
            for news in self.bench.news
            if isinstance(news, WATCHED)
        ]


def word(news: News) -> str:
    match news:
        case SoundLost():
            return f"{news.side} {news.loss}"
        case SoundBack():
            return f"{news.side} back"
        case SideHeld():
            return f"{news.side} {'holds' if news.held else 'resumes'}"
        case _:
            return type(news).__name__


def test_a_volunteer_is_heard_once_their_sound_has_gone_out_for_one_and_a_half_seconds_in_sum() -> None:
    assert Talk(Answers(0.5), 30).told() == [("VolunteerHeard", 1.5)]
    pauses = ((1.0, Sends.NOTHING), (2.0, Sends.SOUND))
    assert Talk(Answers(0.5, sends=pauses), 30).told() == [("VolunteerHeard", 2.5)]


@pytest.mark.parametrize(
    ("sends", "told"),
    [
        (((0.0, Sends.NOTHING),), [("volunteer never", 2.0)]),
        (((0.0, Sends.FOREIGN),), [("volunteer dropped", 2.0)]),
        (((5.0, Sends.ASTRAY),), [("VolunteerHeard", 1.5), ("volunteer absent", 7.0)]),
        (((5.0, Sends.NOTHING),), [("VolunteerHeard", 1.5), ("volunteer absent", 7.0)]),
        (
            ((5.0, Sends.NOTHING), (10.0, Sends.SOUND)),
            [("VolunteerHeard", 1.5), ("volunteer absent", 7.0), ("volunteer back", 10.1)],
        ),
        (
            ((5.0, Sends.NOTHING), (10.0, Sends.FOREIGN)),
            [("VolunteerHeard", 1.5), ("volunteer absent", 7.0), ("volunteer dropped", 12.0)],
        ),
        (((5.0, Sends.NOTHING), (6.5, Sends.SOUND)), [("VolunteerHeard", 1.5)]),
        (
            ((5.0, Sends.HOLDS), (30.0, Sends.SOUND)),
            [("VolunteerHeard", 1.5), ("volunteer holds", 5.0), ("volunteer resumes", 30.0)],
        ),
    ],
)
def test_a_loss_is_told_after_two_seconds_and_its_end_at_once_and_a_hold_is_none(
    sends: tuple[tuple[float, Sends], ...], told: list[tuple[str, float]]
) -> None:
    assert Talk(Answers(0.5, sends=sends), 60).told() == told


def test_a_callers_silence_is_told_like_a_volunteers() -> None:
    talk = Talk(Answers(0.5), 5)
    talk.bench.exchange.sends(talk.call, Sends.NOTHING)
    talk.bench.clock.advance(5)
    talk.bench.exchange.sends(talk.call, Sends.SOUND)
    talk.bench.clock.advance(5)
    assert talk.told()[1:] == [("caller absent", 7.0), ("caller back", 10.1)]


@pytest.mark.parametrize(("what", "lost"), [(Sends.ASTRAY, "never"), (Sends.FOREIGN, "dropped")])
def test_a_re_invite_mends_what_went_astray_where_the_phone_says_where_it_is(what: Sends, lost: str) -> None:
    first = (f"volunteer {lost}", 2.0)
    for mends, told in ((True, [first, ("volunteer back", 3.3)]), (False, [first])):
        talk = Talk(Answers(0.5, sends=((0.0, what),), mends=mends), 3)
        assert talk.bench.do(Refresh(talk.call, talk.ring)) == [Result.DONE]
        talk.bench.clock.advance(1)
        assert talk.told() == told


def test_who_is_covered_hears_music_until_the_other_comes_back() -> None:
    talk = Talk(Answers(0.5, sends=((5.0, Sends.NOTHING), (10.0, Sends.SOUND))), 7.5)
    assert talk.bench.do(Cover(talk.call, talk.ring), Cover(talk.call, talk.ring)) == [Result.DONE, Result.ALREADY]
    talk.bench.clock.advance(5)
    assert talk.told()[-1] == ("volunteer back", 10.1)
    assert talk.bench.exchange.told(talk.call)[-1] == "music"
    assert talk.bench.do(Uncover(talk.call, talk.ring)) == [Result.DONE]
    talk.bench.clock.advance(1)
    assert talk.bench.exchange.told(talk.call)[-3:] == ("unheard anna", "music", "person anna")
    assert list(talk.bench.exchange.left_in_silence(1.9, Kind.UNHEARD)) == [talk.call]


def test_behind_the_music_packets_that_go_astray_look_like_sound_and_are_known_when_it_ends() -> None:
    talk = Talk(Answers(0.5, sends=((5.0, Sends.NOTHING), (10.0, Sends.FOREIGN))), 7.5)
    talk.bench.do(Cover(talk.call, talk.ring))
    talk.bench.clock.advance(3)
    assert talk.told()[-1] == ("volunteer back", 10.1)
    talk.bench.do(Uncover(talk.call, talk.ring))
    talk.bench.clock.advance(3)
    assert talk.told()[-1] == ("volunteer dropped", 12.5)


def test_no_music_is_left_of_a_talk_that_has_ended() -> None:
    talk = Talk(Answers(0.5, sends=((5.0, Sends.NOTHING),)), 7.5)
    talk.bench.do(Cover(talk.call, talk.ring), EndTalk(talk.talk))
    talk.bench.clock.advance(0.1)
    assert talk.bench.exchange.told(talk.call)[-1] == "silence"
    again = Join(talk_id(talk.call, 3), talk.call, talk.ring)
    assert talk.bench.do(StartMusic(talk.call), again) == [Result.DONE, Result.DONE]
    talk.bench.clock.advance(1)
    assert talk.bench.exchange.told(talk.call)[-1] == "unheard anna"


def test_a_phone_that_dies_is_known_to_be_dead_from_two_signs() -> None:
    assert Talk(Answers(0.5, dies_after_s=5.0), 20).told() == [
        ("VolunteerHeard", 1.5),
        ("volunteer absent", 7.0),
        ("PhoneDead", 9.0),
    ]


def test_who_is_let_go_with_a_sentence_hears_it_and_is_gone_then() -> None:
    talk = Talk(Answers(0.5), 3)
    goodbye = LetGo(talk.ring, LetGoReason.OVER, PromptId("i-ko"), "da")
    assert talk.bench.do(goodbye, goodbye) == [Result.DONE, Result.ALREADY]
    assert talk.bench.exchange.look().talks == {talk.talk: frozenset({talk.call})}
    talk.bench.clock.advance(1)
    assert talk.bench.told(RingGone) == []
    talk.bench.clock.advance(1.1)
    assert len(talk.bench.told(RingGone)) == 1
    assert talk.bench.exchange.told(talk.ring)[-1] == "prompt i-ko"


def test_a_controller_that_comes_later_is_told_of_every_side_whether_it_is_heard() -> None:
    talk = Talk(Answers(0.5, sends=((5.0, Sends.NOTHING),)), 7.5)
    talk.bench.exchange.away()
    talk.bench.clock.advance(3)
    talk.bench.exchange.back()
    before = len(talk.told())
    talk.bench.exchange.look()
    talk.bench.clock.advance(3)
    assert talk.told()[before:] == [("caller back", 11.5), ("volunteer never", 12.5)]


def test_who_stood_still_says_that_it_does_not_know_whether_a_volunteer_was_heard() -> None:
    talk = Talk(Answers(0.5, hangs_up_after_s=4.0), 0)
    talk.bench.exchange.watches.looks = False
    talk.bench.clock.advance(5)
    (heard,) = talk.bench.told(VolunteerHeard)
    assert heard == VolunteerHeard(talk.talk, heard.at, known=False)
    assert [type(news) for news in talk.bench.news[-2:]] == [VolunteerHeard, RingGone]
