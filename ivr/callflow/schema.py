"""`callflows/callflow.schema.json`: what may be written, for editors that complete and underline while one types.

Made from the same words that the readers know. Each object's title is the name that the reader has for it, which is how
a test holds the two together. `ivr check` finds far more: a schema does not see what leads where.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence

from ivr.callflow import holidays
from ivr.callflow.groups import NEEDED
from ivr.callflow.lines import KEYS
from ivr.callflow.schedule import DAYS, TIME_ZONES
from ivr.callflow.schedule import NIGHT_BY as NIGHT_WORDS
from ivr.callflow.steps import KEYS as DIGITS
from ivr.callflow.steps import QUEUE_NEEDS
from ivr.core.flow import Spoken, Strategy, Told
from ivr.core.hours import Service

Schema = Mapping[str, object]
FILE = "callflow.schema.json"
MODELINE = "# yaml-language-server: $schema="


def text(description: str, **more: object) -> Schema:
    return {"type": "string", "description": description, **more}


def ref(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


def some(one: Schema) -> Schema:
    """One, or a list of at least one."""
    return {"anyOf": [one, {"type": "array", "items": one, "minItems": 1}]}


def table(title: str, properties: Mapping[str, Schema], needed: Iterable[str] | None = None) -> Schema:
    """An object that has these keys and no others; all are needed unless said otherwise."""
    required = sorted(properties if needed is None else needed)
    return {
        "title": title,
        "type": "object",
        "properties": dict(properties),
        "required": required,
        "additionalProperties": False,
    }


def choice(values: Iterable[str], description: str) -> Schema:
    return {"enum": list(values), "description": description}


NAME = "^[a-z][a-z0-9]*([-_][a-z0-9]+)*$"
STEP = ref("step_name")
PROMPTS = some(ref("prompt"))
LENGTH = ref("length")
OPENING = "^[0-9]{2}:[0-9]{2} ?- ?[0-9]{2}:[0-9]{2}$"
HOURS = {
    "description": "e.g. 06:00-02:00 (the end is the next day's), [08:00-12:00, 14:00-18:00], or closed",
    "anyOf": [{"const": "closed"}, *some(ref("opening"))["anyOf"]],  # type: ignore[misc]
}
NIGHT = {"description": "the part that the night groups answer, or none", "anyOf": [{"const": "none"}, ref("opening")]}
DAY_NAMES = f"(daily|({'|'.join(DAYS)})(-({'|'.join(DAYS)}))?)"


def by_day(one: Schema) -> Schema:
    """For all days alike, or by day."""
    days = {"type": "object", "propertyNames": {"pattern": f"^{DAY_NAMES}$"}, "additionalProperties": one}
    return {"anyOf": [one, days]}


OTHER_LINE = table("`night_by`", {"line": text("another of our lines, whose people answer")})
OTHER_GROUPS = table("`night_by`", {"groups": some(text("a group in groups.yaml", pattern=NAME))})
NIGHT_BY = {"anyOf": [choice(NIGHT_WORDS, "our own night groups, or the line is closed"), OTHER_GROUPS, OTHER_LINE]}
COUNT = {"type": ["integer", "string"], "pattern": "^[0-9]{1,2}$"}


def steps() -> Mapping[str, Schema]:
    """Every kind of step that is written as a table, by its key."""
    told = choice(Told, "computed when it is said")
    announcement = table(
        "an announcement",
        {"play": PROMPTS, "say": told, "first": LENGTH, "every": ref("length_or_once")},
        ("first", "every"),
    )
    options = {"type": "object", "propertyNames": {"enum": list(DIGITS)}, "additionalProperties": STEP}
    queue = {
        "welcome": PROMPTS,
        "announce": {"type": "array", "items": announcement},
        "max_wait": ref("length_or_none"),
        "on_timeout": STEP,
        "on_nobody": STEP,
        "max_length": {"type": ["integer", "string"], "pattern": "^[0-9]{1,5}$"},
        "on_full": STEP,
        "nobody_left": LENGTH,
        "on_nobody_left": STEP,
        "keys": options,
        "closing": table("`closing`", {"play": PROMPTS, "serve": LENGTH, "then": STEP}),
        "back": PROMPTS,
    }
    branch = {"open": STEP, "closed": STEP, "soon": STEP, "within": LENGTH}
    menu = {
        "play": PROMPTS,
        "options": options,
        "timeout": LENGTH,
        "no_input": STEP,
        "no_match": STEP,
        "max_tries": COUNT,
    }
    transfer = {
        "line": text("another of our lines"),
        "partner": text("a partner, by name; never a number"),
        "on_failed": STEP,
    }
    wait = {"max_wait": LENGTH, "on_open": STEP, "on_timeout": STEP}
    return {
        "play": table("a `play` step", {"play": PROMPTS, "then": STEP}),
        "say": table("a `say` step", {"say": choice(Spoken, "computed when it is said"), "then": STEP}),
        "hours": table("an `hours` step", {"hours": table("`hours`", branch, ("open", "closed"))}),
        "menu": table("a `menu` step", {"menu": table("a menu", menu)}),
        "enqueue": table("an `enqueue` step", {"enqueue": table("a queue", queue, QUEUE_NEEDS)}),
        "wait_for_opening": table("a `wait_for_opening` step", {"wait_for_opening": table("`wait_for_opening`", wait)}),
        "set_language": table("a `set_language` step", {"set_language": ref("language"), "then": STEP}),
        "transfer": table("a `transfer` step", {"transfer": table("`transfer`", transfer, ())}),
        "call": table("a `call` step", {"call": text("a flow in shared/", pattern=NAME), "then": STEP}),
    }


def timetable() -> Schema:
    nights = {"night": by_day(NIGHT), "night_by": by_day(NIGHT_BY)}
    days = {
        "propertyNames": {"pattern": f"^(valid_from|night|night_by|{DAY_NAMES})$"},
        "type": "object",
        "properties": {"valid_from": ref("date"), **nights},
        "additionalProperties": HOURS,
        "description": "holds from valid_from until a later row; a day that is not named is closed",
    }
    exception = {"date": ref("date"), "hours": HOURS, **nights, "reason": text("for those who wonder later")}
    holiday = {"days": some(choice(holidays.names(), "all: every statutory one")), "hours": HOURS, **nights}
    properties = {
        "tz": choice(TIME_ZONES, "whose clock is meant"),
        **nights,
        "table": {"type": "array", "items": days},
        "holidays": {"type": "array", "items": table("a holiday", holiday, ("days", "hours"))},
        "exceptions": {"type": "array", "items": table("an exception", exception, ("date", "hours", "reason"))},
    }
    return {**table("`hours`", properties, ("tz", "table")), "title": "`hours` of a line"}


def handover() -> Schema:
    """What those who wait hear when the other side takes over, and when it is looked whether anybody is there."""
    length = ref("length_or_none")
    words = dict.fromkeys(("to_night", "to_day", "not_taken"), PROMPTS)
    properties = {**words, "look": length, "early": length, "stay_on": length}
    return table("`handover`", properties, ())


def line() -> Schema:
    name = text("a group in groups.yaml", pattern=NAME)
    late = table("a group of a line", {"group": name, "after": LENGTH})
    groups = {str(service): some({"anyOf": [name, late]}) for service in Service}
    properties: dict[str, Schema] = {
        "name": text("what volunteers see on their phones", maxLength=40),
        "number": text("in quotes, without spaces", pattern="^[0-9]{3,15}$"),
        "language": ref("language"),
        "never_says": some(text("a word that no prompt of this line may say")),
        "short_abandon": LENGTH,
        "head_start": LENGTH,
        "hold_alarm": LENGTH,
        "groups": table("`groups`", groups, ()),
        "technical": PROMPTS,
        "whisper": PROMPTS,
        "yes_no": PROMPTS,
        "hours": timetable(),
        "handover": handover(),
        "start": STEP,
        "steps": ref("steps"),
    }
    assert set(properties) == set(KEYS)
    optional = {"never_says", "short_abandon", "head_start", "hold_alarm", "handover", "whisper", "yes_no"}
    return table("a line", properties, set(KEYS) - optional)


def group() -> Schema:
    weight = {"type": ["integer", "string"], "pattern": "^[0-9]{1,3}$"}
    weights = {"type": "object", "propertyNames": {"pattern": NAME}, "additionalProperties": weight}
    members = {"anyOf": [*some(text("a volunteer", pattern=NAME))["anyOf"], weights]}  # type: ignore[misc]
    properties: dict[str, Schema] = {
        "strategy": choice(Strategy, "whose phones ring"),
        "ring": LENGTH,
        "rounds": COUNT,
        "rest": LENGTH,
        "wrap_up": LENGTH,
        "auto_pause": {"anyOf": [{"const": "none"}, COUNT]},
        "refusals": {"anyOf": [{"const": "none"}, COUNT]},
        "accept": choice(("press_1", "none"), "what who picks up must do before they are joined"),
        "members": members,
    }
    return table("a group", properties, NEEDED)


def schema() -> Schema:
    made = steps()
    bare: Sequence[str] = ("hangup", "return")
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "A callflow: a line, a shared flow, or the groups",
        "anyOf": [ref("line"), ref("shared"), ref("groups")],
        "$defs": {
            "line": line(),
            "shared": table("a shared flow", {"start": STEP, "steps": ref("steps")}),
            "groups": table(
                "the file of groups",
                {
                    "default": text("where new volunteers are put"),
                    "groups": {"type": "object", "propertyNames": {"pattern": NAME}, "additionalProperties": group()},
                },
            ),
            "steps": {
                "type": "object",
                "propertyNames": {"pattern": NAME, "maxLength": 32},
                "additionalProperties": {"anyOf": [choice(bare, "the end"), *(ref(f"{kind}_step") for kind in made)]},
            },
            **{f"{kind}_step": found for kind, found in made.items()},
            "step_name": text("a step of this file", pattern=NAME),
            "prompt": text("prompts/LANGUAGE/NAME.txt", pattern=NAME),
            "language": text("a folder below prompts/", pattern="^[a-z]{2}$"),
            "length": text("e.g. 20s, 5m, 1m30s", pattern="^(?=.)([0-9]+h)?([0-9]+m)?([0-9]+s)?$"),
            "length_or_none": {"anyOf": [{"const": "none"}, LENGTH]},
            "length_or_once": {"anyOf": [{"const": "once"}, LENGTH]},
            "opening": text("e.g. 06:00-02:00", pattern=OPENING),
            "date": text("e.g. 2026-12-24", pattern="^[0-9]{4}-[0-9]{2}-[0-9]{2}$"),
        },
    }


def written() -> str:
    return json.dumps(schema(), ensure_ascii=False, indent=2) + "\n"
