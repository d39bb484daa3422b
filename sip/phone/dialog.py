"""Two ends that know each other: tags, numbers and the way there (RFC 3261 section 12)."""

from __future__ import annotations

import secrets
from ipaddress import AddressValueError, IPv4Address

from sip.phone.message import Header, Request, Response, address_of, parse_uri
from sip.phone.transaction import Endpoint, new_branch

AGENT = "voiceline test phone"
_WITH_CONTACT = ("INVITE", "UPDATE", "REFER", "SUBSCRIBE")
"""They may change where this end is reached."""
ALLOW = "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO"


class Dialog:
    """One side's view of a call; early until the other side's tag is known."""

    def __init__(
        self, *, us: str, them: str, call_id: str, target: str, local: Endpoint, via: Endpoint, user: str = "phone"
    ) -> None:
        self.us, self.them = us, them
        """From and To values as this side writes them, with tags once known."""
        self.call_id, self.target = call_id, target
        self.routes: tuple[str, ...] = ()
        self.number = secrets.randbelow(1000) + 1
        self.their_number = -1
        self._local, self._via, self._user = local, via, user

    @property
    def contact(self) -> Header:
        return ("Contact", f"<sip:{self._user}@{self._local[0]}:{self._local[1]}>")

    def request(
        self, method: str, *, more: tuple[Header, ...] = (), body: bytes = b"", number: int | None = None
    ) -> Request:
        """A request within the dialog; takes the next number unless one is given (ACK has its INVITE's)."""
        if number is None:
            self.number += 1
            number = self.number
        headers: list[Header] = [
            ("Via", f"SIP/2.0/UDP {self._local[0]}:{self._local[1]};branch={new_branch()};rport"),
            ("Max-Forwards", "70"),
            ("From", self.us),
            ("To", self.them),
            ("Call-ID", self.call_id),
            ("CSeq", f"{number} {method}"),
            *(("Route", route) for route in self.routes),
            ("User-Agent", AGENT),
            *more,
        ]
        if method in _WITH_CONTACT:
            headers += [self.contact, ("Allow", ALLOW)]
        if body and not any(name == "Content-Type" for name, _ in more):
            headers.append(("Content-Type", "application/sdp"))
        return Request(tuple(headers), body, method, self.target)

    def confirm(self, response: Response) -> None:
        """What a 1xx with a tag or a 2xx says about the other end (we called)."""
        self.them = response.get("to")
        self._refresh(response.get("contact"))
        self.routes = tuple(reversed(response.all("record-route")))

    def accept(self, request: Request, tag: str) -> None:
        """What an INVITE says about the other end (we are called)."""
        self.us, self.them = f"{request.get('to')};tag={tag}", request.get("from")
        self.routes = request.all("record-route")
        self.their_number = request.cseq[0]
        self._refresh(request.get("contact"))

    def refreshed(self, request: Request) -> bool:
        """Takes a request within the dialog; False when it is older than one already seen."""
        if request.cseq[0] < self.their_number:
            return False
        self.their_number = request.cseq[0]
        if request.method == "INVITE":
            self._refresh(request.get("contact"))
        return True

    def _refresh(self, contact: str) -> None:
        if contact and parse_uri(contact) is not None:
            self.target = address_of(contact)

    @property
    def hop(self) -> Endpoint:
        """Where the next request goes: the first route, else the other end's contact; the known way if it is a name."""
        uri = parse_uri(self.routes[0] if self.routes else self.target)
        if uri is None:
            return self._via
        try:
            return (str(IPv4Address(uri.host)), uri.port or 5060)
        except AddressValueError:
            return self._via
