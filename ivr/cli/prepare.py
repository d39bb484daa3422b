"""Everything that must be right before a call can be taken: files, sounds, accounts, Asterisk's configuration."""

from __future__ import annotations

import filecmp
import os
import shutil
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from ivr.cli.common import Trouble
from ivr.cli.config import Config
from ivr.core import feature
from ivr.core.flow import HoursBranch, Line, Plan, Play
from ivr.core.hours import OtherGroups, OtherLine, Timetable, compile_hours
from ivr.core.ids import GroupId, LineId, PromptId, StepName, VolunteerId, partner_of
from ivr.core.state import LineState, Volunteer
from sip.asterisk import settings as asked
from sip.asterisk.settings import Account, Device, OpenSpan, PartnerPlace, Places, Ports, Settings
from sip.devices import of_volunteer
from sip.partners import Partner
from sip.secrets import Secrets
from sip.shown import shown_file

NO_DEVICES: Mapping[str, str] = {}
PAST = timedelta(days=400)
FUTURE = timedelta(days=800)
LAST_RESORT_DAYS = 60
"""For how long Asterisk knows the opening hours when we are gone for good."""


@dataclass(frozen=True, slots=True)
class Sounds:
    """Where Asterisk finds what callers hear: `prompts/<language>/<prompt>.wav`, and the music."""

    prompts: Path
    music: Path

    @staticmethod
    def of(state: Path) -> Sounds:
        home = state / "asterisk"
        return Sounds(home / "sounds", home / "moh")

    def path(self, language: str, prompt: PromptId) -> Path:
        return self.prompts / language / f"{prompt}.wav"


def read_plan(config: Config) -> Plan:
    """The callflows as they are on disk; raises `Trouble` with every finding."""
    from ivr.callflow import CallflowError, load_plan  # slow to import, and not needed by every start

    try:
        return load_plan(config.callflows)
    except CallflowError as wrong:
        told = "\n".join(str(finding) for finding in wrong.findings)
        raise Trouble(f"the callflows have mistakes; correct them (ivr check shows them again):\n{told}") from None


def timetables(plan: Plan, now: datetime) -> dict[LineId, Timetable]:
    """Every line's hours around `now` (aware UTC), compiled."""
    first, last = (now - PAST).date(), (now + FUTURE).date()
    return {line.id: compile_hours(line.hours, first, last) for line in plan.lines.values()}


def plan_by_name(state: Path, config: Config) -> Plan:
    """The plan to look names up in: the files on disk, or what is in force when those are being edited and broken."""
    from ivr.callflow import CallflowError, load_plan
    from ivr.callflow.versions import UnknownVersion, Versions

    versions = Versions(state)
    current = versions.current()
    try:
        return load_plan(config.callflows)
    except CallflowError:
        if current is None:
            return read_plan(config)
    try:
        return versions.load(current.version)
    except (CallflowError, UnknownVersion):
        return read_plan(config)


def install_sounds(callflows: Path, state: Path) -> None:
    """Copy what callers hear to where Asterisk reads it, and take away what nobody hears any more."""
    wanted, place = add_sounds(callflows, state), Sounds.of(state)
    for stale in (*place.prompts.glob("*/*.wav"), *place.music.glob("*.wav")):
        if stale not in wanted:
            stale.unlink()


def add_sounds(callflows: Path, state: Path, draft: bool = False) -> Collection[Path]:
    """Copy what callers hear to where Asterisk reads it; a prompt that is playing is not disturbed. A draft's prompts
    lie beside those that children hear. Returns where all of them are."""
    from ivr.callflow import music, sounds
    from ivr.callflow.draft import language_of_draft

    place = Sounds.of(state)
    named = language_of_draft if draft else str
    wanted = {place.path(named(language), prompt): source for (language, prompt), source in sounds(callflows).items()}
    if not draft:
        wanted |= {place.music / source.name: source for source in music(callflows)}
    for target, source in wanted.items():
        if not (target.exists() and filecmp.cmp(source, target, shallow=True)):
            target.parent.mkdir(parents=True, exist_ok=True)
            fresh = target.with_suffix(".new")
            shutil.copy2(source, fresh)
            fresh.replace(target)
    return wanted.keys()


# ---------------------------------------------------------------- what Asterisk is told


def first_words(line: Line, start: StepName) -> tuple[PromptId, ...]:
    """The words a caller hears from this step on, as far as they are the same for everybody."""
    found: list[PromptId] = []
    name = start
    for _ in line.flow.steps:
        step = line.flow.steps[name]
        if not isinstance(step, Play):
            break
        found.extend(step.prompts)
        name = step.then
    return tuple(found)


def closed_words(line: Line) -> tuple[PromptId, ...]:
    branches = [step for step in line.flow.steps.values() if isinstance(step, HoursBranch)]
    return first_words(line, branches[0].closed) if branches else ()


def spans(table: Timetable, now: datetime, state: LineState | None = None) -> tuple[OpenSpan, ...] | None:
    """The coming weeks as moments in the line's time, services that follow each other taken as one, with what was
    opened or closed by hand. Empty: closed until further notice; None: open until further notice."""
    override = state.override if state is not None else None
    if override is None or (override.until is not None and override.until <= now):
        return by_table(table, now)
    if override.until is None:
        return None if override.open else ()
    until = int(override.until.timestamp())
    later = tuple(replace(span, start=max(span.start, until)) for span in by_table(table, now) if span.end > until)
    if not override.open:
        return later or (OpenSpan(until, until),)
    first = OpenSpan(int(now.timestamp()), until)
    if later and later[0].start == until:
        return (replace(first, end=later[0].end), *later[1:])
    return (first, *later)


