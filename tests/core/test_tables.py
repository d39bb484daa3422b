"""The tables are whole: every pair of phase and news has a row, and every row stands where it belongs."""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Callable
from itertools import product
from typing import Any, get_args

import pytest

from ivr.core import call, handover, line, ring, volunteer
from ivr.core.call_events import CallEvent
from ivr.core.decision import Nothing
from ivr.core.hours import Service
from ivr.core.news import LineNews
from ivr.core.state import CallPhase, HandoverPhase, RingPhase, VolunteerPhase

Table = dict[Any, Any]
TABLES: list[tuple[str, Table, tuple[Any, ...], tuple[Any, ...]]] = [
    ("call", dict(call.TABLE), get_args(CallPhase), get_args(CallEvent)),
    ("ring", dict(ring.TABLE), get_args(RingPhase), get_args(ring.RingEvent)),
    ("volunteer", dict(volunteer.TABLE), get_args(VolunteerPhase), get_args(volunteer.VolunteerEvent)),
    ("line", dict(line.TABLE), (*Service, None), get_args(LineNews)),
    ("handover", dict(handover.TABLE), get_args(HandoverPhase), get_args(handover.Outlook)),
]
ROWS = [
    pytest.param(handler, phase, news, id=f"{name}-{getattr(phase, '__name__', phase)}-{news.__name__}")
    for name, table, _, _ in TABLES
    for (phase, news), handler in table.items()
]


@pytest.mark.parametrize(("name", "table", "phases", "news"), TABLES, ids=[each[0] for each in TABLES])
def test_every_pair_of_phase_and_news_has_a_row(
    name: str, table: Table, phases: tuple[Any, ...], news: tuple[Any, ...]
) -> None:
    assert set(table) == set(product(phases, news)), name


@pytest.mark.parametrize(("handler", "phase", "news"), ROWS)
def test_an_empty_row_says_why_and_a_full_one_takes_what_stands_before_it(
    handler: Callable[..., object] | Nothing, phase: Any, news: Any
) -> None:
    if isinstance(handler, Nothing):
        assert len(handler.why.split()) > 2
        return
    hints = typing.get_type_hints(handler)
    accepted = [classes(hints[name]) for name in inspect.signature(handler).parameters]
    assert any(news in each for each in accepted), f"{handler.__name__} does not take {news.__name__}"
    unions = (CallPhase, RingPhase, VolunteerPhase, HandoverPhase)
    phase_classes = {kind for union in unions for kind in get_args(union)}
    named = [each for each in accepted if each and set(each) <= phase_classes]
    assert all(phase in each for each in named), f"{handler.__name__} is not for {phase}"


def classes(hint: Any) -> tuple[Any, ...]:
    return get_args(hint) if isinstance(hint, types.UnionType) or typing.get_origin(hint) is typing.Union else (hint,)
