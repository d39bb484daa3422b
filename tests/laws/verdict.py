"""What must be true of an evening in which the controller died or froze: in the log that was kept, at the exchange, and
in what people heard."""

from __future__ import annotations

from collections import Counter

from ivr.core.facts import (
    CallEnded,
    CallJoined,
    CallQueued,
    CallRequeued,
    CallStarted,
    RingEnded,
    RingStarted,
    YesNoBegan,
    YesNoEnded,
)
from ivr.core.ids import CallId
from tests.laws.lives import Lives


def judge(lives: Lives, silence_s: float) -> None:
    """Nobody hears nothing for longer than `silence_s`. Raises AssertionError."""
    facts = lives.journal.disk.facts
    started = Counter(fact.call for fact in facts if isinstance(fact, CallStarted))
    ended = Counter(fact.call for fact in facts if isinstance(fact, CallEnded))
    assert started == ended, f"begun and ended differ: {dict(started)}, {dict(ended)}"
    assert set(started.values()) <= {1}, f"begun twice: {dict(started)}"
    assert set(started) == set(lives.exchange.floor.callers), "every caller is in the log"
    rang = Counter(fact.ring for fact in facts if isinstance(fact, RingStarted))
    over = Counter(fact.ring for fact in facts if isinstance(fact, RingEnded))
    assert rang == over, f"rings begun and ended differ: {dict(rang)}, {dict(over)}"
    assert set(rang.values()) <= {1}, f"rings begun twice: {dict(rang)}"
    assert lives.journal.load().calls == (), "remembered for ever"
    alive = lives.exchange.look()
    assert (alive.calls, alive.rings, alive.talks) == ({}, frozenset(), {}), f"left behind: {alive}"
    silent = lives.exchange.left_in_silence(silence_s)
    assert silent == {}, f"left in silence: {silent}"
    assert lives.exchange.floor.misuse == [], f"asked what must not be asked: {lives.exchange.floor.misuse}"
    order_is_kept(lives)
    answers_by_key_begin_and_end_in_turn(lives)


def answers_by_key_begin_and_end_in_turn(lives: Lives) -> None:
    on: set[CallId] = set()
    for fact in lives.journal.disk.facts:
        if isinstance(fact, YesNoBegan):
            assert fact.call not in on, f"begun twice: {fact}"
            on.add(fact.call)
        elif isinstance(fact, YesNoEnded):
            assert fact.call in on, f"ended and had not begun: {fact}"
            on.remove(fact.call)
        elif isinstance(fact, CallEnded):
            assert fact.call not in on, f"answers by key outlive {fact}"


def order_is_kept(lives: Lives) -> None:
    """Who joined the queue earlier is joined with a volunteer earlier, but for who came back to its head."""
    facts = lives.journal.disk.facts
    back = {fact.call for fact in facts if isinstance(fact, CallRequeued)}
    joined = list(dict.fromkeys(fact.call for fact in facts if isinstance(fact, CallJoined) and fact.call not in back))
    queued = list(dict.fromkeys(fact.call for fact in facts if isinstance(fact, CallQueued) and fact.call in joined))
    assert joined == queued, f"joined {joined}, queued {queued}"
