"""A program's tree as Debian packs it: started through its own loader, and laid out with no more than it needs."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path

from sip.trouble import SipTrouble

_STAMP = ".made-from"


def own_loader(tree: Path, program: str, *further: Path) -> tuple[str, ...]:
    """The words that start `program` (its path within the tree) through the tree's dynamic loader, with the tree's
    libraries and those in `further`: the machine's own libraries play no part. Raises `SipTrouble`."""
    loader = next(
        (found for place in ("usr/lib", "lib") for found in sorted((tree / place).glob("*/ld-linux*.so.*"))), None
    )
    if loader is None:
        raise SipTrouble(f"{tree} holds no dynamic loader: remove it and start again.")
    libraries = ":".join(str(path) for path in (*library_directories(tree), *further))
    return (str(loader), "--library-path", libraries, str(tree / program))


def library_directories(tree: Path) -> list[Path]:
    return [
        path for path in (*sorted(tree.glob("usr/lib/*-linux-*")), *sorted(tree.glob("lib/*-linux-*"))) if path.is_dir()
    ]


def libraries(cached: Path, start: tuple[str, ...], modules: Iterable[Path]) -> Iterator[Path]:
    """What a program (`start`, by `own_loader`) and its modules need of the tree, its loader included."""
    *loader, program = start
    yield Path(loader[0])
    for place in library_directories(cached):
        yield from place.glob("libgcc_s.so.*")  # asked for by name when a thread ends, seen by no loader beforehand
    for path in (program, *map(str, modules)):
        told = subprocess.run(
            [*loader[:1], "--list", *loader[1:], path], capture_output=True, text=True, check=False
        ).stdout
        for found in re.findall(r"=> (\S+)", told):
            if Path(found).is_relative_to(cached):
                yield Path(found)


def lay(files: dict[Path, Path], target: Path, made_from: list[str]) -> None:
    """The files under their new names in `target`, all or nothing: linked, or copied where links are not to be had."""
    if made_from_what(target) == made_from:
        return
    partial = target.with_name(f"{target.name}.{os.getpid()}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        for source, name in files.items():
            place = partial / name
            place.parent.mkdir(parents=True, exist_ok=True)
            try:
                os.link(source.resolve(), place)
            except OSError:
                shutil.copy2(source, place)
        (partial / _STAMP).write_text(json.dumps(made_from), encoding="utf-8")
        old = target.with_name(f"{target.name}.{os.getpid()}.old")
        if target.is_dir():
            target.rename(old)
        partial.rename(target)
        shutil.rmtree(old, ignore_errors=True)
    except OSError as error:
        if made_from_what(target) == made_from:  # another start was quicker, with the same result
            return
        raise SipTrouble(
            f"Programs could not be laid out in {target} ({error.strerror}): is there room, and may you write there?"
        ) from None
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def made_from_what(target: Path) -> object:
    try:
        return json.loads((target / _STAMP).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
