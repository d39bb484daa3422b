"""The call log: the facts of each ended call folded into one record."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from ivr.core.facts import CallEnded, Fact, RingEnded, StepEntered
from ivr.core.ids import CallId, LineId, StepName, VolunteerId
from ivr.core.reasons import EndedBy, Heard, Outcome, RingResult, ServedBy


@dataclass(frozen=True, slots=True)
class RingRecord:
    """`rang_s`: seconds from asking the phone until the ring's end."""

    volunteer: VolunteerId
    result: RingResult
    rang_s: float


@dataclass(frozen=True, slots=True)
class CallRecord:
    """`arrived_at` is aware UTC; lengths are seconds. `waited_s` None: never queued; `talk_s` None: never joined."""

    call: CallId
    line: LineId
    arrived_at: datetime
    outcome: Outcome
    waited_s: float | None
    steps: tuple[StepName, ...]
    rings: tuple[RingRecord, ...]
    answered_by: VolunteerId | None
    talk_s: float | None
    ended_by: EndedBy
    by: ServedBy = ServedBy.US
    heard: Heard = Heard.UNKNOWN
    """Whether a volunteer's sound went out to the caller."""


@dataclass(slots=True)
class _Draft:
    steps: list[StepName] = field(default_factory=list)
    rings: list[RingRecord] = field(default_factory=list)
    ended: CallEnded | None = None


def call_records(facts: Iterable[Fact]) -> list[CallRecord]:
    """One record per ended call, in the order of arrival; facts about anything else are passed over.

    A call that ended twice would be a mistake of ours: the first ending stands.
    """
    drafts: dict[CallId, _Draft] = {}
    for fact in facts:
        if isinstance(fact, StepEntered):
            drafts.setdefault(fact.call, _Draft()).steps.append(fact.step)
        elif isinstance(fact, RingEnded):
            record = RingRecord(fact.volunteer, fact.result, fact.rang_s)
            drafts.setdefault(fact.call, _Draft()).rings.append(record)
        elif isinstance(fact, CallEnded):
            draft = drafts.setdefault(fact.call, _Draft())
            draft.ended = draft.ended or fact
    records = [_record(draft.ended, draft) for draft in drafts.values() if draft.ended is not None]
    return sorted(records, key=lambda record: record.arrived_at)


def as_json(record: CallRecord) -> dict[str, object]:
    """The record with the keys that other people's scripts rely on. Moments are UTC, lengths to the millisecond."""
    return {
        "call": record.call,
        "line": record.line,
        "arrived_at": record.arrived_at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "outcome": record.outcome.value,
        "waited_s": _seconds(record.waited_s),
        "steps": list(record.steps),
        "rings": [
            {"volunteer": ring.volunteer, "result": ring.result.value, "rang_s": _seconds(ring.rang_s)}
            for ring in record.rings
        ],
        "answered_by": record.answered_by,
        "talk_s": _seconds(record.talk_s),
        "ended_by": record.ended_by.value,
        "by": record.by.value,
        "heard": record.heard.value,
    }


def _record(ended: CallEnded, draft: _Draft) -> CallRecord:
    return CallRecord(
        call=ended.call,
        line=ended.line,
        arrived_at=ended.arrived_at,
        outcome=ended.outcome,
        waited_s=ended.waited_s,
        steps=tuple(draft.steps),
        rings=tuple(draft.rings),
        answered_by=ended.answered_by,
        talk_s=ended.talk_s,
        ended_by=ended.ended_by,
        by=ended.by,
        heard=ended.heard,
    )


def _seconds(length: float | None) -> float | None:
    return None if length is None else round(length, 3)
