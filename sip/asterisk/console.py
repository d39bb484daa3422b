"""Asterisk's own command line, spoken to through its socket: no second program has to be started for a question.

The socket greets with `host/pid/version`; a command that begins with `cli quit after` is answered, then it hangs up.
"""

from __future__ import annotations

import socket
from pathlib import Path

_ENOUGH = 1_000_000
"""Bytes: no answer that we ask for is longer."""


class ConsoleSilent(Exception):
    """Nobody answers at the socket, or not in time."""


def ask(console: Path, command: str, timeout_s: float = 5.0) -> str:
    """What Asterisk answers; raises `ConsoleSilent`. Blocks for at most `timeout_s` with every part of the answer."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
            line.settimeout(timeout_s)
            line.connect(str(console))
            line.recv(4096)  # the greeting
            line.sendall(f"cli quit after {command}\0".encode())
            answer = b""
            while (part := line.recv(65536)) and len(answer) < _ENOUGH:
                answer += part
    except OSError as error:
        raise ConsoleSilent(str(error)) from None
    return answer.replace(b"\0", b"").decode(errors="replace")
