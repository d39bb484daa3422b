"""What two phones agree on about the voice (RFC 4566, RFC 3264), as far as a telephone line goes.

Rules: G.711 and telephone-event only, 20 ms packets; one audio stream, others are refused by port 0; reading is total.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address

PCMU, PCMA = 0, 8
VOICES = {PCMA: "PCMA", PCMU: "PCMU"}
EVENTS = 101
"""The payload type we offer for telephone-event; in an answer the other side's stands."""

_BACK = {"sendrecv": "sendrecv", "sendonly": "recvonly", "recvonly": "sendonly", "inactive": "inactive"}


@dataclass(frozen=True, slots=True)
class Session:
    """One side's description of its audio."""

    host: str
    port: int
    voices: tuple[int, ...]
    """G.711 payload types it takes, best first."""
    events: int | None
    """Payload type of telephone-event at 8 kHz; None when digits cannot be sent."""
    direction: str = "sendrecv"
    media: tuple[str, ...] = ("audio",)
    """Kinds of every `m=` line in order: an answer must have as many."""

    @property
    def takes_sound(self) -> bool:
        return self.direction in ("sendrecv", "recvonly") and self.host != "0.0.0.0"  # noqa: S104  old way to say hold


def parse_session(body: bytes) -> Session | None:
    """The audio of a description; None when there is none that a telephone could use."""
    host, direction, found = "", "sendrecv", _Audio()
    media: list[str] = []
    for line in body.decode("utf-8", "replace").splitlines():
        kind, equals, value = line.strip().partition("=")
        if not equals:
            continue
        if kind == "m":
            media.append(value.split(" ")[0])
            found.begins(value)
        elif not media and kind == "c":
            host = _host(value) or host
        elif not media and kind == "a" and value in _BACK:
            direction = value
        elif found.open:
            found.take(kind, value)
    if found.port is None or not found.voices or not (found.host or host):
        return None
    return Session(
        found.host or host, found.port, found.voices, found.events, found.direction or direction, tuple(media)
    )


class _Audio:
    """The first audio stream with a port while its lines are read."""

    def __init__(self) -> None:
        self.port: int | None = None
        self.host = ""
        self.direction = ""
        self.voices: tuple[int, ...] = ()
        self.events: int | None = None
        self.open = False
        self._listed: tuple[int, ...] = ()

    def begins(self, value: str) -> None:
        words = value.split()
        self.open = False
        if self.port is not None or len(words) < 4 or words[0] != "audio" or words[2] not in ("RTP/AVP", "RTP/AVPF"):
            return
        port = words[1].partition("/")[0]
        if not (port.isascii() and port.isdigit()) or not 0 < int(port[:6]) < 65536:
            return
        self.open, self.port = True, int(port)
        self._listed = tuple(int(word) for word in words[3:] if word.isascii() and word.isdigit() and len(word) < 4)
        self.voices = tuple(number for number in self._listed if number in VOICES)

    def take(self, kind: str, value: str) -> None:
        if kind == "c":
            self.host = _host(value)
        elif kind == "a" and value in _BACK:
            self.direction = value
        elif kind == "a" and value.startswith("rtpmap:"):
            number, _, name = value.removeprefix("rtpmap:").partition(" ")
            known = number.isascii() and number.isdigit() and len(number) < 4 and int(number) in self._listed
            if known and name.strip().lower() in ("telephone-event/8000", "telephone-event/8000/1"):
                self.events = int(number)


def _host(value: str) -> str:
    words = value.split()
    if len(words) != 3 or words[:2] != ["IN", "IP4"]:
        return ""
    try:
        return str(IPv4Address(words[2].partition("/")[0]))
    except AddressValueError:
        return ""


def offer(
    host: str,
    port: int,
    *,
    version: int = 1,
    voices: tuple[int, ...] = (PCMA, PCMU),
    direction: str = "sendrecv",
    events: int | None = EVENTS,
) -> bytes:
    """Our description when we begin. `host` 0.0.0.0 is the old way to say hold (RFC 2543)."""
    return _write(Session(host, port, voices, events, direction), version)


def answer(theirs: Session, host: str, port: int, *, version: int = 1) -> bytes:
    """Our description as an answer: their first voice, their number for events, as many streams as they named."""
    ours = Session(host, port, theirs.voices[:1], theirs.events, _BACK[theirs.direction], theirs.media)
    return _write(ours, version)


def _write(ours: Session, version: int) -> bytes:
    lines = ["v=0", f"o=- 1 {version} IN IP4 {ours.host}", "s=-", f"c=IN IP4 {ours.host}", "t=0 0"]
    first = True
    for kind in ours.media:
        if kind != "audio" or not first:
            lines.append(f"m={kind} 0 RTP/AVP 0")
            continue
        first = False
        numbers = [*ours.voices, *([ours.events] if ours.events is not None else [])]
        lines.append(f"m=audio {ours.port} RTP/AVP {' '.join(map(str, numbers))}")
        lines += [f"a=rtpmap:{number} {VOICES[number]}/8000" for number in ours.voices]
        if ours.events is not None:
            lines += [f"a=rtpmap:{ours.events} telephone-event/8000", f"a=fmtp:{ours.events} 0-16"]
        lines += ["a=ptime:20", f"a={ours.direction}"]
    return ("\r\n".join(lines) + "\r\n").encode()
