"""Asterisk's words -> news: total, without who phones, and with every cause in the field's words."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.core.feature import Feature
from ivr.core.ids import LineId, TalkId, VolunteerId, play_id, ring_id, talk_id
from ivr.core.news import (
    CallArrived,
    CallerTalking,
    CallGone,
    Cause,
    DigitPressed,
    FeatureDialled,
    Joined,
    News,
    PlayEnded,
    RingAlerting,
    RingAnswered,
    RingGone,
    RingPressed,
    VolunteerReleased,
)
from sip.ari.news import news_of
from sip.ari.parties import Parties
from sip.ari.socket import HEARD, event_of

AT = datetime(2026, 11, 21, 20, 0, tzinfo=UTC)
LINE = LineId("bornetelefonen")
CANARY = "4512345678"
Document = dict[str, Any]


def channel(id_: str, state: str = "Up", **more: object) -> Document:
    return {
        "id": id_,
        "name": f"PJSIP/{CANARY}-00000001",
        "state": state,
        "protocol_id": f"{CANARY}@carrier",
        "caller": {"name": CANARY, "number": CANARY},
        "connected": {"name": CANARY, "number": CANARY},
        "accountcode": "",
        "dialplan": {"context": "in", "exten": CANARY, "priority": 1, "app_name": "Stasis", "app_data": ""},
        "creationtime": "2026-11-21T21:00:00.000+0100",
        "language": "da",
        "channelvars": {"CALLERID(num)": CANARY},
        **more,
    }


def said(kind: str, **more: object) -> Document:
    stamp = {"timestamp": "2026-11-21T21:00:00.123+0100", "application": "voiceline", "asterisk_id": "x"}
    return {"type": kind, **stamp, **more}


def playback(id_: str, state: str = "done", on: str = "c1") -> Document:
    return {"id": id_, "media_uri": "sound:x", "target_uri": f"channel:{on}", "language": "da", "state": state}


def bridge(id_: str, *channels: str) -> Document:
    names = {"technology": "simple_bridge", "bridge_type": "mixing", "bridge_class": "stasis", "creator": "Stasis"}
    return {"id": id_, **names, "name": "", "channels": [*channels], "creationtime": "2026-11-21T21:00:00.000+0100"}


def hear(parties: Parties, document: object) -> News | None:
    event = event_of(json.dumps(document))
    return None if event is None else news_of(event, parties, AT)


@pytest.fixture
def parties() -> Parties:
    parties = Parties(b"key")
    parties.learn("c1", LINE)
    return parties


CALL = Parties(b"key").learn("c1", LINE)
RING = ring_id(CALL, 3)


def test_a_caller_is_known_by_the_arguments_they_came_with() -> None:
    fresh = Parties(b"key")
    news = hear(fresh, said("StasisStart", args=["call", LINE], channel=channel("c1")))
    assert news == CallArrived(CALL, LINE, AT)
    assert fresh.channel(CALL) == "c1"
    again = hear(fresh, said("StasisStart", args=["call", LINE, "takeover"], channel=channel("c1")))
    assert again == news


def test_a_calls_id_depends_on_the_installations_key() -> None:
    assert Parties(b"another").learn("c1", LINE) != CALL
    assert len(CALL) == 20


@pytest.mark.parametrize("args", [[], ["call"], ["call", "UPPER; x"], ["else", LINE], ["call", ""]])
def test_a_channel_with_other_arguments_is_no_caller(parties: Parties, args: list[str]) -> None:
    assert hear(parties, said("StasisStart", args=args, channel=channel("c2"))) is None
    assert parties.known_before(math.inf) == {"c1"}


def test_a_phone_alerts_is_picked_up_and_goes(parties: Parties) -> None:
    assert hear(parties, said("ChannelStateChange", channel=channel(RING, "Ringing"))) == RingAlerting(RING, AT)
    answered = said("StasisStart", args=["ring", RING], channel=channel(RING))
    assert hear(parties, answered) == RingAnswered(RING, AT)
    gone = said("ChannelDestroyed", cause=16, cause_txt="x", channel=channel(RING))
    assert hear(parties, gone) == RingGone(RING, Cause.NORMAL, AT)


def test_a_caller_who_is_called_ringing_by_asterisk_is_no_alerting_phone(parties: Parties) -> None:
    assert hear(parties, said("ChannelStateChange", channel=channel("c1", "Ringing"))) is None
    assert hear(parties, said("ChannelStateChange", channel=channel(RING, "Up"))) is None


@pytest.mark.parametrize(
    ("code", "cause"),
    [
        (16, Cause.NORMAL),
        (127, Cause.NORMAL),
        (17, Cause.BUSY),
        (18, Cause.NO_ANSWER),
        (19, Cause.NO_ANSWER),
        (21, Cause.DECLINED),
        (20, Cause.UNREACHABLE),
        (3, Cause.UNREACHABLE),
        (1, Cause.UNREACHABLE),
        (26, Cause.ELSEWHERE),
        (44, Cause.MEDIA_LOST),
        (38, Cause.FAILED),
        (-5, Cause.NORMAL),
    ],
)
def test_every_cause_has_the_fields_word(parties: Parties, code: int, cause: Cause) -> None:
    for id_, news in ((RING, RingGone(RING, cause, AT)), ("c1", CallGone(CALL, cause, AT))):
        assert hear(parties, said("ChannelDestroyed", cause=code, cause_txt="x", channel=channel(id_))) == news


@pytest.mark.parametrize("code", [0, 23])
def test_a_phone_that_sends_its_callers_elsewhere_is_unreachable(parties: Parties, code: int) -> None:
    """However soon Asterisk follows it."""
    gone = said("ChannelDestroyed", cause=code, cause_txt="x", channel=channel(RING, "Ringing"))
    assert hear(parties, gone) == RingGone(RING, Cause.UNREACHABLE, AT)


def test_who_was_picked_up_or_has_called_us_and_ends_without_a_cause_has_hung_up(parties: Parties) -> None:
    for id_, news in ((RING, RingGone(RING, Cause.NORMAL, AT)), ("c1", CallGone(CALL, Cause.NORMAL, AT))):
        assert hear(parties, said("ChannelDestroyed", cause=0, cause_txt="x", channel=channel(id_))) == news


def test_who_only_leaves_stasis_has_not_gone(parties: Parties) -> None:
    assert hear(parties, said("StasisEnd", channel=channel("c1"))) is None


def test_channels_that_are_nobody_of_ours_are_no_news(parties: Parties) -> None:
    assert hear(parties, said("ChannelDestroyed", cause=16, cause_txt="x", channel=channel("c9"))) is None
    assert hear(parties, said("ChannelDtmfReceived", digit="1", duration_ms=100, channel=channel("c9"))) is None


def test_only_keys_of_a_telephone_are_keys(parties: Parties) -> None:
    for digit, news in (("5", DigitPressed(CALL, "5", AT)), ("A", None), ("", None), ("12", None)):
        assert hear(parties, said("ChannelDtmfReceived", digit=digit, duration_ms=9, channel=channel("c1"))) == news


def test_keys_of_a_phone_are_its_rings(parties: Parties) -> None:
    pressed = said("ChannelDtmfReceived", digit="7", duration_ms=9, channel=channel(RING))
    assert hear(parties, pressed) == RingPressed(RING, "7", AT)


@pytest.mark.parametrize("feature", Feature)
def test_a_code_is_told_until_the_phone_is_down(parties: Parties, feature: Feature) -> None:
    dialled = said("StasisStart", args=["feature", feature.value, "anna"], channel=channel("1.7"))
    told = hear(parties, dialled)
    assert isinstance(told, FeatureDialled)
    assert (told.volunteer, told.feature) == (VolunteerId("anna"), feature)
    assert "1.7" not in told.dial, "Asterisk's own numbers are kept nowhere"
    assert parties.dial(told.dial) == "1.7"
    gone = said("ChannelDestroyed", cause=16, cause_txt="x", channel=channel("1.7"))
    assert hear(parties, gone) == VolunteerReleased(VolunteerId("anna"), AT)
    assert hear(parties, gone) is None
    assert parties.dial(told.dial) is None


@pytest.mark.parametrize("args", [["feature"], ["feature", "fly", "anna"], ["feature", "pause", "UPPER; x"]])
def test_what_is_no_code_of_ours_is_no_news(parties: Parties, args: list[str]) -> None:
    assert hear(parties, said("StasisStart", args=args, channel=channel("1.7"))) is None
    assert parties.dials == {}


def test_a_caller_is_heard_and_falls_silent_and_a_volunteer_is_not_listened_to(parties: Parties) -> None:
    for who, started, finished in (("c1", True, False), (RING, None, None)):
        told = hear(parties, said("ChannelTalkingStarted", channel=channel(who)))
        assert told == (None if started is None else CallerTalking(CALL, True, AT))
        told = hear(parties, said("ChannelTalkingFinished", duration=900, channel=channel(who)))
        assert told == (None if finished is None else CallerTalking(CALL, False, AT))


def test_words_end_as_heard_unless_a_sound_was_missing(parties: Parties) -> None:
    play, flawed = play_id(CALL, 1), play_id(CALL, 2)
    parties.flawed.add(flawed)
    assert hear(parties, said("PlaybackFinished", playback=playback(play))) == PlayEnded(CALL, play, True, AT)
    assert hear(parties, said("PlaybackFinished", playback=playback(play, "failed"))) == PlayEnded(
        CALL, play, False, AT
    )
    assert hear(parties, said("PlaybackFinished", playback=playback(flawed))) == PlayEnded(CALL, flawed, False, AT)
    assert hear(parties, said("PlaybackFinished", playback=playback("somebody-elses"))) is None


def test_words_cut_because_the_caller_hangs_up_have_not_failed(parties: Parties) -> None:
    parties.dying.add("c1")
    assert hear(parties, said("PlaybackFinished", playback=playback(play_id(CALL, 1), "failed"))) is None


def test_two_are_joined_once_both_are_in_the_room(parties: Parties) -> None:
    talk = talk_id(CALL, 4)
    alone = said("ChannelEnteredBridge", bridge=bridge(talk, "c1"), channel=channel("c1"))
    both = said("ChannelEnteredBridge", bridge=bridge(talk, "c1", RING), channel=channel(RING))
    strange = said("ChannelEnteredBridge", bridge=bridge(talk, "c9", RING), channel=channel(RING))
    other = said("ChannelEnteredBridge", bridge=bridge(TalkId("x"), "c1", RING), channel=channel(RING))
    assert [hear(parties, each) for each in (alone, both, strange, other)] == [None, Joined(talk, AT), None, None]


EXAMPLES = [
    said("StasisStart", args=["call", LINE], channel=channel("c1")),
    said("StasisEnd", channel=channel("c1")),
    said("ChannelStateChange", channel=channel(RING, "Ringing")),
    said("ChannelHangupRequest", cause=16, soft=True, channel=channel("c1")),
    said("ChannelDestroyed", cause=16, cause_txt="x", tech_cause=487, channel=channel("c1")),
    said("ChannelDtmfReceived", digit="1", duration_ms=100, channel=channel("c1")),
    said("ChannelTalkingStarted", channel=channel("c1")),
    said("ChannelTalkingFinished", duration=1200, channel=channel("c1")),
    said("ChannelEnteredBridge", bridge=bridge(talk_id(CALL, 4), "c1", RING), channel=channel(RING)),
    said("ChannelHold", channel=channel(RING), musicclass="default"),
    said("ChannelUnhold", channel=channel(RING)),
    said("PlaybackFinished", playback=playback(play_id(CALL, 1))),
    said("ApplicationReplaced"),
]


def test_the_examples_are_everything_that_is_heard_and_all_are_understood() -> None:
    assert {each["type"] for each in EXAMPLES} == set(HEARD)
    for each in EXAMPLES:
        assert event_of(json.dumps(each)) is not None


def test_what_is_understood_has_nobodys_number_in_it() -> None:
    for each in EXAMPLES:
        assert CANARY not in repr(event_of(json.dumps(each)))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from([*HEARD, RING]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(document=json_values)
def test_no_json_whatever_raises(document: object) -> None:
    hear(Parties(b"key"), document)


@given(text=st.text(max_size=60) | st.binary(max_size=60))
def test_no_bytes_whatever_raise(text: str | bytes) -> None:
    event_of(text)


@given(data=st.data(), example=st.sampled_from(EXAMPLES))
def test_no_event_with_anything_wrong_in_it_raises(data: st.DataObject, example: Document) -> None:
    document: Document = json.loads(json.dumps(example))
    place = document
    while True:
        key = data.draw(st.sampled_from(sorted(place)))
        if not isinstance(place[key], dict) or data.draw(st.booleans()):
            break
        place = place[key]
    if data.draw(st.booleans()):
        del place[key]
    else:
        place[key] = data.draw(json_values)
    parties = Parties(b"key")
    parties.learn("c1", LINE)
    hear(parties, document)


def test_json_nested_without_end_is_nothing() -> None:
    assert event_of("[" * 100_000) is None
    assert event_of('{"type":' * 100_000) is None
