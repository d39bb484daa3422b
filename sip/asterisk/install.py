"""Finds an Asterisk that fits, or gets one, and lays it out in the state directory.

Order: the one named in the configuration; `asterisk` on the PATH when its version fits; Debian's package, unpacked
without root and started through its own dynamic loader, so that the machine's libraries play no part.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from sip.asterisk.debian import Say, cached_tree
from sip.asterisk.modules import ALLOWED
from sip.asterisk.tree import lay, libraries, made_from_what, own_loader
from sip.trouble import SipTrouble

OLDEST = "22.10.1"
"""Its interfaces are what we speak; older ones drop or mute calls (`asterisk-config/UPSTREAM.md`)."""

_DOCUMENTATION = "documentation/core-en_US.xml"
_SHARED = "usr/share/asterisk"


@dataclass(frozen=True, slots=True)
class Asterisk:
    """An Asterisk ready to be started."""

    version: str
    """As it calls itself, without the word Asterisk: `22.10.1`."""
    start: tuple[str, ...]
    """The words to start the program with; its options follow."""
    modules: Path
    """Our own module directory: only what is allowed lies in it."""
    data: Path
    """Where its documentation lies, without which it does not know its own options."""
    source: str
    """Where it came from, for people."""

    @property
    def rest_api(self) -> Path:
        """Its description of its own REST interface (`*.json`)."""
        return self.data / "rest-api"


@dataclass(frozen=True, slots=True)
class _Found:
    """A program with its modules and data, wherever they lie."""

    start: tuple[str, ...]
    version: str
    modules: Path
    data: Path


def install(home: Path, say: Say, *, configured: Path | None = None, cache: Path | None = None) -> Asterisk:
    """The Asterisk that runs from `home` (the state's `asterisk` directory), fetched when there is none.

    Everything lies ready after the first time, and asking again takes a moment. Raises `SipTrouble`.
    """
    home.mkdir(parents=True, exist_ok=True)
    if configured is not None:
        return _settle(_examine(configured, why_asked="the configuration names"), home, str(configured))
    on_path = shutil.which("asterisk") or shutil.which("asterisk", path="/usr/local/sbin:/usr/sbin")
    if on_path is not None:
        try:
            return _settle(_examine(Path(on_path), why_asked="the PATH names"), home, on_path)
        except SipTrouble as unfit:
            say(f"{unfit} Using Debian's instead.")
    tree = _lay_tree(cached_tree(say, cache), home / "tree")
    return _settle(_examine_tree(tree), home, "Debian")


def refresh(home: Path, say: Say, *, cache: Path | None = None) -> Asterisk:
    """Fetches Debian's Asterisk anew, as after a security fix; what runs goes on with the old one until a restart."""
    tree = _lay_tree(cached_tree(say, cache, refresh=True), home / "tree")
    return _settle(_examine_tree(tree), home, "Debian")


# ---------------------------------------------------------------- looking at one


def _examine(program: Path, why_asked: str) -> _Found:
    if not program.is_file():
        raise SipTrouble(f"There is no Asterisk at {program}, which {why_asked}: name its program file.")
    version = _version((str(program),), str(program))
    real = program.resolve()
    modules = _first(
        real.parent.parent.glob(pattern)
        for pattern in ("lib/*/asterisk/modules", "lib/asterisk/modules", "lib64/asterisk/modules")
    )
    data = _first(
        path.parent.parent
        for place in (real.parent.parent, Path("/usr"), Path("/"))
        for path in place.glob(f"*/*/{_DOCUMENTATION}")
        if "asterisk" in path.parts
    )
    if modules is None or data is None:
        missing = "modules" if modules is None else "documentation"
        raise SipTrouble(f"The {missing} of {program}, which {why_asked}, cannot be found beside it.")
    return _Found((str(program),), version, modules, data)


def _examine_tree(tree: Path) -> _Found:
    modules = next(tree.glob("usr/lib/*/asterisk/modules"), None)
    if modules is None:
        raise SipTrouble(f"{tree} holds no Asterisk: remove it and start again.")
    start = own_loader(tree, "usr/sbin/asterisk")
    return _Found(start, _version(start, "Debian's Asterisk"), modules, tree / _SHARED)


def _version(start: tuple[str, ...], name: str) -> str:
    try:
        told = subprocess.run(
            [*start, "-V"], capture_output=True, text=True, errors="replace", timeout=20, check=False
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        told = ""
    found = re.match(r"Asterisk (?:certified/)?(\d+[.\d]*)", told)
    if found is None:
        raise SipTrouble(f"{name} does not start, so it cannot be used: is its directory mounted noexec?")
    if _order(found[1]) < _order(OLDEST):
        raise SipTrouble(f"{name} is version {found[1]}, and {OLDEST} or newer is needed.")
    return found[1].rstrip(".")


def _order(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part)


def _first(found: Iterable[Iterable[Path] | Path]) -> Path | None:
    for entry in found:
        if isinstance(entry, Path):
            return entry
        for path in entry:
            return path
    return None


# ---------------------------------------------------------------- laying it out


def _settle(found: _Found, home: Path, source: str) -> Asterisk:
    missing = [name for name in ALLOWED if not (found.modules / f"{name}.so").is_file()]
    if missing:
        raise SipTrouble(f"The Asterisk from {source} lacks {', '.join(missing)}: use one that has them.")
    wanted = {path: Path(f"{name}.so") for name in ALLOWED for path in [found.modules / f"{name}.so"]}
    modules = home / "modules"
    lay(wanted, modules, made_from=[str(found.modules), found.version, *ALLOWED])
    return Asterisk(found.version, found.start, modules, found.data, source)


def _lay_tree(cached: Path, tree: Path) -> Path:
    """What is needed of the cached tree, in the state directory: the program, the libraries it and the allowed modules
    need (as the tree's own loader resolves them), and its documentation."""
    signature = [str(cached), str(cached.stat().st_ino), str(cached.stat().st_ctime_ns), *ALLOWED]
    if made_from_what(tree) == signature:
        return tree
    modules = next(cached.glob("usr/lib/*/asterisk/modules"), None)
    if modules is None:
        raise SipTrouble(f"{cached} holds no Asterisk: remove {cached.parent} and start again.")
    allowed = [modules / f"{name}.so" for name in ALLOWED]
    program = own_loader(cached, "usr/sbin/asterisk")
    files = {*(path for path in allowed if path.is_file()), *libraries(cached, program, allowed), Path(program[-1])}
    for place in (f"{_SHARED}/documentation", f"{_SHARED}/rest-api", "usr/share/doc/asterisk"):
        files.update(path for path in (cached / place).rglob("*") if path.is_file())
    lay({path: path.relative_to(cached) for path in files}, tree, made_from=signature)
    return tree
