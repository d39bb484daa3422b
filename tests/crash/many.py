"""How soon a controller that was killed is in control again when hundreds wait: calls of SIPp, which keeps no sound.

Example: python -m tests.crash.many --calls 500 --times 5
"""

from __future__ import annotations

import asyncio
import signal
import statistics
import tempfile
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import click

from tests.crash import blows
from tests.crash.traffic import outcomes
from tests.rigs.line import CARRIER, LiveLine, eventually, live_line, until

PER_SECOND = 10
"""New calls, each of which hears a greeting: what a small machine takes without being late."""
CALM_S = 5.0
"""Between two deaths: longer than the controller waits before it takes callers back from the last resort."""


@asynccontextmanager
async def crowd(line: LiveLine, calls: int) -> AsyncIterator[None]:
    """So many callers wait in the queue; afterwards they have hung up."""
    host, port = line.server.split(":")
    words = ["sipp", "-sn", "uac", "-i", CARRIER, "-s", "116111", "-m", str(calls), "-l", str(calls)]
    words += ["-r", str(PER_SECOND), "-d", "3600000", "-nostdin", f"{host}:{port}"]
    quiet = asyncio.subprocess.DEVNULL
    carrier = await asyncio.create_subprocess_exec(*words, stdout=quiet, stderr=quiet)
    try:
        await eventually(lambda: waiting(line) >= calls or None, "everybody waits", calls / PER_SECOND + 60.0)
        yield
    finally:
        line.console("channel request hangup all")
        carrier.kill()
        await carrier.wait()


def waiting(line: LiveLine) -> int:
    return int(line.status()["waiting"])


async def strike(line: LiveLine, calls: int, times: int) -> list[float]:
    """Seconds from the start of the process until everybody remembered is adopted."""
    took = []
    async with await line.volunteer("anna"), crowd(line, calls):
        for _ in range(times):
            took.append(await blows.kill(line))
            await eventually(lambda: waiting(line) == calls or None, "everybody is in the queue still", 30.0)
            await asyncio.sleep(CALM_S)
    return took


def strange(line: LiveLine, calls: int) -> Counter[str]:
    """Outcomes other than that somebody hung up while they waited."""
    found = outcomes(line)
    missing = calls - found.pop("abandoned (us)", 0)
    return found + Counter({"missing": missing})


@click.command()
@click.option("--calls", type=int, default=500, show_default=True)
@click.option("--times", type=int, default=5, show_default=True)
def main(calls: int, times: int) -> None:
    """Kill the controller of a line with many who wait. Exits with 1 when one of them was dropped."""
    with tempfile.TemporaryDirectory(prefix="voiceline-crash-") as home, live_line(Path(home), clock=None) as line:
        line.ivr("override", "bornetelefonen", "open", "--reason", "test")
        line.ivr("handover", "bornetelefonen", "day", check=False)
        took = asyncio.run(strike(line, calls, times))
        until(lambda: line.status()["calls"] == 0 or None, "every call is over", 30.0)
        odd = strange(line, calls)
    click.echo(f"{times} kills with {calls} who wait")
    click.echo(f"in control again after: median {statistics.median(took):.2f} s, worst {max(took):.2f} s")
    click.echo(f"not still in the queue afterwards: {dict(odd) if odd else 'nobody'}")
    if odd:
        raise SystemExit(1)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # Asterisk outlives us unless we end it
    main(prog_name="python -m tests.crash.many")
