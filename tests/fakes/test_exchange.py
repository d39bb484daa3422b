"""What only the fake can tell: what people heard, faults, rough weather, a controller that is away.

(That it does what the real one does is in `tests/contract`.)
"""

from __future__ import annotations

import itertools

import pytest

from ivr.core.commands import (
    Answer,
    Command,
    EndTalk,
    HangUp,
    Join,
    LastResort,
    LetGo,
    LetGoReason,
    Play,
    Ring,
    StartMusic,
    StopPlay,
)
from ivr.core.ids import CallId, LineId, PromptId, RingId, VolunteerId, play_id, ring_id, talk_id
from ivr.core.news import (
    CallArrived,
    CallBack,
    CallGone,
    CallLeft,
    News,
    PlayEnded,
    Result,
    RingAlerting,
    RingAnswered,
    RingGone,
)
from tests.fakes.clock import VirtualClock
from tests.fakes.exchange import FakeExchange
from tests.fakes.loop import run
from tests.fakes.phones import Answers, AnswersAsLetGo, NeverAnswers
from tests.fakes.weather import Weather

LINE = LineId("bornetelefonen")
ANNA, BO = VolunteerId("anna"), VolunteerId("bo")


class Bench:
    """The fake, driven by hand and without a loop."""

    def __init__(self, weather: Weather | None = None) -> None:
        self.clock = VirtualClock()
        self.news: list[News] = []
        self.exchange = FakeExchange(self.clock, self.news.append, weather=weather)

    def do(self, *commands: Command) -> list[Result]:
        """One after the other, each answered (within ten seconds of virtual time) before the next."""
        return [self._do(command) for command in commands]

    def _do(self, command: Command) -> Result:
        got: list[Result] = []
        self.exchange.submit(command, got.append)
        deadline = self.clock.monotonic() + 10
        while not got and self.clock.monotonic() < deadline:
            assert self.clock.step(), f"{command} is never answered"
        return got[0]

    def told(self, kind: type[News]) -> list[News]:
        return [news for news in self.news if isinstance(news, kind)]

    def joined(self, behaviour: Answers) -> tuple[CallId, RingId]:
        self.exchange.phone(ANNA, behaviour)
        call = self.exchange.caller(LINE)
        ring = ring_id(call, 1)
        self.do(Answer(call), StartMusic(call), a_ring(ring, ANNA))
        self.clock.advance(behaviour.after_s)
        assert self.do(Join(talk_id(call, 2), call, ring)) == [Result.DONE]
        return call, ring


def a_ring(ring: RingId, volunteer: VolunteerId, timeout_s: int = 20) -> Ring:
    return Ring(ring, volunteer, LINE, "Line", "116111", timeout_s)


def play(call: CallId, number: int, *prompts: str) -> Play:
    return Play(call, play_id(call, number), "da", tuple(PromptId(each) for each in prompts))


def test_a_caller_hears_the_ring_tone_the_prompts_in_order_and_silence_until_music_is_asked_for_again() -> None:
    bench = Bench()
    call = bench.exchange.caller(LINE)
    bench.do(Answer(call), StartMusic(call))
    bench.clock.advance(1)
    bench.do(play(call, 1, "velkommen", "i-ko"))
    bench.clock.advance(6)
    bench.do(StartMusic(call))
    bench.clock.advance(1)
    expected = ("ring tone", "silence", "music", "prompt velkommen", "prompt i-ko", "silence", "music")
    assert bench.exchange.told(call) == expected
    lengths = {str(each.sound): each.lasted_s for each in bench.exchange.heard(call)}
    assert lengths["prompt velkommen"] == pytest.approx(3.0)
    assert lengths["prompt i-ko"] == pytest.approx(2.0)


def test_a_caller_in_silence_is_found_and_one_with_music_is_not() -> None:
    bench = Bench()
    silent, fine = bench.exchange.caller(LINE), bench.exchange.caller(LINE)
    bench.do(Answer(silent), Answer(fine), StartMusic(fine))
    bench.clock.advance(0.9)
    assert bench.exchange.left_in_silence() == {}
    bench.clock.advance(0.2)
    assert set(bench.exchange.left_in_silence()) == {silent}


def test_a_volunteer_who_picked_up_and_hears_nobody_is_found() -> None:
    bench = Bench()
    bench.exchange.phone(ANNA, Answers(0.5))
    call = bench.exchange.caller(LINE)
    ring = ring_id(call, 1)
    bench.do(a_ring(ring, ANNA))
    bench.clock.advance(2)
    assert set(bench.exchange.left_in_silence()) == {ring}


