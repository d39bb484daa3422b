"""Scripted phones for tests, benches, `ivr call` and `ivr softphone`: see README.md."""

from sip.phone.interface import (
    Call,
    Ended,
    Moments,
    NotAnswered,
    NotRegistered,
    NotShown,
    Packet,
    Phone,
    Ring,
)
from sip.phone.own import OwnPhone
from sip.phone.pjsua import PjsuaPhone, pjsua_is_here
from sip.phone.recording import Gap, packet_gaps, sound_gaps

__all__ = [
    "Call",
    "Ended",
    "Gap",
    "Moments",
    "NotAnswered",
    "NotRegistered",
    "NotShown",
    "OwnPhone",
    "Packet",
    "Phone",
    "PjsuaPhone",
    "Ring",
    "packet_gaps",
    "phone_kind",
    "pjsua_is_here",
    "sound_gaps",
]


def phone_kind(name: str | None = None) -> type[Phone]:
    """The class behind a name; without one pjsua2's where it is installed, else the own phone.

    Raises ValueError for an unknown name, or for pjsua2 where it is missing.
    """
    if name is None:
        return PjsuaPhone if pjsua_is_here() else OwnPhone
    if name == "own":
        return OwnPhone
    if name == "pjsua2" and pjsua_is_here():
        return PjsuaPhone
    raise ValueError("phones are: own, and pjsua2 where its package is installed (Python 3.11 and 3.12)")
