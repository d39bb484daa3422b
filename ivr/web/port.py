"""The pages' port, without all that it takes to serve pages."""

from __future__ import annotations

import socket


def listen(host: str, port: int) -> socket.socket:
    """A socket that takes connections from now on; 0 is any free port. Raises OSError when the port is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, port))
        sock.listen(128)
        sock.setblocking(False)
    except BaseException:
        sock.close()
        raise
    return sock
