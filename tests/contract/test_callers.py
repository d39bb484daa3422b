"""The contract of `Exchange`: callers come, press keys, hear words, and go."""

from __future__ import annotations

import pytest

from ivr.core.commands import (
    Answer,
    Command,
    EndTalk,
    HangUp,
    Join,
    LastResort,
    LetGo,
    LetGoReason,
    StartMusic,
    StopPlay,
)
from ivr.core.ids import CallId, PromptId, play_id, ring_id, talk_id
from ivr.core.news import CallArrived, CallGone, CallLeft, Cause, DigitPressed, PlayEnded, Result, Witnessed
from tests.contract.rigs import Caller, Rig
from tests.contract.scenes import (
    FINE,
    OVER,
    SOON_S,
    answered,
    in_talk,
    in_words,
    marker,
    picked_up,
    playing,
    ringing,
    with_music,
)

pytestmark = pytest.mark.anyio

MISSING = PromptId("no-such-sound")


async def test_a_survey_says_to_whom_it_still_rings(rig: Rig) -> None:
    caller = await rig.caller(rig.line)
    assert (await rig.exchange.survey()).unanswered == {caller.id}
    assert await rig.exchange.perform(Answer(caller.id)) is Result.DONE
    assert (await rig.exchange.survey()).unanswered == frozenset()


async def test_a_caller_who_arrives_is_told_once_with_their_line_and_lives_in_the_survey(rig: Rig) -> None:
    caller = await answered(rig)
    assert [news.line for news in rig.log.about(CallArrived, call=caller.id)] == [rig.line]
    assert (await rig.exchange.survey()).calls == {caller.id: rig.line}


async def test_two_callers_are_two_calls(rig: Rig) -> None:
    one, other = await rig.caller(rig.line), await rig.caller(rig.line)
    assert one.id != other.id
    assert set((await rig.exchange.survey()).calls) == {one.id, other.id}
    await one.hangs_up()
    await rig.log.until(CallGone, call=one.id)
    assert set((await rig.exchange.survey()).calls) == {other.id}


async def test_answering_twice_changes_nothing(rig: Rig) -> None:
    caller = await answered(rig)
    assert await rig.exchange.perform(Answer(caller.id)) in FINE
    await marker(rig, caller, 1)


async def test_music_may_be_asked_for_twice(rig: Rig) -> None:
    caller = await with_music(rig)
    assert await rig.exchange.perform(StartMusic(caller.id)) in FINE
    await marker(rig, caller, 1)


async def waits_unanswered(rig: Rig) -> Caller:
    return await rig.caller(rig.line)


async def hears_words(rig: Rig) -> Caller:
    return (await in_words(rig))[0]


async def talks(rig: Rig) -> Caller:
    return (await in_talk(rig)).caller


EVERYWHERE = pytest.mark.parametrize("place", [waits_unanswered, answered, with_music, hears_words, talks])


@EVERYWHERE
async def test_a_caller_who_hangs_up_is_gone_once_and_nothing_more_is_heard_of_them(rig: Rig, place: object) -> None:
    assert callable(place)
    caller = await place(rig)
    await caller.hangs_up()
    gone = await rig.log.until(CallGone, call=caller.id)
    assert gone.cause is Cause.NORMAL
    assert caller.id not in (await rig.exchange.survey()).calls
    await marker(rig, await answered(rig), 1)
    about_them = [news for news in rig.log.all if getattr(news, "call", None) == caller.id]
    assert about_them[-1] is gone
    assert len(rig.log.about(CallGone, call=caller.id)) == 1


@EVERYWHERE
async def test_a_caller_whom_we_hang_up_on_is_gone_once_and_may_be_hung_up_on_again(rig: Rig, place: object) -> None:
    assert callable(place)
    caller = await place(rig)
    assert await rig.exchange.perform(HangUp(caller.id)) is Result.DONE
    await rig.log.until(CallGone, call=caller.id, within_s=SOON_S)
    assert await rig.exchange.perform(HangUp(caller.id)) in OVER
    await marker(rig, await answered(rig), 1)
    assert len(rig.log.about(CallGone, call=caller.id)) == 1


async def test_who_is_handed_to_the_last_resort_has_left_us_and_is_found_there(rig: Rig) -> None:
    caller = await with_music(rig)
    assert await rig.exchange.perform(LastResort(caller.id)) is Result.DONE
    await rig.log.until(CallLeft, call=caller.id, within_s=SOON_S)
    found = await rig.exchange.survey()
    assert caller.id not in found.calls
    assert caller.id in found.sheltered
    assert await rig.exchange.perform(LastResort(caller.id)) in OVER
    await caller.hangs_up()
    ended = await rig.log.until(Witnessed, call=caller.id, within_s=SOON_S)
    assert ended.line == rig.line
    assert len(rig.log.about(CallLeft, call=caller.id)) == 1


def all_about(rig: Rig, call: CallId) -> list[Command]:
    ring, talk, play = ring_id(call, 1), talk_id(call, 2), play_id(call, 3)
    return [
        Answer(call),
        playing(rig, call, 3, rig.prompts[0][0]),
        StopPlay(call, play),
        StartMusic(call),
        Join(talk, call, ring),
        EndTalk(talk),
        LetGo(ring, LetGoReason.OVER),
        LastResort(call),
        HangUp(call),
    ]


async def test_every_command_about_a_caller_who_is_gone_says_gone(rig: Rig) -> None:
    caller = await answered(rig)
    await caller.hangs_up()
    await rig.log.until(CallGone, call=caller.id)
    results = {type(each).__name__: await rig.exchange.perform(each) for each in all_about(rig, caller.id)}
    assert results == dict.fromkeys(results, Result.GONE)


