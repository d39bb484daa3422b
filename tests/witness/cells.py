"""The cells of the matrix: which phone, which button, in which phase; how it is pressed, and how it is taken back.

Where a phone has not got the button itself, the router imitates what the button does on the wire; that is said at each.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, get_args

from tests.witness.softphones import Baresip, PjsuaPhone

Kind = Literal["pjsua2", "baresip"]
Phase = Literal["ringing", "talking", "held"]
Button = Literal["hold", "resume", "stop", "silence", "info", "key", "transfer", "codec", "network", "vad"]
KINDS, PHASES, BUTTONS = get_args(Kind), get_args(Phase), get_args(Button)
Phone = PjsuaPhone | Baresip
WITHOUT = {("baresip", "info")}
"""baresip 1.0.0 sends its keys by RFC 4733 only."""
QUIET = {"silence", "vad"}
"""The volunteer says nothing, and the line carries just that: the child's silence is the volunteer's own."""
QUIET_VAD_S = 5.0


@dataclass(frozen=True, slots=True)
class Cell:
    kind: Kind
    button: Button
    phase: Phase

    def __str__(self) -> str:
        return f"{self.kind} {self.button} {self.phase}"

    @property
    def vad(self) -> bool:
        """pjsua2 that sends nothing when there is nothing to say: a process of its own."""
        return self.kind == "pjsua2" and self.button in ("stop", "vad")


def cells(phase: Phase) -> Iterator[Cell]:
    for kind in KINDS:
        for button in BUTTONS:
            if (kind, button) not in WITHOUT:
                yield Cell(kind, button, phase)


async def press(phone: Phone, cell: Cell, elsewhere: str) -> None:
    """`elsewhere`: to whom a call is transferred."""
    router, baresip = phone.router, isinstance(phone, Baresip)
    match cell.button:
        case "hold" | "resume" | "silence" | "info" | "transfer" | "key":
            await phone.press(cell.button, {"info": "7", "key": "5", "transfer": elsewhere}.get(cell.button, ""))
        case "stop" if baresip:
            router.stopped.add("out")  # it has no such button: its mute sends silence
        case "stop":
            await phone.press("stop")
        case "vad" if baresip:
            router.one_in_s = QUIET_VAD_S
        case "vad":
            await phone.press("stop")
            router.one_in_s = QUIET_VAD_S
        case "codec" if baresip:
            router.only = 8  # its offers have PCMU first, which is what the talk began with
            await phone.press("reinvite")
        case "codec":
            await phone.press("codec", "alaw")
        case "network":
            router.move_sound()


async def take_back(phone: Phone, cell: Cell) -> None:
    """What a person does some seconds later, so that they talk again."""
    phone.router.stopped.clear()
    phone.router.one_in_s = None
    if cell.button in ("stop", "silence", "vad"):
        await phone.press("speak")
    if (cell.button == "hold" or cell.phase == "held") and cell.button != "resume":
        await phone.press("resume")
