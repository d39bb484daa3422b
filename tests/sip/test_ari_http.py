"""The lean HTTP client: every way a request can go has a name, and nothing is asked twice that must not be."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from ivr.core.news import Result
from sip.ari import api
from sip.ari.http import Address, Http, Reply, result_of

pytestmark = pytest.mark.anyio

SECRET_WORDS = "12345678-in-the-answer"
Behave = Callable[["Server", asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@dataclass
class Server:
    """Answers as told; counts."""

    behave: Behave
    requests: list[str] = field(default_factory=list)
    connections: int = 0
    at_once: int = 0
    most_at_once: int = 0
    port: int = 0

    @property
    def address(self) -> Address:
        return Address("127.0.0.1", self.port, "me", "a-password")

    async def one(self, reader: asyncio.StreamReader) -> str:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = next((int(x.split(":")[1]) for x in head.split("\r\n") if x.lower().startswith("content-length")), 0)
        await reader.readexactly(length)
        self.requests.append(head.split("\r\n")[0])
        return head

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            await self.behave(self, reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


def answer(status: int, body: str = "[]", more: str = "") -> bytes:
    return f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\n{more}\r\n{body}".encode()


@asynccontextmanager
async def server(behave: Behave) -> AsyncIterator[tuple[Server, Http]]:
    here = Server(behave)
    listening = await asyncio.start_server(here.serve, "127.0.0.1", 0)
    here.port = listening.sockets[0].getsockname()[1]
    http = Http(here.address, size=4, timeout_s=0.5)
    try:
        yield here, http
    finally:
        http.close()
        listening.close()
        await listening.wait_closed()


async def keeps_alive(here: Server, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while True:
        await here.one(reader)
        here.at_once += 1
        here.most_at_once = max(here.most_at_once, here.at_once)
        await asyncio.sleep(0.01)
        here.at_once -= 1
        writer.write(answer(200))


async def answers_once_then_closes(here: Server, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await here.one(reader)
    writer.write(answer(200))
    await here.one(reader)  # read, and then gone without a word


async def never_answers(here: Server, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await here.one(reader)
    await reader.read()


async def answers_half(here: Server, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await here.one(reader)
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n[")
    if here.connections > 1:
        await reader.read()


async def speaks_something_else(here: Server, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await here.one(reader)
    writer.write(f"{SECRET_WORDS}\r\n\r\n".encode())


async def refuses(here: Server, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await here.one(reader)
    writer.write(answer(500, f'{{"error":"{SECRET_WORDS}"}}'))


async def test_requests_one_after_the_other_share_a_connection() -> None:
    async with server(keeps_alive) as (here, http):
        for _ in range(5):
            assert await http.ask(api.channels_list()) == Reply(Result.DONE, ())
        assert here.connections == 1


async def test_requests_at_once_run_side_by_side_up_to_the_bound() -> None:
    async with server(keeps_alive) as (here, http):
        replies = await asyncio.gather(*(http.ask(api.channels_list()) for _ in range(20)))
        assert {reply.result for reply in replies} == {Result.DONE}
        assert here.most_at_once == 4
        assert here.connections <= 4


async def test_a_kept_connection_that_was_closed_before_any_answer_is_asked_again_once() -> None:
    async with server(answers_once_then_closes) as (here, http):
        assert (await http.ask(api.channels_list())).result is Result.DONE
        assert (await http.ask(api.channels_answer("c"))).result is Result.DONE
        assert here.requests.count("POST /ari/channels/c/answer HTTP/1.1") == 2


async def test_what_must_not_be_asked_twice_is_not() -> None:
    async with server(answers_once_then_closes) as (here, http):
        assert (await http.ask(api.channels_list())).result is Result.DONE
        reply = await http.ask(api.channels_answer("c"), repeatable=False)
        assert reply.result is Result.UNREACHABLE
        assert here.requests.count("POST /ari/channels/c/answer HTTP/1.1") == 1


async def test_an_answer_that_had_begun_is_not_asked_for_again() -> None:
    async with server(answers_half) as (here, http):
        assert (await http.ask(api.channels_list())).result is Result.UNREACHABLE
        assert len(here.requests) == 1


async def test_no_answer_in_time_is_a_timeout_and_the_next_question_gets_its_own_answer() -> None:
    async with server(never_answers) as (here, http):
        assert (await http.ask(api.channels_list(), timeout_s=0.1)).result is Result.TIMEOUT
        here.behave = keeps_alive
        assert (await http.ask(api.channels_list())).result is Result.DONE
        assert here.connections == 2


async def test_time_spent_waiting_for_a_turn_counts() -> None:
    async with server(never_answers) as (_here, http):
        replies = await asyncio.gather(*(http.ask(api.channels_list(), timeout_s=0.2) for _ in range(12)))
        assert {reply.result for reply in replies} == {Result.TIMEOUT}


async def test_nobody_there_is_unreachable() -> None:
    async with server(keeps_alive) as (here, _http):
        address = here.address
    http = Http(address)
    assert (await http.ask(api.channels_list())).result is Result.UNREACHABLE


@pytest.mark.parametrize("behave", [speaks_something_else, refuses])
async def test_words_from_outside_go_nowhere(behave: Behave, caplog: pytest.LogCaptureFixture) -> None:
    async with server(behave) as (_here, http):
        reply = await http.ask(api.channels_list())
    assert reply.result in (Result.REFUSED, Result.UNREACHABLE)
    assert SECRET_WORDS not in repr(reply)
    assert SECRET_WORDS not in caplog.text
    assert "a-password" not in repr(http._address)


async def test_a_request_that_was_given_up_leaves_no_answer_behind_for_another() -> None:
    async with server(never_answers) as (here, http):
        asking = asyncio.create_task(http.ask(api.channels_list()))
        async with asyncio.timeout(5):
            while not here.requests:
                await asyncio.sleep(0.01)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        here.behave = keeps_alive
        assert (await http.ask(api.channels_list())).result is Result.DONE


@pytest.mark.parametrize(
    ("status", "result"),
    [
        (200, Result.DONE),
        (201, Result.DONE),
        (204, Result.DONE),
        (404, Result.GONE),
        (409, Result.ALREADY),
        (412, Result.NOT_NOW),
        (422, Result.NOT_NOW),
        (400, Result.REFUSED),
        (401, Result.REFUSED),
        (500, Result.REFUSED),
        (503, Result.REFUSED),
    ],
)
async def test_every_status_has_a_name(status: int, result: Result) -> None:
    assert result_of(status) is result
