"""`ivr diagram`: a line's callflow as a drawing."""

from __future__ import annotations

from pathlib import Path

import click

from ivr.callflow.drawing import drawing
from ivr.callflow.mermaid import mermaid
from ivr.callflow.prompts import find_prompts, spoken_text
from ivr.callflow.svg import svg
from ivr.cli.callflow import callflows_of, callflows_option, line_of, plan_of
from ivr.cli.common import Trouble, common, say, say_json


@click.command()
@click.argument("line")
@click.option("-o", "out", type=click.Path(path_type=Path, dir_okay=False), help="FILE.svg, or FILE.md for Mermaid.")
@callflows_option
@common
def diagram(line: str, out: Path | None, callflows: Path | None, state: Path, as_json: bool) -> None:
    """The callflow of LINE as a drawing; without -o as Mermaid on the screen.

    Example: ivr diagram bornetelefonen -o bornetelefonen.svg
    """
    folder = callflows_of(callflows, state)
    plan = plan_of(folder)
    found = line_of(line, plan)
    prompts = find_prompts(folder).items()
    texts = {name: spoken_text(prompt) for (language, name), prompt in prompts if language == found.language}
    picture, title = drawing(found, texts), f"{found.name} {found.number}"
    if out is None:
        text = mermaid(picture, title)
        say_json({"line": found.id, "mermaid": text}) if as_json else say(text.rstrip())
        return
    if out.suffix == ".svg":
        text = svg(picture, title, f"Sådan går et opkald. Udgave {plan.version} af callflows/{found.id}.yaml")
    elif out.suffix == ".md":
        text = mermaid(picture, title)
    else:
        raise click.BadParameter("the file must end in .svg or .md", param_hint="-o")
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as wrong:
        raise Trouble(f"{out} cannot be written ({wrong.strerror}): name another place.") from None
    say_json({"line": found.id, "file": str(out)}) if as_json else say(f"{out} is drawn.")
