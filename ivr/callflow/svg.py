"""A drawing as SVG: to be printed and hung on a wall. Plain shapes and text, nothing loaded from elsewhere."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from xml.sax.saxutils import escape

from ivr.callflow.drawing import Box, Drawing, Kind
from ivr.callflow.layout import Key, Layout, Spot, layout
from ivr.core.ids import StepName

WIDE, LETTERS = 280.0, 36
"""A box, in pixels, and how many letters stand in one of its rows."""
ROW, PAD = 17.0, 12.0
GAP_X, GAP_Y, LANE = 44.0, 74.0, 34.0
MARGIN, HEAD, FOOT = 36.0, 76.0, 44.0
RELAX = 40
FONT = "'Segoe UI', 'Helvetica Neue', Helvetica, Arial, 'DejaVu Sans', sans-serif"
COLOURS = {
    Kind.WORDS: ("#eaf2fb", "#4a7fb5", "ord"),
    Kind.CHOICE: ("#fff6dc", "#c9971c", "valg"),
    Kind.QUEUE: ("#e6f5ea", "#3f9159", "ventetid"),
    Kind.QUIET: ("#f1f1f4", "#8a8a96", "uden ord"),
    Kind.END: ("#f7e9ee", "#a8506f", "slut"),
}
"""Fill, edge, and what the legend says."""


@dataclass(frozen=True, slots=True)
class Point:
    x: float
    y: float


class Picture:
    def __init__(self, drawing: Drawing) -> None:
        self.drawing = drawing
        self.layout: Layout = layout(drawing)
        self.texts = {name: wrapped(box) for name, box in drawing.boxes.items()}
        self.high = {name: 2 * PAD + ROW * (1 + len(rows)) for name, rows in self.texts.items()}
        self.tops: list[float] = []
        top = HEAD
        for row in self.layout.rows:
            self.tops.append(top)
            top += max((self.high[spot.box] for spot in row if spot.box is not None), default=0.0) + GAP_Y
        self.height = top - GAP_Y + FOOT
        self.x = columns(self.layout)
        self.width = max(x + width(spot) / 2 for (_, spot), x in self.x.items()) + MARGIN
        if self.layout.back:
            self.width += LANE * len(self.layout.back)

    def corner(self, name: StepName) -> Point:
        """Upper left."""
        depth = self.depth(name)
        return Point(self.x[depth, Spot(name)] - WIDE / 2, self.tops[depth])

    def depth(self, name: StepName) -> int:
        return next(depth for depth, row in enumerate(self.layout.rows) if Spot(name) in row)

    # ------------------------------------------------------------ arrows

    def ports(self) -> dict[int, Point]:
        """Where each arrow leaves its box: side by side, in the order of where they go."""
        found: dict[int, Point] = {}
        for name in self.drawing.boxes:
            leaving = [number for number, arrow in enumerate(self.drawing.arrows) if arrow.start == name]
            leaving = [number for number in leaving if number not in self.layout.back]
            depth, corner = self.depth(name), self.corner(name)
            leaving.sort(key=lambda number, below=depth + 1: self.x[below, self.layout.ways[number][1]])  # type: ignore[misc]
            for place, number in enumerate(leaving, 1):
                found[number] = Point(corner.x + WIDE * place / (len(leaving) + 1), corner.y + self.high[name])
        return found

    def way(self, number: int, port: Point) -> list[Point]:
        arrow, spots = self.drawing.arrows[number], self.layout.ways[number]
        depth = self.depth(arrow.start)
        points = [port]
        for step, spot in enumerate(spots[1:-1], 1):
            x, top = self.x[depth + step, spot], self.tops[depth + step]
            tall = max((self.high[each.box] for each in self.layout.rows[depth + step] if each.box), default=0.0)
            points += [Point(x, top), Point(x, top + tall)]
        end = self.corner(arrow.end)
        arriving = [each for each, other in enumerate(self.drawing.arrows) if other.end == arrow.end]
        arriving = [each for each in arriving if each not in self.layout.back]
        arriving.sort(key=lambda each: self.x[self.depth(arrow.end) - 1, self.layout.ways[each][-2]])
        share = (arriving.index(number) + 1) / (len(arriving) + 1)
        spread = min(WIDE * 0.6, 26.0 * len(arriving))
        return [*points, Point(end.x + WIDE / 2 + spread * (share - 0.5), end.y - 3)]

    def back_way(self, number: int, lane: int) -> str:
        arrow = self.drawing.arrows[number]
        start, end = self.corner(arrow.start), self.corner(arrow.end)
        y1, y2 = start.y + self.high[arrow.start] / 2, end.y + self.high[arrow.end] / 2
        right = self.width - MARGIN - LANE * lane
        return f"M{start.x + WIDE:.1f},{y1:.1f} H{right:.1f} V{y2:.1f} H{end.x + WIDE + 3:.1f}"


def width(spot: Spot) -> float:
    return WIDE if spot.box is not None else LANE


def wrapped(box: Box) -> tuple[str, ...]:
    return tuple(part for row in box.rows for part in textwrap.wrap(row, LETTERS, break_on_hyphens=False) or [""])


def columns(found: Layout) -> dict[Key, float]:
    """The middle of every spot: near its neighbours above and below, without touching those beside it."""
    x: dict[Key, float] = {}
    for depth, row in enumerate(found.rows):
        at = 0.0
        for spot in row:
            x[depth, spot] = at + width(spot) / 2
            at += width(spot) + GAP_X
        for spot in row:
            x[depth, spot] -= (at - GAP_X) / 2
    near: dict[Key, list[Key]] = {key: [] for key in x}
    for upper, lower in found.links():
        near[upper].append(lower)
        near[lower].append(upper)
    for turn in range(RELAX):
        depths = range(len(found.rows)) if turn % 2 == 0 else range(len(found.rows) - 1, -1, -1)
        for depth in depths:
            keys = [(depth, spot) for spot in found.rows[depth]]
            wanted = [sum(x[each] for each in near[key]) / len(near[key]) if near[key] else x[key] for key in keys]
            for key, place in zip(keys, apart(wanted, [width(spot) for _, spot in keys]), strict=True):
                x[key] = place
    least = min(value - width(spot) / 2 for (_, spot), value in x.items())
    return {key: value - least + MARGIN for key, value in x.items()}


def apart(wanted: Sequence[float], widths: Sequence[float]) -> list[float]:
    """As near to what is wanted as the widths allow: neighbours that want the same place share the way."""
    offsets, at = [], 0.0
    for number, wide in enumerate(widths):
        at += wide / 2 + (GAP_X + widths[number - 1] / 2 if number else 0.0)
        offsets.append(at)
    blocks: list[tuple[float, int]] = []
    for want, offset in zip(wanted, offsets, strict=True):
        mean, count = want - offset, 1
        while blocks and blocks[-1][0] > mean:
            before, many = blocks.pop()
            mean, count = (before * many + mean * count) / (many + count), many + count
        blocks.append((mean, count))
    shifts = [mean for mean, count in blocks for _ in range(count)]
    return [shift + offset for shift, offset in zip(shifts, offsets, strict=True)]


# ---------------------------------------------------------------- as text


def svg(drawing: Drawing, title: str, below: str) -> str:
    return "\n".join(elements(Picture(drawing), title, below)) + "\n"


def elements(picture: Picture, title: str, below: str) -> Iterator[str]:
    wide, high = max(picture.width, 640.0), picture.height
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide:.0f} {high:.0f}" width="{wide:.0f}" '
        f'height="{high:.0f}" font-family="{FONT}" font-size="13" fill="#22242a">'
    )
    yield f"<title>{escape(title)}</title>"
    yield (
        '<defs><marker id="tip" viewBox="0 0 10 10" refX="8" refY="5" markerWidth="8" markerHeight="8" '
        'orient="auto-start-reverse"><path d="M0,1 L9,5 L0,9 z" fill="#5b6070"/></marker></defs>'
    )
    yield f'<rect width="{wide:.0f}" height="{high:.0f}" fill="#ffffff"/>'
    yield f'<text x="{MARGIN}" y="38" font-size="22" font-weight="600">{escape(title)}</text>'
    yield f'<text x="{MARGIN}" y="58" fill="#5b6070">{escape(below)}</text>'
    ports = picture.ports()
    for number in range(len(picture.drawing.arrows)):
        if number in picture.layout.back:
            way = picture.back_way(number, sorted(picture.layout.back).index(number))
        else:
            way = curve(picture.way(number, ports[number]))
        yield f'<path d="{way}" fill="none" stroke="#5b6070" stroke-width="1.5" marker-end="url(#tip)"/>'
    for name, box in picture.drawing.boxes.items():
        yield from box_elements(picture, name, box)
    for number, arrow in enumerate(picture.drawing.arrows):
        if not arrow.label:
            continue
        if number in picture.layout.back:
            corner = picture.corner(arrow.start)
            spot = Point(corner.x + WIDE + 8 + 3 * len(arrow.label), corner.y + picture.high[arrow.start] / 2 - 6)
        else:
            leaves, under = picture.way(number, ports[number])[:2]
            spot = Point((leaves.x + under.x) / 2, (leaves.y + under.y) / 2 + 4)
        yield (
            f'<text x="{spot.x:.1f}" y="{spot.y:.1f}" text-anchor="middle" font-size="12" font-style="italic" '
            'stroke="#ffffff" stroke-width="5" stroke-linejoin="round" paint-order="stroke">'
            f"{escape(arrow.label)}</text>"
        )
    yield from legend(picture)
    yield "</svg>"


def box_elements(picture: Picture, name: StepName, box: Box) -> Iterator[str]:
    fill, edge, _ = COLOURS[box.kind]
    corner, tall = picture.corner(name), picture.high[name]
    round_ = {Kind.QUEUE: 18, Kind.END: tall / 2}.get(box.kind, 6)
    first = name == picture.drawing.first
    yield (
        f'<rect x="{corner.x:.1f}" y="{corner.y:.1f}" width="{WIDE:.0f}" height="{tall:.1f}" rx="{round_:.0f}" '
        f'fill="{fill}" stroke="{edge}" stroke-width="{2.6 if first else 1.4}"/>'
    )
    middle = box.kind in (Kind.END, Kind.CHOICE) and len(picture.texts[name]) <= 1
    x, anchor = (corner.x + WIDE / 2, "middle") if middle else (corner.x + PAD, "start")
    y = corner.y + PAD + 12
    yield f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-weight="600">{escape(box.title)}</text>'
    for number, row in enumerate(picture.texts[name], 1):
        yield f'<text x="{x:.1f}" y="{y + number * ROW:.1f}" text-anchor="{anchor}">{escape(row)}</text>'


def curve(points: Sequence[Point]) -> str:
    """Down, and sideways in a soft bend."""
    way = [f"M{points[0].x:.1f},{points[0].y:.1f}"]
    for start, end in pairwise(points):
        if abs(start.x - end.x) < 0.5:
            way.append(f"L{end.x:.1f},{end.y:.1f}")
        else:
            bend = (end.y - start.y) * 0.55
            way.append(f"C{start.x:.1f},{start.y + bend:.1f} {end.x:.1f},{end.y - bend:.1f} {end.x:.1f},{end.y:.1f}")
    return " ".join(way)


def legend(picture: Picture) -> Iterator[str]:
    x, y = MARGIN, picture.height - 22
    for kind in Kind:
        if any(box.kind is kind for box in picture.drawing.boxes.values()):
            fill, edge, words = COLOURS[kind]
            yield f'<rect x="{x:.0f}" y="{y - 11:.0f}" width="16" height="12" rx="3" fill="{fill}" stroke="{edge}"/>'
            yield f'<text x="{x + 22:.0f}" y="{y:.0f}" font-size="12" fill="#5b6070">{words}</text>'
            x += 46 + 8 * len(words)
