"""Several phones of one volunteer at a real Asterisk: one ring, whichever of them is picked up, declined or gone."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from ivr.core.commands import Answer, Join, LetGo, LetGoReason, Ring, StartMusic, Tell
from ivr.core.feature import Feature
from ivr.core.ids import RingId, VolunteerId, play_id, ring_id, talk_id
from ivr.core.news import (
    Cause,
    FeatureDialled,
    Joined,
    PlayEnded,
    Result,
    RingAlerting,
    RingAnswered,
    RingGone,
    VolunteerReachable,
    VolunteerUnreachable,
)
from sip.ari import api
from sip.ari.http import Http
from sip.ari.legs import leg_of
from sip.ari.performer import Performer
from sip.asterisk.render import render
from sip.asterisk.settings import Account, Device
from tests.fakes.phones import Answers, Behaviour, NeverAnswers, Unregistered
from tests.rigs.asterisk import ANNA, CHILDREN, Machine, lay_out, password, running, with_settings, write_tone
from tests.rigs.ports import free_base
from tests.sip.house import LINE, PITCHES, PROMPTS, House, RealCaller, RealRig, open_rig, until
from tests.sip.wirephone import Manners, Message, WirePhone

pytestmark = [pytest.mark.anyio, pytest.mark.asterisk]

HOME, MOBILE = VolunteerId("anna~hjem"), VolunteerId("anna~mobil")
"""How her further devices log in."""
SHORT = PROMPTS[0][0]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    with tempfile.TemporaryDirectory(prefix="voiceline-devices-") as place, free_base() as base:
        machine = with_devices(lay_out(Path(place), base))
        for prompt, length_s in PROMPTS:
            write_tone(machine.state / "asterisk" / "sounds" / "da" / f"{prompt}.wav", length_s, PITCHES[prompt])
        with running(machine):
            yield House(machine)


def with_devices(machine: Machine) -> Machine:
    further = tuple(Device(name, password(name)) for name in (HOME, MOBILE))
    changed = with_settings(machine, accounts=(Account(ANNA, password(ANNA), (CHILDREN,), further),))
    render(changed.settings)
    return changed


@pytest.fixture
async def rig(house: House) -> AsyncIterator[RealRig]:
    async with open_rig(house) as rig:
        yield rig


async def waiting(rig: RealRig) -> RealCaller:
    caller = await rig.caller(LINE)
    assert await rig.exchange.perform(Answer(caller.id)) is Result.DONE
    assert await rig.exchange.perform(StartMusic(caller.id)) is Result.DONE
    return caller


async def rung(rig: RealRig, number: int = 1, **behaviours: Behaviour) -> RingId:
    """Her devices behave like this (`anna`, `hjem`, `mobil`; who is not named is not there), and she is rung."""
    caller = await waiting(rig)
    await there(rig, **behaviours)
    command = Ring(ring_id(caller.id, number), ANNA, LINE, "BørneTelefonen", "116111", 20)
    assert await rig.exchange.perform(command) is Result.DONE
    return command.ring


async def there(rig: RealRig, **behaviours: Behaviour) -> None:
    for name, behaviour in behaviours.items():
        await rig.phone(VolunteerId("anna" if name == "anna" else f"anna~{name}"), behaviour)


async def stopped(phone: WirePhone) -> tuple[str, ...]:
    """The reasons with which this phone was told to stop ringing."""
    cancel = await phone.wait(lambda m: not m.status and m.method == "CANCEL")
    return cancel.all("Reason")


def is_elsewhere(reasons: tuple[str, ...]) -> bool:
    return any(each.startswith("SIP;cause=200") for each in reasons)


def asked(phone: WirePhone, method: str) -> list[Message]:
    return [m for m in phone.seen if not m.status and m.method == method]


async def ringing(rig: RealRig, *phones: VolunteerId) -> None:
    for name in phones:
        await rig.phones[name].rings()
        await until(lambda name=name: bool(rig.phones[name].dialogs))  # type: ignore[misc]


# ---------------------------------------------------------------- picked up


async def test_all_ring_the_first_wins_and_the_others_have_missed_nothing(rig: RealRig) -> None:
    ring = await rung(rig, anna=NeverAnswers(), hjem=Answers(0.4), mobil=NeverAnswers())
    await rig.log.until(RingAnswered, ring=ring)
    for name in (ANNA, MOBILE):
        assert is_elsewhere(await stopped(rig.phones[name]))
    assert rig.exchange.device_on(ring) == HOME
    assert len(rig.log.about(RingAlerting)) == 1
    found = await rig.exchange.survey()
    assert (found.rings, found.answered) == (frozenset({ring}), frozenset({ring}))
    assert await rig.exchange.perform(LetGo(ring, LetGoReason.OVER)) is Result.DONE
    assert (await rig.log.until(RingGone, ring=ring)).cause is Cause.NORMAL
    await nothing_left(rig, ring)


async def nothing_left(rig: RealRig, ring: RingId) -> None:
    """One end was told, and no channel of the ring lives."""
    http = Http(rig.house.ari)
    async with asyncio.timeout(5):
        while any(c.id.startswith(ring) for c in (await http.ask(api.channels_list())).value or ()):
            await asyncio.sleep(0.02)
    http.close()
    assert len(rig.log.about(RingGone, ring=ring)) == 1
    assert rig.exchange._legs._rings == {}


async def test_words_and_the_talk_are_on_the_device_that_was_picked_up(rig: RealRig) -> None:
    caller = await waiting(rig)
    await there(rig, anna=NeverAnswers(), hjem=Answers(0.2))
    ring = ring_id(caller.id, 1)
    assert await rig.exchange.perform(Ring(ring, ANNA, LINE, "B", "116111", 20)) is Result.DONE
    await rig.log.until(RingAnswered, ring=ring)
    assert await rig.exchange.perform(Tell(ring, play_id(caller.id, 2), "da", (SHORT,))) is Result.DONE
    await rig.log.until(PlayEnded)
    assert rig.times_heard(ring, SHORT) == 1
    assert not rig.phones[ANNA].ears.packets
    assert await rig.exchange.perform(Join(talk_id(caller.id, 3), caller.id, ring)) is Result.DONE
    await rig.log.until(Joined)
    voice = b"\x2a" * 160
    caller.phone.voice = voice
    heard = rig.phones[HOME].ears
    await until(lambda: len(heard.last) == 20 and set(heard.last) == {voice})
    assert (await rig.exchange.survey()).talks == {talk_id(caller.id, 3): {caller.id, ring}}
    await rig.phones[HOME].hang_up()
    assert (await rig.log.until(RingGone, ring=ring)).cause is Cause.NORMAL


async def test_of_two_that_are_picked_up_in_the_same_instant_one_talks_and_the_other_is_hung_up_at_once(
    rig: RealRig,
) -> None:
    await there(rig, anna=NeverAnswers(), hjem=NeverAnswers())
    both, winners = (rig.phones[ANNA], rig.phones[HOME]), set[str]()
    caller = await waiting(rig)
    for number in range(1, 26):
        for phone in both:
            phone.seen.clear()
        ring = ring_id(caller.id, number)
        assert await rig.exchange.perform(Ring(ring, ANNA, LINE, "B", "116111", 20)) is Result.DONE
        await ringing(rig, ANNA, HOME)
        for phone in both if number % 2 else both[::-1]:
            phone.pick_up()
        await rig.log.until(RingAnswered, ring=ring)
        (loser,) = [phone for phone in both if phone.user != rig.exchange.device_on(ring)]
        (winner,) = [phone for phone in both if phone is not loser]
        bye = await loser.wait(lambda m: not m.status and m.method == "BYE", 1.0)
        told = (*bye.all("Reason"), *(r for m in asked(loser, "CANCEL") for r in m.all("Reason")))
        assert is_elsewhere(told), told
        assert not asked(winner, "BYE")
        winners.add(winner.user)
        assert await rig.exchange.perform(LetGo(ring, LetGoReason.OVER)) is Result.DONE
        await nothing_left_soon(rig, ring)
    assert len(rig.log.about(RingAnswered)) == len(rig.log.about(RingAlerting)) == 25


async def nothing_left_soon(rig: RealRig, ring: RingId) -> None:
    await rig.log.until(RingGone, ring=ring)
    await nothing_left(rig, ring)


# ---------------------------------------------------------------- declined, failed, gone


@pytest.mark.parametrize(("code", "cause"), [(603, Cause.DECLINED), (486, Cause.BUSY)])
async def test_who_declines_on_one_device_declines_on_all(rig: RealRig, code: int, cause: Cause) -> None:
    ring = await rung(rig, anna=NeverAnswers(), hjem=NeverAnswers())
    await ringing(rig, ANNA, HOME)
    await rig.log.until(RingAlerting, ring=ring)
    await until(lambda: len(rig.exchange._legs._rings[ring].alerted) == 2)
    rig.phones[HOME].decline(code)
    assert (await rig.log.until(RingGone, ring=ring)).cause is cause
    assert is_elsewhere(await stopped(rig.phones[ANNA])), "no missed call: it was answered, with a no"
    await nothing_left(rig, ring)


@pytest.mark.parametrize("code", [486, 480, 488, 503, 500, 408, 404, 302])
async def test_a_device_that_refuses_by_itself_takes_only_itself_away(rig: RealRig, code: int) -> None:
    await there(rig, anna=NeverAnswers(), hjem=NeverAnswers())
    rig.phones[HOME].manners = Manners(moved_to="sip:nobody@127.0.0.9") if code == 302 else Manners(refuse=code)
    caller = await waiting(rig)
    ring = ring_id(caller.id, 1)
    assert await rig.exchange.perform(Ring(ring, ANNA, LINE, "B", "116111", 20)) is Result.DONE
    await ringing(rig, ANNA)
    await until(lambda: len(rig.exchange._legs.channels(ring)) == 1)
    rig.phones[ANNA].pick_up()
    await rig.log.until(RingAnswered, ring=ring)
    assert rig.log.about(RingGone) == []


async def test_when_no_device_takes_it_what_says_most_is_told_once(rig: RealRig) -> None:
    await there(rig, anna=NeverAnswers(), hjem=NeverAnswers(), mobil=NeverAnswers())
    rig.phones[ANNA].manners, rig.phones[HOME].manners = Manners(refuse=503), Manners(refuse=404)
    caller = await waiting(rig)
    ring = ring_id(caller.id, 1)
    assert await rig.exchange.perform(Ring(ring, ANNA, LINE, "B", "116111", 2)) is Result.DONE
    assert (await rig.log.until(RingGone, ring=ring)).cause is Cause.NO_ANSWER
    await nothing_left(rig, ring)


@pytest.mark.parametrize("reason", list(LetGoReason))
async def test_a_ring_that_is_let_go_stops_on_all_devices(rig: RealRig, reason: LetGoReason) -> None:
    ring = await rung(rig, anna=NeverAnswers(), hjem=NeverAnswers(), mobil=NeverAnswers())
    await ringing(rig, ANNA, HOME, MOBILE)
    assert await rig.exchange.perform(LetGo(ring, reason)) is Result.DONE
    for name in (ANNA, HOME, MOBILE):
        assert is_elsewhere(await stopped(rig.phones[name])) is (reason is LetGoReason.ELSEWHERE)
    await rig.log.until(RingGone, ring=ring)
    await nothing_left(rig, ring)
    assert await rig.exchange.perform(LetGo(ring, reason)) is Result.GONE


async def test_a_device_that_logs_off_takes_only_itself_away(rig: RealRig) -> None:
    """The one that registered last, and the first one: neither is more than the other."""
    await there(rig, anna=NeverAnswers(), hjem=NeverAnswers())
    assert rig.exchange.devices(ANNA) == (ANNA, HOME)
    for gone, left in ((HOME, ANNA), (ANNA, HOME)):
        await rig.phone(gone, Unregistered())
        assert (await rig.exchange.survey()).reachable == {ANNA}
        assert rig.exchange.devices(ANNA) == (left,)
        rig.phones[left].seen.clear()
        caller = await waiting(rig)
        ring = ring_id(caller.id, 1)
        assert await rig.exchange.perform(Ring(ring, ANNA, LINE, "B", "116111", 20)) is Result.DONE
        await ringing(rig, left)
        await rig.exchange.perform(LetGo(ring, LetGoReason.OVER))
        await rig.log.until(RingGone, ring=ring)
        await rig.phone(gone, NeverAnswers())
    told = [news for news in rig.log.all if isinstance(news, VolunteerReachable | VolunteerUnreachable)]
    assert [type(news) for news in told] == [VolunteerReachable], "she was there all the time"
    await there(rig, anna=Unregistered(), hjem=Unregistered())
    await rig.log.until(VolunteerUnreachable, volunteer=ANNA)


async def test_a_device_that_has_died_silently_takes_only_itself_away(rig: RealRig) -> None:
    await there(rig, anna=NeverAnswers(), hjem=NeverAnswers())
    seen: list[tuple[str, bool]] = []
    rig.exchange._phones.watch(lambda name, is_there: seen.append((name, is_there)))
    rig.phones[HOME].dead = True
    await until(lambda: seen == [(HOME, False)], within_s=20)
    assert rig.log.about(VolunteerUnreachable) == []
    assert rig.exchange.devices(ANNA) == (ANNA,)


async def test_a_code_from_any_device_counts_for_the_volunteer(rig: RealRig) -> None:
    await there(rig, hjem=NeverAnswers())
    await rig.dials(HOME, Feature.PAUSE)
    assert (await rig.log.until(FeatureDialled)).volunteer == ANNA


# ---------------------------------------------------------------- after us


async def test_of_two_that_were_picked_up_before_we_ended_another_controller_finds_one_answered(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """We end between the two answers, before the second one could be let go."""

    async def too_late(_self: Performer, _channel: str) -> None:
        return

    async with open_rig(house, replaced=True) as first:
        with monkeypatch.context() as dying:
            dying.setattr(Performer, "stop_leg", too_late)
            ring = await rung(first, anna=Answers(0.3), hjem=Answers(0.3), mobil=NeverAnswers())
            await first.log.until(RingAnswered, ring=ring)
            http = Http(house.ari)
            async with asyncio.timeout(5):
                while not await both_up(http, ring):
                    await asyncio.sleep(0.02)
            http.close()
        async with open_rig(house) as second:
            found = await second.exchange.survey()
            assert (found.rings, found.answered) == (frozenset({ring}), frozenset({ring}))
            winner = min((ANNA, HOME), key=lambda name: leg_of(ring, name))
            loser = HOME if winner == ANNA else ANNA
            assert second.exchange.device_on(ring) == winner
            await first.phones[loser].wait(lambda m: not m.status and m.method == "BYE")
            assert is_elsewhere(await stopped(first.phones[MOBILE]))
            assert second.log.about(RingGone) == []
            assert await second.exchange.perform(LetGo(ring, LetGoReason.OVER)) is Result.DONE
            await second.log.until(RingGone, ring=ring)
            await nothing_left(second, ring)


async def both_up(http: Http, ring: RingId) -> bool:
    there = (await http.ask(api.channels_list())).value or ()
    up = [c for c in there if c.id.startswith(ring) and c.state == "Up" and c.dialplan.app_name == "Stasis"]
    return len(up) == 2


async def test_a_ring_that_was_asked_for_by_halves_is_asked_for_again_and_every_device_rings_once(
    house: House,
) -> None:
    async with open_rig(house, replaced=True) as first:
        ring = await rung(first, anna=NeverAnswers())
        await ringing(first, ANNA)
        async with open_rig(house) as second:
            await there(second, hjem=NeverAnswers())
            await until(lambda: len(second.exchange.devices(ANNA)) == 2)
            again = Ring(ring, ANNA, LINE, "B", "116111", 20)
            assert await second.exchange.perform(again) is Result.DONE
            await ringing(second, HOME)
            assert len(asked(first.phones[ANNA], "INVITE")) == 1
            second.phones[HOME].decline()
            assert (await second.log.until(RingGone, ring=ring)).cause is Cause.DECLINED
            await nothing_left(second, ring)
