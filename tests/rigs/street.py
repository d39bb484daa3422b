"""A street of network namespaces: our house, carriers and strangers outside, a volunteer's home behind a router that
translates addresses. Made by a test and gone with it; nothing leaves them.

    house 198.51.100.10 -- outside: router .1, carrier .20, a phone .30, stranger .66 -- home 192.168.7.2
"""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

HOUSE, ROUTER, CARRIER, STRANGER = "198.51.100.10", "198.51.100.1", "198.51.100.20", "198.51.100.66"
NEIGHBOUR = "198.51.100.30"
HOME = "192.168.7.2"
_NEW_NETWORK = 0x40000000
_LIBC = ctypes.CDLL(None, use_errno=True)


TRANSLATE = """\
table ip nat {{
    chain after {{
        type nat hook postrouting priority 100; policy accept;
        oifname "front" ip saddr 192.168.7.0/24 snat to {router} random
    }}
    chain across {{
        type filter hook forward priority 0; policy accept;
        iifname "front" ct state new drop
    }}
}}
"""


@dataclass(frozen=True, slots=True)
class Street:
    mark: str

    @property
    def house(self) -> str:
        return f"{self.mark}-house"

    @property
    def outside(self) -> str:
        return f"{self.mark}-out"

    @property
    def home(self) -> str:
        return f"{self.mark}-home"

    def within(self, place: str) -> tuple[str, ...]:
        """What comes before a command that is to run there."""
        return ("ip", "netns", "exec", place)

    @contextmanager
    def at(self, place: str) -> Iterator[None]:
        """What is opened or started meanwhile, by this thread, belongs there."""
        with open("/proc/self/ns/net") as own, open(f"/run/netns/{place}") as there:
            _enter(there.fileno())
            try:
                yield
            finally:
                _enter(own.fileno())


def why_not() -> str | None:
    """Why no street can be made on this machine; None: one can."""
    if os.geteuid() != 0:
        return "only root makes network namespaces here"
    if shutil.which("ip") is None or shutil.which("nft") is None:
        return "iproute2 and nftables are not here"
    name = f"vl{uuid.uuid4().hex[:6]}"
    try:
        _run("ip", "netns", "add", name)
        try:
            _run("ip", "netns", "exec", name, "nft", "add", "table", "inet", "tried")
        finally:
            _run("ip", "netns", "del", name)
    except subprocess.CalledProcessError:
        return "this machine lets nobody make network namespaces with nftables"
    return None


@contextmanager
def street() -> Iterator[Street]:
    made = Street(f"vl{uuid.uuid4().hex[:6]}")
    places = (made.house, made.outside, made.home)
    try:
        for place in places:
            _run("ip", "netns", "add", place)
            _run("ip", "-n", place, "link", "set", "lo", "up")
        _cable(made.house, (HOUSE,), made.outside, (NEIGHBOUR, ROUTER, CARRIER, STRANGER), "front", 24)
        _cable(made.home, (HOME,), made.outside, ("192.168.7.1",), "garden", 24)
        _run("ip", "-n", made.home, "route", "add", "default", "via", "192.168.7.1")
        _run("ip", "netns", "exec", made.outside, "sysctl", "-qw", "net.ipv4.ip_forward=1")
        # As on the net: what is sent to an address behind somebody's router is lost, and nobody says so.
        _run("ip", "-n", made.house, "route", "add", "default", "via", ROUTER)
        translate = TRANSLATE.format(router=ROUTER)
        subprocess.run([*made.within(made.outside), "nft", "-f", "-"], input=translate, text=True, check=True)
        yield made
    finally:
        for place in places:
            subprocess.run(["ip", "netns", "del", place], capture_output=True, check=False)


def _cable(place: str, addresses: tuple[str, ...], other: str, others: tuple[str, ...], name: str, bits: int) -> None:
    _run("ip", "link", "add", name, "netns", place, "type", "veth", "peer", "name", name, "netns", other)
    for where, given in ((place, addresses), (other, others)):
        for address in given:
            _run("ip", "-n", where, "addr", "add", f"{address}/{bits}", "dev", name)
        _run("ip", "-n", where, "link", "set", name, "up")


def firewall(street: Street, place: str, rules: Path) -> None:
    _run(*street.within(place), "nft", "-f", str(rules))


def _run(*words: str) -> None:
    subprocess.run(words, capture_output=True, check=True)


def _enter(namespace: int) -> None:
    if _LIBC.setns(namespace, _NEW_NETWORK) != 0:
        raise OSError(ctypes.get_errno(), "setns")
