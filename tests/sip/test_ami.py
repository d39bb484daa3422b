"""The manager client: nothing is kept for later, nobody waits for ever, and no words get through."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from ivr.core.ids import VolunteerId
from ivr.core.news import Result, VolunteerReachable, VolunteerUnreachable
from sip.ami import Ami, AmiAddress, Phones
from sip.ami.wire import Fields, block, next_block
from sip.ari import api
from sip.ari.http import Http
from tests.sip.house import LINE, House, open_rig, shared_house, the_task, until

pytestmark = pytest.mark.anyio

WORDS = "12345678-from-outside"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@dataclass
class Manager:
    """A manager interface that answers as told: action -> the fields of its answer; None: no answer at all."""

    answer: Callable[[Fields], Fields | None]
    banner: bytes = b"Asterisk Call Manager/11.0.0\r\n"
    asked: list[Fields] = field(default_factory=list)
    writers: list[asyncio.StreamWriter] = field(default_factory=list)
    port: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writers.append(writer)
        writer.write(self.banner)
        with suppress(ConnectionError):
            while True:
                asked = await next_block(reader)
                self.asked.append(asked)
                answer = self.answer(asked)
                if answer is not None:
                    self.send({**answer, "ActionID": asked["ActionID"]})
        writer.close()

    def send(self, fields: Fields) -> None:
        self.writers[-1].write("".join(f"{key}: {value}\r\n" for key, value in fields.items()).encode() + b"\r\n")

    def actions(self) -> list[str]:
        return [each["Action"] for each in self.asked if each["Action"] != "Ping"]


def agrees(_asked: Fields) -> Fields:
    return {"Response": "Success", "Message": WORDS}


@dataclass
class Seen:
    ups: int = 0
    downs: int = 0

    def up(self) -> None:
        self.ups += 1

    def down(self) -> None:
        self.downs += 1


@asynccontextmanager
async def manager(answer: Callable[[Fields], Fields | None] = agrees) -> AsyncIterator[tuple[Manager, Ami, Seen]]:
    here, seen = Manager(answer), Seen()
    server = await asyncio.start_server(here.serve, "127.0.0.1", 0)
    here.port = server.sockets[0].getsockname()[1]
    ami = Ami(AmiAddress("127.0.0.1", here.port, "voiceline", "a-secret"), timeout_s=0.5)
    running = asyncio.create_task(ami.run(seen.up, seen.down))
    try:
        yield here, ami, seen
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
        server.close()
        for writer in here.writers:
            writer.close()


async def test_logs_in_and_acts() -> None:
    async with manager() as (here, ami, seen):
        await until(lambda: seen.ups == 1)
        assert await ami.set_variable("c1", "VL_DONE", "1") is Result.DONE
        assert here.actions() == ["Login", "Setvar"]
        assert here.asked[-1]["Channel"] == "c1"


async def test_who_is_stopped_in_the_moment_in_which_the_connection_fails_does_stop() -> None:
    async with manager() as (here, _ami, seen):
        await until(lambda: seen.ups == 1)
        running = the_task(Ami.run)
        the_task(Ami._read).add_done_callback(lambda _failed: running.cancel())
        here.writers[-1].transport.abort()
        await until(running.done)
        assert running.cancelled()


async def test_an_action_during_an_outage_fails_at_once_and_is_not_done_later() -> None:
    async with manager() as (here, ami, seen):
        await until(lambda: seen.ups == 1)
        here.banner = b"something else\r\n"
        here.writers[-1].transport.abort()
        await until(lambda: seen.downs == 1)
        assert await ami.redirect("c1", "last-resort", "s") is Result.UNREACHABLE
        here.banner = b"Asterisk Call Manager/11.0.0\r\n"
        await until(lambda: seen.ups == 2)
        assert await ami.set_global("VL_BEAT", "1") is Result.DONE
        assert "Redirect" not in here.actions()


async def test_an_action_under_way_when_the_connection_breaks_is_unreachable_and_not_repeated() -> None:
    async with manager(lambda asked: None if asked["Action"] == "Redirect" else agrees(asked)) as (here, ami, seen):
        await until(lambda: seen.ups == 1)
        acting = asyncio.create_task(ami.redirect("c1", "last-resort", "s"))
        await until(lambda: "Redirect" in here.actions())
        here.writers[-1].transport.abort()
        assert await acting is Result.UNREACHABLE
        await until(lambda: seen.ups == 2)
        assert here.actions().count("Redirect") == 1


async def test_no_answer_is_a_timeout_and_a_late_one_harms_nobody() -> None:
    async with manager(lambda asked: None if asked["Action"] == "Hangup" else agrees(asked)) as (here, ami, seen):
        await until(lambda: seen.ups == 1)
        assert await ami.hang_up("c1", 16) is Result.TIMEOUT
        here.send({"Response": "Error", "Message": WORDS, "ActionID": here.asked[-1]["ActionID"]})
        assert await ami.set_global("X", "1") is Result.DONE


async def test_a_peer_that_no_longer_answers_is_left_within_three_seconds() -> None:
    frozen = asyncio.Event()
    async with manager(lambda asked: None if frozen.is_set() else agrees(asked)) as (_here, _ami, seen):
        await until(lambda: seen.ups == 1)
        frozen.set()
        await until(lambda: seen.downs == 1, within_s=3.3)


async def test_a_wrong_secret_is_said_once_without_the_secret(caplog: pytest.LogCaptureFixture) -> None:
    refused = {"Response": "Error", "Message": WORDS}
    async with manager(lambda _asked: refused) as (here, _ami, seen):
        await until(lambda: here.actions().count("Login") >= 3)
        assert seen.ups == 0
    assert len([record for record in caplog.records if "login" in record.getMessage()]) == 1
    assert "a-secret" not in caplog.text
    assert WORDS not in caplog.text


async def test_whoever_speaks_something_else_is_not_asterisk() -> None:
    async with manager() as (here, _ami, seen):
        await until(lambda: seen.ups == 1)
        here.banner = b"\xff" * 2_000_000
        here.writers[-1].transport.abort()
        await until(lambda: len(here.writers) >= 3)
        assert seen.ups == 1


async def test_a_list_is_given_whole() -> None:
    def lists(asked: Fields) -> Fields:
        if asked["Action"] != "QueueStatus":
            return agrees(asked)
        return {"Response": "Success", "EventList": "start"}

    async with manager(lists) as (here, ami, seen):
        await until(lambda: seen.ups == 1)
        asking = asyncio.create_task(ami.ask("QueueStatus", {}))
        await until(lambda: "QueueStatus" in here.actions())
        number = next(each["ActionID"] for each in here.asked if each["Action"] == "QueueStatus")
        here.send({"Event": "QueueMember", "Name": "anna", "ActionID": number})
        here.send({"Event": "QueueStatusComplete", "EventList": "Complete", "ActionID": number})
        answer = await asking
        assert isinstance(answer, tuple)
        assert [part.get("Name") for part in answer] == [None, "anna", None]


@pytest.mark.parametrize("value", ["1\r\nAction: Command", "1\nX: y", "\r"])
def test_a_value_cannot_smuggle_in_an_action(value: str) -> None:
    with pytest.raises(ValueError, match="must be one line"):
        block("Setvar", "1", {"Variable": "X", "Value": value})


@pytest.mark.parametrize(
    ("answer", "result"),
    [
        ({"Response": "Success"}, Result.DONE),
        ({"Response": "Error", "Message": "No such channel"}, Result.GONE),
        ({"Response": "Error", "Message": "Channel does not exist: x"}, Result.GONE),
        ({"Response": "Error", "Message": "Unable to add interface: Already there"}, Result.ALREADY),
        ({"Response": "Error", "Message": "Unable to remove interface: Not there"}, Result.GONE),
        ({"Response": "Error", "Message": "Permission denied"}, Result.REFUSED),
        ({}, Result.REFUSED),
    ],
)
async def test_answers_have_names(answer: Fields, result: Result) -> None:
    async with manager(lambda asked: answer if asked["Action"] == "QueueAdd" else agrees(asked)) as (_here, ami, seen):
        await until(lambda: seen.ups == 1)
        assert await ami.queue_add("q", "PJSIP/anna", name="anna") is result


# ---------------------------------------------------------------- who is there


AT = datetime(2026, 11, 21, 20, 0, tzinfo=UTC)
ANNA, BO = VolunteerId("anna"), VolunteerId("bo")


def phones() -> tuple[Phones, list[VolunteerReachable | VolunteerUnreachable], Callable[[str, str], None]]:
    told: list[VolunteerReachable | VolunteerUnreachable] = []
    ami = Ami(AmiAddress("127.0.0.1", 1, "x", "y"))
    made = Phones(ami, told.append, lambda: AT)

    def says(peer: str, status: str) -> None:
        for heard in ami._heard:
            heard({"Event": "PeerStatus", "Peer": peer, "PeerStatus": status})

    return made, told, says


async def test_only_changes_are_told_and_only_of_volunteers() -> None:
    _made, told, says = phones()
    for peer in ("PJSIP/anna", "PJSIP/anna", "PJSIP/Trunk-demo", "IAX2/bo", "PJSIP/", "anna"):
        says(peer, "Reachable")
    says("PJSIP/anna", "Unreachable")
    says("PJSIP/bo", "Unreachable")
    assert told == [VolunteerReachable(ANNA, AT), VolunteerUnreachable(ANNA, AT)]


async def test_what_was_heard_lately_counts_more_than_an_answer_that_may_be_older() -> None:
    made, told, says = phones()
    says("PJSIP/anna", "Reachable")
    says("PJSIP/bo", "Unreachable")
    now = time.monotonic()
    assert made.surveyed(["bo", "Trunk-demo"], now) == {ANNA}
    assert made.surveyed(["bo"], now + 60) == {BO}
    assert told == [VolunteerReachable(ANNA, AT)], "a survey tells by its answer"


async def test_a_volunteer_is_there_while_one_of_their_devices_is() -> None:
    made, told, says = phones()
    changes: list[tuple[str, bool]] = []
    made.watch(lambda name, there: changes.append((name, there)))
    for status, peer in (
        ("Reachable", "PJSIP/anna~hjem"),
        ("Reachable", "PJSIP/anna"),
        ("Unreachable", "PJSIP/anna~hjem"),
        ("Unreachable", "PJSIP/anna"),
    ):
        says(peer, status)
    assert told == [VolunteerReachable(ANNA, AT), VolunteerUnreachable(ANNA, AT)]
    assert changes == [("anna~hjem", True), ("anna", True), ("anna~hjem", False), ("anna", False)]
    assert made.surveyed(["anna~hjem", "anna", "nord.1", "x~"], time.monotonic() + 60) == {ANNA, VolunteerId("nord.1")}
    assert made.devices(ANNA) == ("anna", "anna~hjem")


async def test_a_device_that_is_taken_away_is_not_there_any_more_though_nobody_says_so() -> None:
    made, told, says = phones()
    says("PJSIP/anna~hjem", "Reachable")
    made.only(ANNA, ["anna"])
    assert (made.devices(ANNA), told[1:]) == ((), [VolunteerUnreachable(ANNA, AT)])


# ---------------------------------------------------------------- the real one


Act = Callable[[Ami], Awaitable[Result]]


@pytest.fixture(scope="module")
def house() -> House:
    return shared_house()


@pytest.mark.asterisk
async def test_a_variable_is_set_while_words_are_heard_and_channels_are_redirected(house: House) -> None:
    async with open_rig(house) as rig:
        caller = await rig.caller(LINE)
        channel = rig.exchange._parties.channel(caller.id)
        assert channel is not None
        ami = rig.exchange.ami
        assert await ami.set_variable(channel, "VL_TEST", "1") is Result.DONE
        http = Http(house.ari)
        read = await http.ask(api.channels_get_channel_var(channel, variable="VL_TEST"))
        assert read.value is not None
        assert read.value.value == "1"
        assert await ami.redirect(channel, "last-resort", f"line-{LINE}") is Result.DONE
        async with asyncio.timeout(5):
            while caller.id in (await rig.exchange.survey()).calls:
                await asyncio.sleep(0.02)
        assert await ami.hang_up(channel, 16) is Result.DONE
        async with asyncio.timeout(5):
            while (await http.ask(api.channels_get(channel))).result is not Result.GONE:
                await asyncio.sleep(0.02)
        http.close()


@pytest.mark.asterisk
@pytest.mark.parametrize(
    ("act", "result"),
    [
        (lambda ami: ami.set_global("VL_TEST", "1"), Result.DONE),
        (lambda ami: ami.set_variable("nobody", "X", "1"), Result.GONE),
        (lambda ami: ami.redirect("nobody", "leg", "s"), Result.GONE),
        (lambda ami: ami.hang_up("nobody", 16), Result.GONE),
        (lambda ami: ami.queue_add("no-such-queue", "PJSIP/anna", name="anna"), Result.REFUSED),
        (lambda ami: ami.queue_add(f"line-{LINE}", "PJSIP/guest", name="guest"), Result.DONE),
        (lambda ami: ami.queue_add(f"line-{LINE}", "PJSIP/guest", name="guest"), Result.ALREADY),
        (lambda ami: ami.queue_remove(f"line-{LINE}", "PJSIP/guest"), Result.DONE),
        (lambda ami: ami.queue_remove(f"line-{LINE}", "PJSIP/guest"), Result.GONE),
    ],
)
async def test_what_asterisk_answers_is_understood(house: House, act: Act, result: Result) -> None:
    async with open_rig(house) as rig:
        assert await act(rig.exchange.ami) is result
