"""The line of these tests: three numbers of its own beside the shipped ones, and volunteers by the dozen."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ivr.app import control
from ivr.core.ids import VolunteerId
from ivr.reports.calls import as_json, call_records
from ivr.store.reader import Reader
from sip.accounts import ensure_accounts
from sip.phone.own import OwnCall, OwnPhone
from sip.phone.sound import speech_like
from tests.rigs.line import NOON, SECRET_NUMBER, LiveLine, until
from tests.rigs.ports import free_base
from tests.sip.wirephone import Manners, WirePhone

AT_ONCE, STEP_BY_STEP, CLOSED, CROWDED, EMPTY, STRICT = "99000", "99001", "99002", "99003", "99004", "99005"
"""Waiting at once; greeting, menu, queue; closed; everybody's phone rings; nobody is there; who refuses is paused."""
CROWD = tuple(f"f{number:02}" for number in range(20))
SOUND = speech_like(8.0, 3)
STANDS_S = 1.8
"""A talk that lasts so long counts as answered, also on a busy machine."""

GROUPS = """\
default: dag
groups:
  dag: {strategy: longest_idle, ring: 5s, rounds: 2, rest: 0s, wrap_up: 0s, refusals: none}
  nat: {strategy: ring_all, ring: 5s, rounds: 2, rest: 2s, wrap_up: 0s}
  mange: {strategy: ring_all, ring: 20s, rounds: 2, rest: 0s, wrap_up: 0s}
  ingen: {strategy: ring_all, ring: 5s, rounds: 2, rest: 0s, wrap_up: 0s}
  streng: {strategy: longest_idle, ring: 5s, rounds: 2, rest: 0s, wrap_up: 0s}
"""
LINE = """\
name: {name}
number: "{number}"
language: da
groups: {{day: [{group}], night: [{group}]}}
technical: teknisk
hours:
  tz: Europe/Copenhagen
  table:
    - daily: {open}
start: {start}
steps:
  velkommen:
    play: velkommen
    then: aabent
  aabent:
    hours: {{open: valg, closed: lukket}}
  valg:
    menu: {{play: sprog, options: {{"1": koe}}, timeout: 5s, no_input: koe, no_match: koe, max_tries: 1}}
  koe:
    enqueue:
      welcome: koe
      announce:
        - play: stadig
          first: 5s
          every: 30s
      max_wait: none
      on_timeout: ingen
      on_nobody: ingen
  lukket:
    play: lukket
    then: slut
  ingen:
    play: ingen
    then: slut
  slut: hangup
"""


def flow(name: str, number: str, start: str, group: str = "dag", opened: str = "00:00-24:00") -> str:
    return LINE.format(name=name, number=number, group=group, open=opened, start=start)


FILES = {
    "straks": flow("Straks", AT_ONCE, "koe"),
    "skridt": flow("Skridt", STEP_BY_STEP, "velkommen"),
    "lukket": flow("Lukket", CLOSED, "aabent", opened="02:00-03:00"),
    "mange": flow("Mange", CROWDED, "koe", "mange"),
    "tom": flow("Tom", EMPTY, "koe", "ingen"),
    "streng": flow("Streng", STRICT, "koe", "streng"),
}


@contextmanager
def trouble_line(home: Path) -> Iterator[LiveLine]:
    with free_base() as base:
        line = LiveLine(home, base, NOON, GROUPS)
        for name, text in FILES.items():
            (line.callflows / f"{name}.yaml").write_text(text, encoding="utf-8")
        try:
            line.start()
            add(line, "dag", ("carla",))
            yield line
        finally:
            if line.process is not None:
                line.stop()


def add(line: LiveLine, group: str, names: Iterable[str]) -> None:
    """Volunteers with accounts, without a process for each."""
    names = tuple(names)
    ensure_accounts(line.state, (VolunteerId(name) for name in names))
    for name in names:
        control.ask(line.state, "volunteer_add", name=name, group=group, line=None)


def password(line: LiveLine, name: str) -> str:
    return str(json.loads((line.state / "accounts.json").read_text())[name])


def server_of(line: LiveLine) -> tuple[str, int]:
    host, port = line.server.split(":")
    return host, int(port)


async def bad_phone(line: LiveLine, name: str, manners: Manners) -> WirePhone:
    """A phone that registers properly and then behaves like this."""
    phone = await WirePhone.open(server_of(line), name, password(line, name))
    phone.manners = manners
    await phone.register()
    return phone


async def child(line: LiveLine, carrier: OwnPhone, number: str = AT_ONCE) -> OwnCall:
    """A caller who has been answered."""
    call = await carrier.dial(f"sip:{number}@{line.server}", from_user=SECRET_NUMBER, sound=SOUND)
    await call.until_answered(5.0)
    return call


def records(line: LiveLine) -> list[dict[str, Any]]:
    """The call log, oldest first, with the keys that `ivr calls --json` has."""
    reader = Reader(line.state / "voiceline.db", patient=True)
    try:
        return [as_json(record) for record in call_records(reader.of_ended_calls(None, None))]
    finally:
        reader.close()


def log_after(line: LiveLine, before: int, more: int = 1, within_s: float = 10.0) -> list[dict[str, Any]]:
    """The calls that were written since there were `before`, once there are so many `more` and every ring has ended."""

    def whole() -> list[dict[str, Any]] | None:
        found = records(line)[before:]
        return found if len(found) >= more else None

    return until(whole, f"{more} more calls in the log", within_s)
