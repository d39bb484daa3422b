"""What is said of the certificate that phones are shown, without the library that makes and reads one (`certificates`):
a start in which nothing is due need not wait for it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

FOLDER, SHOWN, CA = "tls", "phones.pem", "ca.pem"
ENDS_SOON = timedelta(days=21)
"""A public CA's certificate is renewed 30 days before its end by every common tool: if not, something is wrong."""


@dataclass(frozen=True, slots=True)
class Wish:
    names: tuple[str, ...]
    """Hosts and addresses that phones dial, the first one first."""
    chain: Path | None = None
    """The house's own certificate with its chain (PEM); None: made by our own CA."""
    key: Path | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    path: Path
    since: datetime
    until: datetime
    ca: Path | None
    """What phones must trust; None: a certificate from the house's own files."""
    ca_until: datetime | None
    missing: tuple[str, ...]
    """Names that phones dial and that it is not for."""

    def warnings(self, now: datetime) -> list[str]:
        """What somebody should see to, in one sentence each."""
        found: list[str] = []
        if self.ca is None and self.until - now < ENDS_SOON:
            found.append(f"The certificate in {self.path} ends on {self.until:%Y-%m-%d}: renew it, or no phone comes.")
        if self.ca_until is not None and self.ca_until - now < timedelta(days=400):
            end = f"{self.ca_until:%Y-%m-%d}"
            found.append(f"This installation's own CA ends on {end}: remove {self.ca} then, and tell every phone anew.")
        if self.missing:
            names = ", ".join(self.missing)
            found.append(f"The certificate in {self.path} is not for {names}: phones that look closely stay away.")
        return found


def shown_file(state: Path) -> Path:
    """Chain and key in one file, for Asterisk."""
    return state / FOLDER / SHOWN


def ca_file(state: Path) -> Path:
    return state / FOLDER / CA


def bracketed(host: str) -> str:
    """A host as it stands before a port."""
    return f"[{host}]" if ":" in host else host
