"""JSON -> the frozen shapes of `model`. Total: what does not fit is None, and what no shape names is dropped unread.

Why not TypedDicts: a cast promises what Asterisk may not keep, and the dict would carry the caller's number along.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields
from datetime import datetime
from types import NoneType, UnionType
from typing import TypeVar, cast, get_args, get_origin, get_type_hints

T = TypeVar("T")
Reader = Callable[[object], object]


class MisfitError(ValueError):
    """The JSON is not of that shape. Carries no text: what came from outside stays there."""


def read(shape: type[T], value: object) -> T | None:
    """The value as that shape, or None when it does not fit."""
    try:
        return cast(T, _shape(shape)(value))
    except MisfitError:
        return None


def read_many(shape: type[T], value: object) -> tuple[T, ...] | None:
    """A list of that shape, or None when any of it does not fit."""
    try:
        return cast(tuple[T, ...], _many(_shape(shape))(value))
    except MisfitError:
        return None


def parse(text: str | bytes) -> object:
    """JSON as plain objects; None for anything that is not JSON."""
    try:
        return cast(object, json.loads(text))
    except (ValueError, RecursionError):
        return None


_shapes: dict[type, Reader] = {}


def _shape(shape: type) -> Reader:
    if shape not in _shapes:
        _shapes[shape] = _compiled(shape)
    return _shapes[shape]


def _compiled(shape: type) -> Reader:
    hints = get_type_hints(shape)
    wanted = tuple((field.name, _reader(hints[field.name]), field.default is MISSING) for field in fields(shape))

    def build(value: object) -> object:
        if not isinstance(value, Mapping):
            raise MisfitError
        found: dict[str, object] = {}
        for name, reader, required in wanted:
            part = value.get(name)
            if part is not None:
                found[name] = reader(part)
            elif required:
                raise MisfitError
        return shape(**found)

    return build


def _reader(hint: object) -> Reader:
    if get_origin(hint) is UnionType:
        (hint,) = (part for part in get_args(hint) if part is not NoneType)
    if get_origin(hint) is tuple:
        return _many(_reader(get_args(hint)[0]))
    if hint is object:
        return lambda value: value
    if hint is datetime:
        return _moment
    if hint is float:
        return _number
    if hint in (str, int, bool):
        return _exactly(cast(type, hint))
    return _shape(cast(type, hint))


def _exactly(kind: type) -> Reader:
    def check(value: object) -> object:
        if type(value) is not kind:
            raise MisfitError
        return value

    return check


def _number(value: object) -> object:
    if type(value) not in (int, float):
        raise MisfitError
    return value


def _moment(value: object) -> object:
    if type(value) is not str:
        raise MisfitError
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise MisfitError from None
    if moment.tzinfo is None:
        raise MisfitError
    return moment


def _many(reader: Reader) -> Reader:
    def build(value: object) -> object:
        if not isinstance(value, list):
            raise MisfitError
        return tuple(reader(part) for part in value)

    return build
