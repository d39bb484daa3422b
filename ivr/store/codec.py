"""Frozen dataclasses <-> JSON, compiled once per class from its type hints.

Rules: a member of a closed union carries its class name in snake_case under `is`; moments are aware UTC with
microseconds and a `Z`, so that they sort as text; sets are sorted; a field that an old row lacks takes its default, a
field that we no longer know is passed over. What changed more than that goes through `upgrades`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, fields, is_dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import Enum, StrEnum
from functools import lru_cache
from operator import attrgetter
from types import NoneType, UnionType
from typing import Any, NamedTuple, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from immutables import Map

T = TypeVar("T")
Json = dict[str, Any]
"""One JSON object, as it comes from or goes to a row. It never leaves `ivr.store` undecoded but for the event feed."""


class UnreadableError(ValueError):
    """A row that does not fit the classes of this version; says the place and never the content."""


class Coder(NamedTuple):
    """`dump` is None when the value is JSON as it stands."""

    dump: Callable[[Any], Any] | None
    load: Callable[[Any], Any]


_encoder = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False)
_WORD = re.compile(r"(?<!^)(?=[A-Z])")


def tag(cls: type) -> str:
    """`CallEnded` -> `call_ended`: the name of a class in rows and events."""
    return _WORD.sub("_", cls.__name__).lower()


def encode(thing: object) -> str:
    """One dataclass as JSON text, without its own class name. Raises TypeError for what no rule covers."""
    return _encoder.encode(dump(thing))


def dump(thing: object) -> Json:
    """As `encode`, as a JSON object."""
    to_json = coder(type(thing)).dump
    if to_json is None or not is_dataclass(thing):
        raise TypeError(f"{type(thing).__name__} is not a dataclass")
    return cast(Json, to_json(thing))


def decode(cls: type[T], body: str) -> T:
    """The other way. Raises `UnreadableError`."""
    return load(cls, parse(body))


def parse(body: str) -> Json:
    try:
        parsed = json.loads(body)
    except ValueError:
        raise UnreadableError("a row is not JSON") from None
    if not isinstance(parsed, dict):
        raise UnreadableError("a row is not a JSON object")
    return parsed


def load(cls: type[T], body: Json) -> T:
    return cast(T, coder(cls).load(body))


@lru_cache(maxsize=8192)
def moment(at: datetime) -> str:
    """Aware UTC as text of a fixed width, so that order as text is order in time. Raises ValueError when naive.

    Remembered, since the same moments are written again with every change of their call.
    """
    if at.tzinfo is not UTC:
        if at.tzinfo is None:
            raise ValueError("a moment without a time zone")
        at = at.astimezone(UTC)
    return at.isoformat(timespec="microseconds")[:-6] + "Z"


def coder(hint: Any) -> Coder:
    """The coder for a type hint. Raises TypeError for a hint that no rule covers: a mistake of ours, found in tests."""
    if hint not in _coders:
        _coders[hint] = _compile(hint)
    return _coders[hint]


def _compile(hint: Any) -> Coder:
    if hasattr(hint, "__supertype__"):
        return coder(hint.__supertype__)
    origin = get_origin(hint)
    if origin is Union or origin is UnionType:
        return _union(get_args(hint))
    if origin is tuple:
        return _tuple(get_args(hint))
    if origin is frozenset:
        return _frozenset(get_args(hint)[0])
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return _mapping(origin, *get_args(hint))
    if isinstance(origin, type) and issubclass(origin, Sequence):
        return _sequence(origin, get_args(hint)[0])
    if isinstance(hint, type) and issubclass(hint, Enum):
        return _enum(hint)
    if isinstance(hint, type) and is_dataclass(hint):
        return _dataclass(hint)
    raise TypeError(f"no rule to keep {hint!r}")


def _plain(kind: type) -> Coder:
    def read(value: Any) -> Any:
        if type(value) is not kind:
            raise UnreadableError(f"expected {kind.__name__}")
        return value

    return Coder(None, read)


def _read_float(value: Any) -> float:
    if type(value) not in (int, float):
        raise UnreadableError("expected a number")
    return float(value)


def _iso(read: Callable[[str], Any], write: Callable[[Any], str]) -> Coder:
    def load_iso(value: Any) -> Any:
        try:
            return read(value)
        except (TypeError, ValueError):
            raise UnreadableError("expected a date or time") from None

    return Coder(write, load_iso)


def _read_moment(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise UnreadableError("a moment without a time zone")
    return at.astimezone(UTC)


_coders: dict[Any, Coder] = {
    str: _plain(str),
    bool: _plain(bool),
    int: _plain(int),
    NoneType: _plain(NoneType),
    float: Coder(None, _read_float),
    datetime: _iso(_read_moment, moment),
    date: _iso(date.fromisoformat, date.isoformat),
    time: _iso(time.fromisoformat, time.isoformat),
    timedelta: Coder(timedelta.total_seconds, lambda value: timedelta(seconds=_read_float(value))),
}


def _enum(kind: type[Enum]) -> Coder:
    members = {member.value: member for member in kind}

    def read(value: Any) -> Enum:
        try:
            return members[value]
        except (KeyError, TypeError):
            raise UnreadableError(f"not a {kind.__name__}") from None

    return Coder(None if issubclass(kind, StrEnum) else lambda member: member.value, read)


def _tuple(items: tuple[Any, ...]) -> Coder:
    if len(items) == 2 and items[1] is Ellipsis:
        write_one, read_one = coder(items[0])

        def read(value: Any) -> tuple[Any, ...]:
            return tuple([read_one(item) for item in _list(value)])

        if write_one is None:
            return Coder(None, read)  # JSON knows tuples
        return Coder(lambda value: [write_one(item) for item in value], read)
    coders = tuple(coder(item) for item in items)

    def read_fixed(value: Any) -> tuple[Any, ...]:
        if len(_list(value)) != len(coders):
            raise UnreadableError(f"expected {len(coders)} values")
        return tuple(one.load(item) for one, item in zip(coders, value, strict=True))

    return Coder(
        lambda value: [one.dump(item) if one.dump else item for one, item in zip(coders, value, strict=True)],
        read_fixed,
    )


def _sequence(kind: Callable[[Any], Any], item: Any) -> Coder:
    """Of a class of ours that is made from the things in it."""
    write_one, read_one = coder(item)
    return Coder(
        list if write_one is None else lambda value: [write_one(each) for each in value],
        lambda value: kind([read_one(each) for each in _list(value)]),
    )


def _frozenset(item: Any) -> Coder:
    write_one, read_one = coder(item)
    write = sorted if write_one is None else lambda value: sorted(write_one(item) for item in value)
    return Coder(write, lambda value: frozenset([read_one(item) for item in _list(value)]))


def _mapping(kind: type, key: Any, value: Any) -> Coder:
    write_key, read_key = coder(key)
    write_value, read_value = coder(value)
    if write_key is None:
        write_key = str
    is_map = issubclass(kind, Map)

    def write(mapping: Any) -> Json:
        rows = {write_key(k): v if write_value is None else write_value(v) for k, v in mapping.items()}
        return dict(sorted(rows.items())) if is_map else rows

    def read(rows: Any) -> Any:
        if not isinstance(rows, dict):
            raise UnreadableError("expected an object")
        found = {read_key(k): read_value(v) for k, v in rows.items()}
        return Map(found) if is_map else found

    return Coder(write, read)


def _union(members: tuple[Any, ...]) -> Coder:
    some = tuple(member for member in members if member is not NoneType)
    inner = coder(some[0]) if len(some) == 1 else _tagged(some)
    if len(some) == len(members):
        return inner
    write, read = inner
    return Coder(
        None if write is None else lambda value: None if value is None else write(value),
        lambda value: None if value is None else read(value),
    )


def _tagged(members: tuple[Any, ...]) -> Coder:
    """A closed union: of dataclasses, told apart by `is`; or of several names for one simple type."""
    if len({coder(member) for member in members}) == 1:
        return coder(members[0])
    if not all(isinstance(member, type) and is_dataclass(member) for member in members):
        raise TypeError(f"no rule to tell {members!r} apart")
    writers = {member: _writer(member, {"is": tag(member)}) for member in members}
    readers = {tag(member): coder(member).load for member in members}
    if len(readers) != len(members):
        raise TypeError(f"two of {members!r} share a name")

    def read(value: Any) -> Any:
        name = value.get("is") if isinstance(value, dict) else None
        if name not in readers:
            raise UnreadableError("a kind that this version does not know")
        return readers[name](value)

    return Coder(lambda value: writers[type(value)](value), read)


def _writer(cls: type, head: Json) -> Callable[[Any], Json]:
    hints = get_type_hints(cls)
    names = tuple(field.name for field in fields(cls) if field.init)
    special = tuple((name, to_json) for name in names if (to_json := coder(_not_none(hints[name])).dump) is not None)
    values = _getter(names)

    def write(thing: Any) -> Json:
        out = head.copy()
        out.update(zip(names, values(thing), strict=True))
        for name, to_json in special:
            value = out[name]
            if value is not None:
                out[name] = to_json(value)
        return out

    return write


def _getter(names: tuple[str, ...]) -> Callable[[Any], tuple[Any, ...]]:
    if len(names) > 1:
        return attrgetter(*names)
    return lambda thing: tuple(getattr(thing, name) for name in names)


def _not_none(hint: Any) -> Any:
    """`X | None` -> `X`: a writer of fields looks for None itself."""
    some = tuple(member for member in get_args(hint) if member is not NoneType)
    return Union[some] if get_origin(hint) in (Union, UnionType) else hint  # noqa: UP007 (built, not written)


def _dataclass(cls: type) -> Coder:
    hints = get_type_hints(cls)
    readers = tuple(
        (field.name, coder(hints[field.name]).load, field.default is MISSING and field.default_factory is MISSING)
        for field in fields(cls)
        if field.init
    )

    def read(body: Any) -> Any:
        if not isinstance(body, dict):
            raise UnreadableError(f"{tag(cls)}: expected an object")
        found: Json = {}
        for name, from_json, needed in readers:
            if name in body:
                try:
                    found[name] = from_json(body[name])
                except UnreadableError as trouble:
                    raise UnreadableError(f"{tag(cls)}.{name}: {trouble}") from None
            elif needed:
                raise UnreadableError(f"{tag(cls)}.{name} is missing")
        return cls(**found)

    return Coder(_writer(cls, {}), read)


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise UnreadableError("expected a list")
    return value
