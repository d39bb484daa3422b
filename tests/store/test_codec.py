"""What is kept comes back as it was, also what an older version of ours wrote."""

from __future__ import annotations

import json
import timeit
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum
from typing import Any, get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from immutables import Map

from ivr.core import commands, facts, state
from ivr.core.ids import CallId, LineId
from ivr.core.reasons import Outcome
from ivr.store import kinds
from ivr.store.codec import Json, UnreadableError, coder, decode, dump, encode, moment, tag
from tests.store.strategies import MOMENTS, of_class

KEPT: list[type] = [
    state.Call,
    state.Volunteer,
    state.LineState,
    state.House,
    *get_args(state.CallPhase),
    *get_args(state.RingPhase),
    *get_args(state.VolunteerPhase),
    *get_args(facts.Fact),
    *get_args(commands.Command),
]
AT = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


@pytest.mark.parametrize("cls", KEPT, ids=lambda cls: f"{cls.__module__.rpartition('.')[2]}.{cls.__name__}")
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(data=st.data())
def test_everything_that_is_kept_comes_back_as_it_was(cls: type[Any], data: st.DataObject) -> None:
    thing = data.draw(of_class(cls))
    again = decode(cls, encode(thing))
    assert again == thing
    assert encode(again) == encode(thing)


@settings(max_examples=200)
@given(MOMENTS, MOMENTS)
def test_moments_as_text_are_in_the_order_of_time(one: datetime, other: datetime) -> None:
    assert (moment(one) < moment(other)) == (one < other)


def test_a_moment_is_written_in_utc_with_a_z_wherever_it_was_stamped() -> None:
    assert moment(AT) == "2026-10-25T00:30:00.000000Z"
    assert moment(AT.astimezone(timezone(timedelta(hours=2)))) == "2026-10-25T00:30:00.000000Z"


def test_a_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        moment(datetime(2026, 1, 1))  # noqa: DTZ001


def test_the_names_of_classes_are_those_of_the_events() -> None:
    assert [tag(facts.CallEnded), tag(facts.Alarm), tag(state.BeingRung)] == ["call_ended", "alarm", "being_rung"]
    assert len(kinds.FACTS) == len(get_args(facts.Fact))
    assert len(kinds.COMMANDS) == len(get_args(commands.Command))


def test_a_set_is_written_in_the_same_order_every_time() -> None:
    @dataclass(frozen=True, slots=True)
    class Crowd:
        names: frozenset[str]

    names = [f"volunteer-{n}" for n in range(20)]
    assert json.loads(encode(Crowd(frozenset(names))))["names"] == sorted(names)


# ---------------------------------------------------------------- rows of another age


class Colour(StrEnum):
    RED = "red"


@dataclass(frozen=True, slots=True)
class Small:
    name: str


@dataclass(frozen=True, slots=True)
class Big:
    size: int


@dataclass(frozen=True, slots=True)
class Thing:
    what: Small | Big
    colour: Colour
    since: datetime | None = None
    seen: Map[str, int] = field(default_factory=Map)
    count: int = 7


def test_a_field_that_an_old_row_lacks_takes_its_default() -> None:
    assert decode(Thing, '{"what": {"is": "small", "name": "x"}, "colour": "red"}') == Thing(Small("x"), Colour.RED)


def test_a_field_that_we_no_longer_know_is_passed_over() -> None:
    row = '{"what": {"is": "big", "size": 3, "weight": 9}, "colour": "red", "shape": {"is": "round"}}'
    assert decode(Thing, row) == Thing(Big(3), Colour.RED)


LEAVES = st.none() | st.booleans() | st.integers() | st.text()
UPGRADES: kinds.Upgrades = {
    ("call", 1): lambda row: {**row, "line": row["queue"]},
    ("call", 2): lambda row: {**row, "counter": row["counter"] * 10},
}


def test_a_renamed_field_is_lifted_from_version_to_version() -> None:
    call = state.Call(CallId("c"), LineId("b"), AT, state.Over(), Outcome.LOST, counter=3)
    old: Json = dump(call)
    old["queue"] = old.pop("line")
    lifted = kinds.lift("call", 1, json.dumps(old), UPGRADES)
    assert (lifted["line"], lifted["counter"]) == ("b", 30)
    assert kinds.lift("call", 2, json.dumps(dump(call)), UPGRADES)["counter"] == 30
    assert kinds.lift("call", 3, json.dumps(dump(call)), UPGRADES)["counter"] == 3
    assert kinds.version("call", UPGRADES) == 3
    assert kinds.version("line", UPGRADES) == 1


def test_a_row_of_a_newer_version_is_refused() -> None:
    with pytest.raises(UnreadableError, match="newer"):
        kinds.lift("call", 4, "{}", UPGRADES)


@pytest.mark.parametrize(
    ("row", "place"),
    [
        ('{"what": {"is": "huge"}, "colour": "red"}', "thing.what: a kind that this version does not know"),
        ('{"what": {"is": "big", "size": "3"}, "colour": "red"}', "thing.what: big.size: expected int"),
        ('{"what": {"is": "big", "size": true}, "colour": "red"}', "thing.what: big.size: expected int"),
        ('{"what": {"is": "big"}, "colour": "red"}', "thing.what: big.size is missing"),
        ('{"what": {"is": "big", "size": 1}, "colour": "blue"}', "thing.colour: not a Colour"),
        (
            '{"what": {"is": "big", "size": 1}, "colour": "red", "since": "soon"}',
            "thing.since: expected a date or time",
        ),
        ('{"what": {"is": "big", "size": 1}, "colour": "red", "seen": []}', "thing.seen: expected an object"),
        ("[]", "a row is not a JSON object"),
        ("{", "a row is not JSON"),
    ],
)
def test_a_row_that_does_not_fit_says_the_place_and_never_the_content(row: str, place: str) -> None:
    with pytest.raises(UnreadableError) as told:
        decode(Thing, row)
    assert str(told.value) == place


@settings(max_examples=200)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)
    )
)
def test_whatever_json_a_row_holds_it_is_read_or_refused(rubbish: Any) -> None:
    for cls in (state.Call, facts.CallEnded, commands.Play):
        try:
            decode(cls, json.dumps(rubbish))
        except UnreadableError:
            continue


def test_a_type_that_no_rule_covers_is_refused_by_name() -> None:
    with pytest.raises(TypeError, match="bytes"):
        coder(bytes)
    with pytest.raises(TypeError, match="apart"):
        coder(int | str)


def test_writing_a_call_costs_little_more_than_writing_its_json() -> None:
    call = state.Call(CallId("c" * 20), LineId("bornetelefonen"), AT, state.Over(), Outcome.LOST)
    plain = dump(call)
    ours = min(timeit.repeat(lambda: encode(call), number=500, repeat=7))
    json_alone = min(timeit.repeat(lambda: json.dumps(plain), number=500, repeat=7))
    assert ours < 8 * json_alone
