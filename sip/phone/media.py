"""The voice of one call: RTP both ways (RFC 3550, RFC 3551) and pressed keys (RFC 4733).

Rules: a phone always sends, silence too, or the far side takes it for dead; all calls of a process are sent by one
beat; only packets from the agreed address count, so that a reused port never puts one call's sound into another.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import socket
import struct
import time
from collections import deque
from collections.abc import Callable
from weakref import WeakKeyDictionary

import numpy as np

from sip.phone import g711
from sip.phone.interface import Packet, Samples
from sip.phone.recording import Recording
from sip.phone.sdp import VOICES, Session

FRAME = 160
BEAT = 0.02
_LATE = 25
"""Beats that are made up for after a pause of the process; older ones are skipped, as a real phone would."""
_HEAD = struct.Struct("!BBHII")
_STAMP = struct.Struct("@qq")
_SO_TIMESTAMPNS = 35  # Linux; Python has no name for it
_KEYS = "0123456789*#ABCD"
_KEY_BEATS, _KEY_ENDS, _KEY_PAUSE = 5, 3, 4


class Beat:
    """One clock for every call of an event loop: each 20 ms all of them send."""

    def __init__(self) -> None:
        self._members: dict[Media, None] = {}
        self._timer: asyncio.Handle | None = None
        self._next = 0.0

    def join(self, media: Media) -> None:
        self._members[media] = None
        if self._timer is None:
            loop = asyncio.get_running_loop()
            self._next = loop.time()
            self._timer = loop.call_soon(self._tick)

    def leave(self, media: Media) -> None:
        self._members.pop(media, None)
        if not self._members and self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _tick(self) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        due = int((now - self._next) / BEAT) + 1
        self._next += due * BEAT
        for _ in range(min(due, _LATE)):
            for media in tuple(self._members):
                media.send_frame()
        self._timer = loop.call_at(self._next, self._tick) if self._members else None


_BEATS: WeakKeyDictionary[asyncio.AbstractEventLoop, Beat] = WeakKeyDictionary()


def _beat() -> Beat:
    return _BEATS.setdefault(asyncio.get_running_loop(), Beat())


class Media:
    """Two sockets (voice, and one that keeps the control port from anybody else), what is said and what is heard."""

    def __init__(self, bind: str, on_change: Callable[[], None]) -> None:
        self.heard = Recording()
        self.digits = ""
        self.first_packet: float | None = None
        self.first_sound: float | None = None
        self.strangers = 0
        self._on_change = on_change
        self._voice, self._control = _pair(bind)
        self._loop = asyncio.get_running_loop()
        self._beat = _beat()
        self._remote: tuple[str, int] | None = None
        self._law: int | None = None
        self._events: int | None = None
        self._sending = False
        self._said = _Said()
        self._keys: deque[tuple[int, int, bool]] = deque()
        self._keys_sent: list[asyncio.Future[None]] = []
        self._sequence, self._timestamp = secrets.randbelow(1 << 15), secrets.randbits(32)
        self._source = secrets.randbits(32)
        self._key_timestamp = 0
        self._last_event: tuple[int, int] | None = None
        self._loop.add_reader(self._voice, self._read)

    @property
    def port(self) -> int:
        port: int = self._voice.getsockname()[1]
        return port

    def connect(self, theirs: Session) -> None:
        """What the other side agreed to; again after a re-INVITE."""
        self._remote = (theirs.host, theirs.port)
        self._law, self._events = theirs.voices[0], theirs.events
        self._sending = theirs.takes_sound
        self._said.coded_as(self._law)
        self._beat.join(self)

    def hush(self, quiet: bool) -> None:
        """No packet is sent, as by phones that save silence or are muted; until it is taken back or agreed anew."""
        self._sending = not quiet

    def play(self, sound: Samples, loop: bool) -> None:
        self._said.begin(sound, loop)
        if self._law is not None:
            self._said.coded_as(self._law)

    async def press(self, digits: str) -> None:
        """Returns when the last key is up. Raises ValueError for a key that no phone has or a line without keys."""
        if any(digit not in _KEYS for digit in digits):
            raise ValueError("keys are 0-9, *, # and A-D")
        if self._events is None:
            raise ValueError("the other side has not agreed to pressed keys (telephone-event)")
        for digit in digits:
            code = _KEYS.index(digit)
            self._keys.extend((code, beat, False) for beat in range(1, _KEY_BEATS + 1))
            self._keys.extend((code, _KEY_BEATS, True) for _ in range(_KEY_ENDS))
            self._keys.extend((-1, 0, False) for _ in range(_KEY_PAUSE))
        if digits:
            done: asyncio.Future[None] = self._loop.create_future()
            self._keys_sent.append(done)
            await done

    def send_frame(self) -> None:
        """One beat: a key or 20 ms of voice."""
        if self._remote is None or self._law is None:
            return
        self._sequence = (self._sequence + 1) & 0xFFFF
        self._timestamp = (self._timestamp + FRAME) & 0xFFFFFFFF
        voice = self._said.next_frame()
        kind, stamp, payload = self._law, self._timestamp, voice
        if self._keys:
            code, beats, end = self._keys.popleft()
            if code >= 0 and self._events is not None:
                if beats == 1:
                    self._key_timestamp = self._timestamp
                kind = self._events | (0x80 if beats == 1 else 0)
                stamp = self._key_timestamp
                payload = struct.pack("!BBH", code, (0x80 if end else 0) | 10, beats * FRAME)
            else:
                payload = g711.SILENCE[self._law] * FRAME
            if not self._keys:
                self._release()
        if self._sending:
            with contextlib.suppress(OSError):
                self._voice.sendto(_HEAD.pack(0x80, kind, self._sequence, stamp, self._source) + payload, self._remote)

    def _release(self) -> None:
        for done in self._keys_sent:
            if not done.done():
                done.set_result(None)
        self._keys_sent.clear()

    def _read(self) -> None:
        for _ in range(64):
            try:
                data, extra, _, source = self._voice.recvmsg(2048, 64)
            except (BlockingIOError, InterruptedError):
                return
            except OSError:
                continue  # an ICMP error of something we sent
            if self._remote is not None and source != self._remote:
                self.strangers += 1
                continue
            packet = parse_rtp(data, _arrival(extra))
            if packet is not None:
                self._take(packet)

    def _take(self, packet: Packet) -> None:
        if packet.kind in VOICES:
            self.heard.add(packet)
            loud = self.first_sound is None and g711.is_sound(packet.payload, packet.kind)
            if loud:
                self.first_sound = packet.arrived
            if self.first_packet is None:
                self.first_packet = packet.arrived
                loud = True
            if loud:
                self._on_change()
        elif packet.kind == self._events and len(packet.payload) >= 4 and packet.payload[0] < len(_KEYS):
            event = (packet.source, packet.timestamp)
            if event != self._last_event:
                self._last_event = event
                self.digits += _KEYS[packet.payload[0]]
                self._on_change()

    def stop(self) -> None:
        """Sends no more and hears no more; what was heard stays."""
        self._beat.leave(self)
        self._keys.clear()
        self._release()
        if self._voice.fileno() >= 0:
            self._read()  # what the kernel already has belongs to this call
            self._loop.remove_reader(self._voice)
        self._voice.close()
        self._control.close()

    def go_mute(self) -> None:
        """Sends and hears no more, but the port stays taken: the far side is not told by ICMP either."""
        self._beat.leave(self)
        if self._voice.fileno() != -1:
            self._loop.remove_reader(self._voice)


class _Said:
    """What we say: coded once, cut into frames, silence behind it."""

    def __init__(self) -> None:
        self._samples: Samples | None = None
        self._coded = b""
        self._place = 0
        self._loop = False
        self._silence = b""

    def begin(self, sound: Samples, loop: bool) -> None:
        self._samples, self._loop, self._coded, self._place = sound, loop, b"", 0

    def coded_as(self, law: int) -> None:
        self._silence = g711.SILENCE[law] * FRAME
        if self._samples is not None:
            rest = -len(self._samples) % FRAME
            self._coded = g711.encode(np.concatenate([self._samples, np.zeros(rest, np.int16)]), law)

    def next_frame(self) -> bytes:
        if self._place >= len(self._coded) and self._loop:
            self._place = 0
        frame = self._coded[self._place : self._place + FRAME]
        self._place += FRAME
        return frame or self._silence


def parse_rtp(data: bytes, arrived: float) -> Packet | None:
    """An RTP packet; None for anything else, RTCP too. Total."""
    if len(data) < _HEAD.size or data[0] >> 6 != 2:
        return None
    first, second, sequence, timestamp, source = _HEAD.unpack_from(data)
    if 72 <= second & 0x7F <= 79:
        return None  # RTCP that lost its way (RFC 5761 section 4)
    start = _HEAD.size + 4 * (first & 0x0F)
    if first & 0x10:
        if len(data) < start + 4:
            return None
        start += 4 + 4 * int.from_bytes(data[start + 2 : start + 4], "big")
    end = len(data) - (data[-1] if first & 0x20 else 0)
    if start >= end:
        return None
    return Packet(arrived, sequence, timestamp, second & 0x7F, bool(second & 0x80), source, data[start:end])


def _pair(bind: str) -> tuple[socket.socket, socket.socket]:
    """An even port and the odd one above it. Raises OSError when there is none."""
    for _ in range(100):
        voice = _socket(bind, 0)
        port = voice.getsockname()[1]
        try:
            if port % 2 == 0:
                return voice, _socket(bind, port + 1)
        except OSError:
            pass
        voice.close()
    raise OSError(f"no free pair of ports for a voice at {bind}")


def _socket(bind: str, port: int) -> socket.socket:
    one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        one.setblocking(False)
        with contextlib.suppress(OSError):
            one.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        one.bind((bind, port))
    except OSError:
        one.close()
        raise
    return one


def _arrival(extra: list[tuple[int, int, bytes]]) -> float:
    """The kernel's stamp (wall clock) as a monotonic moment; now where there is none."""
    now = time.monotonic()
    for level, kind, data in extra:
        if level == socket.SOL_SOCKET and kind == _SO_TIMESTAMPNS and len(data) >= _STAMP.size:
            seconds, nanos = _STAMP.unpack_from(data)
            ago = time.time() - (seconds + nanos / 1e9)
            return now - ago if 0 <= ago < 5 else now
    return now
