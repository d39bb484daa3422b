"""Starts the front so that it outlives us, finds it again, stops it. Everything here blocks for a moment."""

from __future__ import annotations

import errno
import os
import secrets
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from sip.front.install import Kamailio
from sip.front.render import is_written, rendered, write
from sip.front.settings import FrontPlaces, FrontSettings
from sip.trouble import SipTrouble

BOOT_S = 15.0
"""A quarter of a second is usual."""
ANSWER_S = 0.5
_OPTIONS = (
    "OPTIONS sip:{here} SIP/2.0\r\nVia: SIP/2.0/UDP {us};branch=z9hG4bK{token};rport\r\nMax-Forwards: 1\r\n"
    "From: <sip:front@invalid>;tag={token}\r\nTo: <sip:{here}>\r\nCall-ID: {token}\r\nCSeq: 1 OPTIONS\r\n"
    "Content-Length: 0\r\n\r\n"
)


def start(kamailio: Kamailio, settings: FrontSettings, boot_s: float = BOOT_S) -> int:
    """Starts it in a session of its own and waits until it answers SIP; returns its process id.

    A configuration that Kamailio refuses is never put in force. Raises `SipTrouble` for that, when a port is taken, and
    when it does not answer within `boot_s` seconds.
    """
    places = settings.places
    _end_leftovers(places)
    check_ports(settings)
    texts = rendered(settings)
    if not is_written(settings, texts):
        write(settings, texts)
        check(kamailio, places)
    places.pid.unlink(missing_ok=True)  # one that was killed left it behind, and the next one believes it
    try:
        subprocess.run(
            ["setsid", "--fork", *_words(kamailio, places), "-DD", "-E", "-P", str(places.pid)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,  # what it has to say may name callers
            cwd=places.home,
            env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"},
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        raise SipTrouble("The front could not be started: is `setsid` (util-linux) there?") from None
    deadline = time.monotonic() + boot_s
    while not (answers(settings, 0.05) and (pid := find_running(places)) is not None):
        if time.monotonic() > deadline:
            stop(places)
            raise SipTrouble(f"The front did not answer within {boot_s:.0f} s of its start: is the machine overloaded?")
        time.sleep(0.01)
    return pid


def check(kamailio: Kamailio, places: FrontPlaces) -> None:
    """Raises `SipTrouble` with Kamailio's first complaint about the configuration; the files are then taken away, so
    that nothing starts from them."""
    done = subprocess.run(
        [*_words(kamailio, places), "-c", "-E", "-A", "CHECKED"],
        capture_output=True,
        text=True,
        errors="replace",
        timeout=60,
        check=False,
    )
    if done.returncode == 0:
        return
    complaints = [line for line in (done.stderr + done.stdout).splitlines() if "ERROR" in line or "CRITICAL" in line]
    places.configuration.unlink(missing_ok=True)
    first = complaints[0].split("CRITICAL:")[-1].split("ERROR:")[-1].strip() if complaints else "it does not say why"
    raise SipTrouble(f"Kamailio refuses the front's configuration ({first[:200]}): nothing was changed.")


def _words(kamailio: Kamailio, places: FrontPlaces) -> list[str]:
    return [
        *kamailio.start,
        "-f",
        str(places.configuration),
        "-L",
        f"{kamailio.modules}/",
        "-Y",
        str(places.run),
        "-m",
        "64",
        "-M",
        "8",
    ]


def answers(settings: FrontSettings, within_s: float = ANSWER_S) -> bool:
    """Whether it answers a SIP request now."""
    family = socket.AF_INET6 if ":" in settings.address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.settimeout(within_s)
            probe.connect((settings.address, settings.port))
            host, port = probe.getsockname()[:2]
            us = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
            probe.send(_OPTIONS.format(here=settings.here, us=us, token=secrets.token_hex(8)).encode())
            return probe.recv(2048).startswith(b"SIP/2.0 ")
        except OSError:
            return False


def find_running(places: FrontPlaces) -> int | None:
    """The process id of the front that runs from here, whoever started it; None when there is none."""
    try:
        pid = int(places.pid.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None
    return pid if _is_ours(pid, places) else None


def _is_ours(pid: int, places: FrontPlaces) -> bool:
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return str(places.configuration).encode() in words


def _all(places: FrontPlaces) -> Iterator[int]:
    """Every process of it: one whose first was killed leaves the others behind, with the ports."""
    for entry in os.listdir("/proc"):
        if entry.isdigit() and _is_ours(int(entry), places):
            yield int(entry)


def stop(places: FrontPlaces, patience_s: float = 3.0) -> bool:
    """Ends it, whether there was one."""
    there = list(_all(places))
    for sign, within_s in ((signal.SIGTERM, patience_s), (signal.SIGKILL, 5.0)):
        for pid in _all(places):
            try:
                os.kill(pid, sign)
                os.kill(pid, signal.SIGCONT)
            except ProcessLookupError:
                continue
            except PermissionError:
                raise SipTrouble(f"The front (process {pid}) belongs to another user: stop it as that user.") from None
        if _within(within_s, lambda: not any(_all(places))):
            break
    places.pid.unlink(missing_ok=True)
    return bool(there)


def _end_leftovers(places: FrontPlaces) -> None:
    for pid in list(_all(places)):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    _within(5.0, lambda: not any(_all(places)))


def _within(patience_s: float, happened: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + patience_s
    while not happened():
        if time.monotonic() >= deadline:
            return False
        time.sleep(0.01)
    return True


def check_ports(settings: FrontSettings) -> None:
    """Raises `SipTrouble` that names the port which somebody else holds."""
    wanted = [
        ("SIP", settings.address, settings.port, socket.SOCK_DGRAM),
        ("SIP over TCP", settings.address, settings.port, socket.SOCK_STREAM),
        *(("SIP", trunk.socket, settings.port, socket.SOCK_DGRAM) for trunk in settings.trunks),
    ]
    if settings.certificate is not None:
        wanted.append(("TLS", settings.tls_address, settings.tls_port, socket.SOCK_STREAM))
    for purpose, address, port, kind in wanted:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        with socket.socket(family, kind) as probe:
            if kind == socket.SOCK_STREAM:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((address, port))
            except OSError as error:
                if error.errno == errno.EADDRINUSE:
                    raise SipTrouble(
                        f"Port {port} at {address}, meant for {purpose}, is taken by another program: "
                        f"end that one, or use other ports with --port-base."
                    ) from None
                raise SipTrouble(
                    f"Port {port} at {address}, meant for {purpose}, cannot be used ({error.strerror}): "
                    f"is it an address of this machine?"
                ) from None
