"""The schema for editors says what the readers say: the same keys, the same ones needed, and the same words."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from ivr.callflow import read_folder
from ivr.callflow.schema import FILE, MODELINE, schema, written
from ivr.callflow.steps import KINDS
from ivr.source import fields as source_fields
from ivr.source.findings import Findings
from ivr.source.tree import Node
from tests.callflow.conftest import SHIPPED
from tests.callflow.test_mistakes import MISTAKES

SCHEMA: dict[str, Any] = json.loads(json.dumps(schema()))
EVERYTHING = """
name: Alt
number: "123456"
language: da
never_says: bandeord
short_abandon: 5s
head_start: 2m
groups: {day: [dag, {group: nat, after: 60s}], night: nat}
technical: teknisk
hours:
  tz: Europe/Copenhagen
  night: none
  table:
    - valid_from: 2020-01-01
      night: {mon-thu: 23:00-02:00, fri-sun: none}
      night_by: {mon-wed: groups, thu: {line: foraeldretelefonen}, fri-sun: closed}
      mon-fri: [08:00-12:00, 14:00-18:00]
      sat: closed
  holidays:
    - days: all
      hours: closed
      night: none
  exceptions:
    - date: 2026-12-24
      hours: 10:00-14:00
      night: none
      night_by: {line: foraeldretelefonen}
      reason: jul
handover: {to_night: skift-nat, to_day: [skift-dag], look: 10m, early: none, stay_on: 2h}
start: hej
steps:
  hej: {play: [velkommen, fare], then: sprog}
  sprog: {call: sprog, then: aabent}
  aabent: {hours: {open: valg, closed: lukket, soon: venter, within: 10m}}
  valg:
    menu:
      play: fare
      options: {"1": koe, "*": over, "#": engelsk}
      timeout: 5s
      no_input: koe
      no_match: koe
      max_tries: 2
  koe:
    enqueue:
      welcome: koe
      announce:
        - {play: stadig, first: 45s, every: once}
        - {say: position, first: 20s, every: 1m}
      max_wait: none
      on_timeout: lukket
      on_nobody: lukket
      max_length: 30
      on_full: lukket
      nobody_left: 2m
      on_nobody_left: lukket
      keys: {"*": fare}
      closing: {play: stadig, serve: 20m, then: lukket}
  fare: {play: fare, then: koe}
  engelsk: {set_language: en, then: koe}
  venter: {wait_for_opening: {max_wait: 15m, on_open: koe, on_timeout: lukket}}
  over: {transfer: {line: foraeldretelefonen}}
  partner: {transfer: {partner: nattelinjen, on_failed: lukket}}
  lukket: {play: lukket, then: aabner}
  aabner: {say: next_opening, then: slut}
  slut: hangup
"""


def problems(value: Any, rule: Mapping[str, Any]) -> Iterator[str]:
    """As much of JSON Schema as ours uses: a small judge of its own, so that nothing need be installed."""
    if "$ref" in rule:
        rule = SCHEMA["$defs"][rule["$ref"].removeprefix("#/$defs/")]
    if "anyOf" in rule and not any(next(problems(value, each), None) is None for each in rule["anyOf"]):
        yield f"{value!r} is none of them"
    if "enum" in rule and value not in rule["enum"]:
        yield f"{value!r} is not one of {rule['enum'][:4]}"
    if "const" in rule and value != rule["const"]:
        yield f"{value!r} is not {rule['const']}"
    if isinstance(value, str) and re.search(rule.get("pattern", ""), value) is None:
        yield f"{value!r} does not look like {rule['pattern']}"
    kinds = {"string": str, "object": dict, "array": list, "integer": int}
    named = rule.get("type", [])
    allowed = tuple(kinds[kind] for kind in ([named] if isinstance(named, str) else named))
    if allowed and not isinstance(value, allowed):
        yield f"{value!r} is no {named}"
        return
    if isinstance(value, dict):
        yield from _of_a_table(value, rule)
    if isinstance(value, list):
        if len(value) < rule.get("minItems", 0):
            yield "too few"
        for item in value:
            yield from problems(item, rule.get("items", {}))


def _of_a_table(value: Mapping[str, Any], rule: Mapping[str, Any]) -> Iterator[str]:
    for key in rule.get("required", []):
        if key not in value:
            yield f"{key} is missing"
    others = rule.get("additionalProperties", {})
    for key, inner in value.items():
        if "propertyNames" in rule:
            yield from problems(key, rule["propertyNames"])
        known = rule.get("properties", {}).get(key)
        if known is None and others is False:
            yield f"{key} is not known"
        else:
            yield from problems(inner, known if known is not None else others)


def as_text(text: str) -> Any:
    """As an editor's server reads it, but every scalar as text."""
    return yaml.load(text, Loader=yaml.BaseLoader)


