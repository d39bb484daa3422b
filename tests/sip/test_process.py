from __future__ import annotations

import os
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from sip.asterisk.process import check_ports, find_running, reload, start, stop
from sip.asterisk.render import render
from sip.asterisk.settings import Account
from sip.trouble import SipTrouble
from tests.rigs.asterisk import ANNA, CHILDREN, Machine, lay_out, running
from tests.rigs.ordinary import ordinary_user

pytestmark = pytest.mark.asterisk


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    laid = lay_out(tmp_path)
    yield laid
    stop(laid.settings.places)


START_AND_DIE = """
import os, sys
from pathlib import Path
from sip.asterisk.process import start
from tests.rigs.asterisk import lay_out
machine = lay_out(Path(sys.argv[1]), int(sys.argv[2]))
print(start(machine.asterisk, machine.settings), os.getuid(), flush=True)
os.kill(os.getpid(), 9)
"""


def test_an_ordinary_user_can_run_it_and_it_outlives_whoever_started_it(machine: Machine) -> None:
    base = machine.settings.ports.sip
    with ordinary_user() as user:
        done = user.run([*user.python, "-c", START_AND_DIE, str(user.home / "s"), str(base)])
        assert done.stdout, done.stderr
        pid, uid = map(int, done.stdout.split())
        try:
            assert done.returncode == -signal.SIGKILL
            assert uid != 0
            status = Path(f"/proc/{pid}/status").read_text()
            assert f"Uid:\t{uid}\t{uid}\t{uid}\t{uid}\n" in status
            assert "CapEff:\t0000000000000000\n" in status
            assert os.getsid(pid) == pid
            with socket.create_connection(("127.0.0.1", machine.settings.ports.ami), timeout=2) as line:
                assert line.recv(20).startswith(b"Asterisk")
            assert (user.home / "s").is_dir()
        finally:
            os.kill(pid, signal.SIGKILL)
            _await(lambda: not Path(f"/proc/{pid}/cwd").exists())


def test_nothing_of_the_machines_own_libraries_is_mapped_and_no_recorder_either(machine: Machine) -> None:
    with running(machine):
        mapped = {
            line.split()[-1] for line in Path(f"/proc/{machine.pid}/maps").read_text().splitlines() if "/" in line
        }
        code = {path for path in mapped if ".so" in path or "sbin" in path}
        assert code
        assert all(path.startswith(str(machine.state)) for path in code)
        told = machine.console("module show")
        loaded = {line.split()[0] for line in told.splitlines() if ".so" in line}
        assert loaded == {path.name for path in machine.asterisk.modules.glob("*.so")}
        assert not loaded & {"func_channel.so", "bridge_native_rtp.so", "app_mixmonitor.so", "res_ari_asterisk.so"}


def test_it_is_up_in_well_under_a_second(machine: Machine) -> None:
    began = time.monotonic()
    with running(machine):
        took = time.monotonic() - began
    assert took < 3, "0.3 s is usual; ten times that is a fault even on a busy machine"


def test_it_is_found_again_and_a_stranger_with_its_old_number_is_not_it(machine: Machine) -> None:
    assert find_running(machine.settings.places) is None
    with running(machine):
        assert find_running(machine.settings.places) == machine.pid
    pid_file = machine.settings.places.run / "asterisk.pid"
    pid_file.write_text(f"{os.getpid()}\n")
    assert find_running(machine.settings.places) is None
    assert stop(machine.settings.places) is False


def test_a_taken_port_is_named_before_anything_is_started(machine: Machine) -> None:
    ports = machine.settings.ports
    for kind, port, purpose in (
        (socket.SOCK_DGRAM, ports.sip, "SIP"),
        (socket.SOCK_STREAM, ports.ari, "the REST interface"),
        (socket.SOCK_STREAM, ports.ami, "the manager"),
    ):
        with socket.socket(socket.AF_INET, kind) as other:
            other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, int(kind == socket.SOCK_STREAM))
            other.bind(("127.0.0.1", port))
            if kind == socket.SOCK_STREAM:
                other.listen()
            with pytest.raises(
                SipTrouble, match=f"Port {port} at 127.0.0.1, meant for {purpose}, is taken .*--port-base"
            ):
                start(machine.asterisk, machine.settings)
    assert find_running(machine.settings.places) is None
    with pytest.raises(SipTrouble, match="no address of this machine"):
        check_ports(replace(machine.settings, sip_bind="192.0.2.77"))


def test_an_asterisk_that_cannot_start_says_why_in_one_sentence(machine: Machine) -> None:
    (machine.asterisk.modules / "app_queue.so").unlink()
    with pytest.raises(SipTrouble, match=r"Asterisk ended while it started: .*app_queue") as told:
        start(machine.asterisk, machine.settings)
    assert "\n" not in str(told.value)
    assert find_running(machine.settings.places) is None


def test_a_frozen_one_is_ended_all_the_same(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sip.asterisk.process.HANG_UP_S", 0.3)
    with running(machine):
        pid = machine.pid
        os.kill(pid, signal.SIGSTOP)
        assert stop(machine.settings.places)
        assert find_running(machine.settings.places) is None


def test_it_can_be_stopped_and_started_again_at_once_on_the_same_ports(machine: Machine) -> None:
    pids = set()
    for _ in range(5):
        with running(machine):
            pids.add(machine.pid)
    assert len(pids) == 5


def test_a_new_volunteer_is_known_after_a_reload_and_a_new_port_needs_a_restart(machine: Machine) -> None:
    with running(machine):
        pid = machine.pid
        cia = Account(ANNA.__class__("cia"), "password-of-cia", (CHILDREN,))
        more = replace(machine.settings, accounts=(*machine.settings.accounts, cia))
        assert reload(machine.settings.places, render(more))
        _await(lambda: "cia/cia" in machine.console("pjsip show endpoints"))
        _await(lambda: "PJSIP/cia" in machine.console("queue show line-bornetelefonen"))
        assert machine.pid == pid
        moved = replace(more, ports=replace(more.ports, ari=more.ports.ari + 10))
        assert reload(machine.settings.places, render(moved)) is False


def test_few_files_for_the_user_do_not_keep_it_from_starting(machine: Machine) -> None:
    """A shell with a hard limit of 1024 files."""
    code = (
        "import sys; from pathlib import Path; from tests.rigs.asterisk import lay_out, running\n"
        "machine = lay_out(Path(sys.argv[1]), int(sys.argv[2]))\n"
        "with running(machine): print(machine.console('core show channels count'))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(machine.state), str(machine.settings.ports.sip)],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (1024, 1024)),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout.startswith("0 active channels"), done.stderr


def _await(happened: object, within_s: float = 5.0) -> None:
    assert callable(happened)
    deadline = time.monotonic() + within_s
    while not happened():
        assert time.monotonic() < deadline, f"not within {within_s} s"
        time.sleep(0.02)
