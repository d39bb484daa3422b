"""What laws are made of: what was said and commanded along a trace, and how one says that it is broken."""

from __future__ import annotations

from collections.abc import Iterator

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
from ivr.core.facts import (
    Fact,
)
from ivr.core.ids import CallId, call_of
from tests.laws.trace import LawBroken, Trace


def require(holds: bool, what: str, trace: Trace, of: object = None) -> None:
    """`of`: what it is true or false of; put into words only when it is false, since that takes longer than asking."""
    if not holds:
        raise LawBroken(what if of is None else f"{what}: {of}", trace)


def facts_of(trace: Trace) -> Iterator[Fact]:
    return (fact for moment in trace for fact in moment.facts)


def commands_of(trace: Trace) -> Iterator[Command]:
    return (command for moment in trace for command in moment.commands)


def about(command: Command) -> CallId:
    """Which call a command belongs to."""
    match command:
        case Answer() | Play() | StopPlay() | StartMusic() | Join() | HangUp() | LastResort() | YesNo() | YesNoOver():
            return command.call
        case Refresh() | Cover() | Uncover():
            return command.call
        case Ring() | LetGo() | Tell():
            return call_of(command.ring)
        case EndTalk():
            return call_of(command.talk)
        case Confirm():
            return CallId(command.dial)  # of no call
