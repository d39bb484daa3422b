"""A drawing as Mermaid, for pages that render it (GitHub, wikis)."""

from __future__ import annotations

from collections.abc import Iterator

from ivr.callflow.drawing import Box, Drawing, Kind

SHAPES = {
    Kind.WORDS: ("[", "]"),
    Kind.CHOICE: ("{{", "}}"),
    Kind.QUEUE: ("([", "])"),
    Kind.QUIET: ("[/", "/]"),
    Kind.END: ("((", "))"),
}


def mermaid(picture: Drawing, title: str) -> str:
    return "\n".join(rows(picture, title)) + "\n"


def rows(picture: Drawing, title: str) -> Iterator[str]:
    names = {name: f"s{number}" for number, name in enumerate(picture.boxes)}
    yield f"# {title}\n"
    yield "```mermaid"
    yield "flowchart TD"
    for name, box in picture.boxes.items():
        opening, closing = SHAPES[box.kind]
        yield f"    {names[name]}{opening}{quoted(box)}{closing}"
    for arrow in picture.arrows:
        label = f'|"{escaped(arrow.label)}"|' if arrow.label else ""
        yield f"    {names[arrow.start]} -->{label} {names[arrow.end]}"
    yield "```"


def quoted(box: Box) -> str:
    inner = "<br/>".join([f"<b>{escaped(box.title)}</b>", *map(escaped, box.rows)])
    return f'"{inner}"'


def escaped(text: str) -> str:
    for letter, written in (("#", "#35;"), ("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;")):
        text = text.replace(letter, written)
    return text
