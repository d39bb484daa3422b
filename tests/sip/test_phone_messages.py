"""What the own phone reads from the wire: total, and true to the standards' own examples."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sip.phone import digest, g711, sdp
from sip.phone.media import parse_rtp
from sip.phone.message import (
    Request,
    Response,
    address_of,
    name_of,
    param,
    parse,
    parse_uri,
    quoted,
    reply,
    split_list,
)

INVITE = (
    b"INVITE sip:116111@127.0.0.1:5060 SIP/2.0\r\n"
    b"v: SIP/2.0/UDP 127.0.0.2:5070;branch=z9hG4bKabc;rport, SIP/2.0/UDP 10.0.0.1;branch=z9hG4bKdef\r\n"
    b'f: "Hej, du" <sip:anonymous@127.0.0.2>;tag=1\r\n'
    b"To: <sip:116111@127.0.0.1>\r\n"
    b"i: abc\r\n"
    b"CSeq:  7   INVITE\r\n"
    b"Subject: two\r\n  lines\r\n"
    b"Content-Length: 3\r\n"
    b"\r\n"
    b"v=0 and what does not belong to it"
)


def invite() -> Request:
    message = parse(INVITE)
    assert isinstance(message, Request)
    return message


def test_compact_names_folded_lines_lists_and_lengths_are_understood() -> None:
    message = invite()
    assert (message.method, message.uri, message.call_id, message.cseq) == (
        "INVITE",
        "sip:116111@127.0.0.1:5060",
        "abc",
        (7, "INVITE"),
    )
    assert message.branch == "z9hG4bKabc"
    assert len(message.all("Via")) == 2
    assert message.get("subject") == "two lines"
    assert message.from_tag == "1"
    assert message.to_tag == ""
    assert message.body == b"v=0"


@pytest.mark.parametrize(
    ("found", "instead"),
    [
        (b"\r\nCSeq:  7   INVITE", b""),
        (b"7   INVITE", b"7 BYE"),
        (b"7   INVITE", b"seven INVITE"),
        (b"Length: 3", b"Length: 300"),
        (b"Length: 3", b"Length: -1"),
        (b"SIP/2.0\r\nv", b"HTTP/1.1\r\nv"),
        (b"i: abc", b"i abc"),
        (b"i: abc", b"i: a\nb: c"),
        (b"\r\n\r\n", b"\r\n"),
    ],
)
def test_a_broken_message_is_no_message(found: bytes, instead: bytes) -> None:
    assert found in INVITE
    assert parse(INVITE.replace(found, instead, 1)) is None


def test_a_reply_carries_what_the_standard_wants_copied() -> None:
    answer = reply(invite(), 180, to_tag="ours", more=(("Contact", "<sip:x@127.0.0.1>"),))
    read = parse(answer.render())
    assert isinstance(read, Response)
    assert (read.code, read.phrase, read.to_tag, read.call_id, read.cseq) == (
        180,
        "Ringing",
        "ours",
        "abc",
        (7, "INVITE"),
    )
    assert read.all("via") == invite().all("via")


def test_a_line_break_never_gets_into_a_header() -> None:
    with pytest.raises(ValueError, match="line break"):
        Request((("From", "x\r\nEvil: 1"),), b"", "INVITE", "sip:x@y").render()


@given(st.binary(max_size=400))
def test_any_bytes_are_a_message_or_none(data: bytes) -> None:
    assert parse(data) is None


@given(st.integers(0, len(INVITE) - 1), st.binary(max_size=6), st.integers(0, 6))
def test_a_damaged_message_is_read_or_refused_but_never_breaks_anything(place: int, put: bytes, gone: int) -> None:
    message = parse(INVITE[:place] + put + INVITE[place + gone :])
    if message is not None:
        assert message.cseq[0] >= 0
        assert isinstance(message.all("via"), tuple)
        parse_uri(message.get("from"))
        assert name_of(message.get("from")) is not None
        if isinstance(message, Request):
            again = parse(reply(message, 200, to_tag="x").render())
            assert again is not None


@given(st.text(max_size=60))
def test_addresses_and_lists_are_total(text: str) -> None:
    parse_uri(text)
    address_of(text)
    name_of(text)
    param(text, "tag")
    assert all(split_list(text))


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), max_size=30))
def test_any_name_comes_back_as_it_was_quoted(name: str) -> None:
    assert name_of(f"{quoted(name)} <sip:x@y>;tag=1") == name


@given(st.binary(max_size=200))
def test_any_bytes_are_a_session_or_none(body: bytes) -> None:
    sdp.parse_session(body)
    sdp.parse_session(b"v=0\r\nc=IN IP4 127.0.0.1\r\nm=audio 4000 RTP/AVP 8\r\n" + body)


@given(st.binary(max_size=60))
def test_any_bytes_are_an_rtp_packet_or_none(data: bytes) -> None:
    packet = parse_rtp(data, 0.0)
    if packet is not None:
        assert packet.payload
        assert data[0] >> 6 == 2


def test_an_answer_takes_their_best_voice_and_their_number_for_keys() -> None:
    body = (
        b"v=0\r\no=- 1 1 IN IP4 10.0.0.9\r\ns=-\r\nc=IN IP4 127.0.0.9\r\nt=0 0\r\n"
        b"m=video 5000 RTP/AVP 31\r\n"
        b"m=audio 4000 RTP/AVP 96 0 8 97\r\na=rtpmap:96 opus/48000/2\r\n"
        b"a=rtpmap:97 telephone-event/8000\r\na=sendonly\r\n"
    )
    theirs = sdp.parse_session(body)
    assert theirs is not None
    assert (theirs.host, theirs.port, theirs.voices, theirs.events, theirs.direction) == (
        "127.0.0.9",
        4000,
        (0, 8),
        97,
        "sendonly",
    )
    ours = sdp.answer(theirs, "127.0.0.1", 6000).decode()
    assert "m=video 0 " in ours
    assert "m=audio 6000 RTP/AVP 0 97" in ours
    assert "a=recvonly" in ours


def test_the_digest_is_that_of_the_standards_examples() -> None:
    old = digest.Challenge("testrealm@host.com", "dcd98b7102dd2f0e8b11d0f600bfb0c093", "MD5", True, None, False)
    who = digest.Credentials("Mufasa", "Circle Of Life")
    assert 'response="6629fae49393a05397450978507c4ef1"' in digest.answer(
        old, who, "GET", "/dir/index.html", cnonce="0a4f113b"
    )
    nonce, cnonce = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"
    who = digest.Credentials("Mufasa", "Circle of Life")
    told = {
        "MD5": "8ca523f5e9506fed4657c9700eebdbec",
        "SHA-256": "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
    }
    for algorithm, response in told.items():
        new = digest.Challenge("http-auth@example.org", nonce, algorithm, True, None, False)
        assert f'response="{response}"' in digest.answer(new, who, "GET", "/dir/index.html", cnonce=cnonce)


def test_the_strongest_challenge_that_we_know_is_answered() -> None:
    values = [
        'Digest realm="a", nonce="n", algorithm=MD5, qop="auth,auth-int"',
        'Digest realm="a", nonce="n", algorithm=SHA-256, qop="auth", opaque="o"',
        'Digest realm="a", nonce="n", algorithm=SHA-512-256, qop="auth"',
        "Bearer x",
    ]
    best = digest.strongest(values)
    assert best is not None
    assert (best.algorithm, best.opaque) == ("SHA-256", "o")
    assert digest.strongest(values[2:]) is None


def test_a_password_is_not_shown_by_what_holds_it() -> None:
    assert "secret" not in repr(digest.Credentials("anna", "secret"))


def test_both_laws_say_each_of_their_256_values_again() -> None:
    for law in sdp.VOICES:
        every = bytes(range(256))
        values = g711.decode(every, law)
        again = g711.decode(g711.encode(values, law), law)
        assert np.array_equal(values, again)
        assert g711.encode(np.zeros(1, np.int16), law) == g711.SILENCE[law]
        noise = np.random.default_rng(1).integers(-32000, 32000, 4000).astype(np.int16)
        off = g711.decode(g711.encode(noise, law), law).astype(float) - noise
        assert np.sqrt(np.mean(off**2)) < 0.02 * np.sqrt(np.mean(noise.astype(float) ** 2))


def test_known_values_of_both_laws() -> None:
    # ITU-T G.711 tables 1a and 2a, scaled to 16 bit
    assert g711.decode(b"\xd5\x55\xaa\x2a", sdp.PCMA).tolist() == [8, -8, 32256, -32256]
    assert g711.decode(b"\xff\x80\x00", sdp.PCMU).tolist() == [0, 32124, -32124]


def test_line_noise_is_no_sound() -> None:
    quiet = np.full(160, 40, np.int16)
    for law in sdp.VOICES:
        assert not g711.is_sound(g711.SILENCE[law] * 160, law)
        assert not g711.is_sound(g711.encode(quiet, law), law)
        assert g711.is_sound(g711.encode((quiet * 20).astype(np.int16), law), law)
        assert not g711.is_sound(b"", law)


def test_addresses_say_where_and_who() -> None:
    uri = parse_uri('"A <b>" <sip:anna@127.0.0.1:5062;transport=udp>;expires=60')
    assert uri is not None
    assert (uri.user, uri.host, uri.port) == ("anna", "127.0.0.1", 5062)
    assert param('"A;tag=no" <sip:anna@x>;tag=yes', "tag") == "yes"
    assert parse_uri("tel:112") is None
    assert parse_uri("sip:x@y:99999") is None
    assert re.fullmatch(r"<sip:a,b@c>;q=1", split_list("<sip:a,b@c>;q=1, <sip:d@e>")[0])
