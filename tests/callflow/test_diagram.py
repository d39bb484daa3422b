"""A callflow as a drawing: everything a caller can come to is on it, nothing lies on anything else."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from itertools import combinations
from pathlib import Path

import pytest
from click.testing import CliRunner

from ivr.callflow import load_plan
from ivr.callflow.drawing import drawing
from ivr.callflow.layout import layout
from ivr.callflow.mermaid import mermaid
from ivr.callflow.svg import Picture, svg
from ivr.cli import ivr
from ivr.core.flow import Flow, Line, SetLanguage
from ivr.core.ids import LineId, StepName
from tests.callflow.conftest import SHIPPED
from tests.twin.test_simulate import with_menu

SVG = "{http://www.w3.org/2000/svg}"


def lines(tmp_path: Path) -> list[Line]:
    shipped, rich = load_plan(SHIPPED).lines, load_plan(with_menu(tmp_path)).lines
    return [*shipped.values(), rich[LineId("bornetelefonen")]]


def test_every_step_is_a_box_and_every_way_on_an_arrow(tmp_path: Path) -> None:
    for line in lines(tmp_path):
        picture = drawing(line, {})
        assert set(picture.boxes) == set(line.flow.steps)
        starts = {arrow.start for arrow in picture.arrows}
        assert {name for name, box in picture.boxes.items() if name not in starts} == {
            name for name in line.flow.steps if name.rpartition(".")[2] == "slut"
        }


def test_arrows_lead_down_and_boxes_touch_nothing(tmp_path: Path) -> None:
    for line in lines(tmp_path):
        picture = Picture(drawing(line, {}))
        corners = {name: picture.corner(name) for name in picture.drawing.boxes}
        for arrow in picture.drawing.arrows:
            assert corners[arrow.start].y + picture.high[arrow.start] < corners[arrow.end].y
        for one, other in combinations(corners, 2):
            apart_x = abs(corners[one].x - corners[other].x) >= 280
            upper, lower = sorted((one, other), key=lambda name: corners[name].y)
            assert apart_x or corners[upper].y + picture.high[upper] < corners[lower].y, (one, other)


def test_the_shipped_drawings_have_no_arrows_that_cross(tmp_path: Path) -> None:
    for line in lines(tmp_path):
        found = layout(drawing(line, {}))
        place = {(depth, spot): n for depth, row in enumerate(found.rows) for n, spot in enumerate(row)}
        for (upper, lower), (other, below) in combinations(found.links(), 2):
            if upper[0] == other[0]:
                assert (place[upper] - place[other]) * (place[lower] - place[below]) >= 0


def test_the_svg_is_whole_and_says_what_callers_hear(tmp_path: Path) -> None:
    out = tmp_path / "line.svg"
    done = CliRunner().invoke(ivr, ["diagram", "bornetelefonen", "-o", str(out), "--callflows", str(SHIPPED)])
    assert done.exit_code == 0
    root = ElementTree.fromstring(out.read_text(encoding="utf-8"))
    texts = " ".join(text.text or "" for text in root.iter(f"{SVG}text"))
    for word in ("BørneTelefonen 116111", "Hej, og velkommen", "ingen på vagt", "Læg på"):
        assert word in texts
    assert len([path for path in root.iter(f"{SVG}path") if path.get("marker-end")]) == 10


def test_letters_that_mean_something_in_svg_and_mermaid_are_written_out() -> None:
    line = load_plan(SHIPPED).lines[LineId("bornetelefonen")]
    prompt = next(iter(line.technical))
    texts = dict.fromkeys(("velkommen", prompt), '<b>&"#')
    picture = drawing(line, texts)  # type: ignore[arg-type]
    assert "&lt;b&gt;&amp;" in svg(picture, "x", "y")
    ElementTree.fromstring(svg(picture, "a<b", "&"))
    assert '<b>&"#' not in mermaid(picture, "x")


def test_mermaid_has_a_line_for_every_box_and_arrow() -> None:
    picture = drawing(load_plan(SHIPPED).lines[LineId("bornetelefonen")], {})
    text = mermaid(picture, "BørneTelefonen")
    assert text.count("-->") == len(picture.arrows)
    assert all(name in text for name in picture.boxes)
    assert '|"lukket"|' in text


def test_a_way_back_up_is_drawn_beside_the_boxes() -> None:
    line = load_plan(SHIPPED).lines[LineId("bornetelefonen")]
    back, again = StepName("skriv"), StepName("velkommen")
    steps = {**line.flow.steps, back: SetLanguage(back, "da", again)}
    shown = Line(line.id, line.number, line.name, "da", Flow(line.flow.start, steps), line.hours, {}, ())
    picture = drawing(shown, {})
    assert len(layout(picture).back) == 1
    ElementTree.fromstring(svg(picture, "x", "y"))


@pytest.mark.parametrize("name", ["line.png", "line"])
def test_another_kind_of_file_is_refused_in_a_sentence(tmp_path: Path, name: str) -> None:
    words = ["diagram", "bornetelefonen", "-o", str(tmp_path / name), "--callflows", str(SHIPPED)]
    done = CliRunner().invoke(ivr, words)
    assert done.exit_code == 2
    assert "must end in .svg or .md" in done.output