async def test_every_command_about_somebody_never_heard_of_says_gone(rig: Rig) -> None:
    nobody = CallId("00000000000000000000")
    results = {type(each).__name__: await rig.exchange.perform(each) for each in all_about(rig, nobody)}
    assert results == dict.fromkeys(results, Result.GONE)
    unknown_volunteer = ringing(rig, nobody, 9, rig.volunteers[0])
    assert await rig.exchange.perform(unknown_volunteer) is not Result.DONE, "nobody is registered yet"


async def test_keys_are_told_in_the_order_they_were_pressed(rig: Rig) -> None:
    caller = await with_music(rig)
    for digit in "1#09*":
        await caller.presses(digit)
    pressed = await rig.log.until_several(5, DigitPressed, call=caller.id)
    assert "".join(news.digit for news in pressed) == "1#09*"


async def test_a_key_pressed_while_words_are_heard_is_told_before_they_end(rig: Rig) -> None:
    caller, play = await in_words(rig)
    await caller.presses("1")
    await rig.log.until(DigitPressed, call=caller.id, within_s=SOON_S)
    assert not rig.log.about(PlayEnded, play=play)
    await rig.log.until(PlayEnded, play=play, within_s=15)


async def test_words_end_as_heard_when_they_have_been_said(rig: Rig) -> None:
    caller = await answered(rig)
    prompt, length_s = rig.prompts[0]
    began = (await rig.exchange.survey()).at
    assert await rig.exchange.perform(playing(rig, caller.id, 1, prompt)) is Result.DONE
    ended = await rig.log.until(PlayEnded, call=caller.id, within_s=15)
    assert ended.heard
    assert length_s - 0.3 < (ended.at - began).total_seconds() < length_s + SOON_S


async def test_several_prompts_are_one_playing_with_one_end(rig: Rig) -> None:
    caller = await answered(rig)
    (one, one_s), (other, other_s) = rig.prompts
    began = (await rig.exchange.survey()).at
    assert await rig.exchange.perform(playing(rig, caller.id, 1, one, other)) is Result.DONE
    ended = await rig.log.until(PlayEnded, call=caller.id, within_s=20)
    assert ended.heard
    assert one_s + other_s - 0.3 < (ended.at - began).total_seconds() < one_s + other_s + SOON_S
    await marker(rig, caller, 2)
    assert len(rig.log.about(PlayEnded, play=play_id(caller.id, 1))) == 1


@pytest.mark.parametrize("place", ["alone", "first", "last"])
async def test_a_missing_sound_is_taken_on_and_ends_as_not_heard(rig: Rig, place: str) -> None:
    caller = await answered(rig)
    there = rig.prompts[0][0]
    prompts = {"alone": (MISSING,), "first": (MISSING, there), "last": (there, MISSING)}[place]
    assert await rig.exchange.perform(playing(rig, caller.id, 1, *prompts)) is Result.DONE
    ended = await rig.log.until(PlayEnded, call=caller.id, within_s=15)
    assert not ended.heard
    await marker(rig, caller, 2)
    assert len(rig.log.about(PlayEnded, play=play_id(caller.id, 1))) == 1


async def test_a_playing_asked_for_twice_is_heard_once(rig: Rig) -> None:
    caller = await answered(rig)
    command = playing(rig, caller.id, 1, rig.prompts[0][0])
    assert await rig.exchange.perform(command) is Result.DONE
    assert await rig.exchange.perform(command) is Result.ALREADY
    await marker(rig, caller, 2)
    assert len(rig.log.about(PlayEnded, play=command.play)) == 1


async def test_two_playings_follow_each_other(rig: Rig) -> None:
    caller, first = await in_words(rig)
    began = (await rig.exchange.survey()).at
    await marker(rig, caller, 2)
    ended = rig.log.about(PlayEnded, call=caller.id)
    assert [news.play for news in ended] == [first, play_id(caller.id, 2)]
    both_s = sum(length_s for _prompt, length_s in rig.prompts)
    assert (ended[-1].at - began).total_seconds() > both_s - 1


async def test_words_that_are_stopped_have_ended_at_once_and_may_be_stopped_again(rig: Rig) -> None:
    caller, play = await in_words(rig)
    assert await rig.exchange.perform(StopPlay(caller.id, play)) is Result.DONE
    ended = await rig.log.until(PlayEnded, play=play, within_s=SOON_S)
    assert ended.heard, "taken away by us is no fault of the sound"
    assert await rig.exchange.perform(StopPlay(caller.id, play)) in OVER
    await marker(rig, caller, 2)
    assert len(rig.log.about(PlayEnded, play=play)) == 1


async def test_music_asked_for_while_words_are_heard_does_not_cut_them(rig: Rig) -> None:
    caller, play = await in_words(rig)
    began = (await rig.exchange.survey()).at
    assert await rig.exchange.perform(StartMusic(caller.id)) in FINE
    ended = await rig.log.until(PlayEnded, play=play, within_s=15)
    assert ended.heard
    assert (ended.at - began).total_seconds() > rig.prompts[1][1] - 1


async def test_a_phone_that_rings_for_a_caller_who_goes_rings_on_until_it_is_let_go(rig: Rig) -> None:
    caller = await with_music(rig)
    ring = await picked_up(rig, caller, 1)
    await caller.hangs_up()
    await rig.log.until(CallGone, call=caller.id)
    assert ring in (await rig.exchange.survey()).rings
    assert await rig.exchange.perform(LetGo(ring, LetGoReason.OVER)) is Result.DONE
