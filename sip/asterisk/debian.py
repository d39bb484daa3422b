"""Debian's own programs, downloaded and unpacked into a cache: no root, nothing of the machine is changed.

apt runs with a configuration of ours: own state, own cache, one source. Of the machine's configuration it sees only
how to reach the network (proxies, time-outs); its hooks are none of our business. Signatures are always checked.
"""

from __future__ import annotations

import errno
import fcntl
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path

from sip.asterisk.mirror import SETTING, find_keyring, find_mirror
from sip.trouble import SipTrouble

Say = Callable[[str], None]

SUITE = "forky"


@dataclass(frozen=True, slots=True)
class Program:
    """A program that Debian has."""

    name: str
    packages: tuple[str, ...]
    kept: tuple[str, ...]
    """What is kept of the unpacked tree, besides its libraries."""
    notices: str
    """Where its licences lie (a pattern)."""
    megabytes: int
    """To download."""
    needed_bytes: int
    """Index, packages and unpacked tree side by side, with some air."""
    instead: str
    """What else can be done, in words."""

    @property
    def directory(self) -> str:
        return f"{self.name.lower()}-{os.uname().machine}"


ASTERISK = Program(
    name="Asterisk",
    packages=("asterisk",),
    kept=("usr/sbin/asterisk", "usr/share/asterisk/documentation", "usr/share/asterisk/rest-api"),
    notices="usr/share/doc/asterisk*",
    megabytes=80,
    needed_bytes=700_000_000,
    instead="install Asterisk 22 yourself",
)
_LIBRARIES = ("usr/lib", "lib")
_NETWORK_SETTINGS = re.compile(r"^Acquire::(https?|Retries|ForceIPv[46])\b")


def cache_directory() -> Path:
    """`$XDG_CACHE_HOME/voiceline`, `~/.cache/voiceline` without it."""
    named = os.environ.get("XDG_CACHE_HOME", "")
    base = Path(named) if named.startswith("/") else Path.home() / ".cache"
    return base / "voiceline"


def cached_tree(say: Say, cache: Path | None = None, *, refresh: bool = False, program: Program = ASTERISK) -> Path:
    """The unpacked tree in the cache, fetched when it is not there (or `refresh`); raises `SipTrouble`.

    Any number of processes may ask at once: one fetches, the others wait for it. What an interrupted run left behind is
    taken up again.
    """
    home = (cache or cache_directory()) / program.directory
    tree = home / "tree"
    if tree.is_dir() and not refresh:
        return tree
    try:
        home.mkdir(parents=True, exist_ok=True)
        with _alone(home / "lock", say, program):
            if refresh or not tree.is_dir():
                _fetch(home, tree, say, program)
    except OSError as error:
        raise SipTrouble(_about_disk(home, error, program)) from None
    return tree


@contextmanager
def _alone(lock: Path, say: Say, program: Program) -> Iterator[None]:
    """Holds the lock file; a lock of a process that died is free by itself."""
    with lock.open("w") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"Another start is fetching {program.name} already: waiting for it.")
            fcntl.flock(held, fcntl.LOCK_EX)
        yield


def _fetch(home: Path, tree: Path, say: Say, program: Program) -> None:
    for tool, package in (("apt-get", "apt"), ("dpkg", "dpkg")):
        if shutil.which(tool) is None:
            raise SipTrouble(
                f"There is no {tool} here (Debian's and Ubuntu's package {package}), "
                f"so {program.name} cannot be fetched: {program.instead}."
            )
    if shutil.disk_usage(home).free < program.needed_bytes:
        needed = program.needed_bytes // 1_000_000
        raise SipTrouble(f"{home} has less than {needed} MB free: make room to fetch {program.name}.")
    mirror = find_mirror()
    packages = _download(home / "apt", mirror, find_keyring(), say, program)
    say(f"Unpacking {program.name} ({len(packages)} packages).")
    partial = home / "tree.partial"
    shutil.rmtree(partial, ignore_errors=True)
    _unpack(packages, partial, program)
    if tree.is_dir():
        old = home / "tree.old"
        shutil.rmtree(old, ignore_errors=True)
        tree.rename(old)
        partial.rename(tree)
        shutil.rmtree(old, ignore_errors=True)
    else:
        partial.rename(tree)
    shutil.rmtree(home / "apt", ignore_errors=True)


