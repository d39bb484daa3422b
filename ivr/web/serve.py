"""The HTTP server inside the controller's event loop. Signals stay the controller's."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

import uvicorn
from starlette.types import ASGIApp

from ivr.web.port import listen

DRAIN_S: Final = 2


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def serve(
    app: ASGIApp, host: str, port: int, *, closing: asyncio.Event | None = None, ready: Callable[[], None] | None = None
) -> None:
    """Serves until cancelled, or until `closing` is set, and then ends the open connections within a few seconds.

    `closing` is the one given to `make_app`, so that streams end too; it is set on the way out. `ready` is called once
    connections are taken. Raises OSError at once when the port is taken.
    """
    closing = closing or asyncio.Event()
    sock = listen(host, port)
    config = uvicorn.Config(
        app,
        log_config=None,
        log_level="warning",
        access_log=False,  # addresses of visitors are nobody's business
        server_header=False,
        lifespan="off",
        ws="none",
        http="h11",
        loop="none",
        proxy_headers=False,
        timeout_graceful_shutdown=DRAIN_S,
    )
    server = _Server(config)
    running = asyncio.create_task(server.serve(sockets=[sock]), name="web")
    stop = asyncio.create_task(closing.wait(), name="web closing")
    try:
        if ready is not None:
            ready()
        await asyncio.wait({running, stop}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        closing.set()
        server.should_exit = True
        stop.cancel()
        await asyncio.gather(running, stop, return_exceptions=True)
        sock.close()
    if not running.cancelled() and (wrong := running.exception()) is not None:
        raise wrong
