"""YAML as a tree of text with places.

Rules: every scalar is text (22:00 is not 1320, `no` is not false); a key stands once; anchors, aliases and tags are not
part of the language; whatever the bytes are, there is an answer in findings, soon, and never an exception. The tree is
built from PyYAML's events and not by its composer, so that depth and size are judged before anything is built.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from ivr.source.findings import Findings, Place, shown

MOST_BYTES = 128 * 1024
MOST_DEPTH = 12
MOST_NODES = 5000


@dataclass(frozen=True, slots=True)
class Text:
    """`plain`: written without quotes."""

    value: str
    place: Place
    plain: bool


@dataclass(frozen=True, slots=True)
class Listing:
    items: tuple[Node, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class Table:
    pairs: tuple[tuple[Text, Node], ...]
    place: Place


Node = Text | Listing | Table


@dataclass(slots=True)
class _Frame:
    """A listing or table whose end has not been read yet."""

    table: bool
    place: Place
    nodes: list[Node] = field(default_factory=list)


class _RefusedError(Exception):
    """No use in reading on; the finding is made."""


def read_text(path: Path, findings: Findings, most: int = MOST_BYTES) -> str | None:
    """A file's text, or None with a finding."""
    try:
        if not path.is_file():
            findings.error(Place(path), "there is no such file", "create it, or correct the name")
            return None
        with path.open("rb") as file:
            data = file.read(most + 1)
    except OSError as problem:
        findings.error(Place(path), f"cannot be read ({problem.strerror})", "look at its owner and rights")
        return None
    if len(data) > most:
        findings.error(
            Place(path), f"is larger than {most // 1024} KB", "split it, or look whether it is the right file"
        )
        return None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        before = data[: problem.start]
        column = len(before[before.rfind(b"\n") + 1 :].decode("utf-8", "replace")) + 1
        place = Place(path, before.count(b"\n") + 1, column)
        findings.error(place, "is not UTF-8 text here", "save the file as UTF-8")
        return None


def read_tree(path: Path, findings: Findings) -> Node | None:
    """The tree of a file; None with a finding when there is none."""
    text = read_text(path, findings)
    return None if text is None else parse_tree(text, path, findings)


def parse_tree(text: str, path: Path, findings: Findings) -> Node | None:
    try:
        return _Builder(path, findings).build(yaml.parse(text, Loader=yaml.SafeLoader))
    except _RefusedError:
        return None
    except yaml.MarkedYAMLError as problem:
        _not_yaml(problem, text, path, findings)
    except yaml.reader.ReaderError as problem:
        before = text[: problem.position]
        place = Place(path, before.count("\n") + 1, len(before) - before.rfind("\n"))
        findings.error(place, "a control character stands here", "delete it and write the text anew")
    except (yaml.YAMLError, ValueError, OverflowError, LookupError, TypeError, AttributeError):
        # PyYAML lets these out for some broken input, such as an impossible \U escape.
        findings.error(Place(path), "is not YAML", "compare it with one of the shipped files")
    return None


def _not_yaml(problem: yaml.MarkedYAMLError, text: str, path: Path, findings: Findings) -> None:
    mark = problem.problem_mark or problem.context_mark
    if mark is None:
        findings.error(Place(path), "is not YAML", "compare it with one of the shipped files")
        return
    context = problem.context_mark
    at = mark if context is None or "alias" not in str(problem.context) else context
    place = Place(path, at.line + 1, at.column + 1)
    lines = text.splitlines()
    line = lines[at.line] if at.line < len(lines) else ""
    if line[at.column : at.column + 1] == "*":
        findings.error(place, "`*` has a meaning of its own in YAML", 'write it in quotes: "*"')
    elif "\t" in line[: at.column + 1]:
        findings.error(place, "a tab stands here", "indent with spaces")
    else:
        what = shown((problem.problem or "cannot be read").replace(";", ","), 90)
        findings.error(
            place, f"this is not YAML: {what}", "look at indentation, quotes, brackets and colons up to here"
        )


class _Builder:
    def __init__(self, path: Path, findings: Findings) -> None:
        self._path = path
        self._findings = findings
        self._open: list[_Frame] = []
        self._root: Node | None = None
        self._nodes = 0

    def build(self, events: Iterator[yaml.Event]) -> Node | None:
        documents = 0
        for event in events:
            match event:
                case yaml.DocumentStartEvent():
                    documents += 1
                    if documents > 1:
                        self._error(event, "a second document begins here", "keep one document per file: delete `---`")
                        raise _RefusedError
                case yaml.AliasEvent():
                    self._error(event, "an alias (`*name`) stands here", "write the text out; `*` as a key in quotes")
                    raise _RefusedError
                case yaml.ScalarEvent() | yaml.SequenceStartEvent() | yaml.MappingStartEvent():
                    self._begin(event)
                case yaml.SequenceEndEvent() | yaml.MappingEndEvent():
                    self._end()
        if self._root is None:
            self._findings.error(Place(self._path), "the file is empty", "copy one of the shipped files and change it")
        return self._root

    def _begin(self, event: yaml.ScalarEvent | yaml.SequenceStartEvent | yaml.MappingStartEvent) -> None:
        if event.anchor is not None:
            self._error(event, "an anchor (`&name`) stands here", "write the text out where it is needed")
        if event.tag is not None:
            self._error(event, "a tag (`!name`) stands here", "delete it: everything is text here")
        place = self._place(event)
        self._nodes += 1
        if self._nodes > MOST_NODES:
            self._error(event, f"there are more than {MOST_NODES} entries up to here", "split the file")
            raise _RefusedError
        if isinstance(event, yaml.ScalarEvent):
            self._put(Text(self._clean(event, place), place, event.style is None))
            return
        if len(self._open) == MOST_DEPTH:
            self._error(event, "this is nested too deeply", "no file needs more than a few levels")
            raise _RefusedError
        self._open.append(_Frame(isinstance(event, yaml.MappingStartEvent), place))

    def _end(self) -> None:
        frame = self._open.pop()
        self._put(self._table(frame) if frame.table else Listing(tuple(frame.nodes), frame.place))

    def _put(self, node: Node) -> None:
        if self._open:
            self._open[-1].nodes.append(node)
        else:
            self._root = node

    def _table(self, frame: _Frame) -> Table:
        pairs: list[tuple[Text, Node]] = []
        seen: dict[str, Text] = {}
        for key, value in zip(frame.nodes[::2], frame.nodes[1::2], strict=True):
            if not isinstance(key, Text):
                self._findings.error(key.place, "a key must be one word", "write `key: value`")
            elif key.value in seen:
                first = seen[key.value].place.line
                what = f"`{shown(key.value)}` stands here a second time (first on line {first})"
                self._findings.error(key.place, what, "keep one of the two")
            else:
                seen[key.value] = key
                pairs.append((key, value))
        return Table(tuple(pairs), frame.place)

    def _clean(self, event: yaml.ScalarEvent, place: Place) -> str:
        value: str = event.value
        if all(letter.isprintable() or letter == "\n" for letter in value):
            return value
        self._findings.error(place, "a control character is hidden in this text", "write the text anew")
        return "".join(letter for letter in value if letter.isprintable())

    def _place(self, event: yaml.Event) -> Place:
        mark = event.start_mark
        return Place(self._path, mark.line + 1, mark.column + 1) if mark else Place(self._path)

    def _error(self, event: yaml.Event, what: str, instead: str) -> None:
        self._findings.error(self._place(event), what, instead)
