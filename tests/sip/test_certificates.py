"""What phones are shown: our own CA's certificate, or the house's files; whole, closed to others, and in time."""

from __future__ import annotations

import ssl
import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from sip.certificates import CA_KEY, RENEWED_BEFORE, SERVED_FOR, ensure
from sip.shown import CA, ENDS_SOON, FOLDER, SHOWN, Wish, ca_file, shown_file
from sip.trouble import SipTrouble

NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)
OURS = Wish(("sip.example.dk", "192.0.2.10"))


@pytest.fixture
def house(tmp_path: Path) -> Wish:
    """A certificate in files, made by another CA."""
    other = tmp_path / "other"
    ensure(other, OURS, NOW)
    pem = (other / FOLDER / SHOWN).read_bytes()
    at = pem.index(b"-----BEGIN PRIVATE KEY")
    chain, key = tmp_path / "chain.pem", tmp_path / "key.pem"
    chain.write_bytes(pem[:at])
    key.write_bytes(pem[at:])
    return Wish(("sip.example.dk",), chain, key)


def test_it_is_made_once_for_every_name_and_only_its_owner_may_read_the_keys(tmp_path: Path) -> None:
    shown, changed = ensure(tmp_path, OURS, NOW)
    assert changed
    assert ensure(tmp_path, OURS, NOW + timedelta(days=100)) == (shown, False)
    for name in (CA_KEY, SHOWN):
        assert (tmp_path / FOLDER / name).stat().st_mode & 0o777 == 0o600, name
    assert (tmp_path / FOLDER).stat().st_mode & 0o777 == 0o700
    names = certificate(tmp_path).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert "sip.example.dk" in names.get_values_for_type(x509.DNSName)
    assert [str(each) for each in names.get_values_for_type(x509.IPAddress)] == ["192.0.2.10"]


def test_another_program_believes_it_with_our_ca_and_not_without(tmp_path: Path) -> None:
    ensure(tmp_path, OURS)
    look = ["openssl", "verify", "-verify_hostname", "sip.example.dk"]
    served = str(shown_file(tmp_path))
    assert subprocess.run([*look, "-CAfile", str(ca_file(tmp_path)), served], check=False).returncode == 0
    assert subprocess.run([*look, served], check=False, capture_output=True).returncode != 0


def test_it_is_renewed_before_its_end_by_the_same_ca(tmp_path: Path) -> None:
    first, _ = ensure(tmp_path, OURS, NOW)
    ca = (tmp_path / FOLDER / CA).read_bytes()
    almost = first.until - RENEWED_BEFORE
    assert ensure(tmp_path, OURS, almost - timedelta(hours=1))[1] is False
    second, changed = ensure(tmp_path, OURS, almost)
    assert changed
    assert second.until == almost + SERVED_FOR
    assert (tmp_path / FOLDER / CA).read_bytes() == ca, "phones would have to be told anew"


def test_a_house_that_gets_another_name_gets_another_certificate_of_the_same_ca(tmp_path: Path) -> None:
    first, _ = ensure(tmp_path, OURS, NOW)
    second, changed = ensure(tmp_path, Wish(("ny.example.dk",)), NOW)
    assert changed
    assert second.ca_until == first.ca_until


def test_what_was_damaged_is_made_anew_and_what_others_could_read_is_closed(tmp_path: Path) -> None:
    ensure(tmp_path, OURS, NOW)
    served = shown_file(tmp_path)
    served.write_bytes(served.read_bytes()[:100])
    assert ensure(tmp_path, OURS, NOW)[1]
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(served)
    (tmp_path / FOLDER / CA_KEY).write_bytes(b"")
    assert ensure(tmp_path, OURS, NOW)[1]
    certificate(tmp_path).verify_directly_issued_by(x509.load_pem_x509_certificate(ca_file(tmp_path).read_bytes()))


def test_the_last_certificate_of_a_ca_does_not_outlive_it_and_somebody_is_told_in_time(tmp_path: Path) -> None:
    first, _ = ensure(tmp_path, OURS, NOW)
    assert first.ca_until is not None
    assert first.warnings(NOW) == []
    late = first.ca_until - timedelta(days=30)
    last, _ = ensure(tmp_path, OURS, late)
    assert last.until == first.ca_until
    assert ensure(tmp_path, OURS, late + timedelta(days=1))[1] is False, "it would be made anew at every look"
    assert "own CA ends on" in last.warnings(late)[0]


def test_the_houses_own_is_taken_as_it_is_and_again_when_it_has_changed(tmp_path: Path, house: Wish) -> None:
    shown, changed = ensure(tmp_path, house, NOW)
    assert changed
    assert (shown.ca, shown.missing) == (None, ())
    assert shown_file(tmp_path).stat().st_mode & 0o777 == 0o600
    assert ensure(tmp_path, house, NOW)[1] is False
    assert house.chain is not None
    house.chain.write_bytes(2 * house.chain.read_bytes())
    assert ensure(tmp_path, house, NOW)[1]
    assert not ca_file(tmp_path).exists(), "a CA that nobody needs"


def test_of_the_houses_own_somebody_is_told_when_it_ends_soon_or_is_for_another_name(
    tmp_path: Path, house: Wish
) -> None:
    shown, _ = ensure(tmp_path, replace(house, names=("ny.example.dk",)), NOW)
    assert "is not for ny.example.dk" in shown.warnings(NOW)[0]
    shown, _ = ensure(tmp_path, house, NOW)
    assert shown.warnings(shown.until - ENDS_SOON - timedelta(days=1)) == []
    assert "renew it" in shown.warnings(shown.until - timedelta(days=20))[0]


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        ("no chain", "cannot be read"),
        ("no certificate", "no certificate in PEM form"),
        ("no key", "no private key in PEM form"),
        ("another key", "is not the key of"),
        ("locked key", "has a password"),
        ("over", "ran out at"),
    ],
)
def test_a_pair_of_files_that_phones_could_not_use_is_told_of_and_the_one_before_stays(
    tmp_path: Path, house: Wish, spoil: str, sentence: str
) -> None:
    ensure(tmp_path, house, NOW)
    before, now = shown_file(tmp_path).read_bytes(), NOW
    assert house.chain is not None
    assert house.key is not None
    match spoil:
        case "no chain":
            house.chain.unlink()
        case "no certificate":
            house.chain.write_text("not yet written")
        case "no key":
            house.key.write_text("not yet written")
        case "another key":
            ensure(tmp_path / "third", OURS, NOW)
            pem = shown_file(tmp_path / "third").read_bytes()
            house.key.write_bytes(pem[pem.index(b"-----BEGIN PRIVATE KEY") :])
        case "locked key":
            locked = serialization.BestAvailableEncryption(b"secret")
            house.key.write_bytes(
                serialization.load_pem_private_key(house.key.read_bytes(), None).private_bytes(
                    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, locked
                )
            )
        case "over":
            now = NOW + SERVED_FOR + timedelta(days=1)
    with pytest.raises(SipTrouble, match=sentence):
        ensure(tmp_path, house, now)
    assert shown_file(tmp_path).read_bytes() == before


def certificate(state: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificates(shown_file(state).read_bytes())[0]
