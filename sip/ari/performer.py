"""Commands -> requests. Every command may be repeated; every way it can go is a `Result`.

Rules, all measured (see the README): nothing that waits for its turn on a channel (answer, join, variables) is asked
while that channel plays words - the words are ended first; a caller is never put into a room that had another talk.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final, TypeVar, assert_never

from ivr.core.commands import (
    Answer,
    Command,
    Confirm,
    Cover,
    EndTalk,
    HangUp,
    Join,
    LastResort,
    LetGo,
    LetGoReason,
    Play,
    Refresh,
    Ring,
    StartMusic,
    StopPlay,
    Tell,
    Uncover,
    YesNo,
    YesNoOver,
)
from ivr.core.feature import YES_NO_BEGINS, YES_NO_ENDS
from ivr.core.ids import CallId, PlayId, PromptId, RingId, TalkId, call_of, play_id
from ivr.core.lease import Renewal
from ivr.core.news import Reached, Result
from sip.ami import Ami, Phones
from sip.ari import api
from sip.ari.http import Http
from sip.ari.legs import RingLegs
from sip.ari.parties import Parties
from sip.ari.remedies import VOICE, Remedies
from sip.ari.request import Request
from sip.ari.yes_no import YesNoKeys
from sip.asterisk.settings import sentence_name

T = TypeVar("T")

LEG: Final = "leg"
LAST_RESORT: Final = "last-resort"
SENTENCE: Final = "sentence"
DONE_MARK: Final = "VL_DONE"
LEASE: Final = "TIMEOUT(absolute)"
"""What takes a caller away from us when we no longer say that we are here; 0: never."""
TELLING_S: Final = 20
"""So long a volunteer is left with words and no caller, if we die meanwhile."""
NORMAL: Final = "16"
REASONS: Final = {LetGoReason.ELSEWHERE: "26", LetGoReason.NO_ANSWER: "19", LetGoReason.OVER: NORMAL}
"""Q.850. With 26 the phone's CANCEL says "Call completed elsewhere" (RFC 3326), and no missed call is shown."""
LOOK_BACK: Final = 64
"""How many of an adopted call's numbers are tried to find the words it may be hearing."""
FINE: Final = (Result.DONE, Result.ALREADY)


Action = tuple[str, Mapping[str, str]]


def setting(channel: str, name: str, value: str) -> Action:
    return "Setvar", {"Channel": channel, "Variable": name, "Value": value}


def pairing(channel: str, leg: str) -> tuple[Action, ...]:
    """Told right before the two meet: no lease may tear them apart, and each knows whom not to leave in silence."""
    return (
        setting(channel, LEASE, "0"),
        setting(leg, LEASE, "0"),
        setting(channel, "VL_LEG", leg),
        setting(channel, "VL_JOINED", str(int(time.time()))),
        setting(leg, "VL_PEER", channel),
        setting(channel, "TALK_DETECT(set)", VOICE),
    )


