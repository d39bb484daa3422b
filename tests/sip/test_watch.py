"""What samples of packets mean: every way in which sound is lost and comes back, in virtual time."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ivr.core.reasons import Side
from sip.ari import watch
from sip.ari.statistics import Counts
from sip.ari.watch import Back, Heard, Lost, Sample, Seen, TalkWatch, Tiding

CALLER, VOLUNTEER = Side.CALLER, Side.VOLUNTEER
PACKET_S = 0.02


@dataclass(frozen=True, slots=True)
class Sound:
    """What one phone sends from a moment on. `every_s`: between packets; None: nothing. `passes`: on to the other."""

    from_s: float
    every_s: float | None = PACKET_S
    passes: bool = True


def sound(*changes: tuple[float, str]) -> tuple[Sound, ...]:
    kinds = {
        "sound": Sound(0.0),
        "nothing": Sound(0.0, None),
        "dropped": Sound(0.0, passes=False),
        "vad": Sound(0.0, 5.0),
        "long packets": Sound(0.0, 0.06),
    }
    return tuple(replace(kinds[kind], from_s=at) for at, kind in changes)


STEADY = sound((-60.0, "sound"))
NOTHING = Seen()


ALWAYS = (-1000.0, 1000.0)


@dataclass(slots=True)
class Line:
    """Two phones and the exchange between them, which counts; and the watch, which asks when it wants to."""

    caller: tuple[Sound, ...] = STEADY
    volunteer: tuple[Sound, ...] = STEADY
    seen: Seen = NOTHING
    """What the caller hears, or both, from the first moment of `span` to the second: music or words go out then."""
    span: tuple[float, float] = (0.0, 0.0)
    offset_s: float = 0.0
    adopted: bool = False
    long: bool = False
    """The volunteer's packets are 60 ms long and go out as three."""
    talks_at: float | None = None
    """Asterisk says then that it hears the volunteer's voice."""
    samples: int = 0

    def at(self, moment: float) -> Sample:
        begin, end = (min(moment, each) for each in self.span)
        hidden = passed(self.volunteer, end) - passed(self.volunteer, begin)
        to_caller = (passed(self.volunteer, moment) - hidden) * (3 if self.long else 1)
        music = passed(STEADY, end) - passed(STEADY, begin)
        return Sample(
            moment,
            Counts(sent(self.caller, moment), to_caller + music),
            Counts(sent(self.volunteer, moment), passed(self.caller, moment)),
        )

    def told(self, until_s: float = 30.0) -> list[tuple[float, Tiding]]:
        """Everything that is told, and when; samples are taken when they are due."""
        at = self.offset_s
        talk = TalkWatch(self.at(at), adopted=self.adopted)
        found: list[tuple[float, Tiding]] = []
        self.samples = 1
        while at < until_s:
            before, (at, _sharp) = at, talk.due()
            assert at >= before + 0.05, "it asks without a pause"
            if self.talks_at is not None and before <= self.talks_at < at:
                at, self.talks_at = self.talks_at, None
                if (tiding := talk.talking(at)) is not None:
                    found.append((at, tiding))
            seen = self.seen if self.span[0] <= at < self.span[1] else NOTHING
            found += [(at, tiding) for tiding in talk.take(self.at(at), seen)]
            self.samples += 1
        return found


def sent(sounds: tuple[Sound, ...], at: float, *, dropped: bool = True) -> int:
    """How many packets had come of these by then; those that are not passed on too, if `dropped`."""
    number = 0
    for place, each in enumerate(sounds):
        end = min(at, sounds[place + 1].from_s if place + 1 < len(sounds) else at)
        if each.every_s is not None and (each.passes or dropped):
            number += max(0, math.ceil((end - each.from_s) / each.every_s - 1e-6))
    return number


def passed(sounds: tuple[Sound, ...], at: float) -> int:
    return sent(sounds, at, dropped=False)


def losses(told: list[tuple[float, Tiding]], side: Side = VOLUNTEER) -> list[tuple[float, str]]:
    return [
        (at, "back" if isinstance(tiding, Back) else str(tiding.loss))
        for at, tiding in told
        if isinstance(tiding, Lost | Back) and tiding.side is side
    ]


def heard(told: list[tuple[float, Tiding]]) -> float | None:
    return next((at for at, tiding in told if isinstance(tiding, Heard)), None)


OFFSETS = [tenth * 0.13 for tenth in range(20)]


def test_two_who_hear_each_other_are_told_once_that_the_volunteer_was_heard() -> None:
    told = Line().told(120)
    assert [type(tiding) for _, tiding in told] == [Heard]
    assert 1.49 <= told[0][0] <= 1.65


def test_packets_of_sixty_milliseconds_are_heard_as_well() -> None:
    line = Line(volunteer=sound((-60.0, "long packets")), long=True)
    assert [type(tiding) for _, tiding in line.told(60)] == [Heard]


def test_it_is_looked_every_second_at_first_and_then_as_rarely_as_three_seconds_allow() -> None:
    line = Line()
    line.told(60)
    assert line.samples <= 60 / 1.3 + 4


