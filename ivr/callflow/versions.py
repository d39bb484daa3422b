"""What was published, kept: every version a folder of its own, and a row for each time one took effect.

`versions/<version>/` is a whole folder of callflows as it was checked, so that a version can be loaded, heard and taken
back later; files that did not change are links to those of the version before. `versions/log.jsonl` says who, when and
why. A line runs from such a folder, never from the files that somebody may be editing.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from enum import StrEnum
from filecmp import cmp
from pathlib import Path

from ivr.callflow.check import load_plan
from ivr.callflow.subflows import FOLDER as SHARED
from ivr.core.flow import Plan

KEPT = 30
"""Versions that stay on disk, the newest ones."""
_PARTS = ("*.yaml", f"{SHARED}/*.yaml", "prompts/*/*.txt", "prompts/*/*.wav", "prompts/*/*.json", "music/*.wav")


class How(StrEnum):
    STARTED = "started"
    """The line came up with it."""
    PUBLISHED = "published"
    ROLLED_BACK = "rolled_back"


@dataclass(frozen=True, slots=True)
class Row:
    """A version took effect. `at` is aware UTC; `instead_of`: what it replaced, if anything was in force."""

    version: str
    at: datetime
    how: How
    by: str
    note: str
    instead_of: str | None


class UnknownVersion(Exception):
    """Not kept (any more); the text is one sentence."""


class Versions:
    def __init__(self, state: Path) -> None:
        self._home = state / "versions"
        self._log = self._home / "log.jsonl"

    def folder(self, version: str) -> Path:
        """Raises `UnknownVersion`."""
        folder = self._home / version
        if not version.isalnum() or not folder.is_dir():
            raise UnknownVersion(f"the version {version} is not kept here: ivr publish --list shows those that are")
        return folder

    def load(self, version: str) -> Plan:
        """Raises `UnknownVersion`, and `CallflowError` when it would not be right today (hours that never open)."""
        return load_plan(self.folder(version))

    def keep(self, callflows: Path) -> Plan:
        """Copy a folder as it is now and give the plan in the copy. Raises `CallflowError` (nothing is kept then)."""
        self._home.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = self._home / f".new-{os.getpid()}"
        shutil.rmtree(fresh, ignore_errors=True)
        try:
            self._copy(callflows, fresh)
            plan = load_plan(fresh)
            target = self._home / plan.version
            if not target.exists():
                fresh.replace(target)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
        return plan

    def note(self, version: str, how: How, by: str, note: str, at: datetime | None = None) -> Row:
        """From now on this version is in force; old ones that nobody needs go."""
        current = self.current()
        row = Row(version, at or datetime.now(UTC), how, by, note, current.version if current else None)
        self._home.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._log.open("a", encoding="utf-8") as log:
            log.write(json.dumps(asdict(row), ensure_ascii=False, default=datetime.isoformat) + "\n")
        self._forget()
        return row

    def rows(self) -> list[Row]:
        """Oldest first."""
        return list(self._rows())

    def current(self) -> Row | None:
        rows = self.rows()
        return rows[-1] if rows else None

    def before(self) -> str | None:
        """What a rollback goes back to: the last version in force that was another one, and is still kept."""
        rows = self.rows()
        others = [
            row.version for row in rows if row.version != rows[-1].version and (self._home / row.version).is_dir()
        ]
        return others[-1] if others else None

    def held_back(self) -> Row | None:
        """The rollback in force, if the last thing was one: what it replaced must not come back by a mere restart."""
        current = self.current()
        return current if current is not None and current.how is How.ROLLED_BACK else None

    def _rows(self) -> Iterator[Row]:
        try:
            lines = self._log.read_text(encoding="utf-8").splitlines()
        except OSError:
            return
        for line in lines:
            try:
                found = json.loads(line)
                at = datetime.fromisoformat(found["at"])
                yield Row(found["version"], at, How(found["how"]), found["by"], found["note"], found["instead_of"])
            except (ValueError, KeyError, TypeError):
                continue  # a row torn by a power cut costs nothing but itself

    def _copy(self, callflows: Path, fresh: Path) -> None:
        current = self.current()
        before = self._home / current.version if current is not None else fresh
        for part in _PARTS:
            for source in callflows.glob(part):
                if not source.is_file():
                    continue
                name = source.relative_to(callflows)
                target, old = fresh / name, before / name
                target.parent.mkdir(parents=True, exist_ok=True)
                if source.suffix == ".wav" and old.is_file() and cmp(source, old, shallow=False):
                    os.link(old, target)
                else:
                    shutil.copy2(source, target)

    def _forget(self) -> None:
        newest = list(dict.fromkeys(row.version for row in reversed(self.rows())))[:KEPT]
        for folder in self._home.iterdir():
            if folder.is_dir() and not folder.name.startswith(".") and folder.name not in newest:
                shutil.rmtree(folder, ignore_errors=True)
