"""What happens to us when something happens to Asterisk: killed, frozen, away, or taken over by another controller."""

from __future__ import annotations

import asyncio
import math
import os
import signal
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from dataclasses import replace

import pytest
from websockets.asyncio.client import ClientConnection

from ivr.core.commands import Answer, Play, Ring
from ivr.core.ids import CallId, PromptId, VolunteerId, play_id, ring_id
from ivr.core.news import CallArrived, CallGone, DigitPressed, News, PlayEnded, Result, RingGone
from sip.ari import api
from sip.ari.http import Http
from sip.ari.model import Event
from sip.ari.socket import APP, HEARD, EventSocket, ReplacedError
from tests.fakes.phones import Declines
from tests.sip.house import LINE, House, open_house, open_rig, the_task, until
from tests.sip.wirephone import WirePhone

pytestmark = [pytest.mark.anyio, pytest.mark.asterisk]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    with open_house() as house:
        yield house


@pytest.fixture
async def running(house: House) -> AsyncIterator[House]:
    """Runs at the beginning, whatever the test before has done to it."""
    with suppress(AssertionError):
        os.kill(house.pid, signal.SIGCONT)
        yield house
        return
    house.start()
    yield house


async def test_when_asterisk_is_killed_and_starts_again_we_are_back_and_hear_everything(running: House) -> None:
    async with open_rig(running) as rig:
        os.kill(running.pid, signal.SIGKILL)
        await until(lambda: rig.downs == 1)
        assert await rig.exchange.perform(Answer(CallId("0" * 20))) is Result.GONE
        with pytest.raises(ConnectionError):
            await rig.exchange.survey()
        await asyncio.to_thread(running.start)
        await until(lambda: rig.ups == 2, within_s=10)
        caller = await rig.caller(LINE)
        await rig.phone(VolunteerId("anna"), Declines(0.1))
        ring = Ring(ring_id(caller.id, 1), VolunteerId("anna"), LINE, "x", "116111", 20)
        assert await rig.exchange.perform(ring) is Result.DONE
        await rig.log.until(RingGone, ring=ring.ring)
        await caller.presses("1")
        await caller.hangs_up()
        await rig.log.until(CallGone, call=caller.id)


async def test_a_caller_of_before_the_restart_of_asterisk_is_forgotten(running: House) -> None:
    async with open_rig(running) as rig:
        await rig.caller(LINE)
        os.kill(running.pid, signal.SIGKILL)
        await until(lambda: rig.downs == 1)
        await asyncio.to_thread(running.start)
        await until(lambda: rig.ups == 2, within_s=10)
        assert (await rig.exchange.survey()).calls == {}
        assert rig.exchange._parties.known_before(math.inf) == frozenset()


async def test_a_frozen_asterisk_is_noticed_within_three_seconds_and_a_thawed_one_used_again(running: House) -> None:
    async with open_rig(running) as rig:
        caller = await rig.caller(LINE)
        os.kill(running.pid, signal.SIGSTOP)
        try:
            began = time.monotonic()
            await until(lambda: rig.downs == 1)
            assert time.monotonic() - began < 3.3
            began = time.monotonic()
            assert await rig.exchange.perform(Answer(caller.id)) in (Result.TIMEOUT, Result.UNREACHABLE)
            assert time.monotonic() - began < 2.5
        finally:
            os.kill(running.pid, signal.SIGCONT)
        await until(lambda: rig.ups == 2, within_s=10)
        assert await rig.exchange.perform(Answer(caller.id)) is Result.DONE
        await caller.presses("7")
        await rig.log.until(DigitPressed, call=caller.id)


