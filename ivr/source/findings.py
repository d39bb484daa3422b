"""What was found in a file that people write: the place, what is wrong, and what to write instead."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from pathlib import Path


class Severity(StrEnum):
    """An error keeps the file from being used; a warning does not."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """`line` and `column` count from 1, columns in characters."""

    file: Path
    line: int = 1
    column: int = 1


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    place: Place
    severity: Severity
    what: str
    instead: str

    def __str__(self) -> str:
        place = self.place
        return f"{shown_path(place.file)}:{place.line}:{place.column}: {self.severity}: {self.what}; {self.instead}"


class Findings:
    """Collects everything that is wrong, so that nobody has to mend one thing at a time."""

    def __init__(self) -> None:
        self._found: set[Finding] = set()

    def error(self, place: Place, what: str, instead: str) -> None:
        self._found.add(Finding(place, Severity.ERROR, what, instead))

    def warn(self, place: Place, what: str, instead: str) -> None:
        self._found.add(Finding(place, Severity.WARNING, what, instead))

    def add(self, findings: Iterable[Finding]) -> None:
        self._found.update(findings)

    def all(self) -> tuple[Finding, ...]:
        """In reading order, each once."""
        return tuple(sorted(self._found))


def errors(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    return tuple(finding for finding in findings if finding.severity is Severity.ERROR)


def did_you_mean(word: str, known: Iterable[str]) -> str | None:
    """The known word that somebody who wrote `word` most likely meant."""
    names = list(known)
    lower = {name.lower(): name for name in names}
    close = get_close_matches(word.lower(), list(lower), n=1, cutoff=0.6)
    return lower[close[0]] if close else None


def one_of(word: str, known: Iterable[str]) -> str:
    """What instead, for a word that is not among the known ones."""
    names = sorted(known)
    guess = did_you_mean(word, names)
    if guess is not None:
        return f"did you mean `{guess}`?"
    if not names:
        return "there is none yet"
    some = ", ".join(f"`{name}`" for name in names[:12])
    return f"use one of {some}{', ...' if len(names) > 12 else ''}"


def shown(text: str, most: int = 40) -> str:
    """Somebody's text, fit for a terminal: on one line, cut, and without control characters."""
    cut = text if len(text) <= most else text[: most - 1] + "…"
    return "".join(letter if letter.isprintable() else f"\\u{ord(letter):04x}" for letter in cut)


def shown_path(path: Path) -> str:
    """Relative to where one stands, if it lies below."""
    try:
        return shown(str(path.relative_to(Path.cwd())), 300)
    except (ValueError, OSError):
        return shown(str(path), 300)


def excerpt(finding: Finding) -> tuple[str, str] | None:
    """The line as it stands in the file and a caret under the place; None when there is nothing to show."""
    place = finding.place
    if place.file.suffix not in (".yaml", ".yml", ".txt"):
        return None
    try:
        with place.file.open("rb") as file:
            lines = file.read(1 << 20).decode("utf-8", "replace").splitlines()
    except OSError:
        return None
    if place.line > len(lines) or not lines[place.line - 1].strip():
        return None
    start = max(0, place.column - 80)
    line = shown(lines[place.line - 1].replace("\t", " ")[start:], 120)
    return line, " " * (place.column - 1 - start) + "^"
