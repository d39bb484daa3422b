"""Keys as phones send them, besides RFC 4733's ordinary form (`OwnCall.send_digits`)."""

from __future__ import annotations

from sip.phone.own import OwnCall


async def press_by_info(call: OwnCall, digits: str) -> None:
    """As INFO (`application/dtmf-relay`, RFC 2976 as Cisco uses it); each is answered within a second."""
    for digit in digits:
        body = f"Signal={digit}\r\nDuration=160\r\n".encode()
        more = (("Content-Type", "application/dtmf-relay"),)
        answer = await call.ask("INFO", more=more, body=body, deadline=1.0)
        assert answer.code == 200, f"a key got {answer.code}"
