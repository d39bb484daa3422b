"""The line that `ivr up` prints when a call would be served."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from sip.asterisk import process
from sip.asterisk.settings import LOOPBACK

if TYPE_CHECKING:
    from ivr.cli.running import Running


def ready_line(running: Running) -> dict[str, object]:
    """What `ivr up` prints when a call would be served, and keeps in the state directory for other commands."""
    ground = running.ground
    trunk = ground.config.trunks[0]
    return {
        "ready": True,
        "pid": os.getpid(),
        "asterisk": {"version": ground.asterisk.version, "pid": process.find_running(ground.places)},
        "front": running.front_told(),
        "sip": running.sip_address,
        "sip_tls": running.phones_address,
        "trunk_source": trunk.sources[0],
        "web": f"http://{LOOPBACK}:{ground.ports.web}",
        "ari": f"http://{LOOPBACK}:{ground.ports.ari}",
        "state": str(ground.state),
        "lines": {line.id: line.number for line in running.house.plan.lines.values()},
    }


def keep_ready(state: Path, line: Mapping[str, object]) -> None:
    path = state / "ready.json"
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps(line, ensure_ascii=False) + "\n", encoding="utf-8")
    fresh.replace(path)
