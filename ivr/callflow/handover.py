"""The `handover` of a line's file -> `core.flow.Handover`."""

from __future__ import annotations

from dataclasses import dataclass

from ivr.callflow.steps import Mention, prompts_in
from ivr.core.flow import Handover
from ivr.core.hours import Service
from ivr.core.ids import PromptId
from ivr.source import values
from ivr.source.fields import Fields, text_of
from ivr.source.findings import Findings
from ivr.source.tree import Node

KEYS = ("to_night", "to_day", "not_taken", "look", "early", "stay_on")
HOUR = 3600


@dataclass(frozen=True, slots=True)
class WrittenHandover:
    """`mentions`: the prompts that are named, with their places."""

    rules: Handover
    mentions: tuple[Mention, ...] = ()


def read_handover(node: Node | None, findings: Findings) -> WrittenHandover:
    """What is not written is as it is without: a quarter of an hour, an hour, an hour, and no words."""
    if node is None:
        return WrittenHandover(Handover())
    fields = Fields(node, "`handover`", KEYS, findings)
    to_night = prompts_in(fields.get("to_night"), "`to_night`", findings) if fields.get("to_night") else ()
    to_day = prompts_in(fields.get("to_day"), "`to_day`", findings) if fields.get("to_day") else ()
    not_taken = prompts_in(fields.get("not_taken"), "`not_taken`", findings) if fields.get("not_taken") else ()
    blank = Handover()
    rules = Handover(
        words={
            service: tuple(PromptId(mention.name) for mention in mentions)
            for service, mentions in ((Service.NIGHT, to_night), (Service.DAY, to_day))
            if mentions
        },
        not_taken=tuple(PromptId(mention.name) for mention in not_taken),
        look_s=_length(fields, "look", blank.look_s, findings),
        early_s=_length(fields, "early", blank.early_s, findings),
        stay_on_s=_length(fields, "stay_on", blank.stay_on_s, findings),
    )
    return WrittenHandover(rules, to_night + to_day + not_taken)


def _length(fields: Fields, key: str, blank: float, findings: Findings) -> float:
    """`none` is no time at all."""
    text = text_of(fields.get(key), f"`{key}`", findings)
    if text is None:
        return blank
    if text.value == "none":
        return 0.0
    return values.duration(text, f"`{key}`", 0, 6 * HOUR, findings) or 0.0
