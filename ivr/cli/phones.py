"""`ivr call`, `ivr softphone`, `ivr heard`: scripted phones and an ear, to try the line with."""

from __future__ import annotations

import asyncio
import functools
import signal
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import click

from ivr.cli.common import HOME, Trouble, common, say, say_json
from sip.accounts import passwords
from sip.devices import device_passwords
from sip.trouble import SipTrouble

if TYPE_CHECKING:  # numpy comes with the extra `phones`: a server without it must still be able to say so
    from sip.heard import Ear, Span
    from sip.phone import Phone
    from sip.phone.interface import Samples
    from sip.probe import Happened, Press, Report
    from sip.softphone import Event

P = ParamSpec("P")
R = TypeVar("R")

phone_option = click.option(
    "--phone", type=click.Choice(["own", "pjsua2"]), help="Which phone; by itself pjsua2 where it is installed."
)


def _told(command: Callable[P, R]) -> Callable[P, R]:
    """Trouble on the telephone side as one sentence."""

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        if find_spec("numpy") is None:
            raise Trouble("the scripted phones need numpy, which is not installed; install it with: make setup")
        try:
            return command(*args, **kwargs)
        except SipTrouble as wrong:
            raise Trouble(str(wrong)) from wrong

    return run


def _kind(name: str | None) -> type[Phone]:
    from sip.phone import phone_kind

    try:
        return phone_kind(name)
    except ValueError as wrong:
        raise Trouble(f"{wrong}.") from wrong


def _presses(context: click.Context, option: click.Parameter, text: str) -> tuple[Press, ...]:
    if find_spec("numpy") is None:
        return ()  # said in one sentence a moment later
    from sip.probe import parse_presses

    try:
        return parse_presses(text)
    except ValueError as wrong:
        raise click.BadParameter(f"{wrong}.") from wrong


def _ear(state: Path) -> Ear:
    """The sounds that the exchange was given; without a state directory those of the checkout."""
    from sip.heard import Ear, load_sounds

    live = state / "asterisk"
    languages = _folders(live / "sounds") or _folders(HOME / "callflows" / "prompts")
    prompts: dict[str, Samples] = {}
    for folder in languages:
        prefix = f"{folder.name}/" if len(languages) > 1 else ""
        prompts |= {prefix + name: sound for name, sound in load_sounds([folder]).items()}
    if not prompts:
        raise Trouble(f"there are no prompts to compare with, neither in {live / 'sounds'} nor in callflows/prompts.")
    music = load_sounds([live / "moh"]) or load_sounds([HOME / "callflows" / "music"])
    return Ear(prompts, music)


def _folders(parent: Path) -> list[Path]:
    return [folder for folder in sorted(parent.glob("*")) if next(folder.glob("*.wav"), None) is not None]


