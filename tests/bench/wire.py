"""When SIP messages reached a phone: the kernel's stamp, whatever the phone's own process was busy with."""

from __future__ import annotations

import asyncio
import socket
import struct
import time

from sip.phone.message import Request, parse
from sip.phone.own import OwnPhone

_SO_TIMESTAMPNS = 35  # Linux; Python has no name for it
_STAMP = struct.Struct("@qq")


class Wire:
    """Reads for a phone from now on, and keeps when each message came; monotonic seconds."""

    def __init__(self, phone: OwnPhone) -> None:
        # The phone itself takes the moment at which it gets round to a message. For milliseconds that is not enough,
        # and for everything else it is: so the benchmarks look closer, and the phone stays as it is.
        self._agent = phone._agent
        self._socket = phone._agent._socket
        self._came: dict[tuple[str, str], float] = {}
        self._socket.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        loop = asyncio.get_running_loop()
        loop.remove_reader(self._socket)
        loop.add_reader(self._socket, self._read)

    def invited(self, call_id: str) -> float:
        """When the INVITE of this call came. Raises KeyError."""
        return self._came["INVITE", call_id]

    def let_off(self, call_id: str) -> float:
        """When the other side confirmed that we hung this call up. Raises KeyError."""
        return self._came["200 BYE", call_id]

    def _read(self) -> None:
        for _ in range(32):
            try:
                data, extra, _, source = self._socket.recvmsg(65535, 64)
            except (BlockingIOError, InterruptedError):
                return
            except OSError:
                continue
            moment = _moment(extra)
            self._agent.transactions.receive(data, source)
            self._note(data, moment)

    def _note(self, data: bytes, moment: float) -> None:
        message = parse(data)
        if message is not None:
            kind = message.method if isinstance(message, Request) else f"{message.code} {message.cseq[1]}"
            self._came.setdefault((kind, message.call_id), moment)


def _moment(extra: list[tuple[int, int, bytes]]) -> float:
    """The stamp is the wall clock's; it is turned into ours before anything else is done."""
    now, wall = time.monotonic(), time.time()
    for level, kind, data in extra:
        if level == socket.SOL_SOCKET and kind == _SO_TIMESTAMPNS and len(data) >= _STAMP.size:
            seconds, nanos = _STAMP.unpack_from(data)
            ago: float = wall - (seconds + nanos / 1e9)
            return now - max(0.0, ago)
    raise OSError("this kernel does not say when a packet came")
