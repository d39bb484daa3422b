"""What a benchmark is: a name, a sentence, and something that measures."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from enum import Enum, auto
from types import TracebackType
from typing import Self

from tests.bench.figures import Figure
from tests.bench.stage import Stage, stage


class Effort(Enum):
    FULL = auto()
    """Enough for medians that stay where they are."""
    BRIEF = auto()
    """Enough to see that it measures at all."""


class Bench:
    """What measurements share in one run. Asterisk is started by the first that asks for it, and ended at the end."""

    def __init__(self, effort: Effort) -> None:
        self.effort = effort
        self._held = ExitStack()
        self._stage: Stage | None = None

    @property
    def stage(self) -> Stage:
        if self._stage is None:
            self._stage = self._held.enter_context(stage())
        return self._stage

    @property
    def asterisk(self) -> str | None:
        """The version that took part; None when nothing needed it."""
        return None if self._stage is None else self._stage.version

    def times(self, full: int, brief: int) -> int:
        """How often to measure."""
        return full if self.effort is Effort.FULL else brief

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, wrong: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._held.close()


@dataclass(frozen=True, slots=True)
class Benchmark:
    name: str
    about: str
    """One sentence: from what to what."""
    measure: Callable[[Bench], tuple[Figure, ...]]