def test_the_file_for_editors_is_the_one_made_from_the_readers_words() -> None:
    path = SHIPPED / FILE
    assert path.read_text(encoding="utf-8") == written(), "write ivr.callflow.schema.written() into it"


def test_every_shipped_file_names_the_schema_and_fits_it() -> None:
    for path in (*SHIPPED.glob("*.yaml"), *SHIPPED.glob("shared/*.yaml")):
        text = path.read_text(encoding="utf-8")
        first = text.splitlines()[0]
        assert first.startswith(MODELINE)
        assert (path.parent / first.removeprefix(MODELINE)).resolve() == SHIPPED / FILE
        assert list(problems(as_text(text), SCHEMA)) == [], path.name


def test_a_file_with_everything_in_it_fits_the_schema_and_the_reader_knows_every_key(folder: Path) -> None:
    (folder / "alt.yaml").write_text(EVERYTHING, encoding="utf-8")
    others = ("partner", "are missing (`plads-1`")  # no trunk dials out; places are not said in English
    found = [finding for finding in read_folder(folder).findings if not any(each in finding.what for each in others)]
    assert not [str(finding) for finding in found if finding.severity == "error"]
    assert list(problems(as_text(EVERYTHING), SCHEMA["$defs"]["line"])) == []


def tables(rule: Any) -> Iterator[Mapping[str, Any]]:
    """Every object in the schema that has a title and a list of its keys."""
    if isinstance(rule, dict):
        if rule.get("type") == "object" and "title" in rule:
            yield rule
        for inner in rule.values():
            yield from tables(inner)
    elif isinstance(rule, list):
        for inner in rule:
            yield from tables(inner)


def test_reader_and_schema_know_the_same_keys_and_need_the_same_ones(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known: dict[str, set[frozenset[str]]] = defaultdict(set)
    needed: dict[str, set[str]] = defaultdict(set)
    begin, need = source_fields.Fields.__init__, source_fields.Fields.need

    def init(
        self: source_fields.Fields, node: Node | None, what: str, keys: Collection[str], findings: Findings
    ) -> None:
        known[what].add(frozenset(keys))
        begin(self, node, what, keys, findings)

    def needs(self: source_fields.Fields, key: str, instead: str) -> Node | None:
        needed[self.what].add(key)
        return need(self, key, instead)

    monkeypatch.setattr(source_fields.Fields, "__init__", init)
    monkeypatch.setattr(source_fields.Fields, "need", needs)
    (folder / "alt.yaml").write_text(EVERYTHING, encoding="utf-8")
    read_folder(folder)
    in_schema = {rule["title"]: rule for rule in tables(SCHEMA)}
    of_a_line = in_schema.pop("`hours` of a line")
    assert known["`hours`"] == {
        frozenset(of_a_line["properties"]),
        frozenset(in_schema["`hours`"]["properties"]),
    }
    del known["`hours`"], in_schema["`hours`"]
    bare = {"a `hangup` step", "a `return` step"}
    assert set(in_schema) == set(known) - bare
    for what, rule in in_schema.items():
        assert known[what] == {frozenset(rule["properties"])}, what
        if what == "an announcement":
            assert needed[what] == {*rule["required"], "play"}  # or `say`
        elif what == "a queue":
            assert needed[what] == {*rule["required"], "max_length", "on_full", "nobody_left", "on_nobody_left"}
        elif what != "`transfer`":  # which keys are needed depends on where it leads: told by `ivr check`
            kind = set(rule["properties"]) & set(KINDS) if "step" in what else set()
            assert needed[what] | kind == set(rule["required"]), what


UNDERLINED = (
    "an unknown key",
    "a missing key",
    "an unknown kind of step",
    "an unknown key of a step",
    "a missing then",
    "a step that does nothing",
    "an unknown computed sentence",
    "a step's name with a capital",
    "a menu without timeout",
    "a menu without no_match",
    "a key no telephone has",
    "an unknown day",
    "a time with one digit",
    "an exception without a reason",
    "an unknown time zone",
    "an unknown strategy",
    "a bare number as a time",
    "an unknown holiday",
    "a number with spaces",
    "an unknown key of a flow",
    "a goto",
    "a language in a word",
)


@pytest.mark.parametrize("name", UNDERLINED)
def test_what_an_editor_can_see_it_underlines(name: str) -> None:
    mistake = MISTAKES[name]
    text = (SHIPPED / mistake.file).read_text(encoding="utf-8")
    assert mistake.old in text
    spoilt = text.replace(mistake.old, mistake.new.replace("§", ""), 1)
    assert list(problems(as_text(spoilt), SCHEMA))
