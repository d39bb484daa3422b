"""What a caller meets at a real Asterisk, with and without a controller. What was heard is told by its pitch."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from websockets.sync.client import ClientConnection, connect

from sip.asterisk.process import reload
from sip.asterisk.render import render
from sip.asterisk.settings import CODES, OpenSpan, Settings
from sip.phone import NotAnswered, OwnPhone, sound_gaps
from sip.phone.interface import Call
from tests.rigs.asterisk import (
    ANNA,
    BO,
    CHILDREN,
    CLOSED,
    GREETING,
    MUSIC,
    NOT_NOW,
    PARENTS,
    TECHNICAL,
    Machine,
    lay_out,
    password,
    pitches,
    remove,
    running,
    tone,
)
from tests.sip.wirephone import Manners, WirePhone

pytestmark = pytest.mark.asterisk

CANARY = "4528374650"
CARRIER = "127.0.0.2"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    laid = lay_out(tmp_path_factory.mktemp("dialplan"))
    with running(laid):
        yield laid
    remove(laid)


@pytest.fixture
def machine(shared: Machine) -> Iterator[Machine]:
    """Without a controller, and as empty afterwards as before."""
    yield shared
    until(lambda: shared.channels() == 0, "every channel is gone")
    reload(shared.settings.places, render(shared.settings))
    shared.console('dialplan set global VL_BEAT ""')
    shared.console('dialplan set global VL_HOLD ""')


def until(happened: Callable[[], object], what: str, within_s: float = 10.0) -> None:
    deadline = time.monotonic() + within_s
    while not happened():
        assert time.monotonic() < deadline, f"not within {within_s} s: {what}"
        time.sleep(0.02)


async def heard(call: Call, *expected: int, within_s: float = 15.0) -> None:
    """Waits until the caller has heard these pitches in this order, and nothing else but short seams between them."""
    async with asyncio.timeout(within_s):
        while (sofar := [pitch for pitch in pitches(call.heard.samples()) if pitch]) != list(expected):
            assert sofar == list(expected)[: len(sofar)], f"heard {sofar}, not {expected}"
            await asyncio.sleep(0.05)


async def dial(carrier: OwnPhone, machine: Machine, number: str = "116111") -> Call:
    return await carrier.dial(
        machine.address(number), from_user=f"+{CANARY}", from_name=f"Sofie {CANARY}", sound=tone(30, 440)
    )


def told(machine: Machine, **changes: object) -> None:
    """Takes changed settings up while everything goes on."""
    settings: Settings = replace(machine.settings, **changes)  # type: ignore[arg-type]
    assert reload(settings.places, render(settings))


@contextmanager
def controller(machine: Machine) -> Iterator[ClientConnection]:
    """Somebody who is there for callers, and does nothing by themselves."""
    with connect(machine.events) as line:
        yield line


def event(line: ClientConnection, kind: str, within_s: float = 5.0) -> dict[str, object]:
    deadline = time.monotonic() + within_s
    while True:
        told: dict[str, object] = json.loads(line.recv(timeout=max(0.01, deadline - time.monotonic())))
        if told["type"] == kind:
            return told


# ---------------------------------------------------------------- nobody there


def test_without_a_controller_a_caller_is_greeted_and_waits_with_music_and_no_silence(machine: Machine) -> None:
    async def scene() -> None:
        async with await OwnPhone.open(bind=CARRIER) as carrier:
            call = await dial(carrier, machine)
            await call.until_answered(2)
            assert await call.until_sound(1) - call.moments.began < 1.0
            await heard(call, GREETING, TECHNICAL, MUSIC)
            await asyncio.sleep(1.5)  # some more music, to be looked at
            assert sound_gaps(call.packets, longer_than=0.3) == []
            await heard(call, GREETING, TECHNICAL, MUSIC)
            assert call.ended is None

    asyncio.run(scene())


def test_without_a_controller_a_volunteer_of_the_line_is_rung_and_talks(machine: Machine) -> None:
    async def scene() -> None:
        async with (
            await OwnPhone.register(BO, password(BO), machine.server) as bo,
            await OwnPhone.open(bind=CARRIER) as carrier,
        ):
            call = await dial(carrier, machine)
            await heard(call, GREETING, TECHNICAL, MUSIC)
            async with await OwnPhone.register(ANNA, password(ANNA), machine.server) as anna:
                ring = await anna.next_ring(10)
                assert "BørneTelefonen" in ring.from_header
                assert "<sip:116111@" in ring.from_header
                assert not [header for header in ring.headers if CANARY in "".join(header)]
                talk = await ring.answer(sound=tone(20, 1000))
                await heard(call, GREETING, TECHNICAL, MUSIC, 1000)
                await heard(talk, 440)
                await talk.hangup()
                assert (await call.until_ended(2)).by == "them"
            with pytest.raises(TimeoutError):
                await bo.next_ring(0.1)

    asyncio.run(scene())


def test_without_a_controller_a_phone_that_sends_its_callers_elsewhere_is_not_followed(machine: Machine) -> None:
    """Also where the address is written as a channel's name, which Asterisk would dial, outside too."""

    async def scene() -> None:
        server = ("127.0.0.1", machine.settings.ports.sip)
        outside = await WirePhone.open(server, "outside", host="127.0.0.9")
        anna = await WirePhone.open(server, ANNA, password(ANNA))
        way = f"sip:PJSIP%2Fanna%2Fsip%3A4511%40{outside.host}%3A{outside.port}@{outside.host}"
        anna.manners = Manners(moved_to=way)
        try:
            async with await OwnPhone.open(bind=CARRIER) as carrier:
                call = await dial(carrier, machine)
                await heard(call, GREETING, TECHNICAL, MUSIC)
                await anna.register()
                await anna.rings(10)
                anna.seen.clear()
                await anna.rings(15)  # asked once more: whatever followed the first answer is over
                assert outside.seen == []
                await call.hangup()
        finally:
            await anna.register(expires_s=0)
            anna.close()
            outside.close()

    asyncio.run(scene())


