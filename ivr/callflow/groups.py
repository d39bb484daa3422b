"""`groups.yaml` -> `core.flow.Group`s and the default one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ivr.core.flow import REFUSALS, Group, Strategy
from ivr.core.ids import GroupId, VolunteerId
from ivr.source import values
from ivr.source.fields import Fields, text_of, texts_of
from ivr.source.findings import Findings, Place, shown
from ivr.source.tree import Node, Table, Text, read_tree

FILE = "groups.yaml"
NEEDED = ("strategy", "ring", "rounds", "rest", "wrap_up")
OPTIONAL = ("auto_pause", "refusals", "members", "accept")
ACCEPT_S = 8.0
"""For `accept: press_1`: the words are heard two or three times in it."""
MOST_WEIGHT = 100


@dataclass(frozen=True, slots=True)
class WrittenGroups:
    """`named`: every group that has an entry, also one with mistakes in it."""

    groups: Mapping[GroupId, Group]
    default: GroupId | None
    named: frozenset[str]


def read_groups(path: Path, findings: Findings) -> WrittenGroups:
    tree = read_tree(path, findings)
    fields = Fields(tree, "the file of groups", ("default", "groups"), findings)
    node = fields.need("groups", "`groups:` and below it each group")
    groups: dict[GroupId, Group] = {}
    named: set[str] = set()
    if isinstance(node, Table):
        for key, body in node.pairs:
            named.add(key.value)
            if values.name(key, "the name of a group", findings) is not None:
                group = _group(GroupId(key.value), body, findings)
                if group is not None:
                    groups[group.id] = group
    elif node is not None:
        findings.error(node.place, "`groups` is not written like this", "write the name of each group, then its rules")
    default = text_of(fields.need("default", "`default:` and a group for new volunteers"), "`default`", findings)
    if default is not None:
        values.choice(default, "group", named, findings)
    return WrittenGroups(groups, GroupId(default.value) if default else None, frozenset(named))


def group_places(callflows: Path) -> Mapping[GroupId, Place]:
    """Where each group's entry begins."""
    tree = read_tree(callflows / FILE, Findings())
    node = (
        next((value for key, value in tree.pairs if key.value == "groups"), None) if isinstance(tree, Table) else None
    )
    return {GroupId(key.value): key.place for key, _ in node.pairs} if isinstance(node, Table) else {}


def _group(name: GroupId, body: Node, findings: Findings) -> Group | None:
    fields = Fields(body, "a group", (*NEEDED, *OPTIONAL), findings)
    strategy = text_of(fields.need("strategy", "`strategy: ring_all` or `longest_idle`"), "`strategy`", findings)
    members = _members(fields.get("members"), findings)
    chosen = values.choice(strategy, "strategy", tuple(Strategy), findings) if strategy else None
    ring = _seconds(fields, "ring", "20s", 5, 120)
    rest = _seconds(fields, "rest", "10s", 0, 600)
    wrap_up = _seconds(fields, "wrap_up", "30s", 0, 3600)
    written = text_of(fields.need("rounds", "`rounds: 2`"), "`rounds`", findings)
    rounds = values.whole(written, "`rounds`", 1, 20, findings) if written else None
    auto_pause = _how_many(fields, "auto_pause", 0)
    refusals = _how_many(fields, "refusals", REFUSALS)
    accept_s = _accept(fields)
    if chosen is None or ring is None or rounds is None or rest is None or wrap_up is None:
        return None
    if auto_pause is None or refusals is None:
        return None
    return Group(name, Strategy(chosen), ring, rounds, rest, wrap_up, auto_pause, accept_s, members, refusals)


def _how_many(fields: Fields, key: str, unwritten: int) -> int | None:
    """After how many rings in a row somebody is paused; 0 for `none`, None when it is wrong."""
    text = text_of(fields.get(key), f"`{key}`", fields.findings)
    if text is None:
        return unwritten
    return 0 if text.value == "none" else values.whole(text, f"`{key}`", 1, 20, fields.findings)


def _accept(fields: Fields) -> float:
    text = text_of(fields.get("accept"), "`accept`", fields.findings)
    if text is None or values.choice(text, "way to accept a call", ("press_1", "none"), fields.findings) != "press_1":
        return 0.0
    return ACCEPT_S


def _members(node: Node | None, findings: Findings) -> Mapping[VolunteerId, int]:
    """A list of names, or each name with its weight."""
    members: dict[VolunteerId, int] = {}
    if isinstance(node, Table):
        pairs: list[tuple[Text, Node | None]] = list(node.pairs)
    else:
        pairs = [(text, None) for text in texts_of(node, "`members`", findings)]
    for key, value in pairs:
        who = values.name(key, "the name of a volunteer", findings)
        text = text_of(value, "a weight", findings)
        weight = values.whole(text, "a weight", 1, MOST_WEIGHT, findings) if text is not None else 1
        if who is not None and weight is not None:
            if VolunteerId(who) in members:
                findings.error(key.place, f"`{shown(who)}` stands twice among the members", "delete one of them")
            members[VolunteerId(who)] = weight
    return members


def _seconds(fields: Fields, key: str, example: str, least: int, most: int) -> float | None:
    text = text_of(fields.need(key, f"`{key}: {example}`"), f"`{key}`", fields.findings)
    return values.duration(text, f"`{key}`", least, most, fields.findings) if text else None
