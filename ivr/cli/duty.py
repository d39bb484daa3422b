"""Volunteers on and off duty, lines opened, closed and handed over by hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import click

from ivr.app import control
from ivr.cli.common import Trouble, common, say, say_json
from ivr.cli.config import config_of
from ivr.cli.devices import device
from ivr.cli.offline import tell_offline
from ivr.cli.prepare import local_moment, make_state, plan_by_name
from ivr.cli.registrar import registrar
from ivr.cli.status import devices_json, people, volunteer_json
from ivr.core.flow import Plan
from ivr.core.hours import Service
from ivr.core.ids import GroupId, LineId, VolunteerId
from ivr.core.news import (
    DutyChanged,
    HandoverAsked,
    News,
    OverrideGiven,
    VolunteerAdded,
    VolunteerPaused,
    VolunteerRemoved,
    VolunteerResumed,
    WrapUpDone,
    WrapUpProlonged,
    YesNoAsked,
)
from ivr.core.reasons import PauseKind
from ivr.core.state import House
from sip.accounts import ensure_accounts, passwords, remove_account, volunteer_name
from sip.devices import device_passwords, remove_devices
from sip.trouble import SipTrouble

TZ = "Europe/Copenhagen"


def at_the_house(
    state: Path, do: str, values: dict[str, object], otherwise: Callable[[House], News] | None
) -> House | None:
    """Ask the running controller; None when it did it. When none runs, write it ourselves and return the house."""
    try:
        control.ask(state, do, **values)
    except control.Refused as refused:
        raise Trouble(str(refused)) from None
    except control.NobodyThere:
        return tell_offline(make_state(state), config_of(state), otherwise)
    return None


def name_of(text: str) -> VolunteerId:
    try:
        return volunteer_name(text)
    except SipTrouble as wrong:
        raise click.UsageError(str(wrong)) from None


def known_line(plan: Plan, line: str) -> LineId:
    if LineId(line) not in plan.lines:
        raise Trouble(f"there is no line {line}; known are {', '.join(sorted(plan.lines))}.")
    return LineId(line)


def must_be_there(who: VolunteerId) -> Callable[[House], None]:
    def look(house: House) -> None:
        if who not in house.volunteers:
            raise Trouble(f"there is no volunteer {who}; `ivr volunteer list` shows them.")

    return look


# ---------------------------------------------------------------- volunteers


@click.group()
def volunteer() -> None:
    """Accounts and duty of those who answer.

    Example: ivr volunteer add anna --group dag
    """


volunteer.add_command(device)


@volunteer.command()
@click.argument("name")
@click.option("--group", help="The hunt group; without it the one that groups.yaml marks as default.")
@click.option("--line", help="Only calls of this line; without it every line the group serves.")
@common
def add(name: str, group: str | None, line: str | None, state: Path, as_json: bool) -> None:
    """Make an account; its password is shown this once.

    Example: ivr volunteer add anna --group dag
    """
    who, plan = name_of(name), plan_by_name(state, config_of(state))
    chosen = GroupId(group) if group is not None else plan.default_group
    if chosen not in plan.groups:
        raise Trouble(f"there is no group {chosen}; known are {', '.join(sorted(plan.groups))}.")
    only = known_line(plan, line) if line is not None else None
    place = make_state(state)
    known = who in passwords(place)
    try:
        password = ensure_accounts(place, (who,))[who]
    except SipTrouble as wrong:
        raise Trouble(str(wrong)) from None
    at_the_house(
        place,
        "volunteer_add",
        {"name": who, "group": chosen, "line": only},
        lambda _house: VolunteerAdded(who, chosen, only, datetime.now(UTC)),
    )
    told = f"{who} is in group {chosen}." if known else f"{who} is added to group {chosen}."
    show_login(place, who, password, {"name": who}, told, as_json)


def show_login(
    state: Path, username: str, password: str, about: Mapping[str, object], told: str, as_json: bool
) -> None:
    """What a phone needs to log in, this once. `about`: whose it is; `told`: the same as a sentence."""
    server = registrar(state)
    if as_json:
        say_json({**about, "sip": server.account(username, password), "provisioning_url": None})
        return
    say(told)
    say(server.in_words(username, password))
    say(f"Try it: ivr softphone {username}")


@volunteer.command("list")
@common
def list_(state: Path, as_json: bool) -> None:
    """Everybody, and what they are doing.

    Example: ivr volunteer list
    """
    try:
        found = control.ask(state, "volunteers")["volunteers"]
    except control.NobodyThere:
        house = tell_offline(make_state(state), config_of(state), None)
        known = device_passwords(state)
        found = [volunteer_json(who) | {"devices": devices_json(who.id, known, ())} for who in people(house)]
    assert isinstance(found, list)
    if as_json:
        say_json(found)
        return
    if not found:
        say("nobody yet: ivr volunteer add NAME")
    for who in found:
        say(f"{who['name']:<20} {who['group']:<12} {who['state']}{remark(who)}{devices_of(who)}")


def devices_of(who: Mapping[str, object]) -> str:
    """Of who has more than one: which are registered."""
    devices = who.get("devices")
    if not isinstance(devices, list) or len(devices) < 2:
        return ""
    told = (f"{each['username']}{'' if each['registered'] else ' (not registered)'}" for each in devices)
    return f" on {', '.join(told)}"


def remark(who: Mapping[str, object]) -> str:
    """Why, and until when, in brackets."""
    if who["until"]:
        moment = datetime.fromisoformat(str(who["until"])).astimezone(ZoneInfo(TZ))
        return f" (until {moment:%H:%M:%S})"
    if who["yes_no"]:
        return " (the caller answers with keys)"
    if who["caller_silent_s"]:
        return f" (nothing is heard from the caller for {who['caller_silent_s']} s)"
    return f" ({who['reason']})" if who["reason"] else ""


def about_volunteer(state: Path, do: str, name: str, news: Callable[[VolunteerId], News], **more: object) -> None:
    who = name_of(name)

    def tell(house: House) -> News:
        must_be_there(who)(house)
        return news(who)

    at_the_house(state, do, {"name": who, **more}, tell)


@volunteer.command()
@click.argument("name")
@click.option("--reason", help="Shown to the coordinator.")
@common
def pause(name: str, reason: str | None, state: Path, as_json: bool) -> None:
    """No calls for this volunteer until `resume`; a talk goes on.

    Example: ivr volunteer pause anna --reason lunch
    """
    about_volunteer(
        state, "volunteer_pause", name, lambda who: VolunteerPaused(who, reason, datetime.now(UTC)), reason=reason
    )
    say_json({"name": name, "paused": True}) if as_json else say(f"{name} is paused.")


@volunteer.command()
@click.argument("name")
@common
def resume(name: str, state: Path, as_json: bool) -> None:
    """Calls again.

    Example: ivr volunteer resume anna
    """
    about_volunteer(state, "volunteer_resume", name, lambda who: VolunteerResumed(who, datetime.now(UTC)))
    say_json({"name": name, "paused": False}) if as_json else say(f"{name} is back.")


@volunteer.command("break")
@click.argument("name")
@common
def break_(name: str, state: Path, as_json: bool) -> None:
    """A moment for this volunteer after a hard call, until `resume`; the coordinator is told. No report counts it.

    Example: ivr volunteer break anna
    """
    about_volunteer(
        state,
        "volunteer_pause",
        name,
        lambda who: VolunteerPaused(who, None, datetime.now(UTC), PauseKind.BREAK),
        kind=PauseKind.BREAK.value,
    )
    say_json({"name": name, "paused": True}) if as_json else say(f"{name} has a moment; the coordinator is told.")


@volunteer.command()
@click.argument("name")
@common
def on(name: str, state: Path, as_json: bool) -> None:
    """The shift begins: calls as soon as the phone is registered.

    Example: ivr volunteer on anna
    """
    about_volunteer(state, "volunteer_duty", name, lambda who: DutyChanged(who, True, datetime.now(UTC)), on=True)
    say_json({"name": name, "on_duty": True}) if as_json else say(f"{name} is on duty.")


@volunteer.command()
@click.argument("name")
@common
def off(name: str, state: Path, as_json: bool) -> None:
    """The shift is over: no calls until `on`, whether the phone is registered or not; a talk goes on.

    Example: ivr volunteer off anna
    """
    about_volunteer(state, "volunteer_duty", name, lambda who: DutyChanged(who, False, datetime.now(UTC)), on=False)
    say_json({"name": name, "on_duty": False}) if as_json else say(f"{name} is off duty.")


@volunteer.command()
@click.argument("name")
@common
def ready(name: str, state: Path, as_json: bool) -> None:
    """End the wrap-up after a talk before its time.

    Example: ivr volunteer ready anna
    """
    about_volunteer(state, "volunteer_ready", name, lambda who: WrapUpDone(who, datetime.now(UTC)))
    say_json({"name": name, "wrap_up": False}) if as_json else say(f"{name} has finished wrapping up.")


@volunteer.command()
@click.argument("name")
@click.option("--seconds", type=click.IntRange(10, 3600), default=120, show_default=True, help="So much more time.")
@common
def longer(name: str, seconds: int, state: Path, as_json: bool) -> None:
    """More time to wrap up.

    Example: ivr volunteer longer anna --seconds 300
    """
    about_volunteer(
        state,
        "volunteer_longer",
        name,
        lambda who: WrapUpProlonged(who, seconds, datetime.now(UTC)),
        seconds=seconds,
    )
    say_json({"name": name, "wrap_up": True, "seconds": seconds}) if as_json else say(f"{name}: {seconds} s more.")


@volunteer.command("yes-no")
@click.argument("name")
@click.argument("what", type=click.Choice(["on", "off"]))
@common
def yes_no(name: str, what: str, state: Path, as_json: bool) -> None:
    """Let the caller whom this volunteer talks with answer with keys: 1 is said to the volunteer as yes, 2 as no.

    For callers who cannot speak; the same from the volunteer's own phone, within the talk: *16 and *17. Which key was
    pressed is written nowhere.

    Example: ivr volunteer yes-no anna on
    """
    on = what == "on"
    about_volunteer(state, "volunteer_yes_no", name, lambda who: YesNoAsked(who, on, datetime.now(UTC)), on=on)
    told = "their caller answers with keys" if on else "keys mean nothing again"
    say_json({"name": name, "yes_no": on}) if as_json else say(f"{name}: {told}.")


@volunteer.command()
@click.argument("name")
@common
def remove(name: str, state: Path, as_json: bool) -> None:
    """Take the account away; a talk goes on to its end.

    Example: ivr volunteer remove anna
    """
    about_volunteer(state, "volunteer_remove", name, lambda who: VolunteerRemoved(who, datetime.now(UTC)))
    remove_account(state, name_of(name))
    remove_devices(state, name_of(name))
    say_json({"name": name, "removed": True}) if as_json else say(f"{name} is removed.")


# ---------------------------------------------------------------- lines


@click.command()
@click.argument("line")
@click.argument("what", type=click.Choice(["open", "closed", "auto"]))
@click.option("--until", help="An ISO moment at which this ends by itself; without an offset local time.")
@click.option("--reason", required=True, help="Why; stands in the log.")
@common
def override(line: str, what: str, until: str | None, reason: str, state: Path, as_json: bool) -> None:
    """Open or close a line by hand, or go back to its hours (auto).

    Example: ivr override bornetelefonen closed --until 2026-12-24T18:00 --reason "storm"
    """
    known = known_line(plan_by_name(state, config_of(state)), line)
    try:
        end = None if until is None else local_moment(until, TZ).astimezone(UTC)
    except ValueError:
        raise click.UsageError(f"--until {until} is no moment: write it like 2026-12-24T18:00.") from None
    opened = {"open": True, "closed": False, "auto": None}[what]
    at_the_house(
        state,
        "override",
        {"line": known, "open": opened, "until": end, "reason": reason},
        lambda _house: OverrideGiven(known, opened, end, reason, datetime.now(UTC)),
    )
    if as_json:
        say_json({"line": line, "override": what, "until": until})
    else:
        told = "by its hours again" if opened is None else f"{what} by hand"
        say(f"{line}: {told}{f' until {until}' if until else ''}.")


@click.command()
@click.argument("line")
@click.argument("service", type=click.Choice([each.value for each in Service]))
@common
def handover(line: str, service: str, state: Path, as_json: bool) -> None:
    """Hand the line over now; it ends by itself at the next change in the hours.

    Callers who wait keep their place, phones that ring ring on, talks are not touched.

    Example: ivr handover bornetelefonen night
    """
    known = known_line(plan_by_name(state, config_of(state)), line)
    try:
        there = control.ask(state, "handover", line=known, service=service).get("there")
    except control.Refused as refused:
        raise Trouble(str(refused)) from None
    except control.NobodyThere:
        there = None
        asked = HandoverAsked(known, Service(service), datetime.now(UTC))
        tell_offline(make_state(state), config_of(state), lambda _house: asked)
    if as_json:
        say_json({"line": line, "service": service, "there": there})
        return
    say(f"{line}: the {service} service answers now.")
    if there is False:
        say("Nobody of it can be reached: for a while whoever answered before is asked as well.")
