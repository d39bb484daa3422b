"""Which box of a drawing stands in which row and column.

A step stands one row below the lowest step that leads to it (arrows that go back are left out of that count), rows are
ordered so that arrows cross little, and an arrow that skips rows has a place of its own in each row it passes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from ivr.callflow.drawing import Drawing
from ivr.core.ids import StepName

SWEEPS = 12


@dataclass(frozen=True, slots=True)
class Spot:
    """A place in a row: of a box, or of an arrow that passes through."""

    box: StepName | None
    arrow: int | None = None


Key = tuple[int, Spot]
"""A row and a spot in it."""


@dataclass
class Layout:
    """`rows`: from above, each from left to right. `ways`: per arrow the spots it passes, both ends included."""

    rows: list[list[Spot]] = field(default_factory=list)
    ways: list[list[Spot]] = field(default_factory=list)
    back: set[int] = field(default_factory=set)
    """Arrows that go up again, e.g. from a menu back to it."""

    def links(self) -> list[tuple[Key, Key]]:
        """Neighbours in rows that follow each other, the upper one first."""
        depth = {spot.box: number for number, row in enumerate(self.rows) for spot in row if spot.arrow is None}
        found: list[tuple[Key, Key]] = []
        for number, way in enumerate(self.ways):
            if number not in self.back:
                top = depth[way[0].box]
                found += pairwise((top + step, spot) for step, spot in enumerate(way))
        return found


def layout(picture: Drawing) -> Layout:
    found = Layout()
    depth = depths(picture, found.back)
    found.rows = [[] for _ in range(max(depth.values()) + 1)]
    for name in picture.boxes:
        found.rows[depth[name]].append(Spot(name))
    for number, arrow in enumerate(picture.arrows):
        start, end = Spot(arrow.start), Spot(arrow.end)
        between = range(depth[arrow.start] + 1, depth[arrow.end]) if number not in found.back else ()
        passing = [Spot(None, number) for _ in between]
        for row, spot in zip(between, passing, strict=True):
            found.rows[row].append(spot)
        found.ways.append([start, *passing, end])
    order(found)
    return found


def depths(picture: Drawing, back: set[int]) -> dict[StepName, int]:
    """The longest way down to each box, without the arrows that close a loop; those are put into `back`."""
    onward: dict[StepName, list[tuple[int, StepName]]] = {name: [] for name in picture.boxes}
    for number, arrow in enumerate(picture.arrows):
        onward[arrow.start].append((number, arrow.end))
    ordered: list[StepName] = []
    state: dict[StepName, int] = {picture.first: 1}
    stack = [(picture.first, iter(onward[picture.first]))]
    while stack:
        name, ways = stack[-1]
        step = next(ways, None)
        if step is None:
            state[name] = 2
            ordered.append(name)
            stack.pop()
        elif state.get(step[1]) == 1:
            back.add(step[0])
        elif step[1] not in state:
            state[step[1]] = 1
            stack.append((step[1], iter(onward[step[1]])))
    depth = dict.fromkeys(picture.boxes, 0)
    for name in reversed(ordered):
        for number, end in onward[name]:
            if number not in back:
                depth[end] = max(depth[end], depth[name] + 1)
    return depth


def order(found: Layout) -> None:
    """Each spot towards the middle of its neighbours above, then below, back and forth; the best order seen stays."""
    place: dict[Key, int] = {}
    links = found.links()

    def number_them() -> None:
        for depth, spots in enumerate(found.rows):
            for number, spot in enumerate(spots):
                place[depth, spot] = number

    number_them()
    best, fewest = [list(each) for each in found.rows], crossings(links, place)
    for sweep in range(SWEEPS):
        down = sweep % 2 == 0
        depths_ = range(1, len(found.rows)) if down else range(len(found.rows) - 2, -1, -1)
        for depth in depths_:
            around: dict[Key, list[int]] = {}
            for upper, lower in links:
                here, there = (lower, upper) if down else (upper, lower)
                if here[0] == depth:
                    around.setdefault(here, []).append(place[there])
            middle = {
                spot: sum(near) / len(near) if (near := around.get((depth, spot))) else place[depth, spot]
                for spot in found.rows[depth]
            }
            found.rows[depth].sort(key=lambda spot: middle[spot])
            number_them()
        now = crossings(links, place)
        if now < fewest:
            best, fewest = [list(each) for each in found.rows], now
    found.rows = best


def crossings(links: Iterable[tuple[Key, Key]], place: Mapping[Key, int]) -> int:
    by_row: dict[int, list[tuple[int, int]]] = {}
    for upper, lower in links:
        by_row.setdefault(upper[0], []).append((place[upper], place[lower]))
    return sum(
        (a[0] - b[0]) * (a[1] - b[1]) < 0
        for pairs in by_row.values()
        for number, a in enumerate(pairs)
        for b in pairs[number + 1 :]
    )
