"""What systemd is told (sd_notify(3)): ready, alive, stopping. Nothing when nobody asked."""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from typing import Final

READY: Final = "READY=1"
ALIVE: Final = "WATCHDOG=1"
STOPPING: Final = "STOPPING=1"


def tell(word: str) -> None:
    """Never waits and never raises: systemd notices by itself when it hears nothing."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as speaking:
        speaking.sendto(word.encode(), f"\0{address[1:]}" if address.startswith("@") else address)