class Performer:
    def __init__(self, http: Http, ami: Ami, parties: Parties, sounds: Path, legs: RingLegs, phones: Phones) -> None:
        self._http, self._ami, self._parties, self._sounds = http, ami, parties, sounds
        self._legs, self._phones = legs, phones
        self._asked: dict[CallId, set[PlayId]] = {}
        self._sounding: dict[CallId, list[PlayId]] = {}
        self._reached: dict[CallId, Reached] = {}
        self._told: dict[RingId, PlayId] = {}
        """The last words that each volunteer was to hear."""
        self.keys = YesNoKeys(http, sounds, legs.channel)
        self._remedies = Remedies(http, ami, parties, legs)

    def words(self, call: CallId, ring: RingId) -> tuple[bool, bool]:
        """Whether the caller, and the volunteer, hear words of ours at present."""
        sounding, told = self._sounding.get(call, ()), self._told.get(ring)
        return any(play != told for play in sounding), told in sounding or self.keys.are_said(call)

    def words_ended(self, play: PlayId) -> None:
        sounding = self._sounding.get(call_of(play))
        if sounding and play in sounding:
            sounding.remove(play)

    async def words_unheard(self) -> list[PlayId]:
        """Words that were asked for, have not been said to have ended, and are no more."""
        asked = [play for sounding in self._sounding.values() for play in sounding]
        there = await asyncio.gather(*(self._is_there(play) for play in asked))
        return [play for play, alive in zip(asked, there, strict=True) if not alive]

    def forget(self, call: CallId) -> None:
        self._asked.pop(call, None)
        self._sounding.pop(call, None)
        self._reached.pop(call, None)
        self._told = {ring: play for ring, play in self._told.items() if call_of(ring) != call}
        self.keys.end(call)
        self._remedies.forget(call)

    async def perform(self, command: Command) -> Result:
        match command:
            case Answer():
                return await self._answer(command)
            case Play():
                return await self._play(command)
            case Tell():
                return await self._tell(command)
            case StopPlay():
                return await self._stop(command.play)
            case StartMusic():
                return await self._music(command)
            case Ring():
                return await self._ring(command)
            case LetGo():
                return await self._let_go(command)
            case Join():
                return await self._join(command)
            case EndTalk():
                return await self._end_talk(command.talk)
            case Refresh():
                return await self._remedies.refresh(command)
            case Cover():
                return await self._remedies.cover(command)
            case Uncover():
                return await self._remedies.uncover(command)
            case LastResort():
                return await self._last_resort(command)
            case HangUp():
                return await self._hang_up(command)
            case Confirm():
                return await self._confirm(command)
            case YesNo():
                return await self._yes_no(command)
            case YesNoOver():
                self.keys.end(command.call)
                await self.keys.tell(command.ring, command.volunteers_language, YES_NO_ENDS)
                return Result.DONE
            case _:
                assert_never(command)

    # ------------------------------------------------------------------ what a caller hears

    async def _answer(self, command: Answer) -> Result:
        channel = self._parties.channel(command.call)
        return self._absent(command.call) if channel is None else await self._on_channel(api.channels_answer(channel))

    def _absent(self, call: CallId) -> Result:
        """Of a caller who is not in our hands: in the last resort, or not there at all."""
        return Result.GONE if self._parties.away(call) is None else Result.NOT_NOW

    async def _on_channel(self, request: Request[T], *, repeatable: bool = True) -> Result:
        """For what is done to a channel that exists, 409 means that it is not in our hands at present."""
        result = (await self._http.ask(request, repeatable=repeatable)).result
        return Result.NOT_NOW if result is Result.ALREADY else result

    async def _play(self, command: Play) -> Result:
        """All prompts are one playback. Music that plays ends with it; words that play are heard to their end first."""
        channel = self._parties.channel(command.call)
        return self._absent(command.call) if channel is None else await self._say(channel, command.call, command)

    async def _tell(self, command: Tell) -> Result:
        """A volunteer's words. Their lease was meant for a quick joining: it is told to wait."""
        leg = self._legs.channel(command.ring)
        self._ami.tell([setting(leg, LEASE, str(TELLING_S))])
        self._told[command.ring] = command.play
        return await self._say(leg, call_of(command.ring), command)

    async def _yes_no(self, command: YesNo) -> Result:
        """Keys are answers from now on. Whoever has not heard so does now: both, each on their own side of the talk."""
        channel = self._parties.channel(command.call)
        if channel is None:
            return self._absent(command.call)
        if not self.keys.begin(command):
            return Result.REFUSED
        if command.play is None or not command.prompts:
            return Result.DONE
        words = Play(command.call, command.play, command.language, command.prompts)
        result = await self._say(channel, command.call, words)
        if result is Result.DONE:
            await self.keys.tell(command.ring, command.volunteers_language, YES_NO_BEGINS)
        elif result is not Result.ALREADY:
            self.keys.end(command.call)
        return result

    async def _say(self, channel: str, call: CallId, command: Play | Tell) -> Result:
        asked = self._asked.setdefault(call, set())
        if command.play in asked:
            return Result.ALREADY
        if call in self._parties.adopted and await self._is_there(command.play):
            return Result.ALREADY
        files = [self._sounds / command.language / prompt for prompt in command.prompts]
        if self._sounds.is_dir() and not all(file.with_suffix(".wav").is_file() for file in files):
            # Asterisk goes on with the next one and says "done" at the end, unless the last is the one that is missing
            self._parties.flawed.add(command.play)
        asked.add(command.play)
        self._sounding.setdefault(call, []).append(command.play)
        request = api.channels_play_with_id(channel, command.play, media=[f"sound:{file}" for file in files])
        result = await self._on_channel(request, repeatable=False)
        if result in (Result.UNREACHABLE, Result.TIMEOUT) and await self._is_there(command.play):
            return Result.DONE
        if result is not Result.DONE:
            asked.discard(command.play)
            self.words_ended(command.play)
        return result

    async def _is_there(self, play: PlayId) -> bool:
        return (await self._http.ask(api.playbacks_get(play))).result is Result.DONE

    async def _stop(self, play: PlayId) -> Result:
        result = (await self._http.ask(api.playbacks_stop(play))).result
        if result in (Result.DONE, Result.GONE):
            self.words_ended(play)
        return result

    async def _hush(self, call: CallId, below: int) -> None:
        """End all words on this channel: what comes next would wait for them. `below`: see `_unknown`."""
        for play in [*self._sounding.get(call, ())]:
            await self._stop(play)
        if call in self._parties.adopted:
            await asyncio.gather(*(self._stop(play) for play in self._unknown(call, below)))
            self._parties.adopted.discard(call)

    @staticmethod
    def _unknown(call: CallId, below: int) -> list[PlayId]:
        """Words that somebody before us may have asked for: rings, talks and playings share one counter."""
        return [play_id(call, number) for number in range(max(0, below - LOOK_BACK), below)]

    async def _music(self, command: StartMusic) -> Result:
        """Asked for while words are heard, it begins after them."""
        channel = self._parties.channel(command.call)
        return (
            self._absent(command.call) if channel is None else await self._on_channel(api.channels_start_moh(channel))
        )

    # ------------------------------------------------------------------ phones and talks

    async def _ring(self, command: Ring) -> Result:
        """Every device of the volunteer that is there, all at once; of who has none the first, to hear why not."""
        asked = self._legs.ask(command.ring, self._phones.devices(command.volunteer) or (command.volunteer,))
        requests = [self._ring_device(command, channel, endpoint) for channel, endpoint in asked.items()]
        results = await asyncio.gather(*requests)
        return self._legs.asked(command.ring, dict(zip(asked, results, strict=True)))

    async def _ring_device(self, command: Ring, channel: str, endpoint: str) -> Result:
        name = "".join(letter for letter in command.shows_name if letter.isprintable() and letter not in '"<>\\')
        request = api.channels_originate(
            endpoint=f"PJSIP/{endpoint}",
            context=LEG,
            extension="s",
            priority=1,
            channel_id=channel,
            caller_id=f'"{name}" <{command.shows_number}>',
            timeout=command.timeout_s,
        )
        return (await self._http.ask(request)).result

    async def _let_go(self, command: LetGo) -> Result:
        if command.words is not None and self._legs.is_answered(command.ring):
            sent = await self._send_away(command, command.words)
            if sent is not Result.NOT_NOW:
                return sent
        channels = self._legs.stop(command.ring) or (command.ring,)
        requests = [api.channels_hangup(channel, reason_code=REASONS[command.reason]) for channel in channels]
        results = [reply.result for reply in await asyncio.gather(*map(self._http.ask, requests))]
        return next((result for result in results if result is not Result.GONE), Result.GONE)

    async def _send_away(self, command: LetGo, words: PromptId) -> Result:
        """Out of the talk and into the dialplan, which says the words and hangs up. Whoever is hearing them already is
        not told twice; NOT_NOW: they cannot be told anything."""
        leg, told = self._legs.channel(command.ring), self._told.get(command.ring)
        if told is not None and told in self._sounding.get(call_of(command.ring), ()):
            await self._stop(told)  # it would be heard to its end first
        name = sentence_name(command.language, words)
        sent = await self._on_channel(
            api.channels_continue_in_dialplan(leg, context=SENTENCE, extension=name, priority=1)
        )
        if sent is Result.NOT_NOW:
            there = (await self._http.ask(api.channels_get(leg))).value
            return Result.ALREADY if there is not None and there.state == "Up" else sent
        return sent

    async def stop_leg(self, channel: str) -> None:
        await self._http.ask(api.channels_hangup(channel, reason_code=REASONS[LetGoReason.ELSEWHERE]))

    async def _join(self, command: Join) -> Result:
        channel = self._parties.channel(command.call)
        if channel is None:
            return self._absent(command.call)
        await self._hush(command.call, int(command.talk.rpartition("-t")[2]))
        made, _ = await asyncio.gather(
            self._http.ask(api.bridges_create_with_id(command.talk, type="mixing")),
            self._http.ask(api.channels_stop_moh(channel)),
        )
        leg = self._legs.channel(command.ring)
        self._ami.tell(pairing(channel, leg))
        if made.result is Result.ALREADY:
            there = await self._http.ask(api.bridges_get(command.talk))
            if there.value is not None and {channel, leg} <= set(there.value.channels):
                return Result.ALREADY
        elif made.result is not Result.DONE:
            return made.result
        request = api.bridges_add_channel(command.talk, channel=[channel, leg], absorb_dtmf=not command.keys_through)
        added = (await self._http.ask(request)).result
        if added is Result.DONE:
            return added
        await self._take_down(command.talk)
        match added:
            case Result.REFUSED:  # 400: one of the two is not there
                return Result.GONE
            case Result.ALREADY:  # 409: the room is not ours to fill
                return Result.NOT_NOW
            case _:
                return added

    async def _end_talk(self, talk: TalkId) -> Result:
        """The caller is taken out first, for which Asterisk waits: a room that is taken down lets people go a little
        later, and words that come meanwhile are lost without an end."""
        call = call_of(talk)
        channel = self._parties.channel(call)
        await self._remedies.end(call)
        if self.keys.end(call):
            await self._hush(call, LOOK_BACK)  # what is said to the caller would keep them in the room to its end
        if channel is not None:
            await self._http.ask(api.bridges_remove_channel(talk, channel=[channel]))
        return await self._take_down(talk)

    async def _take_down(self, talk: TalkId) -> Result:
        result = (await self._http.ask(api.bridges_destroy(talk))).result
        if result in (Result.DONE, Result.GONE):
            self._parties.ended(talk)
        return result

    async def _confirm(self, command: Confirm) -> Result:
        name = sentence_name(command.language, command.prompt)
        channel = self._parties.dial(command.dial)
        if channel is None:
            return Result.GONE
        request = api.channels_continue_in_dialplan(channel, context=SENTENCE, extension=name, priority=1)
        return await self._on_channel(request)

    # ------------------------------------------------------------------ endings

    async def _last_resort(self, command: LastResort) -> Result:
        channel, line = self._parties.channel(command.call), self._parties.line(command.call)
        if channel is None or line is None:
            return Result.GONE
        await self._hush(command.call, LOOK_BACK)
        self._ami.tell([setting(channel, "VL_KEEP", "1")])
        request = api.channels_continue_in_dialplan(channel, context=LAST_RESORT, extension=f"line-{line}", priority=1)
        return await self._on_channel(request)

    def renew(self, renewals: Iterable[Renewal]) -> None:
        """Leases and how far callers have come, told in one go and waited for by nobody."""
        actions = []
        for each in renewals:
            channel = self._parties.channel(each.call)
            if channel is not None:
                if each.lasts_s is not None:
                    actions.append(setting(channel, LEASE, str(each.lasts_s)))
                if self._reached.get(each.call) is not each.reached:
                    self._reached[each.call] = each.reached
                    actions += [setting(channel, "VL_SEEN", "1"), setting(channel, "VL_STAGE", str(each.reached.value))]
        if actions:
            self._ami.tell(actions)

    async def _hang_up(self, command: HangUp) -> Result:
        channel = self._parties.channel(command.call) or self._parties.away(command.call)
        if channel is None:
            return Result.GONE
        if await self._ami.set_variable(channel, DONE_MARK, "1") not in FINE:
            await self._hush(command.call, LOOK_BACK)
            await self._http.ask(api.channels_set_channel_var(channel, variable=DONE_MARK, value="1"))
        return (await self._http.ask(api.channels_hangup(channel, reason_code=NORMAL))).result
