"""`ivr asterisk`: getting, configuring and looking into Asterisk by hand. `ivr up` does all of it by itself."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import click

from ivr.app.clock import SystemClock
from ivr.cli import prepare
from ivr.cli.common import Trouble, common, say, say_json
from ivr.cli.config import config_of, read_config
from ivr.core.ids import VolunteerId
from ivr.core.state import Volunteer
from ivr.store.database import NAME
from ivr.store.journal import SqliteJournal
from ivr.store.trouble import StoreTrouble
from sip.accounts import ensure_accounts
from sip.asterisk import install as machine
from sip.asterisk import process
from sip.asterisk.console import ConsoleSilent, ask
from sip.asterisk.render import make_places
from sip.asterisk.render import render as render_files
from sip.asterisk.settings import Places, Ports, Settings
from sip.devices import device_passwords
from sip.partners import partners
from sip.secrets import open_secrets
from sip.trouble import SipTrouble

_config = click.option(
    "--config", type=click.Path(path_type=Path, dir_okay=False), help="Settings of this house (TOML)."
)


@contextmanager
def _told() -> Iterator[None]:
    """Whatever the telephone side or the store complains about reaches the user as one sentence."""
    try:
        yield
    except (SipTrouble, StoreTrouble) as wrong:
        raise Trouble(str(wrong).rstrip(".") + ".") from None


def _progress(line: str) -> None:
    click.echo(f"ivr: {line}", err=True)


@click.group()
def asterisk() -> None:
    """Get, configure and look into Asterisk by hand.

    Example: ivr asterisk install
    """


@asterisk.command()
@_config
@click.option("--refresh", is_flag=True, help="Fetch Debian's Asterisk anew, as after a security fix.")
@common
def install(config: Path | None, refresh: bool, state: Path, as_json: bool) -> None:
    """Find an Asterisk that fits, or unpack Debian's into the state directory, without root.

    Example: ivr asterisk install --refresh
    """
    home = prepare.make_state(state) / "asterisk"
    named = (read_config(config) if config else config_of(state)).asterisk
    with _told():
        got = machine.refresh(home, _progress) if refresh else machine.install(home, _progress, configured=named)
    if as_json:
        say_json({"version": got.version, "source": got.source, "start": list(got.start), "modules": str(got.modules)})
    else:
        say(f"Asterisk {got.version} from {got.source} is ready in {home}.")
        if refresh and process.find_running(Places.in_state(home, got.modules, got.data)) is not None:
            say("The running one is still the old: ivr down, then ivr up.")


@asterisk.command()
@_config
@click.option("--port-base", type=int, help="First of the ports to use, for several copies side by side.")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write there, for an Asterisk that somebody else runs, instead of into the state directory.",
)
@click.option(
    "--modules",
    type=click.Path(path_type=Path, file_okay=False),
    help="With -o: that Asterisk's module directory (Debian's place for this processor without it).",
)
@common
def render(
    config: Path | None, port_base: int | None, output: Path | None, modules: Path | None, state: Path, as_json: bool
) -> None:
    """Write Asterisk's configuration: lines, hours, volunteers' accounts, secrets.

    With -o it is for Debian's Asterisk as it comes: make DIR its configuration directory (`asterisk -C
    DIR/asterisk.conf`). Its user must be able to read DIR, and the sounds in the state directory.

    Example: ivr asterisk render -o /etc/voiceline-asterisk
    """
    state = prepare.make_state(state)
    home = state / "asterisk"
    with _told():
        if output is None:
            got = machine.install(
                home, _progress, configured=(read_config(config) if config else config_of(state)).asterisk
            )
            places = Places.in_state(home, got.modules, got.data)
            make_places(places)
        else:
            places = Places.of_debian(output.absolute(), home / "moh", f"{os.uname().machine}-linux-gnu", modules)
        settings = house_settings(state, config, places, Ports.from_base(port_base))
        if output is not None:
            settings = replace(settings, front_key=None)  # nobody starts one beside it
        changed = sorted(render_files(settings))
    if as_json:
        say_json({"directory": str(places.etc), "changed": changed})
    else:
        say(f"{places.etc}: {', '.join(changed) + ' written' if changed else 'everything was up to date'}.")


def house_settings(state: Path, config: Path | None, places: Places, ports: Ports) -> Settings:
    """What Asterisk is told in this house as it is now, whether a controller runs or not; sounds are laid out too."""
    house = read_config(config) if config else config_of(state)
    plan = prepare.read_plan(house)
    now = SystemClock().now()
    prepare.install_sounds(house.callflows, state)
    volunteers = _volunteers(state)
    passwords = ensure_accounts(state, volunteers)
    return prepare.make_settings(
        config=house,
        ports=ports,
        places=places,
        secrets=open_secrets(state),
        plan=plan,
        tables=prepare.timetables(plan, now),
        people=prepare.accounts(plan, volunteers.values(), passwords, device_passwords(state)),
        partners=prepare.places(plan, volunteers.values(), partners(state)),
        now=now,
        shift_s=0.0,
        state=state,
    )


def _volunteers(state: Path) -> dict[VolunteerId, Volunteer]:
    journal = SqliteJournal(state / NAME)
    try:
        return {who.id: who for who in journal.load().volunteers}
    finally:
        journal.close()


@asterisk.command()
@click.argument("command", nargs=-1)
@common
def shell(command: tuple[str, ...], state: Path, as_json: bool) -> None:
    """Asterisk's own command line; with COMMAND, the answer to that.

    Example: ivr asterisk shell pjsip show contacts
    """
    home = state.absolute() / "asterisk"
    places = Places.in_state(home, home / "modules", home)
    if process.find_running(places) is None:
        raise Trouble("no Asterisk runs from this state directory: start one with ivr up (or make run).")
    if command:
        answer = _answer(lambda: ask(places.console, " ".join(command)))
        say_json({"answer": answer}) if as_json else say(answer.rstrip("\n"))
        return
    with _told():
        got = machine.install(home, _progress, configured=config_of(state).asterisk)
    os.execv(got.start[0], [*got.start, "-r", "-C", str(places.configuration)])  # noqa: S606  that is the point


def _answer(question: Callable[[], str]) -> str:
    try:
        return question()
    except ConsoleSilent:
        raise Trouble("Asterisk runs but does not answer: end it with ivr down, then start again.") from None
