"""The manager interface's lines: blocks of `Key: value`, ended by an empty line."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

Fields = Mapping[str, str]

LIMIT_BYTES = 1 << 20


class NotAmiError(Exception):
    """Whoever listens there does not speak the manager interface."""


def block(action: str, number: str, fields: Fields) -> bytes:
    """One action as bytes. Raises ValueError for a value that would end the line."""
    lines = {"Action": action, "ActionID": number, **fields}
    if any("\r" in text or "\n" in text for pair in lines.items() for text in pair):
        raise ValueError("a value for Asterisk's manager interface must be one line")
    return "".join(f"{key}: {value}\r\n" for key, value in lines.items()).encode() + b"\r\n"


async def next_line(reader: asyncio.StreamReader) -> bytes:
    """Raises ConnectionError when the other side has closed, NotAmiError on a line without end."""
    try:
        line = await reader.readline()
    except ValueError:
        raise NotAmiError from None
    if not line:
        raise ConnectionResetError
    return line


async def next_block(reader: asyncio.StreamReader) -> Fields:
    """The next block; raises as `next_line` does."""
    fields: dict[str, str] = {}
    while True:
        key, found, value = (await next_line(reader)).decode("utf-8", "replace").rstrip("\r\n").partition(":")
        if found:
            fields[key] = value.strip()
        elif not key and fields:
            return fields
