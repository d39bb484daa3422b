"""A token opens what it was made for, and the database does not give it away."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from ivr.store import tokens
from ivr.store.reader import Reader

AT = datetime(2026, 3, 1, tzinfo=UTC)


def test_a_token_gives_its_scopes_and_another_gives_none(tmp_path: Path) -> None:
    path = tmp_path / "voiceline.db"
    wall = tokens.create(path, "wallboard", ["events:read", "calls:read", "events:read"], AT)
    admin = tokens.create(path, "", ["admin"], AT)
    reader = Reader(path)
    assert tokens.scopes_of(reader, wall.token) == {"events:read", "calls:read"}
    assert tokens.scopes_of(reader, admin.token) == {"admin"}
    for wrong in (wall.token[:-1], wall.token + "x", "", "admin", "' OR 1=1 --"):
        assert tokens.scopes_of(reader, wrong) == frozenset()
    reader.close()
    assert wall.token != admin.token
    assert (wall.id, admin.id) == (1, 2)
    assert wall.scopes == ("calls:read", "events:read")


def test_the_token_itself_is_nowhere_on_disk(tmp_path: Path) -> None:
    made = tokens.create(tmp_path / "voiceline.db", "wallboard", ["admin"], AT)
    for file in tmp_path.iterdir():
        assert made.token.encode() not in file.read_bytes()
        assert made.token[3:].encode() not in file.read_bytes()
