"""A volunteer has dialled a code on their own phone, and listens.

Rules: it concerns nobody but who dials; every dialling is answered with one sentence; nobody is rung while they hear
it.
"""

from __future__ import annotations

from datetime import datetime
from typing import assert_never

from ivr.core.change import replace
from ivr.core.commands import Confirm
from ivr.core.desk import Desk
from ivr.core.feature import LONGER_S, NOT_NOW, Feature, sentence
from ivr.core.news import FeatureDialled, WrapUpDone, WrapUpProlonged
from ivr.core.reasons import PauseKind
from ivr.core.state import Pause, Volunteer
from ivr.core.volunteer import cleared


def on_dialled(desk: Desk, known: Volunteer | None, news: FeatureDialled) -> None:
    """`known`: None for a phone whose owner was removed a moment ago."""
    language = min((line.language for line in desk.draft.plan.lines.values()), default="")
    if known is None or known.leaving:
        desk.draft.do(Confirm(news.dial, language, NOT_NOW))
    else:
        desk.draft.do(Confirm(news.dial, language, sentence(known, news.feature)))
        desk.put_volunteer(replace(wanted(known, news.feature, news.at), elsewhere=True), news.at)
    if known is not None:
        wrap_up(desk, known, news)


def wanted(known: Volunteer, feature: Feature, at: datetime) -> Volunteer:
    """As they want to be from now on."""
    match feature:
        case Feature.ON_DUTY:
            return replace(cleared(known), off_duty=False, pause=None)
        case Feature.OFF_DUTY:
            return replace(cleared(known), off_duty=True)
        case Feature.PAUSE:
            return replace(known, pause=Pause(None, at))
        case Feature.BREAK:
            return replace(known, pause=Pause(None, at, PauseKind.BREAK))
        case Feature.WRAP_UP_DONE | Feature.WRAP_UP_LONGER:
            return known
        case _:
            assert_never(feature)


def wrap_up(desk: Desk, known: Volunteer, news: FeatureDialled) -> None:
    """Ended, or more time for it."""
    match news.feature:
        case Feature.WRAP_UP_DONE:
            desk.tell_volunteer(known.id, WrapUpDone(known.id, news.at))
        case Feature.WRAP_UP_LONGER:
            desk.tell_volunteer(known.id, WrapUpProlonged(known.id, LONGER_S, news.at))
        case _:
            pass