def test_who_waited_longer_is_served_first_without_a_controller(machine: Machine) -> None:
    async def scene() -> None:
        async with await OwnPhone.open(bind=CARRIER) as carrier:
            first = await dial(carrier, machine)
            await heard(first, GREETING, TECHNICAL, MUSIC)
            await asyncio.sleep(1.1)  # arrival is kept in whole seconds
            second = await dial(carrier, machine)
            await heard(second, GREETING, TECHNICAL, MUSIC)
            async with await OwnPhone.register(ANNA, password(ANNA), machine.server) as anna:
                talk = await (await anna.next_ring(10)).answer(sound=tone(20, 1000))
                await heard(first, GREETING, TECHNICAL, MUSIC, 1000)
                await heard(second, GREETING, TECHNICAL, MUSIC)
                await talk.hangup()

    asyncio.run(scene())


def test_a_phone_that_dies_in_a_talk_frees_its_caller_within_seconds(machine: Machine) -> None:
    async def scene() -> None:
        async with await OwnPhone.open(bind=CARRIER) as carrier:
            call = await dial(carrier, machine)
            await heard(call, GREETING, TECHNICAL, MUSIC)
            anna = await OwnPhone.register(ANNA, password(ANNA), machine.server)
            await (await anna.next_ring(10)).answer(sound=tone(20, 1000))
            await heard(call, GREETING, TECHNICAL, MUSIC, 1000)
            anna.drop_dead()
            died = time.monotonic()
            assert 25 < (await call.until_ended(40)).moment - died < 35, (
                "Asterisk's own limit, for the case of no controller"
            )
            await anna.close()

    asyncio.run(scene())


def test_a_closed_line_says_so_without_a_controller_and_an_old_table_shuts_nobody_out(machine: Machine) -> None:
    now = int(time.time())
    children, parents = machine.settings.lines

    async def scene(*expected: int) -> bool:
        async with await OwnPhone.open(bind=CARRIER) as carrier:
            call = await dial(carrier, machine)
            await heard(call, *expected)
            try:
                await call.until_ended(1)
            except TimeoutError:
                return False
            return True

    later = replace(children, open=(OpenSpan(now - 90, now - 60), OpenSpan(now + 600, now + 900)))
    told(machine, lines=(later, parents))
    assert asyncio.run(scene(GREETING, CLOSED))
    told(machine, lines=(later, parents), shift_s=700)
    assert not asyncio.run(scene(GREETING, TECHNICAL, MUSIC))
    told(machine, lines=(replace(children, open=(OpenSpan(now - 90, now - 60),)), parents))
    assert not asyncio.run(scene(GREETING, TECHNICAL, MUSIC))


def test_a_missing_sound_costs_words_but_never_the_caller(machine: Machine) -> None:
    children, parents = machine.settings.lines
    told(machine, lines=(replace(children, greeting=(children.greeting[0].with_name("gone.wav"),)), parents))

    async def scene() -> None:
        async with await OwnPhone.open(bind=CARRIER) as carrier:
            call = await dial(carrier, machine)
            await heard(call, TECHNICAL, MUSIC)

    asyncio.run(scene())


# ---------------------------------------------------------------- somebody there


def test_with_a_controller_the_call_is_its_own_and_only_rings_until_it_answers(machine: Machine) -> None:
    async def scene() -> None:
        with controller(machine) as line:
            async with await OwnPhone.open(bind=CARRIER) as carrier:
                call = await dial(carrier, machine)
                await call.until_ringing(2)
                came = await asyncio.to_thread(event, line, "StasisStart")
                assert came["args"] == ["call", CHILDREN]
                assert call.moments.answered is None
                await call.hangup()

    asyncio.run(scene())


