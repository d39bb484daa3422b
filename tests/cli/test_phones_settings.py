"""`[phones]` and `[trunks]` in the settings file: what is meant, and a sentence for each slip."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ivr.cli.common import Trouble
from ivr.cli.config import Config, read_config
from sip.asterisk.render import rendered
from sip.asterisk.settings import PhoneSide, Places, Ports, Settings
from sip.shown import Wish
from sip.trunks import Trunk


def settings_of(tmp_path: Path, text: str) -> Config:
    path = tmp_path / "voiceline.toml"
    path.write_text(text, encoding="utf-8")
    return read_config(path)


def test_without_settings_phones_are_on_this_machine_and_srtp_is_a_choice(tmp_path: Path) -> None:
    config = settings_of(tmp_path, "")
    assert config.phone_side == PhoneSide("127.0.0.1")
    assert config.certificate == Wish(("127.0.0.1", "localhost"))


def test_who_listens_to_the_net_requires_srtp_without_being_told(tmp_path: Path) -> None:
    config = settings_of(tmp_path, 'sip_bind = "192.0.2.10"\n[phones]\nhost = "sip.example.dk"\n')
    assert config.phone_side == PhoneSide("192.0.2.10", srtp_required=True)
    assert config.certificate == Wish(("sip.example.dk", "192.0.2.10"))


def test_phones_may_have_another_address_than_carriers_and_the_houses_own_certificate(tmp_path: Path) -> None:
    text = '[phones]\nbind = "192.0.2.10"\nhost = "sip.example.dk"\ncertificate = "chain.pem"\nkey = "key.pem"\n'
    config = settings_of(tmp_path, text)
    assert (config.sip_bind, config.phones_bind) == ("127.0.0.1", "192.0.2.10")
    assert config.certificate == Wish(("sip.example.dk",), tmp_path / "chain.pem", tmp_path / "key.pem")


def test_a_trunks_sound_may_come_from_other_networks_than_its_calls(tmp_path: Path) -> None:
    text = '[trunks]\none = ["192.0.2.10"]\ntwo = {sources = ["192.0.2.20"], media = ["192.0.2.32/28"]}\n'
    one, two = settings_of(tmp_path, text).trunks
    assert one.media_networks == ("192.0.2.10",)
    assert two.media_networks == ("192.0.2.32/28",)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("phones = 1", "phones must be a table"),
        ('[phones]\nbind = "here"', "phones.bind is 'here', which is no address"),
        ('[phones]\nhosts = "x"', "phones.hosts is not a setting; did you mean host"),
        ('[phones]\nhost = "a b"', "phones.host is 'a b', which is no name"),
        ('[phones]\ncertificate = "x.pem"', "phones.certificate and phones.key go together"),
        ('[phones]\nsrtp = "optional"', 'phones.srtp can only be "required"'),
        ('sip_bind = "0.0.0.0"', "name what phones dial"),
        ('sip_bind = "everywhere"', "sip_bind is 'everywhere', which is no address"),
        ('[trunks]\none = {sources = ["192.0.2.1"], medja = []}', "trunks.one.medja is not a setting"),
        ('[trunks]\none = {sources = ["192.0.2.1"], media = ["0.0.0.0/0"]}', "too wide a net"),
        ('[trunks]\none = {media = ["192.0.2.1"]}', "trunks.one must be a list of addresses"),
    ],
)
def test_a_slip_is_told_in_a_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(Trouble, match=sentence.replace("(", r"\(")):
        settings_of(tmp_path, text)


# ---------------------------------------------------------------- what Asterisk and the firewall are told

PLACE = Path("/var/lib/voiceline")
LOOPBACK = Settings(Places(*[PLACE / str(each) for each in range(8)]), Ports(), (), (), "x", "y")
OUTSIDE = replace(
    LOOPBACK,
    sip_bind="192.0.2.10",
    phones=PhoneSide("192.0.2.10", PLACE / "phones.pem", srtp_required=True),
    trunks=(Trunk("one", ("198.51.100.1", "2001:db8::1"), ("198.51.100.32/28",)),),
)


def test_no_leg_of_anybody_is_ever_sent_where_a_packet_came_from() -> None:
    for settings in (LOOPBACK, OUTSIDE):
        told = rendered(settings)["pjsip.conf"]
        assert "rtp_symmetric = no" in told
        assert "rtp_symmetric = yes" not in told
        assert "probation = 100000000" in rendered(settings)["rtp.conf"]


def test_outside_loopback_phones_come_over_tls_encrypt_and_prove_where_they_are() -> None:
    files = rendered(OUTSIDE)
    for line in ("transport = tls", "media_encryption_optimistic = no", "ice_support = yes", "endpoint = Plain"):
        assert line in files["pjsip.conf"], line
    assert "ip,header,username" in files["pjsip.conf"]


def test_on_loopback_nothing_of_that_is_needed() -> None:
    files = rendered(LOOPBACK)
    assert "transport = tls" not in files["pjsip.conf"]
    assert "chain" not in files["firewall.nft"]


def test_the_firewall_knows_carriers_by_their_sources_and_their_sound_by_its_networks() -> None:
    told = rendered(OUTSIDE)["firewall.nft"]
    assert "elements = { 198.51.100.1 }" in told
    assert "elements = { 2001:db8::1 }" in told
    assert "elements = { 198.51.100.32/28 }" in told
    assert "udp dport 10000-11399 drop" in told
    assert "udp dport 5060 drop" in told
    assert "rtp_port_end = 11399" in rendered(OUTSIDE)["pjsip.conf"]
    assert "rtp_port_start = 11400" in rendered(OUTSIDE)["pjsip.conf"]


def test_where_phones_are_on_loopback_and_a_carrier_is_not_udp_stays_open_to_phones() -> None:
    told = rendered(replace(LOOPBACK, trunks=OUTSIDE.trunks))["firewall.nft"]
    assert "udp dport 5060 drop" not in told
    assert "udp dport 10000-11399 drop" in told