async def test_an_application_that_outlives_its_connection_is_subscribed_to_again(running: House) -> None:
    """A caller keeps it alive; without subscribing anew the rings of the next connection would end unheard."""
    async with open_rig(running) as first:
        caller = await first.caller(LINE)
        first.exchange._socket.doubt()
        await until(lambda: first.ups == 2)
        assert caller.id in (await first.exchange.survey()).calls
        await first.phone(VolunteerId("anna"), Declines(0.1))
        ring = Ring(ring_id(caller.id, 1), VolunteerId("anna"), LINE, "x", "116111", 20)
        assert await first.exchange.perform(ring) is Result.DONE
        await first.log.until(RingGone, ring=ring.ring)
        await caller.hangs_up()
        await first.log.until(CallGone, call=caller.id)


async def test_news_waits_until_the_owner_has_surveyed(running: House) -> None:
    exchange = running.exchange()
    told: list[News] = []
    surveying, go_on = asyncio.Event(), asyncio.Event()

    async def up() -> None:
        surveying.set()
        await go_on.wait()

    task = asyncio.create_task(exchange.run(told.append, up, lambda: None))
    await asyncio.wait_for(surveying.wait(), 5)
    phone = await WirePhone.open(running.server, host="127.0.0.2")
    phone.call("116111")
    await phone.wait(lambda m: m.status == 180)
    await until(lambda: exchange._held is not None and len(exchange._held) == 1)
    await phone.hang_up()
    await until(lambda: exchange._held is not None and len(exchange._held) == 2)
    assert told == []
    go_on.set()
    await until(lambda: len(told) == 2)
    assert [type(news) for news in told] == [CallArrived, CallGone]
    assert told[0].at < told[1].at, "stamped when read, not when let in"
    phone.close()
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def test_who_is_replaced_stops_for_good_and_says_so(running: House) -> None:
    http = Http(running.ari)
    heard: list[Event] = []
    ups = [0, 0]

    def counted(who: int) -> None:
        ups[who] += 1

    older = EventSocket(running.ari, http, heard.append)
    newer = EventSocket(running.ari, http, heard.append)
    first = asyncio.create_task(older.run(lambda: counted(0), lambda: None))
    await until(lambda: ups[0] == 1)
    second = asyncio.create_task(newer.run(lambda: counted(1), lambda: None))
    with pytest.raises(ReplacedError):
        await asyncio.wait_for(first, 5)
    await until(lambda: ups[1] == 1)
    second.cancel()
    http.close()
    assert ups == [1, 1]


async def test_a_wrong_password_is_said_once_and_without_it(running: House, caplog: pytest.LogCaptureFixture) -> None:
    wrong = replace(running.ari, password="wrong-password")
    http, ups = Http(wrong), []
    tries = asyncio.create_task(EventSocket(wrong, http, lambda _event: None).run(lambda: ups.append(1), lambda: None))
    await until(lambda: len(caplog.records) > 0)
    assert not (await asyncio.wait({tries}, timeout=0.5))[0], "it goes on trying: the secret may be put right"
    tries.cancel()
    http.close()
    assert ups == []
    assert len(caplog.records) == 1
    assert "wrong-password" not in caplog.text


async def test_who_is_stopped_in_the_moment_in_which_the_connection_is_lost_does_stop(running: House) -> None:
    http, ups = Http(running.ari), []
    socket = EventSocket(running.ari, http, lambda _event: None)
    until_stopped = asyncio.create_task(socket.run(lambda: ups.append(1), lambda: None))
    await until(lambda: len(ups) == 1)
    the_task(EventSocket._probe).add_done_callback(lambda _lost: until_stopped.cancel())
    socket.doubt()
    await until(until_stopped.done)
    assert until_stopped.cancelled()
    http.close()


