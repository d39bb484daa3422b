"""The server on a real socket, in the controller's loop: streams, the end, and a port that is taken."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from ivr.web import stream
from ivr.web.port import listen
from ivr.web.serve import serve
from tests.web.house import DEADLINE_S, EVENTS, House


async def started(house: House, app: ASGIApp) -> tuple[asyncio.Task[None], int]:
    """A server that takes connections, and its port: a free one, so another when somebody is quicker to take it."""
    while True:
        with listen("127.0.0.1", 0) as probe:
            port: int = probe.getsockname()[1]
        ready = asyncio.Event()
        task = asyncio.create_task(serve(app, "127.0.0.1", port, closing=house.closing, ready=ready.set))
        seen = asyncio.create_task(ready.wait())
        await asyncio.wait({task, seen}, return_when=asyncio.FIRST_COMPLETED)
        if ready.is_set():
            return task, port
        seen.cancel()
        with suppress(OSError):
            await task
            raise AssertionError("the server ended before it was ready")


@asynccontextmanager
async def serving(house: House, app: ASGIApp | None = None) -> AsyncIterator[int]:
    """The port."""
    task, port = await started(house, app or house.app())
    try:
        yield port
    finally:
        task.cancel()
        async with asyncio.timeout(DEADLINE_S):
            await asyncio.gather(task, return_exceptions=True)


class Client:
    """Reads the lines of one stream."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self.status = 0
        self.kind = ""
        self.first_id = ""
        self.comments = 0

    @staticmethod
    async def open(port: int, target: str = "/api/events/stream", last_id: str | None = None) -> Client:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        more = "" if last_id is None else f"Last-Event-ID: {last_id}\r\n"
        writer.write(
            f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {EVENTS}\r\n{more}\r\n".encode()
        )
        client = Client(reader, writer)
        head = await client._until(b"\r\n\r\n")
        client.status = int(head.split()[1])
        client.kind = head
        if client.status == 200 and "event-stream" in head:
            client.first_id = (await client._block())["id"]
        return client

    async def ids(self, count: int) -> list[int]:
        found: list[int] = []
        while len(found) < count:
            block = await self._block()
            if "data" in block:
                found.append(int(block["id"]))
        return found

    async def comment(self) -> None:
        while not self.comments:
            await self._block()

    async def end(self) -> None:
        """Until the server has closed it."""
        async with asyncio.timeout(DEADLINE_S):
            await self._reader.read()
        self.close()

    def close(self) -> None:
        self._writer.close()

    async def _block(self) -> dict[str, str]:
        """One block of the stream, chunk sizes of HTTP taken out."""
        block: dict[str, str] = {}
        while True:
            line = (await self._until(b"\n")).rstrip("\r\n")
            name, colon, value = line.partition(": ")
            if not line and (block or self.comments):
                return block
            if colon and not name:
                self.comments += 1
            elif colon:
                block[name] = value

    async def _until(self, end: bytes) -> str:
        async with asyncio.timeout(DEADLINE_S):
            return (await self._reader.readuntil(end)).decode()


def test_a_stream_resumes_after_the_last_id_without_loss_or_repeat() -> None:
    async def cut_off_again_and_again() -> tuple[list[int], House]:
        house = House()
        found: list[int] = []
        async with serving(house) as port:
            last = "0"
            for count in (1, 7, 3, 12, 2):
                client = await Client.open(port, last_id=last)
                assert (client.status, client.first_id) == (200, last)
                happening = asyncio.create_task(house.feed.happen(count))
                found += await client.ids(count)
                last = str(found[-1])
                client.close()  # in the middle of whatever comes
                await happening
            client = await Client.open(port, last_id=last)
            found += await client.ids(house.feed.events - len(found))
            client.close()
        return found, house

    found, house = asyncio.run(cut_off_again_and_again())
    assert found == list(range(1, house.feed.events + 1))


