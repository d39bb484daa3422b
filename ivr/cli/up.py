"""`ivr up`, `ivr down`, `ivr status`: the line as a whole."""

from __future__ import annotations

import asyncio
import getpass
import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ivr.app import notify
from ivr.app.clock import SystemClock
from ivr.app.engine import Engine
from ivr.app.ports import Deposed
from ivr.cli import prepare, succession, warm
from ivr.cli.common import Trouble, common, say, say_json
from ivr.cli.config import Config, read_config, remember_config
from ivr.cli.demo import DEMO, add_demo_volunteers
from ivr.cli.door import close_door, get_front
from ivr.cli.logging import log_to_stderr
from ivr.cli.ready import keep_ready, ready_line
from ivr.cli.running import Ground, Running
from ivr.core.flow import Plan
from ivr.core.hours import Timetable
from ivr.core.ids import LineId
from ivr.core.news import VolunteerAdded
from ivr.store.trouble import StoreTrouble
from ivr.web import port
from sip.accounts import passwords
from sip.ari.socket import ReplacedError
from sip.asterisk import process
from sip.asterisk.install import install
from sip.asterisk.render import is_behind_front
from sip.asterisk.settings import LOOPBACK, Places, Ports
from sip.partners import partners
from sip.secrets import open_secrets
from sip.trouble import SipTrouble

if TYPE_CHECKING:  # what a warm start does without is imported where it is needed
    from ivr.callflow.versions import Versions

CONNECT_S = 30.0
DOWN_S = 60.0


@dataclass(frozen=True, slots=True)
class Asked:
    """What `ivr up` was started with."""

    config: Path | None
    state: Path
    port_base: int | None
    clock: str | None
    drain_s: float
    as_json: bool
    watch: bool = False
    front: str | None = None


@click.command()
@click.option("--config", type=click.Path(path_type=Path, dir_okay=False), help="Settings of this house (TOML).")
@click.option("--port-base", type=int, help="First of the ports to use, for several copies side by side.")
@click.option("--clock", help="Let the line's clock start at this moment (ISO), to try another hour.")
@click.option("--drain", "drain_s", type=float, default=600.0, show_default=True, help="Seconds talks get at the end.")
@click.option(
    "--front",
    type=click.Choice(["kamailio", "direct"]),
    help="What stands before Asterisk, instead of what the settings say.",
)
@click.option("--watch", is_flag=True, help="Publish the callflows whenever they are saved and right.")
@common
def up(
    config: Path | None,
    port_base: int | None,
    clock: str | None,
    drain_s: float,
    front: str | None,
    watch: bool,
    state: Path,
    as_json: bool,
) -> None:
    """Run the line in the foreground until ctrl-C.

    Example: ivr up --port-base 20000 --clock 2026-03-02T22:58
    """
    log_to_stderr(as_json)
    asked = Asked(config, prepare.make_state(state), port_base, clock, drain_s, as_json, watch, front)
    try:
        with ExitStack() as held:
            held.callback(forget_ready, asked.state)
            ground = lay_ground(asked)
            succession.ask_to_yield(asked.state)
            asyncio.run(serve(ground, asked))
    except (SipTrouble, StoreTrouble) as wrong:
        raise Trouble(str(wrong).rstrip(".") + ".") from None


def forget_ready(state: Path) -> None:
    """Unless a successor has written its own meanwhile."""
    path = state / "ready.json"
    with suppress(OSError, ValueError, KeyError):
        if json.loads(path.read_text(encoding="utf-8"))["pid"] == os.getpid():
            path.unlink()