def _download(apt: Path, mirror: str, keyring: Path, say: Say, program: Program = ASTERISK) -> list[Path]:
    """Every package that the program needs, as files; those that are there from an interrupted run are kept."""
    for part in ("state/lists/partial", "cache/archives/partial", "etc"):
        (apt / part).mkdir(parents=True, exist_ok=True)
    (apt / "state/status").touch()  # as if nothing were installed: the tree must stand on its own
    (apt / "etc/sources.list").write_text(f"deb [signed-by={keyring}] {mirror} {SUITE} main\n", encoding="utf-8")
    configuration = apt / "apt.conf"
    configuration.write_text(_apt_configuration(apt), encoding="utf-8")
    environment = {**os.environ, "APT_CONFIG": str(configuration), "LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"}
    say(f"Looking for {program.name} in Debian's {SUITE}, at {mirror}.")
    _apt(["update"], environment, mirror, program)
    expired = release_expired(apt / "state/lists", datetime.now(UTC))
    if expired is not None:
        say(f"The mirror's release file expired on {expired:%Y-%m-%d} (frozen mirror?); signatures hold, going on.")
    say(f"Downloading {program.name} and its libraries (about {program.megabytes} MB, once for all).")
    # an interrupted run may have left packages that were replaced since
    _apt(["autoclean"], environment, mirror, program)
    _apt(["install", "--yes", "--download-only", *program.packages], environment, mirror, program)
    packages = sorted((apt / "cache/archives").glob("*.deb"))
    if not packages:
        raise SipTrouble(f"{mirror} gave no packages for {program.name}: name another mirror with {SETTING}.")
    return packages


def _apt_configuration(apt: Path) -> str:
    own = f"""\
Dir::State "{apt}/state";
Dir::State::status "{apt}/state/status";
Dir::Cache "{apt}/cache";
Dir::Etc::sourcelist "{apt}/etc/sources.list";
Dir::Etc::sourceparts "{apt}/etc/none";
Dir::Etc::preferences "{apt}/etc/none";
Dir::Etc::preferencesparts "{apt}/etc/none";
Dir::Etc::parts "{apt}/etc/none";
Dir::Etc::main "{apt}/etc/none";
APT::Install-Recommends "false";
APT::Sandbox::User "";
APT::Update::Error-Mode "any";
Acquire::Check-Valid-Until "false";
Acquire::Languages "none";
"""
    machine = subprocess.run(["apt-config", "dump", "Acquire"], capture_output=True, text=True, check=False).stdout
    return own + "".join(f"{line}\n" for line in machine.splitlines() if _NETWORK_SETTINGS.match(line))


def _apt(arguments: list[str], environment: dict[str, str], mirror: str, program: Program = ASTERISK) -> None:
    done = subprocess.run(
        ["apt-get", "-q", *arguments],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode == 0:
        return
    errors = [line[2:].strip() for line in done.stderr.splitlines() if line.startswith("E:")]
    if any("No space left" in line or "enough free space" in line for line in errors):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    first = errors[0].rstrip(".") if errors else f"apt-get ended with {done.returncode}"
    raise SipTrouble(
        f"{program.name} could not be fetched from {mirror} ({first}): look at the network, "
        f"name another Debian mirror with {SETTING}, or {program.instead}."
    )


def release_expired(lists: Path, now: datetime) -> datetime | None:
    """Until when the mirror's release file was valid (aware UTC), when that is over; None while it is valid."""
    for release in sorted(lists.glob("*Release")):
        with release.open(encoding="utf-8", errors="replace") as lines:
            for line in lines:
                if line.startswith("Valid-Until:"):
                    until = parsedate_to_datetime(line.partition(":")[2].strip())
                    return until if until < now else None
                if line.startswith(("MD5Sum:", "SHA256:")):
                    break
    return None


def _unpack(packages: list[Path], tree: Path, program: Program = ASTERISK) -> None:
    """All packages into one tree, side by side, and only what running it can need."""
    tree.mkdir(parents=True)

    def unpack(package: Path) -> None:
        done = subprocess.run(
            ["dpkg", "--extract", str(package), str(tree)],
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
        if done.returncode != 0:
            if "No space left" in done.stderr:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            package.unlink(missing_ok=True)
            raise SipTrouble(f"{package.name} could not be unpacked and was removed: start again to fetch it anew.")

    with ThreadPoolExecutor(os.cpu_count() or 1) as workers:
        list(workers.map(unpack, packages))
    _prune(tree, program)


def _prune(tree: Path, program: Program) -> None:
    kept = {tree / path for path in (*_LIBRARIES, *program.kept)} | set(tree.glob(program.notices))
    above = {parent for path in kept for parent in path.parents}
    for directory in [tree, *sorted(above)]:
        if tree not in (directory, *directory.parents) or not directory.is_dir():
            continue
        for entry in directory.iterdir():
            if entry in kept or entry in above:
                continue
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            else:
                entry.unlink()


def _about_disk(place: Path, error: OSError, program: Program) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        needed = program.needed_bytes // 1_000_000
        return f"The disk that holds {place} is full: make room ({program.name} needs {needed} MB there)."
    return f"{place} cannot be written ({error.strerror}): make it writable, or name another cache with XDG_CACHE_HOME."
