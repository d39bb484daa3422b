"""How carriers write a line's number: with and without the country, as Danish carriers do and as gateways do."""

from __future__ import annotations

COUNTRY = "45"
"""Denmark (ITU-T E.164)."""
_BEFORE = ("", f"+{COUNTRY}", COUNTRY, f"00{COUNTRY}", f"+{COUNTRY}{COUNTRY}", f"00{COUNTRY}{COUNTRY}")
"""The last two: a gateway put the country before a number that had it."""


def spellings(number: str) -> tuple[str, ...]:
    """Everything that a call for this number may be dialled as, the number itself first; digits, perhaps a `+` before.

    Signs between digits, `tel:`, escapes and what follows a `;` are taken away before (the front does; Asterisk by
    itself does escapes and `;` only).
    """
    plain = number
    for prefix in (f"+{COUNTRY}", f"00{COUNTRY}"):
        plain = plain.removeprefix(prefix)
    return tuple(dict.fromkeys((number, *(f"{before}{plain}" for before in _BEFORE))))
