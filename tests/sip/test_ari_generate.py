"""The typed interface is what Asterisk's own description says, and it reads what Asterisk says."""

from __future__ import annotations

import os
from dataclasses import fields
from pathlib import Path

import pytest

from sip.ari import api, model
from sip.ari.generate import HOME, PRIVATE, generated
from sip.ari.shape import read

DESCRIPTIONS = Path(os.environ.get("VOICELINE_ASTERISK_TREE", "/tmp/ast/tree")) / "usr/share/asterisk/rest-api"


@pytest.mark.asterisk
def test_generating_again_from_asterisks_description_gives_the_committed_files() -> None:
    if not DESCRIPTIONS.is_dir():
        pytest.skip("no Asterisk tree here")
    for name, text in generated(DESCRIPTIONS).items():
        assert text == (HOME / name).read_text(encoding="utf-8"), f"{name} is not what the description says"


def test_every_event_of_asterisk_22_has_a_shape() -> None:
    assert len(model.EVENTS) == 46
    assert {shape.__name__ for shape in model.EVENTS.values()} == set(model.EVENTS)


def test_no_shape_has_room_for_who_phones() -> None:
    for name, left_out in PRIVATE.items():
        if shape := getattr(model, name, None):
            assert not left_out & {field.name for field in fields(shape)}
    assert not hasattr(model, "CallerID")


def test_an_operation_puts_names_into_the_path_and_the_rest_into_the_body() -> None:
    request = api.channels_play_with_id("1795298153.0", "a/b-p1", media=["sound:/x,y/z", "sound:w"])
    assert request.method == "POST"
    assert request.target == "/ari/channels/1795298153.0/play/a%2Fb-p1"
    assert request.body == {"media": ["sound:/x,y/z", "sound:w"]}


def test_a_question_puts_everything_into_the_address() -> None:
    assert api.channels_hangup("c1", reason_code="26").target == "/ari/channels/c1?reason_code=26"
    assert api.events_event_websocket(app=["voiceline"], subscribe_all=False).target.endswith(
        "events?app=voiceline&subscribeAll=false"
    )


def test_a_shape_drops_what_it_does_not_name_and_refuses_what_does_not_fit() -> None:
    playback = {"id": "p", "media_uri": "sound:x", "target_uri": "channel:c", "language": "en", "state": "done"}
    assert read(model.Playback, playback | {"secret": "12345678"}) == model.Playback(
        id="p", media_uri="sound:x", target_uri="channel:c", language="en", state="done"
    )
    assert read(model.Playback, playback | {"state": 5}) is None
    assert read(model.Playback, {"id": "p"}) is None
    assert read(model.Playback, []) is None