async def _until_stopped(work: Callable[[asyncio.Event], Coroutine[Any, Any, R]]) -> R:
    """Runs it with an event that ctrl-C and SIGTERM set, so that it can hang up first."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    signals = (signal.SIGINT, signal.SIGTERM)
    for one in signals:
        loop.add_signal_handler(one, stop.set)
    try:
        return await work(stop)
    finally:
        for one in signals:
            loop.remove_signal_handler(one)


@click.command()
@click.argument("number")
@click.option(
    "--digits", callback=_presses, default="", metavar="1,2", help="Keys, each after an announcement; or 1@3.5."
)
@click.option("--play", type=click.Path(path_type=Path, dir_okay=False), help="What the caller says (WAV).")
@click.option("--record", type=click.Path(path_type=Path, dir_okay=False), help="Keep what was heard (WAV).")
@click.option("--seconds", type=click.FloatRange(0.1, 86400), default=30.0, show_default=True, help="Hang up then.")
@click.option("--from", "from_number", default="anonymous", help="The number the carrier would send along.")
@phone_option
@common
@_told
def call(
    state: Path,
    as_json: bool,
    number: str,
    digits: tuple[Press, ...],
    play: Path | None,
    record: Path | None,
    seconds: float,
    from_number: str,
    phone: str | None,
) -> None:
    """Calls the line as the carrier does, and tells what was heard, when, and how it ended.

    NUMBER is a number or a line's name. Exit code 1 when nobody answered.

    Example: ivr call 116111 --record hello.wav --seconds 20
    """
    from sip.phone.sound import read_wav, speech_like, write_wav
    from sip.probe import Wish, probe, running

    _check_dialable(number, from_number)
    line = running(state)
    ear, kind = _ear(state), _kind(phone)
    words = read_wav(play) if play is not None else speech_like(6, seed=116111)
    if record is not None and not record.parent.is_dir():
        raise Trouble(f"{record.parent} is no directory, so the recording cannot be kept there.")
    wish = Wish(number, digits, words, seconds, from_number)
    tell = _hush if as_json else _say_moment
    eager = not as_json
    report = asyncio.run(_until_stopped(lambda stop: probe(line, wish, kind, ear, tell, stop, eager=eager)))
    if record is not None:
        try:
            write_wav(record, report.samples)
        except OSError as wrong:
            raise Trouble(f"{record} cannot be written: {wrong.strerror}.") from wrong
    if as_json:
        say_json(_document(report, kind.__name__, record))
    if report.answered_s is None:
        raise Trouble(f"nobody answered {number}: {report.ended.code or ''} {report.ended.why}.".replace("  ", " "))


def _check_dialable(number: str, from_number: str) -> None:
    for text, what in ((number, "NUMBER"), (from_number, "--from")):
        if not text or not all(sign.isascii() and (sign.isalnum() or sign in "+*#-_.") for sign in text):
            raise click.UsageError(f"{what} may hold letters, digits and + * # - _ . only.")


def _hush(event: Happened | Span) -> None:
    """Told as one document at the end."""


def _say_moment(event: Happened | Span) -> None:
    from sip.heard import Span

    if isinstance(event, Span):
        say(f"{event.start_s:7.2f} - {event.end_s:.2f} s  {_span_text(event)}")
    else:
        say(f"{event.at_s:7.2f} s  {event.what}")


def _span_text(span: Span) -> str:
    if span.heard is None:
        return f"{span.what} {span.name}".rstrip()
    told = f"prompt {span.name} ({span.coverage:.2f})"
    if span.heard.whole:
        return told
    return f"{told}, only {span.heard.from_s:.1f} - {span.heard.to_s:.1f} s of {span.heard.length_s:.1f} s"


def _span_document(span: Span) -> dict[str, object]:
    told: dict[str, object] = {"what": span.what, "start_s": round(span.start_s, 2), "end_s": round(span.end_s, 2)}
    if span.name:
        told["name"] = span.name
    if span.heard is not None:
        told |= {
            "coverage": round(span.heard.coverage, 2),
            "whole": span.heard.whole,
            "from_s": round(span.heard.from_s, 2),
            "to_s": round(span.heard.to_s, 2),
            "length_s": round(span.heard.length_s, 2),
        }
    return told


def _document(report: Report, kind: str, record: Path | None) -> dict[str, object]:
    ended = report.ended
    return {
        "number": report.number,
        "phone": "own" if kind == "OwnPhone" else "pjsua2",
        "dialled_at": report.dialled_at.isoformat(timespec="milliseconds"),
        "ringing_s": report.ringing_s,
        "answered_s": report.answered_s,
        "first_packet_s": report.first_packet_s,
        "first_sound_s": report.first_sound_s,
        "recording_began_s": report.recording_began_s,
        "heard": [_span_document(span) for span in report.heard],
        "ended": {
            "by": ended.by,
            "code": ended.code,
            "why": ended.why,
            "cause": ended.cause,
            "reason": ended.reason or None,
            "at_s": report.ended_s,
        },
        "record": str(record) if record is not None else None,
    }


@click.command()
@click.argument("name")
@click.option(
    "--answer-after", type=click.FloatRange(0, 3600), default=2.0, show_default=True, help="Seconds it rings."
)
@click.option("--talk", type=click.FloatRange(0.1, 86400), help="Hang up after so many seconds.")
@click.option("--decline", is_flag=True, help="Decline every call.")
@click.option("--play", type=click.Path(path_type=Path, dir_okay=False), help="What the volunteer says (WAV).")
@phone_option
@common
@_told
def softphone(
    state: Path,
    as_json: bool,
    name: str,
    answer_after: float,
    talk: float | None,
    decline: bool,
    play: Path | None,
    phone: str | None,
) -> None:
    """A volunteer's phone that registers and answers until it is stopped (ctrl-C).

    Example: ivr softphone anna --answer-after 3 --talk 20
    """
    from sip.phone.sound import read_wav, speech_like
    from sip.probe import running
    from sip.softphone import Manners
    from sip.softphone import softphone as serve

    line = running(state)
    known = {str(volunteer): password for volunteer, password in passwords(state).items()}
    known |= device_passwords(state)
    if name not in known:
        there = f"there are {', '.join(sorted(known))}" if known else "there is nobody yet"
        raise Trouble(f"no volunteer {name!r} here: {there}. Add one with: ivr volunteer add {name}")
    words = read_wav(play) if play is not None else speech_like(6, seed=35555557)
    manners = Manners(answer_after, talk, decline, words)
    tell = functools.partial(_say_event, name, as_json)
    kind = _kind(phone)
    asyncio.run(_until_stopped(lambda stop: serve(name, known[name], line.sip, kind, manners, tell, stop)))


def _say_event(name: str, as_json: bool, event: Event) -> None:
    if as_json:
        fields = {"shows": event.shows, "by": event.by, "reason": event.reason, "seconds": event.seconds}
        told = {key: value for key, value in fields.items() if value is not None}
        say_json({"at": datetime.now(UTC).isoformat(timespec="milliseconds"), "event": event.what, "name": name} | told)
        return
    clock = datetime.now().astimezone().strftime("%H:%M:%S")
    say(f"{clock}  {name}: {_event_text(event)}")


def _event_text(event: Event) -> str:
    who = {"us": "this phone", "them": "the line", "network": "the network"}.get(event.by or "", "")
    why = f" ({event.reason})" if event.reason else ""
    texts = {
        "registered": "registered, waiting for calls",
        "ringing": f"ringing, the display says {event.shows}",
        "answered": f"answered after {event.seconds} s",
        "heard": "hears the other side",
        "declined": f"declined after {event.seconds} s",
        "missed": f"stopped ringing after {event.seconds} s, by {who}{why}",
        "ended": f"talked {event.seconds} s, ended by {who}{why}",
        "unregistered": "unregistered, goodbye",
    }
    return texts[event.what]


@click.command()
@click.argument("wav", type=click.Path(path_type=Path, dir_okay=False))
@common
@_told
def heard(state: Path, as_json: bool, wav: Path) -> None:
    """Which prompts are in a recording, with start, end and certainty (0 to 1; from 0.8 a whole prompt).

    Example: ivr heard hello.wav
    """
    from sip.phone.sound import read_wav

    samples = read_wav(wav)
    spans = _ear(state).listen(samples)
    if as_json:
        say_json(
            {"recording": str(wav), "seconds": len(samples) / 8000, "heard": [_span_document(one) for one in spans]}
        )
        return
    for span in spans:
        say(f"{span.start_s:7.2f} - {span.end_s:.2f} s  {_span_text(span)}")
    if not spans:
        say("nothing: the recording is empty")
