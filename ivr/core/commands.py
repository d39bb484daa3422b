"""What is to be done outside. Rules: plain data that can be kept and repeated; asking twice is harmless (ids are ours),
except `Play`, whose performer looks first whether that playing is there already. Commands of one `lane` run in order,
lanes side by side."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ivr.core.change import quicken
from ivr.core.ids import CallId, DialId, LineId, PlayId, PromptId, RingId, TalkId, VolunteerId, call_of
from ivr.core.reasons import Side


class LetGoReason(StrEnum):
    """What a phone that stops ringing is told: `elsewhere` leaves no missed-call mark on it."""

    ELSEWHERE = "elsewhere"
    NO_ANSWER = "no_answer"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class Answer:
    call: CallId

    @property
    def lane(self) -> str:
        return self.call


@dataclass(frozen=True, slots=True)
class Play:
    call: CallId
    play: PlayId
    language: str
    prompts: tuple[PromptId, ...]

    @property
    def lane(self) -> str:
        return self.call


@dataclass(frozen=True, slots=True)
class Tell:
    """Words for a volunteer who has picked up. That they have ended is told as for all words (`PlayEnded`)."""

    ring: RingId
    play: PlayId
    language: str
    prompts: tuple[PromptId, ...]

    @property
    def lane(self) -> str:
        return self.ring


@dataclass(frozen=True, slots=True)
class StopPlay:
    call: CallId
    play: PlayId

    @property
    def lane(self) -> str:
        return self.call


@dataclass(frozen=True, slots=True)
class StartMusic:
    call: CallId

    @property
    def lane(self) -> str:
        return self.call


@dataclass(frozen=True, slots=True)
class Ring:
    """Ring one volunteer's phone. `shows` is what the phone displays: the line's name and number, never a caller's."""

    ring: RingId
    volunteer: VolunteerId
    line: LineId
    shows_name: str
    shows_number: str
    timeout_s: int

    @property
    def lane(self) -> str:
        return self.ring


@dataclass(frozen=True, slots=True)
class LetGo:
    """End the volunteer's side. `words` (in `language`): a sentence that who has picked up hears before that."""

    ring: RingId
    reason: LetGoReason
    words: PromptId | None = None
    language: str = ""

    @property
    def lane(self) -> str:
        return self.ring


@dataclass(frozen=True, slots=True)
class Join:
    """Music and prompts end, caller and volunteer hear each other. Done twice it changes nothing."""

    talk: TalkId
    call: CallId
    ring: RingId
    keys_through: bool = False
    """What one side presses is sounded on the other's. Only at a partner, whose own exchange may ask for keys: ours are
    news for us, and nobody hears our words while a key is being sounded to them."""

    @property
    def lane(self) -> str:
        return self.call


@dataclass(frozen=True, slots=True)
class EndTalk:
    """Take the talk's room down; who is still in it is not hung up by this."""

    talk: TalkId

    @property
    def lane(self) -> str:
        return call_of(self.talk)


@dataclass(frozen=True, slots=True)
class Refresh:
    """Agree anew with one side's phone on where and how sound is sent (a re-INVITE): `ring` None is the caller's. How
    it went is told by the sound alone."""

    call: CallId
    ring: RingId | None

    @property
    def lane(self) -> str:
        return self.call


@dataclass(frozen=True, slots=True)
class Cover:
    """One side hears something of ours within the talk, since nothing of the other comes, and is heard still. Done
    twice it changes nothing; it ends with the talk at the latest."""

    call: CallId
    ring: RingId
    side: Side = Side.VOLUNTEER
    """Who is not heard: the volunteer, and the caller hears music; the caller, and the volunteer a soft noise, so that
    the line is not taken for dead."""
    held: bool = False
    """That side is on hold: the volunteer hears the tone of a hold instead of the noise."""

    @property
    def lane(self) -> str:
        return self.call


@dataclass(frozen=True, slots=True)
class Uncover:
    """What covers that side's silence ends: they are heard again."""

    call: CallId
    ring: RingId
    side: Side = Side.VOLUNTEER

    @property
    def lane(self) -> str:
        return self.call


@dataclass(frozen=True, slots=True)
class HangUp:
    """End the caller's side, and mark it so that nothing takes the caller over afterwards."""

    call: CallId

    @property
    def lane(self) -> str:
        return self.call


@dataclass(frozen=True, slots=True)
class LastResort:
    """We cannot serve this caller: hand the call to the exchange's own last resort, which needs none of us."""

    call: CallId

    @property
    def lane(self) -> str:
        return self.call


@dataclass(frozen=True, slots=True)
class Confirm:
    """Say this sentence to who has dialled a code, and hang up after it."""

    dial: DialId
    language: str
    prompt: PromptId

    @property
    def lane(self) -> str:
        return self.dial


@dataclass(frozen=True, slots=True)
class YesNo:
    """From now on in this talk a caller's 1 is said to the volunteer as yes and 2 as no, at once; no key of theirs is
    told to anybody else, us included. Ends with the talk (`EndTalk`), or by `YesNoOver`.

    `prompts` (in `language`) say it to the caller, and the volunteer hears that it begins; their end is told as for all
    words (`PlayEnded`). `play` None: both know it already."""

    call: CallId
    ring: RingId
    play: PlayId | None
    language: str
    prompts: tuple[PromptId, ...]
    volunteers_language: str

    @property
    def lane(self) -> str:
        return self.call


@dataclass(frozen=True, slots=True)
class YesNoOver:
    """The caller's keys mean nothing again; the volunteer hears so."""

    call: CallId
    ring: RingId
    volunteers_language: str

    @property
    def lane(self) -> str:
        return self.call


Command = (
    Answer
    | Play
    | Tell
    | StopPlay
    | StartMusic
    | Ring
    | LetGo
    | Join
    | EndTalk
    | Refresh
    | Cover
    | Uncover
    | HangUp
    | LastResort
    | Confirm
    | YesNo
    | YesNoOver
)


quicken(__name__)
