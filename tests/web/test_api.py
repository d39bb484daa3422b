"""What the API answers, to whom, and how it says no."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.web.house import ADMIN, CALLS, EVENTS, Answer, House, get

GUARDED = {
    "/api/events": EVENTS,
    "/api/events/stream": EVENTS,
    "/api/calls": CALLS,
    "/api/status": CALLS,
    "/api/reports/missed?from=2026-03-01&to=2026-03-02": CALLS,
}
READABLE = [address for address in GUARDED if "stream" not in address]
ONE_SENTENCE = re.compile(r"[^\n{}<>]{10,200}")


def is_a_refusal(answer: Answer, status: int) -> bool:
    assert answer.status == status, answer.body
    assert answer.json.keys() == {"error"}
    assert ONE_SENTENCE.fullmatch(answer.json["error"]), answer.json
    return True


# ---------------------------------------------------------------- who may ask


@pytest.mark.parametrize("address", GUARDED)
def test_without_a_token_nothing_is_told(address: str) -> None:
    app = House().app()
    answer = get(app, address)
    assert is_a_refusal(answer, 401)
    assert answer.headers["www-authenticate"] == "Bearer"
    for wrong in ("x", "", EVENTS + "x", "x" * 5000):
        assert is_a_refusal(get(app, address, wrong), 401)
    for header in ("Basic YTpi", "Bearer", EVENTS, f"Digest {ADMIN}"):
        assert is_a_refusal(get(app, address, authorization=header), 401)


@pytest.mark.parametrize(("address", "token"), GUARDED.items())
def test_a_token_for_something_else_is_refused_and_says_which_would_do(address: str, token: str) -> None:
    other = CALLS if token == EVENTS else EVENTS
    answer = get(House().app(), address, other)
    assert is_a_refusal(answer, 403)
    assert f"{'events' if token == EVENTS else 'calls'}:read" in answer.json["error"]


@pytest.mark.parametrize("address", READABLE)
def test_the_right_token_and_the_admins_open_it(address: str) -> None:
    app = House().app()
    assert get(app, address, GUARDED[address]).status == 200
    assert get(app, address, ADMIN).status == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8080", "127.0.0.1.evil.example", "", "localhost.", "10.0.0.1"]
)
@pytest.mark.parametrize("address", ["/", "/board.json", "/api/events", "/healthz", "/nothing"])
def test_a_strangers_page_that_points_its_name_at_us_is_refused(address: str, host: str) -> None:
    assert is_a_refusal(get(House().app(), address, ADMIN, host=host), 421)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:8080", "localhost:1", "LOCALHOST", "[::1]", "[::1]:8080"])
def test_our_own_names_are_known_with_any_port(host: str) -> None:
    assert get(House().app(), "/board.json", host=host).status == 200


def test_a_further_name_can_be_given() -> None:
    app = House().app(hosts=["Linjen.example"])
    assert get(app, "/healthz", host="linjen.example:443").status == 200
    assert get(app, "/healthz", host="other.example").status == 421


def test_the_page_is_shown_on_this_machine_only() -> None:
    app = House().app()
    for client in ("10.0.0.7", "2001:db8::1", "unknown"):
        assert is_a_refusal(get(app, "/", client=client), 403)
        assert is_a_refusal(get(app, "/board.json", client=client), 403)
    for client in ("127.0.0.1", "::1", "127.1.2.3"):
        assert get(app, "/board.json", client=client).status == 200


# ---------------------------------------------------------------- what is told


def test_events_are_a_batch_of_cloudevents_after_a_number() -> None:
    app = House().app()
    answer = get(app, "/api/events?after=5&limit=2", EVENTS)
    assert answer.headers["content-type"] == "application/cloudevents-batch+json"
    assert [event["id"] for event in answer.json] == ["6", "7"]
    assert len(get(app, "/api/events", EVENTS).json) == 20
    assert get(app, "/api/events?after=20", EVENTS).json == []


def test_calls_are_asked_for_in_utc_and_say_whether_there_are_more() -> None:
    house = House()
    app = house.app()
    assert get(app, "/api/calls", CALLS).json == {"calls": [{"call": f"c{n}"} for n in range(5)], "more": False}
    cut = get(
        app, "/api/calls?limit=3&line=bornetelefonen&since=2026-03-01T18:00&until=2026-10-25T02:30%2B01:00", CALLS
    )
    assert cut.json == {"calls": [{"call": "c0"}, {"call": "c1"}, {"call": "c2"}], "more": True}
    since, until = datetime(2026, 3, 1, 17, tzinfo=UTC), datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    assert house.records.asked[-1] == (since, until, "bornetelefonen", 4)
    get(app, "/api/calls?until=2026-10-25T02:30+01:00", CALLS)
    assert house.records.asked[-1][1] == until, "a plus that nobody escaped"
    get(app, "/api/calls?since=2026-10-25T02:30", CALLS)
    assert house.records.asked[-1][0] == datetime(2026, 10, 25, 0, 30, tzinfo=UTC), "of two hours the first"


def test_the_missed_report_is_asked_for_by_days() -> None:
    house = House()
    assert get(house.app(), "/api/reports/missed?from=2026-03-01&to=2026-03-31", CALLS).json == {"from": "2026-03-01"}
    assert house.records.asked == [(date(2026, 3, 1), date(2026, 3, 31), None)]
    assert is_a_refusal(get(house.app(), "/api/reports/missed?from=2026-03-02&to=2026-03-01", CALLS), 400)


def test_status_is_told_with_moments_as_iso() -> None:
    assert get(House().app(), "/api/status", CALLS).json == {"volunteers": ["anna"], "now": "2026-03-01T18:00:00+00:00"}


def test_the_head_of_an_answer_can_be_asked_for_alone() -> None:
    app = House().app()
    for address in ("/api/events", "/api/events/stream"):
        assert get(app, address, EVENTS, method="HEAD").status == 200


def test_health_is_alive_and_ready_says_whether_a_call_now_would_be_served() -> None:
    house = House()
    app = house.app()
    assert get(app, "/healthz").json == {"alive": True}
    assert get(app, "/readyz").json == {"ready": True}
    house.ready = False
    refused = get(app, "/readyz")
    assert refused.status == 503
    assert refused.json["ready"] is False
    assert get(app, "/healthz").status == 200


def test_the_board_holds_counts_and_no_names() -> None:
    answer = get(House().app(), "/board.json")
    (line,) = answer.json["lines"]
    assert (line["waiting"], line["talking"], line["volunteers_reachable"]) == (2, 3, 4)
    assert (line["open"], line["because"], line["changes_at"]) == (True, "hours", "2026-03-01T18:00:00Z")
    assert "anna" not in answer.body.decode()


# ---------------------------------------------------------------- how it says no


@pytest.mark.parametrize(
    "address",
    [
        "/api/events?after=-1",
        "/api/events?after=1e3",
        "/api/events?after=",
        "/api/events?after=%D9%A3",
        "/api/events?limit=0",
        "/api/events?limit=1001",
        "/api/events?after=1&after=2",
        "/api/events?before=1",
        "/api/events?after=9999999999999999999999",
        "/api/events/stream?after=x",
        "/api/calls?since=yesterday",
        "/api/calls?since=2026-13-01",
        "/api/calls?since=0001-01-01T00:00%2B14:00",
        "/api/calls?until=9999-12-31T23:59-14:00",
        "/api/calls?line=../../etc/passwd",
        "/api/calls?line=Robert%27);DROP%20TABLE%20facts",
        "/api/reports/missed",
        "/api/reports/missed?from=2026-03-01",
        "/api/reports/missed?from=2026-02-30&to=2026-03-01",
        "/api/status?x=1",
        "/board.json?x=1",
        "/?x=1",
    ],
)
def test_a_wrong_question_is_answered_with_a_sentence(address: str) -> None:
    assert is_a_refusal(get(House().app(), address, ADMIN), 400)


@pytest.mark.parametrize("given", ["-1", "x", "1.5", "٣", "9" * 30, "1 2"])
def test_a_last_event_id_that_is_none_is_refused(given: str) -> None:
    try:
        given.encode("latin-1")
    except UnicodeEncodeError:
        given = given.encode().decode("latin-1")
    assert is_a_refusal(get(House().app(), "/api/events/stream", EVENTS, last_event_id=given), 400)


@pytest.mark.parametrize("address", ["/nothing", "/api", "/api/", "/api/events/7", "/../etc/passwd", "/admin"])
def test_an_address_that_is_none_is_answered_with_a_sentence(address: str) -> None:
    assert is_a_refusal(get(House().app(), address, ADMIN), 404)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "BREW"])
@pytest.mark.parametrize("address", ["/api/events", "/", "/healthz"])
def test_nothing_can_be_changed_here(address: str, method: str) -> None:
    assert is_a_refusal(get(House().app(), address, ADMIN, method=method), 405)


NAMES = st.sampled_from(["after", "limit", "since", "until", "line", "from", "to", "x"]) | st.text(max_size=5)
VALUES = (
    st.text(max_size=30)
    | st.integers().map(str)
    | st.dates().map(str)
    | st.datetimes().map(lambda at: at.isoformat())
    | st.datetimes(timezones=st.timezones()).map(lambda at: at.isoformat())
)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(READABLE), st.lists(st.tuples(NAMES, VALUES), max_size=4))
def test_whatever_is_asked_is_answered_or_refused_with_a_sentence(address: str, query: list[tuple[str, str]]) -> None:
    text = "&".join(f"{_quoted(name)}={_quoted(value)}" for name, value in query)
    answer = get(House().app(), f"{address.partition('?')[0]}?{text}", ADMIN)
    assert answer.status == 200 or is_a_refusal(answer, 400)


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(READABLE), st.text(st.characters(max_codepoint=127), max_size=40))
def test_rubbish_for_a_query_is_answered_or_refused_with_a_sentence(address: str, rubbish: str) -> None:
    answer = get(House().app(), f"{address.partition('?')[0]}?{rubbish}", ADMIN)
    assert answer.status == 200 or is_a_refusal(answer, 400)


def test_a_log_that_cannot_be_read_is_said_without_its_error(caplog: pytest.LogCaptureFixture) -> None:
    house = House()
    house.records.sick = OSError("/secret/path")
    answer = get(house.app(), "/api/calls", CALLS)
    assert is_a_refusal(answer, 503)
    assert "secret" not in answer.body.decode() + caplog.text


def test_a_mistake_of_ours_is_a_sentence_and_not_a_traceback(caplog: pytest.LogCaptureFixture) -> None:
    house = House()
    house.records.sick = RuntimeError("planted")
    answer = get(house.app(), "/api/calls", CALLS)
    assert is_a_refusal(answer, 500)
    assert "planted" not in answer.body.decode() + caplog.text


@pytest.mark.parametrize("address", ["/", "/board.json", "/healthz", "/api/events", "/nothing"])
def test_every_answer_forbids_what_a_browser_need_not_do(address: str) -> None:
    headers = get(House().app(), address, ADMIN).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert not any("access-control" in name for name in headers)


def _quoted(text: str) -> str:
    return quote(text.encode("utf-8", "surrogatepass"))