def test_caller_and_volunteer_hear_each_other_until_the_room_is_taken_down() -> None:
    bench = Bench()
    call, ring = bench.joined(Answers(1.0))
    bench.clock.advance(5)
    assert bench.exchange.told(call)[-1] == "person anna"
    assert bench.exchange.told(ring)[-1] == f"person {call}"
    bench.do(EndTalk(talk_id(call, 2)))
    bench.clock.advance(0.5)
    assert bench.exchange.told(call)[-1] == "silence"
    assert bench.exchange.told(ring)[-1] == "silence"


def test_when_the_volunteer_hangs_up_the_caller_sits_in_silence_until_somebody_acts() -> None:
    bench = Bench()
    call, _ring = bench.joined(Answers(1.0, hangs_up_after_s=5.0))
    bench.clock.advance(7)
    assert bench.exchange.told(call)[-1] == "silence"
    assert set(bench.exchange.left_in_silence()) == {call}


def test_a_phone_that_dies_in_a_talk_ends_by_itself_only_after_half_a_minute() -> None:
    bench = Bench()
    call, ring = bench.joined(Answers(1.0, dies_after_s=3.0))
    bench.clock.advance(6)
    assert bench.exchange.told(call)[-1] == "dead phone anna"
    bench.clock.advance(26)
    assert not bench.told(RingGone)
    bench.clock.advance(1)
    gone = bench.told(RingGone)[0]
    assert isinstance(gone, RingGone)
    assert (gone.ring, gone.cause) == (ring, "media_lost")


def test_who_picks_up_at_the_moment_of_being_let_go_is_up_first_and_gone_after() -> None:
    bench = Bench()
    bench.exchange.phone(ANNA, AnswersAsLetGo())
    ring = ring_id(bench.exchange.caller(LINE), 1)
    bench.do(a_ring(ring, ANNA))
    bench.clock.advance(1)
    assert bench.do(LetGo(ring, LetGoReason.ELSEWHERE)) == [Result.DONE]
    bench.clock.advance(1)
    about_the_ring = [type(news) for news in bench.news if isinstance(news, RingAlerting | RingAnswered | RingGone)]
    assert about_the_ring == [RingAlerting, RingAnswered, RingGone]


def test_an_answer_is_held_back_while_words_are_played_and_music_follows_them() -> None:
    bench = Bench()
    call = bench.exchange.caller(LINE)
    bench.do(play(call, 1, "velkommen"))
    began = bench.clock.monotonic()
    assert bench.do(StartMusic(call), Answer(call)) == [Result.DONE, Result.DONE]
    assert bench.clock.monotonic() - began > 2.9
    bench.clock.advance(1)
    assert bench.exchange.told(call)[-2:] == ("prompt velkommen", "music")


def test_two_playings_of_one_caller_follow_each_other_and_either_can_be_stopped() -> None:
    bench = Bench()
    call = bench.exchange.caller(LINE)
    bench.do(Answer(call), play(call, 1, "velkommen"), play(call, 2, "stadig"), play(call, 3, "i-ko"))
    bench.do(StopPlay(call, play_id(call, 2)), StopPlay(call, play_id(call, 1)))
    bench.clock.advance(5)
    ended = [news.play for news in bench.news if isinstance(news, PlayEnded)]
    assert ended == [play_id(call, 2), play_id(call, 1), play_id(call, 3)]
    assert "prompt stadig" not in bench.exchange.told(call)


def test_what_must_never_be_asked_is_written_down() -> None:
    bench = Bench()
    call, _ring = bench.joined(Answers(1.0))
    assert bench.exchange.floor.misuse == []
    bench.do(play(call, 7, "stadig"), StartMusic(call), a_ring(ring_id(call, 8), ANNA))
    assert len(bench.exchange.floor.misuse) == 3


def test_an_injected_fault_hits_the_next_such_command_and_no_more() -> None:
    bench = Bench()
    bench.exchange.weather.fail(StartMusic, Result.REFUSED)
    call = bench.exchange.caller(LINE)
    assert bench.do(Answer(call), StartMusic(call), StartMusic(call)) == [Result.DONE, Result.REFUSED, Result.DONE]