def test_a_call_that_comes_back_unmarked_goes_on_in_the_last_resort_and_a_marked_one_ends(machine: Machine) -> None:
    async def scene(done: bool) -> None:
        with controller(machine) as line:
            async with await OwnPhone.open(bind=CARRIER) as carrier:
                call = await dial(carrier, machine, "35555557")
                came = await asyncio.to_thread(event, line, "StasisStart")
                assert came["args"] == ["call", PARENTS]
                channel = came["channel"]
                assert isinstance(channel, dict)
                if done:
                    assert (
                        machine.ari("POST", f"channels/{channel['id']}/variable", variable="VL_DONE", value="1")[0]
                        == 204
                    )
                assert machine.ari("POST", f"channels/{channel['id']}/continue")[0] == 204
                if done:
                    assert (await call.until_ended(2)).by == "them"
                    assert call.moments.first_packet is None
                else:
                    await heard(call, GREETING, MUSIC)

    asyncio.run(scene(done=True))
    asyncio.run(scene(done=False))


def test_a_controller_that_froze_gets_no_callers(machine: Machine) -> None:
    async def scene(*expected: int) -> None:
        with controller(machine):
            async with await OwnPhone.open(bind=CARRIER) as carrier:
                call = await dial(carrier, machine)
                if expected:
                    await heard(call, *expected)
                else:
                    await call.until_ringing(2)
                    with pytest.raises(TimeoutError):
                        await call.until_answered(0.5)

    machine.console(f"dialplan set global VL_BEAT {int(time.time())}")
    asyncio.run(scene())
    machine.console(f"dialplan set global VL_BEAT {int(time.time()) - 20}")
    asyncio.run(scene(GREETING, TECHNICAL, MUSIC))


def test_a_controller_that_does_not_keep_up_gets_callers_once_it_has_caught_up(machine: Machine) -> None:
    def beat() -> None:
        machine.console(f"dialplan set global VL_BEAT {int(time.time())}")

    async def scene() -> None:
        with controller(machine) as line:
            async with await OwnPhone.open(bind=CARRIER) as carrier:
                call = await dial(carrier, machine)
                await heard(call, GREETING, MUSIC)
                assert call.ended is None
                await asyncio.to_thread(machine.console, "dialplan set global VL_HOLD 0")
                await asyncio.sleep(1.0)  # the beat's moment is a whole second
                await asyncio.to_thread(beat)
                came = await asyncio.to_thread(event, line, "StasisStart")
                assert came["args"] == ["call", str(CHILDREN), "takeover", "2"]
                # it says nothing and dies: music goes on until the lease runs out, and after it
                again = await asyncio.to_thread(event, line, "StasisEnd", 5.0)
                assert again["channel"]["id"] == came["channel"]["id"]  # type: ignore[index]
                await asyncio.sleep(1.0)  # some more music, to be looked at
                assert sound_gaps(call.packets, longer_than=0.3) == []
                await call.hangup()

    beat()
    machine.console("dialplan set global VL_HOLD 1")
    asyncio.run(scene())


def test_a_phone_rung_by_the_controller_shows_the_line_and_is_let_go_when_nobody_takes_it(machine: Machine) -> None:
    async def scene() -> None:
        async with await OwnPhone.register(ANNA, password(ANNA), machine.server) as anna:
            with controller(machine) as line:
                for ring_id in (f"{'0a' * 10}-r1", f"{'0a' * 10}-r2"):
                    asked = machine.ari(
                        "POST",
                        "channels",
                        endpoint=f"PJSIP/{ANNA}",
                        context="leg",
                        extension="s",
                        channelId=ring_id,
                        callerId='"ForældreTelefonen" <35555557>',
                        timeout="10",
                    )
                    assert asked[0] == 200, asked
                    ring = await anna.next_ring(3)
                    assert "ForældreTelefonen" in ring.from_header
                    assert "<sip:35555557@" in ring.from_header
                    if ring_id.endswith("r2"):
                        line.close()
                    talk = await ring.answer()
                    if ring_id.endswith("r1"):
                        came = await asyncio.to_thread(event, line, "StasisStart")
                        assert came["args"] == ["ring", ring_id]
                        machine.ari("DELETE", f"channels/{ring_id}")
                    # a controller that was killed is back by then; longer than that nobody is held for it
                    assert (await talk.until_ended(7)).by == "them"

    asyncio.run(scene())


# ---------------------------------------------------------------- who may call


