"""The typed interface is what Asterisk's own description says, and it reads what Asterisk says."""

from __future__ import annotations

import re
from dataclasses import fields

import pytest

from sip.ari import api, model
from sip.ari.generate import HOME, PRIVATE, generated
from sip.ari.shape import read
from sip.ari.socket import HEARD
from tests.sip.house import shared_house

WRITTEN_FROM = "22.10.1"
"""The version of Asterisk whose description the committed files were written from."""


@pytest.mark.asterisk
def test_generating_again_from_asterisks_description_gives_the_committed_files() -> None:
    asterisk = shared_house().machine.asterisk
    for name, text in generated(asterisk.rest_api).items():
        committed = (HOME / name).read_text(encoding="utf-8")
        if asterisk.version == WRITTEN_FROM:
            assert text == committed, f"{name} is not what the description says"
        # another version may know more, but must still mean the same by what we use
        now, then = pieces(text), pieces(committed)
        ours = used() & then.keys()
        assert ours
        assert {each: now.get(each) for each in ours} == {each: then[each] for each in ours}


def used() -> set[str]:
    """The operations and events that this room stands on."""
    code = "".join((HOME / name).read_text(encoding="utf-8") for name in ("performer.py", "exchange.py", "socket.py"))
    return {*re.findall(r"\bapi\.(\w+)", code), *HEARD}


def pieces(text: str) -> dict[str, str]:
    """Every class and function of a generated file, by name."""
    return {found[2]: found[0] for found in re.finditer(r"(class|def) (\w+).*?(?=\n\n\n|\Z)", text, re.DOTALL)}


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
