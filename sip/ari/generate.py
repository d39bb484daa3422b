"""Asterisk's own description of its REST interface -> `model.py` and `api.py`.

Run `python -m sip.ari.generate TREE/usr/share/asterisk/rest-api` after an upgrade of Asterisk; the same description
always gives the same text, and a test compares. Names and types are taken over, its prose is not.
"""

from __future__ import annotations

import json
import keyword
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

HOME = Path(__file__).resolve().parent
WIDTH = 120

PRIVATE = {
    "Channel": {"protocol_id", "name", "caller", "connected", "caller_rdnis", "accountcode", "channelvars", "tenantid"},
    "DialplanCEP": {"context", "exten", "priority"},
    "ChannelVarset": {"value"},
    "ChannelUserevent": {"userevent"},
    "ChannelTransfer": {"refer_to", "referred_by"},
    "BridgeBlindTransfer": {"exten"},
    "Dial": {"forward", "dialstring"},
    "CallBroadcast": {"caller", "called"},
    "ContactInfo": {"uri"},
    "Peer": {"address", "port"},
    "TextMessageReceived": {"message"},
    "RESTResponse": {"uri", "message_body"},
}
"""Who phones, from where, to whom, in whose words: never read, so that it cannot be shown, logged or kept."""

SAME_FOR_ALL = {"type", "application", "asterisk_id"}
UNUSED = {"Message", "Event", "CallerID", "TextMessage", "TextMessageVariable", "RESTRequest", "RESTHeader"} | {
    "RESTQueryStringParameter", "ReferTo", "ReferredBy", "RequiredDestination", "AdditionalParam", "Dialed", "Variables"
}  # fmt: skip

PLAIN = {
    "string": "str",
    "int": "int",
    "long": "int",
    "double": "float",
    "boolean": "bool",
    "Date": "datetime",
    "object": "object",
}
PARAMETER = PLAIN | {"containers": "Mapping[str, str]", "object": "Mapping[str, object]"}
READERS = {"void": "nothing", "binary": "raw", "Variables": "anything", "Message": "nothing"}


@dataclass(frozen=True, slots=True)
class Property:
    name: str
    type: str
    required: bool


@dataclass(frozen=True, slots=True)
class Model:
    name: str
    properties: tuple[Property, ...]
    subtypes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Parameter:
    name: str
    place: str
    type: str
    required: bool


@dataclass(frozen=True, slots=True)
class Operation:
    name: str
    method: str
    path: str
    parameters: tuple[Parameter, ...]
    answer: str


def main() -> None:
    if len(sys.argv) != 2 or not (Path(sys.argv[1]) / "events.json").is_file():
        sys.exit("usage: python -m sip.ari.generate DIRECTORY, the one with Asterisk's own descriptions (events.json)")
    for name, text in generated(Path(sys.argv[1])).items():
        (HOME / name).write_text(text, encoding="utf-8")


def generated(directory: Path) -> dict[str, str]:
    """File name -> text, for the descriptions in that directory."""
    models: dict[str, Model] = {}
    operations: list[Operation] = []
    for file in sorted(directory.glob("*.json")):
        document = json.loads(file.read_text(encoding="utf-8"))
        if file.stem == "resources":
            continue
        models |= {name: _model(name, document) for name in document["models"]}
        operations += _operations(file.stem, document)
    return {"model.py": model_text(models), "api.py": api_text(operations)}


def _model(name: str, document: dict[str, object]) -> Model:
    described = document["models"][name]  # type: ignore[index]
    left_out = PRIVATE.get(name, set())
    properties = tuple(
        Property(key, _model_type(value["type"]), bool(value.get("required")))
        for key, value in described["properties"].items()
        if key not in left_out
    )
    return Model(name, properties, tuple(described.get("subTypes", ())))


def _operations(resource: str, document: dict[str, object]) -> Iterator[Operation]:
    for api in document["apis"]:  # type: ignore[attr-defined]
        for operation in api["operations"]:
            yield Operation(
                f"{_snake(resource)}_{_snake(operation['nickname'])}",
                operation["httpMethod"],
                api["path"].lstrip("/"),
                tuple(_parameter(each) for each in operation.get("parameters", ())),
                operation["responseClass"],
            )


def _parameter(described: dict[str, object]) -> Parameter:
    kind = PARAMETER[str(described["dataType"])]
    if described.get("allowMultiple"):
        kind = f"Sequence[{kind}]"
    return Parameter(str(described["name"]), str(described["paramType"]), kind, bool(described.get("required")))


def _model_type(described: str) -> str:
    if found := re.fullmatch(r"List\[(\w+)\]", described):
        return f"tuple[{_model_type(found[1])}, ...]"
    return PLAIN.get(described, described)


def _snake(name: str) -> str:
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
    return f"{snake}_" if keyword.iskeyword(snake) else snake


