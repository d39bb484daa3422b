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
    "Ring",
    "packet_gaps",
    "sound_gaps",
]
