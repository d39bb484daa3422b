"""The page is whole in itself, and the browser may run nothing but what we wrote."""

from __future__ import annotations

import re
import shutil
import subprocess
from base64 import b64encode
from hashlib import sha256
from pathlib import Path

import pytest

from ivr.web.page import CSP, HTML, SCRIPT
from tests.web.house import House, get


def test_the_page_asks_nobody_else_for_anything() -> None:
    page = get(House().app(), "/").body.decode()
    assert page == HTML
    assert not re.search(r"(src|href)=|https?://|url\(|@import", page)


def test_only_this_script_and_this_style_may_run() -> None:
    for tag, rule in (("script", "script-src"), ("style", "style-src")):
        (text,) = re.findall(rf"<{tag}>(.*?)</{tag}>", HTML, re.DOTALL)
        assert f"{rule} 'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'" in CSP
    assert "unsafe" not in CSP
    assert not re.search(r"\son\w+=|\sstyle=", HTML), "what a policy with hashes would stop"


def test_what_comes_from_the_house_is_put_in_as_text_only() -> None:
    assert "innerHTML" not in SCRIPT
    assert "insertAdjacentHTML" not in SCRIPT


def test_the_page_says_in_danish_where_to_call_where_to_look_and_what_to_type() -> None:
    for words in ("Her ringer du", "Her kigger du", "Det kan du skrive nu", "ivr call", "ivr status", 'lang="da"'):
        assert words in HTML


@pytest.mark.skipif(shutil.which("node") is None, reason="no node here to run the script with")
def test_the_script_draws_what_the_board_says(tmp_path: Path) -> None:
    drawn = tmp_path / "draw.js"
    board = get(House().app(), "/board.json").body.decode()
    drawn.write_text(
        "const made = {};\n"
        "class El { constructor() { this.kids = []; this.textContent = ''; }\n"
        "  append(...kids) { this.kids.push(...kids); }\n"
        "  replaceChildren(...kids) { this.kids = kids; }\n"
        "  text() { return [this.textContent, ...this.kids.map(kid => kid.text())].join(' '); } }\n"
        "globalThis.document = { createElement: () => new El(), getElementById: id => made[id] ??= new El() };\n"
        f"globalThis.fetch = async () => ({{ ok: true, json: async () => ({board}) }});\n"
        "globalThis.setTimeout = () => console.log(Object.values(made).map(part => part.text()).join(' '));\n" + SCRIPT
    )
    told = subprocess.run(["node", str(drawn)], capture_output=True, text=True, timeout=30, check=True).stdout
    for words in ("BørneTelefonen", "Nummer 116111", "Åben, dagholdet svarer", "Venter  2", "Klar: et opkald nu"):
        assert " ".join(words.split()) in " ".join(told.split())
