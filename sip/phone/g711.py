"""Telephone sound as bytes (ITU-T G.711), written as tables; Python's audioop is gone since 3.13."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sip.phone.interface import Samples
from sip.phone.sdp import PCMA, PCMU

SILENCE = {PCMA: b"\xd5", PCMU: b"\xff"}
"""The quietest byte of each law."""

LOUD = 200
"""A sample beyond this (-44 dBFS) is sound; comfort noise and coding noise stay below."""


def _alaw(code: int) -> int:
    code ^= 0x55
    size, segment = (code & 0x0F) << 4, (code & 0x70) >> 4
    size += 8 if segment == 0 else 0x108
    size <<= max(segment - 1, 0)
    return size if code & 0x80 else -size


def _mulaw(code: int) -> int:
    code = ~code & 0xFF
    size = (((code & 0x0F) << 3) + 0x84) << ((code & 0x70) >> 4)
    return 0x84 - size if code & 0x80 else size - 0x84


class _Law:
    def __init__(self, value_of: list[int]) -> None:
        self.values: Samples = np.array(value_of, dtype=np.int16)
        order = sorted(range(256), key=lambda code: (value_of[code], code))
        self.codes: NDArray[np.uint8] = np.array(order, dtype=np.uint8)
        ordered = self.values[self.codes].astype(np.float64)
        self.borders: NDArray[np.float64] = (ordered[1:] + ordered[:-1]) / 2
        self.loud = bytes(int(abs(value) > LOUD) for value in value_of)


_LAWS = {PCMA: _Law([_alaw(code) for code in range(256)]), PCMU: _Law([_mulaw(code) for code in range(256)])}


def decode(payload: bytes, law: int) -> Samples:
    return _LAWS[law].values[np.frombuffer(payload, dtype=np.uint8)]


def encode(samples: Samples, law: int) -> bytes:
    """Each sample as the code whose value is nearest."""
    table = _LAWS[law]
    return table.codes[np.searchsorted(table.borders, samples, side="right")].tobytes()


def is_sound(payload: bytes, law: int) -> bool:
    """Whether a packet holds more than line noise: a tenth of its samples stand out."""
    return 10 * payload.translate(_LAWS[law].loud).count(1) >= len(payload) > 0
