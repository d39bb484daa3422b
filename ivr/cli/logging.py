"""One log line per transition: a static sentence plus keys. Never a number, a name's text, a digit, an outside text."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime

ATTENTION = frozenset({logging.WARNING, logging.ERROR, logging.CRITICAL})


class KeyedFormatter(logging.Formatter):
    """`2026-11-21T21:00:00.000Z call_ended call=… outcome=…`, or the same as JSON."""

    def __init__(self, as_json: bool) -> None:
        super().__init__()
        self._as_json = as_json

    def format(self, record: logging.LogRecord) -> str:
        moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        keys = getattr(record, "keys", None) or {}
        if self._as_json:
            return json.dumps(
                {"at": moment, "level": record.levelname.lower(), "said": record.msg, **keys}, default=str
            )
        told = " ".join(f"{key}={value}" for key, value in keys.items() if value is not None)
        mark = f"{record.levelname.lower()}: " if record.levelno in ATTENTION else ""
        return f"{moment} {mark}{record.msg} {told}".rstrip()


def log_to_stderr(as_json: bool) -> None:
    """Our own loggers only; what libraries would log may hold what callers' phones said, and is dropped."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(KeyedFormatter(as_json))
    for name in ("voiceline", "ivr", "sip"):
        logger = logging.getLogger(name)
        logger.handlers[:] = [handler]
        logger.setLevel(logging.INFO)
        logger.propagate = False
    logging.getLogger().handlers[:] = [logging.NullHandler()]