def lay_ground(asked: Asked) -> Ground:
    """Everything that can be found wrong before a call is touched. Raises `Trouble`."""
    settings = with_front(read_config(asked.config), asked.front)
    ports = Ports.from_base(asked.port_base)
    shift_s = shift(asked.clock, settings)
    clock = SystemClock(shift_s)
    secrets = open_secrets(asked.state)
    plan, tables = plan_and_hours(asked.state, settings, clock.now(), secrets.installation_key)
    home = asked.state / "asterisk"
    settings = as_it_runs(settings, Places.in_state(home, home / "modules", home))
    with ThreadPoolExecutor(1) as beside:  # on a machine that has neither, both are fetched at the same time
        getting = beside.submit(get_front, asked.state) if settings.has_front else None
        asterisk = install(home, lambda line: click.echo(f"ivr: {line}", err=True), configured=settings.asterisk)
        front = getting.result() if getting is not None else None
    places = Places.in_state(home, asterisk.modules, asterisk.data)
    remember_config(asked.state, asked.config)
    return Ground(asked.state, settings, ports, secrets, asterisk, places, plan, tables, clock, asked.watch, front)


def with_front(settings: Config, mode: str | None) -> Config:
    """As the settings have it, or as was asked for with this start."""
    if mode is None:
        return settings
    if mode == "kamailio" and not settings.can_have_front:
        raise Trouble("a front needs an address to listen at: name one of this machine as sip_bind, not 0.0.0.0.")
    return replace(settings, front=mode == "kamailio")


def as_it_runs(settings: Config, places: Places) -> Config:
    """An Asterisk that runs has its ports, with a front before it or without; that is not changed under its callers."""
    behind = is_behind_front(places) if process.find_running(places) is not None else None
    if behind is None or behind is settings.has_front:
        return settings
    click.echo(
        f"ivr: THE ASTERISK THAT RUNS IS {'BEHIND A FRONT' if behind else 'WITHOUT A FRONT'}, AND SO IT STAYS: "
        "the other way comes with ivr down, then ivr up.",
        err=True,
    )
    return replace(settings, front=behind)


def plan_and_hours(state: Path, settings: Config, now: datetime, key: bytes) -> tuple[Plan, dict[LineId, Timetable]]:
    """As the last start worked it out, when nothing has changed since; else anew. Raises `Trouble`."""
    kept = warm.recall(state, key, warm.stamp(settings.callflows, state, now.date()))
    if kept is not None:
        return kept
    from ivr.callflow.versions import Versions  # a warm start does without

    versions = Versions(state)
    plan = choose_version(versions, settings)
    tables = prepare.timetables(plan, now)
    prepare.install_sounds(versions.folder(plan.version), state)
    if versions.held_back() is None:  # what is told loudly at a start is told at each
        warm.keep(state, key, warm.stamp(settings.callflows, state, now.date()), (plan, tables))
    return plan, tables


def choose_version(versions: Versions, settings: Config) -> Plan:
    """The files on disk, as a version that is kept; but what was rolled back does not return by a mere restart."""
    from ivr.callflow import CallflowError
    from ivr.callflow.versions import How, UnknownVersion

    try:
        plan = versions.keep(settings.callflows)
    except CallflowError:
        return prepare.read_plan(settings)  # which tells all of it, with the places in the files that people edit
    except OSError as wrong:
        return last_version(versions, wrong)
    held = versions.held_back()
    if held is not None and held.instead_of == plan.version:
        try:
            older = versions.load(held.version)
        except (CallflowError, UnknownVersion):
            click.echo(
                "ivr: THE VERSION OF THE LAST ROLLBACK CANNOT BE USED ANY MORE: the files on disk are.", err=True
            )
        else:
            click.echo(
                f"ivr: THE FILES ON DISK WERE ROLLED BACK AND ARE NOT USED: {held.version} runs. "
                "Correct them and run ivr publish.",
                err=True,
            )
            return older
    current = versions.current()
    if current is None or current.version != plan.version:
        versions.note(plan.version, How.STARTED, getpass.getuser(), "")
    return plan


