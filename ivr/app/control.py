"""How commands reach the running controller: a socket in the state directory that only its owner may open.

One request a connection: a line of JSON `{"do": NAME, ...}`, answered by a line of JSON: `{"ok": true, ...}` or
`{"ok": false, "error": "one sentence that says what to do"}`.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from pathlib import Path

Answer = dict[str, object]
Handler = Callable[[Mapping[str, object]], Awaitable[Answer]]
SOCKET = "control.sock"
LONGEST = 65_536
"""Bytes of a request: more is nobody we know."""
PATIENCE_S = 30.0


class Refused(Exception):
    """What was asked cannot be done; the text is one sentence for the person who asked."""


class NobodyThere(Exception):
    """No controller runs on this state directory."""


async def serve(state: Path, handlers: Mapping[str, Handler]) -> asyncio.Server:
    """Listen until the server is closed. The socket is the owner's alone (0600) from its first moment."""
    path = state / SOCKET
    with suppress(FileNotFoundError):
        path.unlink()
    before = os.umask(0o177)
    try:
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listening.bind(short(path))
    finally:
        os.umask(before)

    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, TimeoutError):
            async with asyncio.timeout(PATIENCE_S):
                line = await reader.readline()
                writer.write(json.dumps(await answer(line, handlers), default=str).encode() + b"\n")
                await writer.drain()
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()

    return await asyncio.start_unix_server(meet, sock=listening, limit=LONGEST)


async def answer(line: bytes, handlers: Mapping[str, Handler]) -> Answer:
    try:
        request = json.loads(line)
    except ValueError:
        request = None
    if not isinstance(request, dict):
        return {"ok": False, "error": "A request is one line of JSON."}
    handler = handlers.get(str(request.get("do")))
    if handler is None:
        return {"ok": False, "error": "The running controller does not know this command: is it of another version?"}
    try:
        return {"ok": True, **await handler(request)}
    except Refused as refused:
        return {"ok": False, "error": str(refused)}


def ask(state: Path, do: str, **values: object) -> Answer:
    """Ask the running controller, from another process. Raises `NobodyThere` or `Refused`."""
    return ask_within(PATIENCE_S, state, do, **values)


def ask_within(patience_s: float, state: Path, do: str, **values: object) -> Answer:
    """The same; one that has not answered within so many seconds refuses."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as speaking:
        speaking.settimeout(patience_s)
        try:
            speaking.connect(short(state / SOCKET))
        except (FileNotFoundError, ConnectionRefusedError, NotADirectoryError):
            raise NobodyThere from None
        try:
            speaking.sendall(json.dumps({"do": do, **values}, default=str).encode() + b"\n")
            heard = b""
            while not heard.endswith(b"\n"):
                more = speaking.recv(LONGEST)
                if not more:
                    break
                heard += more
        except TimeoutError:
            raise Refused("The controller does not answer: look at `ivr status`, or restart it.") from None
        except ConnectionError:
            raise NobodyThere from None
    if not heard:
        raise NobodyThere
    said: Answer = json.loads(heard)
    if not said.pop("ok", False):
        raise Refused(str(said.get("error", "The controller refused it.")))
    return said


def short(path: Path) -> str:
    """A socket's name may have 107 bytes at most: a long one is reached from where we stand, if that is shorter."""
    whole = str(path.absolute())
    if len(whole.encode()) <= 107:
        return whole
    return os.path.relpath(whole)
