"""The steps of a line's file -> `core.flow` steps, with the places where other steps and prompts are named."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from ivr.core.flow import (
    Announcement,
    Closing,
    Enqueue,
    Hangup,
    HoursBranch,
    Menu,
    Play,
    Say,
    SetLanguage,
    Spoken,
    Step,
    Told,
    ToLine,
    ToPartner,
    Transfer,
    WaitForOpening,
)
from ivr.core.ids import LineId, PromptId, StepName
from ivr.source import values
from ivr.source.fields import Fields, text_of, texts_of
from ivr.source.findings import Findings, Place, one_of, shown
from ivr.source.tree import Listing, Node, Table, Text

KEYS = tuple("0123456789*#")
QUEUE_NEEDS = ("welcome", "max_wait", "on_timeout", "on_nobody")
QUEUE_MAY = ("announce", "max_length", "on_full", "nobody_left", "on_nobody_left", "keys", "closing", "back")
KINDS = (
    "play",
    "say",
    "hours",
    "menu",
    "enqueue",
    "wait_for_opening",
    "set_language",
    "transfer",
    "call",
    "return",
    "hangup",
)
OTHER_WORDS = {
    "goto": "write `then: STEP` in the step before: every step names what follows",
    "record": "nothing may be recorded in a callflow; what may be is decided in recordings-policy/",
    "dial": "a flow may not dial: write `transfer: {partner: NAME, on_failed: STEP}`",
    "language": "write `set_language: en` and `then:`",
}
"""What people write who know other systems -> what to write here."""


@dataclass(frozen=True, slots=True)
class Mention:
    """A step or prompt is named here; of a step, `role` is the key it stands under, e.g. `on_timeout`."""

    name: str
    place: Place
    role: str = ""


@dataclass(frozen=True, slots=True)
class WrittenStep:
    """A step as far as it could be read: `step` is None when something in it is wrong."""

    name: StepName
    place: Place
    kind: str
    step: Step | None
    targets: tuple[Mention, ...]
    prompts: tuple[Mention, ...]
    spoken: tuple[Mention, ...]
    """The part of `prompts` that everybody hears who goes through the step; in a queue nobody has to hear any."""
    about: Mention | None = None
    """What else is named; `role` says what: a `flow`, a `line`, a `partner` or a `language`."""

    def target(self, role: str) -> Mention | None:
        return next((mention for mention in self.targets if mention.role == role), None)


@dataclass(slots=True)
class _Reading:
    """One step being read: what it names is collected even when the step itself cannot be made."""

    name: StepName
    findings: Findings
    targets: list[Mention] = field(default_factory=list)
    prompts: list[Mention] = field(default_factory=list)
    spoken: list[Mention] = field(default_factory=list)
    about: Mention | None = None

    def target(self, fields: Fields, role: str) -> StepName | None:
        return self.aim(fields.need(role, f"`{role}:` and the name of the step that follows"), role)

    def aim(self, node: Node | None, role: str) -> StepName | None:
        text = text_of(node, f"`{role}`", self.findings)
        if text is None:
            return None
        self.targets.append(Mention(text.value, text.place, role))
        return StepName(text.value)

    def heard(self, node: Node | None, what: str, by_all: bool = False) -> tuple[PromptId, ...]:
        mentions = prompts_in(node, what, self.findings)
        self.prompts += mentions
        if by_all:
            self.spoken += mentions
        return tuple(PromptId(mention.name) for mention in mentions)


def prompts_in(node: Node | None, what: str, findings: Findings) -> tuple[Mention, ...]:
    """The prompts that are named: one, or a list."""
    return tuple(
        Mention(name, text.place)
        for text in texts_of(node, what, findings)
        if (name := values.name(text, "the name of a prompt", findings)) is not None
    )


def read_steps(node: Node | None, findings: Findings) -> Mapping[StepName, WrittenStep]:
    if node is None:
        return {}
    if not isinstance(node, Table):
        findings.error(node.place, "`steps` is not written like this", "write the name of each step, then what it does")
        return {}
    return {step.name: step for step in _each(node, findings)}


def _each(table: Table, findings: Findings) -> Iterator[WrittenStep]:
    for key, body in table.pairs:
        values.name(key, "the name of a step", findings)
        reading = _Reading(StepName(key.value), findings)
        kind, step = _read(reading, body, findings)
        yield WrittenStep(
            StepName(key.value),
            key.place,
            kind,
            step,
            tuple(reading.targets),
            tuple(reading.prompts),
            tuple(reading.spoken),
            reading.about,
        )


def _read(reading: _Reading, body: Node, findings: Findings) -> tuple[str, Step | None]:
    if isinstance(body, Text) and body.value == "hangup":
        return "hangup", Hangup(reading.name)
    if isinstance(body, Text) and body.value == "return":
        return "return", None
    if not isinstance(body, Table) or not body.pairs:
        what = f"the step `{shown(reading.name)}` does nothing"
        findings.error(body.place, what, f"begin it with one of {', '.join(f'`{kind}:`' for kind in KINDS)}")
        return "", None
    kinds = [key for key, _ in body.pairs if key.value in KINDS]
    if not kinds:
        first = body.pairs[0][0]
        instead = OTHER_WORDS.get(first.value) or one_of(first.value, KINDS)
        findings.error(first.place, f"there is no step `{shown(first.value)}`", instead)
        return "", None
    for extra in kinds[1:]:
        what = f"the step `{shown(reading.name)}` does two things, `{kinds[0].value}` and `{extra.value}`"
        findings.error(extra.place, what, "make two steps of it, the first with `then:` to the second")
    kind = kinds[0].value
    said = Table(tuple(pair for pair in body.pairs if pair[0] not in kinds[1:]), body.place)
    return kind, _READERS[kind](reading, said)


def _play(reading: _Reading, body: Table) -> Step | None:
    fields = Fields(body, "a `play` step", ("play", "then"), reading.findings)
    prompts = reading.heard(fields.get("play"), "`play`", by_all=True)
    then = reading.target(fields, "then")
    return Play(reading.name, prompts, then) if prompts and then else None


def _say(reading: _Reading, body: Table) -> Step | None:
    fields = Fields(body, "a `say` step", ("say", "then"), reading.findings)
    text = text_of(fields.get("say"), "`say`", reading.findings)
    what = values.choice(text, "sentence to compute called", tuple(Spoken), reading.findings) if text else None
    then = reading.target(fields, "then")
    return Say(reading.name, Spoken(what), then) if what and then else None


def _hours(reading: _Reading, body: Table) -> Step | None:
    outer = Fields(body, "an `hours` step", ("hours",), reading.findings)
    fields = Fields(outer.get("hours"), "`hours`", ("open", "closed", "soon", "within"), reading.findings)
    opened, closed = reading.target(fields, "open"), reading.target(fields, "closed")
    if fields.get("soon") is None and fields.get("within") is None:
        return HoursBranch(reading.name, opened, closed) if opened and closed else None
    soon = reading.target(fields, "soon")
    text = text_of(fields.need("within", "`within: 10m`, how near the opening must be"), "`within`", reading.findings)
    within = values.duration(text, "`within`", 60, 7200, reading.findings) if text else None
    return HoursBranch(reading.name, opened, closed, soon, within) if opened and closed and soon and within else None


def _menu(reading: _Reading, body: Table) -> Step | None:
    findings = reading.findings
    outer = Fields(body, "a `menu` step", ("menu",), findings)
    known = ("play", "options", "timeout", "no_input", "no_match", "max_tries")
    fields = Fields(outer.get("menu"), "a menu", known, findings)
    prompts = reading.heard(fields.need("play", "`play:` and what the caller hears"), "`play`", by_all=True)
    options = _options(reading, fields.need("options", '`options:` and below it e.g. "1": name-of-a-step'))
    timeout = text_of(fields.need("timeout", "`timeout: 5s`, or callers wait for ever"), "`timeout`", findings)
    tries = text_of(fields.need("max_tries", "`max_tries: 3`, or callers go round for ever"), "`max_tries`", findings)
    seconds = values.duration(timeout, "`timeout`", 1, 60, findings) if timeout else None
    most = values.whole(tries, "`max_tries`", 1, 10, findings) if tries else None
    no_input, no_match = reading.target(fields, "no_input"), reading.target(fields, "no_match")
    if not (prompts and options and no_input and no_match and seconds and most):
        return None
    return Menu(reading.name, prompts, options, seconds, no_input, no_match, most)


def _options(reading: _Reading, node: Node | None, what: str = "options") -> dict[str, StepName]:
    options: dict[str, StepName] = {}
    if node is None:
        return options
    if not isinstance(node, Table):
        reading.findings.error(node.place, f"`{what}` is not written like this", 'write e.g. "1": name-of-a-step')
        return options
    for key, value in node.pairs:
        if key.value not in KEYS:
            what = f"a telephone has no key `{shown(key.value)}`"
            reading.findings.error(key.place, what, 'use "0" to "9", "*" and "#", each in quotes')
        elif key.plain:
            what = f"the key {key.value} stands without quotes"
            reading.findings.error(key.place, what, f'write "{key.value}"')
        step = reading.aim(value, f"{what} {key.value}")
        if step is not None:
            options[key.value] = step
    return options


def _enqueue(reading: _Reading, body: Table) -> Step | None:
    findings = reading.findings
    outer = Fields(body, "an `enqueue` step", ("enqueue",), findings)
    fields = Fields(outer.get("enqueue"), "a queue", (*QUEUE_NEEDS, *QUEUE_MAY), findings)
    welcome = reading.heard(fields.need("welcome", "`welcome:` and what a caller hears who joins"), "`welcome`")
    announcements = _announcements(reading, fields.get("announce"))
    text = text_of(fields.need("max_wait", "`max_wait: 30m`, or `max_wait: none`"), "`max_wait`", findings)
    forever = text is not None and text.value == "none"
    wait = values.duration(text, "`max_wait`", 30, 86400, findings) if text and not forever else None
    on_timeout, on_nobody = reading.target(fields, "on_timeout"), reading.target(fields, "on_nobody")
    most, on_full = _full(reading, fields)
    left_s, on_left = _nobody_left(reading, fields)
    keys = _options(reading, fields.get("keys"), "keys") if fields.get("keys") is not None else {}
    closing = _closing(reading, fields.get("closing"))
    if not (welcome and on_timeout and on_nobody and (forever or wait)):
        return None
    back = reading.heard(fields.get("back"), "`back`") if fields.get("back") is not None else ()
    return Enqueue(
        reading.name,
        welcome,
        announcements,
        wait,
        on_timeout,
        on_nobody,
        most,
        on_full,
        left_s,
        on_left,
        keys,
        closing,
        back,
    )


def _full(reading: _Reading, fields: Fields) -> tuple[int | None, StepName | None]:
    """`max_length` and `on_full`: both or neither."""
    if fields.get("max_length") is None and fields.get("on_full") is None:
        return None, None
    text = text_of(fields.need("max_length", "`max_length: 30`"), "`max_length`", reading.findings)
    most = values.whole(text, "`max_length`", 1, 10_000, reading.findings) if text else None
    return most, reading.target(fields, "on_full")


def _nobody_left(reading: _Reading, fields: Fields) -> tuple[float | None, StepName | None]:
    """`nobody_left` and `on_nobody_left`: both or neither."""
    if fields.get("nobody_left") is None and fields.get("on_nobody_left") is None:
        return None, None
    text = text_of(fields.need("nobody_left", "`nobody_left: 2m`"), "`nobody_left`", reading.findings)
    left_s = values.duration(text, "`nobody_left`", 10, 3600, reading.findings) if text else None
    return left_s, reading.target(fields, "on_nobody_left")


def _closing(reading: _Reading, node: Node | None) -> Closing | None:
    if node is None:
        return None
    fields = Fields(node, "`closing`", ("play", "serve", "then"), reading.findings)
    prompts = reading.heard(fields.need("play", "`play:` and what is said once when the line closes"), "`play`")
    text = text_of(fields.need("serve", "`serve: 20m`, how long they may wait on"), "`serve`", reading.findings)
    serve_s = values.duration(text, "`serve`", 60, 14_400, reading.findings) if text else None
    then = reading.target(fields, "then")
    return Closing(prompts, serve_s, then) if prompts and serve_s and then else None


def _announcements(reading: _Reading, node: Node | None) -> tuple[Announcement, ...]:
    if node is None:
        return ()
    if not isinstance(node, Listing):
        reading.findings.error(node.place, "`announce` is a list", "begin each with `- play:`")
        return ()
    found = []
    for item in node.items:
        fields = Fields(item, "an announcement", ("play", "say", "first", "every"), reading.findings)
        told, prompts = _told(reading, fields)
        first = text_of(fields.need("first", "`first: 45s`"), "`first`", reading.findings)
        every = text_of(fields.need("every", "`every: 60s`, or `every: once`"), "`every`", reading.findings)
        first_s = values.duration(first, "`first`", 5, 3600, reading.findings) if first else None
        once = every is None or every.value == "once"
        every_s = values.duration(every, "`every`", 15, 3600, reading.findings) if every and not once else None
        if (prompts or told) and first_s:
            found.append(Announcement(prompts, first_s, every_s, told))
    return tuple(found)


def _told(reading: _Reading, fields: Fields) -> tuple[Told | None, tuple[PromptId, ...]]:
    """What an announcement says: prompts, or something computed."""
    say = fields.get("say")
    if say is None:
        return None, reading.heard(fields.need("play", "`play:` and one or more prompts"), "`play`")
    extra = fields.key("play")
    if extra is not None:
        reading.findings.error(extra, "an announcement says one thing", "write either `play:` or `say:`")
    text = text_of(say, "`say`", reading.findings)
    what = values.choice(text, "sentence to compute called", tuple(Told), reading.findings) if text else None
    return Told(what) if what else None, ()


def _wait_for_opening(reading: _Reading, body: Table) -> Step | None:
    outer = Fields(body, "a `wait_for_opening` step", ("wait_for_opening",), reading.findings)
    known = ("max_wait", "on_open", "on_timeout")
    fields = Fields(outer.get("wait_for_opening"), "`wait_for_opening`", known, reading.findings)
    text = text_of(fields.need("max_wait", "`max_wait: 15m`"), "`max_wait`", reading.findings)
    wait = values.duration(text, "`max_wait`", 30, 7200, reading.findings) if text else None
    on_open, on_timeout = reading.target(fields, "on_open"), reading.target(fields, "on_timeout")
    return WaitForOpening(reading.name, wait, on_open, on_timeout) if wait and on_open and on_timeout else None


def _set_language(reading: _Reading, body: Table) -> Step | None:
    fields = Fields(body, "a `set_language` step", ("set_language", "then"), reading.findings)
    text = text_of(fields.get("set_language"), "`set_language`", reading.findings)
    language = language_of(text, reading.findings) if text else None
    if text and language:
        reading.about = Mention(language, text.place, "language")
    then = reading.target(fields, "then")
    return SetLanguage(reading.name, language, then) if language and then else None


def _transfer(reading: _Reading, body: Table) -> Step | None:
    findings = reading.findings
    outer = Fields(body, "a `transfer` step", ("transfer",), findings)
    fields = Fields(outer.get("transfer"), "`transfer`", ("line", "partner", "on_failed"), findings)
    line, partner = fields.get("line"), fields.get("partner")
    if (line is None) is (partner is None) and outer.get("transfer") is not None:
        findings.error(body.place, "a transfer goes to one place", "write either `line:` or `partner:` below it")
        return None
    text = text_of(line or partner, "`transfer`", findings)
    if text is None:
        return None
    reading.about = Mention(text.value, text.place, "line" if line else "partner")
    if line is not None:
        extra = fields.key("on_failed")
        if extra is not None:
            what = "a line of our own takes every caller, so `on_failed` never happens"
            findings.error(extra, what, "delete it")
        return Transfer(reading.name, ToLine(LineId(text.value)))
    if text.value.replace("+", "").replace(" ", "").isdecimal():
        what = "a number stands in a flow"
        findings.error(text.place, what, "name the partner; numbers are kept with the trunks")
        reading.about = None
        return None
    on_failed = reading.target(fields, "on_failed")
    return Transfer(reading.name, ToPartner(text.value), on_failed) if on_failed else None


def _call(reading: _Reading, body: Table) -> Step | None:
    """Nothing in the core: the steps of the shared flow take its place (`subflows`)."""
    fields = Fields(body, "a `call` step", ("call", "then"), reading.findings)
    text = text_of(fields.get("call"), "`call`", reading.findings)
    if text is not None:
        reading.about = Mention(text.value, text.place, "flow")
    reading.target(fields, "then")
    return None


def _return(reading: _Reading, body: Table) -> Step | None:
    reading.findings.error(body.place, "`return` takes nothing", f"write `{shown(reading.name)}: return`")
    return None


def language_of(text: Text, findings: Findings) -> str | None:
    if re.fullmatch(r"[a-z]{2}", text.value):
        return text.value
    findings.error(text.place, f"`{shown(text.value)}` is not a language", "write two letters, e.g. da or en")
    return None


def _hangup(reading: _Reading, body: Table) -> Step | None:
    fields = Fields(body, "a `hangup` step", ("hangup",), reading.findings)
    node = fields.get("hangup")
    if not (isinstance(node, Text) and node.value in ("", "now")):
        place = node.place if node is not None else body.place
        reading.findings.error(place, "`hangup` takes nothing", f"write `{shown(reading.name)}: hangup`")
    return Hangup(reading.name)


_READERS: Mapping[str, Callable[[_Reading, Table], Step | None]] = {
    "play": _play,
    "say": _say,
    "hours": _hours,
    "menu": _menu,
    "enqueue": _enqueue,
    "wait_for_opening": _wait_for_opening,
    "set_language": _set_language,
    "transfer": _transfer,
    "call": _call,
    "return": _return,
    "hangup": _hangup,
}
