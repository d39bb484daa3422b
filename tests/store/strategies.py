"""Any value of any class of the core, made from its type hints: a new field is tried without a word here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import Enum
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from hypothesis import strategies as st
from immutables import Map

from ivr.core.chain import Chain

MOMENTS = st.datetimes(datetime(1990, 1, 1), datetime(2199, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
_SIMPLE: dict[Any, st.SearchStrategy[Any]] = {
    str: st.text(max_size=12),
    bool: st.booleans(),
    int: st.integers(-(2**53), 2**53),
    float: st.floats(allow_nan=False, allow_infinity=False),
    NoneType: st.none(),
    datetime: MOMENTS,
    date: st.dates(date(1990, 1, 1), date(2199, 1, 1)),
    time: st.times(),
    timedelta: st.timedeltas(timedelta(0), timedelta(days=9)),
}


def any_of(hint: Any) -> st.SearchStrategy[Any]:
    if hasattr(hint, "__supertype__"):
        return any_of(hint.__supertype__)
    if hint in _SIMPLE:
        return _SIMPLE[hint]
    origin, inner = get_origin(hint), get_args(hint)
    if origin is Union or origin is UnionType:
        return st.one_of([any_of(member) for member in inner])
    if origin is tuple and len(inner) == 2 and inner[1] is Ellipsis:
        return st.lists(any_of(inner[0]), max_size=3).map(tuple)
    if origin is tuple:
        return st.tuples(*(any_of(item) for item in inner))
    if origin is frozenset:
        return st.frozensets(any_of(inner[0]), max_size=3)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        rows = st.dictionaries(any_of(inner[0]), any_of(inner[1]), max_size=2)
        return rows.map(Map) if issubclass(origin, Map) else rows
    if origin is Chain:
        return st.lists(any_of(inner[0]), max_size=3).map(Chain)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return st.sampled_from(hint)
    assert is_dataclass(hint), hint
    return of_class(hint)  # type: ignore[arg-type]


def of_class(cls: type) -> st.SearchStrategy[Any]:
    hints = get_type_hints(cls)
    return st.builds(cls, **{field.name: any_of(hints[field.name]) for field in fields(cls) if field.init})
