"""SIP messages as text (RFC 3261 sections 7, 19, 20): read, written, and never trusted.

Rules: `parse` is total: any bytes give a message or None, never an exception. What is written is checked: a line break
inside a header is ours to prevent, not the other side's to survive.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

Header = tuple[str, str]

_COMPACT = {
    "b": "referred-by",
    "c": "content-type",
    "e": "content-encoding",
    "f": "from",
    "i": "call-id",
    "k": "supported",
    "l": "content-length",
    "m": "contact",
    "o": "event",
    "r": "refer-to",
    "s": "subject",
    "t": "to",
    "u": "allow-events",
    "v": "via",
}
_NEEDED = ("via", "from", "to", "call-id", "cseq")
_TOKEN = re.compile(r"[A-Za-z0-9\-.!%*_+`'~]+\Z")
_URI = re.compile(
    r"(?P<scheme>sips?):(?:(?P<user>[^@<>\s]*)@)?(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.\-_]+)"
    r"(?::(?P<port>[0-9]{1,5}))?(?P<rest>[;?][^<>\s]*)?\Z",
    re.IGNORECASE,
)

PHRASES = {
    100: "Trying",
    180: "Ringing",
    200: "OK",
    400: "Bad Request",
    405: "Method Not Allowed",
    408: "Request Timeout",
    415: "Unsupported Media Type",
    420: "Bad Extension",
    480: "Temporarily Unavailable",
    481: "Call/Transaction Does Not Exist",
    486: "Busy Here",
    487: "Request Terminated",
    488: "Not Acceptable Here",
    491: "Request Pending",
    500: "Server Internal Error",
    600: "Busy Everywhere",
    603: "Decline",
}


@dataclass(frozen=True, slots=True)
class _Headed:
    headers: tuple[Header, ...]
    body: bytes

    def get(self, name: str) -> str:
        """The first header of that name; "" when there is none."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), "")

    def all(self, name: str) -> tuple[str, ...]:
        """Every value of a header that may come many times, lists taken apart, in order."""
        wanted = name.lower()
        return tuple(part for key, value in self.headers if key.lower() == wanted for part in split_list(value))

    @property
    def call_id(self) -> str:
        return self.get("call-id")

    @property
    def cseq(self) -> tuple[int, str]:
        number, _, method = self.get("cseq").partition(" ")
        return int(number), method.strip().upper()

    @property
    def branch(self) -> str:
        """The transaction's name in the topmost Via; "" when it is missing."""
        vias = self.all("via")
        return param(vias[0], "branch") if vias else ""

    @property
    def from_tag(self) -> str:
        return param(self.get("from"), "tag")

    @property
    def to_tag(self) -> str:
        return param(self.get("to"), "tag")

    def _render(self, first: str) -> bytes:
        lines = [first]
        for name, value in self.headers:
            if name.lower() == "content-length":
                continue
            if "\r" in name + value or "\n" in name + value:
                raise ValueError(f"a line break inside the header {name!r}")
            lines.append(f"{name}: {value}")
        lines.append(f"Content-Length: {len(self.body)}")
        return "\r\n".join(lines).encode("utf-8", "replace") + b"\r\n\r\n" + self.body


@dataclass(frozen=True, slots=True)
class Request(_Headed):
    method: str
    uri: str

    def render(self) -> bytes:
        return self._render(f"{self.method} {self.uri} SIP/2.0")


@dataclass(frozen=True, slots=True)
class Response(_Headed):
    code: int
    phrase: str

    def render(self) -> bytes:
        return self._render(f"SIP/2.0 {self.code} {self.phrase}")


Message = Request | Response


def parse(datagram: bytes) -> Message | None:
    """One datagram as a message; None for anything that is not a complete SIP message."""
    head, gap, body = datagram.partition(b"\r\n\r\n")
    if not gap or b"\0" in head:
        return None
    lines = head.decode("utf-8", "replace").split("\r\n")
    if any("\n" in line or "\r" in line for line in lines):
        return None
    headers = _headers(lines[1:])
    if headers is None:
        return None
    sized = _cut(headers, body)
    return None if sized is None else _message(lines[0], headers, sized)


def _headers(lines: list[str]) -> tuple[Header, ...] | None:
    found: list[Header] = []
    for line in lines:
        if line[:1] in (" ", "\t"):
            if not found:
                return None
            name, value = found[-1]
            found[-1] = (name, f"{value} {line.strip()}".strip())
            continue
        name, colon, value = line.partition(":")
        name = name.strip().lower()
        if not colon or not _TOKEN.match(name):
            return None
        found.append((_COMPACT.get(name, name), value.strip()))
    names = {name for name, _ in found}
    if not names.issuperset(_NEEDED):
        return None
    cseq = next(value for name, value in found if name == "cseq").split()
    if len(cseq) != 2 or not _is_number(cseq[0], 10) or not _TOKEN.match(cseq[1]):
        return None
    return tuple((name, " ".join(cseq) if name == "cseq" else value) for name, value in found)