def last_version(versions: Versions, wrong: OSError) -> Plan:
    """The disk takes nothing: callers are better served with the version that was in force than not at all."""
    from ivr.callflow import CallflowError
    from ivr.callflow.versions import UnknownVersion

    current = versions.current()
    try:
        if current is not None:
            click.echo(
                f"ivr: THE CALLFLOWS CANNOT BE KEPT AS A VERSION ({wrong.strerror}): {current.version} runs on. "
                "Look at the disk, then run ivr publish.",
                err=True,
            )
            return versions.load(current.version)
    except (CallflowError, UnknownVersion):
        pass
    raise Trouble(f"the callflows cannot be kept as a version ({wrong.strerror}): look at the disk.")


def shift(clock: str | None, config: Config) -> float:
    """Seconds by which the line's clock is moved; said loudly, and refused where children may be on the line."""
    if clock is None:
        return 0.0
    if not config.is_demo:
        raise Trouble("--clock is for trying things on this machine; a carrier's trunk is configured: leave it out.")
    try:
        moment = prepare.local_moment(clock, "Europe/Copenhagen")
    except ValueError:
        raise click.UsageError(f"--clock {clock} is no moment: write it like 2026-03-02T22:58.") from None
    click.echo(f"ivr: THE LINE'S CLOCK IS MOVED: it starts at {moment.isoformat()}.", err=True)
    return (moment - datetime.now(UTC)).total_seconds()


async def serve(ground: Ground, asked: Asked) -> None:
    running = Running(ground)
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for sign in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(sign, stopped.set)
    try:
        await running.alone()
        running.engine.recall(ground.plan, ground.tables, older_plans(ground.state))
        remember_people(running.engine, ground.state)
        if ground.config.is_demo:
            add_demo_volunteers(running.engine)
        if not running.outwaited:
            port.listen(LOOPBACK, ground.ports.web).close()
        running.door_is_free()
        start_exchange(running)
        await running.still_in_office()
        async with asyncio.TaskGroup() as group:
            group.create_task(running.run(), name="house")
            group.create_task(end(running, stopped, asked.drain_s), name="end")
            group.create_task(announce(running, asked), name="ready")
    except (BaseExceptionGroup, Deposed, OSError) as wrong:
        raise in_a_sentence(ground, wrong) from None
    finally:
        running.close()
    if not running.yielding:
        await asyncio.to_thread(running.close_door)
        await asyncio.to_thread(process.stop, ground.places)


def older_plans(state: Path) -> Callable[[str], Plan | None]:
    """Versions that calls from before a restart go by."""

    def find(version: str) -> Plan | None:
        from ivr.callflow import CallflowError
        from ivr.callflow.versions import UnknownVersion, Versions

        try:
            return Versions(state).load(version)
        except (CallflowError, UnknownVersion):
            return None

    return find


def remember_people(engine: Engine, state: Path) -> None:
    """The log was lost, with no copy of it: whoever has an account can be rung all the same, in the default group."""
    if engine.house.volunteers:
        return
    for name in passwords(state):
        engine.take(VolunteerAdded(name, engine.house.plan.default_group, None, engine.clock.now()))
    for partner in partners(state).values():
        for place in partner.seats():
            engine.take(VolunteerAdded(place, partner.group, None, engine.clock.now()))


def start_exchange(running: Running) -> None:
    """Asterisk and the front, side by side. When one of them cannot be started the other does not stay behind."""
    there = process.find_running(running.ground.places) is not None
    with ThreadPoolExecutor(1) as beside:
        opening = beside.submit(running.open_door)
        try:
            start_asterisk(running)
            opening.result()
        except BaseException:
            if not there:
                wait([opening])
                running.close_door()
                process.stop(running.ground.places)
            raise


def start_asterisk(running: Running) -> None:
    """The Asterisk that runs from this state directory is taken up again; otherwise one is started. One that runs is
    told of changes once its callers are looked after."""
    places = running.ground.places
    if process.find_running(places) is not None:
        return
    running.start_asterisk()


async def announce(running: Running, asked: Asked) -> None:
    try:
        async with asyncio.timeout(CONNECT_S):
            await running.connected.wait()
            await running.pages_up.wait()
    except TimeoutError:
        raise SipTrouble("Asterisk runs but does not talk to us: end it with `ivr down`, then start again.") from None
    line = ready_line(running)
    with suppress(OSError):  # a full disk is no reason not to be ready
        keep_ready(running.ground.state, line)
    notify.tell(notify.READY)
    say_json(line)
    if not asked.as_json:
        click.echo(welcome(running), err=True)


