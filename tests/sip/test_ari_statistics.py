"""Packets of many legs asked for in one piece: however the answers are cut, late, wrong or missing."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sip.ari import statistics
from sip.ari.http import Address
from sip.ari.statistics import Counts, NoAnswerError, Statistics, answers, counts_of
from tests.sip.measure_sound import asked

pytestmark = pytest.mark.anyio

GONE = b'{"message":"Channel not found"}'


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def body(came: int, went: int) -> bytes:
    return b'{"txcount":%d,"rxcount":%d,"txploss":0,"channel_uniqueid":"1.2","rxjitter":0.0}' % (went, came)


def answer(content: bytes, status: str = "200 OK") -> bytes:
    head = f"HTTP/1.1 {status}\r\nServer: -\r\nContent-type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
    return head.encode() + content


MANY = [(body(1, 2), Counts(1, 2)), (GONE, None), (body(70_000, 0), Counts(70_000, 0)), (b"", None)]


@given(st.lists(st.sampled_from(MANY), max_size=6), st.lists(st.integers(0, 1200), max_size=8))
def test_answers_are_read_however_they_are_cut(given_: list[tuple[bytes, Counts | None]], cuts: list[int]) -> None:
    data = b"".join(answer(content) for content, _ in given_)
    places = sorted({min(cut, len(data)) for cut in cuts} | {0, len(data)})
    found: list[Counts | None] = []
    rest = b""
    for begin, end in itertools.pairwise(places):
        some, rest = answers(rest + data[begin:end])
        found += some
    assert (found, rest) == ([counts for _, counts in given_], b"")


@given(st.binary(max_size=300))
def test_nothing_whatever_is_taken_for_packets_by_mistake(content: bytes) -> None:
    counts = counts_of(content)
    assert counts is None or (b'"rxcount":' in content and b'"txcount":' in content)
    with suppress(NoAnswerError):
        answers(content)


Server = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def server(serve: Server) -> AsyncIterator[Statistics]:
    serving: list[asyncio.Task[None] | None] = []

    async def until_gone(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        serving.append(asyncio.current_task())
        with suppress(OSError, asyncio.IncompleteReadError):
            await serve(reader, writer)
        writer.close()

    listening = await asyncio.start_server(until_gone, "127.0.0.1", 0)
    asking = Statistics(Address("127.0.0.1", listening.sockets[0].getsockname()[1], "user", "secret"))
    try:
        yield asking
    finally:
        asking.close()
        listening.close()
        await asyncio.gather(*(task for task in serving if task is not None))


async def ask(asking: Statistics, *channels: str) -> Sequence[Counts | None] | None:
    async with asyncio.timeout(5):
        return await asked(asking, [asking.question(each) for each in channels])


async def test_the_answers_are_in_the_order_of_the_question_over_one_connection_with_the_password() -> None:
    connections: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(b"")
        while request := await reader.readuntil(b"\r\n\r\n"):
            connections[-1] += request
            number = int(request.split(b"/")[3])
            writer.write(answer(body(number, number + 1)))

    async with server(serve) as asking:
        for _ in range(3):
            assert await ask(asking, "5", "3", "900") == [Counts(5, 6), Counts(3, 4), Counts(900, 901)]
        many = [str(number) for number in range(200)]
        assert await ask(asking, *many) == [Counts(number, number + 1) for number in range(200)]
    assert len(connections) == 1
    assert connections[0].count(b"Authorization: Basic dXNlcjpzZWNyZXQ=") == 209


@pytest.mark.parametrize("reply", [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\n", answer(GONE)[:-3]])
async def test_who_does_not_answer_is_said_so_and_asked_again_over_a_new_connection(reply: bytes) -> None:
    times: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        times.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(reply if len(times) == 1 else answer(body(1, 1)))
        await writer.drain()
        if len(times) == 1:
            writer.close()

    async with server(serve) as asking:
        assert await ask(asking, "1") is None
        assert await ask(asking, "1") == [Counts(1, 1)]


async def test_who_never_answers_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statistics, "TIMEOUT_S", 0.1)

    async def serve(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with server(serve) as asking:
        assert await ask(asking, "1") is None


async def test_nobody_who_listens_is_no_answer() -> None:
    asking = Statistics(Address("127.0.0.1", 1, "user", "secret"))
    assert await ask(asking, "1") is None
    asking.close()