@pytest.mark.parametrize("what", ["nothing", "dropped"])
@pytest.mark.parametrize("stops", [6.0 + offset for offset in OFFSETS])
def test_sound_that_stops_is_lost_within_three_seconds_and_never_before_one_and_a_half(what: str, stops: float) -> None:
    for side in Side:
        changes = sound((-60.0, "sound"), (stops, what))
        line = Line(volunteer=changes) if side is VOLUNTEER else Line(caller=changes)
        ((at, loss),) = losses(line.told(40), side)
        assert loss == ("absent" if what == "nothing" else "dropped")
        assert 1.5 <= at - stops <= 2.85


@pytest.mark.parametrize("first", ["nothing", "dropped"])
def test_what_never_comes_is_told_after_two_seconds(first: str) -> None:
    ((at, loss),) = losses(Line(volunteer=sound((0.0, first))).told(40))
    assert loss == ("never" if first == "nothing" else "dropped")
    assert 1.9 <= at <= 2.3


def test_a_volunteer_who_speaks_for_a_second_only_was_not_heard() -> None:
    assert heard(Line(volunteer=sound((-60.0, "sound"), (1.2, "nothing"))).told(40)) is None
    assert heard(Line(volunteer=sound((-60.0, "sound"), (1.2, "nothing"), (5.0, "sound"))).told(40)) is not None


@pytest.mark.parametrize("offset", OFFSETS)
def test_what_comes_back_is_told_within_a_second_and_a_half(offset: float) -> None:
    line = Line(volunteer=sound((-60.0, "sound"), (6.0, "nothing"), (12.0 + offset, "sound")))
    (_, first), (at, second) = losses(line.told(40))
    assert (first, second) == ("absent", "back")
    assert 0.0 <= at - 12.0 - offset <= 1.75


@pytest.mark.parametrize("offset", OFFSETS)
@pytest.mark.parametrize(
    ("first", "then", "told"), [("nothing", "dropped", "absent"), ("dropped", "nothing", "dropped")]
)
def test_another_kind_of_loss_is_told_and_the_same_is_not_told_twice(
    first: str, then: str, told: str, offset: float
) -> None:
    line = Line(volunteer=sound((-60.0, "sound"), (6.0, first), (12.0 + offset, then)))
    (_, one), (at, other) = losses(line.told(60))
    assert (one, other) == (told, "dropped" if told == "absent" else "absent")
    assert 0.7 <= at - 12.0 - offset <= 3.4


def test_a_phone_that_sends_one_packet_in_five_seconds_is_absent_and_stays_so() -> None:
    line = Line(volunteer=sound((-60.0, "sound"), (6.0, "vad")))
    assert [loss for _, loss in losses(line.told(300))] == ["absent"]


def test_a_pause_of_a_second_and_a_half_is_no_loss() -> None:
    for offset in OFFSETS:
        changes = sound((-60.0, "sound"), (6.0 + offset, "nothing"), (7.4 + offset, "sound"))
        assert losses(Line(volunteer=changes).told(40)) == []


HELD, COVERED, WORDS = Seen(held=True), Seen(covered=True), Seen(caller_words=True)


def test_on_hold_nothing_is_lost_and_music_is_not_the_volunteers_sound() -> None:
    quiet = sound((-60.0, "sound"), (1.0, "nothing"), (20.0, "sound"))
    told = Line(caller=quiet, volunteer=quiet, seen=HELD, span=(1.0, 20.0)).told(60)
    assert losses(told) == losses(told, CALLER) == []
    assert 20.3 <= (heard(told) or 0.0) <= 23.0


def test_who_is_silent_after_a_hold_is_told_again_from_then_on() -> None:
    quiet = sound((-60.0, "sound"), (6.0, "nothing"))
    ((at, loss),) = losses(Line(volunteer=quiet, seen=HELD, span=(6.0, 20.0)).told(60))
    assert loss == "absent"
    assert 21.5 <= at <= 24.5


def test_words_of_ours_hide_a_side_and_are_not_taken_for_the_volunteer() -> None:
    line = Line(volunteer=sound((0.0, "nothing")), seen=WORDS, span=(0.0, 10.0))
    assert line.told(9) == []
    assert [loss for _, loss in losses(line.told(40))] == ["never"]


def test_behind_music_the_return_is_seen_by_what_comes_in() -> None:
    line = Line(volunteer=sound((-60.0, "sound"), (6.0, "nothing"), (20.0, "sound")), seen=COVERED, span=(9.0, 60.0))
    (_, first), (at, second) = losses(line.told(60))
    assert (first, second) == ("absent", "back")
    assert 20.0 <= at <= 21.75


def test_behind_music_the_first_word_is_told_at_once() -> None:
    line = Line(
        volunteer=sound((-60.0, "sound"), (6.0, "nothing"), (20.0, "sound")),
        seen=COVERED,
        span=(9.0, 60.0),
        talks_at=20.05,
    )
    assert losses(line.told(60))[-1] == (20.05, "back")


