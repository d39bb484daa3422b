"""Values are made and changed as `dataclasses` does it, and stay as they are."""

from __future__ import annotations

import dataclasses
import pickle
from datetime import UTC, datetime, timedelta

import pytest

from ivr.core import change, commands, decision, facts, news, ring, state, volunteer
from ivr.core.hours import Service, Span, Timetable
from ivr.core.ids import CallId, GroupId, LineId, StepName, VolunteerId
from ivr.core.reasons import Outcome
from ivr.core.state import Call, Free, Holding, Volunteer

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
CALL = Call(CallId("a"), LineId("l"), NOON, Holding(StepName("s"), NOON, NOON), Outcome.FAILED)
WHO = Volunteer(VolunteerId("bo"), GroupId("day"), None, Free(NOON), reachable=True)
QUICK = [
    value
    for module in (commands, decision, facts, news, ring, state, volunteer)
    for value in vars(module).values()
    if isinstance(value, type) and dataclasses.is_dataclass(value) and value.__module__ == module.__name__
]


@pytest.mark.parametrize(("value", "changes"), [(CALL, {"counter": 3, "rings": ()}), (WHO, {"phase": Free(NOON)})])
def test_a_changed_value_is_what_dataclasses_make_of_it(value: Call | Volunteer, changes: dict[str, object]) -> None:
    was = pickle.dumps(value)
    made = change.replace(value, **changes)  # type: ignore[arg-type]
    assert (made, hash(made)) == (dataclasses.replace(value, **changes), hash(dataclasses.replace(value, **changes)))  # type: ignore[arg-type]
    assert pickle.dumps(value) == was
    assert pickle.loads(pickle.dumps(made)) == made


def test_a_field_that_there_is_not_is_refused() -> None:
    with pytest.raises(TypeError):
        change.replace(CALL, queue=3)  # type: ignore[call-arg]


def test_a_value_that_works_something_out_when_it_is_made_does_so_when_it_is_changed() -> None:
    span = Span(NOON, NOON + timedelta(hours=1), Service.DAY, "open")
    table = change.replace(Timetable(NOON, span.end, ()), spans=(span,))
    assert table.at(NOON) is span


@pytest.mark.parametrize("kind", QUICK, ids=lambda kind: kind.__name__)
def test_every_value_is_frozen_and_takes_what_its_fields_say(kind: type) -> None:
    fields = dataclasses.fields(kind)
    wanted = [field for field in fields if field.init and field.default is dataclasses.MISSING]
    wanted = [field for field in wanted if field.default_factory is dataclasses.MISSING]
    made = kind(*range(len(wanted)))
    assert made == kind(**{field.name: place for place, field in enumerate(wanted)})
    for field in fields:
        if field.default is not dataclasses.MISSING:
            assert getattr(made, field.name) == field.default
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(made, field.name, 1)
    if wanted:
        with pytest.raises(TypeError):
            kind(*range(len(wanted) - 1))
