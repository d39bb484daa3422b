"""Phones at a real Asterisk: accounts, and the commands a newcomer types."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sip.accounts import passwords
from sip.phone import NotRegistered, OwnPhone, Phone, PjsuaPhone, pjsua_is_here
from sip.phone.sound import read_wav, speech_like
from tests.rigs.line import CHECKOUT, SECRET_NUMBER, LiveLine, eventually, live_line, next_line, until
from tests.sip.leftovers import run

pytestmark = pytest.mark.asterisk

KINDS = [
    pytest.param("own", id="own"),
    pytest.param("pjsua2", marks=pytest.mark.skipif(not pjsua_is_here(), reason="no wheel for this Python")),
]


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveLine]:
    with live_line(tmp_path_factory.mktemp("phones")) as line:
        yield line
        line.empty()


def kind_of(name: str) -> type[Phone]:
    return OwnPhone if name == "own" else PjsuaPhone


def contacts(line: LiveLine) -> str:
    return line.console("pjsip show contacts")


@pytest.mark.parametrize("name", KINDS)
def test_a_phone_registers_stays_registered_and_takes_itself_off(line: LiveLine, name: str) -> None:
    password = {str(who): word for who, word in passwords(line.state).items()}["anna"]

    async def story() -> None:
        phone = await kind_of(name).register("anna", password, line.ready["sip"], expires=60)
        try:
            port = phone.address[1]
            assert f":{port}" in await asyncio.to_thread(contacts, line)
        finally:
            await phone.close()
        assert "anna/" not in await asyncio.to_thread(contacts, line)

    run(story)


@pytest.mark.parametrize("name", KINDS)
def test_a_wrong_password_is_refused_and_leaves_nothing(line: LiveLine, name: str) -> None:
    async def story() -> None:
        with pytest.raises(NotRegistered) as refused:
            await kind_of(name).register("anna", "wrong", line.ready["sip"])
        assert refused.value.code in (401, 403)

    run(story)


STARTED: list[subprocess.Popen[str]] = []


@pytest.fixture(autouse=True)
def nobody_stays() -> Iterator[None]:
    """A test that failed halfway leaves no phone that would take the rings of the next."""
    yield
    while STARTED:
        with STARTED.pop() as process:
            process.kill()


def start(line: LiveLine, *words: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "ivr", *words, "--state", str(line.state)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=CHECKOUT)
    STARTED.append(process)
    return process


def told_next(process: subprocess.Popen[str]) -> dict[str, Any]:
    line = next_line(process)
    assert line, f"it said nothing more but {process.communicate()}"
    event: dict[str, Any] = json.loads(line)
    return event


def ends(process: subprocess.Popen[str], within_s: float = 40) -> tuple[int, str, str]:
    try:
        out, err = process.communicate(timeout=within_s)
    finally:
        process.kill()
    return process.returncode, out, err


@pytest.mark.parametrize("name", KINDS)
def test_a_newcomer_calls_and_a_scripted_volunteer_answers(line: LiveLine, name: str, tmp_path: Path) -> None:
    volunteer = start(line, "softphone", "anna", "--phone", name, "--answer-after", "4", "--talk", "4", "--json")
    assert told_next(volunteer)["event"] == "registered"
    wav = tmp_path / "call.wav"
    words = ("call", "116111", "--seconds", "40", "--record", str(wav), "--phone", name, "--from", SECRET_NUMBER)
    code, out, err = ends(start(line, *words, "--json"), 60)
    volunteer.send_signal(signal.SIGINT)
    stopped, told, _ = ends(volunteer)
    assert (code, stopped) == (0, 0), (out, err, told)
    document: dict[str, Any] = json.loads(out)
    heard = [one["name"] for one in document["heard"] if one["what"] == "prompt"]
    assert heard[:3] == ["da/velkommen", "da/fare", "da/koe"]
    assert document["ended"]["by"] == "them"
    assert document["answered_s"] < 2
    assert document["first_sound_s"] < 2
    assert SECRET_NUMBER not in out + told
    assert len(read_wav(wav)) > 8 * 8000
    events = [json.loads(one) for one in told.splitlines()]
    assert [one["event"] for one in events] == ["ringing", "answered", "heard", "ended", "unregistered"]
    assert "116111" in events[0]["shows"]
    assert (events[3]["by"], events[3]["seconds"]) == ("us", pytest.approx(4, abs=0.5))
    line.empty()


@pytest.mark.parametrize("name", KINDS)
def test_ctrl_c_hangs_up_and_still_reports(line: LiveLine, name: str) -> None:
    process = start(line, "call", "116111", "--phone", name, "--json")
    until(lambda: line.channels() == 1 or None, "the call arrives")
    process.send_signal(signal.SIGINT)
    code, out, err = ends(process)
    assert code == 0, err
    assert json.loads(out)["ended"]["by"] == "us"
    line.empty()


def test_a_volunteer_who_declines_says_so(line: LiveLine) -> None:
    volunteer = start(line, "softphone", "anna", "--phone", "own", "--answer-after", "0.2", "--decline", "--json")
    assert told_next(volunteer)["event"] == "registered"
    caller = start(line, "call", "bornetelefonen", "--phone", "own", "--json")
    assert told_next(volunteer)["event"] == "ringing"
    declined = told_next(volunteer)
    caller.send_signal(signal.SIGTERM)
    volunteer.send_signal(signal.SIGTERM)
    assert (ends(caller)[0], ends(volunteer)[0]) == (0, 0)
    assert declined["event"] == "declined"
    line.empty()


def test_a_number_that_is_nobodys_is_told_with_the_exchanges_answer(line: LiveLine) -> None:
    code, _, err = ends(start(line, "call", "999", "--phone", "own"))
    assert code == 1
    assert "404" in err


def test_what_was_recorded_is_told_from_the_file(line: LiveLine) -> None:
    wav = line.state / "asterisk" / "sounds" / "da" / "koe.wav"
    code, out, _ = ends(start(line, "heard", str(wav), "--json"))
    assert code == 0
    assert [one["name"] for one in json.loads(out)["heard"]] == ["da/koe"]


def test_a_stranger_is_not_a_volunteer(line: LiveLine) -> None:
    code, _, err = ends(start(line, "softphone", "nobody"))
    assert code == 1
    assert "anna" in err
    assert "ivr volunteer add nobody" in err


# ---------------------------------------------------------------- without a line


def ivr(state: Path, *words: str) -> tuple[int, str]:
    command = [sys.executable, "-m", "ivr", *words, "--state", str(state)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=CHECKOUT, timeout=40, check=False)
    assert "Traceback" not in done.stderr
    return done.returncode, done.stderr


def test_where_nothing_runs_both_phones_say_how_to_start_it(tmp_path: Path) -> None:
    for words in (("call", "116111"), ("softphone", "anna")):
        code, err = ivr(tmp_path, *words)
        assert code == 1
        assert "make run" in err


def test_where_the_exchange_is_gone_it_is_said_within_seconds(tmp_path: Path) -> None:
    ready = {"sip": "127.0.0.1:9", "trunk_source": "127.0.0.2", "lines": {"bornetelefonen": "116111"}}
    (tmp_path / "ready.json").write_text(json.dumps(ready))
    code, err = ivr(tmp_path, "call", "116111", "--phone", "own")
    assert code == 1
    assert "nothing answers at 127.0.0.1:9" in err
    for broken in ("", "[]", '{"sip": 1}'):
        (tmp_path / "ready.json").write_text(broken)
        code, err = ivr(tmp_path, "call", "116111")
        assert code == 1
        assert "make run" in err


@pytest.mark.parametrize(
    "words",
    [
        ("call", "116111", "--digits", "x"),
        ("call", "116111", "--digits", "1@later"),
        ("call", "11 6111"),
        ("call", "116111", "--from", "a@b"),
        ("call", "116111", "--seconds", "0"),
        ("call",),
        ("softphone", "anna", "--answer-after", "-1"),
    ],
)
def test_wrong_use_is_told_as_wrong_use(tmp_path: Path, words: tuple[str, ...]) -> None:
    assert ivr(tmp_path, *words)[0] == 2


def test_files_that_are_no_sound_are_named(tmp_path: Path) -> None:
    (tmp_path / "no.wav").write_text("no")
    code, err = ivr(tmp_path, "heard", str(tmp_path / "no.wav"))
    assert code == 1
    assert "no.wav" in err
    assert os.linesep not in err.strip()


def test_phones_are_told_of_tls_by_the_ready_line_the_status_and_their_account(line: LiveLine) -> None:
    server = f"127.0.0.1:{line.base + 4}"
    assert line.ready["sip_tls"] == server
    tls = until(lambda: told if (told := line.status()["tls"])["until"] else None, "the certificate was looked at")
    assert (tls["server"], tls["srtp"], tls["age_days"]) == (server, "optional", 1)  # begins a day ago
    assert 300 < tls["days_left"] < 398
    seen = subprocess.run(
        [sys.executable, "-m", "ivr", "status", "--state", str(line.state)], capture_output=True, text=True, check=False
    )
    assert f"phones: TLS {server}, SRTP optional; certificate of our own CA" in seen.stdout
    account = json.loads(line.ivr("volunteer", "add", "eva", "--json"))["sip"]
    assert account["transports"] == ["udp", "tls"]
    assert account["tls_uri"] == f"sip:eva@{server};transport=tls"
    assert Path(account["ca"]).read_text(encoding="utf-8").startswith("-----BEGIN CERTIFICATE")
    line.ivr("volunteer", "remove", "eva")


def test_on_loopback_srtp_is_offered_and_a_phone_in_the_clear_talks_as_ever(line: LiveLine) -> None:
    async def story() -> None:
        async with (
            await line.volunteer("anna") as phone,
            await OwnPhone.open(bind=line.ready["trunk_source"]) as carrier,
        ):
            call = await line.call(carrier)
            ring = await phone.next_ring(20)
            assert "RTP/AVP " in ring.offer
            assert "a=crypto:" in ring.offer
            talk = await ring.answer(sound=speech_like(30.0, 9))
            await eventually(lambda: len(talk.heard.samples()) > 16_000 or None, "the volunteer hears")
            await call.hangup()

    run(story)