HEADER = """\"\"\"{what}

Written by `generate.py` from Asterisk's own description; do not change by hand.
\"\"\"

from __future__ import annotations
"""


def model_text(models: dict[str, Model]) -> str:
    events = sorted((*models["Event"].subtypes, "MissingParams"))
    lines = [HEADER.format(what="What Asterisk says, as frozen shapes, without who it is about.")]
    lines += ["from dataclasses import dataclass", "from datetime import datetime", "from typing import Final"]
    for name in sorted(set(models) - UNUSED):
        stamped = models["Event"].properties if name in models["Event"].subtypes else ()
        lines += ["", "", "@dataclass(frozen=True, slots=True)", f"class {name}:"]
        lines += _fields([each for each in (*stamped, *models[name].properties) if each.name not in SAME_FOR_ALL])
    lines += ["", "", "Event = ("]
    lines += [f"    {'' if place == 0 else '| '}{name}" for place, name in enumerate(events)]
    lines += [")", "", "EVENTS: Final[dict[str, type[Event]]] = {"]
    lines += [f'    "{name}": {name},' for name in events]
    return "\n".join([*lines, "}", ""])


def _fields(properties: list[Property]) -> list[str]:
    """Asterisk leaves empty lists out, whatever its description says."""
    lists = [each for each in properties if each.type.startswith("tuple")]
    rest = [each for each in properties if each not in lists]
    lines = [f"    {each.name}: {each.type}" for each in rest if each.required]
    lines += [f"    {each.name}: {each.type} = ()" for each in lists]
    lines += [f"    {each.name}: {each.type} | None = None" for each in rest if not each.required]
    return lines or ["    pass"]


def api_text(operations: list[Operation]) -> str:
    operations = sorted(operations, key=lambda each: each.name)
    models = {found for each in operations for found in re.findall(r"\w+", _reader(each)) if found[0].isupper()}
    helpers = {_verb(each) for each in operations} | {_reader(each).partition("(")[0] for each in operations}
    lines = [HEADER.format(what="Every operation of Asterisk's REST interface, as a builder of a `Request`.")]
    lines += ["from collections.abc import Mapping, Sequence", ""]
    lines += _fitted("from sip.ari.model import (", sorted(models), ")")
    lines += [f"from sip.ari.request import {', '.join(['Request', *sorted(helpers | {'part'})])}"]
    for operation in operations:
        lines += ["", "", *_function(operation)]
    return "\n".join([*lines, ""])


def _reader(operation: Operation) -> str:
    if found := re.fullmatch(r"List\[(\w+)\]", operation.answer):
        return f"many({found[1]})"
    return READERS.get(operation.answer) or f"one({operation.answer})"


def _answer(operation: Operation) -> str:
    """The type of what the reader gives."""
    verb, _, model = _reader(operation).rstrip(")").partition("(")
    return {"one": model, "many": f"tuple[{model}, ...]", "raw": "bytes", "anything": "object"}.get(verb, "None")


def _verb(operation: Operation) -> str:
    whole = any(each.place == "body" and each.type == "Mapping[str, object]" for each in operation.parameters)
    return "put_document" if whole else operation.method.lower()


def _function(operation: Operation) -> list[str]:
    path = re.sub(r"\{(\w+)\}", lambda found: f"{{part({_snake(found[1])})}}", operation.path)
    in_path = [each for each in operation.parameters if each.place == "path"]
    named = sorted((each for each in operation.parameters if each.place != "path"), key=lambda each: not each.required)
    taken = [f"{_snake(each.name)}: {each.type}" for each in in_path] + (["*"] if named else [])
    taken += [f"{_snake(each.name)}: {each.type}{'' if each.required else ' | None = None'}" for each in named]
    given = [f'{"f" if in_path else ""}"{path}"', _reader(operation)]
    for each in named:
        name = _snake(each.name)
        if _verb(operation) == "put_document":
            given.append(name)
        else:
            given.append(f'**{{"{each.name}": {name}}}' if keyword.iskeyword(each.name) else f"{each.name}={name}")
    return [
        *_fitted(f"def {operation.name}(", taken, f") -> Request[{_answer(operation)}]:"),
        *_fitted(f"    return {_verb(operation)}(", given, ")"),
    ]


def _fitted(head: str, parts: list[str], tail: str) -> list[str]:
    """On one line, else the parts on one line, else each on its own: as the formatter would have it."""
    if len(whole := f"{head}{', '.join(parts)}{tail}") <= WIDTH:
        return [whole]
    margin = " " * (len(head) - len(head.lstrip()))
    if len(inside := f"{margin}    {', '.join(parts)}") <= WIDTH and "import" not in head:
        return [head, inside, f"{margin}{tail}"]
    return [head, *(f"{margin}    {each}," for each in parts), f"{margin}{tail}"]


if __name__ == "__main__":
    main()
