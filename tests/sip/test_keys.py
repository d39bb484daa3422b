"""A key is one key, in whatever form a phone sends it, and nothing else is a key."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import pytest

from sip.phone import OwnPhone
from sip.phone.interface import RATE, Samples
from tests.rigs.asterisk import Machine, lay_out, remove, running
from tests.rigs.keys import press_by_info
from tests.sip.babble import babble, pressed, song
from tests.sip.leftovers import run
from tests.sip.switch import Switch, open_switch
from tests.sip.wirephone import SILENCE, Ears, WirePhone

pytestmark = pytest.mark.asterisk

FIVE = 5


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    laid = lay_out(tmp_path_factory.mktemp("keys"))
    with running(laid):
        yield laid
    remove(laid)


# ---------------------------------------------------------------- RFC 4733, as it is really sent


@dataclass(frozen=True, slots=True)
class Key:
    """One packet of the key 5; `length` in samples."""

    length: int
    end: bool = False
    marker: bool = False
    volume: int = 10


VOICE = None
Beat = tuple[Key | None, ...]
"""What is sent within 20 ms."""


def held(beats: int) -> tuple[Beat, ...]:
    return tuple((Key(160 * (beat + 1), marker=beat == 0),) for beat in range(beats))


def end(beats: int, times: int = 3) -> Beat:
    return (Key(160 * beats, end=True),) * times


FORMS: dict[str, tuple[Beat, ...]] = {
    "ordinary": (*held(5), end(5)),
    "without marker": (*((Key(160 * beat),) for beat in range(1, 6)), end(5)),
    "for 40 ms": (*held(2), end(2)),
    "for 2 s": (*held(100), end(100)),
    "a single end": (*held(5), end(5, 1)),
    "its end lost": held(5),
    "one packet": ((Key(800, end=True, marker=True),),),
    "its end spread over three beats": (*held(5), end(5, 1), end(5, 1), end(5, 1)),
    "every packet twice": (*(beat * 2 for beat in held(5)), end(5, 6)),
    "in the wrong order": (*held(4), (Key(800, end=True), Key(640), Key(800, end=True))),
    "without length or volume": (*((Key(0, volume=0),) for _ in range(4)), (Key(0, end=True, volume=63),) * 3),
    "with voice in between": (*((*beat, VOICE) for beat in held(5)), end(5)),
}
PAUSE: tuple[Beat, ...] = ((VOICE,),) * 30
"""Longer than Asterisk waits for an end that was lost (375 ms)."""


async def send(ears: Ears, beats: Iterable[Beat], stamp: int) -> int:
    """As a phone does it, on one clock; the time stamp it ends with."""
    began = now = stamp
    for beat in beats:
        for packet in beat:
            if packet is None:
                ears.send(8, SILENCE, now)
            else:
                flags = (0x80 if packet.end else 0) | packet.volume
                ears.send(101, struct.pack("!BBH", FIVE, flags, packet.length), began, marker=packet.marker)
        now += 160
        await asyncio.sleep(0.02)
    return now


def test_a_key_in_every_form_of_rfc_4733_is_that_key_once(machine: Machine) -> None:
    async def story() -> None:
        async with open_switch(machine) as switch:
            phone = await WirePhone.open(("127.0.0.1", machine.settings.ports.sip), host="127.0.0.2")
            phone.call("116111")
            channel = await switch.taken()
            await switch.ask("POST", f"channels/{channel}/answer")
            await phone.wait(lambda message: message.method == "INVITE" and message.status == 200)
            stamp = await send(phone.ears, PAUSE, 8000)
            counted: dict[str, int] = {}
            for name, form in FORMS.items():
                before = len(switch.keys.get(channel, ""))
                stamp = await send(phone.ears, (*form, *PAUSE), stamp)
                counted[name] = len(switch.keys.get(channel, "")) - before
            assert counted == dict.fromkeys(FORMS, 1)
            assert set(switch.keys[channel]) == {"5"}
            await phone.hang_up()
            phone.close()

    asyncio.run(story())


def test_keys_by_info_count_once_beside_those_of_rfc_4733_and_with_telephone_event_sound_is_no_key(
    machine: Machine,
) -> None:
    """A voice can never be taken for a child's yes where the phone has a better way to say it."""

    async def story() -> None:
        async with open_switch(machine) as switch, await OwnPhone.open(bind="127.0.0.2") as carrier:
            call, channel = await switch.caller(carrier)
            await press_by_info(call, "1*#0")
            await switch.key(channel, "1*#0")
            await asyncio.sleep(0.5)  # nobody changes the way within a key: Asterisk would count it twice
            await call.send_digits("2")
            await switch.key(channel, "1*#02")
            call.play(keys_as_sound("159"))
            await asyncio.sleep(1.5)
            assert switch.keys[channel] == "1*#02"
            await call.hangup()

    run(story)


# ---------------------------------------------------------------- as sound


def keys_as_sound(digits: str) -> Samples:
    pause = np.zeros(RATE // 5, np.int16)
    return np.concatenate([part for digit in digits for part in (pressed(digit), pause)])


def test_where_telephone_event_was_not_offered_keys_are_heard_as_sound_and_by_info(machine: Machine) -> None:
    async def story() -> None:
        async with open_switch(machine) as switch, await OwnPhone.open(bind="127.0.0.2") as carrier:
            carrier.without_keys()
            call, channel = await switch.caller(carrier)
            call.play(keys_as_sound("1590*#"))
            await switch.key(channel, "1590*#", 5.0)
            await press_by_info(call, "3")
            await switch.key(channel, "1590*#3")
            await call.hangup()

    run(story)


async def taken_for_keys(switch: Switch, said: list[Samples]) -> list[str]:
    """What was taken for keys of so much speech, side by side, on lines without telephone-event."""
    async with await OwnPhone.open(bind="127.0.0.2") as carrier:
        carrier.without_keys()
        channels = []
        for sound in said:
            call, channel = await switch.caller(carrier)
            call.play(sound)
            channels.append(channel)
        await asyncio.sleep(len(said[0]) / RATE + 0.5)
        for call in carrier.calls:
            due = (len(said[0]) / RATE) * 50
            assert call.ended is None
            assert call.sent > due, "all of it was said"
        return [switch.keys[channel] for channel in channels if channel in switch.keys]


@pytest.mark.parametrize(
    ("lines", "seconds"),
    [pytest.param(6, 12, id="a minute"), pytest.param(60, 60, id="an hour", marks=pytest.mark.trouble)],
)
def test_no_voice_is_taken_for_a_key(machine: Machine, lines: int, seconds: float) -> None:
    """Twenty languages' voices, children's among them, soft and loud, with words that nobody ever said; each sixth sings."""
    sounds = [song if line % 6 == 5 else babble for line in range(lines)]
    with ThreadPoolExecutor(2) as several:
        said = list(several.map(lambda sound, seed: sound(seconds, seed), sounds, range(lines)))

    async def story() -> list[str]:
        async with open_switch(machine) as switch:
            return await taken_for_keys(switch, said)

    assert asyncio.run(story()) == []
