"""The contract of `Exchange`: a volunteer's phone dials a code, hears one sentence, and is free again."""

from __future__ import annotations

import pytest

from ivr.core.commands import Confirm
from ivr.core.feature import Feature
from ivr.core.ids import DialId
from ivr.core.news import FeatureDialled, Result, VolunteerReleased
from tests.contract.rigs import Rig
from tests.contract.scenes import OVER, SOON_S

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("feature", Feature)
async def test_a_code_is_told_with_who_dialled_it_and_confirmed_once(rig: Rig, feature: Feature) -> None:
    who = rig.volunteers[0]
    await rig.dials(who, feature)
    told = await rig.log.until(FeatureDialled)
    assert (told.volunteer, told.feature) == (who, feature)
    prompt, length_s = rig.prompts[0]
    command = Confirm(told.dial, rig.language, prompt)
    assert await rig.exchange.perform(command) is Result.DONE
    released = await rig.log.until(VolunteerReleased, volunteer=who, within_s=length_s + SOON_S)
    assert (released.at - told.at).total_seconds() > length_s - 0.3
    assert await rig.exchange.perform(command) in OVER
    assert len(rig.log.about(FeatureDialled)) == 1


async def test_confirming_to_who_is_not_there_says_gone(rig: Rig) -> None:
    nobody = Confirm(DialId("0f3a"), rig.language, rig.prompts[0][0])
    assert await rig.exchange.perform(nobody) is Result.GONE


async def test_two_volunteers_who_dial_at_once_are_told_apart(rig: Rig) -> None:
    for who, feature in zip(rig.volunteers, (Feature.PAUSE, Feature.OFF_DUTY), strict=True):
        await rig.dials(who, feature)
    told = await rig.log.until_several(2, FeatureDialled)
    assert {news.volunteer: news.feature for news in told} == dict(
        zip(rig.volunteers, (Feature.PAUSE, Feature.OFF_DUTY), strict=True)
    )
    for news in told:
        assert await rig.exchange.perform(Confirm(news.dial, rig.language, rig.prompts[0][0])) is Result.DONE
    await rig.log.until_several(2, VolunteerReleased)