async def test_who_is_stopped_while_the_connection_is_being_closed_leaves_none_open(
    running: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A frozen Asterisk does not answer the goodbye; who is stopped while waiting for it has closed all the same."""
    http, opened = Http(running.ari), list[ClientConnection]()
    closing = asyncio.Event()
    close = ClientConnection.close

    async def seen(connection: ClientConnection, code: int = 1000, reason: str = "") -> None:
        opened.append(connection)
        closing.set()
        await close(connection, code, reason)

    monkeypatch.setattr(ClientConnection, "close", seen)
    socket, ups = EventSocket(running.ari, http, lambda _event: None), list[None]()
    until_stopped = asyncio.create_task(socket.run(lambda: ups.append(None), lambda: None))
    await until(lambda: len(ups) == 1)
    os.kill(running.pid, signal.SIGSTOP)
    try:
        socket.doubt()
        await asyncio.wait_for(closing.wait(), 5)
        until_stopped.cancel()
        await until(until_stopped.done)
    finally:
        os.kill(running.pid, signal.SIGCONT)
    http.close()
    assert opened
    assert all(connection.transport.is_closing() for connection in opened)


async def test_what_we_gave_up_while_asterisk_stood_still_does_not_count_as_another_controller(running: House) -> None:
    """Asterisk serves what has piled up in any order: one of our own connections of before may replace the last."""
    async with open_rig(running) as rig:
        address = running.ari
        begun = rig.downs
        os.kill(running.pid, signal.SIGSTOP)
        await until(lambda: rig.downs > begun)
        await until(lambda: rig.exchange._socket._gave_up_at > 0.0, within_s=8.0)
        os.kill(running.pid, signal.SIGCONT)
        await until(lambda: rig.ups > 1)
        ups = rig.ups
        # as one that was given up: it says what it wants and is gone
        _, writer = await asyncio.open_connection(address.host, address.port)
        key = "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
        writer.write(
            f"GET /ari/events?app={APP} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"{key}Authorization: {address.authorization}\r\n\r\n".encode()
        )
        writer.close()
        await until(lambda: rig.ups > ups, within_s=8.0)
        assert (await rig.exchange.survey()).calls == {}


async def test_only_what_becomes_news_is_sent_to_us(running: House) -> None:
    async with open_rig(running) as rig:
        http = Http(running.ari)
        application = (await http.ask(api.applications_get(APP))).value
        http.close()
        assert application is not None
        assert application.channel_ids == ("__AST_CHANNEL_ALL_TOPIC",)
        assert application.bridge_ids == ("__AST_BRIDGE_ALL_TOPIC",)
        assert application.device_names == ()
        assert len(application.events_allowed) == len(HEARD)
        assert rig.ups == 1


async def test_when_a_command_does_not_reach_asterisk_everything_is_looked_at_again(
    running: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_rig(running) as rig:
        caller = await rig.caller(LINE)
        with monkeypatch.context() as broken:
            broken.setattr(rig.exchange._http, "_asked", unreachable)
            assert await rig.exchange.perform(Answer(caller.id)) is Result.UNREACHABLE
        await until(lambda: rig.ups == 2)
        assert rig.downs == 1


async def unreachable(*_: object) -> tuple[int, bytes]:
    raise ConnectionRefusedError


async def test_whatever_connection_is_lost_the_owner_is_told_once_and_surveys_again(running: House) -> None:
    async with open_rig(running) as rig:
        assert rig.exchange.ami._writer is not None
        rig.exchange.ami._writer.transport.abort()
        await until(lambda: rig.ups == 2)
        assert rig.downs == 1


async def test_words_that_ended_while_nobody_listened_are_said_to_have_ended(
    running: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise a caller would sit in silence until the latest moment at which those words may end."""
    async with open_rig(running) as rig:
        caller = await rig.caller(LINE)
        assert await rig.exchange.perform(Answer(caller.id)) is Result.DONE
        play = play_id(caller.id, 1)
        with monkeypatch.context() as deaf:
            deaf.setattr(rig.exchange._socket, "_heard", lambda _event: None)
            assert await rig.exchange.perform(Play(caller.id, play, "da", (PromptId("kort"),))) is Result.DONE
            async with asyncio.timeout(5):
                while (await rig.exchange._http.ask(api.playbacks_get(play))).result is Result.DONE:
                    await asyncio.sleep(0.05)
        rig.exchange._socket.doubt()
        await rig.log.until(PlayEnded, play=play)
