"""What the front has refused of carriers' calls: how often, why, and how the number was written; never what it was.

The front counts since it started, so what it says after it was started anew is added to what was known before.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from sip.front.rpc import order
from sip.front.settings import FrontPlaces
from sip.trouble import SipTrouble

ANSWER_S = 1.0
_CARRIER = "trunk-"


class Refusal(NamedTuple):
    trunk: str
    code: int
    """The answer's, RFC 3261 section 21."""
    form: str
    """How the number was written: `+/10` ten digits after a plus, `00/12`, `/8`, or `other` for what is no number."""


Counts = dict[Refusal, int]


def ask(places: FrontPlaces) -> Counts | None:
    """What was counted since the front started; None: it does not answer."""
    try:
        return read({"result": order(places, "htable.dump", "refused", within_s=ANSWER_S)})
    except SipTrouble:
        return None


def read(answer: object) -> Counts | None:
    """The same out of Kamailio's own words (JSON-RPC, `htable.dump`). None: they are none."""
    if not isinstance(answer, dict) or not isinstance(answer.get("result"), list):
        return None
    found: Counts = {}
    for name, value in _slots(answer["result"]):
        trunk, _, rest = name.partition("|")
        code, _, form = rest.partition("|")
        if trunk.startswith(_CARRIER) and code.isdigit() and isinstance(value, int):
            found[Refusal(trunk.removeprefix(_CARRIER), int(code), form)] = value
    return found


def _slots(rows: list[object]) -> Iterator[tuple[str, object]]:
    for row in rows:
        for slot in row.get("slot", ()) if isinstance(row, dict) else ():
            item = slot.get("item", slot) if isinstance(slot, dict) else {}
            yield str(item.get("name", "")), item.get("value")


class Tally:
    """`total`: since this controller began."""

    def __init__(self) -> None:
        self.total: Counts = {}
        self._last: Counts | None = None

    def add(self, counted: Counts) -> int:
        """How many more there are than at the last time. What was counted before us is not ours."""
        more = 0
        for refusal, count in counted.items() if self._last is not None else ():
            before = (self._last or {}).get(refusal, 0)
            new = count - before if count >= before else count  # fewer: it was started anew
            if new:
                self.total[refusal] = self.total.get(refusal, 0) + new
                more += new
        self._last = dict(counted)
        return more