def test_a_command_that_timed_out_may_have_happened_all_the_same() -> None:
    bench = Bench()
    bench.exchange.weather.fail(Answer, Result.TIMEOUT, happens=True, after_s=5)
    call = bench.exchange.caller(LINE)
    assert bench.do(Answer(call)) == [Result.TIMEOUT]
    assert bench.clock.monotonic() > 5
    assert bench.exchange.told(call)[-1] == "silence"


def test_while_the_controller_is_away_news_is_lost_and_calls_go_on() -> None:
    bench = Bench()
    call, ring = bench.joined(Answers(1.0))
    bench.clock.advance(1)
    before = len(bench.news)
    bench.exchange.away()
    assert bench.do(HangUp(call)) == [Result.UNREACHABLE]
    stranded = bench.exchange.caller(LINE)
    bench.exchange.presses(call, "1")
    bench.clock.advance(5)
    with pytest.raises(ConnectionError):
        bench.exchange.look()
    bench.exchange.back()
    bench.clock.advance(1)
    assert len(bench.news) == before
    assert bench.exchange.told(call)[-1] == "person anna"
    assert bench.exchange.told(stranded) == ("last resort",)
    survey = bench.exchange.look()
    assert (set(survey.calls), survey.rings) == ({call}, frozenset({ring}))
    bench.exchange.hand_back(stranded)
    bench.clock.advance(0.1)
    last = bench.news[-1]
    assert isinstance(last, CallBack)
    assert last.call == stranded


def test_news_that_was_on_its_way_when_the_connection_broke_does_not_come_later() -> None:
    bench = Bench(Weather(seed=1, worst_s=2.0))
    call = bench.exchange.caller(LINE)
    bench.exchange.away()
    bench.exchange.back()
    bench.clock.advance(5)
    assert bench.news == []
    assert set(bench.exchange.look().calls) == {call}


def test_after_a_reconnect_news_can_be_held_until_the_survey_has_been_answered() -> None:
    bench = Bench()
    call = bench.exchange.caller(LINE)
    bench.clock.advance(1)
    bench.exchange.away()
    bench.exchange.back(hold=True)
    bench.exchange.hangs_up(call)
    bench.clock.advance(1)
    assert not bench.told(CallGone)
    assert run(bench.exchange.survey(), bench.clock).calls == {}
    bench.clock.advance(0.1)
    assert len(bench.told(CallGone)) == 1


def test_in_rough_weather_news_of_one_caller_keeps_its_order_and_that_of_two_does_not() -> None:
    overtaken = False
    for seed in range(10):
        bench = Bench(Weather(seed=seed, worst_s=1.0))
        for _ in range(3):
            bench.exchange.caller(LINE, presses=[(0.1, "1"), (0.2, "2")], hangs_up_after_s=0.3)
        bench.clock.advance(10)
        by_call = [[news for news in bench.news if getattr(news, "call", "") == f"call{n}"] for n in (1, 2, 3)]
        for about in by_call:
            assert isinstance(about[0], CallArrived)
            assert isinstance(about[-1], CallGone)
            assert [news.digit for news in about if hasattr(news, "digit")] == ["1", "2"]
        assert all(one.at <= other.at for one, other in itertools.pairwise(bench.news))
        order = [getattr(news, "call", "") for news in bench.news if isinstance(news, CallArrived)]
        overtaken = overtaken or order != sorted(order)
    assert overtaken


def test_the_same_rough_weather_is_the_same_every_time() -> None:
    def once() -> list[News]:
        bench = Bench(Weather(seed=7))
        bench.exchange.phone(ANNA, NeverAnswers())
        bench.exchange.phone(BO, Answers(0.3))
        call = bench.exchange.caller(LINE, hangs_up_after_s=3)
        bench.do(Answer(call), a_ring(ring_id(call, 1), ANNA), a_ring(ring_id(call, 2), BO))
        bench.clock.advance(30)
        return bench.news

    assert once() == once()


def test_a_caller_handed_to_the_last_resort_has_left_us_and_hears_it() -> None:
    bench = Bench()
    call = bench.exchange.caller(LINE)
    assert bench.do(Answer(call), LastResort(call), HangUp(call)) == [Result.DONE, Result.DONE, Result.GONE]
    bench.clock.advance(1)
    assert len(bench.told(CallLeft)) == 1
    assert bench.exchange.told(call)[-1] == "last resort"
    assert not bench.exchange.look().calls
