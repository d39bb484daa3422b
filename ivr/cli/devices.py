"""A volunteer's further devices: all of them ring as one, and the first that is picked up has the call."""

from __future__ import annotations

from pathlib import Path

import click

from ivr.app import control
from ivr.cli.common import Trouble, common, say, say_json
from ivr.cli.config import config_of
from ivr.cli.offline import tell_offline
from ivr.cli.prepare import make_state
from ivr.cli.status import devices_json
from ivr.core.ids import VolunteerId
from sip.accounts import passwords, volunteer_name
from sip.devices import add_device, device_passwords, endpoint_of, remove_device
from sip.trouble import SipTrouble


@click.group()
def device() -> None:
    """Further devices of a volunteer: all ring as one, the first to answer has the call.

    Example: ivr volunteer device add anna home
    """


@device.command()
@click.argument("name")
@click.argument("device")
@common
def add(name: str, device: str, state: Path, as_json: bool) -> None:
    """Make an account for one more device; its password is shown this once.

    The volunteer's first device is the account of `ivr volunteer add`; this one logs in as NAME~DEVICE.

    Example: ivr volunteer device add anna home
    """
    from ivr.cli.duty import show_login

    who, place = known(name, state), make_state(state)
    try:
        username = endpoint_of(who, device)
        password = add_device(place, who, device)
    except SipTrouble as wrong:
        raise Trouble(str(wrong)) from None
    tell(place, who)
    show_login(place, username, password, {"name": who, "device": device}, f"{who} has the device {device}.", as_json)


@device.command("list")
@click.argument("name")
@common
def list_(name: str, state: Path, as_json: bool) -> None:
    """A volunteer's devices, and which are registered.

    Example: ivr volunteer device list anna
    """
    who = known(name, state)
    found: object = None
    try:
        people = control.ask(state, "volunteers")["volunteers"]
        assert isinstance(people, list)
        found = next((each.get("devices") for each in people if each["name"] == who), None)
    except control.NobodyThere:
        pass
    devices = found if isinstance(found, list) else devices_json(who, device_passwords(state), ())
    if as_json:
        say_json(devices)
        return
    for each in devices:
        registered = "registered" if each["registered"] else "not registered"
        say(f"{each['device'] or '(first)':<20} {each['username']:<40} {registered}")


@device.command()
@click.argument("name")
@click.argument("device")
@common
def remove(name: str, device: str, state: Path, as_json: bool) -> None:
    """Take one of the further devices away; a talk on it goes on to its end.

    Example: ivr volunteer device remove anna home
    """
    who = known(name, state)
    try:
        if not remove_device(state, who, device):
            raise Trouble(f"{who} has no device {device}; `ivr volunteer device list {who}` shows them.")
    except SipTrouble as wrong:
        raise Trouble(str(wrong)) from None
    tell(state, who)
    say_json({"name": who, "device": device, "removed": True}) if as_json else say(f"{who}: {device} is removed.")


def known(name: str, state: Path) -> VolunteerId:
    """A volunteer who has an account."""
    try:
        who = volunteer_name(name)
        if who in passwords(state):
            return who
    except SipTrouble as wrong:
        raise click.UsageError(str(wrong)) from None
    raise Trouble(f"there is no volunteer {who}; `ivr volunteer list` shows them.")


def tell(state: Path, who: VolunteerId) -> None:
    """The controller that runs tells the exchange; otherwise the next start does."""
    try:
        control.ask(state, "volunteer_devices", name=who)
    except control.Refused as refused:
        raise Trouble(str(refused)) from None
    except control.NobodyThere:
        tell_offline(make_state(state), config_of(state), None)