def test_behind_music_what_was_dropped_does_not_come_back_by_coming_in() -> None:
    line = Line(volunteer=sound((-60.0, "sound"), (6.0, "dropped")), seen=COVERED, span=(9.0, 60.0))
    assert [loss for _, loss in losses(line.told(60))] == ["dropped"]


def test_what_came_back_behind_music_and_is_dropped_is_lost_again_when_the_music_ends() -> None:
    changes = sound((-60.0, "sound"), (6.0, "nothing"), (20.0, "dropped"))
    told = losses(Line(volunteer=changes, seen=COVERED, span=(9.0, 22.0)).told(60))
    assert [loss for _, loss in told] == ["absent", "back", "dropped"]
    assert 23.5 <= told[-1][0] <= 25.5


def test_music_that_somebody_before_us_began_is_neither_sound_nor_silence() -> None:
    line = Line(volunteer=sound((-60.0, "nothing"), (20.0, "sound")), span=ALWAYS)
    talk = TalkWatch(line.at(0.0), adopted=True)
    assert [tiding for at in range(1, 20) for tiding in talk.take(line.at(at), NOTHING)] == [Back(CALLER)]
    assert [tiding for at in (20, 21, 22) for tiding in talk.take(line.at(at), NOTHING)] == [Back(VOLUNTEER)]


def test_of_a_talk_that_was_found_each_side_is_told_once_whatever_it_is() -> None:
    told = Line(volunteer=sound((-60.0, "sound"), (-5.0, "nothing")), adopted=True).told(60)
    assert [loss for _, loss in losses(told, CALLER)] == ["back"]
    assert [loss for _, loss in losses(told)] == ["absent"]


def test_after_a_standstill_counting_begins_anew() -> None:
    line = Line(volunteer=sound((-60.0, "sound"), (6.0, "nothing"), (11.0, "sound")))
    talk = TalkWatch(line.at(0.0))
    for at in (1.0, 2.0, 3.0, 4.0, 5.0, 6.0):
        talk.take(line.at(at), NOTHING)
    talk.reset(line.at(11.0))
    assert [talk.take(line.at(at), NOTHING) for at in (12.0, 13.0)] == [[], []]


def test_counters_that_begin_anew_are_no_loss() -> None:
    talk = TalkWatch(Sample(0.0, Counts(500, 500), Counts(500, 500)))
    assert talk.take(Sample(1.0, Counts(550, 10), Counts(20, 550)), Seen()) == []
    assert talk.take(Sample(2.0, Counts(600, 60), Counts(70, 600)), Seen()) == []


@settings(derandomize=True, max_examples=300)  # planted mistakes are found by it, each time
@given(
    st.lists(
        st.tuples(st.floats(0.3, 8.0), st.sampled_from(("sound", "nothing", "dropped", "vad"))), min_size=1, max_size=8
    )
)
def test_whatever_a_phone_does_silence_of_three_seconds_is_told_and_none_is_told_before_one_and_a_half(
    stretches: list[tuple[float, str]],
) -> None:
    """A model: what is told at a moment must fit what was passed on in the seconds before it."""
    at, changes = 3.0, [(-60.0, "sound")]
    for lasts_s, kind in stretches:
        changes.append((at, kind))
        at += lasts_s
    line = Line(volunteer=sound(*changes))
    told = losses(line.told(at + 4.0))

    def between(begin: float, end: float) -> int:
        return passed(line.volunteer, end) - passed(line.volunteer, begin)

    lost_at = None
    moments = sorted({*(moment for moment, _ in told), *(3.0 + tick / 4 for tick in range(int((at + 1.0) * 4)))})
    for moment in moments:
        for when, what in told:
            if when == moment:
                if what != "back" and lost_at is None:
                    assert between(moment - 1.49, moment) == 0, f"lost at {moment}, though it was heard just before"
                lost_at = None if what == "back" else moment
        if moment > 3.0 and lost_at is None and moment < at:
            assert between(moment - 3.0, moment) > 0, f"nobody was told by {moment}"


# ------------------------------------------------------------ planted


@pytest.mark.parametrize(
    ("name", "value"),
    [("LOST_S", 4.0), ("SURE_S", 0.1), ("STEADY", 0), ("HEARD_S", 0.5), ("STRAY", 500), ("LONG_PACKETS", 0)],
)
def test_a_watch_that_is_wrong_in_one_figure_is_found(name: str, value: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, name, value)
    with pytest.raises((AssertionError, ValueError)):
        everything()


def everything() -> None:
    for offset in OFFSETS[::4]:
        test_sound_that_stops_is_lost_within_three_seconds_and_never_before_one_and_a_half("dropped", 6.0 + offset)
    test_a_phone_that_sends_one_packet_in_five_seconds_is_absent_and_stays_so()
    test_two_who_hear_each_other_are_told_once_that_the_volunteer_was_heard()
    test_packets_of_sixty_milliseconds_are_heard_as_well()
    test_a_pause_of_a_second_and_a_half_is_no_loss()
    test_whatever_a_phone_does_silence_of_three_seconds_is_told_and_none_is_told_before_one_and_a_half()
