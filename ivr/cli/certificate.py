"""Keeps the certificate that phones are shown: made before Asterisk starts, renewed while it runs, told in the status.

Rules: a start that finds one does not wait for the library that reads it; what is wrong with a certificate is said and
never stops a line that runs.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

from sip.shown import Shown, Wish, ca_file, shown_file
from sip.trouble import SipTrouble

log = logging.getLogger("voiceline")
LOOK_S = 3600.0
SOON_S = 1.0
"""After a start: callers first."""
AGAIN_S = 60.0


class CertificateKeeper:
    """`required`: must phones encrypt what is said? `renewed`: makes Asterisk read the file again; `may`: whether
    we still decide here."""

    def __init__(
        self, state: Path, wish: Wish, required: bool, renewed: Callable[[], Awaitable[None]], may: Callable[[], bool]
    ) -> None:
        self._state, self._wish, self._required, self._renewed, self._may = state, wish, required, renewed, may
        self._shown: Shown | None = None
        self._trouble: str | None = None

    async def run(self) -> NoReturn:
        pause_s = SOON_S
        while True:
            await asyncio.sleep(pause_s)
            pause_s = LOOK_S if await self._looked() else AGAIN_S

    async def _looked(self) -> bool:
        """Whether all is well."""
        if not self._may():
            return False
        try:
            changed = await asyncio.to_thread(self.make)
            if changed:
                await self._renewed()
                log.info("phones are shown a new certificate", extra={"keys": {}})
        except SipTrouble as wrong:
            self._trouble = str(wrong)
            log.warning("the certificate for phones cannot be renewed", extra={"keys": {}})
            return False
        self._trouble = None
        return True

    def make(self) -> bool:
        """Whether the file has changed; blocks for a quarter of a second. Raises `SipTrouble`."""
        from sip.certificates import ensure

        self._shown, changed = ensure(self._state, self._wish)
        return changed

    # ------------------------------------------------------------ told

    def wrong(self) -> list[str]:
        """What somebody should see to, in one sentence each."""
        found = self._shown.warnings(datetime.now(UTC)) if self._shown is not None else []
        return found if self._trouble is None else [*found, self._trouble]

    def told(self, server: str) -> dict[str, object]:
        """For the status. `server`: where phones reach us. Moments are null until a look was taken, a second after a
        start."""
        shown, now = self._shown, datetime.now(UTC)
        path = shown.path if shown is not None else shown_file(self._state)
        own = self._wish.chain is None
        return {
            "server": server,
            "certificate": str(path),
            "own_ca": str(ca_file(self._state)) if own else None,
            "since": shown.since if shown is not None else None,
            "until": shown.until if shown is not None else None,
            "age_days": (now - shown.since).days if shown is not None else None,
            "days_left": (shown.until - now).days if shown is not None else None,
            "own_ca_until": shown.ca_until if shown is not None else None,
            "srtp": "required" if self._required else "optional",
        }
