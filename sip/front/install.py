"""Gets Kamailio and lays it out in the state directory, as `sip.asterisk.install` does with Asterisk: Debian's package,
unpacked without root, started through its own loader, with a module directory that holds what is used and no more."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from sip.asterisk.debian import Program, Say, cached_tree
from sip.asterisk.tree import lay, libraries, made_from_what, own_loader
from sip.trouble import SipTrouble

KAMAILIO = Program(
    name="Kamailio",
    packages=("kamailio", "kamailio-tls-modules"),
    kept=("usr/sbin/kamailio",),
    notices="usr/share/doc/kamailio*",
    megabytes=35,
    needed_bytes=400_000_000,
    instead='run without it ([front] mode = "direct")',
)
MODULES = (
    "tm",
    "tmx",  # answers for requests whose transaction is known already
    "sl",
    "rr",
    "pv",
    "path",  # where a phone's registration came from
    "textops",
    "textopsx",  # the list of header fields that may pass
    "siputils",
    "maxfwd",
    "sanity",
    "uac",  # the caller's From becomes nobody's
    "htable",
    "pike",
    "crypto",  # the right to speak in a dialog
    "kex",
    "corex",
    "ipops",
    "nathelper",
    "tls",
    "jsonrpcs",  # what it has refused is asked for
    "topoh",  # Call-ID, Via and Contact of carriers are known here only
)
_PROGRAM = "usr/sbin/kamailio"


@dataclass(frozen=True, slots=True)
class Kamailio:
    """A Kamailio ready to be started."""

    version: str
    start: tuple[str, ...]
    """The words to start the program with; its options follow."""
    modules: Path


def install(home: Path, say: Say, *, cache: Path | None = None) -> Kamailio:
    """The Kamailio that runs from `home` (the state's `front` directory), fetched when there is none. `SipTrouble`."""
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    tree = _lay_tree(cached_tree(say, cache, program=KAMAILIO), home / "tree")
    start = own_loader(tree, _PROGRAM, *_private_libraries(tree))
    return Kamailio(_version(start), start, _modules(tree))


def _private_libraries(tree: Path) -> list[Path]:
    return sorted(path.parent for path in tree.glob("usr/lib/*/kamailio/modules"))


def _modules(tree: Path) -> Path:
    found = next(tree.glob("usr/lib/*/kamailio/modules"), None)
    if found is None:
        raise SipTrouble(f"{tree} holds no Kamailio: remove it and start again.")
    return found


def _lay_tree(cached: Path, tree: Path) -> Path:
    signature = [str(cached), str(cached.stat().st_ino), str(cached.stat().st_ctime_ns), *MODULES]
    if made_from_what(tree) == signature:
        return tree
    modules = _modules(cached)
    used = [modules / f"{name}.so" for name in MODULES]
    missing = [path.stem for path in used if not path.is_file()]
    if missing:
        raise SipTrouble(f"Debian's Kamailio lacks {', '.join(missing)}: remove {cached.parent} and start again.")
    private = _private_libraries(cached)
    start = own_loader(cached, _PROGRAM, *private)
    files = {*used, *libraries(cached, start, used), Path(start[-1])}
    for place in private:
        files.update(path for path in place.glob("*.so*") if path.is_file())
    files.update(path for path in cached.glob("usr/share/doc/kamailio*/copyright") if path.is_file())
    lay({path: path.relative_to(cached) for path in files}, tree, made_from=signature)
    return tree


def _version(start: tuple[str, ...]) -> str:
    try:
        told = subprocess.run(
            [*start, "-v"], capture_output=True, text=True, errors="replace", timeout=20, check=False
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        told = ""
    found = re.search(r"kamailio (\d+\.\d+[.\d]*)", told)
    if found is None:
        raise SipTrouble("Debian's Kamailio does not start, so it cannot be used: is its directory mounted noexec?")
    return found[1].rstrip(".")
