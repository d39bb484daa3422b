"""Running something as an ordinary user, to show that no root is needed.

A run that is an ordinary user's already stays what it is. A run as root makes a home for `nobody` with what such a user
would have: an interpreter, the checkout, the cache; all links, for root's own files may be out of `nobody`'s reach.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sip.asterisk.debian import cache_directory

NOBODY = 65534
CHECKOUT = Path(__file__).resolve().parents[2]
_ROOMS = ("ivr", "sip", "asterisk-config", "callflows", "recordings-policy", "tests")


@dataclass(frozen=True, slots=True)
class Ordinary:
    """A user without any privilege, and a home of theirs."""

    home: Path
    python: tuple[str, ...]
    """The words to start Python with the project in reach."""
    environment: Mapping[str, str]
    uid: int | None
    """None: we are an ordinary user already."""

    def run(self, words: Sequence[str], timeout_s: float = 60.0) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            list(words),
            cwd=self.home,
            env=dict(self.environment),
            user=self.uid,
            group=self.uid,
            extra_groups=None if self.uid is None else [],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )

    def start(self, words: Sequence[str]) -> subprocess.Popen[str]:
        """For what goes on meanwhile; its output is for the caller to read, its end for the caller to await."""
        return subprocess.Popen(
            list(words),
            cwd=self.home,
            env=dict(self.environment),
            user=self.uid,
            group=self.uid,
            extra_groups=None if self.uid is None else [],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )


@contextmanager
def ordinary_user() -> Iterator[Ordinary]:
    """Their home is gone afterwards. Processes started there must have been ended before."""
    home = Path(tempfile.mkdtemp(prefix="vl-", dir="/tmp"))  # short: sockets lie in it
    try:
        if os.geteuid() != 0:
            yield Ordinary(home, (sys.executable,), {**os.environ, "PYTHONPATH": str(CHECKOUT)}, None)
            return
        home.chmod(0o755)
        prefix = _link_interpreter(home / "python")
        for room in _ROOMS:
            if (CHECKOUT / room).is_dir():
                _link_tree(CHECKOUT / room, home / "checkout" / room)
        packages = home / "packages"
        _link_tree(Path(sysconfig.get_path("purelib")), packages)
        _link_tree(cache_directory(), home / ".cache" / "voiceline")
        (home / ".cache").mkdir(exist_ok=True)  # where there is no cache (tests/conftest.py)
        for path in (home, home / ".cache", *(home / ".cache" / "voiceline").glob("*")):
            os.chown(path, NOBODY, NOBODY)
        environment = {
            "HOME": str(home),
            "PATH": "/usr/bin:/bin",
            "LANG": "C.UTF-8",
            "PYTHONHOME": str(prefix),
            "LD_LIBRARY_PATH": str(prefix / "lib"),  # a Python in root's home looks for its library there
            "PYTHONPATH": f"{home / 'checkout'}:{packages}",
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        yield Ordinary(home, (str(prefix / "bin" / "python"),), environment, NOBODY)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _link_interpreter(prefix: Path) -> Path:
    """This very Python at a place that everybody can reach."""
    base = Path(sys.base_prefix)
    library = f"python{sys.version_info.major}.{sys.version_info.minor}"
    (prefix / "bin").mkdir(parents=True)
    _link(str(Path(sys.executable).resolve()), str(prefix / "bin" / "python"))
    _link_tree(base / "lib" / library, prefix / "lib" / library)
    for shared in (base / "lib").glob("libpython*.so*"):
        _link(str(shared.resolve()), str(prefix / "lib" / shared.name))
    return prefix


def _link_tree(source: Path, target: Path) -> None:
    ignored = shutil.ignore_patterns(
        "__pycache__", "test", "idlelib", "lib2to3", "site-packages", "dist-packages", "lock"
    )
    if source.is_dir():
        shutil.copytree(source, target, copy_function=_link, ignore=ignored, symlinks=True)


def _link(source: str, target: str, *, follow_symlinks: bool = True) -> str:
    try:
        os.link(source, target, follow_symlinks=follow_symlinks)
    except OSError:
        shutil.copy2(source, target, follow_symlinks=follow_symlinks)
    return target
