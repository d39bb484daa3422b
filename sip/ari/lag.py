"""How late we hear of things, and whether new callers are better held back until we have caught up.

Rules: one late event is no overload; what lasts is. A caller who is held is greeted by the dialplan and waits with
music, which is better than a volunteer who picks up into silence.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

LATE_S: Final = 0.3
"""An event that is older than this when it is read is late."""
LASTING_S: Final = 1.0
"""For so long nothing but late events: we do not keep up."""
CALM_S: Final = 2.0
"""For so long no late event: we keep up again."""


@dataclass(slots=True)
class Lag:
    """All moments in seconds of one clock that never goes back."""

    late_s: float = LATE_S
    holding: bool = False
    _late_since: float | None = None
    _late_at: float = float("-inf")

    def heard(self, age_s: float, now: float) -> bool:
        """An event of that age has been read; whether `holding` has changed by that."""
        if age_s <= self.late_s:
            self._late_since = None
            return self.looked(now)
        self._late_at = now
        if self._late_since is None:
            self._late_since = now
        if self.holding or now - self._late_since < LASTING_S:
            return False
        self.holding = True
        return True

    def looked(self, now: float) -> bool:
        """Time has gone by; whether `holding` has changed by that."""
        if not self.holding or now - self._late_at < CALM_S:
            return False
        self.holding, self._late_since = False, None
        return True
