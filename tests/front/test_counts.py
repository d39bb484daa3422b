"""What the front says of refused calls, read and added up."""

from __future__ import annotations

import pytest

from sip.front.counts import Refusal, Tally, read

ROW = {"entry": 1, "size": 1, "slot": [{"name": "trunk-nordic|404|+/10", "value": 3, "type": "int"}]}


def test_a_table_is_read() -> None:
    assert read({"result": [ROW]}) == {Refusal("nordic", 404, "+/10"): 3}
    assert read({"result": []}) == {}


@pytest.mark.parametrize("strange", [None, 1, [], {}, {"result": 1}, {"error": {}}, {"result": [1, {"slot": [1]}]}])
def test_what_is_no_table_is_nothing(strange: object) -> None:
    assert not read(strange)


def test_what_was_counted_before_us_is_not_ours_and_a_new_start_is_added() -> None:
    tally, one = Tally(), Refusal("nordic", 404, "/8")
    assert tally.add({one: 7}) == 0
    assert tally.add({one: 9}) == 2
    assert tally.add({one: 1}) == 1, "it was started anew"
    assert tally.total == {one: 3}
