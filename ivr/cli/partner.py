"""Partners that take callers for us at night: where they are called, and how many callers at once."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from ivr.app import control
from ivr.cli.common import Trouble, common, say, say_json
from ivr.cli.config import config_of
from ivr.cli.duty import at_the_house
from ivr.cli.offline import tell_offline
from ivr.cli.prepare import make_state, plan_by_name
from ivr.cli.status import people, volunteer_json
from ivr.core.ids import GroupId, VolunteerId, partner_of
from ivr.core.news import VolunteerAdded, VolunteerRemoved
from sip.partners import MOST_PLACES, Partner, keep_partner, partners, read_partner, remove_partner
from sip.trouble import SipTrouble


@click.group()
def partner() -> None:
    """Partners that take callers for us at night.

    Example: ivr partner add natlinje sip:45112233@192.0.2.20 --group natlinje --places 3
    """


@partner.command()
@click.argument("name")
@click.argument("address")
@click.option("--group", required=True, help="The hunt group that stands for the partner.")
@click.option("--places", type=click.IntRange(1, MOST_PLACES), default=1, show_default=True, help="Callers at once.")
@click.option("--login", default="", help="When the other side wants one; the password is asked, or read from a pipe.")
@common
def add(name: str, address: str, group: str, places: int, login: str, state: Path, as_json: bool) -> None:
    """Name a partner, or change where one is reached. It is told the line's own number, never a caller's.

    Example: ivr partner add natlinje sip:45112233@192.0.2.20 --group natlinje --places 3
    """
    config = config_of(state)
    plan = plan_by_name(state, config)
    if GroupId(group) not in plan.groups:
        raise Trouble(f"there is no group {group}; known are {', '.join(sorted(plan.groups))}.")
    place = make_state(state)
    try:
        told = read_partner(name, address, places, GroupId(group), login, _password() if login else "")
        if told.is_this_machine and not config.is_demo:
            raise Trouble(f"{address} is this machine itself, where no partner can be: ask the partner for theirs.")
        before = partners(place).get(name)
        keep_partner(place, told)
    except SipTrouble as wrong:
        raise Trouble(str(wrong)) from None
    for seat in before.seats() if before is not None else ():
        if seat not in told.seats():
            _let_go(place, seat)
    for seat in told.seats():
        _take_in(place, seat, told.group)
    if as_json:
        say_json(_json(told, {}))
    else:
        say(f"{name} takes {_callers(places)}, and is asked as group {group}.")


@partner.command("list")
@common
def list_(state: Path, as_json: bool) -> None:
    """All partners, and whether they can be reached.

    Example: ivr partner list
    """
    try:
        known = partners(state)
    except SipTrouble as wrong:
        raise Trouble(str(wrong)) from None
    states = _states(state) if known else {}
    if as_json:
        say_json([_json(each, states) for each in known.values()])
        return
    if not known:
        say("nobody yet: ivr partner add NAME sip:NUMBER@HOST --group GROUP")
    for each in known.values():
        doing = ", ".join(states.get(seat, "unknown") for seat in each.seats())
        say(f"{each.name:<20} {each.group:<12} {_callers(each.places)}: {doing}")


@partner.command()
@click.argument("name")
@common
def remove(name: str, state: Path, as_json: bool) -> None:
    """No more callers for this partner; a talk goes on to its end.

    Example: ivr partner remove natlinje
    """
    try:
        known = partners(state).get(name)
        if known is None:
            raise Trouble(f"there is no partner {name}; `ivr partner list` shows them.")
        for seat in known.seats():
            _let_go(state, seat)
        remove_partner(state, name)
    except SipTrouble as wrong:
        raise Trouble(str(wrong)) from None
    say_json({"name": name, "removed": True}) if as_json else say(f"{name} is removed.")


def _take_in(state: Path, seat: VolunteerId, group: GroupId) -> None:
    values: dict[str, object] = {"name": seat, "group": group, "line": None}
    at_the_house(state, "volunteer_add", values, lambda _house: VolunteerAdded(seat, group, None, datetime.now(UTC)))


def _let_go(state: Path, seat: VolunteerId) -> None:
    at_the_house(state, "volunteer_remove", {"name": seat}, lambda _house: VolunteerRemoved(seat, datetime.now(UTC)))


def _password() -> str:
    if sys.stdin.isatty():
        return str(click.prompt("Password", hide_input=True))
    return sys.stdin.readline().strip()


def _states(state: Path) -> dict[VolunteerId, str]:
    """What each place is doing; nothing is known of those that the house does not know."""
    try:
        found = control.ask(state, "volunteers")["volunteers"]
    except control.NobodyThere:
        house = tell_offline(make_state(state), config_of(state), None)
        found = [volunteer_json(who) for who in people(house)]
    assert isinstance(found, list)
    return {VolunteerId(who["name"]): str(who["state"]) for who in found if partner_of(VolunteerId(who["name"]))}


def _json(told: Partner, states: dict[VolunteerId, str]) -> dict[str, object]:
    seats = [{"name": seat, "state": states.get(seat)} for seat in told.seats()]
    return {"name": told.name, "address": told.address, "group": told.group, "places": seats}


def _callers(places: int) -> str:
    return "one caller at a time" if places == 1 else f"{places} callers at once"
