"""The certificate that phones are shown: the house's own files, or one made by this installation's own CA.

Rules: what Asterisk reads is always `tls/phones.pem` (chain and key in one file, 0600), written in one step, so that it
never meets a pair that does not fit; a private key leaves its file only for that one; moments are real time, never the
line's (`--clock`).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from sip.private import alone_with, write_privately
from sip.shown import CA, FOLDER, SHOWN, Shown, Wish
from sip.trouble import SipTrouble

CA_KEY = "ca.key"
CA_FOR = timedelta(days=20 * 365)
"""Phones are told of a CA by hand, one by one: it must outlive them."""
SERVED_FOR = timedelta(days=397)
"""What phones and browsers take at most from a public CA (CA/Browser Forum's baseline of 2020); ours keeps to it."""
RENEWED_BEFORE = timedelta(days=60)
_EARLIER = timedelta(hours=24)
"""A phone's clock may be behind."""


def ensure(state: Path, wish: Wish, now: datetime | None = None) -> tuple[Shown, bool]:
    """The certificate of this state directory as wished, made, renewed or copied when that is due; and whether the
    file has changed, so that Asterisk must read it again. Raises `SipTrouble`."""
    folder, moment = state / FOLDER, now or datetime.now(UTC)
    with alone_with(folder / SHOWN):
        folder.chmod(0o700)
        return _from_files(folder, wish, moment) if wish.chain is not None else _our_own(folder, wish, moment)


# ---------------------------------------------------------------- from the house's own files


def _from_files(folder: Path, wish: Wish, now: datetime) -> tuple[Shown, bool]:
    assert wish.chain is not None
    assert wish.key is not None
    chain, key = _read(wish.chain), _read(wish.key)
    first = _first(chain, wish.chain)
    if _public(_key(key, wish.key)) != _public(first):
        raise SipTrouble(f"{wish.key} is not the key of {wish.chain}: name the two that belong together.")
    if first.not_valid_after_utc <= now:
        raise SipTrouble(f"{wish.chain} ran out at {first.not_valid_after_utc:%Y-%m-%d}: renew it.")
    missing = [name for name in wish.names if name not in _names(first)]
    changed = _replace(folder / SHOWN, chain.rstrip() + b"\n" + key)
    return Shown(wish.chain, first.not_valid_before_utc, first.not_valid_after_utc, None, None, tuple(missing)), changed


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as wrong:
        raise SipTrouble(f"{path} cannot be read ({wrong.strerror}): let the user who runs this read it.") from None


def _first(pem: bytes, path: Path) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificates(pem)[0]
    except (ValueError, IndexError):
        raise SipTrouble(f"{path} is no certificate in PEM form: name the file with the whole chain.") from None


def _key(pem: bytes, path: Path) -> PrivateKeyTypes:
    try:
        return serialization.load_pem_private_key(pem, None)
    except TypeError:
        raise SipTrouble(f"The key in {path} has a password, which nobody can type at night: take it off.") from None
    except (ValueError, UnsupportedAlgorithm):
        raise SipTrouble(f"{path} is no private key in PEM form: name the file with the key.") from None


def _public(of: x509.Certificate | PrivateKeyTypes) -> bytes:
    return of.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def _names(certificate: x509.Certificate) -> frozenset[str]:
    """The hosts and addresses it is for."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, ValueError):
        return frozenset()
    addresses = (str(address) for address in names.get_values_for_type(x509.IPAddress))
    return frozenset((*names.get_values_for_type(x509.DNSName), *addresses))


# ---------------------------------------------------------------- our own


def _our_own(folder: Path, wish: Wish, now: datetime) -> tuple[Shown, bool]:
    ca, ca_key = _our_ca(folder, now)
    served = _kept(folder / SHOWN)
    changed = served is None or not _still_good(served, ca, wish, now)
    if served is None or changed:
        key = ec.generate_private_key(ec.SECP256R1())
        served = _sign(key, wish.names, ca, ca_key, now)
        changed = _replace(folder / SHOWN, _pem(served) + _pem(ca) + _pem_key(key))
    return (
        Shown(
            folder / SHOWN,
            served.not_valid_before_utc,
            served.not_valid_after_utc,
            folder / CA,
            ca.not_valid_after_utc,
            (),
        ),
        changed,
    )


def _still_good(served: x509.Certificate, ca: x509.Certificate, wish: Wish, now: datetime) -> bool:
    try:
        served.verify_directly_issued_by(ca)
    except Exception:
        return False
    fresh = served.not_valid_after_utc - now > RENEWED_BEFORE or served.not_valid_after_utc == ca.not_valid_after_utc
    return fresh and served.not_valid_before_utc <= now and _names(served) == frozenset(wish.names)


def _our_ca(folder: Path, now: datetime) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    """The CA of this installation, made when there is none or when it has run out."""
    ca, key = _kept(folder / CA), _kept_key(folder / CA_KEY)
    if ca is not None and key is not None and _public(ca) == _public(key) and ca.not_valid_after_utc > now:
        return ca, key
    key = ec.generate_private_key(ec.SECP256R1())
    identity = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    # Two installations' CAs must not have one name: a phone that knows both would look at the wrong one.
    name = _name(f"voiceline {identity.digest.hex()[:12]}")
    ca = (
        _builder(name, name, key.public_key(), now, now + CA_FOR)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs=False), critical=True)
        .add_extension(identity, critical=False)
        .sign(key, hashes.SHA256())
    )
    _replace(folder / CA_KEY, _pem_key(key))
    _replace(folder / CA, _pem(ca))
    return ca, key


def _sign(
    key: ec.EllipticCurvePrivateKey,
    names: Sequence[str],
    ca: x509.Certificate,
    ca_key: ec.EllipticCurvePrivateKey,
    now: datetime,
) -> x509.Certificate:
    authority = ca.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    until = min(now + SERVED_FOR, ca.not_valid_after_utc)
    return (
        _builder(_name(names[0][:64]), ca.subject, key.public_key(), now, until)
        .add_extension(x509.SubjectAlternativeName([each for name in names for each in _general(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(authority), critical=False)
        .sign(ca_key, hashes.SHA256())
    )


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, now: datetime, until: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _EARLIER)
        .not_valid_after(until)
    )


def _usage(*, signs: bool) -> x509.KeyUsage:
    """`signs`: in a handshake; otherwise other certificates."""
    return x509.KeyUsage(signs, False, False, False, False, not signs, not signs, False, False)


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _general(name: str) -> list[x509.GeneralName]:
    """An address also as if it were a host: mbedTLS, with which linphone looks, knows no addresses before 3.6."""
    try:
        return [x509.IPAddress(ipaddress.ip_address(name)), x509.DNSName(name)]
    except ValueError:
        return [x509.DNSName(name)]


# ---------------------------------------------------------------- files


def _kept(path: Path) -> x509.Certificate | None:
    try:
        return x509.load_pem_x509_certificates(path.read_bytes())[0]
    except (OSError, ValueError, IndexError):
        return None


def _kept_key(path: Path) -> ec.EllipticCurvePrivateKey | None:
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), None)
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm):
        return None
    return key if isinstance(key, ec.EllipticCurvePrivateKey) else None


def _replace(path: Path, content: bytes) -> bool:
    """Whether it was different. A file that others may read (copied about, restored) is closed to them again."""
    try:
        same = path.read_bytes() == content
        if same and path.stat().st_mode & 0o077:
            path.chmod(0o600)
    except OSError:
        same = False
    if not same:
        write_privately(path, content)
    return not same


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _pem_key(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
