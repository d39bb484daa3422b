"""One question to Asterisk's REST interface, as plain data: what `api` builds and `http` sends."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar
from urllib.parse import quote, urlencode

from sip.ari.shape import parse, read, read_many

T = TypeVar("T")
Value = str | int | bool | Sequence[str] | Mapping[str, object] | None


@dataclass(frozen=True, slots=True)
class Request(Generic[T]):
    """`path` is below `/ari/`, already encoded; `read` turns the answer's body into its type, None: it does not fit."""

    method: str
    path: str
    query: str
    body: Mapping[str, object] | None
    read: Callable[[bytes], T | None]

    @property
    def target(self) -> str:
        return f"/ari/{self.path}?{self.query}" if self.query else f"/ari/{self.path}"


def part(text: str) -> str:
    """One piece of a path."""
    return quote(text, safe="")


def one(shape: type[T]) -> Callable[[bytes], T | None]:
    return lambda body: read(shape, parse(body))


def many(shape: type[T]) -> Callable[[bytes], tuple[T, ...] | None]:
    return lambda body: read_many(shape, parse(body))


def raw(body: bytes) -> bytes:
    return body


def anything(body: bytes) -> object:
    return parse(body)


def nothing(_body: bytes) -> None:
    return None


def get(path: str, answer: Callable[[bytes], T | None], **fields: Value) -> Request[T]:
    return Request("GET", path, _query(fields), None, answer)


def delete(path: str, answer: Callable[[bytes], T | None], **fields: Value) -> Request[T]:
    return Request("DELETE", path, _query(fields), None, answer)


def post(path: str, answer: Callable[[bytes], T | None], **fields: Value) -> Request[T]:
    return Request("POST", path, "", _given(fields), answer)


def put(path: str, answer: Callable[[bytes], T | None], **fields: Value) -> Request[T]:
    return Request("PUT", path, "", _given(fields), answer)


def put_document(path: str, answer: Callable[[bytes], T | None], document: Mapping[str, object] | None) -> Request[T]:
    """For the one operation whose body is the value itself."""
    return Request("PUT", path, "", document, answer)


def _given(fields: Mapping[str, Value]) -> Mapping[str, object] | None:
    # Asterisk takes every query parameter from the body as well; there a list needs no commas and a name no escapes
    return {name: value for name, value in fields.items() if value is not None} or None


def _query(fields: Mapping[str, Value]) -> str:
    return urlencode({name: _word(value) for name, value in fields.items() if value is not None}, quote_via=quote)


def _word(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int):
        return str(value)
    return ",".join(value or ())
