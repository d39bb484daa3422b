"""Where volunteers' phones register, and with what."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ivr.app import control


@dataclass(frozen=True, slots=True)
class Registrar:
    sip: str
    tls: str
    ca: str | None
    """What a phone must trust; None: nothing beyond what it does."""
    transports: tuple[str, ...]
    """Which of `udp` and `tls` phones may use."""

    def account(self, name: str, password: str) -> dict[str, object]:
        server = self.sip if "udp" in self.transports else self.tls
        return {
            "username": name,
            "password": password,
            "uri": f"sip:{name}@{server}",
            "transports": list(self.transports),
            "tls_uri": f"sip:{name}@{self.tls};transport=tls",
            "ca": self.ca,
        }

    def in_words(self, name: str, password: str) -> str:
        servers = {"udp": f"{self.sip}   (UDP)", "tls": f"{self.tls}   (TLS, SRTP)"}
        lines = [f"  server    {servers[each]}" for each in self.transports]
        lines += [f"  user name {name}", f"  password  {password}"]
        if self.ca is not None:
            lines.append(f"  to trust  {self.ca}   (over TLS)")
        return "\n".join(lines)


def registrar(state: Path) -> Registrar:
    """As the controller that runs says it; the usual places where none does."""
    try:
        told = control.ask(state, "where")
    except (control.NobodyThere, control.Refused):
        told = {}
    sip, tls = str(told.get("sip", "127.0.0.1:5060")), str(told.get("tls", "127.0.0.1:5061"))
    transports = told.get("transports")
    usable = tuple(map(str, transports)) if isinstance(transports, list) else ("udp",)
    return Registrar(sip, tls, str(told["ca"]) if told.get("ca") else None, usable)
