"""Everything that the front's configuration is made from."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field
from pathlib import Path

from sip.asterisk.settings import LOOPBACK, Ports, Settings
from sip.shown import bracketed

FRONT = "front"
"""Its directory in the state's."""
INSIDE = "127.0.1.1"
"""The front's own address towards Asterisk: loopback, so nobody from elsewhere can have it."""


@dataclass(frozen=True, slots=True)
class FrontPlaces:
    """Where the front finds and puts its things: all under the state's `front` directory."""

    home: Path

    @property
    def configuration(self) -> Path:
        return self.home / "kamailio.cfg"

    @property
    def tls(self) -> Path:
        return self.home / "tls.cfg"

    @property
    def pid(self) -> Path:
        return self.home / "kamailio.pid"

    @property
    def run(self) -> Path:
        return self.home / "run"

    @property
    def rpc(self) -> Path:
        """The socket at which it takes orders."""
        return self.run / "rpc"

    @property
    def key(self) -> Path:
        return self.home / "key.json"


@dataclass(frozen=True, slots=True)
class FrontTrunk:
    """A carrier, and by what Asterisk knows that a call came from it through the front."""

    name: str
    sources: tuple[str, ...]
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class FrontSettings:
    places: FrontPlaces
    address: str
    """Where carriers reach us, and phones by UDP and TCP; an address, not `0.0.0.0`."""
    port: int
    asterisk_port: int
    trunks: tuple[FrontTrunk, ...]
    key: str = field(repr=False)
    """Makes Call-IDs and rights in dialogs unguessable (hex). Must outlive a crash: with another one no call that is
    there could be ended any more."""
    tls_address: str = LOOPBACK
    tls_port: int = 5061
    certificate: Path | None = None
    """Chain and key in one file (PEM); None: no TLS."""
    phones_outside: bool = False
    """Phones come from elsewhere: over TLS, or not at all."""

    @property
    def here(self) -> str:
        """Address and port as they stand in a URI."""
        return f"{bracketed(self.address)}:{self.port}"

    @property
    def tls_here(self) -> str:
        return f"{bracketed(self.tls_address)}:{self.tls_port}"


def inside_partners(ports: Ports) -> str:
    """Where Asterisk finds partners."""
    return f"{INSIDE}:{ports.sip_inside + 2}"


def trunk_secret(key: str, name: str) -> str:
    """What the front writes into a carrier's calls, so that no other program on this machine can be the carrier."""
    return hmac.new(key.encode(), f"trunk {name}".encode(), hashlib.sha256).hexdigest()[:40]


def front_settings(settings: Settings, places: FrontPlaces) -> FrontSettings:
    """What the front must know of all that Asterisk is made from. `settings` has a front."""
    key = settings.front_key
    assert key is not None, "there is a front"
    return FrontSettings(
        places=places,
        address=settings.sip_bind,
        port=settings.ports.sip,
        asterisk_port=settings.ports.sip_inside,
        trunks=tuple(FrontTrunk(trunk.name, trunk.sources, trunk_secret(key, trunk.name)) for trunk in settings.trunks),
        key=key,
        tls_address=settings.phones.bind,
        tls_port=settings.ports.sip_tls,
        certificate=settings.phones.certificate,
        phones_outside=settings.phones.is_outside,
    )
