"""Runs every contract test against every exchange there is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from tests.contract.rigs import KINDS, Kind, Rig

Setting = tuple[Kind, Any, Callable[[], asyncio.AbstractEventLoop] | None]


@pytest.fixture(params=[pytest.param(kind, id=kind.name, marks=kind.marks) for kind in KINDS])
def setting(request: pytest.FixtureRequest) -> Setting:
    kind: Kind = request.param
    given, loop = kind.loop()
    return kind, given, loop


@pytest.fixture
def anyio_backend(setting: Setting) -> tuple[str, dict[str, object]]:
    _kind, _given, loop = setting
    return "asyncio", {"loop_factory": loop} if loop is not None else {}


@pytest.fixture
async def rig(setting: Setting) -> AsyncIterator[Rig]:
    kind, given, _loop = setting
    async with kind.open(given) as opened:
        yield opened