def _cut(headers: tuple[Header, ...], body: bytes) -> bytes | None:
    """The body by its stated length: what hangs behind is dropped, too little is a broken message."""
    stated = next((value for name, value in headers if name == "content-length"), "")
    if not stated:
        return body
    if not _is_number(stated, 9) or int(stated) > len(body):
        return None
    return body[: int(stated)]


def _message(first: str, headers: tuple[Header, ...], body: bytes) -> Message | None:
    words = first.split(" ", 2)
    if len(words) != 3:
        return None
    if words[0].upper() == "SIP/2.0":
        if not _is_number(words[1], 3) or not 100 <= int(words[1]) <= 699:
            return None
        return Response(headers, body, int(words[1]), words[2])
    if words[2].upper() != "SIP/2.0" or not _TOKEN.match(words[0]) or not words[1]:
        return None
    request = Request(headers, body, words[0].upper(), words[1])
    return request if request.cseq[1] == request.method else None


def _is_number(text: str, longest: int) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= longest


def split_list(value: str) -> tuple[str, ...]:
    """A comma list taken apart; commas inside quotes and angle brackets stay."""
    parts: list[str] = []
    start, quoted, depth, skip = 0, False, 0, False
    for place, letter in enumerate(value):
        if skip:
            skip = False
        elif quoted:
            skip, quoted = letter == "\\", letter != '"'
        elif letter == '"':
            quoted = True
        elif letter in "<>":
            depth += 1 if letter == "<" else -1
        elif letter == "," and depth <= 0:
            parts.append(value[start:place].strip())
            start = place + 1
    parts.append(value[start:].strip())
    return tuple(part for part in parts if part)


def param(value: str, name: str) -> str:
    """A parameter behind an address or a Via (`;name=value`); "" when it is missing or has no value."""
    rest = value.rpartition(">")[2] if ">" in value else value.partition(";")[2]
    for piece in rest.split(";"):
        key, _, content = piece.partition("=")
        if key.strip().lower() == name:
            return content.strip().strip('"')
    return ""


def has_param(value: str, name: str) -> bool:
    return any(piece.partition("=")[0].strip().lower() == name for piece in value.split(";")[1:])


@dataclass(frozen=True, slots=True)
class Uri:
    """Where a `sip:` address points."""

    user: str
    host: str
    port: int | None
    rest: str = ""


def parse_uri(text: str) -> Uri | None:
    """A `sip:` address, with or without a name and angle brackets around it; None when it is none."""
    bare = address_of(text)
    match = _URI.match(bare)
    if match is None:
        return None
    port = match["port"]
    if port is not None and not 0 < int(port) < 65536:
        return None
    return Uri(match["user"] or "", match["host"], int(port) if port else None, match["rest"] or "")


def address_of(value: str) -> str:
    """The address inside `"Name" <sip:..>;tag=..`, or the bare one with its parameters cut off."""
    opened = value.find("<", _after_quotes(value))
    if opened >= 0:
        closed = value.find(">", opened)
        return value[opened + 1 : closed if closed >= 0 else len(value)].strip()
    return value.partition(";")[0].strip()


def name_of(value: str) -> str:
    """The name a phone shows for `"Name" <sip:..>`; "" when there is none."""
    end = _after_quotes(value)
    if end:
        return re.sub(r"\\(.)", r"\1", value[value.find('"') + 1 : end - 1])
    opened = value.find("<")
    return value[:opened].strip() if opened > 0 else ""


def _after_quotes(value: str) -> int:
    """The place behind a quoted name at the beginning; 0 when it does not begin with one."""
    match = re.match(r'\s*"(?:[^"\\]|\\.)*"', value)
    return match.end() if match else 0


def quoted(name: str) -> str:
    """A name as it is written before an address."""
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def reply(
    request: Request, code: int, *, to_tag: str = "", more: tuple[Header, ...] = (), body: bytes = b""
) -> Response:
    """The response to a request: what RFC 3261 section 8.2.6 wants copied, and what the caller adds."""
    copied: list[Header] = []
    for name, value in request.headers:
        lower = name.lower()
        if lower in ("via", "from", "call-id", "cseq") or (lower == "record-route" and 100 < code < 300):
            copied.append((name, value))
        elif lower == "to":
            copied.append((name, value if request.to_tag or not to_tag else f"{value};tag={to_tag}"))
    return Response((*copied, *more), body, code, PHRASES.get(code, "Unknown"))
