"""Keys of a table, taken out one by one: an unknown key is an error, a missing one too."""

from __future__ import annotations

from collections.abc import Collection

from ivr.source.findings import Findings, Place, one_of, shown
from ivr.source.tree import Listing, Node, Table, Text


class Fields:
    """`what` names the table in findings, e.g. `a menu`."""

    def __init__(self, node: Node | None, what: str, known: Collection[str], findings: Findings) -> None:
        self.what = what
        self.findings = findings
        self.place = node.place if node is not None else None
        self._pairs: dict[str, tuple[Text, Node]] = {}
        if isinstance(node, Table):
            for key, value in node.pairs:
                if key.value in known:
                    self._pairs[key.value] = (key, value)
                else:
                    findings.error(key.place, f"{what} has no `{shown(key.value)}`", one_of(key.value, known))
        elif node is not None:
            findings.error(node.place, f"{what} is not written like this", f"write `key: value` with {_keys(known)}")
            self.place = None  # said once: what is missing inside is no news

    def get(self, key: str) -> Node | None:
        return self._pairs[key][1] if key in self._pairs else None

    def key(self, key: str) -> Place | None:
        """Where the key itself stands."""
        return self._pairs[key][0].place if key in self._pairs else None

    def need(self, key: str, instead: str) -> Node | None:
        """A key that must be there; `instead` says what to write."""
        node = self.get(key)
        if node is None and self.place is not None:
            self.findings.error(self.place, f"{self.what} has no `{key}`", f"write {instead}")
        return node


def text_of(node: Node | None, what: str, findings: Findings) -> Text | None:
    """One piece of text that says something."""
    if node is None:
        return None
    if not isinstance(node, Text):
        findings.error(
            node.place, f"{what} is one word or sentence, not a list or a table", "write it on the same line"
        )
        return None
    if not node.value.strip():
        findings.error(node.place, f"{what} is empty", "write something after the colon")
        return None
    return node


def texts_of(node: Node | None, what: str, findings: Findings) -> tuple[Text, ...]:
    """One text or a list of texts."""
    nodes = node.items if isinstance(node, Listing) else (node,)
    if isinstance(node, Listing) and not nodes:
        findings.error(node.place, f"{what}: the list is empty", "write at least one")
    return tuple(text for item in nodes if (text := text_of(item, what, findings)) is not None)


def _keys(known: Collection[str]) -> str:
    return ", ".join(f"`{key}`" for key in known)
