"""`recordings-policy/policy.yaml` -> one rule per line."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from ivr.core.ids import LineId
from ivr.source.fields import Fields, text_of
from ivr.source.findings import Finding, Findings, one_of, shown
from ivr.source.tree import Node, Table, Text, read_tree

FILE = "policy.yaml"


class Record(StrEnum):
    """What may be recorded of a line's calls. There is one word, and adding another takes a review of the program."""

    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Rule:
    record: Record
    why: str


@dataclass(frozen=True, slots=True)
class Policy:
    lines: Mapping[LineId, Rule]


class PolicyError(Exception):
    """The policy cannot be used; `findings` holds everything that was found."""

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        super().__init__(str(findings[0]) if findings else "the recordings policy cannot be used")
        self.findings = findings


def load_policy(path: Path, lines: Collection[LineId]) -> Policy:
    """The rules for exactly these lines. Raises `PolicyError`."""
    policy, findings = _read(path, lines)
    if findings:
        raise PolicyError(findings)
    return policy


def check_policy(path: Path, lines: Collection[LineId]) -> list[Finding]:
    """Everything that is wrong with the policy, given that these lines exist."""
    return list(_read(path, lines)[1])


def _read(path: Path, lines: Collection[LineId]) -> tuple[Policy, tuple[Finding, ...]]:
    findings = Findings()
    fields = Fields(read_tree(path, findings), "the policy", ("lines",), findings)
    node = fields.need("lines", "`lines:` and below it a rule for each line")
    rules: dict[LineId, Rule] = {}
    if isinstance(node, Table):
        for key, body in node.pairs:
            if key.value not in lines:
                what = f"there is no line `{shown(key.value)}`"
                findings.error(key.place, what, one_of(key.value, lines))
            rule = _rule(key, body, findings)
            if rule is not None:
                rules[LineId(key.value)] = rule
        named = {key.value for key, _ in node.pairs}
        for line in sorted(set(lines) - named):
            what = f"the line `{line}` has no rule"
            findings.error(node.place, what, f"write `{line}:` and below it `record: never` and `why:`")
    elif node is not None:
        findings.error(node.place, "`lines` is not written like this", "write the name of each line, then its rule")
    return Policy(rules), findings.all()


def _rule(key: Text, body: Node, findings: Findings) -> Rule | None:
    fields = Fields(body, f"the rule for `{shown(key.value)}`", ("record", "why"), findings)
    record = text_of(fields.need("record", "`record: never`"), "`record`", findings)
    why = text_of(fields.need("why", "`why:` and the reason, for those who ask"), "`why`", findings)
    if record is not None and record.value != Record.NEVER:
        what = f"`{shown(record.value)}` is not allowed: calls are never recorded"
        findings.error(record.place, what, "write `record: never`; anything else takes a change of the program")
        return None
    return Rule(Record.NEVER, " ".join(why.value.split())) if record and why else None
