"""How much of a long scan is looked at: a share with the tests, all of it in `make soak`.

The share is the same every time, so that what fails once fails again; it is meant to find what is grossly wrong within
a second or two, and planted mistakes show that it does.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")
WHOLE = os.environ.get("VOICELINE_WHOLE") == "1"
"""Set by `make soak`, which runs the whole suite so: no scan can be forgotten there."""


def whole_or(share: T, whole: T) -> T:
    """A number of examples, a depth, a step: `share` with the tests, `whole` in `make soak`."""
    return whole if WHOLE else share


def every(nth: int, things: Sequence[T]) -> Sequence[T]:
    """The first of `nth` and so on; take an `nth` that does not divide what the things repeat with."""
    return things if WHOLE else things[::nth]