def by_table(table: Timetable, now: datetime) -> tuple[OpenSpan, ...]:
    merged: list[OpenSpan] = []
    last = now + timedelta(days=LAST_RESORT_DAYS)
    for span in table.spans:
        if span.end <= now or span.start >= last:
            continue
        start, end = int(span.start.timestamp()), int(span.end.timestamp())
        if merged and merged[-1].end == start:
            merged[-1] = replace(merged[-1], end=end)
        else:
            merged.append(OpenSpan(start, end))
    return tuple(merged)


def exchange_line(
    line: Line, table: Timetable, now: datetime, place: Sounds, state: LineState | None = None
) -> asked.Line:
    def paths(prompts: Iterable[PromptId]) -> tuple[Path, ...]:
        return tuple(place.path(line.language, prompt) for prompt in prompts)

    return asked.Line(
        line.id,
        line.number,
        line.name,
        greeting=paths(first_words(line, line.flow.start)),
        technical=paths(line.technical),
        closed=paths(closed_words(line)),
        open=spans(table, now, state),
    )


def accounts(
    plan: Plan,
    volunteers: Iterable[Volunteer],
    passwords: Mapping[VolunteerId, str],
    devices: Mapping[str, str] = NO_DEVICES,
) -> tuple[Account, ...]:
    """Every volunteer's phones, and which lines ring them when we are not there. `devices`: the passwords of further
    ones."""
    return tuple(
        Account(
            who.id,
            passwords[who.id],
            () if off_duty(who) else lines_of(plan, who.group, who.line),
            tuple(Device(name, devices[name]) for name in of_volunteer(who.id, devices)),
        )
        for who in volunteers
        if who.id in passwords
    )


def places(plan: Plan, volunteers: Iterable[Volunteer], partners: Mapping[str, Partner]) -> tuple[PartnerPlace, ...]:
    """Every place of a partner that is known, and which lines ring it when we are not there."""
    found: list[PartnerPlace] = []
    for who in volunteers:
        partner = partners.get(partner_of(who.id) or "")
        if partner is not None:
            lines = () if off_duty(who) else lines_of(plan, who.group, who.line)
            found.append(PartnerPlace(who.id, partner.address, partner.login, partner.password, lines))
    return tuple(found)


def off_duty(who: Volunteer) -> bool:
    return who.off_duty or who.pause is not None or who.leaving


def lines_of(plan: Plan, group: GroupId, only: LineId | None) -> tuple[LineId, ...]:
    return tuple(line.id for line in plan.lines.values() if group in groups_of(plan, line) and only in (None, line.id))


def groups_of(plan: Plan, line: Line) -> frozenset[GroupId]:
    """All that ever answer the line, at night perhaps those of another one."""
    weeks = [regime.week for regime in line.hours.regimes]
    plans = [day for week in weeks for day in week] + [each.plan for each in line.hours.exceptions]
    plans += [each.plan for each in line.hours.holidays]
    nights = frozenset(group for day in plans if isinstance(day.night_by, OtherGroups) for group in day.night_by.groups)
    others = {day.night_by.line for day in plans if isinstance(day.night_by, OtherLine)}
    asked = [line, *(plan.lines[other] for other in sorted(others) if other in plan.lines)]
    return nights.union(group for each in asked for tiers in each.tiers.values() for group in tiers)


def make_settings(
    *,
    config: Config,
    ports: Ports,
    places: Places,
    secrets: Secrets,
    plan: Plan,
    tables: Mapping[LineId, Timetable],
    people: tuple[Account, ...],
    partners: tuple[PartnerPlace, ...],
    now: datetime,
    shift_s: float,
    state: Path,
    states: Mapping[LineId, LineState] | None = None,
) -> Settings:
    """`states`: how the lines are at present, overridden by hand or not; None: by their tables."""
    place = Sounds.of(state)
    known = states or {}
    languages = sorted({line.language for line in plan.lines.values()})
    return Settings(
        places=places,
        ports=ports,
        lines=tuple(
            exchange_line(line, tables[line.id], now, place, known.get(line.id)) for line in plan.lines.values()
        ),
        accounts=people,
        partners=partners,
        ari_password=secrets.ari_password,
        ami_secret=secrets.ami_secret,
        trunks=config.trunks,
        sip_bind=config.sip_bind,
        phones=replace(config.phone_side, certificate=shown_file(state)),
        front=config.has_front,
        shift_s=round(shift_s),
        sentences=tuple(
            asked.Sentence(asked.sentence_name(language, prompt), place.path(language, prompt))
            for language in languages
            for prompt in feature.SENTENCES
        ),
        not_now=place.path(languages[0], feature.NOT_NOW) if languages else None,
    )


def local_moment(text: str, tz: str) -> datetime:
    """An ISO moment; without an offset it is the wall clock's (an hour that comes twice: the first). ValueError."""
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=ZoneInfo(tz), fold=0)


def make_state(state: Path) -> Path:
    """The state directory, closed to other users. Raises `Trouble`."""
    try:
        state.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError:
        raise Trouble(f"{state} cannot be made: name a directory you may write to with --state.") from None
    if not os.access(state, os.W_OK | os.X_OK):
        raise Trouble(f"{state} cannot be written: it must belong to this user.")
    return state.absolute()
