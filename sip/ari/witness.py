"""What the last resort wrote down about calls that it had to the end: a record without identity, in Asterisk's own
global variables (`VL_W_<channel>`), because Asterisk here writes no files.

A record is `line/came/let in/ended/how/volunteer/queued/held`, moments in whole seconds since 1970, real time. It says
who answered (a volunteer's name), never who called; the channel's id is kept only as the call's keyed hash.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from ivr.core.ids import CallId, LineId, VolunteerId
from ivr.core.news import Witnessed
from ivr.core.reasons import Outcome

PREFIX: Final = "VL_W_"
_ENTRY: Final = re.compile(r"^\s*VL_W_(?P<channel>[0-9]{1,12}\.[0-9]{1,12})=(?P<text>\S+)\s*$", re.MULTILINE)
_RECORD: Final = re.compile(
    r"(?P<line>[a-z][a-z0-9_-]{0,31})/(?P<came>[0-9]{1,12})/(?P<let_in>[0-9]{0,12})/(?P<ended>[0-9]{1,12})"
    r"/(?P<how>[a-z]{0,16})/(?P<volunteer>(?:[a-z][a-z0-9_-]{0,31}(?:\.[0-9]{1,2})?)?)/(?P<queued>[0-9]{0,12})/(?P<held>[0-9]{0,9})"
)


def listed(globals_text: str) -> dict[str, str]:
    """The records among all global variables, by channel, in the order in which they were written."""
    found = {match["channel"]: match["text"] for match in _ENTRY.finditer(globals_text)}
    return dict(sorted(found.items(), key=lambda entry: ended_at(entry[1])))


def ended_at(text: str) -> int:
    found = _RECORD.fullmatch(text)
    return int(found["ended"]) if found else 0


def read(call: CallId, text: str, shift: timedelta, at: datetime) -> Witnessed | None:
    """The record in the line's time (`shift` later than real time); None for what is none. `at`: now."""
    found = _RECORD.fullmatch(text)
    if found is None:
        return None

    def moment(seconds: int) -> datetime:
        return datetime.fromtimestamp(seconds, UTC) + shift

    came, ended = int(found["came"]), int(found["ended"])
    waited: float | None = None
    talked: float | None = None
    outcome = Outcome.ENDED_IN_MENU
    if found["how"] == "unseen":
        outcome = Outcome.UNSEEN
    elif found["how"] == "closed":
        outcome = Outcome.OUTSIDE_HOURS
    elif found["let_in"]:
        let_in = int(found["let_in"])
        outcome, waited = Outcome.ABANDONED, float(max(0, ended - let_in))
        if found["volunteer"]:
            picked_up = int(found["queued"] or let_in) + int(found["held"] or 0)
            outcome, waited = Outcome.ANSWERED, float(max(0, picked_up - let_in))
            talked = float(max(0, ended - picked_up))
    volunteer = VolunteerId(found["volunteer"]) if outcome is Outcome.ANSWERED else None
    line = LineId(found["line"])
    ends = moment(max(came, ended))
    return Witnessed(call, line, moment(came), outcome, waited, talked, volunteer, ends, at)
