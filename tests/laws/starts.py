"""Where a handful of things begin in all their orders, and which handfuls are tried with every run of the tests."""

from __future__ import annotations

from dataclasses import replace

from immutables import Map

from ivr.core.flow import Strategy
from ivr.core.news import CallArrived, Joined, PlayEnded, RingAnswered
from tests.laws.generators import Setting, setting
from tests.laws.permuted import ANNA, Start, of, phone


def asked_to_accept(house: Setting) -> Setting:
    """Who picks up must press 1, rests after a ring in vain, and has time after a talk."""
    groups = {id_: replace(each, accept_s=6.0, wrap_up_s=10.0) for id_, each in house.plan.groups.items()}
    return replace(house, plan=replace(house.plan, groups=Map(groups)))


ONE_BY_ONE = setting(Strategy.LONGEST_IDLE)
ARRIVED = (of(CallArrived),)
QUEUED = (*ARRIVED, of(PlayEnded))
PICKED_UP = (*QUEUED, phone(RingAnswered, ANNA))
TALKING = (*PICKED_UP, of(Joined))

STARTS = (
    Start("an empty line", setting()),
    Start("the first hears the greeting, phones one by one", ONE_BY_ONE, ARRIVED),
    Start("in a menu", setting(menu=True), QUEUED),
    Start("two phones ring", setting(), QUEUED),
    Start("one phone rings", ONE_BY_ONE, QUEUED),
    Start("anna has picked up", setting(), PICKED_UP),
    Start("in a talk", ONE_BY_ONE, TALKING),
    Start("in a talk, another waits", ONE_BY_ONE, (*TALKING, *QUEUED), 3),
    Start("two wait, the night is three seconds away", setting(Strategy.LONGEST_IDLE, hours="night now"), QUEUED * 2),
    Start("a phone must be accepted", asked_to_accept(ONE_BY_ONE), QUEUED),
    Start("two lines share the volunteers", setting(Strategy.LONGEST_IDLE, lines=2), QUEUED * 2),
    Start("the line closes soon", setting(hours="closes soon"), QUEUED),
)

TRIED: tuple[tuple[str, ...], ...] = (
    (
        "somebody calls",
        "anna picks up",
        "the first hangs up",
        "the first presses 1",
        "handed over to the night",
        "a timer",
    ),
    (
        "anna picks up",
        "bo picks up",
        "the two are joined",
        "the first hangs up",
        "anna is out of reach",
        "a timer",
    ),
    (
        "anna picks up",
        "the two are joined",
        "anna's phone dies",
        "bo pauses",
        "another timer",
        "a timer",
    ),
    (
        "words end",
        "anna declines",
        "anna is out of reach",
        "anna is back",
        "handed over to the night",
        "a timer",
    ),
    (
        "the first falls into the last resort",
        "the first comes back from it",
        "anna picks up",
        "somebody calls",
        "the first hangs up",
        "a timer",
    ),
    (
        "nobody listened for a while",
        "anna picks up",
        "joining fails",
        "the second hangs up",
        "closed by hand",
        "words cannot be had",
    ),
    (
        "anna's phone rings",
        "anna's phone is down",
        "anna's shift is over",
        "bo goes on",
        "bo dials a code",
        "somebody calls",
    ),
    (
        "the second comes from it, unknown to us",
        "nobody listened for a while",
        "the first falls into the last resort",
        "the first comes back from it",
        "anna picks up",
        "a timer",
    ),
)
