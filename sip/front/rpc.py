"""Orders to a front that runs: JSON-RPC 2.0 in datagrams, over its socket. Each blocks for a moment."""

from __future__ import annotations

import json
import secrets
import socket
from contextlib import suppress

from sip.front.settings import FrontPlaces
from sip.trouble import SipTrouble

_LONGEST = 65536


def order(places: FrontPlaces, method: str, *parameters: object, within_s: float = 2.0) -> object:
    """The result; raises `SipTrouble` when it does not answer or refuses."""
    token = secrets.token_hex(4)
    ours = places.run / f"us-{token}"
    asked = {"jsonrpc": "2.0", "method": method, "params": list(parameters), "id": token}
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
            line.settimeout(within_s)
            line.bind(str(ours))
            line.sendto(json.dumps(asked).encode(), str(places.rpc))
            told: object = json.loads(line.recv(_LONGEST))
    except (OSError, ValueError):
        raise SipTrouble("The front does not take orders: is it running?") from None
    finally:
        with suppress(OSError):
            ours.unlink()
    if not isinstance(told, dict) or "result" not in told:
        raise SipTrouble(f"The front refuses the order {method}.")
    result: object = told["result"]
    return result