def welcome(running: Running) -> str:
    """Where to call, where to look, what to type next."""
    ground = running.ground
    state = "" if ground.state.name == ".state" else f" --state {ground.state}"
    first = next(iter(running.house.plan.lines.values()))
    numbers = ", ".join(f"{line.name} {line.number}" for line in running.house.plan.lines.values())
    serving = running.house.lines[first.id].serving
    answering = next((name for name, service in DEMO.items() if service is serving), "NAME")
    return (
        f"\n  The line is up: {numbers}."
        f"\n  Look:    http://127.0.0.1:{ground.ports.web}/"
        f"\n  Answer:  .venv/bin/ivr softphone {answering}{state}      (by day anna, at night bo)"
        f"\n  Call:    .venv/bin/ivr call {first.number} --record call.wav{state}"
        f"\n  Listen:  .venv/bin/ivr heard call.wav{state}"
        f"\n  The log: .venv/bin/ivr calls{state}\n"
    )


async def end(running: Running, stopped: asyncio.Event, drain_s: float) -> None:
    """SIGTERM and ctrl-C: no new calls, those who talk get their time; a second one: now."""
    waiting = {asyncio.create_task(stopped.wait()), asyncio.create_task(running.stopping.wait())}
    try:
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for each in waiting:
            each.cancel()
    notify.tell(notify.STOPPING)
    if running.stopping.is_set():
        return
    stopped.clear()
    drained = asyncio.create_task(running.drain(drain_s))
    again = asyncio.create_task(stopped.wait())
    await asyncio.wait({drained, again}, return_when=asyncio.FIRST_COMPLETED)
    drained.cancel()
    again.cancel()
    running.stopping.set()


def in_a_sentence(ground: Ground, wrong: BaseException) -> BaseException:
    """Of all that went wrong at once the one thing to be told. A mistake of ours stays what it is."""
    parts = list(leaves(wrong))
    if any(isinstance(part, Deposed | ReplacedError) for part in parts):
        return Trouble("another controller has taken over here; this one has stopped and touched nothing more.")
    for part in parts:
        if isinstance(part, SipTrouble):
            return SipTrouble(str(part))
    for part in parts:
        if isinstance(part, OSError):
            return Trouble(about_port(ground, part))
    return wrong


def leaves(wrong: BaseException) -> Iterator[BaseException]:
    if isinstance(wrong, BaseExceptionGroup):
        for part in wrong.exceptions:
            yield from leaves(part)
    else:
        yield wrong


def about_port(ground: Ground, wrong: BaseException) -> str:
    if isinstance(wrong, StoreTrouble):
        return f"{wrong}."
    return f"port {ground.ports.web} for the pages is taken: free it, or choose other ports with --port-base."


@click.command()
@common
def down(state: Path, as_json: bool) -> None:
    """Stop the controller and Asterisk of this state directory.

    Example: ivr down
    """
    there = succession.controller(state)
    if there is not None:
        for sign in (signal.SIGTERM, signal.SIGTERM, signal.SIGCONT):  # the last for one that is frozen
            with suppress(ProcessLookupError):
                os.kill(there.pid, sign)
        deadline = time.monotonic() + DOWN_S
        while there.lives():
            if time.monotonic() > deadline:
                raise Trouble(
                    f"the controller (process {there.pid}) does not end: kill -9 {there.pid}, then ivr down again."
                )
            time.sleep(0.05)
    home = state / "asterisk"
    try:
        close_door(state)
        asterisk = process.stop(Places.in_state(home, home / "modules", home))
    except SipTrouble as wrong:
        raise Trouble(str(wrong)) from None
    stopped = there is not None or asterisk
    say_json({"stopped": stopped}) if as_json else say("The line is down." if stopped else "Nothing ran here.")
