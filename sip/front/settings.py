"""Everything that the front's configuration is made from."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from sip.asterisk.settings import LOOPBACK, Settings
from sip.shown import bracketed
from sip.trunks import socket_of


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
    def questions(self) -> Path:
        """The socket at which it is asked what it has counted."""
        return self.run / "questions.sock"

    @property
    def key(self) -> Path:
        return self.home / "key.json"


@dataclass(frozen=True, slots=True)
class FrontTrunk:
    """A carrier, and the front's own address from which its calls go on to Asterisk."""

    name: str
    socket: str
    sources: tuple[str, ...]


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


def front_settings(settings: Settings, places: FrontPlaces, key: str) -> FrontSettings:
    """What the front must know of all that Asterisk is made from."""
    return FrontSettings(
        places=places,
        address=settings.sip_bind,
        port=settings.ports.sip,
        asterisk_port=settings.ports.sip_inside,
        trunks=tuple(
            FrontTrunk(trunk.name, socket_of(place), trunk.sources) for place, trunk in enumerate(settings.trunks)
        ),
        key=key,
        tls_address=settings.phones.bind,
        tls_port=settings.ports.sip_tls,
        certificate=settings.phones.certificate,
        phones_outside=settings.phones.is_outside,
    )
