"""One try at something that is tried again and again until it is cancelled."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


async def attempt(one: Coroutine[Any, Any, T]) -> T:
    """Awaits it in a task of its own. A cancellation always comes through, also in the moment in which the try fails.

    Until Python 3.13 a task group whose own task fails just before it is cancelled from outside tells of the failure
    alone (python/cpython#116720): the loop around it would try again, and who waits for its end would wait for ever.
    """
    trying = asyncio.create_task(one)
    try:
        await asyncio.wait({trying})
    except asyncio.CancelledError:
        trying.cancel()
        await asyncio.gather(trying, return_exceptions=True)
        raise
    return trying.result()
