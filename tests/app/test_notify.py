"""What systemd is told."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from ivr.app import notify


@pytest.fixture
def systemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "notify"))
        listening.settimeout(2.0)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        yield listening


def test_systemd_is_told_when_it_asked(systemd: socket.socket) -> None:
    for word in (notify.READY, notify.ALIVE, notify.STOPPING):
        notify.tell(word)
        assert systemd.recv(100).decode() == word


def test_an_abstract_address_is_one_too(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind("\0voiceline-test-notify")
        listening.settimeout(2.0)
        monkeypatch.setenv("NOTIFY_SOCKET", "@voiceline-test-notify")
        notify.tell(notify.ALIVE)
        assert listening.recv(100) == b"WATCHDOG=1"


def test_nobody_who_asked_or_nobody_who_listens_is_no_trouble(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    notify.tell(notify.READY)
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "nobody"))
    notify.tell(notify.READY)


def test_a_full_socket_holds_nobody_up(systemd: socket.socket) -> None:
    for _ in range(10_000):
        notify.tell(notify.ALIVE)
