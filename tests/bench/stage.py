"""Two lines side by side on the same build of Asterisk: ours as a user starts it, and plain dialplan with `app_queue`.

What both share: the build, the modules, the SIP and media settings, the sounds, the music, the kind of phones. What
differs: who decides. The second one's dialplan and queue are written here and are nobody's but the benchmarks'.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from ivr.core.ids import VolunteerId
from sip.asterisk.render import render
from sip.asterisk.settings import Account
from sip.phone.own import OwnPhone
from tests.rigs.asterisk import Machine, lay_out, password, running, with_settings
from tests.rigs.line import NOON, LiveLine
from tests.rigs.ports import free_base

GREETED = "116111"
"""The shipped line: what it says first is what is measured."""
WORDS = "velkommen.wav"
QUEUED = "99000"
"""A line that queues at once, for measuring what comes after."""
VOLUNTEERS = ("anna", "carla", "ditte")
RING_S = 60
"""Longer than a phone has to ring while the other side is measured."""

GROUPS = f"""\
default: dag
groups:
  dag: {{strategy: longest_idle, ring: {RING_S}s, rounds: 2, rest: 0s, wrap_up: 0s}}
  nat: {{strategy: longest_idle, ring: {RING_S}s, rounds: 2, rest: 0s, wrap_up: 0s}}
"""

LINE = f"""\
name: Prøvelinjen
number: "{QUEUED}"
language: da
groups: {{day: [dag], night: [nat]}}
technical: teknisk
hours:
  tz: Europe/Copenhagen
  table:
    - daily: 00:00-24:00
start: koe
steps:
  koe:
    enqueue:
      welcome: koe
      max_wait: none
      on_timeout: ingen
      on_nobody: ingen
  ingen:
    play: ingen
    then: slut
  slut: hangup
"""

DIALPLAN = """
[from-trunk](+)
exten => {greeted},1,Answer()
 same => n,Playback({words})
 same => n,Hangup()
exten => {queued},1,Answer()
 same => n,Queue(bench)
 same => n,Hangup()
"""

QUEUE = """
[bench]
strategy = leastrecent
musicclass = default
timeout = {ring_s}
retry = 1
wrapuptime = 0
ringinuse = no
joinempty = yes
leavewhenempty = no
announce-frequency = 0
"""


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two, as phones meet it."""

    name: str
    server: str
    volunteer: Callable[[str], Awaitable[OwnPhone]]
    """This volunteer's phone, registered."""
    waiting: Callable[[], int]
    """How many callers are in the queue; takes a moment, so ask in a thread."""

    def address(self, number: str) -> str:
        return f"sip:{number}@{self.server}"


@dataclass(frozen=True, slots=True)
class Stage:
    ours: Side
    native: Side
    version: str
    """Asterisk's."""
    words: Path
    """What both sides greet with."""

    def turn(self, number: int) -> tuple[Side, Side]:
        """Who is measured first and who second: by turns, so that a drift of the machine meets both alike."""
        return (self.ours, self.native) if number % 2 == 0 else (self.native, self.ours)


@contextmanager
def stage() -> Iterator[Stage]:
    """Both running; ended and removed afterwards, whatever happens."""
    home = Path(tempfile.mkdtemp(prefix="vl-bench-"))
    try:
        with ExitStack() as held:
            line = held.enter_context(our_line(home / "ours", held.enter_context(free_base())))
            machine = held.enter_context(running(native(home / "native", held.enter_context(free_base()), line)))
            version = str(line.ready["asterisk"]["version"])
            yield Stage(our_side(line), native_side(machine), version, prompts(line) / WORDS)
    finally:
        shutil.rmtree(home, ignore_errors=True)


@contextmanager
def our_line(home: Path, base: int) -> Iterator[LiveLine]:
    """`ivr up` with the shipped lines, the one for measuring, and all volunteers on duty by day."""
    line = LiveLine(home, base, NOON, GROUPS)
    (line.callflows / "proevelinjen.yaml").write_text(LINE, encoding="utf-8")
    try:
        line.start()
        for name in VOLUNTEERS[1:]:
            line.ivr("volunteer", "add", name, "--group", "dag")
        with telling(line):
            yield line
    finally:
        if line.process is not None:
            line.stop()


@contextmanager
def telling(line: LiveLine) -> Iterator[None]:
    """What fails is told with what the controller said, for that is gone soon after."""
    try:
        yield
    except Exception as wrong:
        wrong.add_note("the controller's last words:\n" + line.said.read_text(encoding="utf-8")[-3000:])
        raise


def our_side(line: LiveLine) -> Side:
    def waiting() -> int:
        return int(line.status()["waiting"])

    return Side("voiceline", line.server, line.volunteer, waiting)


def native_side(machine: Machine) -> Side:
    async def volunteer(name: str) -> OwnPhone:
        return await OwnPhone.register(name, password(VolunteerId(name)), machine.server)

    def waiting() -> int:
        found = re.search(r"bench has (\d+) calls", machine.console("queue show bench"))
        assert found is not None, "Asterisk has no queue of this name"
        return int(found[1])

    return Side("Asterisk alone", machine.server, volunteer, waiting)


def native(state: Path, base: int, line: LiveLine) -> Machine:
    """The second Asterisk, ready to be started: our templates, and behind them what is measured."""
    people = tuple(Account(VolunteerId(name), password(VolunteerId(name)), ()) for name in VOLUNTEERS)
    machine = with_settings(lay_out(state, base), accounts=people, lines=())
    places = machine.settings.places
    for tone in places.moh.glob("*.*"):
        tone.unlink()
    for music in (line.state / "asterisk" / "moh").glob("*.*"):
        shutil.copy2(music, places.moh / music.name)
    words = places.moh.parent / "sounds" / "da" / WORDS
    shutil.copy2(prompts(line) / WORDS, words)
    render(machine.settings)
    members = "".join(f"member => PJSIP/{name},0,{name}\n" for name in VOLUNTEERS)
    append(places.etc / "extensions.conf", DIALPLAN.format(greeted=GREETED, queued=QUEUED, words=words.with_suffix("")))
    append(places.etc / "queues.conf", QUEUE.format(ring_s=RING_S) + members)
    return machine


def prompts(line: LiveLine) -> Path:
    return line.state / "asterisk" / "sounds" / "da"


def append(file: Path, text: str) -> None:
    with file.open("a", encoding="utf-8") as open_file:
        open_file.write(text)
