"""Starts Asterisk so that it outlives us, finds it again, stops it.

Everything here blocks for a moment; a loop calls it through a thread.
"""

from __future__ import annotations

import errno
import os
import select
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from sip.asterisk.console import ConsoleSilent, ask
from sip.asterisk.install import Asterisk
from sip.asterisk.render import RELOADED, make_places, reload_commands
from sip.asterisk.settings import LOOPBACK, Places, Settings
from sip.trouble import SipTrouble

BOOT_S = 30.0
"""A third of a second is usual; a machine under load takes longer, and slow is better than refused."""
HANG_UP_S = 8.0
"""How long Asterisk gets to say goodbye on every channel before it is killed."""

_BOOTED = "fully booted"


def start(asterisk: Asterisk, settings: Settings, boot_s: float = BOOT_S) -> int:
    """Starts it in a session of its own and waits until it takes calls; returns its process id.

    Raises `SipTrouble` when a port is taken, or when Asterisk ends or does not come up within `boot_s` seconds.
    """
    check_ports(settings)
    places = settings.places
    make_places(places)
    places.console.unlink(missing_ok=True)
    reading, writing = os.pipe()
    try:
        # Its own parent ends at once, so that nothing that happens to us reaches it. Its last words are read while it
        # starts; afterwards nobody reads them, for they may name callers.
        subprocess.run(
            ["setsid", "--fork", *asterisk.start, "-f", "-C", str(places.configuration)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=writing,
            cwd=places.run,
            env=_environment(),
            check=True,
        )
        os.close(writing)
        writing = -1
        _await_boot(places, reading, time.monotonic() + boot_s, boot_s)
    except (OSError, subprocess.CalledProcessError):
        raise SipTrouble(
            "Asterisk could not be started: is `setsid` (util-linux) there, and may programs run here?"
        ) from None
    finally:
        os.close(reading)
        if writing != -1:
            os.close(writing)
    pid = find_running(places)
    if pid is None:
        raise SipTrouble("Asterisk ended right after it had started: is the machine short of memory?")
    return pid


def _environment() -> dict[str, str]:
    """Nothing of ours is inherited. Asking the network for a name must not take long, should it ever be done."""
    return {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "RES_OPTIONS": "timeout:1 attempts:1"}


def _await_boot(places: Places, words: int, deadline: float, boot_s: float) -> None:
    said = b""
    while True:
        readable, _, _ = select.select([words], [], [], 0.01)
        if readable:
            part = os.read(words, 65536)
            if not part:
                raise SipTrouble(f"Asterisk ended while it started: {_last_words(said)}")
            said = (said + part)[-8192:]
        try:
            # It calls itself booted a moment before the last of its commands are known.
            if _BOOTED in ask(places.console, "core waitfullybooted", timeout_s=0.5) and ask(
                places.console, "core show version", timeout_s=0.5
            ).startswith("Asterisk"):
                return
        except ConsoleSilent:
            pass
        if time.monotonic() > deadline:
            stop(places)
            raise SipTrouble(f"Asterisk did not come up within {boot_s:.0f} s: {_last_words(said)}")


def _last_words(said: bytes) -> str:
    """The last thing Asterisk said, in one line. No call has been taken yet, so it names nobody."""
    lines = [line.strip() for line in said.decode(errors="replace").splitlines() if line.strip()]
    return (lines[-1][:300] if lines else "it said nothing").rstrip(".") + "."


def find_running(places: Places) -> int | None:
    """The process id of the Asterisk that runs from here, whoever started it; None when there is none."""
    try:
        pid = int((places.run / "asterisk.pid").read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None
    return pid if _is_ours(pid, places) else None


def _is_ours(pid: int, places: Places) -> bool:
    """A process id is used again by others, a command line with our configuration in it is not."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return str(places.configuration).encode() in words and b"-f" in words


def stop(places: Places, drain_s: float = 0.0) -> bool:
    """Ends it: no new calls for up to `drain_s` seconds, then everybody is hung up, then it is killed.

    Whether there was one to stop.
    """
    pid = find_running(places)
    if pid is None:
        return False
    if drain_s > 0:
        try:
            ask(places.console, "core stop gracefully", timeout_s=1.0)
        except ConsoleSilent:
            drain_s = 0.0
    if _gone(pid, drain_s):
        return True
    for sign, patience_s in ((signal.SIGTERM, HANG_UP_S), (signal.SIGKILL, 5.0)):
        try:
            os.kill(pid, sign)
        except ProcessLookupError:
            return True
        except PermissionError:
            raise SipTrouble(f"Asterisk (process {pid}) belongs to another user: stop it as that user.") from None
        if _gone(pid, patience_s):
            return True
    raise SipTrouble(f"Asterisk (process {pid}) cannot be ended: the machine itself is in trouble.")


def _gone(pid: int, patience_s: float) -> bool:
    return _within(patience_s, lambda: _has_let_go(pid))


def _has_let_go(pid: int) -> bool:
    """Whether its ports are free. A dying process loses its command line first, then its first thread, then the others
    and with the last of them its files: only when nothing but an entry is left has it let go of everything."""
    try:
        state = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[0]
        threads = os.listdir(f"/proc/{pid}/task")
    except OSError:
        return True
    return state in (b"Z", b"X") and len(threads) <= 1


def _within(patience_s: float, happened: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + patience_s
    while not happened():
        if time.monotonic() >= deadline:
            return False
        time.sleep(0.02)
    return True


def reload(places: Places, changed: Iterable[str]) -> bool:
    """Makes changed files effective while calls go on; False when some of them need a restart. Raises `SipTrouble`."""
    names = frozenset(name for name in changed if name.endswith(".conf"))  # the rest is not Asterisk's
    for command in reload_commands(names):
        try:
            ask(places.console, command)
        except ConsoleSilent:
            raise SipTrouble("Asterisk does not answer, so its configuration was not renewed: is it running?") from None
    return names <= RELOADED.keys()


def check_ports(settings: Settings) -> None:
    """Raises `SipTrouble` that names the port which somebody else holds. Ask before starting, not while it runs."""
    ports = settings.ports
    wanted = (
        *_sip_ports(settings),
        ("the REST interface", LOOPBACK, ports.ari, socket.SOCK_STREAM),
        ("the manager", LOOPBACK, ports.ami, socket.SOCK_STREAM),
    )
    for purpose, address, port, kind in wanted:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        with socket.socket(family, kind) as probe:
            if kind == socket.SOCK_STREAM:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((address, port))
            except OSError as error:
                raise SipTrouble(_about_port(purpose, address, port, error)) from None


def _sip_ports(settings: Settings) -> list[tuple[str, str, int, socket.SocketKind]]:
    ports = settings.ports
    if settings.front:
        return [("SIP behind the front", LOOPBACK, ports.sip_inside, socket.SOCK_DGRAM)]
    tls = [("TLS", settings.phones.bind, ports.sip_tls, socket.SOCK_STREAM)] if settings.phones.certificate else []
    return [("SIP", settings.sip_bind, ports.sip, socket.SOCK_DGRAM), *tls]


def _about_port(purpose: str, address: str, port: int, error: OSError) -> str:
    match error.errno:
        case errno.EADDRINUSE:
            return (
                f"Port {port} at {address}, meant for {purpose}, is taken by another program: "
                f"end that one, or use other ports with --port-base."
            )
        case errno.EADDRNOTAVAIL:
            return f"{address} is no address of this machine: name one of its own as sip_bind."
        case _:
            return f"Port {port} at {address}, meant for {purpose}, cannot be used ({error.strerror}): try --port-base."