def test_a_first_visit_begins_with_what_happens_from_now_on_and_is_told_where_that_is() -> None:
    async def visit() -> None:
        house = House()
        async with serving(house) as port:
            client = await Client.open(port)
            assert client.first_id == "20"
            await house.feed.happen()
            assert await client.ids(1) == [21]
            client.close()
            whole = await Client.open(port, "/api/events/stream?after=0")
            assert await whole.ids(21) == list(range(1, 22))
            whole.close()
            header_first = await Client.open(port, "/api/events/stream?after=0", last_id="19")
            assert await header_first.ids(2) == [20, 21]
            header_first.close()

    asyncio.run(visit())


def test_silence_is_broken_by_comments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream.EventStream.__init__, "__defaults__", (0.05,))

    async def listen_to_silence() -> None:
        async with serving(House()) as port:
            client = await Client.open(port)
            await client.comment()
            client.close()

    asyncio.run(listen_to_silence())


def test_who_leaves_is_noticed_and_nothing_is_left_of_them() -> None:
    async def come_and_go() -> None:
        house = House()
        async with serving(house) as port:
            clients = [await Client.open(port) for _ in range(5)]
            await _until_followers(house, 5)
            for client in clients:
                client.close()
            await _until_followers(house, 0)

    asyncio.run(come_and_go())


def test_there_are_never_so_many_streams_that_the_house_suffers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ivr.web.app.MOST_STREAMS", 2)

    async def crowd() -> None:
        house = House()
        async with serving(house) as port:
            clients = [await Client.open(port) for _ in range(2)]
            await _until_followers(house, 2)
            refused = await Client.open(port)
            assert refused.status == 503
            for client in (*clients, refused):
                client.close()
            await _until_followers(house, 0)
            again = await Client.open(port)
            assert again.status == 200
            again.close()

    asyncio.run(crowd())


def test_the_end_closes_streams_and_gives_the_port_back() -> None:
    async def end_with_a_stream_open() -> None:
        house = House()
        async with serving(house) as port:
            client = await Client.open(port)
            house.closing.set()
            await client.end()
        assert house.feed.followers == 0
        listen("127.0.0.1", port).close()
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", port)
        assert {task for task in asyncio.all_tasks() if task is not asyncio.current_task()} == set()

    asyncio.run(end_with_a_stream_open())


def test_a_port_that_is_taken_is_told_at_once() -> None:
    async def twice() -> None:
        house = House()
        async with serving(house) as port:
            with pytest.raises(OSError, match="in use"):
                await serve(house.app(), "127.0.0.1", port)

    asyncio.run(twice())


def test_signals_stay_the_controllers() -> None:
    async def look() -> None:
        before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
        async with serving(House()):
            assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)) == before

    asyncio.run(look())


def test_a_question_that_takes_long_does_not_hold_up_the_loop() -> None:
    async def ask_slowly() -> None:
        house, released = House(), asyncio.Event()
        loop = asyncio.get_running_loop()

        def slow(token: str) -> set[str]:
            asyncio.run_coroutine_threadsafe(_wait(released), loop).result(DEADLINE_S)
            return {"admin"}

        house.tokens = slow  # type: ignore[method-assign]
        async with serving(house) as port:
            opening = asyncio.create_task(Client.open(port, "/api/calls"))
            await asyncio.sleep(0.05)
            assert not opening.done()
            released.set()  # would never be heard if the loop waited for the thread
            client = await opening
            assert client.status == 200
            client.close()

    asyncio.run(ask_slowly())


def test_no_line_of_the_log_holds_a_visitors_address(caplog: pytest.LogCaptureFixture) -> None:
    async def broken(scope: Scope, receive: Receive, send: Send) -> None:
        raise RuntimeError("planted")

    async def visit() -> None:
        house = House()
        async with serving(house) as port:
            client = await Client.open(port)
            client.close()
        async with serving(House(), broken) as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\nrubbish\r\n\r\n")
            async with asyncio.timeout(DEADLINE_S):
                await reader.read(10)
            writer.close()

    with caplog.at_level("DEBUG", "uvicorn"):
        asyncio.run(visit())
    assert "127.0.0.1" not in caplog.text


async def _wait(released: asyncio.Event) -> None:
    await released.wait()


async def _until_followers(house: House, count: int) -> None:
    async with asyncio.timeout(DEADLINE_S):
        while house.feed.followers != count:
            await asyncio.sleep(0.005)