@pytest.mark.parametrize("name", ["stranger", "Trunk-demo", "anna", "116111"])
def test_a_call_from_another_address_is_refused_whatever_it_calls_itself(machine: Machine, name: str) -> None:
    async def scene() -> None:
        async with await OwnPhone.open(bind="127.0.0.3") as stranger:
            call = await stranger.dial(machine.address("116111"), from_user=name)
            with pytest.raises(NotAnswered) as refused:
                await call.until_answered(3)
            assert refused.value.ended.code == 401

    asyncio.run(scene())


def test_an_unknown_number_gets_404_and_so_does_whatever_a_volunteers_phone_dials(machine: Machine) -> None:
    async def refused(phone: OwnPhone, number: str, name: str) -> int | None:
        call = await phone.dial(machine.address(number), from_user=name)
        with pytest.raises(NotAnswered) as no:
            await call.until_answered(3)
        return no.value.ended.code

    async def scene() -> None:
        async with (
            await OwnPhone.open(bind=CARRIER) as carrier,
            await OwnPhone.register(ANNA, password(ANNA), machine.server) as anna,
        ):
            for number in ("112", "anna", "s", "116112", *(code for code, _ in CODES)):
                assert await refused(carrier, number, "anonymous") == 404
            for number in ("116111", "bo", "s", "99", "*", "*1", "*100", "*16", "*9", "feature", "da-kort"):
                assert await refused(anna, number, ANNA) == 404

    asyncio.run(scene())


@pytest.mark.parametrize("beats", [False, True], ids=["never there", "dead for a while"])
def test_a_code_that_nobody_can_take_up_is_answered_with_words(machine: Machine, beats: bool) -> None:
    """Never silence, and never the belief that it was taken up."""
    if beats:
        machine.console(f"dialplan set global VL_BEAT {int(time.time()) - 60}")

    async def scene() -> None:
        async with await OwnPhone.register(ANNA, password(ANNA), machine.server) as anna:
            call = await anna.dial(machine.address("*12"), from_user=ANNA)
            await call.until_answered(4)
            await call.until_ended(6)
            assert [pitch for pitch in pitches(call.heard.samples()) if pitch] == [NOT_NOW]

    asyncio.run(scene())


def test_a_stranger_cannot_dial_a_code_in_anybodys_name(machine: Machine) -> None:
    async def scene() -> None:
        async with await OwnPhone.open() as stranger:
            call = await stranger.dial(machine.address("*11"), from_user=ANNA)
            with pytest.raises(NotAnswered) as refused:
                await call.until_answered(3)
            assert refused.value.ended.code == 401

    asyncio.run(scene())


# ---------------------------------------------------------------- what is left of a caller


def test_a_callers_number_is_nowhere(machine: Machine) -> None:
    """Not in a file, not in an event, not in what can be asked; the proof for everything else comes on its own."""
    seen: list[str] = []

    async def scene() -> None:
        with controller(machine) as line, manager(machine) as ami:
            async with await OwnPhone.open(bind=CARRIER) as carrier:
                call = await dial(carrier, machine)
                came = await asyncio.to_thread(event, line, "StasisStart")
                channel = came["channel"]
                assert isinstance(channel, dict)
                seen.append(json.dumps(came))
                for name in (
                    "CALLERID(all)",
                    "CALLERID(ani-all)",
                    "CALLERID(rdnis)",
                    "CALLERID(dnid)",
                    "REDIRECTING(from-all)",
                ):
                    seen.append(machine.ari("GET", f"channels/{channel['id']}/variable", variable=name)[1])
                seen.append(machine.ari("GET", "channels")[1])
                assert (
                    "Unable"
                    in machine.ari("GET", f"channels/{channel['id']}/variable", variable="CHANNEL(pjsip,remote_uri)")[1]
                )
                machine.ari("POST", f"channels/{channel['id']}/continue")
                await heard(call, GREETING, TECHNICAL, MUSIC)
                for command in (
                    "core show channels verbose",
                    f"core show channel {channel['name']}",
                    "queue show",
                    "database show",
                ):
                    seen.append(machine.console(command))
                await call.hangup()
                ended = await asyncio.to_thread(event, line, "StasisEnd")
                seen.append(json.dumps(ended))
            ami.settimeout(0.3)
            try:
                while part := ami.recv(65536):
                    seen.append(part.decode())
            except TimeoutError:
                pass

    asyncio.run(scene())
    assert "116111" in "".join(seen), "the channel itself was looked at"
    assert [text for text in seen if CANARY in text or "Sofie" in text] == []
    files = [path for path in machine.state.rglob("*") if path.is_file()]
    assert len(files) > 20
    assert [path for path in files if CANARY.encode() in path.read_bytes()] == []


@contextmanager
def manager(machine: Machine) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", machine.settings.ports.ami), timeout=3) as line:
        line.recv(100)
        line.sendall(f"Action: Login\r\nUsername: voiceline\r\nSecret: {machine.settings.ami_secret}\r\n\r\n".encode())
        assert b"Success" in line.recv(4096)
        yield line
