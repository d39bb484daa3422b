"""The report of hand-overs: every one once, with who waited through it and what that cost."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, date, datetime, timedelta

from ivr.core.facts import Carried, Fact, HandoverBegan, HandoverDone, HandoverEndangered
from ivr.core.hours import Service
from ivr.core.ids import CallId, LineId
from ivr.core.reasons import HandoverWhy
from ivr.reports.handovers import Handovers, handovers
from ivr.reports.missed import Days
from ivr.reports.show_handovers import NONE, WHY, as_csv, as_json, as_table

CHILDREN, PARENTS = LineId("bornetelefonen"), LineId("foraeldretelefonen")
DAY = date(2026, 3, 2)
DUE = datetime(2026, 3, 2, 22, tzinfo=UTC)
LATER = DUE + timedelta(minutes=4)
CARRIED = (Carried(CallId("c1"), 3.5), Carried(CallId("c2"), 61.0))


def began(at: datetime, why: HandoverWhy, line: LineId = CHILDREN, waiting: int = 0) -> HandoverBegan:
    return HandoverBegan(line, Service.NIGHT, why, DUE, waiting, at)


def report(*facts: Fact, day: date = DAY, line: LineId | None = None) -> Handovers:
    return handovers(Days(day, day), line, facts)


LATE: tuple[Fact, ...] = (
    HandoverEndangered(CHILDREN, Service.NIGHT, DUE, DUE - timedelta(minutes=15)),
    HandoverEndangered(CHILDREN, Service.NIGHT, DUE, DUE),
    began(LATER, HandoverWhy.LATE, waiting=2),
    HandoverDone(CHILDREN, Service.NIGHT, HandoverWhy.LATE, LATER, CARRIED, 61.0, LATER + timedelta(seconds=61)),
)


def test_a_late_hand_over_says_why_how_late_and_what_it_cost_whom() -> None:
    (made,) = report(*LATE).made
    assert (made.why, made.alarms, made.waiting, made.late_s, made.longest_s) == (HandoverWhy.LATE, 2, 2, 240.0, 61.0)
    assert made.carried == CARRIED
    assert made.done


def test_one_through_which_somebody_waits_still_has_no_cost_yet() -> None:
    (made,) = report(*LATE[:3]).made
    assert (made.done, made.longest_s) == (False, None)
    (row,) = csv.DictReader(io.StringIO(as_csv(report(*LATE[:3]))))
    assert (row["longest_s"], row["waiting"]) == ("", "2")


def test_it_belongs_to_the_danish_day_on_which_it_was_made() -> None:
    after_midnight = datetime(2026, 3, 2, 23, 30, tzinfo=UTC)
    facts = (began(DUE, HandoverWhy.TABLE), began(after_midnight, HandoverWhy.HAND))
    assert [made.why for made in report(*facts).made] == [HandoverWhy.TABLE]
    assert [made.why for made in report(*facts, day=date(2026, 3, 3)).made] == [HandoverWhy.HAND]


def test_lines_are_told_apart() -> None:
    facts = (began(DUE, HandoverWhy.TABLE), began(DUE, HandoverWhy.EARLY, PARENTS))
    assert [made.line for made in report(*facts).made] == [CHILDREN, PARENTS]
    assert [made.why for made in report(*facts, line=PARENTS).made] == [HandoverWhy.EARLY]


def test_for_programs_it_has_every_caller_and_for_people_danish_words() -> None:
    found = report(*LATE)
    (row,) = json.loads(json.dumps(as_json(found)))["handovers"]
    assert row["at"] == "2026-03-02T23:04:00+01:00"
    assert row["carried"] == [{"call": "c1", "waited_on_s": 3.5}, {"call": "c2", "waited_on_s": 61.0}]
    text = as_table(found)
    assert WHY[HandoverWhy.LATE] in text
    assert "61 s" in text
    assert NONE in as_table(report())
